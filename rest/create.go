package rest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/caddy-mailbucket/mailbucket/message"
	"github.com/caddy-mailbucket/mailbucket/search"
	"github.com/caddy-mailbucket/mailbucket/store"
)

// Bounds of POST /emails.
const (
	maxCreated    = 25 << 20
	maxRecipients = 1000
	maxAddress    = 1000
)

// create answers POST /emails: the body, a message/rfc822, is stored as if it had
// come by SMTP from sender to each recipient.
func (a *API) create(w http.ResponseWriter, r *http.Request, _ store.ID) *problem {
	bucket, ok := a.bucket.Whole()
	if !ok {
		return newProblem(http.StatusForbidden, "nothing can be stored here, where only a part of the mail is shown: send it by SMTP")
	}
	m, p := parseEnvelope(r.URL.RawQuery)
	if p != nil {
		return p
	}
	if mediaType, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || mediaType != "message/rfc822" {
		return newProblem(http.StatusUnsupportedMediaType, "expected the Content-Type message/rfc822")
	}
	raw, done, err := a.limits.Bodies.Read(w, r, maxCreated)
	if err != nil {
		return bodyProblem(err, "message", strconv.Itoa(maxCreated)+" bytes")
	}
	defer done()
	m.Raw = raw
	m.HeaderFields = store.HeaderFields(message.ScanHeader(m.Raw))
	// A message that has arrived completely is kept even if the client has closed its
	// half of the connection, which ends the request's context.
	switch err := bucket.Append(context.WithoutCancel(r.Context()), m); {
	case errors.Is(err, store.ErrTooLarge):
		bucket.Refuse()
		return newProblem(http.StatusRequestEntityTooLarge, "the message is larger than the bucket")
	case err != nil:
		return workProblem(fmt.Errorf("storing the message: %w", err))
	}
	w.Header().Set("Location", "emails/"+m.ID.String())
	w.Header().Set("Cache-Control", "no-store")
	a.sendJSON(w, r, http.StatusCreated, "application/json", json.RawMessage(bufferJSON(0, a.entry(m).write)))
	return nil
}

func parseEnvelope(rawQuery string) (*store.Message, *problem) {
	if len(rawQuery) > maxRecipients*maxAddress {
		return nil, newProblem(http.StatusRequestURITooLong, "the query string is too long")
	}
	values, err := url.ParseQuery(rawQuery)
	if err != nil {
		return nil, newProblem(http.StatusBadRequest, "the query string is malformed: "+err.Error())
	}
	m := &store.Message{Recipients: values["recipient"]}
	for name, all := range values {
		switch {
		case name != "sender" && name != "recipient":
			return nil, badParameter(name, "unknown parameter")
		case name == "sender" && len(all) > 1:
			return nil, badParameter(name, "given more than once")
		}
		for i := range all {
			all[i] = search.WithPlus(all[i])
			if !isAddress(all[i]) && (name != "sender" || all[i] != "") {
				p := badParameter(name, "expected an address such as a@example.com")
				p.Status, p.Title = http.StatusUnprocessableEntity, http.StatusText(http.StatusUnprocessableEntity)
				return nil, p
			}
		}
	}
	m.Sender = values.Get("sender")
	switch {
	case len(m.Recipients) == 0:
		return nil, badParameter("recipient", "expected at least one")
	case len(m.Recipients) > maxRecipients:
		return nil, badParameter("recipient", "expected at most "+strconv.Itoa(maxRecipients))
	}
	return m, nil
}

// isAddress reports whether s may be a mailbox of RFC 5321; it is a rough check.
func isAddress(s string) bool {
	at := strings.LastIndexByte(s, '@')
	if at < 1 || at == len(s)-1 || len(s) > maxAddress {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f || r == '<' || r == '>' }) &&
		(s[0] == '"' || !strings.ContainsAny(s[:at], ` @,;:"`)) && !strings.ContainsAny(s[at:], ` "`)
}
