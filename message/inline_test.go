package message

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestInlineImagesOfMails counts the images that each mail shows by itself.
func TestInlineImagesOfMails(t *testing.T) {
	for name, want := range map[string]struct {
		png, gif int
	}{
		"cid-with-percent-sign":        {1, 0},
		"cid-in-srcset":                {5, 0},
		"cid-in-forwarded-mail-too":    {1, 0},
		"content-location":             {2, 0},
		"inline-image-as-octet-stream": {2, 0},
		"related-image-first":          {1, 0},
		"preconnect-in-svg":            {0, 0},
	} {
		raw, err := os.ReadFile(filepath.Join("testdata", "reported", name+".eml"))
		if err != nil {
			t.Fatal(err)
		}
		m := Parse(string(raw))
		page := string(m.Page(PageOptions{}))
		if png, gif := strings.Count(page, "data:image/png;base64,"), strings.Count(page, "data:image/gif;base64,"); png != want.png || gif != want.gif {
			t.Errorf("%s: %d and %d images: %s", name, png, gif, page)
		}
		if r := m.Resources(); len(r.Missing)+len(r.Relative)+len(r.Remote) > 0 {
			t.Errorf("%s: refers to %+v", name, r)
		}
	}
}

func TestInlinePartNearestToTheHTML(t *testing.T) {
	image := func(id, kind string) string {
		return "Content-Type: image/png\r\nContent-ID: <" + id + ">\r\nX-Kind: " + kind + "\r\n\r\n\x89PNG\r\n\x1a\n"
	}
	multipart := func(kind string, parts ...string) string {
		b := strings.Repeat("b", 1+strings.Count(strings.Join(parts, ""), "boundary="))
		return "Content-Type: multipart/" + kind + "; boundary=" + b + "x\r\n\r\n--" + b + "x\r\n" + strings.Join(parts, "\r\n--"+b+"x\r\n") + "\r\n--" + b + "x--\r\n"
	}
	page := "Content-Type: text/html\r\n\r\n<img src='cid:i'>"
	forwarded := "Content-Type: message/rfc822\r\n\r\n" + multipart("related", page, image("i", "forwarded"))
	for _, tt := range []struct{ name, raw, want string }{
		{"beside it", multipart("mixed", image("i", "far"), multipart("related", page, image("i", "beside"))), "beside"},
		{"above it", multipart("mixed", multipart("related", page, image("j", "beside")), image("i", "above")), "above"},
		{"around an alternative", multipart("related", multipart("alternative", "\r\ntext", page), image("i", "around")), "around"},
		{"not deeper in another", multipart("mixed", page, multipart("mixed", image("i", "deeper")), image("i", "same")), "same"},
		{"not in a forwarded mail", multipart("mixed", forwarded, page, image("i", "own")), "own"},
		{"in a forwarded mail where there is no other", multipart("mixed", page, forwarded), "forwarded"},
		{"the first of the same", multipart("related", page, image("i", "first"), image("i", "second")), "first"},
		{"a percent sign stands for itself", multipart("related", page, image("%69", "escaped"), image("i", "plain")), "plain"},
	} {
		p := Parse(tt.raw).InlinePart("i")
		if p == nil || p.Header.Get("X-Kind") != tt.want {
			t.Errorf("%s: %+v", tt.name, p)
		}
	}
	m := Parse(multipart("related", page, image("a%40b", "literal"), image("a@b", "decoded")))
	for id, want := range map[string]string{"a%40b": "literal", "a@b": "decoded", "a%2540b": "literal", "%61@b": "decoded"} {
		if p := m.InlinePart(id); p == nil || p.Header.Get("X-Kind") != want {
			t.Errorf("%s: %+v", id, p)
		}
	}
	if p := m.InlinePart(""); p != nil {
		t.Errorf("no Content-ID: %+v", p)
	}
}

func TestPartsByContentLocation(t *testing.T) {
	mail := func(base, page, location string) *Message {
		return Parse(base + "Content-Type: multipart/related; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n" + page +
			"\r\n--b\r\nContent-Type: image/gif\r\nContent-Location: " + location + "\r\n\r\n" + gif + "\r\n--b--\r\n")
	}
	for _, tt := range []struct{ name, base, page, location string }{
		{"both absolute", "", "<img src=https://e.test/a.gif>", "https://e.test/a.gif"},
		{"both relative", "", "<img src=a.gif>", "a.gif"},
		{"relative in another way", "", "<img src=./x/../a.gif>", "a.gif"},
		{"folded", "", "<img src=https://e.test/long/a.gif>", "https://e.test/long\r\n /a.gif"},
		{"relative to the message", "Content-Location: https://e.test/dir/\r\n", "<img src=https://e.test/dir/a.gif>", "a.gif"},
		{"relative to the message the other way", "Content-Base: https://e.test/dir/\r\n", "<img src=a.gif>", "https://e.test/dir/a.gif"},
		{"relative to a base element", "", "<base href=https://e.test/dir/><img src=a.gif>", "https://e.test/dir/a.gif"},
		{"in a style sheet", "", "<p style='background: url(a.gif)'>", "a.gif"},
	} {
		if page := mail(tt.base, tt.page, tt.location).Page(PageOptions{}); strings.Count(string(page), pixel) != 1 {
			t.Errorf("%s: %s", tt.name, page)
		}
	}
	if page := mail("", "<img src=b.gif><img src=https://e.test/a.gif>", "a.gif").Page(PageOptions{}); strings.Contains(string(page), pixel) {
		t.Errorf("another location: %s", page)
	}
}

func TestReferencesThatShowNothingAreProblems(t *testing.T) {
	m := withImage(`<img src=cid:no@x><img src=cid:never@x><img src=cid:logo@x><img src=/a.png><img src=http://e.test/b><a href=/c><style>d { e: url(//f.test) }</style>`)
	found := make(map[Code]string)
	for _, p := range m.Problems() {
		found[p.Code] = p.Text
	}
	for code, want := range map[Code]string{MissingInline: "cid:no@x and 1 more", RelativeImage: "/a.png", InsecureImage: "http://e.test/b"} {
		if found[code] != want {
			t.Errorf("%s: %q, want %q", code, found[code], want)
		}
	}
}
