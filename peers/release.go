package peers

import (
	"errors"
	"net/http"
	"strings"

	"github.com/caddy-mailbucket/mailbucket/release"
	"github.com/caddy-mailbucket/mailbucket/store"
)

// mailpitRelease answers POST /api/v1/message/{ID}/release.
func (a *API) mailpitRelease(w http.ResponseWriter, r *http.Request, names []string) *failure {
	m, f := a.named(r, names[0])
	if f != nil {
		return f
	}
	var document struct{ To []string }
	if _, f := a.readJSON(w, r, &document); f != nil {
		return f
	}
	if len(document.To) == 0 {
		return badRequest("no valid addresses found")
	}
	if f := a.release(r, m, document.To); f != nil {
		return f
	}
	sendText(w, r, http.StatusOK, "ok")
	return nil
}

// mailpitRelay is what Mailpit's pages know of the server that mails are released through.
type mailpitRelay struct {
	Enabled            bool
	SMTPServer         string
	ReturnPath         string
	AllowedRecipients  string // a regular expression
	BlockedRecipients  string
	OverrideFrom       string
	PreserveMessageIDs bool
	RecipientAllowlist string
}

func (a *API) mailpitRelay() mailpitRelay {
	if a.outlet == nil || !a.bucket.Changeable() {
		return mailpitRelay{}
	}
	allowed := a.outlet.AllowedExpression()
	return mailpitRelay{
		Enabled: true, SMTPServer: a.outlet.Server(), ReturnPath: a.outlet.From(), AllowedRecipients: allowed,
		RecipientAllowlist: allowed, PreserveMessageIDs: true,
	}
}

// mailhogServer is the name of the configured server in MailHog's calls.
const mailhogServer = "release"

// mailhogOutgoing answers GET /api/v2/outgoing-smtp: the server that mails can be released
// through, by its name, without its login; none where nothing can be released.
func (a *API) mailhogOutgoing(w http.ResponseWriter, r *http.Request, _ []string) *failure {
	type server struct{ Name, Host, Port string }
	servers := make(map[string]server)
	if a.outlet != nil && a.bucket.Changeable() {
		host, port := a.outlet.HostAndPort()
		servers[mailhogServer] = server{mailhogServer, host, port}
	}
	return a.sendJSON(w, r, servers, 400)
}

// mailhogRelease answers POST /api/v1/messages/{id}/release. MailHog sends the mail to any
// server that the request names; here it has to be the configured one.
func (a *API) mailhogRelease(w http.ResponseWriter, r *http.Request, names []string) *failure {
	m, f := a.named(r, names[0])
	if f != nil {
		return f
	}
	if a.outlet == nil {
		// The client for Node shows the beginning of the text.
		return newFailure(http.StatusBadRequest, "release is not configured here, and nothing is sent to a server that a request names")
	}
	var document struct{ Name, Host, Port, Email string }
	if _, f := a.readJSON(w, r, &document); f != nil {
		return f
	}
	host, port := a.outlet.HostAndPort()
	if document.Name != "" && document.Name != mailhogServer || document.Host != "" && !strings.EqualFold(document.Host, host) ||
		document.Port != "" && document.Port != port {
		return newFailure(http.StatusForbidden, "release goes through "+a.outlet.Server()+" only, and nothing is sent to a server that a request names")
	}
	if f := a.release(r, m, []string{document.Email}); f != nil {
		return f
	}
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK) // without a body, as MailHog's clients would read it as JSON
	return nil
}

// release sends a mail on to addresses.
func (a *API) release(r *http.Request, m *store.Message, to []string) *failure {
	if a.outlet == nil {
		return badRequest("no message is released: no server to relay to is configured")
	}
	_, err := a.outlet.Release(r.Context(), m, to, a.who(r))
	if e, ok := errors.AsType[*release.Error](err); ok {
		status := e.Status()
		if status < http.StatusInternalServerError && status != http.StatusTooManyRequests {
			status = http.StatusBadRequest // as the peers answer whatever is wrong with a request
		}
		return newFailure(status, "Error: "+e.Text)
	}
	if err != nil {
		return workFailure(err)
	}
	return nil
}
