package search

import (
	"fmt"
	"strings"
	"testing"

	"github.com/caddy-mailbucket/mailbucket/message"
	"github.com/caddy-mailbucket/mailbucket/store"
)

// BenchmarkSearch measures searches without a match over many small mails, of plain text
// and of quoted-printable text, and over large HTML mails.
func BenchmarkSearch(b *testing.B) {
	sentence := "Dear customer, your order of Tuesday has left our house and will be with you soon. "
	text := strings.Repeat(sentence+"\r\n", 8)
	page := "<html><head><style>p { color: #333 }</style></head><body>" +
		strings.Repeat("<table class=\"row\" width=\"600\"><tr><td style=\"padding:0 12px;font-family:Arial\"><p>"+sentence+"<a href=\"https://shop.example.com/orders/1234?ref=mail&amp;x=1\">Your order</a></p></td></tr></table>\r\n", 80)
	for name, load := range map[string]struct {
		n          int
		kind, body string
	}{
		"20000 plain texts of 1 KB":   {20_000, "Content-Type: text/plain; charset=utf-8\r\n", text},
		"20000 encoded texts of 1 KB": {20_000, "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n", strings.ReplaceAll(text, "customer", "K=C3=BCnde")},
		"5000 pages of 20 KB":         {5_000, "Content-Type: text/html; charset=utf-8\r\n", page},
		"5000 encoded pages of 20 KB": {5_000, "Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n", strings.ReplaceAll(page, "=", "=3D")},
	} {
		bucket := store.New(store.Limits{MaxBytes: 512 << 20})
		for i := range load.n {
			raw := fmt.Sprintf("From: Shop %d <shop%d@example.com>\r\nTo: user%d@example.com\r\nSubject: Order %d\r\nMessage-ID: <%d@example.com>\r\nDate: Sun, 29 Nov 2026 07:00:00 +0000\r\nMIME-Version: 1.0\r\n%s\r\n%s", i%7, i%7, i, i, i, load.kind, load.body)
			m := &store.Message{Sender: fmt.Sprintf("shop%d@example.com", i%7), Recipients: []string{fmt.Sprintf("user%d@example.com", i)}, Raw: raw}
			m.HeaderFields = store.HeaderFields(message.ScanHeader(raw))
			if err := bucket.Append(b.Context(), m); err != nil {
				b.Fatal(err)
			}
		}
		held := bucket.Stats().Bytes
		for _, query := range []string{"xylophone", "zzz", "customers", "417283", "subject:xylophone", "from:nobody cc:x"} {
			b.Run(name+"/"+query, func(b *testing.B) {
				e, err := Parse(query)
				if err != nil {
					b.Fatal(err)
				}
				var q store.Query
				e.Narrow(&q)
				find := func() {
					if page, err := bucket.Find(b.Context(), q); err != nil || page.Total != 0 {
						b.Fatal(page.Total, err)
					}
				}
				find()
				for b.Loop() {
					find()
				}
				b.ReportMetric(float64(bucket.Stats().Bytes-held)/float64(load.n), "kept/mail")
			})
		}
	}
}
