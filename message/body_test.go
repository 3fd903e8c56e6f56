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

// textPart, htmlPart and imagePart are parts to choose from.
func textPart(s string) string { return entity("Content-Type: text/plain", s) }

func htmlPart(s string) string { return entity("Content-Type: text/html", s) }

var imagePart = entity("Content-Type: image/png\nContent-ID: <i>", "png")

// choice is what is expected to be chosen from a message.
type choice struct {
	name, raw   string
	text, html  string
	attachments string // media types
}

func checkChoices(t *testing.T, choices []choice) {
	t.Helper()
	for _, tt := range choices {
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

func TestChoosesBodies(t *testing.T) {
	checkChoices(t, []choice{
		{"plain", textPart("t"), "t", "", ""},
		{"HTML", htmlPart("h"), "", "h", ""},
		{"no type", entity("Subject: x", "t"), "t", "", ""},
		{"other text", entity("Content-Type: text/markdown", "# t"), "# t", "", ""},
		{"attachment alone", entity("Content-Type: text/plain\nContent-Disposition: attachment", "t"), "", "", "text/plain"},
		{"no text", imagePart, "", "", "image/png"},
		{"signed", entity("Content-Type: multipart/signed", entity("Content-Type: multipart/alternative", textPart("t"), htmlPart("h")), textPart("signature")), "t", "h", "text/plain"},
		{"text that is an image", entity("Content-Type: multipart/mixed", textPart("t"), entity("Content-ID: <logo>", pngHead)), "t", "", "text/plain"},
		{"unknown multipart", entity("Content-Type: multipart/x-new", textPart("t"), imagePart), "t", "", "image/png"},
	})
}

func TestChoosesAlternatives(t *testing.T) {
	checkChoices(t, []choice{
		{"last alternative", entity("Content-Type: multipart/alternative", textPart("t1"), htmlPart("h1"), textPart("t2"), htmlPart("h2")), "t1\nt2", "h1\nh2", ""},
		{"other alternatives", entity("Content-Type: multipart/alternative", textPart("t"), entity("Content-Type: text/x-amp-html", "a"), htmlPart("h")), "t", "h", "text/x-amp-html"},
		{"last alternative is blank", entity("Content-Type: multipart/alternative", textPart("t"), htmlPart("h"), textPart(" \n"), htmlPart("\u00a0"), textPart("")), "t", "h", ""},
		{"last HTML shows nothing", entity("Content-Type: multipart/alternative", textPart("t"), htmlPart("h"), htmlPart("<html><body></body></html>")), "t", "h", "text/html"},
		{"the same text twice", entity("Content-Type: multipart/alternative", textPart("a b"), textPart("a  b\n"), htmlPart("h")), "a  b\n", "h", "text/plain"},
		{"HTML first", entity("Content-Type: multipart/alternative", htmlPart("h"), textPart("t")), "t", "h", ""},
		{"only blank", entity("Content-Type: multipart/alternative", textPart(" "), htmlPart("")), " ", "", ""},
		{"footer in an alternative", entity("Content-Type: multipart/alternative", textPart("t"), htmlPart("h"), textPart("footer")), "t\nfooter", "h", ""},
		{"simple and rich HTML", entity("Content-Type: multipart/alternative", textPart("t"), htmlPart("h x"), entity("Content-Type: multipart/related", htmlPart("<b>h</b> x"), imagePart)), "t", "<b>h</b> x", "text/html image/png"},
		{"HTML in pieces", entity("Content-Type: multipart/alternative", textPart("t"), entity("Content-Type: multipart/mixed", htmlPart("h1"), entity("Content-Type: application/pdf", "p"), htmlPart("h2"))), "t", "h1\nh2", "application/pdf"},
		{"enriched text is not the text", entity("Content-Type: multipart/alternative", textPart("t"), entity("Content-Type: text/enriched", "<bold>t</bold>")), "t", "", "text/enriched"},
		{"enriched text alone", entity("Content-Type: multipart/alternative", entity("Content-Type: text/enriched", "<bold>t</bold>")), "<bold>t</bold>", "", ""},
		{"named alternatives", entity("Content-Type: multipart/alternative", entity("Content-Type: text/plain; name=p.txt", "t"), entity("Content-Type: text/html; name=h.html", "h")), "t", "h", ""},
		{"named text behind the alternatives", entity("Content-Type: multipart/alternative", textPart("t"), htmlPart("h"), entity("Content-Type: text/plain; name=a.txt", "a")), "t", "h", "text/plain"},
	})
}

func TestChoosesInMixedAndRelated(t *testing.T) {
	checkChoices(t, []choice{
		{"related first", entity("Content-Type: multipart/related", htmlPart("h"), imagePart), "", "h", "image/png"},
		{"related start", entity("Content-Type: multipart/related; start=\"<r>\"", imagePart, entity("Content-Type: text/html\nContent-ID: <r>", "h"), textPart("t")), "t", "h", "image/png"},
		{"related start missing", entity("Content-Type: multipart/related; start=\"<x>\"", htmlPart("h"), imagePart), "", "h", "image/png"},
		{"related in alternative in mixed", entity("Content-Type: multipart/mixed", entity("Content-Type: multipart/alternative", textPart("t"), entity("Content-Type: multipart/related", htmlPart("h"), imagePart)), entity("Content-Type: application/pdf", "p")), "t", "h", "image/png application/pdf"},
		{"alternative in related", entity("Content-Type: multipart/related", entity("Content-Type: multipart/alternative", textPart("t"), htmlPart("h")), imagePart), "t", "h", "image/png"},
		{"mixed joins inline text", entity("Content-Type: multipart/mixed", textPart("t1"), imagePart, textPart("t2\n"), htmlPart("h1"), htmlPart("h2")), "t1\nt2\nh1\nh2", "h1\nh2", "image/png"},
		{"mixed text with a name", entity("Content-Type: multipart/mixed", textPart("t"), entity("Content-Type: text/plain; name=a.txt", "n"), entity("Content-Type: text/plain\nContent-Disposition: attachment", "a")), "t", "", "text/plain text/plain"},
		{"markdown and a footer", entity("Content-Type: multipart/mixed", entity("Content-Type: text/markdown", "# t"), textPart("footer")), "# t\nfooter", "", ""},
		{"HTML and a footer", entity("Content-Type: multipart/mixed", htmlPart("<p>a<br>b</p>"), imagePart, textPart("footer")), "a\nb\nfooter", "<p>a<br>b</p>", "image/png"},
		{"alternative of HTML alone and a footer", entity("Content-Type: multipart/mixed", entity("Content-Type: multipart/alternative", htmlPart("h")), textPart("footer")), "h\nfooter", "h", ""},
		{"alternative and a footer", entity("Content-Type: multipart/mixed", entity("Content-Type: multipart/alternative", textPart("t"), htmlPart("h")), textPart("footer")), "t\nfooter", "h", ""},
		{"text and HTML that says the same", entity("Content-Type: multipart/mixed", textPart("one  two\n"), htmlPart("<p>one <b>two</b></p>")), "one  two\n", "<p>one <b>two</b></p>", ""},
		{"HTML and text that says the same", entity("Content-Type: multipart/mixed", htmlPart("<p>one <b>two</b></p>"), textPart("one two")), "one two", "<p>one <b>two</b></p>", ""},
		{"related, image first", entity("Content-Type: multipart/related", imagePart, htmlPart("h")), "", "h", "image/png"},
		{"related, text first", entity("Content-Type: multipart/related", textPart("t"), htmlPart("h"), imagePart), "t", "h", "image/png"},
		{"related, blank text first", entity("Content-Type: multipart/related", textPart(""), htmlPart("h")), "", "h", ""},
		{"related, alternative later", entity("Content-Type: multipart/related", imagePart, entity("Content-Type: multipart/alternative", textPart("t"), htmlPart("h"))), "t", "h", "image/png"},
		{"related start is an image", entity("Content-Type: multipart/related; start=\"<i>\"", htmlPart("h"), imagePart), "", "h", "image/png"},
		{"named first", entity("Content-Type: multipart/mixed", entity("Content-Type: text/plain; name=body.txt", "t"), entity("Content-Type: text/plain; name=a.txt", "a")), "t", "", "text/plain"},
		{"named and inline", entity("Content-Type: multipart/mixed", textPart("t"), entity("Content-Type: text/plain\nContent-Disposition: inline; filename=a.txt", "a")), "t\na", "", "text/plain"},
		{"unknown dispositions", entity("Content-Type: multipart/mixed", textPart("t"), entity("Content-Type: text/plain\nContent-Disposition: x-download", "a"), entity("Content-Type: text/html\nContent-Disposition: download; filename=a", "b")), "t", "", "text/plain text/html"},
		{"disposition without a value", entity("Content-Type: multipart/mixed", textPart("t"), entity("Content-Type: text/plain\nContent-Disposition: ; size=1", "a"), entity("Content-Type: text/plain\nContent-Disposition: size=1", "b")), "t\na\nb", "", ""},
		{"form", entity("Content-Type: multipart/form-data", entity("Content-Disposition: form-data; name=a", "t")), "t", "", ""},
	})
}

func TestShowsTextInWantOfBodies(t *testing.T) {
	checkChoices(t, []choice{
		{"only a message", entity("Content-Type: message/rfc822", textPart("t")), "t", "", "message/rfc822"},
		{"named beside nothing else", entity("Content-Type: multipart/mixed", imagePart, entity("Content-Type: text/html; name=a.html", "h"), entity("Content-Type: text/plain; name=a.txt", "a")), "", "h", "image/png text/plain"},
		{"calendar alone", entity("Content-Type: multipart/mixed", entity("Content-Type: text/calendar", "BEGIN:VCALENDAR"), imagePart), "BEGIN:VCALENDAR", "", "image/png"},
		{"attachments alone", entity("Content-Type: multipart/mixed", entity("Content-Type: text/plain\nContent-Disposition: attachment", "a"), imagePart), "", "", "text/plain image/png"},
		{"messages alone", entity("Content-Type: multipart/digest", textPart("t1")[len("Content-Type: text/plain\n"):], "\nSubject: x\n\nt2"), "t1\nt2", "", "message/rfc822 message/rfc822"},
		{"message as an attachment", entity("Content-Type: multipart/mixed", entity("Content-Type: message/rfc822\nContent-Disposition: attachment", textPart("t")), imagePart), "t", "", "message/rfc822 image/png"},
		{"encoded message alone", entity("Content-Type: multipart/mixed", "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nU3ViamVjdDogYQoKaGVsbG8K"), "hello\n", "", "message/rfc822"},
		{"encoded HTML message alone", "Content-Type: message/rfc822\nContent-Transfer-Encoding: quoted-printable\n\nContent-Type: text/html\n\n<p>h=\n</p>", "h", "", "message/rfc822"},
		{"part of a message", "Content-Type: message/partial; id=x; number=2\n\nrest", "rest", "", "message/partial"},
		{"unknown disposition of the whole", entity("Content-Type: text/html\nContent-Disposition: =?utf-8?Q?invalid?=", "h"), "", "h", ""},
		{"image as the only text", "Content-Type: text/plain\nContent-ID: <x>\n\nGIF89a", "GIF89a", "", ""},
		{"blank text and a message", entity("Content-Type: multipart/mixed", textPart("\n"), entity("Content-Type: message/rfc822", htmlPart("h"))), "", "h", "message/rfc822"},
		{"text beside a message", entity("Content-Type: multipart/mixed", textPart("t"), entity("Content-Type: message/rfc822", textPart("inner"))), "t", "", "message/rfc822"},
		{"signed without text", entity("Content-Type: multipart/signed", imagePart, textPart("t")), "t", "", "image/png"},
		{"multipart without boundary", entity("Content-Type: multipart/mixed", textPart("t"), "Content-Type: multipart/alternative\n\nx"), "t\nx", "", ""},
	})
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

// alternativesInEachOther gives alternatives that each hold a small part and the next
// alternative; the innermost holds a large one.
func alternativesInEachOther(kind, small, large string) string {
	var b strings.Builder
	for i := range MaxDepth - 1 {
		fmt.Fprintf(&b, "Content-Type: multipart/alternative; boundary=b%d-\n\n--b%d-\nContent-Type: %s\n\n%s\n--b%d-\n", i, i, kind, small, i)
	}
	return b.String() + "Content-Type: " + kind + "\n\n" + large
}

// Each of these takes minutes if the large part is read again on each level of nesting.
func TestChoosingIsLinear(t *testing.T) {
	large := strings.Repeat("<b> </b>\n", 256<<10)
	for name, raw := range map[string]string{
		"blank text":            alternativesInEachOther("text/plain", "x", large[:0]+strings.Repeat(" \n", 1<<20)),
		"HTML without words":    alternativesInEachOther("text/html", "x", large),
		"HTML with words":       alternativesInEachOther("text/html", "x", strings.Replace(large, " ", "word ", -1)),
		"related blank texts":   "Content-Type: multipart/related; boundary=b\n\n" + strings.Repeat("--b\n\n \n", MaxParts),
		"blank alternatives":    "Content-Type: multipart/alternative; boundary=b\n\n" + strings.Repeat("--b\n\n \n", MaxParts),
		"alternatives":          "Content-Type: multipart/alternative; boundary=b\n\n" + strings.Repeat("--b\n\nx\n--b\nContent-Type: text/html\n\ny\n", MaxParts/2),
		"named alternatives":    "Content-Type: multipart/alternative; boundary=b\n\n" + strings.Repeat("--b\nContent-Type: text/plain; name=x\n\n \n", MaxParts),
		"messages in messages":  strings.Repeat("Content-Type: message/rfc822\n\n", MaxDepth) + large,
		"encoded in each other": strings.Repeat("Content-Type: message/rfc822\nContent-Transfer-Encoding: quoted-printable\n\n", 25_000),
	} {
		t.Run(name, func(t *testing.T) {
			m := Parse(raw)
			m.Text()
			m.HTML()
			m.Attachments()
		})
	}
}
