package rest

import (
	"net/http"

	"github.com/caddy-mailbucket/mailbucket/check"
	"github.com/caddy-mailbucket/mailbucket/internal/jsonstream"
	"github.com/caddy-mailbucket/mailbucket/store"
)

// reportMemory is how many bytes a report takes at most while it is made, roughly,
// beside the text and HTML of the email.
const reportMemory = 4 << 20

// check answers GET /emails/{id}/check: what a sender should know of the email.
func (a *API) check(w http.ResponseWriter, r *http.Request, id store.ID) *problem {
	m, p := a.find(w, id)
	if p != nil {
		return p
	}
	return a.shared(w, r, m, "check", "application/json", textMemory(m.Message)+reportMemory, func() []byte {
		report := check.Run(check.Input{Mail: m.Parsed(), Sender: m.Sender, Arrived: m.Time(), Problems: m.Problems()})
		return []byte(fragmentJSON(func(s *jsonstream.Stream) {
			s.Value(report)
			s.Plain("\n")
		}))
	})
}
