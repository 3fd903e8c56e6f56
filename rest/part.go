package rest

import (
	"bytes"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/caddy-mailbucket/mailbucket/message"
	"github.com/caddy-mailbucket/mailbucket/store"
)

// policyNothing is the content security policy for parts of a mail: a browser that
// shows one runs and loads nothing for it.
const policyNothing = "sandbox; default-src 'none'; frame-ancestors 'none'"

// find is the email with that id, parsed. It sets header fields that make the answer
// safe, whatever part of the email it will hold.
func (a *API) find(w http.ResponseWriter, id store.ID) (*parsed, *problem) {
	m, ok := a.bucket.Get(id)
	if !ok {
		return nil, noSuchEmail(id)
	}
	h := w.Header()
	h.Set("Content-Security-Policy", policyNothing)
	h.Set("Cache-Control", "no-cache")
	return a.cache.parse(m), nil
}

// shared answers with content that build makes, which is at most so many bytes. HEAD is
// answered without making it.
func (a *API) shared(w http.ResponseWriter, r *http.Request, m *parsed, name, contentType string, most int, build func() []byte) *problem {
	if answered(w, r, m.ID, name, contentType) {
		return nil
	}
	content, done, err := a.contents.use(r.Context(), contentKey{m.ID, name}, recipe{most: most, heavy: len(m.Raw) >= heavyMail, build: func() (any, int) {
		made := build()
		return made, len(made)
	}})
	if err != nil {
		return workProblem(err)
	}
	defer done()
	made := content.([]byte)
	serve(w, r, m, name, contentType, len(made), bytes.NewReader(made))
	return nil
}

// raw answers GET /emails/{id}/raw: what was received, byte for byte.
func (a *API) raw(w http.ResponseWriter, r *http.Request, id store.ID) *problem {
	m, p := a.find(w, id)
	if p != nil {
		return p
	}
	done, err := a.contents.pin(r.Context(), m.Message)
	if err != nil {
		return workProblem(err)
	}
	defer done()
	w.Header().Set("Content-Disposition", `attachment; filename="`+id.String()+`.eml"`)
	serve(w, r, m, "raw", "message/rfc822", 0, strings.NewReader(m.Raw))
	return nil
}

// text answers GET /emails/{id}/text: that of the mail, or else of its HTML.
func (a *API) text(w http.ResponseWriter, r *http.Request, id store.ID) *problem {
	m, p := a.find(w, id)
	if p != nil {
		return p
	}
	mail := m.mail()
	if !mail.HasText() && !mail.HasHTML() {
		return newProblem(http.StatusNotFound, "this email has no text")
	}
	return a.shared(w, r, m, "text", "text/plain; charset=utf-8", textMemory(m), func() []byte {
		text := mail.Text()
		if text == "" {
			text = message.TextFromHTML(mail.HTML())
		}
		return []byte(text)
	})
}

// html answers GET /emails/{id}/html. With remote=1, content on other sites may be
// loaded. With preview=light or dark it is a document of its own in that colour scheme,
// to be shown in a frame of the website.
func (a *API) html(w http.ResponseWriter, r *http.Request, id store.ID) *problem {
	m, p := a.find(w, id)
	if p != nil {
		return p
	}
	remote, p := oneOf(r, "remote", "0", "1")
	if p != nil {
		return p
	}
	scheme, p := oneOf(r, "preview", "", "light", "dark")
	if p != nil {
		return p
	}
	if !m.mail().HasHTML() {
		return newProblem(http.StatusNotFound, "this email has no HTML")
	}
	form := htmlForm{scheme: scheme, remote: remote == "1"}
	h := w.Header()
	h.Set("Content-Security-Policy", form.policy())
	h.Set("X-DNS-Prefetch-Control", "off")
	if scheme != "" {
		h.Set("X-Frame-Options", "SAMEORIGIN")
	}
	return a.shared(w, r, m, form.name(), "text/html; charset=utf-8", m.mail().PageMemory(), func() []byte {
		return form.render(m.mail())
	})
}

// oneOf is a parameter's value, which has to be one of the choices. The first choice is
// the default.
func oneOf(r *http.Request, name string, choices ...string) (string, *problem) {
	value := r.URL.Query().Get(name)
	if value == "" {
		return choices[0], nil
	}
	if !slices.Contains(choices, value) {
		return "", badParameter(name, "expected "+strings.TrimPrefix(strings.Join(choices, " or "), " or "))
	}
	return value, nil
}

// textMemory is how many bytes the text and HTML of an email may take while they are
// decoded: a character of one byte can become one of three.
func textMemory(m *parsed) int { return 4 * min(len(m.Raw), message.MaxText) }

// headers answers GET /emails/{id}/headers, in the order as sent.
func (a *API) headers(w http.ResponseWriter, r *http.Request, id store.ID) *problem {
	m, p := a.find(w, id)
	if p != nil || answered(w, r, id, "headers", "application/json") {
		return p
	}
	done, err := a.contents.pin(r.Context(), m.Message)
	if err != nil {
		return workProblem(err)
	}
	defer done()
	streamJSON(w, r, 0, func(s *jsonStream) {
		s.plain(`{"headers":`)
		array(s, m.mail().Header(), func(f message.Field) {
			s.plain(`{"name":`)
			s.text(f.Name)
			s.plain(`,"value":`)
			s.text(f.Value())
			s.plain(`,"raw":`)
			s.text(f.Raw)
			s.plain("}")
		})
		s.plain("}")
	})
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
	return a.servePart(w, r, m, attachments[n])
}

// inline answers GET /emails/{id}/inline/{content-id}.
func (a *API) inline(w http.ResponseWriter, r *http.Request, id store.ID, contentID string) *problem {
	m, p := a.find(w, id)
	if p != nil {
		return p
	}
	part := m.mail().InlinePart(contentID)
	if part == nil {
		return newProblem(http.StatusNotFound, "this email has no part with that Content-ID")
	}
	return a.servePart(w, r, m, part)
}

// servePart answers with a part, which is decoded while it is sent. It lets browsers
// show images; they offer to save anything else.
func (a *API) servePart(w http.ResponseWriter, r *http.Request, m *parsed, part *message.Part) *problem {
	done, err := a.contents.pin(r.Context(), m.Message)
	if err != nil {
		return workProblem(err)
	}
	defer done()
	contentType, disposition := part.MediaType, "attachment"
	if image := part.ImageType(); image != "" {
		contentType, disposition = image, "inline"
	}
	if charset := part.ContentType().Param("charset"); charset != "" && isToken(charset) && strings.HasPrefix(contentType, "text/") {
		contentType += "; charset=" + charset
	}
	w.Header().Set("Content-Disposition", contentDisposition(disposition, part.SaveName()))
	serve(w, r, m, "part-"+strconv.Itoa(part.Index), contentType, 0, &partReader{part: part, size: m.sizeOf(part)})
	return nil
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
