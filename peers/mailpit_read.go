package peers

import (
	"bytes"
	"io"
	"net/http"
	"net/textproto"
	"strconv"
	"strings"

	"github.com/caddy-mailbucket/mailbucket/content"
	"github.com/caddy-mailbucket/mailbucket/guard"
	"github.com/caddy-mailbucket/mailbucket/message"
	"github.com/caddy-mailbucket/mailbucket/search"
	"github.com/caddy-mailbucket/mailbucket/store"
)

// latest, in the place of an id, stands for the newest mail, or for the newest that the
// parameter query finds.
const latest = "latest"

// named is the mail with that id.
func (a *API) named(r *http.Request, name string) (*store.Message, *failure) {
	if name == latest {
		if isTimed(r) {
			return nil, newFailure(http.StatusForbidden, "Error: a browser may only ask for this of the latest message without a query here, as it does not say which site's page is asking")
		}
		q, f := latestQuery(r)
		if f != nil {
			return nil, f
		}
		return a.latest(r, q)
	}
	if id, err := store.ParseID(name); err == nil {
		if m, ok := a.bucket.Get(id); ok {
			return m, nil
		}
	}
	return nil, notFound()
}

func notFound() *failure { return newFailure(http.StatusNotFound, "Error: message not found") }

// isTimed reports whether a page of another site may measure how long it takes to find the
// latest mail that a query matches: see [guard.Unmarked].
func isTimed(r *http.Request) bool { return query(r, "query") != "" && guard.Unmarked(r) }

// latestQuery is the query for the latest mail that the request asks for.
func latestQuery(r *http.Request) (q store.Query, f *failure) {
	if query(r, "query") != "" {
		f = narrowToSearch(r, &q)
	}
	q.Limit = 1
	return q, f
}

// latest is the newest mail that q finds.
func (a *API) latest(r *http.Request, q store.Query) (*store.Message, *failure) {
	page, err := a.find(r.Context(), q)
	switch {
	case err != nil:
		return nil, workFailure(err)
	case len(page.Messages) == 0:
		return nil, notFound()
	}
	return page.Messages[0], nil
}

// early makes a call of serve, which answers with JSON or HTML of a mail. Where a page of
// another site may measure the search for that, the header section is sent before it.
func early(contentType string, serve func(a *API, w http.ResponseWriter, r *http.Request, m *store.Message) *failure) call {
	return func(a *API, w http.ResponseWriter, r *http.Request, names []string) *failure {
		if names[0] != latest || !isTimed(r) || r.Method != http.MethodGet {
			m, f := a.named(r, names[0])
			if f != nil {
				return f
			}
			return serve(a, w, r, m)
		}
		q, f := latestQuery(r)
		if f != nil {
			return f
		}
		w.Header().Set("Content-Type", contentType)
		w.Header().Set("Cache-Control", "no-store")
		w = guard.Begin(w)
		m, f := a.latest(r, q)
		if f == nil {
			f = serve(a, w, r, m)
		}
		if f != nil {
			f.send(w, r) // which ends the connection
		}
		return nil
	}
}

// markRead marks a mail as read, unless it was asked for by a HEAD request.
func (a *API) markRead(r *http.Request, m *store.Message) {
	if r.Method == http.MethodGet && !m.Read() {
		// Where the mark cannot be kept, the mail is shown nevertheless.
		_, _ = a.bucket.Mark(r.Context(), []store.ID{m.ID}, true)
	}
}

// mailpitMessage answers GET /api/v1/message/{ID}. The mail has been read then.
func (a *API) mailpitMessage(w http.ResponseWriter, r *http.Request, m *store.Message) *failure {
	a.markRead(r, m)
	tags, name := search.Tags(a.bucket, m), "mailpit"
	if _, given := a.bucket.Tags(m.ID); given {
		name += " " + strings.Join(tags, ",")
	}
	return a.sendMade(w, r, m, made{name: name, contentType: jsonType, most: documentMemory(m), build: func(mail *message.Message) []byte {
		return encode(newMailpitMail(m, mail, tags))
	}})
}

// mailpitHeaders answers GET /api/v1/message/{ID}/headers: the values of the fields as they
// were sent, but unfolded, by field name in Go's canonical form. As in Mailpit, there are
// those of the arrival too: Received, Return-Path, and in Bcc who is in no other field.
func (a *API) mailpitHeaders(w http.ResponseWriter, r *http.Request, m *store.Message) *failure {
	return a.sendMade(w, r, m, made{name: "mailpit-headers", contentType: jsonType, most: documentMemory(m), build: func(mail *message.Message) []byte {
		fields := make(map[string][]string)
		for _, field := range mail.Header() {
			name := textproto.CanonicalMIMEHeaderKey(field.Name)
			fields[name] = append(fields[name], unfolded(field.Raw))
		}
		add := func(name, value string) {
			if value != "" {
				fields[name] = append(fields[name], value)
			}
		}
		add("Received", unfolded(received(m)))
		if m.Sender != "" {
			add("Return-Path", "<"+m.Sender+">")
		}
		var hidden []string
		for _, address := range allBcc(m, mail.Bcc(), mail.To(), mail.Cc())[len(mail.Bcc()):] {
			hidden = append(hidden, address.Address)
		}
		add("Bcc", strings.Join(hidden, ", "))
		return encode(fields)
	}})
}

// unfolded is the value of a field with one blank at each place where it was folded.
func unfolded(raw string) string {
	lines := strings.Split(raw, "\n")
	for i, line := range lines {
		lines[i] = strings.Trim(line, " \t\r")
	}
	return strings.Trim(strings.Join(lines, " "), " ")
}

// made describes an answer that has to be built from a mail.
type made struct {
	name, contentType string
	most              int  // bytes of memory that making it takes at most
	heavy             bool // it is as much work as a search, whatever the size of the mail
	build             func(mail *message.Message) []byte
}

// documentMemory is how much memory a document that shows all of a mail takes at most, in
// bytes: an invalid byte becomes six bytes of JSON.
func documentMemory(m *store.Message) int { return 4096 + 6*min(len(m.Raw), 2*message.MaxText) }

// sendMade answers with something that is built from a mail. Concurrent requests for the
// same share it.
func (a *API) sendMade(w http.ResponseWriter, r *http.Request, m *store.Message, what made) *failure {
	h := w.Header()
	h.Set("Content-Type", what.contentType)
	h.Set("Cache-Control", "no-store")
	if r.Method == http.MethodHead {
		return nil
	}
	mail := a.contents.Mail(m)
	value, done, err := a.contents.Use(r.Context(), content.Key{ID: m.ID, Name: what.name}, content.Recipe{
		Most: what.most, Heavy: what.heavy || len(m.Raw) >= content.HeavyMail,
		Build: func() (any, int) {
			answer := what.build(mail.Parsed())
			return answer, len(answer)
		},
	})
	if err != nil {
		return workFailure(err)
	}
	defer done()
	answer := value.([]byte)
	_, _ = io.Copy(guard.Paced(w, r, len(answer)), pieces{bytes.NewReader(answer)}) // an error is one of the connection
	return nil
}

// pieces hides the other methods of a reader, so that it is copied piece by piece and a
// slow client has time for each of them.
type pieces struct{ io.Reader }

// mailpitRaw answers GET /api/v1/message/{ID}/raw: what was received, byte for byte.
func (a *API) mailpitRaw(w http.ResponseWriter, r *http.Request, names []string) *failure {
	m, f := a.named(r, names[0])
	if f != nil {
		return f
	}
	if query(r, "dl") == "1" {
		w.Header().Set("Content-Disposition", `attachment; filename="`+m.ID.String()+`.eml"`)
	}
	return a.sendStored(w, r, m, "text/plain; charset=utf-8", strings.NewReader(m.Raw))
}

// sendStored answers with content that is read from where the store holds the mail.
func (a *API) sendStored(w http.ResponseWriter, r *http.Request, m *store.Message, contentType string, body io.ReadSeeker) *failure {
	done, err := a.contents.Pin(r.Context(), m)
	if err != nil {
		return workFailure(err)
	}
	defer done()
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", content.PolicyNothing)
	r.Header.Del("Range") // a server may always answer with all of it
	http.ServeContent(guard.Paced(w, r, 0), r, "", m.Time(), body)
	return nil
}

// mailpitPart answers GET /api/v1/message/{ID}/part/{PartID}.
func (a *API) mailpitPart(w http.ResponseWriter, r *http.Request, names []string) *failure {
	m, f := a.named(r, names[0])
	if f != nil {
		return f
	}
	mail := a.contents.Mail(m)
	part := partWithID(mail.Parsed(), names[1])
	if part == nil {
		return newFailure(http.StatusNotFound, "Error: this message has no such part")
	}
	contentType, _ := content.PartType(part)
	disposition := "inline"
	if isMarkup(part.MediaType) {
		disposition = "attachment"
	}
	w.Header().Set("Content-Disposition", content.Disposition(disposition, part.SaveName()))
	return a.sendStored(w, r, m, contentType, mail.Open(part))
}

// isMarkup is whether browsers would show content of that type as a page, which must not be
// treated as a page of this site.
func isMarkup(mediaType string) bool {
	return mediaType == "text/html" || strings.HasSuffix(mediaType, "xml")
}

// partIDs are Mailpit's names of the parts: their positions in the containers from the
// outermost one on, such as 1.2, or "0" for the message itself.
func partIDs(mail *message.Message) map[*message.Part]string {
	ids := map[*message.Part]string{mail.Root: "0"}
	for _, part := range mail.Parts() {
		prefix := ids[part] + "."
		if part == mail.Root {
			prefix = ""
		}
		for i, child := range part.Parts {
			ids[child] = prefix + strconv.Itoa(i+1)
		}
	}
	return ids
}

// partWithID is the part with that name, or nil.
func partWithID(mail *message.Message, id string) *message.Part {
	part := mail.Root
	if id == "0" {
		return part
	}
	for number := range strings.SplitSeq(id, ".") {
		n, err := strconv.Atoi(number)
		if err != nil || n < 1 || n > len(part.Parts) {
			return nil
		}
		part = part.Parts[n-1]
	}
	return part
}

// mailpitHTML answers GET /view/{ID}.html with the HTML of a mail, made safe to show.
func (a *API) mailpitHTML(w http.ResponseWriter, r *http.Request, names []string) *failure {
	var form content.HTMLForm
	w.Header().Set("Content-Security-Policy", form.Policy())
	w.Header().Set("X-DNS-Prefetch-Control", "off")
	const contentType = "text/html; charset=utf-8"
	return early(contentType, func(a *API, w http.ResponseWriter, r *http.Request, m *store.Message) *failure {
		mail := a.contents.Mail(m).Parsed()
		if !mail.HasHTML() {
			return newFailure(http.StatusNotFound, "This message does not contain an HTML part")
		}
		a.markRead(r, m)
		return a.sendMade(w, r, m, made{name: form.Name(), contentType: contentType, most: mail.PageMemory(), build: form.Render})
	})(a, w, r, names)
}

// mailpitText answers GET /view/{ID}.txt.
func (a *API) mailpitText(w http.ResponseWriter, r *http.Request, names []string) *failure {
	m, f := a.named(r, names[0])
	if f != nil {
		return f
	}
	a.markRead(r, m)
	w.Header().Set("Content-Security-Policy", content.PolicyNothing)
	return a.sendMade(w, r, m, made{name: "mailpit-text", contentType: "text/plain; charset=utf-8", most: documentMemory(m), build: func(mail *message.Message) []byte {
		return []byte(mailpitBody(mail))
	}})
}
