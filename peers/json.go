package peers

import (
	"bytes"
	"encoding/json"
	"io"
	"unicode/utf8"
)

// jsonWriter writes a document piece by piece, so that a large one is never in memory as a
// whole. Once writing has failed, it does nothing.
type jsonWriter struct {
	w      io.Writer
	buffer bytes.Buffer
	begun  bool // something was written
	err    error
}

func newJSONWriter(w io.Writer) *jsonWriter { return &jsonWriter{w: w} }

// to writes to w from now on.
func (j *jsonWriter) to(w io.Writer) { j.w = w }

// flush writes what is left to w, or to where it wrote before if w is nil.
func (j *jsonWriter) flush(w io.Writer) error {
	if w != nil {
		j.w = w
	}
	if j.err == nil && j.buffer.Len() > 0 {
		j.begun = true
		_, j.err = j.w.Write(j.buffer.Bytes())
	}
	j.buffer.Reset()
	return j.err
}

// plain writes what is JSON already.
func (j *jsonWriter) plain(piece string) {
	if j.buffer.WriteString(piece); j.buffer.Len() >= pieceSize {
		_ = j.flush(nil) // the error stays
	}
}

// value writes v, which is small and made of strings and numbers only.
func (j *jsonWriter) value(v any) {
	encoded, err := json.Marshal(v)
	if err != nil && j.err == nil {
		j.err = err
	}
	j.plain(string(encoded))
}

// text writes a string of any length. What is not UTF-8 in it comes out as U+FFFD.
func (j *jsonWriter) text(s string) {
	j.plain(`"`)
	for s != "" && j.err == nil {
		n := len(s)
		if n > pieceSize {
			for n = pieceSize; n > pieceSize-utf8.UTFMax && !utf8.RuneStart(s[n]); n-- {
			}
		}
		encoded, err := json.Marshal(s[:n])
		if err != nil {
			j.err = err
			return
		}
		j.plain(string(encoded[1 : len(encoded)-1]))
		s = s[n:]
	}
	j.plain(`"`)
}
