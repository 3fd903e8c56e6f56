package message

import (
	"fmt"
	"io"
	"strings"
	"testing"
)

func BenchmarkParse(b *testing.B) {
	for _, size := range []int{1 << 10, 50 << 10, 1 << 20} {
		raw := multipartHead("b") + "--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nHello.\r\n--b\r\nContent-Type: application/pdf; name=x.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n"
		line := strings.Repeat("QUJD", 19) + "\r\n"
		raw += strings.Repeat(line, (size-len(raw))/len(line)) + "--b--\r\n"
		b.Run(fmt.Sprintf("%dKiB", size>>10), func(b *testing.B) {
			b.SetBytes(int64(len(raw)))
			b.ReportAllocs()
			for b.Loop() {
				Parse(raw)
			}
		})
		b.Run(fmt.Sprintf("%dKiB/all", size>>10), func(b *testing.B) {
			b.SetBytes(int64(len(raw)))
			b.ReportAllocs()
			for b.Loop() {
				m := Parse(raw)
				_ = m.Text() + m.HTML() + m.Subject()
				for _, a := range m.Attachments() {
					io.Copy(io.Discard, a.Open())
				}
				m.Problems()
			}
		})
	}
}
