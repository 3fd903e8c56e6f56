// Package jsonstream writes JSON documents piece by piece, so that a large one is never in
// memory as a whole, and a slow client costs little.
package jsonstream

import (
	"bytes"
	"encoding/json"
	"io"
	"strconv"
	"sync"
	"unicode/utf8"
)

// Stream writes a document. After writing has failed, it does nothing.
type Stream struct {
	w     io.Writer
	b     []byte
	begun bool // something was written
	err   error
}

// BufferSize is how much is written at once, in bytes.
const BufferSize = 32 << 10

var streams = sync.Pool{New: func() any { return &Stream{b: make([]byte, 0, BufferSize+1024)} }}

// New returns a stream that writes to w.
func New(w io.Writer) *Stream {
	s := streams.Get().(*Stream)
	*s = Stream{w: w, b: s.b[:0]}
	return s
}

// End writes what is still buffered. The stream must not be used afterwards.
func (s *Stream) End() {
	_ = s.Flush() // whoever wants to know calls Flush
	if s.w = nil; cap(s.b) <= 2*BufferSize {
		streams.Put(s)
	}
}

// To writes to w from now on, also what is buffered.
func (s *Stream) To(w io.Writer) { s.w = w }

// Flush writes what is still buffered, and returns the error of writing, if there was one.
func (s *Stream) Flush() error {
	if len(s.b) > 0 && s.err == nil {
		s.begun = true
		_, s.err = s.w.Write(s.b)
	}
	s.b = s.b[:0]
	return s.err
}

// Begun reports whether anything was written.
func (s *Stream) Begun() bool { return s.begun }

// Err is the error of writing.
func (s *Stream) Err() error { return s.err }

// Marshal encodes v. Strings that are not UTF-8 come out as if U+FFFD stood for the wrong
// bytes.
func Marshal(v any) ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(v)
	return out.Bytes(), err
}

// Plain writes a piece of JSON as it is.
func (s *Stream) Plain(piece string) {
	if s.b = append(s.b, piece...); len(s.b) >= BufferSize {
		_ = s.Flush() // the error stays
	}
}

// Number writes an integer.
func (s *Stream) Number(n int64) { s.b = strconv.AppendInt(s.b, n, 10) }

// Value writes v, which is small, and whose encoding never fails.
func (s *Stream) Value(v any) {
	encoded, err := Marshal(v)
	if err != nil {
		panic(err)
	}
	s.Plain(string(bytes.TrimSuffix(encoded, []byte("\n"))))
}

// Key writes the key of another member of an object.
func (s *Stream) Key(name string) { s.Plain(`,"` + name + `":`) }

// Pair writes an object of two strings.
func (s *Stream) Pair(name, value, otherName, otherValue string) {
	s.Plain(`{"` + name + `":`)
	s.Text(value)
	s.Key(otherName)
	s.Text(otherValue)
	s.Plain("}")
}

// TextOrNull writes a string, or null for nil.
func (s *Stream) TextOrNull(text *string) {
	if text == nil {
		s.Plain("null")
		return
	}
	s.Text(*text)
}

// Text writes a string as package encoding/json does.
func (s *Stream) Text(text string) { s.string(text, false) }

// Lines is like Text, but CR LF becomes LF.
func (s *Stream) Lines(text string) { s.string(text, true) }

func (s *Stream) string(text string, lines bool) {
	s.b = append(s.b, '"')
	for i := 0; i < len(text) && s.err == nil; {
		n := plainLength(text[i:min(len(text), i+BufferSize)])
		s.b = append(s.b, text[i:i+n]...)
		if i += n; len(s.b) >= BufferSize {
			_ = s.Flush()
		}
		if i == len(text) || n == BufferSize {
			continue
		}
		if lines && text[i] == '\r' && i+1 < len(text) && text[i+1] == '\n' {
			i++
			continue
		}
		i += s.escape(text[i:])
	}
	s.Plain(`"`)
}

// plainLength is how many bytes at the front of text need no escaping.
func plainLength(text string) int {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c >= utf8.RuneSelf || c == '"' || c == '\\' {
			return i
		}
	}
	return len(text)
}

// escape writes the first character of text, and returns how many bytes it takes in
// text.
func (s *Stream) escape(text string) int {
	const digits = "0123456789abcdef"
	switch c := text[0]; c {
	case '"', '\\':
		s.b = append(s.b, '\\', c)
		return 1
	case '\n':
		s.b = append(s.b, `\n`...)
		return 1
	case '\r':
		s.b = append(s.b, `\r`...)
		return 1
	case '\t':
		s.b = append(s.b, `\t`...)
		return 1
	case '\b':
		s.b = append(s.b, `\b`...)
		return 1
	case '\f':
		s.b = append(s.b, `\f`...)
		return 1
	default:
		if c < ' ' {
			s.b = append(s.b, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
			return 1
		}
	}
	switch char, size := utf8.DecodeRuneInString(text); {
	case char == utf8.RuneError && size == 1:
		s.b = append(s.b, `\ufffd`...)
		return size
	case char == '\u2028' || char == '\u2029': // older JavaScript takes them for line ends
		s.b = append(s.b, `\u202`...)
		s.b = append(s.b, digits[char&15])
		return size
	default:
		s.b = append(s.b, text[:size]...)
		return size
	}
}

// Array writes an array, for whose elements each is called.
func Array[T any](s *Stream, elements []T, each func(T)) {
	s.Plain("[")
	for i, element := range elements {
		if i > 0 {
			s.Plain(",")
		}
		if each(element); s.err != nil {
			return
		}
	}
	s.Plain("]")
}
