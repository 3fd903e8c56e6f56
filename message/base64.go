package message

import (
	"encoding/base64"
	"strings"
)

// base64Decoder is base64 (RFC 2045 6.8). It skips what is not in the alphabet and goes on
// after padding, as some senders join encoded pieces. Text that was added after it on the
// way, such as the footer of a mailing list, is not base64: it is returned unchanged, or
// left out.
type base64Decoder struct {
	src      string
	keepTail bool
	found    decodeFault
	padded   bool
	begun    bool
	tail     string // what follows the base64 and was not given yet
	in       [1024]byte
	out      [768]byte
}

func (d *base64Decoder) next() []byte {
	if !d.begun {
		d.begun = true
		if d.keepTail && looksLikeWords(d.src) {
			d.found, d.src, d.tail = faultBase64Tail, "", d.src
		}
	}
	for {
		n, end := d.collect()
		if tail := n % 4; tail != 0 && end {
			// Only the last quantum before "=" or the end may be short.
			n = d.shorten(n, tail)
		}
		size, err := base64.RawStdEncoding.Decode(d.out[:], d.in[:n])
		if err != nil {
			d.found = faultBase64 // cannot happen: collect takes only the alphabet
		}
		if size > 0 {
			return d.out[:size]
		}
		if d.src == "" {
			size := copy(d.out[:], d.tail)
			d.tail = d.tail[size:]
			return d.out[:size]
		}
	}
}

// collect moves characters of the alphabet from src to in. It stops when in is
// full (end is false), after padding or at the end of the base64.
func (d *base64Decoder) collect() (n int, end bool) {
	for i := 0; i < len(d.src); i++ {
		c := d.src[i]
		switch base64Class[c] {
		case inAlphabet:
			if d.padded {
				d.found, d.padded = faultBase64, false
			}
			d.in[n] = c
			if n++; n == len(d.in) {
				d.src = d.src[i+1:]
				return n, false
			}
		case inPadding:
			d.padded = true
			d.src = strings.TrimLeft(d.src[i:], "=")
			d.cutTail()
			return n, true
		case inSpace:
			if c == '\n' && n%4 == 0 && endsLine(d.src[i+1:]) {
				// An empty line may be where something else begins.
				d.src = d.src[i:]
				d.cutTail()
				d.src = strings.TrimLeft(d.src, " \t\r\n")
				return n, true
			}
			if c == '\n' && d.keepTail && beginsFooter(d.src[i+1:]) {
				d.found, d.src, d.tail = faultBase64Tail, "", d.src[i+1:]
				return n, true
			}
		case inJunk:
			d.found = faultBase64
		}
	}
	d.src = ""
	return n, true
}

// cutTail looks at what follows padding, or an empty line. If it is no base64, all
// of the rest is the tail, but for the line end before it.
func (d *base64Decoder) cutTail() {
	from := d.src
	text := strings.TrimLeft(from, " \t\r")
	sameLine := !strings.HasPrefix(text, "\n")
	if !sameLine {
		from = text[1:]
		text = strings.TrimLeft(from, " \t\r\n")
	}
	if text == "" || looksBase64(text, sameLine) {
		return
	}
	d.found, d.src = faultBase64Tail, ""
	if d.keepTail {
		d.tail = from
	}
}

// looksBase64 reports whether a line is base64, judging by its beginning. At the start of a
// line its length must be a multiple of four, as words may be of letters of the alphabet
// only.
func looksBase64(s string, sameLine bool) bool {
	const enough = 100
	line, _, _ := strings.Cut(s[:min(len(s), enough)], "\n")
	line = strings.TrimRight(line, " \t\r")
	for i := 0; i < len(line); i++ {
		if class := base64Class[line[i]]; class != inAlphabet && class != inPadding {
			return false
		}
	}
	return sameLine || len(line)%4 == 0
}

// beginsFooter reports whether a line is the rule or the signature separator above a
// footer, or has several words.
func beginsFooter(s string) bool {
	const enough = 100
	if strings.HasPrefix(s, "--") || strings.HasPrefix(s, "__") {
		return true
	}
	s = s[:min(len(s), enough)]
	return strings.IndexByte(s, ' ') > 0 && looksLikeWords(s)
}

// looksLikeWords reports whether the first line has several words, as no base64 has.
func looksLikeWords(s string) bool {
	const enough = 100
	s = strings.TrimLeft(s, " \t\r\n")
	line, _, _ := strings.Cut(s[:min(len(s), enough)], "\n")
	return len(strings.Fields(line)) > 2
}

// shorten handles a quantum of 1 to 3 characters, records a fault if its padding is
// missing, and returns how many of the characters can be decoded.
func (d *base64Decoder) shorten(n, tail int) int {
	if !d.padded && d.found == faultNone {
		d.found = faultBase64End
	}
	if tail == 1 {
		d.found = faultBase64
		return n - 1
	}
	return n
}

func (d *base64Decoder) fault() decodeFault { return d.found }

const (
	inJunk byte = iota
	inAlphabet
	inPadding
	inSpace
)

var base64Class = func() (class [256]byte) {
	for _, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") {
		class[c] = inAlphabet
	}
	class['='] = inPadding
	for _, c := range []byte(" \t\r\n") {
		class[c] = inSpace
	}
	return class
}()

func isBase64(c byte) bool { return base64Class[c] == inAlphabet }

// appendBase64 decodes all of src.
func appendBase64(dst []byte, src string) ([]byte, decodeFault) {
	d := base64Decoder{src: src}
	dst, _ = decodeAtMost(dst, &d, len(src))
	return dst, d.found
}
