package message

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxLine is the longest line allowed without its line end (RFC 5322 2.1.1).
const maxLine = 998

// checker looks for the problems that reading the structure does not show.
type checker struct {
	m     *Message
	found *problemList
}

func (c *checker) check() {
	c.lines()
	c.originator()
	c.addresses()
	c.html()
	for _, p := range c.m.parts {
		c.header(p)
		c.types(p)
		if len(p.Parts) == 0 {
			c.body(p)
		} else if p.closed {
			c.epilogue(p)
		}
	}
}

// lines checks the raw bytes of the whole message.
func (c *checker) lines() {
	raw := c.m.raw
	lines, pairs, long := 0, 0, 0
	for at := 0; at < len(raw); {
		after := nextLine(raw, at)
		if raw[after-1] == '\n' {
			lines++
		}
		end := beforeLineEnd(raw, after)
		if after-end == 2 {
			pairs++
		}
		if end-at > maxLine {
			long++
		}
		at = after
	}
	count := func(n int, code Code, of string) {
		if n > 0 {
			c.found.add(0, code, strconv.Itoa(n)+of)
		}
	}
	count(lines-pairs, BareLF, " of "+strconv.Itoa(lines)+" lines")
	count(strings.Count(raw, "\r")-pairs, BareCR, "")
	count(strings.Count(raw, "\x00"), NULByte, "")
	count(long, LongLine, "")
}

// once has the names of the fields that may occur only once in a header (RFC 5322 3.6, RFC
// 2045), in lower case and of at most maxOnce bytes.
var once = wordSet(`
	date from sender reply-to to cc bcc message-id in-reply-to references subject
	mime-version content-type content-transfer-encoding content-disposition content-id
`)

const maxOnce = 30

// originator checks the fields that every message must have (RFC 5322 3.6).
func (c *checker) originator() {
	h := c.m.Root.Header
	var missing []string
	if _, ok := h.raw("From"); !ok {
		missing = append(missing, "From")
	}
	if date, ok := h.raw("Date"); !ok {
		missing = append(missing, "Date")
	} else {
		text := excerpt(trimBlanks(unfold(date)))
		switch _, zone, ok := parseDate(date); {
		case !ok:
			c.found.add(0, MalformedDate, text)
		case zone == zoneMissing:
			c.found.add(0, UnknownZone, "no zone, taken as UTC: "+text)
		case zone == zoneUnknown:
			c.found.add(0, UnknownZone, "taken as UTC: "+text)
		}
	}
	if len(missing) > 0 {
		c.found.add(0, MissingField, strings.Join(missing, ", "))
	}
}

// addresses looks for fields with more addresses than are read.
func (c *checker) addresses() {
	var cut nameList
	for _, f := range c.m.Root.Header {
		if len(f.Raw) < MaxAddresses || !addressFields[strings.ToLower(cutText(f.Name, maxOnce))] {
			continue
		}
		if _, more := c.m.Root.Header.addressesCut(f.Name); more {
			cut.add(f.Name)
		}
	}
	if len(cut) > 0 {
		c.found.add(0, TooManyAddresses, strconv.Itoa(MaxAddresses)+" are read of "+strings.Join(cut, ", "))
	}
}

var addressFields = wordSet("from to cc bcc reply-to")

// header checks the fields of one part.
func (c *checker) header(p *Part) {
	var utf8Fields, eightBit, repeated, garbled nameList
	seen := make(map[string]bool)
	for _, f := range p.Header {
		switch {
		case isASCII(f.Raw):
		case utf8.ValidString(f.Raw):
			utf8Fields.add(f.Name)
		default:
			eightBit.add(f.Name)
		}
		if !isPlain(f.Raw) && encodedTwice(f.Value()) {
			garbled.add(f.Name)
		}
		if len(f.Name) > maxOnce {
			continue
		}
		name := strings.ToLower(f.Name)
		if seen[name] && once[name] {
			repeated.add(f.Name)
		}
		seen[name] = true
	}
	c.names(p, UTF8Header, utf8Fields)
	c.names(p, EightBitHeader, eightBit)
	c.names(p, RepeatedField, repeated)
	c.names(p, Mojibake, garbled)
}

func (c *checker) names(p *Part, code Code, names nameList) {
	if len(names) > 0 {
		c.found.add(p.Index, code, strings.Join(names, ", "))
	}
}

// nameList is a few field names, each once.
type nameList []string

func (l *nameList) add(name string) {
	if name = excerpt(name); len(*l) < 5 && !slices.Contains(*l, name) {
		*l = append(*l, name)
	}
}

// types checks the MIME fields of one part.
func (c *checker) types(p *Part) {
	if raw, ok := p.Header.raw("Content-Type"); ok && mediaType(raw) == "" {
		c.found.add(p.Index, MalformedType, excerpt(strings.Trim(unfold(raw), " \t")))
	}
	if p.ContentType().cut || p.Disposition().cut {
		c.found.add(p.Index, TooManyParameters, "")
	}
	if image := p.ImageType(); image != "" && !strings.HasPrefix(p.MediaType, "image/") {
		c.found.add(p.Index, WrongImageType, image+" in "+p.MediaType)
	}
	if p.looseEncoding {
		raw, _ := p.Header.raw("Content-Transfer-Encoding")
		c.found.add(p.Index, LooseEncoding, excerpt(trimBlanks(unfold(raw)))+", read as "+p.encoding)
	}
	if strings.HasPrefix(p.MediaType, "multipart/") && p.encoded() {
		c.found.add(p.Index, EncodedContainer, p.MediaType+" in "+excerpt(p.encoding))
	}
}

// epilogue reports text after the closing delimiter.
func (c *checker) epilogue(p *Part) {
	if text := strings.TrimSpace(c.m.raw[min(p.epilogue, p.end):p.end]); text != "" {
		c.found.add(p.Index, Epilogue, excerpt(text))
	}
}
