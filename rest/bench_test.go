package rest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// BenchmarkList asks a bucket of 100,000 mails of one kilobyte.
func BenchmarkList(b *testing.B) {
	a := newTestAPI(b)
	body := strings.Repeat("Lorem ipsum dolor sit amet, consectetur adipiscing elit sed do.\r\n", 14)
	for i := range 100_000 {
		encoding := []string{"7bit", "quoted-printable"}[i%10/9]
		raw := fmt.Sprintf("From: a%d@example.com\r\nTo: b%d@example.com\r\nSubject: mail %d\r\nContent-Transfer-Encoding: %s\r\n\r\n%s", i, i, i, encoding, body)
		err := bucketOf(a).Append(b.Context(), mail("a@example.com", fmt.Sprintf("b%d@example.com", i), raw))
		if err != nil {
			b.Fatal(err)
		}
	}
	for _, query := range []string{"", "page=900", "recipient=b500@example.com", "recipient=*500@example.com", "q=nothing+like+this", "q=nichts+f%C3%BCr", "subject=mail+99", "hasAttachment=true", "header:Subject=99"} {
		b.Run("query="+query, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				w := httptest.NewRecorder()
				a.Serve(w, httptest.NewRequest("GET", "/emails?"+query, nil))
				if w.Code != http.StatusOK {
					b.Fatal(w.Body)
				}
			}
		})
	}
}
