package message

import (
	"strings"
)

// Limits of the structure. What lies beyond one of them is still in the raw
// bytes, and a [Problem] says so.
const (
	// MaxDepth is how many multiparts and messages may lie in one another. A
	// deeper one is a leaf.
	MaxDepth = 50
	// MaxParts is how many parts a message has at most; the last one then is
	// the whole rest, opaque.
	MaxParts = 10_000
	// MaxHeaderFields is the number of fields kept of one header.
	MaxHeaderFields = 5_000
	// MaxMessageFields is the number of fields kept of all headers together.
	MaxMessageFields = 200_000
	// MaxHeaderBytes is how much of a header is read for fields.
	MaxHeaderBytes = 1 << 20
	// MaxBoundary is the longest boundary, in bytes; RFC 2046 5.1.1 allows 70.
	MaxBoundary = 1000
)

// mapper finds the parts of a message in one pass over its bytes. It holds the
// parts that are still open, and goes from delimiter line to delimiter line.
type mapper struct {
	raw  string
	m    *Message
	open []openPart // outermost first; the last may be a leaf

	// delimiters gives, for each boundary in force, the place in open of the
	// innermost multipart that has it: one look-up a line, however deep.
	delimiters map[string]int
	fields     int
	full       bool // MaxParts was reached: the rest is opaque
}

// openPart is a part whose end has not been seen.
type openPart struct {
	part     *Part
	boundary string // "" unless it is a multipart that can still have parts
	shadowed int    // place in open of an outer multipart with this boundary, or -1
}

// mapStructure fills in m.Root and m.parts.
func mapStructure(m *Message, raw string) {
	mp := mapper{raw: raw, m: m, delimiters: make(map[string]int)}
	at := mp.startPart(0)
	for at < len(raw) {
		line, found := mp.nextDelimiter(at)
		if !found {
			break
		}
		at = mp.turn(line)
	}
	mp.closeDownTo(0, len(raw))
	m.Root = m.parts[0]
}

// turn handles a delimiter line: what it ends is closed, and the part it begins
// is opened. It gives the place to read on.
func (mp *mapper) turn(line delimiter) int {
	innermost := mp.open[len(mp.open)-1].part
	// The line end before the delimiter belongs to it (RFC 2046 5.1.1), unless
	// it also ends the line that the part began after.
	end := max(beforeLineEnd(mp.raw, line.start), innermost.start)
	if strings.HasSuffix(mp.raw[line.start:line.after], "\r\r\n") && end > innermost.start && mp.raw[end-1] == '\r' {
		end-- // lines end in CR CR LF here
	}
	mp.closeDownTo(line.place+1, end)
	if line.closing {
		mp.retire(line.place)
		mp.open[line.place].part.closed = true
		mp.open[line.place].part.epilogue = line.after
		return line.after
	}
	return mp.startPart(line.after)
}

// startPart opens the part that begins at a place, and those that begin with
// it: a message/rfc822 part holds another from its first body line. It gives
// the place where the innermost body begins.
func (mp *mapper) startPart(at int) int {
	for {
		p := mp.newPart(at)
		if mp.full {
			return len(mp.raw)
		}
		at = mp.readHeader(p, at)
		p.bodyStart = at
		p.setType(mp.defaultType(p))
		inner := openPart{part: p, shadowed: -1}
		nested := false
		switch {
		case strings.HasPrefix(p.MediaType, "multipart/"):
			inner.boundary = mp.boundary(p)
		case p.isMessage():
			nested = mp.holdsMessage(p)
		}
		mp.push(inner)
		if !nested {
			return at
		}
	}
}

// newPart adds a part to the innermost open one. The last part that fits in MaxParts takes
// the whole rest.
func (mp *mapper) newPart(at int) *Part {
	p := &Part{Index: len(mp.m.parts), message: mp.m, start: at, headerEnd: at, bodyStart: at, end: len(mp.raw)}
	if n := len(mp.open); n > 0 {
		p.parent = mp.open[n-1].part
		p.parent.Parts = append(p.parent.Parts, p)
	}
	mp.m.parts = append(mp.m.parts, p)
	if len(mp.m.parts) == MaxParts {
		mp.full = true
		p.MediaType = "application/octet-stream"
		mp.m.report(p, TooManyParts, "the rest is kept as one part")
	}
	return p
}

// defaultType is what a part without Content-Type is (RFC 2045 5.2, RFC 2046
// 5.1.5).
func (mp *mapper) defaultType(p *Part) string {
	if p.parent != nil && p.parent.MediaType == "multipart/digest" {
		return "message/rfc822"
	}
	return "text/plain"
}

// boundary gives the boundary of a multipart, "" when it is to be a leaf.
func (mp *mapper) boundary(p *Part) string {
	boundary := usableBoundary(p.ContentType())
	switch {
	case boundary == "":
		mp.m.report(p, MissingBoundary, p.MediaType)
		return ""
	case len(boundary) > MaxBoundary:
		mp.m.report(p, MissingBoundary, "boundary is too long")
		return ""
	case len(mp.open) >= MaxDepth:
		mp.m.report(p, TooDeep, p.MediaType)
		return ""
	}
	return boundary
}

// usableBoundary gives the boundary that a Content-Type names. It cannot end in
// blanks, as those of a delimiter line are ignored.
func usableBoundary(kind ParamValue) string {
	return strings.TrimRight(kind.Param("boundary"), " \t\r")
}

// holdsMessage reports whether the message in p can be parsed where it is: it is neither
// encoded (RFC 2046 5.2.1 forbids that) nor nested too deep.
func (mp *mapper) holdsMessage(p *Part) bool {
	if p.encoded() {
		mp.m.report(p, EncodedContainer, p.MediaType+" in "+p.encoding)
		return false
	}
	if len(mp.open) >= MaxDepth {
		mp.m.report(p, TooDeep, p.MediaType)
		return false
	}
	return true
}

func (mp *mapper) push(o openPart) {
	if o.boundary != "" {
		if outer, ok := mp.delimiters[o.boundary]; ok {
			o.shadowed = outer
		}
		mp.delimiters[o.boundary] = len(mp.open)
	}
	mp.open = append(mp.open, o)
}

// closeDownTo ends the open parts from a place in open inwards.
func (mp *mapper) closeDownTo(place, end int) {
	for i := len(mp.open) - 1; i >= place; i-- {
		p := mp.open[i].part
		p.headerEnd = min(p.headerEnd, end)
		p.bodyStart = min(p.bodyStart, end)
		p.end = end
		if mp.open[i].boundary != "" && !mp.full {
			switch {
			case len(p.Parts) == 0:
				mp.m.report(p, NoParts, p.MediaType)
			default:
				mp.m.report(p, UnterminatedMultipart, p.MediaType)
			}
		}
		mp.retire(i)
	}
	mp.open = mp.open[:place]
}

// retire takes the boundary of an open part out of force.
func (mp *mapper) retire(place int) {
	o := &mp.open[place]
	if o.boundary == "" {
		return
	}
	if o.shadowed >= 0 {
		mp.delimiters[o.boundary] = o.shadowed
	} else {
		delete(mp.delimiters, o.boundary)
	}
	o.boundary = ""
}

// delimiter is a delimiter line (RFC 2046 5.1.1).
type delimiter struct {
	start, after int  // of the line, and of the line after it
	place        int  // in open, of the multipart it belongs to
	closing      bool // the multipart has no more parts
}

// nextDelimiter finds the first delimiter line at or after at, which is the
// start of a line.
func (mp *mapper) nextDelimiter(at int) (delimiter, bool) {
	if len(mp.delimiters) == 0 {
		return delimiter{}, false
	}
	for {
		if !strings.HasPrefix(mp.raw[at:], "--") {
			i := strings.Index(mp.raw[at:], "\n--")
			if i < 0 {
				return delimiter{}, false
			}
			at += i + 1
		}
		after := nextLine(mp.raw, at)
		if line, ok := mp.delimiterAt(at, after); ok {
			return line, true
		}
		if at = after; at >= len(mp.raw) {
			return delimiter{}, false
		}
	}
}

// delimiterAt compares the whole line with the boundaries in force. The line
// "--b--" closes "b" but delimits "b--": the inner one of the two counts.
func (mp *mapper) delimiterAt(start, after int) (delimiter, bool) {
	if after-start < 3 || mp.raw[start] != '-' || mp.raw[start+1] != '-' {
		return delimiter{}, false
	}
	text := strings.TrimRight(mp.raw[start+2:after], " \t\r\n")
	if text == "" || len(text) > MaxBoundary+2 {
		return delimiter{}, false
	}
	line := delimiter{start: start, after: after, place: -1}
	if place, ok := mp.delimiters[text]; ok {
		line.place = place
	}
	if open, ok := strings.CutSuffix(text, "--"); ok {
		// Blanks stand here when the boundary was sent with blanks at its end.
		if place, ok := mp.delimiters[strings.TrimRight(open, " \t")]; ok && place > line.place {
			line.place, line.closing = place, true
		}
	}
	return line, line.place >= 0
}

// nextLine gives the start of the line after the one that at is in.
func nextLine(s string, at int) int {
	if i := strings.IndexByte(s[at:], '\n'); i >= 0 {
		return at + i + 1
	}
	return len(s)
}

// beforeLineEnd gives the place of the line end just before at.
func beforeLineEnd(s string, at int) int {
	if at > 0 && s[at-1] == '\n' {
		at--
		if at > 0 && s[at-1] == '\r' {
			at--
		}
	}
	return at
}
