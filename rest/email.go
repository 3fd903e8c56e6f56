package rest

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/caddy-mailbucket/mailbucket/content"
	"github.com/caddy-mailbucket/mailbucket/internal/jsonstream"
	"github.com/caddy-mailbucket/mailbucket/message"
	"github.com/caddy-mailbucket/mailbucket/store"
)

// emailContent is the answer to GET /emails/{id} but for what may change, its last members:
// what was released, and whether the email has been read. The answer has SMTP Bucket's keys
// first, then ours.
type emailContent struct {
	// document is all of it, if it is small.
	document string

	// Otherwise there are pieces: up to the data as received, which is sent straight from
	// the store, between it and the text, and after the HTML.
	envelope, fields, found string
	text, html              *string // nil where there is none
}

// smallDocument is up to which size an answer is kept as it is sent, in bytes.
const smallDocument = 16 << 10

type attachmentAnswer struct {
	Index       int    `json:"index"`
	Filename    string `json:"filename"`
	ContentType string `json:"contentType"`
	Size        int64  `json:"size"` // decoded, in bytes
	ContentID   string `json:"contentId"`
	Inline      bool   `json:"inline"`
	SHA256      string `json:"sha256"` // of the decoded bytes, hexadecimal
}

// problemFound is something that is wrong with the email or with how it was sent.
type problemFound struct {
	Code string `json:"code"`
	Text string `json:"text"`
	Part int    `json:"part"`
}

func newEmailContent(m *store.Message, mail *message.Message) *emailContent {
	text, html := mail.Text(), mail.HTML()
	c := &emailContent{
		envelope: fragmentJSON(func(s *jsonstream.Stream) { writeEnvelope(s, m) }),
		fields:   fragmentJSON(func(s *jsonstream.Stream) { writeFields(s, m, mail) }),
		found:    fragmentJSON(func(s *jsonstream.Stream) { writeFound(s, m, mail, text, html) }),
	}
	if mail.HasText() {
		c.text = &text
	}
	if mail.HasHTML() {
		c.html = &html
	}
	if size := c.size() + len(m.Raw); size <= smallDocument {
		return &emailContent{document: fragmentJSON(func(s *jsonstream.Stream) { c.write(s, m.Raw) })}
	}
	return c
}

// size is how many bytes the content takes.
func (c *emailContent) size() int {
	size := len(c.document) + len(c.envelope) + len(c.fields) + len(c.found)
	for _, text := range []*string{c.text, c.html} {
		if text != nil {
			size += len(*text)
		}
	}
	return size
}

// write writes the answer about the email with that raw data, but for its last members.
func (c *emailContent) write(s *jsonstream.Stream, raw string) {
	if c.document != "" {
		s.Plain(c.document)
		return
	}
	s.Plain(c.envelope)
	s.Key("body")
	s.Lines(raw)
	s.Plain(c.fields)
	s.Key("text")
	s.TextOrNull(c.text)
	s.Key("html")
	s.TextOrNull(c.html)
	s.Plain(c.found)
}

func writeEnvelope(s *jsonstream.Stream, m *store.Message) {
	s.Plain(`{"id":"` + m.ID.String() + `"`)
	s.Key("sender")
	s.Text(m.Sender)
	s.Key("recipients")
	jsonstream.Array(s, m.Recipients, s.Text)
	s.Key("subject")
	s.Text(message.DecodeHeader(m.Subject))
}

func writeFields(s *jsonstream.Stream, m *store.Message, mail *message.Message) {
	s.Key("timeCreated")
	s.Plain(strconv.FormatInt(m.Arrived, 10))
	s.Key("size")
	s.Plain(strconv.Itoa(len(m.Raw)))
	s.Key("login")
	s.Text(m.Login())
	for _, field := range []struct {
		name      string
		addresses []message.Address
	}{{"from", mail.From()}, {"to", mail.To()}, {"cc", mail.Cc()}, {"bcc", mail.Bcc()}, {"replyTo", mail.ReplyTo()}} {
		s.Key(field.name)
		jsonstream.Array(s, field.addresses, func(a message.Address) { s.Pair("name", a.Name, "address", a.Address) })
	}
	s.Key("date")
	s.Plain(dateJSON(mail))
	s.Key("messageId")
	s.Text(mail.MessageID())
	s.Key("headers")
	jsonstream.Array(s, mail.Header(), func(f message.Field) { s.Pair("name", f.Name, "value", f.Value()) })
}

// dateJSON is the date of a mail, or null.
func dateJSON(mail *message.Message) string {
	if date, ok := mail.Date(); ok {
		// MarshalJSON fails for years of five digits.
		if encoded, err := date.MarshalJSON(); err == nil {
			return string(encoded)
		}
	}
	return "null"
}

func writeFound(s *jsonstream.Stream, m *store.Message, mail *message.Message, text, html string) {
	s.Key("attachments")
	i := 0
	jsonstream.Array(s, mail.Attachments(), func(part *message.Part) {
		s.Value(newAttachmentAnswer(i, part))
		i++
	})
	s.Key("links")
	jsonstream.Array(s, message.Links(text, html), func(l message.Link) { s.Pair("url", l.URL, "text", l.Text) })
	s.Key("codes")
	jsonstream.Array(s, message.Codes(mail.Subject(), text, html), s.Text)
	s.Key("problems")
	jsonstream.Array(s, problemsOf(m, mail), func(p problemFound) { s.Value(p) })
}

func newAttachmentAnswer(i int, part *message.Part) attachmentAnswer {
	sum := sha256.New()
	size, _ := io.Copy(sum, part.Open()) // neither reading nor writing can fail
	return attachmentAnswer{
		Index: i, Filename: part.Filename(), ContentType: part.MediaType, Size: size,
		ContentID: part.ContentID(), Inline: part.Inline(), SHA256: hex.EncodeToString(sum.Sum(nil)),
	}
}

func problemsOf(m *store.Message, mail *message.Message) []problemFound {
	list := []problemFound{}
	for _, text := range m.Problems() {
		list = append(list, problemFound{Code: "smtp", Text: text})
	}
	for _, p := range mail.Problems() {
		list = append(list, problemFound{string(p.Code), p.String(), p.Part})
	}
	return list
}

// email answers GET /emails/{id}.
func (a *API) email(w http.ResponseWriter, r *http.Request, id store.ID) *problem {
	m, ok := a.bucket.Get(id)
	if !ok {
		return noSuchEmail(id)
	}
	releases, version := a.releases(id)
	representation, end := "json", `,"releases":`+releases+`,"read":`+strconv.FormatBool(m.Read())+`}`
	if m.Read() {
		representation += "-read"
	}
	representation += version
	w.Header().Set("Cache-Control", "no-cache")
	if answered(w, r, id, representation, "application/json") {
		return nil
	}
	value, done, err := a.contents.Use(r.Context(), content.Key{ID: id, Name: "json"}, content.Recipe{
		Most: textMemory(m) + len(m.Raw), Heavy: len(m.Raw) >= content.HeavyMail,
		Build: func() (any, int) {
			made := newEmailContent(m, a.contents.Mail(m).Parsed())
			return made, made.size() + len(m.Raw) // which stays in memory until it is sent
		},
	})
	if err != nil {
		w.Header().Del("ETag")
		return workProblem(err)
	}
	defer done()
	made := value.(*emailContent)
	if size := len(made.document); size > 0 {
		w.Header().Set("Content-Length", strconv.Itoa(size+len(end)+1))
	}
	streamJSON(w, r, made.size(), func(s *jsonstream.Stream) {
		made.write(s, m.Raw)
		s.Plain(end)
	})
	return nil
}

// etag is the entity tag of the representation of an email that has that name. An email
// never changes, so that its id and the name are enough.
func etag(id store.ID, name string) string { return `"` + id.String() + "-" + name + `"` }

// answered answers HEAD, and conditional requests of a client that has the content
// already (RFC 9110 section 13), without the work of making it. It reports false for
// other requests, which it leaves unanswered.
func answered(w http.ResponseWriter, r *http.Request, id store.ID, name, contentType string) bool {
	etag := etag(id, name)
	w.Header().Set("ETag", etag)
	for candidate := range strings.SplitSeq(r.Header.Get("If-None-Match"), ",") {
		if candidate = strings.TrimPrefix(strings.TrimSpace(candidate), "W/"); candidate == etag || candidate == "*" {
			w.WriteHeader(http.StatusNotModified)
			return true
		}
	}
	if r.Method != http.MethodHead {
		return false
	}
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(http.StatusOK)
	return true
}

// deleteEmail answers DELETE /emails/{id}.
func (a *API) deleteEmail(w http.ResponseWriter, r *http.Request, id store.ID) *problem {
	deleted, err := a.bucket.Delete(r.Context(), id)
	switch {
	case err != nil:
		return workProblem(err)
	case !deleted:
		return noSuchEmail(id)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func noSuchEmail(id store.ID) *problem {
	return newProblem(http.StatusNotFound, "no email "+id.String()+" is held: it was deleted, made room for newer ones, or never was")
}
