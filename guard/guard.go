// Package guard says which HTTP requests are answered, and how much memory and work
// those that are may take at once. The API and the website ask it the same
// questions, so that what one refuses the other does not tell.
//
// site.go (whose rules this file has the types of) keeps pages of other sites out,
// host.go those that have their own name lead to this machine. slots.go bounds the
// searches at once, budget.go the memory of requests and answers under way, and
// body.go and writer.go the time that slow clients get.
package guard

import (
	"fmt"
	"net/http"
	"slices"
)

// Kind is what a request is for.
type Kind int

const (
	// Data is what programs read: the API, and files that pages load.
	Data Kind = iota
	// Page is a document of the website, which other sites may link to.
	Page
)

// Refusal is why a request is not answered.
type Refusal struct {
	Status int    // of the answer
	Text   string // for the client, a sentence without a full stop
}

// Guard has the rules of one mount.
type Guard struct {
	origins  []string
	anyone   bool // pages of all origins are welcome
	changes  *http.CrossOriginProtection
	hostRule func(*http.Request) *Refusal
}

// New makes a guard that lets pages of the origins, such as
// "https://app.example.com", use the API from a browser; "*" is all of them. Where
// it is not nil, hostRule refuses requests by the name in their Host field. It is an
// error if one of the origins is no origin.
func New(hostRule func(*http.Request) *Refusal, origins ...string) (*Guard, error) {
	g := &Guard{origins: origins, changes: http.NewCrossOriginProtection(), hostRule: hostRule}
	for _, origin := range origins {
		if origin == "*" {
			g.anyone = true
		} else if err := g.changes.AddTrustedOrigin(origin); err != nil {
			return nil, fmt.Errorf("origin %q: %w", origin, err)
		}
	}
	return g, nil
}

// CheckOrigins says whether New takes them.
func CheckOrigins(origins []string) error {
	_, err := New(nil, origins...)
	return err
}

// Check is why the request is refused, or nil. It does not look at what the request
// asks for, so that a refusal is the same whether that exists or not.
func (g *Guard) Check(r *http.Request, kind Kind) *Refusal {
	if g.hostRule != nil {
		if refusal := g.hostRule(r); refusal != nil {
			return refusal
		}
	}
	return g.checkSite(r, kind)
}

// Welcomes reports whether pages of that origin may use the API.
func (g *Guard) Welcomes(origin string) bool {
	return origin != "" && (g.anyone || slices.Contains(g.origins, origin))
}

// HasOrigins reports whether an answer depends on the request's Origin.
func (g *Guard) HasOrigins() bool { return len(g.origins) > 0 }
