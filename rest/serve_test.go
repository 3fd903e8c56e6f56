package rest

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/caddy-mailbucket/mailbucket/message"
	"github.com/caddy-mailbucket/mailbucket/store"
)

// attachedMail has content as its only attachment, in base64 or as it is.
func attachedMail(content []byte, encoded bool) *store.Message {
	head, body := "", string(content)
	if encoded {
		head, body = "Content-Transfer-Encoding: base64\r\n", base64.StdEncoding.EncodeToString(content)
	}
	return mail("a@x", "b@x", "Content-Type: application/octet-stream\r\n"+head+"\r\n"+body)
}

func TestRangesOfAttachments(t *testing.T) {
	content := make([]byte, 100_000)
	for i := range content {
		content[i] = byte(i) ^ byte(i>>8)
	}
	m := attachedMail(content, true)
	a := newTestAPI(t, m)
	target := "/emails/" + m.ID.String() + "/attachments/0"
	whole, body := do(t, a, "GET", target)
	if body != string(content) || whole.Header.Get("Content-Length") != fmt.Sprint(len(content)) || whole.Header.Get("Accept-Ranges") != "bytes" {
		t.Errorf("whole: %d bytes, %v", len(body), whole.Header)
	}
	etag := whole.Header.Get("ETag")
	for _, test := range []struct {
		ranges, ifRange string
		status          int
		want            []byte
	}{
		{"bytes=0-0", "", 206, content[:1]},
		{"bytes=70000-70009", "", 206, content[70000:70010]},
		{"bytes=99990-", "", 206, content[99990:]},
		{"bytes=-5", "", 206, content[99995:]},
		{"bytes=5-6", etag, 206, content[5:7]},
		{"bytes=5-6", `"another"`, 200, content},
		{"bytes=100000-", "", 416, nil}, // a problem document, as described
		{"bytes=x", "", 416, nil},
		{"lines=1-2", "", 200, content},
		{strings.TrimSuffix("bytes="+strings.Repeat("0-0,", maxRanges+1), ","), "", 200, content},
	} {
		response, body := do(t, a, "GET", target, "Range", test.ranges, "If-Range", test.ifRange)
		if response.StatusCode != test.status || test.want != nil && body != string(test.want) {
			t.Errorf("%.40s if %s: %d with %d bytes, want %d with %d", test.ranges, test.ifRange, response.StatusCode, len(body), test.status, len(test.want))
		}
	}
	// Several ranges, backwards.
	response, body := do(t, a, "GET", target, "Range", "bytes=50000-50002,10-12")
	if response.StatusCode != http.StatusPartialContent || !strings.Contains(body, string(content[50000:50003])) || !strings.Contains(body, string(content[10:13])) {
		t.Errorf("two ranges: %d %q", response.StatusCode, body)
	}
}

// FuzzPartReader reads from any places and compares with the whole.
func FuzzPartReader(f *testing.F) {
	f.Add([]byte("hello world"), true, 3, 5, 0, 20)
	f.Add([]byte("=?x"), false, 0, 1, 2, 1)
	f.Add(bytes.Repeat([]byte{0xff, 0}, 5000), true, 9000, 500, 10, 3)
	f.Fuzz(func(t *testing.T, content []byte, encoded bool, firstAt, firstLength, secondAt, secondLength int) {
		part := message.Parse(attachedMail(content, encoded).Raw).Root
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
