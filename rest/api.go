// Package rest is the HTTP API over a bucket of mail: SMTP Bucket's calls, and
// what tests need beside them. It knows paths relative to where it is mounted.
//
// api.go has the table of calls. filter.go reads queries and search.go looks into
// emails for them; list.go lists, waits and deletes, and events.go streams.
// email.go shows one email, html.go its HTML and preview.go what a frame gets of
// that, part.go its other parts, session.go how it came, and cache.go keeps what was
// parsed last. create.go stores an email, faults.go sets what goes wrong on purpose,
// stats.go counts, health.go tells supervisors that all is well, and problem.go answers errors. openapi.json describes all of it.
package rest

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/caddy-mailbucket/mailbucket/store"
)

// API serves the calls on one bucket.
type API struct {
	bucket      *store.Bucket
	faults      Faults
	cache       cache
	origins     []string
	crossOrigin *http.CrossOriginProtection

	stop     sync.Once
	stopping chan struct{}
}

// New makes the API of that bucket, and of the faults of the sessions into it.
// Pages of the origins, such as "https://app.example.com", may use it from a
// browser; "*" is all of them. It is an error if one of them is no origin.
func New(b *store.Bucket, f Faults, origins ...string) (*API, error) {
	protection, err := protect(origins)
	if err != nil {
		return nil, err
	}
	return &API{bucket: b, faults: f, origins: origins, crossOrigin: protection, stopping: make(chan struct{})}, nil
}

// CheckOrigins says whether New takes them.
func CheckOrigins(origins []string) error {
	_, err := protect(origins)
	return err
}

func protect(origins []string) (*http.CrossOriginProtection, error) {
	protection := http.NewCrossOriginProtection()
	for _, origin := range origins {
		if origin == "*" {
			protection.AddInsecureBypassPattern("/")
		} else if err := protection.AddTrustedOrigin(origin); err != nil {
			return nil, fmt.Errorf("origin %q: %w", origin, err)
		}
	}
	return protection, nil
}

// Stop ends the calls that wait, and lets none wait any more.
func (a *API) Stop() { a.stop.Do(func() { close(a.stopping) }) }

// call answers one method on one path. The id is that in the path, if any.
type call func(a *API, w http.ResponseWriter, r *http.Request, id store.ID) *problem

// resource is a path with the calls it has, by method.
type resource map[string]call

// The resources by path: those of the bucket, /emails/{id}, and what is below it.
var (
	collections = map[string]resource{
		"/emails":       {http.MethodGet: (*API).list, http.MethodPost: (*API).create, http.MethodDelete: (*API).deleteMatching},
		"/events":       {http.MethodGet: (*API).events},
		"/faults":       {http.MethodGet: (*API).getFaults, http.MethodPut: (*API).putFaults, http.MethodDelete: (*API).deleteFaults},
		"/stats":        {http.MethodGet: (*API).stats},
		"/openapi.json": {http.MethodGet: (*API).openapi},
		"/livez":        {http.MethodGet: (*API).healthy},
		"/readyz":       {http.MethodGet: (*API).healthy},
	}
	email = resource{http.MethodGet: (*API).email, http.MethodDelete: (*API).deleteEmail}
	parts = map[string]resource{
		"raw":     {http.MethodGet: (*API).raw},
		"text":    {http.MethodGet: (*API).text},
		"html":    {http.MethodGet: (*API).html},
		"headers": {http.MethodGet: (*API).headers},
		"session": {http.MethodGet: (*API).session},
	}
	// Those with a name of their own below them.
	named = map[string]func(a *API, w http.ResponseWriter, r *http.Request, id store.ID, name string) *problem{
		"attachments": (*API).attachment,
		"inline":      (*API).inline,
	}
)

// Serve answers the request if its path is one of the API's, and otherwise
// reports false without having touched w.
func (a *API) Serve(w http.ResponseWriter, r *http.Request) bool {
	res, ok := collections[r.URL.Path]
	below, isEmail := strings.CutPrefix(r.URL.Path, "/emails/")
	if !ok && !isEmail {
		return false
	}
	var p *problem
	var id store.ID
	if isEmail {
		res, id, p = resourceAt(below)
	}
	if p == nil {
		p = a.call(w, r, res, id)
	}
	if p != nil {
		p.write(w, r)
	}
	return true
}

// resourceAt is the resource at a path below /emails/.
func resourceAt(below string) (resource, store.ID, *problem) {
	name, part, hasPart := strings.Cut(below, "/")
	id, err := store.ParseID(name)
	if err != nil {
		return nil, id, newProblem(http.StatusNotFound, "no such path: an email is at /emails/{id}, its id being 32 hexadecimal digits")
	}
	if !hasPart {
		return email, id, nil
	}
	if res, ok := parts[part]; ok {
		return res, id, nil
	}
	kind, name, _ := strings.Cut(part, "/")
	if serve, ok := named[kind]; ok && name != "" {
		return resource{http.MethodGet: func(a *API, w http.ResponseWriter, r *http.Request, id store.ID) *problem {
			return serve(a, w, r, id, name)
		}}, id, nil
	}
	return nil, id, newProblem(http.StatusNotFound, "no such path: below an email there is "+
		strings.Join(slices.Sorted(maps.Keys(parts)), ", ")+", attachments/{index} and inline/{content-id}")
}

func (a *API) call(w http.ResponseWriter, r *http.Request, res resource, id store.ID) *problem {
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	a.allowOrigin(w, r, res)
	c, ok := res[method]
	if !ok {
		w.Header().Set("Allow", res.allow())
		if method == http.MethodOptions {
			w.WriteHeader(http.StatusNoContent)
			return nil
		}
		return newProblem(http.StatusMethodNotAllowed, r.Method+" is not allowed here: expected "+res.allow())
	}
	if err := a.crossOrigin.Check(r); err != nil {
		return newProblem(http.StatusForbidden, "a page of another site may not change anything here, unless cors_origins allows it")
	}
	return c(a, w, r, id)
}

// allowOrigin lets pages of the configured origins see the answer (Fetch, CORS).
func (a *API) allowOrigin(w http.ResponseWriter, r *http.Request, res resource) {
	if len(a.origins) == 0 {
		return
	}
	h := w.Header()
	h.Add("Vary", "Origin")
	origin := r.Header.Get("Origin")
	if origin == "" || !slices.Contains(a.origins, origin) && !slices.Contains(a.origins, "*") {
		return
	}
	h.Set("Access-Control-Allow-Origin", origin)
	h.Set("Access-Control-Expose-Headers", "Location, ETag, Allow, Retry-After, Content-Disposition")
	if r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != "" {
		h.Set("Access-Control-Allow-Methods", res.allow())
		h.Set("Access-Control-Allow-Headers", "Content-Type, Last-Event-ID, If-None-Match, Range")
		h.Set("Access-Control-Max-Age", "600")
	}
}

// allow is the value of the Allow header field (RFC 9110 section 10.2.1).
func (res resource) allow() string {
	methods := []string{http.MethodOptions}
	for method := range res {
		methods = append(methods, method)
		if method == http.MethodGet {
			methods = append(methods, http.MethodHead)
		}
	}
	slices.Sort(methods)
	return strings.Join(methods, ", ")
}
