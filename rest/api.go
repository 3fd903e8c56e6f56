// Package rest is the HTTP API over a bucket of mail: SMTP Bucket's calls, and
// what tests need beside them. It knows paths relative to where it is mounted.
//
// api.go has the table of calls; list.go reads filters and lists, email.go shows
// and deletes one message, session.go shows how it came, faults.go sets what goes
// wrong on purpose, and problem.go answers errors.
package rest

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/caddy-mailbucket/mailbucket/store"
)

// API serves the calls on one bucket.
type API struct {
	bucket      *store.Bucket
	faults      Faults
	crossOrigin *http.CrossOriginProtection
}

// New makes the API of that bucket, and of the faults of the sessions into it.
func New(b *store.Bucket, f Faults) *API {
	return &API{bucket: b, faults: f, crossOrigin: http.NewCrossOriginProtection()}
}

// call answers one method on one path. The id is that in the path, if any.
type call func(a *API, w http.ResponseWriter, r *http.Request, id store.ID) *problem

// resource is a path with the calls it has, by method.
type resource map[string]call

// The resources: /emails, /emails/{id}, /faults, and what is below /emails/{id}.
var (
	collection = resource{http.MethodGet: (*API).list, http.MethodDelete: (*API).deleteMatching}
	email      = resource{http.MethodGet: (*API).email, http.MethodDelete: (*API).deleteEmail}
	faults     = resource{http.MethodGet: (*API).getFaults, http.MethodPut: (*API).putFaults, http.MethodDelete: (*API).deleteFaults}
	parts      = map[string]resource{
		"raw":     {http.MethodGet: (*API).raw},
		"session": {http.MethodGet: (*API).session},
	}
)

// Serve answers the request if its path is one of the API's, and otherwise
// reports false without having touched w.
func (a *API) Serve(w http.ResponseWriter, r *http.Request) bool {
	below, ok := strings.CutPrefix(r.URL.Path, "/emails")
	var p *problem
	switch {
	case r.URL.Path == "/faults":
		p = a.call(w, r, faults, store.ID{})
	case ok && (below == "" || below[0] == '/'):
		p = a.dispatch(w, r, below)
	default:
		return false
	}
	if p != nil {
		p.write(w, r)
	}
	return true
}

func (a *API) dispatch(w http.ResponseWriter, r *http.Request, below string) *problem {
	if below == "" {
		return a.call(w, r, collection, store.ID{})
	}
	name, part, hasPart := strings.Cut(below[1:], "/")
	id, err := store.ParseID(name)
	if err != nil {
		return newProblem(http.StatusNotFound, "no such path: an email is at /emails/{id}, its id being 32 hexadecimal digits")
	}
	if !hasPart {
		return a.call(w, r, email, id)
	}
	res, ok := parts[part]
	if !ok {
		return newProblem(http.StatusNotFound, "no such path: below an email there is "+strings.Join(slices.Sorted(maps.Keys(parts)), ", "))
	}
	return a.call(w, r, res, id)
}

func (a *API) call(w http.ResponseWriter, r *http.Request, res resource, id store.ID) *problem {
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
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
		return newProblem(http.StatusForbidden, "a page of another site may not change anything here")
	}
	return c(a, w, r, id)
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
