// Package peers provides the HTTP APIs of other mail catchers (the peers) on a bucket, so
// that tests that were written for them run unchanged: Mailpit's API v1, and MailHog's v1
// and v2. It knows paths relative to where it is mounted.
//
// route.go finds the call that a request is for in the tables of mailpit.go and
// mailhog.go, and answer.go has what all calls answer with. follow.go reads what happens in
// the bucket, socket.go has WebSockets, faults.go sets faults, and release.go sends mails on.
//
// Of MailHog's calls, mailhog.go lists and searches, mailhog_message.go shows, saves and
// deletes one message, mailhog_item.go has the form in which that API shows a mail,
// mailhog_events.go tells of arrivals, and mailhog_jim.go sets what goes wrong on purpose.
//
// Of Mailpit's, mailpit_list.go lists, searches and deletes, mailpit_change.go marks and
// deletes by ID, mailpit_read.go shows one message, in the form of mailpit_message.go, and
// its parts, mailpit_thumb.go small images of them, mailpit_check.go what is wrong with its
// HTML, mailpit_send.go stores one, mailpit_events.go tells what happens, mailpit_chaos.go
// sets what goes wrong on purpose, mailpit_tags.go has tags, and mailpit_info.go counts.
package peers

import (
	"context"
	"encoding/json"
	"net/http"

	"go.uber.org/zap"

	"github.com/caddy-mailbucket/mailbucket/content"
	"github.com/caddy-mailbucket/mailbucket/guard"
	"github.com/caddy-mailbucket/mailbucket/release"
	"github.com/caddy-mailbucket/mailbucket/store"
)

// Faults are the rules for errors that are injected into SMTP sessions, in the form of the
// API: their JSON is {"faults": [...], "configured": [...]}, and ChangeJSON sets what change
// makes of that, which is {"faults": [...]}, or says what is wrong with it. Nothing else
// changes them meanwhile.
type Faults interface {
	json.Marshaler
	ChangeJSON(change func(document []byte) ([]byte, error)) error
}

// Options are what the APIs need.
type Options struct {
	// Access says what a request may see and change.
	Access func(*http.Request) guard.Access

	// Faults are those of the SMTP sessions into the bucket.
	Faults Faults

	// Guard decides which requests are answered, and Limits bound their memory and work.
	Guard  *guard.Guard
	Limits *guard.Limits

	// Contents shares what is built from mails for answers, of these APIs and of others.
	Contents *content.Contents

	// Outlet releases mails, and Who tells who asks for it. Both are nil where that is not
	// configured.
	Outlet *release.Outlet
	Who    func(*http.Request) string

	// Logger logs answers that could not be made.
	Logger *zap.Logger
}

// API serves the calls of the peers' APIs on one bucket.
type API struct {
	access   func(*http.Request) guard.Access
	bucket   *store.View // what the request may see; nil until there is one
	mayFault bool        // whether it may see and set the faults
	faults   Faults
	guard    *guard.Guard
	limits   *guard.Limits
	contents *content.Contents
	outlet   *release.Outlet
	who      func(*http.Request) string
	logger   *zap.Logger

	running context.Context // done when Stop has been called
	stop    context.CancelFunc
}

// New makes the APIs.
func New(o Options) *API {
	a := &API{access: o.Access, faults: o.Faults, guard: o.Guard, limits: o.Limits, contents: o.Contents, outlet: o.Outlet, who: o.Who, logger: o.Logger}
	a.running, a.stop = context.WithCancel(context.Background())
	return a
}

// Stop ends the calls that are waiting, and later ones do not wait.
func (a *API) Stop() { a.stop() }

// Serve answers the request if its path is one of the peers', and otherwise reports
// false without having touched w.
func (a *API) Serve(w http.ResponseWriter, r *http.Request) bool {
	found, names := findRoute(r.URL)
	if found == nil {
		return false
	}
	a.guard.Protect(w.Header())
	a.guard.AllowOrigin(w.Header(), r, found.allow())
	if f := a.of(r).answer(w, r, found, names); f != nil {
		f.send(w, r)
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

func (a *API) answer(w http.ResponseWriter, r *http.Request, found *route, names []string) *failure {
	if refusal := a.guard.Check(r, guard.Data); refusal != nil {
		return newFailure(refusal.Status, refusal.Text)
	}
	if found.withoutFaults != nil && !a.mayFault {
		return found.withoutFaults
	}
	if guard.Changes(r.Method) && !a.bucket.Changeable() {
		f := newFailure(http.StatusForbidden, "Error: "+store.ErrReadOnly.Error())
		if found.path == sendPath {
			return f.asJSON()
		}
		return f
	}
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	c, ok := found.calls[method]
	if !ok {
		w.Header().Set("Allow", found.allow())
		if method == http.MethodOptions {
			w.WriteHeader(http.StatusNoContent)
			return nil
		}
		return newFailure(http.StatusMethodNotAllowed, r.Method+" is not allowed here: expected "+found.allow())
	}
	return c(a, w, r, names)
}
