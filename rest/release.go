package rest

import (
	"errors"
	"net/http"
	"strconv"

	"github.com/caddy-mailbucket/mailbucket/internal/jsonstream"
	"github.com/caddy-mailbucket/mailbucket/release"
	"github.com/caddy-mailbucket/mailbucket/store"
)

// maxReleaseDocument bounds the body of POST /emails/{id}/release, in bytes. It is twice
// what 100 addresses of the greatest length take.
const maxReleaseDocument = 64 << 10

// releaseAnswer is that an email was sent on.
type releaseAnswer struct {
	At        int64    `json:"at"` // milliseconds since 1970
	By        string   `json:"by"`
	Sender    string   `json:"sender"`
	To        []string `json:"to"`
	MessageID string   `json:"messageId"`
	Reply     string   `json:"reply"` // of the server
}

func newReleaseAnswer(r store.Release) releaseAnswer {
	return releaseAnswer{r.At, r.By, r.Sender, r.To, r.MessageID, r.Reply}
}

// release answers POST /emails/{id}/release: it sends the email on to the addresses in the
// body, through the server of the configuration.
func (a *API) release(w http.ResponseWriter, r *http.Request, id store.ID) *problem {
	m, ok := a.bucket.Get(id)
	switch {
	case a.outlet == nil:
		return newProblem(http.StatusNotFound, "release is not configured for this bucket, so that nothing can be sent from it")
	case !ok:
		return noSuchEmail(id)
	}
	to, p := a.releaseTo(w, r)
	if p != nil {
		return p
	}
	released, err := a.outlet.Release(r.Context(), m, to, a.who(r))
	if err != nil {
		if e, ok := errors.AsType[*release.Error](err); ok {
			return newProblem(e.Status(), e.Text)
		}
		return newProblem(http.StatusInternalServerError, err.Error())
	}
	w.Header().Set("Cache-Control", "no-store")
	a.sendJSON(w, r, http.StatusAccepted, "application/json", newReleaseAnswer(released))
	return nil
}

// releaseTo reads the body {"to":["…"]}.
func (a *API) releaseTo(w http.ResponseWriter, r *http.Request) ([]string, *problem) {
	body, done, err := a.limits.Bodies.Read(w, r, maxReleaseDocument)
	if err != nil {
		return nil, bodyProblem(err, "document", "64 KiB")
	}
	defer done()
	var document struct{ To *[]string }
	if err = parseDocument(body, &document); err == nil && document.To == nil {
		err = errors.New("to is missing")
	}
	if err != nil {
		return nil, newProblem(http.StatusBadRequest, `expected a body such as {"to":["ann@example.com"]}: `+err.Error())
	}
	return *document.To, nil
}

// releases are those of an email, as JSON, and what the name of a representation that
// contains them has at its end.
func (a *API) releases(id store.ID) (document, version string) {
	list := a.bucket.Releases(id)
	if len(list) == 0 {
		return "[]", ""
	}
	document = fragmentJSON(func(s *jsonstream.Stream) {
		jsonstream.Array(s, list, func(r store.Release) { s.Value(newReleaseAnswer(r)) })
	})
	return document, "-" + strconv.Itoa(len(list)) + "-" + strconv.FormatInt(list[len(list)-1].At, 10)
}
