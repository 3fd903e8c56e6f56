package jsonstream

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

// document is what a stream writes.
func document(write func(s *Stream)) []byte {
	var out bytes.Buffer
	s := New(&out)
	write(s)
	s.End()
	return out.Bytes()
}

// FuzzJSONString compares with package encoding/json.
func FuzzJSONString(f *testing.F) {
	f.Add("plain")
	f.Add("\"\\\b\f\n\r\t\x00\x1f\x7f<>&é€😀\u2028\u2029\ufffd\xff\xed\xa0\x80\r\n\r\r\n")
	f.Add(strings.Repeat("x", BufferSize-1) + "é" + strings.Repeat("\r\n", BufferSize))
	f.Fuzz(func(t *testing.T, text string) {
		for _, lines := range []bool{false, true} {
			want := text
			if lines {
				want = strings.ReplaceAll(text, "\r\n", "\n")
			}
			encoded, err := Marshal(want)
			if err != nil {
				t.Fatal(err)
			}
			got := document(func(s *Stream) { s.string(text, lines) })
			if !bytes.Equal(got, bytes.TrimSuffix(encoded, []byte("\n"))) {
				t.Errorf("%q: %s, want %s", text, got, encoded)
			}
		}
	})
}

// failingWriter takes so many writes.
type failingWriter struct{ writes int }

func (w *failingWriter) Write(b []byte) (int, error) {
	if w.writes--; w.writes < 0 {
		return 0, errors.New("gone")
	}
	return len(b), nil
}

func TestStreamsEndWithTheirClient(t *testing.T) {
	w := &failingWriter{writes: 2}
	s := New(w)
	Array(s, make([]struct{}, 1<<30), func(struct{}) { s.Text(strings.Repeat("\r", BufferSize)) })
	s.End()
	if w.writes != -1 {
		t.Errorf("%d writes after an error", -1-w.writes)
	}
	if !json.Valid(document(func(s *Stream) { Array(s, []string{"a", "b"}, s.Text) })) {
		t.Error("an array is not JSON")
	}
}
