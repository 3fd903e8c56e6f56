package rest

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/caddy-mailbucket/mailbucket/message"
	"github.com/caddy-mailbucket/mailbucket/store"
)

// emailContent is what is made of an email for GET /emails/{id}, beside what stands in
// it as it is. The answer has SMTP Bucket's keys, and then ours.
type emailContent struct {
	text, html  *string // nil where there is none
	date        []byte  // JSON
	attachments []attachmentAnswer
	links       []link
	codes       []string
	problems    []problemFound
}

type mailbox struct {
	Name    string `json:"name"`
	Address string `json:"address"`
}

type attachmentAnswer struct {
	Index       int    `json:"index"`
	Filename    string `json:"filename"`
	ContentType string `json:"contentType"`
	Size        int64  `json:"size"` // decoded, in bytes
	ContentID   string `json:"contentId"`
	Inline      bool   `json:"inline"`
	SHA256      string `json:"sha256"` // of the decoded bytes, hexadecimal
}

type link struct {
	URL  string `json:"url"`
	Text string `json:"text"`
}

// problemFound is something wrong with the email, on the wire or in its bytes.
type problemFound struct {
	Code string `json:"code"`
	Text string `json:"text"`
	Part int    `json:"part"`
}

func newEmailContent(m *store.Message, mail *message.Message) *emailContent {
	text, html := mail.Text(), mail.HTML()
	c := &emailContent{date: []byte("null"), codes: message.Codes(text, html), problems: problemsOf(m, mail)}
	if mail.HasText() {
		c.text = &text
	}
	if mail.HasHTML() {
		c.html = &html
	}
	if date, ok := mail.Date(); ok {
		// Years of five digits are nothing that JSON can say.
		if encoded, err := date.MarshalJSON(); err == nil {
			c.date = encoded
		}
	}
	for i, part := range mail.Attachments() {
		c.attachments = append(c.attachments, newAttachmentAnswer(i, part))
	}
	for _, l := range message.Links(text, html) {
		c.links = append(c.links, link{l.URL, l.Text})
	}
	return c
}

// size is about how many bytes the content takes.
func (c *emailContent) size() int {
	size := len(c.date)
	for _, text := range []*string{c.text, c.html} {
		if text != nil {
			size += len(*text)
		}
	}
	for _, a := range c.attachments {
		size += len(a.Filename) + len(a.ContentType) + len(a.ContentID) + 200
	}
	for _, l := range c.links {
		size += len(l.URL) + len(l.Text) + 40
	}
	for _, p := range c.problems {
		size += len(p.Text) + 60
	}
	return size
}

// write writes the answer. The data as received is by far the most of it in many, and
// goes from the store to the client.
func (c *emailContent) write(s *jsonStream, m *store.Message, mail *message.Message) {
	key := func(name string) { s.plain(`,"` + name + `":`) }
	s.plain(`{"id":"` + m.ID.String() + `"`)
	key("sender")
	s.text(m.Sender)
	key("recipients")
	array(s, m.Recipients, s.text)
	key("subject")
	s.text(message.DecodeHeader(m.Subject))
	key("body")
	s.lines(m.Raw)
	key("timeCreated")
	s.plain(strconv.FormatInt(m.UnixMilli(), 10))
	key("size")
	s.plain(strconv.Itoa(len(m.Raw)))
	for _, field := range []struct {
		name      string
		addresses []message.Address
	}{{"from", mail.From()}, {"to", mail.To()}, {"cc", mail.Cc()}, {"bcc", mail.Bcc()}, {"replyTo", mail.ReplyTo()}} {
		key(field.name)
		array(s, field.addresses, func(a message.Address) { s.value(mailbox{a.Name, a.Address}) })
	}
	key("date")
	s.plain(string(c.date))
	key("messageId")
	s.text(mail.MessageID())
	key("headers")
	array(s, mail.Header(), func(f message.Field) {
		s.plain(`{"name":`)
		s.text(f.Name)
		s.plain(`,"value":`)
		s.text(f.Value())
		s.plain("}")
	})
	key("text")
	s.textOrNull(c.text)
	key("html")
	s.textOrNull(c.html)
	key("attachments")
	array(s, c.attachments, func(a attachmentAnswer) { s.value(a) })
	key("links")
	array(s, c.links, func(l link) { s.value(l) })
	key("codes")
	array(s, c.codes, s.text)
	key("problems")
	array(s, c.problems, func(p problemFound) { s.value(p) })
	s.plain("}")
}

func (s *jsonStream) textOrNull(text *string) {
	if text == nil {
		s.plain("null")
		return
	}
	s.text(*text)
}

func newAttachmentAnswer(i int, part *message.Part) attachmentAnswer {
	sum := sha256.New()
	size, _ := io.Copy(sum, part.Open()) // neither of the two fails
	return attachmentAnswer{
		Index: i, Filename: part.Filename(), ContentType: part.MediaType, Size: size,
		ContentID: part.ContentID(), Inline: part.Inline(), SHA256: hex.EncodeToString(sum.Sum(nil)),
	}
}

func problemsOf(m *store.Message, mail *message.Message) []problemFound {
	list := []problemFound{}
	for _, text := range m.Problems {
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
	w.Header().Set("Cache-Control", "no-cache")
	if answered(w, r, id, "json", "application/json") {
		return nil
	}
	mail := a.cache.parse(m)
	value, done, err := a.contents.use(r.Context(), contentKey{id, "json"}, textMemory(mail)+len(m.Raw), func() (any, int) {
		content := newEmailContent(m, mail.mail())
		return content, content.size() + len(m.Raw) // which stays in memory until it is sent
	})
	if err != nil {
		w.Header().Del("ETag")
		return workProblem(err)
	}
	defer done()
	content := value.(*emailContent)
	streamJSON(w, r, content.size(), func(s *jsonStream) { content.write(s, m, mail.mail()) })
	return nil
}

// etag is the entity tag of what of an email has that name. An email never changes, so
// that its id tells it from all others.
func etag(id store.ID, name string) string { return `"` + id.String() + "-" + name + `"` }

// answered answers HEAD, and conditional requests for what the client has (RFC 9110
// section 13), before any of the work that the content takes.
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
func (a *API) deleteEmail(w http.ResponseWriter, _ *http.Request, id store.ID) *problem {
	if !a.bucket.Delete(id) {
		return noSuchEmail(id)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func noSuchEmail(id store.ID) *problem {
	return newProblem(http.StatusNotFound, "no email "+id.String()+" is held: it was deleted, made room for newer ones, or never was")
}
