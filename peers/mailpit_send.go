package peers

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"mime"
	"net/http"
	netmail "net/mail"
	"slices"
	"strings"

	"github.com/wneessen/go-mail"

	"github.com/caddy-mailbucket/mailbucket/content"
	"github.com/caddy-mailbucket/mailbucket/message"
	"github.com/caddy-mailbucket/mailbucket/store"
)

// Bounds of a mail that is sent by a call: the bytes of the request, and the numbers of
// its recipients, attachments and other header fields.
const (
	maxSend           = 36 << 20
	maxSendRecipients = 1000
	maxSendFiles      = 1000
	maxSendFields     = 1000

	// sendFactor is how many times as much memory as its document a mail takes while it
	// is composed, about.
	sendFactor = 4
)

// mailpitSent is the request body of POST /api/v1/send.
type mailpitSent struct {
	From        mailpitMailbox
	To          []mailpitMailbox
	Cc          []mailpitMailbox
	Bcc         []string
	ReplyTo     []mailpitMailbox
	Subject     string
	Text        string
	HTML        string
	Attachments []struct {
		Content     string // in base64, perhaps as a data: URL
		Filename    string
		ContentType string
		ContentID   string
	}
	Tags    []string
	Headers map[string]string
}

type mailpitMailbox struct{ Email, Name string }

// mailpitSend answers POST /api/v1/send: it composes a mail and stores it as if it had
// come by SMTP.
func (a *API) mailpitSend(w http.ResponseWriter, r *http.Request, _ []string) *failure {
	bucket, ok := a.bucket.Whole()
	if !ok {
		return newFailure(http.StatusForbidden, "nothing can be stored here, where only a part of the mail is shown: send it by SMTP").asJSON()
	}
	body, done, err := a.limits.Bodies.Read(w, r, maxSend)
	if err != nil {
		return bodyFailure(err).asJSON()
	}
	defer done()
	share, err := a.limits.Answers.Take(r.Context(), sendFactor*int64(len(body)))
	if err != nil {
		return workFailure(err).asJSON()
	}
	defer share.Release()
	if len(body) >= content.HeavyMail {
		release, err := a.limits.Searches.Take(r.Context())
		if err != nil {
			return workFailure(err).asJSON()
		}
		defer release()
	}
	var sent mailpitSent
	if err := decodeJSON(body, &sent); err != nil {
		return newFailure(http.StatusBadRequest, err.Error()).asJSON()
	}
	m, err := sent.compose()
	if err != nil {
		return newFailure(http.StatusBadRequest, err.Error()).asJSON()
	}
	// A mail that was received in full is stored even if the client has disconnected
	// meanwhile.
	switch err := bucket.Append(context.WithoutCancel(r.Context()), m); {
	case errors.Is(err, store.ErrTooLarge):
		bucket.Refuse()
		return newFailure(http.StatusRequestEntityTooLarge, "the message is larger than the bucket").asJSON()
	case err != nil:
		return workFailure(err).asJSON()
	}
	return a.sendJSON(w, r, struct{ ID string }{m.ID.String()}, 100)
}

// compose makes the mail with its envelope, or returns an error that says what in it cannot
// be sent.
func (s *mailpitSent) compose() (*store.Message, error) {
	msg := mail.NewMsg(mail.WithNoDefaultUserAgent())
	m := &store.Message{Sender: s.From.Email}
	if len(s.To)+len(s.Cc)+len(s.Bcc) > maxSendRecipients || len(s.ReplyTo) > maxSendRecipients {
		return nil, fmt.Errorf("expected at most %d recipients", maxSendRecipients)
	}
	for _, field := range []struct {
		name      mail.AddrHeader
		mailboxes []mailpitMailbox
		envelope  bool
	}{{mail.HeaderFrom, []mailpitMailbox{s.From}, false}, {mail.HeaderTo, s.To, true}, {mail.HeaderCc, s.Cc, true}, {mail.HeaderReplyTo, s.ReplyTo, false}} {
		addresses := make([]*netmail.Address, len(field.mailboxes))
		for i, mailbox := range field.mailboxes {
			var err error
			if addresses[i], err = mailbox.parse(string(field.name)); err != nil {
				return nil, err
			}
			if field.envelope {
				m.Recipients = append(m.Recipients, addresses[i].Address)
			}
		}
		if len(addresses) > 0 {
			msg.SetAddrHeaderFromMailAddress(field.name, addresses...)
		}
	}
	for _, bcc := range s.Bcc {
		address, err := mailpitMailbox{Email: bcc}.parse("Bcc")
		if err != nil {
			return nil, err
		}
		m.Recipients = append(m.Recipients, address.Address)
	}
	if len(m.Recipients) == 0 {
		return nil, errors.New("no recipients (to, cc, bcc) set")
	}
	if err := s.addFields(msg); err != nil {
		return nil, err
	}
	msg.SetBodyString(mail.TypeTextPlain, s.Text)
	if s.HTML != "" {
		msg.AddAlternativeString(mail.TypeTextHTML, s.HTML)
	}
	if err := s.attach(msg); err != nil {
		return nil, err
	}
	var raw bytes.Buffer
	if _, err := msg.WriteTo(&raw); err != nil {
		return nil, fmt.Errorf("composing the message: %w", err)
	}
	m.Raw = raw.String()
	m.HeaderFields = store.HeaderFields(message.ScanHeader(m.Raw))
	return m, nil
}

// maxMailbox bounds an address and its name, in bytes.
const maxMailbox = 1000

// parse reads a mailbox of a field.
func (m mailpitMailbox) parse(field string) (*netmail.Address, error) {
	address, err := netmail.ParseAddress(m.Email)
	if err != nil || len(m.Email) > maxMailbox {
		return nil, fmt.Errorf("invalid %s address: %.100q", field, m.Email)
	}
	if len(m.Name) > maxMailbox || hasControl(m.Name) {
		return nil, fmt.Errorf("invalid name of a %s address: %.100q", field, m.Name)
	}
	if m.Name != "" {
		address.Name = m.Name
	}
	return address, nil
}

// hasControl is whether a text has line ends or other control characters, with which it
// could end a header field and add another.
func hasControl(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f })
}

// ownFields are those that compose sets itself, in lower case.
var ownFields = []string{"to", "from", "cc", "bcc", "reply-to", "date", "subject", "content-type", "content-transfer-encoding", "mime-version"}

// addFields adds the header fields other than those with addresses.
func (s *mailpitSent) addFields(msg *mail.Msg) error {
	if hasControl(s.Subject) {
		return errors.New("invalid Subject: it has control characters")
	}
	msg.Subject(s.Subject)
	msg.SetDate()
	own := ownFields
	if len(s.Tags) > 0 {
		tags := strings.Join(s.Tags, ", ")
		if hasControl(tags) {
			return errors.New("invalid Tags: they have control characters")
		}
		msg.SetGenHeader("X-Tags", tags)
		own = append(slices.Clip(own), "x-tags")
	}
	if len(s.Headers) > maxSendFields {
		return fmt.Errorf("expected at most %d Headers", maxSendFields)
	}
	hasID := false
	for _, name := range slices.Sorted(maps.Keys(s.Headers)) {
		value := s.Headers[name]
		switch lower := strings.ToLower(name); {
		case slices.Contains(own, lower):
			return fmt.Errorf("cannot overwrite header: %q", name)
		case !isFieldName(name):
			return fmt.Errorf("invalid name of a header field: %.100q", name)
		case hasControl(value):
			return fmt.Errorf("invalid value of the header field %s: it has control characters", name)
		case lower == "message-id":
			hasID = true
			msg.SetGenHeaderPreformatted(mail.HeaderMessageID, value)
		default:
			msg.SetGenHeader(mail.Header(name), value)
		}
	}
	if !hasID {
		msg.SetMessageID()
	}
	return nil
}

// isFieldName is whether a name consists of ftext (RFC 5322 section 3.6.8) and fits on a
// line.
func isFieldName(name string) bool {
	return name != "" && len(name) < 100 && !strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r > '~' || r == ':' })
}

// attach adds the attachments. Those with a Content-ID are for the HTML to show.
func (s *mailpitSent) attach(msg *mail.Msg) error {
	if len(s.Attachments) > maxSendFiles {
		return fmt.Errorf("expected at most %d Attachments", maxSendFiles)
	}
	for _, file := range s.Attachments {
		text := file.Content[strings.LastIndexByte(file.Content, ',')+1:]
		decoded, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return fmt.Errorf("decoding the base64 of attachment %.100q: %w", file.Filename, err)
		}
		contentType := file.ContentType
		if contentType == "" {
			contentType = http.DetectContentType(decoded)
		}
		if _, _, err := mime.ParseMediaType(contentType); err != nil || hasControl(contentType) {
			return fmt.Errorf("invalid ContentType of attachment %.100q: %.100q", file.Filename, contentType)
		}
		if hasControl(file.Filename) || hasControl(file.ContentID) || strings.ContainsAny(file.ContentID, "<> ") {
			return fmt.Errorf("invalid Filename or ContentID of attachment %.100q", file.Filename)
		}
		options := []mail.FileOption{mail.WithFileContentType(mail.ContentType(contentType))}
		if file.ContentID == "" {
			msg.AttachReadSeeker(file.Filename, bytes.NewReader(decoded), options...)
		} else {
			msg.EmbedReadSeeker(file.Filename, bytes.NewReader(decoded), append(options, mail.WithFileContentID(file.ContentID))...)
		}
	}
	return nil
}
