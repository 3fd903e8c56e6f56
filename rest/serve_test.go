package rest

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"

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
