// Package rest is the HTTP API over a bucket of mail: SMTP Bucket's calls, and more
// that tests need. It sees paths relative to where it is mounted.
//
// api.go has the table of calls. filter.go reads queries; list.go lists and deletes,
// entry.go has what lists show of an email, wait.go waits, events.go streams, and
// mbox.go gives many emails as one file. email.go shows one email and latest.go the
// newest, part.go its HTML and other parts, which serve.go sends, session.go how it
// came, and check.go what is wrong with it. create.go stores an email, release.go sends
// one on, faults.go sets what goes wrong on purpose, stats.go counts, health.go tells
// supervisors that all is well, json.go writes answers and problem.go errors.
// openapi.json describes all of it.
package rest

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/caddy-mailbucket/mailbucket/content"
	"github.com/caddy-mailbucket/mailbucket/guard"
	"github.com/caddy-mailbucket/mailbucket/release"
	"github.com/caddy-mailbucket/mailbucket/store"
)

// Options are what an API needs.
type Options struct {
	// Access says what a request may see and change.
	Access func(*http.Request) guard.Access

	// Failed are the sessions that brought no mail into the bucket.
	Failed *store.FailedSessions

	// Faults are those of the SMTP sessions into the bucket.
	Faults Faults

	// Guard says which requests are answered, and Limits bound what they take.
	Guard  *guard.Guard
	Limits *guard.Limits

	// Contents has what is made of mails for answers, here and elsewhere.
	Contents *content.Contents

	// Outlet releases emails, and Who tells who asks for it: a user, or a client's address.
	// Both are nil where that is not configured.
	Outlet *release.Outlet
	Who    func(*http.Request) string

	// Logger logs answers that could not be made.
	Logger *zap.Logger
}

// API serves the calls on one bucket.
type API struct {
	access    func(*http.Request) guard.Access
	bucket    *store.View // what the request may see; nil until there is one
	mayFault  bool        // whether it may see the faults
	failed    *store.FailedSessions
	faults    Faults
	guard     *guard.Guard
	limits    *guard.Limits
	logger    *zap.Logger
	contents  *content.Contents
	outlet    *release.Outlet
	who       func(*http.Request) string
	pages     *pages
	heartbeat time.Duration // of idle event streams

	running context.Context // done when Stop has been called
	stop    context.CancelFunc
}

// New makes an API.
func New(o Options) *API {
	a := &API{
		access: o.Access, failed: o.Failed, faults: o.Faults, guard: o.Guard, limits: o.Limits, logger: o.Logger,
		contents: o.Contents, outlet: o.Outlet, who: o.Who, pages: new(pages), heartbeat: heartbeat,
	}
	a.running, a.stop = context.WithCancel(context.Background())
	return a
}

// Stop ends the calls that wait for mail, and makes later ones end at once.
func (a *API) Stop() { a.stop() }

// call answers one method on one path. The id is that in the path, if any.
type call func(a *API, w http.ResponseWriter, r *http.Request, id store.ID) *problem

// resource is a path with the calls it has, by method.
type resource map[string]call

// The resources by path: those of the bucket, /emails/{id}, and what is below it.
var (
	collections = map[string]resource{
		"/emails":       {http.MethodGet: (*API).list, http.MethodPost: (*API).create, http.MethodPatch: (*API).markMany, http.MethodDelete: (*API).deleteMany},
		"/emails.mbox":  {http.MethodGet: (*API).mbox},
		"/events":       {http.MethodGet: (*API).events},
		"/faults":       {http.MethodGet: (*API).getFaults, http.MethodPut: (*API).putFaults, http.MethodDelete: (*API).deleteFaults},
		"/sessions":     {http.MethodGet: (*API).failedSessions, http.MethodDelete: (*API).clearFailedSessions},
		"/stats":        {http.MethodGet: (*API).stats},
		"/openapi.json": {http.MethodGet: (*API).openapi},
		"/livez":        {http.MethodGet: (*API).healthy},
		"/readyz":       {http.MethodGet: (*API).ready},
	}
	email = resource{http.MethodGet: (*API).email, http.MethodPatch: (*API).markEmail, http.MethodDelete: (*API).deleteEmail}
	parts = map[string]resource{
		"raw":     {http.MethodGet: (*API).raw},
		"text":    {http.MethodGet: (*API).text},
		"html":    {http.MethodGet: (*API).html},
		"headers": {http.MethodGet: (*API).headers},
		"session": {http.MethodGet: (*API).session},
		"check":   {http.MethodGet: (*API).check},
		"release": {http.MethodPost: (*API).release},
	}
	// The same calls for the latest email.
	latestEmail = latestOf(email, true)
	latestParts = map[string]resource{
		"raw":     latestOf(parts["raw"], false),
		"text":    latestOf(parts["text"], false),
		"html":    latestOf(parts["html"], false, "remote", "preview"),
		"headers": latestOf(parts["headers"], true),
		"session": latestOf(parts["session"], true),
		"check":   latestOf(parts["check"], false),
		"release": latestOf(parts["release"], false),
	}
	// Paths that end in the name of a part.
	named = map[string]func(a *API, w http.ResponseWriter, r *http.Request, id store.ID, name string) *problem{
		"attachments": (*API).attachment,
		"inline":      (*API).inline,
		"parts":       (*API).part,
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
	a.guard.Protect(w.Header())
	if p := a.of(r).answer(w, r, res, below); p != nil {
		a.sendProblem(w, r, p)
	}
	return true
}

// of is the API as one request may use it.
func (a *API) of(r *http.Request) *API {
	one, access := *a, a.access(r)
	if one.bucket, one.mayFault = access.Mail, access.Faults; !one.mayFault {
		one.faults = nil
	}
	return &one
}

// hides reports whether a path is about more than the mail that the request may see.
func (a *API) hides(path string) bool {
	switch path {
	case "/stats", "/sessions":
		return a.bucket.Confined()
	case "/faults":
		return !a.mayFault
	}
	return false
}

// hidden is the answer at paths that are about more than what may be seen.
func hidden() *problem {
	return newProblem(http.StatusNotFound, "no such path here, where only a part of the mail is shown")
}

// NotFound answers a request with a path that no handler serves.
func (a *API) NotFound(w http.ResponseWriter, r *http.Request) {
	a.guard.Protect(w.Header())
	a.guard.AllowOrigin(w.Header(), r, resource(nil).allow())
	p := newProblem(http.StatusNotFound, "no such path: openapi.json lists those there are")
	if refusal := a.guard.Check(r, guard.Data); refusal != nil {
		p = newProblem(refusal.Status, refusal.Text)
	}
	a.sendProblem(w, r, p)
}

// answer makes the call on the resource, or, if that is nil, on the one at the path
// below /emails/.
func (a *API) answer(w http.ResponseWriter, r *http.Request, res resource, below string) *problem {
	var p *problem
	var id store.ID
	if res == nil {
		res, id, p = resourceAt(below)
	}
	a.guard.AllowOrigin(w.Header(), r, res.allow())
	if refusal := a.guard.Check(r, guard.Data); refusal != nil {
		return newProblem(refusal.Status, refusal.Text)
	}
	if p != nil {
		return p
	}
	if a.hides(r.URL.Path) {
		return hidden()
	}
	if guard.Changes(r.Method) && !a.bucket.Changeable() {
		return newProblem(http.StatusForbidden, store.ErrReadOnly.Error()+": this handler is read_only")
	}
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
	return c(a, w, r, id)
}

// resourceAt is the resource at a path below /emails/.
func resourceAt(below string) (resource, store.ID, *problem) {
	name, part, hasPart := strings.Cut(below, "/")
	isLatest, whole, pieces := name == latestName, email, parts
	var id store.ID
	if isLatest {
		whole, pieces = latestEmail, latestParts
	} else {
		var err error
		if id, err = store.ParseID(name); err != nil {
			return nil, id, newProblem(http.StatusNotFound, "no such path: an email is at /emails/{id}, its id being 32 hexadecimal digits or the word latest")
		}
	}
	if !hasPart {
		return whole, id, nil
	}
	if res, ok := pieces[part]; ok {
		return res, id, nil
	}
	kind, name, _ := strings.Cut(part, "/")
	if serve, ok := named[kind]; ok && name != "" {
		res := resource{http.MethodGet: func(a *API, w http.ResponseWriter, r *http.Request, id store.ID) *problem {
			return serve(a, w, r, id, name)
		}}
		if isLatest {
			res = latestOf(res, false)
		}
		return res, id, nil
	}
	return nil, id, newProblem(http.StatusNotFound, "no such path: below an email there is "+
		strings.Join(slices.Sorted(maps.Keys(parts)), ", ")+", attachments/{index}, parts/{index} and inline/{content-id}")
}

// allow is the value of the Allow header field (RFC 9110 section 10.2.1).
func (res resource) allow() string { return guard.Methods(res) }
