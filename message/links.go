package message

import (
	"strings"
	"unicode"
	"unicode/utf8"

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
	URL  string // absolute: http, https or mailto
	Text string // what the HTML shows for it, white space collapsed; may be empty
}

// Links gives the links of a text and an HTML body: URLs in the text, then those
// of a and area elements, each once, in the order of appearance. Images, style
// sheets and relative URLs are none. The work is linear in the size of the
// bodies.
func Links(text, page string) []Link {
	l := linkList{place: make(map[string]int)}
	l.fromText(cutText(text, MaxText))
	l.fromHTML(cutText(page, MaxText))
	return l.list
}

// linkList holds each URL once.
type linkList struct {
	list  []Link
	place map[string]int // of a URL in list
}

// add adds a link, or its text to the link with the same URL.
func (l *linkList) add(url, text string) {
	if i, ok := l.place[url]; ok {
		if l.list[i].Text == "" {
			l.list[i].Text = text
		}
		return
	}
	if len(l.list) >= MaxLinks || len(url) > MaxURL || scheme(url) == "" {
		return
	}
	l.place[url] = len(l.list)
	l.list = append(l.list, Link{URL: url, Text: text})
}

// scheme gives the scheme of a URL in lower case when it is one that counts, and
// something follows it.
func scheme(url string) string {
	name, rest, ok := strings.Cut(url[:min(len(url), 16)], ":")
	if !ok {
		return ""
	}
	switch name = strings.ToLower(name); name {
	case "http", "https":
		if strings.HasPrefix(rest, "//") && len(rest) > 2 {
			return name
		}
	case "mailto":
		if rest != "" {
			return name
		}
	}
	return ""
}

// fromText finds URLs in plain text by their scheme.
func (l *linkList) fromText(s string) {
	for at := 0; at < len(s); {
		colon := strings.IndexByte(s[at:], ':')
		if colon < 0 {
			return
		}
		colon += at
		start := colon
		for start > at && colon-start < len("mailto") && isLetter(s[start-1]) {
			start--
		}
		at = colon + 1
		if !urlBegins(s, start, colon) {
			continue
		}
		end := urlEnd(s, colon+1)
		l.add(s[start:end], "")
		at = max(at, end)
	}
}

// urlBegins tells that a scheme that counts stands before the colon, as a word of
// its own.
func urlBegins(s string, start, colon int) bool {
	if start > 0 && (isLetter(s[start-1]) || isDigit(s[start-1])) {
		return false
	}
	return scheme(s[start:min(len(s), colon+4)]) != ""
}

// urlEnd gives the end of a URL in text. Punctuation at its end is the
// sentence's, and a closing bracket is only the URL's if it has the opening one.
func urlEnd(s string, at int) int {
	end := at
	for end < len(s) {
		r, size := utf8.DecodeRuneInString(s[end:])
		if r <= ' ' || r == '<' || r == '>' || r == '"' || r == '`' || r == utf8.RuneError || unicode.IsSpace(r) {
			break
		}
		end += size
	}
	if end-at > MaxURL {
		return end
	}
	url := s[at:end]
	round := strings.Count(url, "(") - strings.Count(url, ")")
	square := strings.Count(url, "[") - strings.Count(url, "]")
	for len(url) > 0 {
		switch c := url[len(url)-1]; {
		case c == ')' && round < 0:
			round++
		case c == ']' && square < 0:
			square++
		case strings.IndexByte(".,;:!?'*_|}\\", c) < 0:
			return at + len(url)
		}
		url = url[:len(url)-1]
	}
	return at
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
				if url, _ = linkAttributes(z, more); url != "" {
					open = true
				}
			case tag == atom.Area:
				if target, alt := linkAttributes(z, more); target != "" {
					l.add(target, cutText(alt, maxLinkText))
				}
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

// linkAttributes gives the first href, without white space and control
// characters, which browsers drop, and the first alt.
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
			}, strings.TrimSpace(strings.ToValidUTF8(string(value), "\ufffd")))
		case string(key) == "alt" && alt == "":
			alt = strings.Join(strings.Fields(strings.ToValidUTF8(string(value), "\ufffd")), " ")
		}
	}
	return href, alt
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
