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
// where its body begins.
func (mp *mapper) readHeader(p *Part, at int) int {
	h := newHeaderScanner(mp.raw, at, mp)
	if p.parent == nil {
		h.skipMboxLine()
	}
	for {
		f, ok := h.next()
		if !ok {
			break
		}
		switch {
		case p.headerFull:
		case f.beyondLimit, mp.fields >= MaxMessageFields:
			mp.m.report(p, HeaderTooLarge, "fields from "+excerpt(f.name)+" on are left out")
			p.headerFull = true
		default:
			p.Header = append(p.Header, Field{Name: f.name, Raw: mp.raw[f.start:f.end]})
			mp.fields++
		}
	}
	if h.tookBack {
		p.Header = p.Header[:min(len(p.Header), h.sure)]
	}
	p.headerEnd = h.end
	mp.reportHeader(p, &h)
	return h.body
}

// reportHeader reports what was wrong with a header section that was read.
func (mp *mapper) reportHeader(p *Part, h *headerScanner) {
	if h.skipped >= 0 && !h.tookBack {
		line := mp.raw[h.skipped:nextLine(mp.raw, h.skipped)]
		mp.m.report(p, MalformedField, excerpt(strings.TrimRight(line, "\r\n")))
	}
	if h.unfolded != "" {
		mp.m.report(p, UnfoldedField, excerpt(h.unfolded))
	}
	switch {
	case !h.noBlank:
	case h.fields == 0 && (h.junk >= 0 || h.tookBack):
		mp.m.report(p, NoBlankLine, "there is no header, all of it is the body")
	case h.junk >= 0, h.tookBack:
		mp.m.report(p, NoBlankLine, "the body begins at the first line that is no field")
	case h.fields > 0:
		mp.m.report(p, NoBlankLine, "")
	}
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
