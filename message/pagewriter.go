package message

import (
	"bytes"
	"strings"
)

// pageWriter writes HTML in which every text and value is escaped. Beyond maxPage
// bytes it writes nothing but end tags.
type pageWriter struct {
	b       bytes.Buffer
	discard bool // write nothing at all
	inTag   bool // a start tag was begun
}

// fits reports whether there is room for so many bytes more.
func (w *pageWriter) fits(n int) bool { return !w.discard && w.b.Len()+n <= maxPage }

// open begins a start tag, which attributes and close follow.
func (w *pageWriter) open(name string) {
	if w.inTag = w.fits(len(name)); w.inTag {
		w.b.WriteByte('<')
		w.b.WriteString(name)
	}
}

// attribute adds one to the start tag.
func (w *pageWriter) attribute(name, value string) {
	if !w.inTag || !w.fits(len(name)+len(value)) {
		return
	}
	w.b.WriteByte(' ')
	w.b.WriteString(name)
	w.b.WriteString(`="`)
	w.escape(value, `&<>"`+"\r\x00")
	w.b.WriteByte('"')
}

// close ends the start tag.
func (w *pageWriter) close() {
	if w.inTag {
		w.b.WriteByte('>')
	}
	w.inTag = false
}

// end writes an end tag.
func (w *pageWriter) end(name string) {
	if w.fits(-maxPage) {
		w.b.WriteString("</")
		w.b.WriteString(name)
		w.b.WriteByte('>')
	}
}

func (w *pageWriter) text(s string) {
	if w.fits(len(s)) {
		w.escape(s, "&<>\r\x00")
	}
}

// raw writes markup of this package, or text that needs no escaping.
func (w *pageWriter) raw(s string) {
	if w.fits(len(s)) {
		w.b.WriteString(s)
	}
}

var pageEscapes = map[byte]string{'&': "&amp;", '<': "&lt;", '>': "&gt;", '"': "&#34;", '\r': "&#13;", 0: ""}

// escape writes s with some characters as references.
func (w *pageWriter) escape(s, special string) {
	for i := strings.IndexAny(s, special); i >= 0; i = strings.IndexAny(s, special) {
		w.b.WriteString(s[:i])
		w.b.WriteString(pageEscapes[s[i]])
		s = s[i+1:]
	}
	w.b.WriteString(s)
}
