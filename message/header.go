package message

import (
	"strings"
	"unicode/utf8"
)

// Header is the fields of one header in the order they were sent, at most
// [MaxHeaderFields]. Repeated fields are all there.
type Header []Field

// Field is one header field (RFC 5322 2.2).
type Field struct {
	Name string // as sent
	Raw  string // what follows the colon as sent, folded, without the last line end
}

// Value is the field's text for people to read: unfolded, without blanks around
// it, RFC 2047 words and 8-bit text decoded. See [DecodeHeader].
func (f Field) Value() string {
	return strings.Trim(DecodeHeader(f.Raw), " \t")
}

// Get gives the decoded value of the first field with a name in any case, ""
// when there is none.
func (h Header) Get(name string) string {
	raw, ok := h.raw(name)
	if !ok {
		return ""
	}
	return Field{Raw: raw}.Value()
}

// All gives the decoded values of all fields with a name in any case.
func (h Header) All(name string) []string {
	var values []string
	for _, f := range h {
		if strings.EqualFold(f.Name, name) {
			values = append(values, f.Value())
		}
	}
	return values
}

// raw gives the first field with a name as sent.
func (h Header) raw(name string) (string, bool) {
	for _, f := range h {
		if strings.EqualFold(f.Name, name) {
			return f.Raw, true
		}
	}
	return "", false
}

// readHeader reads the header of p, which begins at a place, and gives the place
// where its body begins: after the empty line, or at a delimiter line or the end
// when there is none.
func (mp *mapper) readHeader(p *Part, at int) int {
	h := headerReader{mp: mp, part: p, junk: -1}
	if p.parent == nil && strings.HasPrefix(mp.raw, "From ") {
		at = nextLine(mp.raw, at) // mbox separator
	}
	for at < len(mp.raw) {
		after := nextLine(mp.raw, at)
		if _, ok := mp.delimiterAt(at, after); ok {
			h.finish()
			if len(p.Header) > 0 {
				mp.m.report(p, NoBlankLine, "")
			}
			p.headerEnd = at
			return at
		}
		end := beforeLineEnd(mp.raw, after)
		if end == at {
			h.finish()
			p.headerEnd = at
			return after
		}
		h.line(at, end)
		at = after
	}
	return h.atEnd()
}

// headerReader collects the fields of one header.
type headerReader struct {
	mp   *mapper
	part *Part

	name       string // of the field being read, "" when there is none
	start, end int    // of its value
	junk       int    // place of the first line that is no field, or -1
	junkFields int    // fields before that line
}

// line takes one line that is not empty, without its line end.
func (h *headerReader) line(start, end int) {
	raw := h.mp.raw
	if isBlank(raw[start]) && h.name != "" {
		h.end = end
		return
	}
	h.finish()
	name, ok := fieldName(raw[start:end])
	if !ok {
		if h.junk < 0 {
			h.junk, h.junkFields = start, len(h.part.Header)
			h.mp.m.report(h.part, MalformedField, excerpt(raw[start:end]))
		}
		return
	}
	h.name, h.end = strings.TrimRight(name, " \t"), end
	h.start = start + len(name) + 1
}

// fieldName gives what stands before the colon of a field's first line: printable
// ASCII, and perhaps blanks before the colon (RFC 5322 4.5).
func fieldName(line string) (string, bool) {
	colon := strings.IndexByte(line, ':')
	if colon <= 0 {
		return "", false
	}
	name := line[:colon]
	trimmed := strings.TrimRight(name, " \t")
	for i := 0; i < len(trimmed); i++ {
		if trimmed[i] <= ' ' || trimmed[i] >= 0x7f {
			return "", false
		}
	}
	return name, trimmed != ""
}

// finish adds the field being read, within the limits.
func (h *headerReader) finish() {
	if h.name == "" {
		return
	}
	p := h.part
	switch {
	case h.end-p.start > MaxHeaderBytes, len(p.Header) >= MaxHeaderFields, h.mp.fields >= MaxMessageFields:
		h.mp.m.report(p, HeaderTooLarge, "fields from "+excerpt(h.name)+" on are left out")
		p.headerFull = true
	case !p.headerFull:
		p.Header = append(p.Header, Field{Name: h.name, Raw: h.mp.raw[h.start:h.end]})
		h.mp.fields++
	}
	h.name = ""
}

// atEnd handles a header that no empty line ends. When the message itself has a
// line that is no field, its body is taken to begin there.
func (h *headerReader) atEnd() int {
	h.finish()
	p := h.part
	p.headerEnd = len(h.mp.raw)
	if p.parent == nil && h.junk >= 0 && h.junkFields > 0 {
		p.Header = p.Header[:h.junkFields]
		p.headerEnd = h.junk
		h.mp.m.report(p, NoBlankLine, "the body begins at the first line that is no field")
	}
	return p.headerEnd
}

// excerpt gives the beginning of some raw text, fit to be shown in a problem.
func excerpt(s string) string {
	const most = 60
	if len(s) <= most {
		return guessCharset(s)
	}
	cut := most
	for cut > most-utf8.UTFMax && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return guessCharset(s[:cut]) + "..."
}
