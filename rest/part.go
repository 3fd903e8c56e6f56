package rest

import (
	"bytes"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/caddy-mailbucket/mailbucket/content"
	"github.com/caddy-mailbucket/mailbucket/internal/jsonstream"
	"github.com/caddy-mailbucket/mailbucket/message"
	"github.com/caddy-mailbucket/mailbucket/store"
)

// find is the email with that id, parsed. It sets header fields that make the answer
// safe, whatever part of the email it will hold.
func (a *API) find(w http.ResponseWriter, id store.ID) (*content.Mail, *problem) {
	m, ok := a.bucket.Get(id)
	if !ok {
		return nil, noSuchEmail(id)
	}
	h := w.Header()
	h.Set("Content-Security-Policy", content.PolicyNothing)
	h.Set("Cache-Control", "no-cache")
	return a.contents.Mail(m), nil
}

// shared answers with content that build makes, which is at most so many bytes. HEAD is
// answered without making it.
func (a *API) shared(w http.ResponseWriter, r *http.Request, m *content.Mail, name, contentType string, most int, build func() []byte) *problem {
	if answered(w, r, m.ID, name, contentType) {
		return nil
	}
	value, done, err := a.contents.Use(r.Context(), content.Key{ID: m.ID, Name: name}, content.Recipe{Most: most, Heavy: len(m.Raw) >= content.HeavyMail, Build: func() (any, int) {
		made := build()
		return made, len(made)
	}})
	if err != nil {
		return workProblem(err)
	}
	defer done()
	made := value.([]byte)
	serve(w, r, m, name, contentType, len(made), bytes.NewReader(made))
	return nil
}

// raw answers GET /emails/{id}/raw: what was received, byte for byte.
func (a *API) raw(w http.ResponseWriter, r *http.Request, id store.ID) *problem {
	m, p := a.find(w, id)
	if p != nil {
		return p
	}
	done, err := a.contents.Pin(r.Context(), m.Message)
	if err != nil {
		return workProblem(err)
	}
	defer done()
	w.Header().Set("Content-Disposition", `attachment; filename="`+id.String()+`.eml"`)
	serve(w, r, m, "raw", "message/rfc822", 0, strings.NewReader(m.Raw))
	return nil
}

// text answers GET /emails/{id}/text: that of the mail, or else of its HTML, with the URLs of
// its links.
func (a *API) text(w http.ResponseWriter, r *http.Request, id store.ID) *problem {
	m, p := a.find(w, id)
	if p != nil {
		return p
	}
	mail := m.Parsed()
	if !mail.HasText() && !mail.HasHTML() {
		return newProblem(http.StatusNotFound, "this email has no text")
	}
	return a.shared(w, r, m, "text", "text/plain; charset=utf-8", textMemory(m.Message), func() []byte {
		text := mail.Text()
		if text == "" {
			text = message.TextAndLinks(mail.HTML())
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
	if !m.Parsed().HasHTML() {
		return newProblem(http.StatusNotFound, "this email has no HTML")
	}
	form := content.HTMLForm{Scheme: scheme, Remote: remote == "1"}
	h := w.Header()
	h.Set("Content-Security-Policy", form.Policy())
	h.Set("X-DNS-Prefetch-Control", "off")
	if scheme != "" {
		h.Set("X-Frame-Options", "SAMEORIGIN")
	}
	return a.shared(w, r, m, form.Name(), "text/html; charset=utf-8", m.Parsed().PageMemory(), func() []byte {
		return form.Render(m.Parsed())
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
func textMemory(m *store.Message) int { return 4 * min(len(m.Raw), message.MaxText) }

// headers answers GET /emails/{id}/headers, in the order as sent.
func (a *API) headers(w http.ResponseWriter, r *http.Request, id store.ID) *problem {
	m, p := a.find(w, id)
	if p != nil || answered(w, r, id, "headers", "application/json") {
		return p
	}
	done, err := a.contents.Pin(r.Context(), m.Message)
	if err != nil {
		return workProblem(err)
	}
	defer done()
	streamJSON(w, r, 0, func(s *jsonstream.Stream) {
		s.Plain(`{"headers":`)
		jsonstream.Array(s, m.Parsed().Header(), func(f message.Field) {
			s.Plain(`{"name":`)
			s.Text(f.Name)
			s.Plain(`,"value":`)
			s.Text(f.Value())
			s.Plain(`,"raw":`)
			s.Text(f.Raw)
			s.Plain("}")
		})
		s.Plain("}")
	})
	return nil
}

// attachment answers GET /emails/{id}/attachments/{n}.
func (a *API) attachment(w http.ResponseWriter, r *http.Request, id store.ID, number string) *problem {
	m, p := a.find(w, id)
	if p != nil {
		return p
	}
	attachments := m.Parsed().Attachments()
	n, err := strconv.Atoi(number)
	if err != nil || n < 0 || n >= len(attachments) || strconv.Itoa(n) != number {
		return newProblem(http.StatusNotFound, "this email has "+strconv.Itoa(len(attachments))+" attachments, counted from 0")
	}
	return a.servePart(w, r, m, attachments[n])
}

// part answers GET /emails/{id}/parts/{n}: any part that is no multipart, counted from the
// message itself, which is 0, in the order in which they stand.
func (a *API) part(w http.ResponseWriter, r *http.Request, id store.ID, number string) *problem {
	m, p := a.find(w, id)
	if p != nil {
		return p
	}
	parts := m.Parsed().Parts()
	n, err := strconv.Atoi(number)
	if err != nil || n < 0 || n >= len(parts) || strconv.Itoa(n) != number {
		return newProblem(http.StatusNotFound, "this email has "+strconv.Itoa(len(parts))+" parts, counted from 0")
	}
	if strings.HasPrefix(parts[n].MediaType, "multipart/") {
		return newProblem(http.StatusNotFound, "part "+number+" is a multipart, which has other parts and no content of its own")
	}
	return a.servePart(w, r, m, parts[n])
}

// inline answers GET /emails/{id}/inline/{content-id}.
func (a *API) inline(w http.ResponseWriter, r *http.Request, id store.ID, contentID string) *problem {
	m, p := a.find(w, id)
	if p != nil {
		return p
	}
	part := m.Parsed().InlinePart(contentID)
	if part == nil {
		return newProblem(http.StatusNotFound, "this email has no part with that Content-ID")
	}
	return a.servePart(w, r, m, part)
}

// servePart answers with a part, which is decoded while it is sent. It lets browsers
// show images; they offer to save anything else.
func (a *API) servePart(w http.ResponseWriter, r *http.Request, m *content.Mail, part *message.Part) *problem {
	done, err := a.contents.Pin(r.Context(), m.Message)
	if err != nil {
		return workProblem(err)
	}
	defer done()
	contentType, disposition := content.PartType(part)
	w.Header().Set("Content-Disposition", content.Disposition(disposition, part.SaveName()))
	serve(w, r, m, "part-"+strconv.Itoa(part.Index), contentType, 0, m.Open(part))
	return nil
}
