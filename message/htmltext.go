package message

import (
	"strings"
	"unicode"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// TextFromHTML gives the text that a page shows, roughly laid out: blocks on
// lines of their own, white space collapsed, no scripts, styles or title. It
// reads at most [MaxText] bytes of the page.
func TextFromHTML(page string) string { return textFromHTML(page, MaxText) }

// TextAndLinks is [TextFromHTML] with the URL of each link behind its text, as in
// "Sign in ( https://a.test/ )", where the blanks tell programs where the URL ends. A link
// whose text is its URL, or whose URL [Links] would not give, is as it is there. With the
// URLs it may be longer than MaxText, but by no more than the page is long.
func TextAndLinks(page string) string {
	w := flowWriter{links: true}
	return w.read(page, MaxText)
}

// textFromHTML is TextFromHTML that ends when it has so many bytes of text, or more.
func textFromHTML(page string, enough int) string { return new(flowWriter).read(page, enough) }

// read writes the text of a page, until it has so many bytes or more, and returns it.
func (w *flowWriter) read(page string, enough int) string {
	z := html.NewTokenizer(strings.NewReader(cutText(page, MaxText)))
	var last atom.Atom // the last start tag, which says what raw text is
	for w.b.Len() < enough {
		switch z.Next() {
		case html.ErrorToken:
			w.endLink()
			return w.b.String()
		case html.TextToken:
			if !hidden[last] {
				w.text(html.UnescapeString(string(z.Raw())))
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			name, more := z.TagName()
			switch last = atom.Lookup(name); {
			case last == atom.Noscript:
				z.NextIsNotRawText() // where no script runs, it is shown
			case last == atom.A && w.links:
				w.endLink()
				w.url, _ = linkAttributes(z, more)
				w.linked = w.b.Len()
			}
			w.tag(last)
		case html.EndTagToken:
			name, _ := z.TagName()
			last = 0
			ended := atom.Lookup(name)
			if ended == atom.A {
				w.endLink()
			}
			w.tag(ended)
		}
	}
	return w.b.String()
}

// hidden elements hold raw text that is not shown.
var hidden = map[atom.Atom]bool{
	atom.Script: true, atom.Style: true, atom.Title: true, atom.Iframe: true, atom.Noembed: true, atom.Noframes: true,
}

// blocks are elements that begin and end lines.
var blocks = map[atom.Atom]bool{
	atom.Address: true, atom.Article: true, atom.Blockquote: true, atom.Body: true, atom.Center: true, atom.Dd: true,
	atom.Div: true, atom.Dl: true, atom.Dt: true, atom.Footer: true, atom.Form: true, atom.H1: true, atom.H2: true,
	atom.H3: true, atom.H4: true, atom.H5: true, atom.H6: true, atom.Header: true, atom.Hr: true, atom.Li: true,
	atom.Main: true, atom.Ol: true, atom.P: true, atom.Pre: true, atom.Section: true, atom.Table: true, atom.Tr: true,
	atom.Ul: true,
}

// flowWriter writes text with its white space collapsed.
type flowWriter struct {
	b     strings.Builder
	space bool // a space is due before the next text
	lines int  // line ends due before the next text, at most 2

	links  bool   // URLs are written too
	url    string // of the link that is open, "" if none is
	linked int    // where its text begins
}

// endLink writes the URL of the link that is open, on the line of its text.
func (w *flowWriter) endLink() {
	url := w.url
	if w.url = ""; url == "" || len(url) > MaxURL || !linkable(url) {
		return
	}
	url = strings.TrimPrefix(url, "mailto:")
	shown := strings.TrimSpace(w.b.String()[w.linked:])
	if shown == url {
		return
	}
	due := 0 // lines that end after the URL rather than before it
	if shown != "" {
		due, w.lines = w.lines, 0
	}
	w.space = true
	w.text("( " + url + " )")
	w.space, w.lines = true, due
}

func (w *flowWriter) text(s string) {
	for _, field := range splitSpace(s) {
		if field == "" {
			w.space = true
			continue
		}
		if w.b.Len() > 0 {
			if w.lines > 0 {
				w.b.WriteString("\n\n"[:w.lines])
			} else if w.space {
				w.b.WriteByte(' ')
			}
		}
		w.b.WriteString(field)
		w.space, w.lines = false, 0
	}
}

// splitSpace splits s at white space; an empty element stands for each run of it.
func splitSpace(s string) []string {
	var fields []string
	for s != "" {
		n := strings.IndexFunc(s, unicode.IsSpace)
		if n < 0 {
			return append(fields, s)
		}
		if n > 0 {
			fields = append(fields, s[:n])
		}
		fields = append(fields, "")
		s = strings.TrimLeftFunc(s[n:], unicode.IsSpace)
	}
	return fields
}

func (w *flowWriter) tag(name atom.Atom) {
	switch {
	case name == atom.Br:
		w.lines = min(w.lines+1, 2)
	case name == atom.P:
		w.lines = 2
	case blocks[name]:
		w.lines = max(w.lines, 1)
	case name == atom.Td || name == atom.Th:
		w.space = true
	}
}
