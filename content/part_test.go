package content

import (
	"bytes"
	"encoding/base64"
	"io"
	"testing"

	"github.com/caddy-mailbucket/mailbucket/message"
)

// attachedMail returns a mail with content as its only attachment, in base64 or unencoded.
func attachedMail(content []byte, encoded bool) string {
	head, body := "", string(content)
	if encoded {
		head, body = "Content-Transfer-Encoding: base64\r\n", base64.StdEncoding.EncodeToString(content)
	}
	return "Content-Type: application/octet-stream\r\n" + head + "\r\n" + body
}

// FuzzPartReader reads a part from arbitrary offsets and compares that with the whole part.
func FuzzPartReader(f *testing.F) {
	f.Add([]byte("hello world"), true, 3, 5, 0, 20)
	f.Add([]byte("=?x"), false, 0, 1, 2, 1)
	f.Add(bytes.Repeat([]byte{0xff, 0}, 5000), true, 9000, 500, 10, 3)
	f.Fuzz(func(t *testing.T, content []byte, encoded bool, firstAt, firstLength, secondAt, secondLength int) {
		part := message.Parse(attachedMail(content, encoded)).Root
		whole := part.Decode()
		r := &partReader{part: part, size: int64(part.Size())}
		for _, piece := range [][2]int{{firstAt, firstLength}, {secondAt, secondLength}} {
			at, length := piece[0], min(max(piece[1], 0), 1<<16)
			place, err := r.Seek(int64(at), io.SeekStart)
			if at < 0 {
				if err == nil {
					t.Errorf("seeking to %d is no error", at)
				}
				continue
			}
			if err != nil || place != int64(at) {
				t.Fatalf("seeking to %d: %d, %v", at, place, err)
			}
			got, err := io.ReadAll(io.LimitReader(r, int64(length)))
			from := min(at, len(whole))
			if want := whole[from:min(len(whole), from+length)]; err != nil || !bytes.Equal(got, want) {
				t.Fatalf("%d bytes at %d: %q, want %q (%v)", length, at, got, want, err)
			}
		}
		if end, err := r.Seek(0, io.SeekEnd); err != nil || end != int64(len(whole)) {
			t.Errorf("the end is at %d, want %d (%v)", end, len(whole), err)
		}
	})
}

func TestContentDispositionOfAnyName(t *testing.T) {
	for name, want := range map[string]string{
		"":            `attachment`,
		"a b.txt":     `attachment; filename="a b.txt"`,
		`a"b\c.txt`:   `attachment; filename="a_b_c.txt"; filename*=UTF-8''a%22b%5Cc.txt`,
		"50%.txt":     `attachment; filename="50_.txt"; filename*=UTF-8''50%25.txt`,
		"ä\r\nX: y":   "attachment; filename=\"___X: y\"; filename*=UTF-8''%C3%A4%0D%0AX%3A%20y",
		"\xff.txt":    `attachment; filename="_.txt"; filename*=UTF-8''%FF.txt`,
		"'(name)*.md": `attachment; filename="'(name)*.md"`,
	} {
		if got := Disposition("attachment", name); got != want {
			t.Errorf("%q: %s, want %s", name, got, want)
		}
	}
}
