package rest

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/caddy-mailbucket/mailbucket/message"
	"github.com/caddy-mailbucket/mailbucket/store"
)

// emailAnswer is GET /emails/{id}: SMTP Bucket's keys, and then ours.
type emailAnswer struct {
	ID          store.ID `json:"id"`
	Sender      string   `json:"sender"`
	Recipients  []string `json:"recipients"`
	Subject     string   `json:"subject"`
	Body        string   `json:"body"` // the data as received, its line ends as \n
	TimeCreated int64    `json:"timeCreated"`

	Size        int                `json:"size"` // of the data as received, in bytes
	From        []mailbox          `json:"from"`
	To          []mailbox          `json:"to"`
	Cc          []mailbox          `json:"cc"`
	Bcc         []mailbox          `json:"bcc"`
	ReplyTo     []mailbox          `json:"replyTo"`
	Date        *time.Time         `json:"date"`
	MessageID   string             `json:"messageId"`
	Headers     []headerField      `json:"headers"`
	Text        string             `json:"text"`
	HTML        string             `json:"html"`
	Attachments []attachmentAnswer `json:"attachments"`
	Links       []link             `json:"links"`
	Codes       []string           `json:"codes"`
	Problems    []problemFound     `json:"problems"`
}

type mailbox struct {
	Name    string `json:"name"`
	Address string `json:"address"`
}

type headerField struct {
	Name  string `json:"name"`
	Value string `json:"value"` // unfolded and decoded
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

func newEmailAnswer(m *store.Message, mail *message.Message) *emailAnswer {
	text, html := mail.Text(), mail.HTML()
	e := &emailAnswer{
		ID: m.ID, Sender: m.Sender, Recipients: m.Recipients,
		Subject:     message.DecodeHeader(m.Subject),
		Body:        strings.ReplaceAll(m.Raw, "\r\n", "\n"),
		TimeCreated: m.UnixMilli(),
		Size:        len(m.Raw),
		From:        mailboxes(mail.From()), To: mailboxes(mail.To()), Cc: mailboxes(mail.Cc()),
		Bcc: mailboxes(mail.Bcc()), ReplyTo: mailboxes(mail.ReplyTo()),
		MessageID:   mail.MessageID(),
		Headers:     make([]headerField, len(mail.Header())),
		Text:        text,
		HTML:        html,
		Attachments: []attachmentAnswer{},
		Links:       []link{},
		Codes:       append([]string{}, message.Codes(text, html)...),
		Problems:    problemsOf(m, mail),
	}
	if date, ok := mail.Date(); ok {
		e.Date = &date
	}
	for i, f := range mail.Header() {
		e.Headers[i] = headerField{f.Name, f.Value()}
	}
	for i, part := range mail.Attachments() {
		e.Attachments = append(e.Attachments, newAttachmentAnswer(i, part))
	}
	for _, l := range message.Links(text, html) {
		e.Links = append(e.Links, link{l.URL, l.Text})
	}
	return e
}

func mailboxes(addresses []message.Address) []mailbox {
	list := make([]mailbox, len(addresses))
	for i, a := range addresses {
		list[i] = mailbox{a.Name, a.Address}
	}
	return list
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
	if unchanged(w, r, id.String()+"-json") {
		return nil
	}
	writeJSON(w, r, http.StatusOK, "application/json", a.cache.parse(m).answer())
	return nil
}

// unchanged answers a conditional request with 304 (RFC 9110 section 13). An
// email never changes, so that its name can be what its parts are told by.
func unchanged(w http.ResponseWriter, r *http.Request, name string) bool {
	etag := `"` + name + `"`
	w.Header().Set("ETag", etag)
	w.Header().Set("Cache-Control", "no-cache")
	for candidate := range strings.SplitSeq(r.Header.Get("If-None-Match"), ",") {
		if candidate = strings.TrimPrefix(strings.TrimSpace(candidate), "W/"); candidate == etag || candidate == "*" {
			w.WriteHeader(http.StatusNotModified)
			return true
		}
	}
	return false
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
