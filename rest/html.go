package rest

import (
	"bytes"
	"encoding/base64"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/html"

	"github.com/caddy-mailbucket/mailbucket/message"
)

// What browsers may do with the HTML of a mail: run nothing, send nothing, and
// load only images and styles that stand in it, or those of other sites too where
// remote content is asked for. Nothing is loaded from this server: the page has an
// origin of its own, so that to browsers its requests come from another site. In a
// preview a click on a link opens it in a new tab.
const (
	policyHTML = "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'; " +
		"font-src data:; media-src data:; base-uri 'none'; form-action 'none'"
	policyRemote = "sandbox; default-src 'none'; img-src data: https: http:; style-src 'unsafe-inline' https: http:; " +
		"font-src data: https: http:; media-src data: https: http:; base-uri 'none'; form-action 'none'"
	previewSandbox = "sandbox allow-popups allow-popups-to-escape-sandbox"
)

// embedLimit is how many bytes of inline parts a page has at least room for.
const embedLimit = 8 << 20

// embedRoom is how many bytes of inline parts the page of a mail of that size has room
// for.
func embedRoom(size int) int { return max(embedLimit, 2*size) }

// htmlForm is in what form the HTML of a mail is shown.
type htmlForm struct {
	scheme string // of colours, for a preview: light or dark
	remote bool   // what it has on other sites may be loaded
}

// name tells this form from the others.
func (f htmlForm) name() string {
	name := "html"
	if f.remote {
		name += "-remote"
	}
	if f.scheme != "" {
		name += "-" + f.scheme
	}
	return name
}

// policy is the Content-Security-Policy of the answer.
func (f htmlForm) policy() string {
	policy := policyHTML
	if f.remote {
		policy = policyRemote
	}
	if f.scheme == "" {
		return policy + "; frame-ancestors 'none'"
	}
	return strings.Replace(policy, "sandbox", previewSandbox, 1) + "; frame-ancestors 'self'"
}

// render is the HTML of a mail of so many bytes.
func (f htmlForm) render(mail *message.Message, size int) []byte {
	rw := &rewriter{mail: mail, room: embedRoom(size)}
	if f.scheme != "" {
		rw.preview = &preview{f.scheme, f.remote}
	}
	return rw.rewrite(mail.HTML())
}

// rewriter makes the cid: URLs of a page work (RFC 2392), and leaves out elements
// that no policy holds back. All else stays as it was sent, but for what a preview
// changes.
type rewriter struct {
	mail    *message.Message
	preview *preview // nil if it is none
	room    int      // for embedded parts, in bytes
}

// cidURL finds such a URL in a style sheet.
var cidURL = regexp.MustCompile(`(?i)\bcid:[^)"'; ]+`)

func (rw *rewriter) rewrite(page string) []byte {
	var out bytes.Buffer
	z := html.NewTokenizer(strings.NewReader(page))
	inside := "" // the element whose text comes next
	for {
		kind := z.Next()
		raw := string(z.Raw())
		switch kind {
		case html.ErrorToken:
			return out.Bytes()
		case html.StartTagToken, html.SelfClosingTagToken:
			token := z.Token()
			if inside = token.Data; inside == "noscript" {
				z.NextIsNotRawText() // for browsers that run none, it is none
			}
			if escapesPolicy(token) || rw.preview != nil && rw.preview.dropped(token) {
				continue
			}
			if rw.attributes(&token) {
				raw = token.String()
			}
		case html.TextToken:
			if inside == "style" {
				raw = rw.style(raw)
			}
			if rw.preview != nil {
				raw = rw.preview.text(inside, raw)
			}
		case html.CommentToken:
			if rw.preview != nil {
				continue // browsers may see another end of it
			}
		default:
			if inside == "script" && rw.preview != nil {
				raw = ""
			}
			inside = ""
		}
		out.WriteString(raw)
	}
}

// escapesPolicy is whether an element moves or reloads the page, or has the browser
// connect to a host before it asks for anything.
func escapesPolicy(token html.Token) bool {
	switch token.Data {
	case "base":
		return true
	case "meta":
		return attribute(token, "http-equiv") != ""
	case "link":
		return !strings.EqualFold(strings.TrimSpace(attribute(token, "rel")), "stylesheet")
	}
	return false
}

func attribute(token html.Token, name string) string {
	for _, a := range token.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func (rw *rewriter) attributes(token *html.Token) (changed bool) {
	for i, a := range token.Attr {
		value := strings.TrimSpace(a.Val)
		switch a.Key {
		case "src", "href", "background", "poster", "data":
			if len(value) > 4 && strings.EqualFold(value[:4], "cid:") {
				token.Attr[i].Val, changed = rw.inline(value), true
			}
		case "style", "media", "content":
			if linked := rw.style(value); linked != value {
				token.Attr[i].Val, changed = linked, true
			}
		}
	}
	if token.Data == "iframe" || token.Data == "frame" {
		// Browsers connect to its host before they ask the policy.
		changed = removeAttributes(token, func(a html.Attribute) bool { return a.Key == "src" }) || changed
	}
	return rw.preview != nil && rw.preview.attributes(token) || changed
}

// removeAttributes reports whether there were any to remove.
func removeAttributes(token *html.Token, remove func(html.Attribute) bool) bool {
	before := len(token.Attr)
	token.Attr = slices.DeleteFunc(token.Attr, remove)
	return len(token.Attr) != before
}

// style rewrites what stands in a style sheet, or in an attribute that tells of one.
func (rw *rewriter) style(css string) string {
	if rw.preview != nil {
		css = rw.preview.style(css)
	}
	return cidURL.ReplaceAllStringFunc(css, rw.inline)
}

// inline is the part that a cid: URL names, as an image within the URL itself, as long
// as there is room.
func (rw *rewriter) inline(cid string) string {
	contentID := cid[len("cid:"):]
	if unescaped, err := url.PathUnescape(contentID); err == nil {
		contentID = unescaped
	}
	part := partByContentID(rw.mail, contentID)
	if part == nil || !strings.HasPrefix(part.MediaType, "image/") || len(part.Body()) > rw.room {
		return cid
	}
	rw.room -= len(part.Body())
	return "data:" + part.MediaType + ";base64," + base64.StdEncoding.EncodeToString(part.Decode())
}

// partByContentID is the leaf with that Content-ID, or nil.
func partByContentID(mail *message.Message, contentID string) *message.Part {
	for _, part := range mail.Parts() {
		if len(part.Parts) == 0 && contentID != "" && part.ContentID() == contentID {
			return part
		}
	}
	return nil
}
