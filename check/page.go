package check

import (
	"fmt"
	"strings"

	"golang.org/x/net/html"
)

// maxPage is how much of the HTML is walked over, in bytes.
const maxPage = 4 << 20

// walker goes over the HTML once, tag by tag.
type walker struct {
	*checker
	uses     uses
	elements int

	z    *html.Tokenizer
	at   int // where the token begins in the page
	end  int // where it ends
	line int // the line that it begins in, counted from 1

	attributes []attribute // of the element
	link       openLink
	raw        string // the element whose text comes next: style or title

	doctype, lang, title bool
	based                bool // a base element gives the base of relative links
	charset              string
	scheme               bool // a meta element names the colour schemes
	dark                 *Place
}

type attribute struct{ key, value string }

func newWalker(c *checker) *walker {
	w := &walker{checker: c, uses: make(uses), line: 1}
	if len(c.page) > maxPage {
		c.page = c.page[:maxPage]
		c.found(PageCut, "", in(c.htmlPart.Index))
	}
	w.z = html.NewTokenizer(strings.NewReader(c.page))
	return w
}

// here is the place of the token.
func (w *walker) here() Place { return w.placeOf(w.at, w.end, w.line)() }

// placeOf gives the place of a tag.
func (w *walker) placeOf(at, end, line int) func() Place {
	return func() Place { return Place{Part: w.htmlPart.Index, Line: line, Element: excerpt(w.page[at:end])} }
}

// walk reads the whole page.
func (w *walker) walk() {
	for {
		kind := w.z.Next()
		if kind == html.ErrorToken {
			break
		}
		w.end = min(len(w.page), w.at+len(w.z.Raw()))
		w.token(kind)
		w.line += strings.Count(w.page[w.at:w.end], "\n")
		w.at = w.end
	}
	w.closeLink()
	w.wholePage()
}

func (w *walker) token(kind html.TokenType) {
	raw := w.raw
	w.raw = ""
	switch kind {
	case html.DoctypeToken:
		w.doctype = true
		if words := strings.Fields(strings.ToLower(excerpt(string(w.z.Text())))); len(words) == 1 && words[0] == "html" {
			w.uses.see("x:doctype", w.here)
		}
	case html.CommentToken:
		w.uses.see("x:html-comment", w.here)
	case html.TextToken:
		text := w.page[w.at:w.end]
		switch {
		case raw == "style":
			w.sheet(text)
		case raw == "title":
			w.title = w.title || strings.TrimSpace(text) != ""
		default:
			w.link.show(text)
		}
	case html.StartTagToken, html.SelfClosingTagToken:
		w.elements++
		w.element()
	case html.EndTagToken:
		if name, _ := w.z.TagName(); string(name) == "a" {
			w.closeLink()
		}
	}
}

// wholePage reports what is known only at the end of the page.
func (w *walker) wholePage() {
	start := w.placeOf(0, 0, 1)
	if !w.doctype {
		w.found(DoctypeMissing, "", start)
	}
	if !w.lang {
		w.found(LangMissing, "", start)
	}
	if !w.title {
		w.found(TitleMissing, "", start)
	}
	if size := len(w.page); size > MaxHTML*9/10 && size <= MaxHTML {
		w.found(NearLarge, fmt.Sprintf("%d of %d bytes", size, MaxHTML), start)
	}
	if w.dark != nil && !w.scheme {
		w.found(SchemeUndeclared, "", func() Place { return *w.dark })
	}
	named := charsetName(w.htmlPart.ContentType().Param("charset"))
	meta := charsetName(w.charset)
	if named != "" && meta != "" && named != meta {
		w.found(MetaCharset, excerpt(meta+", the part "+named), start)
	}
	if named == "" {
		named = meta
	}
	if named != "" && named != "utf-8" && named != "us-ascii" {
		w.found(NotUTF8, excerpt(named), start)
	}
}

// charsetName returns the name of a charset in lower case, and a single name for aliases of
// the two most common ones.
func charsetName(name string) string {
	switch name = strings.ToLower(strings.Trim(name, " \t\r\n\"'")); name {
	case "utf8", "unicode-1-1-utf-8":
		return "utf-8"
	case "ascii":
		return "us-ascii"
	}
	return name
}
