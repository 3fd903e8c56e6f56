package message

import (
	"bytes"
	"strings"
)

// MaxAddresses is how many addresses are read of one kind of field.
const MaxAddresses = 10_000

// Address is a mailbox (RFC 5322 3.4).
type Address struct {
	Name    string // display name, decoded, or else the comment after the address; may be empty
	Address string // as sent, in UTF-8; empty when only a name was there
}

// addresses reads all fields with a name.
func (h Header) addresses(name string) []Address {
	list, _ := h.addressesCut(name)
	return list
}

// addressesCut also reports whether there were more than MaxAddresses.
func (h Header) addressesCut(name string) (list []Address, cut bool) {
	for _, f := range h {
		if strings.EqualFold(f.Name, name) {
			more := false
			list, more = appendAddresses(list, f.Raw)
			cut = cut || more
		}
	}
	return list, cut
}

// ParseAddresses reads a list of addresses as header fields have them, folded or not. It is
// lenient and never fails: groups are flattened, semicolons separate like commas, comments
// and blanks around and in addresses are ignored (RFC 5322 3.2.2 and 4.4), quotes and
// brackets need not be closed, names may hold encoded words and any 8-bit text. At most
// [MaxAddresses] are given, in time linear in len(s).
func ParseAddresses(s string) []Address {
	list, _ := appendAddresses(nil, s)
	return list
}

// appendAddresses appends a list of addresses, and reports whether there were more than
// MaxAddresses.
func appendAddresses(list []Address, raw string) (_ []Address, cut bool) {
	s := addressScanner{s: unfold(raw)}
	if decoded, whole := decodeWords(trimBlanks(s.s)); whole && strings.Contains(decoded, "@") {
		s.s = decoded // against RFC 2047 5, the words hold the addresses too
	}
	s.quotes = strings.Count(s.s, `"`)
	for s.at < len(s.s) {
		a, ok := s.mailbox()
		if !ok {
			continue
		}
		if len(list) == MaxAddresses {
			return list, true
		}
		list = append(list, a)
	}
	return list, false
}

// addressScanner goes over a list once, from left to right.
type addressScanner struct {
	s      string
	at     int
	quotes int    // number of quotes from at on: the last one, if it has no partner, is literal
	early  phrase // words of the next mailbox that were read with this one, as a comma was missing
}

// phrase collects the words of one mailbox.
type phrase struct {
	words [][]byte
	glued bool // the next piece belongs to the last word: no blank between
	hasAt bool // a word has an "@"
}

func (p *phrase) add(piece string) {
	if last := len(p.words) - 1; p.glued && last >= 0 {
		p.words[last] = append(p.words[last], piece...)
	} else {
		p.words = append(p.words, []byte(piece))
	}
	p.glued = true
	p.hasAt = p.hasAt || strings.Contains(piece, "@")
}

func (p *phrase) String() string { return string(bytes.Join(p.words, []byte(" "))) }

// mailboxText is what was read of one mailbox.
type mailboxText struct {
	name, after phrase // words before and after the angle brackets
	angle       bool   // there were angle brackets
	spec        string // what was in them
	comment     string // the first one
}

// mailbox reads up to and including the next separator. Of two addresses in angle brackets
// without a comma between them, the second begins another mailbox.
func (s *addressScanner) mailbox() (Address, bool) {
	box := mailboxText{name: s.early}
	s.early = phrase{}
	words := &box.name
	for s.at < len(s.s) {
		switch c := s.s[s.at]; {
		case c == ',' || c == ';':
			s.at++
			return box.address()
		case c == ':' && !box.angle && !box.name.hasAt:
			box.name, box.comment = phrase{}, "" // those of a group
			s.at++
		case c == '(':
			if text := s.commentText(); box.comment == "" {
				box.comment = text
			}
			words.glued = false
		case c == '"' && s.quotes > 1:
			s.quotedWord(words)
		case c == '<' && box.angle:
			s.early = box.after
			box.after = phrase{}
			return box.address()
		case c == '<':
			box.spec, box.angle = s.angleAddress(), true
			words = &box.after
		case isBlank(c):
			words.glued = false
			s.at++
		default:
			words.add(s.atom())
		}
	}
	return box.address()
}

// atom reads up to the next special character.
func (s *addressScanner) atom() string {
	start := s.at
	if c := s.s[s.at]; c == '"' {
		s.quotes--
	}
	s.at++ // whatever it is, it is no separator here
	for s.at < len(s.s) && strings.IndexByte(" \t,;:()<>\"", s.s[s.at]) < 0 {
		s.at++
	}
	return s.s[start:s.at]
}

// quotedWord reads a quoted string. As a local part it keeps its quotes.
func (s *addressScanner) quotedWord(p *phrase) {
	start := s.at
	s.at++
	s.quotes--
	for s.at < len(s.s) && s.s[s.at] != '"' {
		s.at += 1 + b2i(s.s[s.at] == '\\' && s.at+1 < len(s.s))
	}
	skipped := s.s[start+1 : min(s.at, len(s.s))]
	s.quotes -= strings.Count(skipped, `"`)
	if s.at < len(s.s) {
		s.at++
		s.quotes--
	}
	if rest := strings.TrimLeft(s.s[s.at:], " \t"); rest != "" && (rest[0] == '@' || rest[0] == '.') {
		p.add(s.s[start:s.at])
		return
	}
	p.add(unescape(skipped))
}

// commentText reads a comment, which may hold others (RFC 5322 3.2.2), and
// gives its text; one without end takes the rest.
func (s *addressScanner) commentText() string {
	start, depth := s.at+1, 0
	for s.at < len(s.s) {
		c := s.s[s.at]
		s.at++
		switch c {
		case '\\':
			if s.at < len(s.s) {
				s.quotes -= b2i(s.s[s.at] == '"')
				s.at++
			}
		case '"':
			s.quotes--
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return unescape(s.s[start : s.at-1])
			}
		}
	}
	return unescape(s.s[start:])
}

// angleAddress reads <address>; without ">" it ends at the next separator. A
// route (RFC 5322 4.4) is left out.
func (s *addressScanner) angleAddress() string {
	s.at++
	start, quoted := s.at, false
	route := strings.HasPrefix(s.s[s.at:], "@")
	for ; s.at < len(s.s); s.at++ {
		c := s.s[s.at]
		if c == '"' {
			s.quotes--
			quoted = !quoted && s.quotes > 0
			continue
		}
		if quoted {
			if c == '\\' && s.at+1 < len(s.s) {
				s.at++
				s.quotes -= b2i(s.s[s.at] == '"')
			}
			continue
		}
		if c == ':' && route {
			start, route = s.at+1, false
		}
		if c == '(' {
			s.skipComment()
			continue
		}
		if c == '>' || c == ';' || c == ',' && !route {
			break
		}
	}
	s.at = min(s.at, len(s.s))
	spec := s.s[start:s.at]
	if s.at < len(s.s) && s.s[s.at] == '>' {
		s.at++
	}
	return spec
}

// address turns what was read into an address.
func (box *mailboxText) address() (Address, bool) {
	spec, name := box.spec, &box.name
	if !box.angle {
		spec = name.takeSpec()
		if spec == "" && len(name.words) == 0 && len(box.after.words) == 0 {
			return Address{}, false // a comment is no mailbox
		}
		if spec == "" && len(name.words) == 1 && !bytes.Contains(name.words[0], []byte("=?")) {
			spec, name.words = string(name.words[0]), nil // a local user
		}
	}
	if len(name.words) == 0 {
		name = &box.after
	}
	a := Address{Name: strings.Trim(DecodeHeader(name.String()), " \t"), Address: guessCharset(cleanSpec(spec))}
	if a.Name == "" {
		a.Name = strings.Trim(DecodeHeader(box.comment), " \t")
	}
	return a, a.Name != "" || a.Address != ""
}

// takeSpec takes the address out of the words: the last one with an "@", and its
// neighbours when blanks stand around the "@".
func (p *phrase) takeSpec() string {
	if !p.hasAt {
		return ""
	}
	i := len(p.words) - 1
	for i > 0 && bytes.IndexByte(p.words[i], '@') < 0 {
		i--
	}
	from, to := i, i+1
	for from > 0 && joins(p.words[from-1], p.words[from]) {
		from--
	}
	for to < len(p.words) && joins(p.words[to-1], p.words[to]) {
		to++
	}
	spec := string(bytes.Join(p.words[from:to], nil))
	p.words = append(p.words[:from], p.words[to:]...)
	return spec
}

// joins reports whether there is a dot or an "@" where two words meet, so that the blanks
// between them are blanks within an address.
func joins(left, right []byte) bool {
	isJoint := func(c byte) bool { return c == '@' || c == '.' }
	return len(left) > 0 && isJoint(left[len(left)-1]) || len(right) > 0 && isJoint(right[0])
}

// skipComment skips a comment within angle brackets, from its "(" to its ")", if it ends
// before the closing bracket.
func (s *addressScanner) skipComment() {
	const longest = 200
	depth := 0
	for i, c := range []byte(s.s[s.at:min(s.at+longest, len(s.s))]) {
		switch c {
		case '(':
			depth++
		case ')':
			depth--
		case '>', '"', '\\':
			return
		}
		if depth == 0 {
			s.at += i
			return
		}
	}
}

// cleanSpec removes comments and blanks outside quotes, and brackets left over.
func cleanSpec(s string) string {
	if !strings.ContainsAny(s, " \t<>(") {
		return s
	}
	comments := strings.Count(s, "(") == strings.Count(s, ")")
	b := make([]byte, 0, len(s))
	quoted, depth := false, 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '\\' && (quoted || depth > 0) && i+1 < len(s):
			if i++; depth == 0 {
				b = append(b, c, s[i])
			}
			continue
		case c == '"' && depth == 0:
			quoted = !quoted
		case quoted:
		case comments && c == '(':
			depth++
		case comments && c == ')' && depth > 0:
			depth--
			continue
		case isBlank(c), c == '<', c == '>':
			continue
		}
		if depth == 0 {
			b = append(b, c)
		}
	}
	return strings.TrimSpace(string(b))
}

// unescape removes the backslashes of quoted pairs (RFC 5322 3.2.1).
func unescape(s string) string {
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		b = append(b, s[i])
	}
	return string(b)
}
