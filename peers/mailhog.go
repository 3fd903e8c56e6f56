package peers

import (
	"net/http"
	"strings"

	"github.com/caddy-mailbucket/mailbucket/guard"
	"github.com/caddy-mailbucket/mailbucket/internal/jsonstream"
	"github.com/caddy-mailbucket/mailbucket/store"
)

// mailhogRoutes are the calls of MailHog's API v2, and those of its v1 at paths that
// Mailpit's API does not have.
var mailhogRoutes = []route{
	{path: "/api/v2/messages", calls: on((*API).mailhogMessages)},
	{path: "/api/v2/search", calls: on((*API).mailhogSearch)},
	{path: "/api/v2/jim", calls: map[string]call{
		http.MethodGet: (*API).mailhogGetJim, http.MethodPost: (*API).mailhogInviteJim,
		http.MethodPut: (*API).mailhogChangeJim, http.MethodDelete: (*API).mailhogDismissJim,
	}, withoutFaults: newFailure(http.StatusNotFound, "Error: Jim is not here")},
	{path: "/api/v2/outgoing-smtp", calls: on((*API).mailhogOutgoing)},
	{path: "/api/v2/websocket", calls: on((*API).mailhogSocket)},
	{path: "/api/v1/events", calls: on((*API).mailhogEvents)},
	{path: "/api/v1/messages/*", calls: map[string]call{http.MethodGet: (*API).mailhogMessage, http.MethodDelete: (*API).mailhogDelete}},
	{path: "/api/v1/messages/*/download", calls: on((*API).mailhogDownload)},
	{path: "/api/v1/messages/*/mime/part/*/download", calls: on((*API).mailhogPart)},
	{path: "/api/v1/messages/*/release", calls: map[string]call{http.MethodPost: (*API).mailhogRelease}},
}

// Bounds of MailHog's lists: how many items they have by default, and how many at most.
const (
	mailhogDefaultLimit = 50
	mailhogMaxLimit     = 250
)

// mailhogMessages answers GET /api/v2/messages.
func (a *API) mailhogMessages(w http.ResponseWriter, r *http.Request, _ []string) *failure {
	return a.mailhogPage(w, r, store.Query{})
}

// mailhogSearch answers GET /api/v2/search.
func (a *API) mailhogSearch(w http.ResponseWriter, r *http.Request, _ []string) *failure {
	text := strings.ToLower(query(r, "query"))
	switch {
	case text == "":
		return badRequest("no search query")
	case len(text) > maxPath:
		return badRequest("the search query is too long")
	}
	var in func(m *store.Message, text string) bool
	switch kind := query(r, "kind"); kind {
	case "from":
		in = inFrom
	case "to":
		in = inTo
	case "containing":
		in = inRaw
	default:
		return badRequest("kind: expected from, to or containing")
	}
	return a.mailhogPage(w, r, store.Query{Match: func(_ *store.Bucket, m *store.Message) bool { return in(m, text) }})
}

// contains reports whether s contains lower, which is in lower case, without regard to
// case.
func contains(s, lower string) bool {
	return len(s) >= len(lower) && strings.Contains(strings.ToLower(s), lower)
}

// inFrom looks in the sender of the envelope and in the field From, undecoded.
func inFrom(m *store.Message, text string) bool {
	return contains(m.Sender, text) || contains(m.From, text)
}

// inTo looks in the recipients of the envelope and in the field To, undecoded.
func inTo(m *store.Message, text string) bool {
	for _, recipient := range m.Recipients {
		if contains(recipient, text) {
			return true
		}
	}
	return contains(m.To, text)
}

// inRaw looks in the message as it was sent, undecoded, and in its header unfolded.
func inRaw(m *store.Message, text string) bool {
	if contains(m.Raw, text) {
		return true
	}
	header, _, _ := strings.Cut(m.Raw, "\r\n\r\n")
	return strings.ContainsAny(text, " \t") && contains(unfold(header), text)
}

// unfold removes the line ends from folded fields, but not the blanks after them (RFC 5322
// section 2.2.3).
var unfold = strings.NewReplacer("\r\n ", " ", "\r\n\t", "\t", "\n ", " ", "\n\t", "\t").Replace

// mailhogPage answers with the page that the request asks for of what q matches. The mails
// are read from the bucket one by one while they are sent, so that no more than one is held
// in memory for a client. One that is deleted meanwhile is left out.
func (a *API) mailhogPage(w http.ResponseWriter, r *http.Request, q store.Query) *failure {
	q.Offset = positive(query(r, "start"), 0)
	q.Limit = min(positive(query(r, "limit"), mailhogDefaultLimit), mailhogMaxLimit)
	h := w.Header()
	h.Set("Content-Type", jsonType)
	h.Set("Cache-Control", "no-store")
	if r.Method == http.MethodHead {
		w.WriteHeader(http.StatusOK)
		return nil
	}
	if guard.Unmarked(r) {
		w = guard.Begin(w)
	}
	page, err := a.find(r.Context(), q)
	if err != nil {
		workFailure(err).send(w, r)
		return nil
	}
	ids := make([]store.ID, len(page.Messages))
	for i, m := range page.Messages {
		ids[i] = m.ID
	}
	total, start := page.Total, q.Offset
	page, q = store.Page{}, store.Query{} // so that they do not keep the mails in memory
	w.WriteHeader(http.StatusOK)
	a.sendItems(w, r, ids, total, start)
	return nil
}

// sendItems answers with a list of the mails with these ids. Once it has begun, the only
// way to report an error is to end the connection.
func (a *API) sendItems(w http.ResponseWriter, r *http.Request, ids []store.ID, total, start int) {
	out := jsonstream.New(w)
	out.Plain(`{"total":`)
	out.Value(total)
	out.Plain(`,"start":`)
	out.Value(start)
	out.Plain(`,"items":[`)
	count := 0
	for _, id := range ids {
		m, ok := a.bucket.Get(id)
		if !ok {
			continue
		}
		if count++; count > 1 {
			out.Plain(",")
		}
		if err := a.sendItem(r.Context(), out, m, pacedAnswer(w, r)); err != nil {
			panic(http.ErrAbortHandler) // so that the client does not take what was sent for the whole answer
		}
	}
	out.Plain(`],"count":`)
	out.Value(count)
	out.Plain("}\n")
	out.To(guard.Paced(w, r, 0))
	if out.Flush() != nil {
		panic(http.ErrAbortHandler)
	}
	out.End()
}
