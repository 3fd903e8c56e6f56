package message

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// pageText reads what HTML shows, for searches, which look at many mails. It finds the
// words that [TextFromHTML] gives, and leaves the white space between them unchanged.
type pageText struct {
	page string
	text strings.Builder
	// tags has the start tags with references in them, such as those in URLs,
	// each replaced by what it stands for.
	tags strings.Builder
}

func readPageText(page string) *pageText {
	p := &pageText{page: cutText(page, MaxText)}
	p.text.Grow(len(p.page) / 2)
	for at := 0; at < len(p.page); {
		n := strings.IndexByte(p.page[at:], '<')
		if n < 0 {
			p.write(p.page[at:])
			break
		}
		p.write(p.page[at : at+n])
		at = p.markup(at + n)
	}
	return p
}

// write adds a piece of text.
func (p *pageText) write(s string) {
	if strings.IndexByte(s, '&') >= 0 {
		s = strings.ReplaceAll(html.UnescapeString(s), "\u00a0", " ")
	}
	p.text.WriteString(s)
}

// markup reads what begins with the "<" at a place, and gives the place after it.
func (p *pageText) markup(at int) int {
	rest := p.page[at+1:]
	switch {
	case rest == "":
	case isLetter(rest[0]):
		return p.startTag(at)
	case rest[0] == '/' && len(rest) > 1 && isLetter(rest[1]):
		end := p.tagEnd(at + 2)
		if end <= len(p.page) && end > at+2 {
			p.tag(atomOf(p.page[at+2 : end]))
		}
		return end
	case strings.HasPrefix(rest, "!--"):
		return at + 4 + commentEnd(rest[3:])
	case rest[0] == '!', rest[0] == '?', rest[0] == '/' && len(rest) > 1:
		if end := strings.IndexByte(rest, '>'); end >= 0 {
			return at + 1 + end + 1
		}
		return len(p.page)
	}
	p.text.WriteByte('<')
	return at + 1
}

// commentEnd gives how long a comment is, given what follows its "<!--".
func commentEnd(s string) int {
	if strings.HasPrefix(s, ">") {
		return 1
	}
	if strings.HasPrefix(s, "->") {
		return 2
	}
	for at := 0; ; at++ {
		n := strings.Index(s[at:], "--")
		if n < 0 {
			return len(s)
		}
		at += n
		if end := strings.TrimPrefix(s[at+2:], "!"); strings.HasPrefix(end, ">") {
			return len(s) - len(end) + 1
		}
	}
}

// startTag reads a start tag, and the raw text after it where it has some.
func (p *pageText) startTag(at int) int {
	end := p.tagEnd(at + 1)
	if end < 0 || end > len(p.page) {
		return len(p.page)
	}
	tag := p.page[at:end]
	if strings.IndexByte(tag, '&') >= 0 {
		p.tags.WriteString(html.UnescapeString(tag))
		p.tags.WriteByte('\n')
	}
	name := atomOf(tag[1:])
	p.tag(name)
	switch name {
	case atom.Plaintext:
		p.text.WriteString(p.page[end:])
		return len(p.page)
	case atom.Script, atom.Style, atom.Title, atom.Iframe, atom.Noembed, atom.Noframes, atom.Textarea, atom.Xmp:
		raw := p.page[end:]
		if n := rawTextEnd(raw, name.String()); n >= 0 {
			raw = raw[:n]
		}
		if !hidden[name] {
			p.write(raw)
		}
		return end + len(raw)
	}
	return end
}

// rawTextEnd gives where the end tag of an element of raw text begins, -1 if
// nowhere.
func rawTextEnd(s, name string) int {
	for at := range placesFold(s, "</"+name) {
		if after := at + 2 + len(name); after < len(s) && endsTagName(s[after]) {
			return at
		}
	}
	return -1
}

// tagEnd gives the place after the ">" of a tag whose name begins at a place. A ">"
// within a quoted value does not end it.
func (p *pageText) tagEnd(at int) int {
	s := p.page[at:]
	end := strings.IndexByte(s, '>')
	if end < 0 {
		return len(p.page)
	}
	if !strings.ContainsAny(s[:end], "\"'") {
		return at + end + 1
	}
	state := inTagName
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '>' {
			return at + i + 1
		}
		if state == beforeValue && (c == '"' || c == '\'') {
			n := strings.IndexByte(s[i+1:], c)
			if n < 0 {
				return len(p.page)
			}
			i += n + 1
			state = beforeName
			continue
		}
		state = state.after(c)
	}
	return len(p.page)
}

// tagState is where in a tag a reader is (HTML 13.2.5).
type tagState byte

const (
	inTagName tagState = iota
	beforeName
	inName
	afterName
	beforeValue
	inValue // without quotes
)

// after gives the state after a byte that is no ">" and begins no quotes.
func (state tagState) after(c byte) tagState {
	switch {
	case isTagSpace(c):
		switch state {
		case inName:
			return afterName
		case inTagName, inValue:
			return beforeName
		}
		return state
	case state == beforeValue, state == inValue:
		return inValue
	case c == '/':
		return beforeName
	case state == inTagName:
		return inTagName
	case c == '=' && (state == inName || state == afterName):
		return beforeValue
	}
	return inName
}

// isTagSpace reports whether a byte is white space within tags (HTML 13.2.5).
func isTagSpace(c byte) bool { return isSpaceByte(c) && c != '\v' }

func endsTagName(c byte) bool { return c == '>' || c == '/' || isTagSpace(c) }

// atomOf gives the element that a tag names, 0 if it is none that is known.
func atomOf(tag string) atom.Atom {
	var name [12]byte
	n := 0
	for n < len(tag) && !endsTagName(tag[n]) {
		if n == len(name) {
			return 0
		}
		c := tag[n]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		name[n] = c
		n++
	}
	return atom.Lookup(name[:n])
}

// tag writes the white space that an element stands for.
func (p *pageText) tag(name atom.Atom) {
	if name == atom.Br || name == atom.Td || name == atom.Th || blocks[name] {
		p.text.WriteByte('\n')
	}
}
