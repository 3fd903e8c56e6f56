package rest

import (
	"bytes"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/caddy-mailbucket/mailbucket/message"
	"github.com/caddy-mailbucket/mailbucket/store"
)

// policyNothing lets browsers do nothing of its own with what a mail brings.
const policyNothing = "sandbox; default-src 'none'"

// find is the email with that id, parsed. The response is made safe for whatever
// of the email it will be.
func (a *API) find(w http.ResponseWriter, id store.ID) (*parsed, *problem) {
	m, ok := a.bucket.Get(id)
	if !ok {
		return nil, noSuchEmail(id)
	}
	h := w.Header()
	h.Set("Content-Security-Policy", policyNothing)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-cache")
	return a.cache.parse(m), nil
}

// serve answers with content that never changes, or the part of it asked for.
func serve(w http.ResponseWriter, r *http.Request, m *parsed, name, contentType string, content io.ReadSeeker) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("ETag", `"`+m.ID.String()+"-"+name+`"`)
	http.ServeContent(w, r, "", m.Time(), content)
}

// raw answers GET /emails/{id}/raw: what was received, byte for byte.
func (a *API) raw(w http.ResponseWriter, r *http.Request, id store.ID) *problem {
	m, p := a.find(w, id)
	if p != nil {
		return p
	}
	w.Header().Set("Content-Disposition", `attachment; filename="`+id.String()+`.eml"`)
	serve(w, r, m, "raw", "message/rfc822", strings.NewReader(m.Raw))
	return nil
}

// text answers GET /emails/{id}/text: that of the mail, or else of its HTML.
func (a *API) text(w http.ResponseWriter, r *http.Request, id store.ID) *problem {
	m, p := a.find(w, id)
	if p != nil {
		return p
	}
	text := m.mail().Text()
	if text == "" {
		text = message.TextFromHTML(m.mail().HTML())
	}
	if text == "" {
		return newProblem(http.StatusNotFound, "this email has no text")
	}
	serve(w, r, m, "text", "text/plain; charset=utf-8", strings.NewReader(text))
	return nil
}

// fieldAnswer is one header field, decoded and as sent.
type fieldAnswer struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	Raw   string `json:"raw"`
}

// headers answers GET /emails/{id}/headers, in the order as sent.
func (a *API) headers(w http.ResponseWriter, r *http.Request, id store.ID) *problem {
	m, p := a.find(w, id)
	if p != nil || unchanged(w, r, id.String()+"-headers") {
		return p
	}
	answer := struct {
		Headers []fieldAnswer `json:"headers"`
	}{[]fieldAnswer{}}
	for _, f := range m.mail().Header() {
		answer.Headers = append(answer.Headers, fieldAnswer{f.Name, f.Value(), f.Raw})
	}
	writeJSON(w, r, http.StatusOK, "application/json", answer)
	return nil
}

// attachment answers GET /emails/{id}/attachments/{n}.
func (a *API) attachment(w http.ResponseWriter, r *http.Request, id store.ID, number string) *problem {
	m, p := a.find(w, id)
	if p != nil {
		return p
	}
	attachments := m.mail().Attachments()
	n, err := strconv.Atoi(number)
	if err != nil || n < 0 || n >= len(attachments) || strconv.Itoa(n) != number {
		return newProblem(http.StatusNotFound, "this email has "+strconv.Itoa(len(attachments))+" attachments, counted from 0")
	}
	servePart(w, r, m, attachments[n])
	return nil
}

// inline answers GET /emails/{id}/inline/{content-id}.
func (a *API) inline(w http.ResponseWriter, r *http.Request, id store.ID, contentID string) *problem {
	m, p := a.find(w, id)
	if p != nil {
		return p
	}
	part := partByContentID(m.mail(), contentID)
	if part == nil {
		return newProblem(http.StatusNotFound, "this email has no part with that Content-ID")
	}
	servePart(w, r, m, part)
	return nil
}

// servePart answers with a part, decoded. Browsers show images and nothing else:
// they offer to save the rest.
func servePart(w http.ResponseWriter, r *http.Request, m *parsed, part *message.Part) {
	contentType, disposition := part.MediaType, "attachment"
	if image := part.ImageType(); image != "" {
		contentType, disposition = image, "inline"
	}
	if charset := part.ContentType().Param("charset"); charset != "" && isToken(charset) && strings.HasPrefix(contentType, "text/") {
		contentType += "; charset=" + charset
	}
	w.Header().Set("Content-Disposition", contentDisposition(disposition, part.SaveName()))
	serve(w, r, m, "part-"+strconv.Itoa(part.Index), contentType, bytes.NewReader(part.Decode()))
}

// contentDisposition is the value of that field for any file name (RFC 6266): in
// ASCII for old programs, and in full as RFC 8187 has it.
func contentDisposition(disposition, filename string) string {
	if filename == "" {
		return disposition
	}
	plain := strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' || r == '"' || r == '\\' || r == '%' {
			return '_'
		}
		return r
	}, filename)
	value := disposition + `; filename="` + plain + `"`
	if plain != filename {
		value += "; filename*=UTF-8''" + extValue(filename)
	}
	return value
}

// extValue is RFC 8187 section 3.2.1.
func extValue(s string) string {
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; isAttrChar(c) {
			b.WriteByte(c)
		} else {
			b.WriteString("%" + strings.ToUpper(strconv.FormatUint(uint64(c)+0x100, 16)[1:]))
		}
	}
	return b.String()
}

func isAttrChar(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("!#$&+-.^_`|~", c) >= 0
}

func isToken(s string) bool {
	for i := range len(s) {
		if !isAttrChar(s[i]) {
			return false
		}
	}
	return s != ""
}
