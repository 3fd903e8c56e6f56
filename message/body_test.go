package message

import (
	"fmt"
	"strings"
	"testing"
)

// entity writes a part; each child is an entity too.
func entity(fields string, children ...string) string {
	if !strings.Contains(fields, "multipart/") {
		return fields + "\n\n" + strings.Join(children, "")
	}
	boundary := fmt.Sprintf("b%d", len(strings.Join(children, "")))
	var b strings.Builder
	b.WriteString(fields + "; boundary=" + boundary + "\n\n")
	for _, child := range children {
		b.WriteString("--" + boundary + "\n" + child + "\n")
	}
	return b.String() + "--" + boundary + "--\n"
}

func TestChoosesBodies(t *testing.T) {
	text := func(s string) string { return entity("Content-Type: text/plain", s) }
	html := func(s string) string { return entity("Content-Type: text/html", s) }
	image := entity("Content-Type: image/png\nContent-ID: <i>", "png")
	tests := []struct {
		name, raw   string
		text, html  string
		attachments string // media types
	}{
		{"plain", text("t"), "t", "", ""},
		{"HTML", html("h"), "", "h", ""},
		{"no type", entity("Subject: x", "t"), "t", "", ""},
		{"other text", entity("Content-Type: text/markdown", "# t"), "# t", "", ""},
		{"attachment alone", entity("Content-Type: text/plain\nContent-Disposition: attachment", "t"), "", "", "text/plain"},
		{"no text", image, "", "", "image/png"},
		{"last alternative", entity("Content-Type: multipart/alternative", text("t1"), html("h1"), text("t2"), html("h2")), "t2", "h2", "text/plain text/html"},
		{"other alternatives", entity("Content-Type: multipart/alternative", text("t"), entity("Content-Type: text/x-amp-html", "a"), html("h")), "t", "h", "text/x-amp-html"},
		{"related first", entity("Content-Type: multipart/related", html("h"), image), "", "h", "image/png"},
		{"related start", entity("Content-Type: multipart/related; start=\"<r>\"", image, entity("Content-Type: text/html\nContent-ID: <r>", "h"), text("t")), "", "h", "image/png text/plain"},
		{"related start missing", entity("Content-Type: multipart/related; start=\"<x>\"", html("h"), image), "", "h", "image/png"},
		{"related in alternative in mixed", entity("Content-Type: multipart/mixed", entity("Content-Type: multipart/alternative", text("t"), entity("Content-Type: multipart/related", html("h"), image)), entity("Content-Type: application/pdf", "p")), "t", "h", "image/png application/pdf"},
		{"alternative in related", entity("Content-Type: multipart/related", entity("Content-Type: multipart/alternative", text("t"), html("h")), image), "t", "h", "image/png"},
		{"mixed joins inline text", entity("Content-Type: multipart/mixed", text("t1"), image, text("t2\n"), html("h1"), html("h2")), "t1\nt2\n", "h1\nh2", "image/png"},
		{"mixed text with a name", entity("Content-Type: multipart/mixed", text("t"), entity("Content-Type: text/plain; name=a.txt", "n"), entity("Content-Type: text/plain\nContent-Disposition: attachment", "a")), "t", "", "text/plain text/plain"},
		{"signed", entity("Content-Type: multipart/signed", entity("Content-Type: multipart/alternative", text("t"), html("h")), text("signature")), "t", "h", "text/plain"},
		{"message", entity("Content-Type: message/rfc822", text("t")), "", "", "message/rfc822"},
		{"unknown multipart", entity("Content-Type: multipart/x-new", text("t"), image), "t", "", "image/png"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := Parse(tt.raw)
			walk(t, m)
			var types []string
			for _, p := range m.Attachments() {
				types = append(types, p.MediaType)
			}
			if m.Text() != tt.text || m.HTML() != tt.html || strings.Join(types, " ") != tt.attachments {
				t.Errorf("text %q, HTML %q, attachments %q of\n%s", m.Text(), m.HTML(), types, tt.raw)
			}
		})
	}
}

func TestInline(t *testing.T) {
	for fields, want := range map[string]bool{
		"Content-Disposition: inline":                          true,
		"Content-Disposition: INLINE; filename=x":              true,
		"Content-ID: <x@y>":                                    true,
		"Content-Disposition: attachment\r\nContent-ID: <x@y>": false,
		"Content-Type: image/png":                              false,
	} {
		if got := Parse(fields + "\r\n\r\nx").Root.Inline(); got != want {
			t.Errorf("%q: %v", fields, got)
		}
	}
}

func TestMissingBodyIsToldFromEmpty(t *testing.T) {
	for raw, want := range map[string][2]bool{
		entity("Content-Type: text/plain"):                                 {true, false},
		entity("Content-Type: text/html"):                                  {false, true},
		entity("Content-Type: image/png", "x"):                             {false, false},
		entity("Content-Type: text/html\nContent-Disposition: attachment"): {false, false},
		entity("Content-Type: multipart/alternative", entity("Content-Type: text/plain"), entity("Content-Type: text/html")): {true, true},
		"": {true, false},
	} {
		if m := Parse(raw); m.HasText() != want[0] || m.HasHTML() != want[1] {
			t.Errorf("text %v, HTML %v of\n%s", m.HasText(), m.HasHTML(), raw)
		}
	}
}
