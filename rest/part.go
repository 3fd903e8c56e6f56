package rest

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/net/html"

	"github.com/caddy-mailbucket/mailbucket/message"
	"github.com/caddy-mailbucket/mailbucket/store"
)

// What browsers may do with what a mail brings: nothing of their own. Its HTML may
// show its own images and styles, and with remote content those of other sites.
const (
	policyNothing = "sandbox; default-src 'none'"
	policyHTML    = "sandbox; default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'; font-src data:; media-src 'self' data:; base-uri 'none'; form-action 'none'"
	policyRemote  = "sandbox; default-src 'none'; img-src 'self' data: https: http:; style-src 'unsafe-inline' https: http:; font-src data: https: http:; media-src 'self' data: https: http:; base-uri 'none'; form-action 'none'"
)

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

// html answers GET /emails/{id}/html. With remote=1, what the HTML has on other
// sites may be loaded.
func (a *API) html(w http.ResponseWriter, r *http.Request, id store.ID) *problem {
	m, p := a.find(w, id)
	if p != nil {
		return p
	}
	policy, name := policyHTML, "html"
	switch remote := r.URL.Query().Get("remote"); remote {
	case "", "0":
	case "1":
		policy, name = policyRemote, "html-remote"
	default:
		return badParameter("remote", "expected 0 or 1")
	}
	page := m.mail().HTML()
	if page == "" {
		return newProblem(http.StatusNotFound, "this email has no HTML")
	}
	w.Header().Set("Content-Security-Policy", policy)
	serve(w, r, m, name, "text/html; charset=utf-8", bytes.NewReader(linkInlineParts(page)))
	return nil
}

// linkInlineParts makes relative URLs of the page's cid: ones (RFC 2392). All else
// stays as it was sent: the policy is what keeps it harmless.
func linkInlineParts(page string) []byte {
	if !containsASCII(page, "cid:") {
		return []byte(page)
	}
	var out bytes.Buffer
	z := html.NewTokenizer(strings.NewReader(page))
	for {
		switch z.Next() {
		case html.ErrorToken:
			return out.Bytes()
		case html.StartTagToken, html.SelfClosingTagToken:
			raw := string(z.Raw())
			if token := z.Token(); containsASCII(raw, "cid:") && linkAttributes(token.Attr) {
				raw = token.String()
			}
			out.WriteString(raw)
		default:
			out.Write(z.Raw())
		}
	}
}

func linkAttributes(attributes []html.Attribute) (changed bool) {
	for i, attribute := range attributes {
		value := strings.TrimSpace(attribute.Val)
		switch attribute.Key {
		case "src", "href", "background", "poster", "data":
			if len(value) > 4 && strings.EqualFold(value[:4], "cid:") {
				attributes[i].Val, changed = inlineURL(value[4:]), true
			}
		case "style":
			if linked := linkStyle(value); linked != value {
				attributes[i].Val, changed = linked, true
			}
		}
	}
	return changed
}

// linkStyle replaces url(cid:...) in a style attribute.
func linkStyle(style string) string {
	var out strings.Builder
	for {
		i := indexASCII(style, "cid:")
		if i < 0 {
			break
		}
		end := strings.IndexAny(style[i:], `)"'; `)
		if end < 0 {
			break
		}
		out.WriteString(style[:i] + inlineURL(style[i+4:i+end]))
		style = style[i+end:]
	}
	return out.String() + style
}

func inlineURL(contentID string) string {
	if unescaped, err := url.PathUnescape(contentID); err == nil {
		contentID = unescaped
	}
	return "inline/" + url.PathEscape(contentID)
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
	for _, part := range m.mail().Parts() {
		if len(part.Parts) == 0 && contentID != "" && part.ContentID() == contentID {
			servePart(w, r, m, part)
			return nil
		}
	}
	return newProblem(http.StatusNotFound, "this email has no part with that Content-ID")
}

// servePart answers with a part, decoded. Browsers show images and nothing else:
// they offer to save the rest.
func servePart(w http.ResponseWriter, r *http.Request, m *parsed, part *message.Part) {
	contentType, disposition := part.MediaType, "attachment"
	if isImage(contentType) {
		disposition = "inline"
	}
	if charset := part.ContentType().Param("charset"); charset != "" && isToken(charset) && strings.HasPrefix(contentType, "text/") {
		contentType += "; charset=" + charset
	}
	w.Header().Set("Content-Disposition", contentDisposition(disposition, part.Filename()))
	serve(w, r, m, "part-"+strconv.Itoa(part.Index), contentType, bytes.NewReader(part.Decode()))
}

// isImage is whether browsers show this type without running anything in it: SVG
// is not among these.
func isImage(mediaType string) bool {
	switch mediaType {
	case "image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "image/bmp", "image/x-icon":
		return true
	}
	return false
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
