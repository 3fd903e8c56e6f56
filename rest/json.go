package rest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"unicode/utf8"

	"go.uber.org/zap"

	"github.com/caddy-mailbucket/mailbucket/guard"
)

// marshal encodes v. Strings that are not UTF-8 come out as if U+FFFD stood for the
// wrong bytes.
func marshal(v any) ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(v)
	return out.Bytes(), err
}

// sendJSON answers with v, which must be small. It is encoded before the header section
// is sent, so that a value that cannot be encoded does not look like an empty answer.
func (a *API) sendJSON(w http.ResponseWriter, r *http.Request, status int, contentType string, v any) {
	encoded, err := marshal(v)
	if err != nil {
		a.logger.Error("encoding an answer", zap.String("path", r.URL.Path), zap.Error(err))
		p := newProblem(http.StatusInternalServerError, "the answer cannot be encoded: "+err.Error())
		w.Header().Del("ETag")
		w.Header().Set("Cache-Control", "no-store")
		status, contentType = p.Status, "application/problem+json"
		encoded, _ = marshal(p) // strings and a number cannot fail
	}
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(encoded) // an error is one of the connection: there is nobody left to tell
	}
}

// jsonStream writes a document piece by piece, so that a large one is never in memory as
// a whole and a slow client costs little. After writing has failed, it does nothing.
type jsonStream struct {
	w   io.Writer
	b   []byte
	err error
}

// streamBuffer is how much is written at once, in bytes.
const streamBuffer = 32 << 10

var streams = sync.Pool{New: func() any { return &jsonStream{b: make([]byte, 0, streamBuffer+1024)} }}

// streamJSON answers with a document that write writes. Write must not fail. Held is how
// many bytes stay in memory until the document is sent.
func streamJSON(w http.ResponseWriter, r *http.Request, held int, write func(s *jsonStream)) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		writeJSON(guard.Paced(w, r, held), write)
	}
}

// writeJSON writes the document that write makes, and a line feed.
func writeJSON(w io.Writer, write func(s *jsonStream)) {
	s := newStream(w)
	write(s)
	s.plain("\n")
	s.end()
}

func newStream(w io.Writer) *jsonStream {
	s := streams.Get().(*jsonStream)
	s.w, s.b, s.err = w, s.b[:0], nil
	return s
}

// end writes what is still buffered. The stream must not be used afterwards.
func (s *jsonStream) end() {
	s.flush()
	if s.w = nil; cap(s.b) <= 2*streamBuffer {
		streams.Put(s)
	}
}

// sendHeld answers with the document that write makes, of about size bytes.
func (a *API) sendHeld(w http.ResponseWriter, r *http.Request, size int, write func(s *jsonStream)) *problem {
	return a.sendBuilt(w, r, size, func() []byte { return bufferJSON(size, write) })
}

// sendBuilt answers with the document that build gives, of about size bytes. It waits for
// memory, as the document is held in memory until it is sent.
func (a *API) sendBuilt(w http.ResponseWriter, r *http.Request, size int, build func() []byte) *problem {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	if r.Method == http.MethodHead {
		w.WriteHeader(http.StatusOK)
		return nil
	}
	share, err := a.limits.Answers.Take(r.Context(), int64(size))
	if err != nil {
		return workProblem(err)
	}
	defer share.Release()
	encoded := build()
	h.Set("Content-Length", strconv.Itoa(len(encoded)))
	w.WriteHeader(http.StatusOK)
	w = guard.Paced(w, r, len(encoded))
	for piece := range slices.Chunk(encoded, pieceSize(len(encoded))) {
		if _, err := w.Write(piece); err != nil {
			break // of the connection
		}
	}
	return nil
}

// pieceSize is how many bytes at a time an answer of that size is written: a small one
// at once, and of a large one so many that slow clients have time for each piece.
func pieceSize(size int) int {
	if size <= 2*streamBuffer {
		return max(1, size)
	}
	return streamBuffer
}

// bufferJSON makes a document of about that size in memory.
func bufferJSON(size int, write func(s *jsonStream)) []byte {
	out := bytes.NewBuffer(make([]byte, 0, size))
	writeJSON(out, write)
	return out.Bytes()
}

// fragmentJSON makes a piece of a document in memory.
func fragmentJSON(write func(s *jsonStream)) string {
	var out bytes.Buffer
	s := newStream(&out)
	write(s)
	s.end()
	return out.String()
}

func (s *jsonStream) flush() {
	if len(s.b) > 0 && s.err == nil {
		_, s.err = s.w.Write(s.b)
	}
	s.b = s.b[:0]
}

// plain writes a piece of JSON as it is.
func (s *jsonStream) plain(piece string) {
	if s.b = append(s.b, piece...); len(s.b) >= streamBuffer {
		s.flush()
	}
}

// number writes an integer.
func (s *jsonStream) number(n int64) { s.b = strconv.AppendInt(s.b, n, 10) }

// value writes v, whose encoding never fails.
func (s *jsonStream) value(v any) {
	encoded, err := marshal(v)
	if err != nil {
		panic(err) // cannot happen: v is made of strings and numbers only
	}
	s.plain(string(bytes.TrimSuffix(encoded, []byte("\n"))))
}

// text writes a string as package encoding/json does.
func (s *jsonStream) text(text string) { s.string(text, false) }

// lines is like text, but CR LF becomes LF.
func (s *jsonStream) lines(text string) { s.string(text, true) }

func (s *jsonStream) string(text string, lines bool) {
	s.b = append(s.b, '"')
	for i := 0; i < len(text) && s.err == nil; {
		n := plainLength(text[i:min(len(text), i+streamBuffer)])
		s.b = append(s.b, text[i:i+n]...)
		if i += n; len(s.b) >= streamBuffer {
			s.flush()
		}
		if i == len(text) || n == streamBuffer {
			continue
		}
		if lines && text[i] == '\r' && i+1 < len(text) && text[i+1] == '\n' {
			i++
			continue
		}
		i += s.escape(text[i:])
	}
	s.plain(`"`)
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
func (s *jsonStream) escape(text string) int {
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

// array writes an array, for whose elements each is called.
func array[T any](s *jsonStream, elements []T, each func(T)) {
	s.plain("[")
	for i, element := range elements {
		if i > 0 {
			s.plain(",")
		}
		if each(element); s.err != nil {
			return
		}
	}
	s.plain("]")
}
