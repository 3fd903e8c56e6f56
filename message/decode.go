package message

import (
	"io"
	"strings"
)

// decoder undoes one content transfer encoding (RFC 2045 6), piece by piece.
// None of them fails: what is malformed is skipped or kept, and reported.
type decoder interface {
	// next returns the next decoded bytes, valid until the next call; none at the end.
	next() []byte
	// fault returns what was wrong in the bytes decoded so far.
	fault() decodeFault
}

type decodeFault int

const (
	faultNone          decodeFault = iota
	faultBase64                    // characters outside the alphabet, or after the padding
	faultBase64End                 // cut short, or without padding
	faultBase64Tail                // something else follows it
	faultQuoted                    // "=" without two hex digits
	faultUUBegin                   // no "begin" line: the text is given as it is
	faultUUEnd                     // no "end" line
	faultUnknownCoding             // no such encoding: the text is given as it is
)

// newDecoder gives the decoder for an encoding as transferEncoding names it. Text
// that follows the end of base64 is given too when the content is text.
func newDecoder(encoding, body string, text bool) decoder {
	switch encoding {
	case "base64":
		return &base64Decoder{src: body, keepTail: text}
	case "quoted-printable":
		return &quotedDecoder{src: body}
	case "x-uuencode":
		return &uuDecoder{src: body}
	case "", "7bit", "8bit", "binary":
		return &identityDecoder{src: body}
	}
	return &identityDecoder{src: body, found: faultUnknownCoding}
}

// decodeReader reads what a decoder gives.
type decodeReader struct {
	decoder decoder
	rest    []byte
}

func (r *decodeReader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if len(r.rest) == 0 {
		if r.rest = r.decoder.next(); len(r.rest) == 0 {
			return 0, io.EOF
		}
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// decodeAtMost appends up to limit decoded bytes to dst; whole reports whether that was
// all.
func decodeAtMost(dst []byte, d decoder, limit int) (_ []byte, whole bool) {
	for {
		piece := d.next()
		if len(piece) == 0 {
			return dst, true
		}
		if len(piece) > limit {
			return append(dst, piece[:limit]...), false
		}
		dst = append(dst, piece...)
		limit -= len(piece)
	}
}

// identityPiece bounds what identityDecoder copies at a time, in bytes.
const identityPiece = 32 << 10

// identityDecoder is 7bit, 8bit and binary.
type identityDecoder struct {
	src   string
	found decodeFault
	buf   []byte
}

func (d *identityDecoder) next() []byte {
	n := min(len(d.src), identityPiece)
	d.buf = append(d.buf[:0], d.src[:n]...)
	d.src = d.src[n:]
	return d.buf
}

func (d *identityDecoder) fault() decodeFault { return d.found }

// quotedDecoder is quoted-printable (RFC 2045 6.7). Blanks before a line end and soft line
// breaks are removed; a "=" that begins neither an encoded byte nor a soft line break is
// kept.
type quotedDecoder struct {
	src   string
	kept  int // blanks at the start of src known not to end a line
	found decodeFault
	out   [1024]byte
}

func (d *quotedDecoder) next() []byte {
	n := 0
	for n < len(d.out) && d.src != "" {
		c := d.src[0]
		switch {
		case c == '=':
			if v, ok := hexByte(d.src[1:]); ok {
				d.out[n] = v
				n++
				d.src = d.src[3:]
				continue
			}
			if rest, ok := skipLineEnd(d.src[1:]); ok {
				d.src = rest
				continue
			}
			d.found = faultQuoted
		case d.kept > 0:
			d.kept--
		case isBlank(c):
			blanks := countBlanks(d.src)
			if endsLine(d.src[blanks:]) {
				d.src = d.src[blanks:]
				continue
			}
			d.kept = blanks - 1
		}
		d.out[n] = c
		n++
		d.src = d.src[1:]
	}
	return d.out[:n]
}

func (d *quotedDecoder) fault() decodeFault { return d.found }

func countBlanks(s string) int {
	n := 0
	for n < len(s) && isBlank(s[n]) {
		n++
	}
	return n
}

// endsLine reports whether s is at a line end, or at the end.
func endsLine(s string) bool {
	return s == "" || s[0] == '\n' || strings.HasPrefix(s, "\r\n") || strings.HasPrefix(s, "\r\r\n")
}

// skipLineEnd gives what follows blanks and a line end.
func skipLineEnd(s string) (rest string, ok bool) {
	s = s[countBlanks(s):]
	if !endsLine(s) {
		return "", false
	}
	s = strings.TrimPrefix(strings.TrimPrefix(s, "\r"), "\r")
	return strings.TrimPrefix(s, "\n"), true
}

// hexByte reads two hex digits of either case.
func hexByte(s string) (byte, bool) {
	if len(s) < 2 {
		return 0, false
	}
	high, ok1 := hexDigit(s[0])
	low, ok2 := hexDigit(s[1])
	return high<<4 | low, ok1 && ok2
}

func hexDigit(c byte) (byte, bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10, true
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10, true
	}
	return 0, false
}

// uuDecoder is uuencode: what stands between the first "begin" line and "end".
type uuDecoder struct {
	src          string
	begun, ended bool
	found        decodeFault
	out          []byte
}

func (d *uuDecoder) next() []byte {
	if !d.begun {
		d.begin()
	}
	d.out = d.out[:0]
	if d.found == faultUUBegin {
		n := min(len(d.src), identityPiece)
		d.out = append(d.out, d.src[:n]...)
		d.src = d.src[n:]
		return d.out
	}
	for d.src != "" && len(d.out) < 1024 {
		line, rest := cutLine(d.src)
		d.src = rest
		if line == "end" {
			d.src, d.ended = "", true
		} else if line != "" {
			d.line(line)
		}
	}
	if d.src == "" && !d.ended {
		d.found = faultUUEnd
	}
	return d.out
}

// begin drops what stands before the data.
func (d *uuDecoder) begin() {
	d.begun = true
	for s := d.src; s != ""; {
		line, rest := cutLine(s)
		if strings.HasPrefix(line, "begin ") {
			d.src = rest
			return
		}
		s = rest
	}
	d.found = faultUUBegin
}

// line decodes one line: a count of bytes, then four characters for each three.
// Blanks at the end that a transport stripped are made up for, as long as the
// line does not grow beyond three times its length.
func (d *uuDecoder) line(s string) {
	count := int(s[0]-' ') & 63
	s = s[1:]
	count = min(count, 3*len(s))
	for at := 0; count > 0; at += 4 {
		var v uint32
		for i := at; i < at+4; i++ {
			v <<= 6
			if i < len(s) {
				v |= uint32(s[i]-' ') & 63
			}
		}
		group := [3]byte{byte(v >> 16), byte(v >> 8), byte(v)}
		d.out = append(d.out, group[:min(count, 3)]...)
		count -= 3
	}
}

func (d *uuDecoder) fault() decodeFault { return d.found }

// cutLine splits s after its first line, and leaves the line end out.
func cutLine(s string) (line, rest string) {
	i := strings.IndexByte(s, '\n')
	if i < 0 {
		return s, ""
	}
	return strings.TrimRight(s[:i], "\r"), s[i+1:]
}
