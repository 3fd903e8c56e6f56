// Package guard decides which HTTP requests are answered, and bounds the memory and work
// that requests may take at once. The API and the website use the same guard, so that one
// does not reveal what the other refuses.
//
// This file has the types. site.go refuses requests from pages of other sites, cors.go
// lets pages of welcome origins read answers, and host.go refuses pages whose own name
// leads to this machine. slots.go bounds the number of searches at once, budget.go the
// memory of requests and answers, and body.go and writer.go the time that slow clients
// get. access.go says what of a bucket a request may see.
package guard

import (
	"fmt"
	"net/http"
	"slices"
)

// Kind says what a request asks for.
type Kind int

const (
	// Data is what programs read: the API, and files that pages load.
	Data Kind = iota
	// Page is a document of the website, which other sites may link to.
	Page
)

// Refusal says why a request is not answered.
type Refusal struct {
	Status int    // of the answer
	Text   string // for the client, a sentence without a full stop
}

// Guard has the rules for one handler.
type Guard struct {
	origins  []string
	anyone   bool // pages of all origins are welcome
	changes  *http.CrossOriginProtection
	hostRule func(*http.Request) *Refusal
}

// New makes a guard that lets pages of the origins, such as
// "https://app.example.com", use the API from a browser; "*" stands for all. HostRule,
// unless it is nil, refuses requests by the name in their Host field. The error says
// which of the origins is malformed.
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

// CheckOrigins returns the error of New for these origins.
func CheckOrigins(origins []string) error {
	_, err := New(nil, origins...)
	return err
}

// Check returns why the request is refused, or nil. It does not look at what the request
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
