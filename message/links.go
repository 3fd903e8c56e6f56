package message

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// Limits of Links.
const (
	// MaxLinks is how many links are given.
	MaxLinks = 1000
	// MaxURL is the longest URL given, in bytes; longer ones are left out.
	MaxURL = 8 << 10
	// maxLinkText is the longest text of a link, in bytes.
	maxLinkText = 300
)

// Link is a link in a mail.
type Link struct {
	URL  string // with a scheme, or a host ("//host/path")
	Text string // what the HTML shows for it, white space collapsed; may be empty
}

// Links gives the links of a text and an HTML body: URLs in the text, as
// [TextLinks] finds them, then those of a and area elements, each once, in the
// order of appearance, at most [MaxLinks]. They are of any scheme but those that
// run something, such as javascript and data. Images and style sheets are none, nor
// are relative URLs unless the HTML has a base element. The work is linear in the
// size of the bodies.
func Links(text, page string) []Link {
	list, _ := findLinks(text, page)
	return list
}

// findLinks returns the links, and reports whether there are more than are listed.
func findLinks(text, page string) ([]Link, bool) {
	l := linkList{place: make(map[string]int)}
	for link := range textLinks(cutText(text, MaxText)) {
		l.add(link.URL, "")
	}
	l.fromHTML(cutText(page, MaxText))
	return l.list, l.cut
}

// linkList holds each URL once.
type linkList struct {
	list  []Link
	place map[string]int // of a URL in list
	cut   bool           // there were more
	base  string         // for relative URLs in HTML
}

// add adds a link, or its text to the link with the same URL.
func (l *linkList) add(url, text string) {
	if i, ok := l.place[url]; ok {
		if l.list[i].Text == "" {
			l.list[i].Text = text
		}
		return
	}
	if len(url) > MaxURL || !linkable(url) {
		return
	}
	if len(l.list) >= MaxLinks {
		l.cut = true
		return
	}
	l.place[url] = len(l.list)
	l.list = append(l.list, Link{URL: url, Text: text})
}

// follow returns the URL that an href refers to.
func (l *linkList) follow(href string) string {
	if scheme, _ := urlScheme(href); scheme != "" || l.base == "" || href == "" || strings.HasPrefix(href, "#") {
		return href
	}
	return resolveURL(l.base, href)
}

// fromHTML finds the links of a page. The text of one ends where the element, or
// the next link, does.
func (l *linkList) fromHTML(page string) {
	z := html.NewTokenizer(strings.NewReader(page))
	url, open := "", false
	var text strings.Builder
	finish := func() {
		if open {
			shown := strings.ToValidUTF8(text.String(), "")
			l.add(url, cutText(strings.Join(strings.Fields(shown), " "), maxLinkText))
		}
		text.Reset()
		open = false
	}
	for {
		switch z.Next() {
		case html.ErrorToken:
			finish()
			return
		case html.TextToken:
			if raw := z.Raw(); open && text.Len() < 2*maxLinkText {
				text.WriteString(html.UnescapeString(string(raw[:min(len(raw), 2*maxLinkText)])))
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			name, more := z.TagName()
			switch tag := atom.Lookup(name); {
			case tag == atom.A:
				finish()
				href, _ := linkAttributes(z, more)
				url = l.follow(href)
				open = url != ""
			case tag == atom.Area:
				if target, alt := linkAttributes(z, more); target != "" {
					l.add(l.follow(target), cutText(alt, maxLinkText))
				}
			case tag == atom.Base && l.base == "":
				href, _ := linkAttributes(z, more)
				l.base, _ = remoteURL(href)
			case tag == atom.Img && open && text.Len() < 2*maxLinkText:
				_, alt := linkAttributes(z, more)
				text.WriteString(" " + cutText(alt, maxLinkText))
			}
		case html.EndTagToken:
			if name, _ := z.TagName(); atom.Lookup(name) == atom.A {
				finish()
			}
		}
	}
}

// linkAttributes gives the first href, as browsers read it, and the first alt.
func linkAttributes(z *html.Tokenizer, more bool) (href, alt string) {
	for more {
		var key, value []byte
		key, value, more = z.TagAttr()
		switch {
		case string(key) == "href" && href == "":
			href = strings.Map(func(r rune) rune {
				if r < ' ' || r == 0x7f {
					return -1
				}
				return r
			}, urlText(strings.ToValidUTF8(string(value), "\ufffd")))
		case string(key) == "alt" && alt == "":
			alt = strings.Join(strings.Fields(strings.ToValidUTF8(string(value), "\ufffd")), " ")
		}
	}
	return href, alt
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
