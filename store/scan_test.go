package store

import (
	"strings"
	"testing"
)

func TestHeaderScan(t *testing.T) {
	for _, test := range []struct {
		name, raw string
		want      Message
	}{
		{"usual", "From: a\r\nTo: b\r\nSubject: c\r\nDate: d\r\nMessage-ID: <e>\r\n\r\nSubject: body\r\n",
			Message{From: "a", To: "b", Subject: "c", Date: "d", MessageID: "<e>"}},
		{"the tutorial's", "Subject:Subject line goes here!\r\n\r\nbody\r\n", Message{Subject: "Subject line goes here!"}},
		{"LF line ends", "Subject: a\nFrom: b\n\nTo: c\n", Message{Subject: "a", From: "b"}},
		{"folded", "Subject: a\r\n b\r\n\tc\r\nTo: d\r\n", Message{Subject: "a b\tc", To: "d"}},
		{"folded with LF", "Subject:\n a\n", Message{Subject: "a"}},
		{"any case", "sUBJECT: a\r\nMESSAGE-id: b\r\n", Message{Subject: "a", MessageID: "b"}},
		{"blank before the colon", "Subject : a\r\n", Message{Subject: "a"}},
		{"the first one counts", "Subject: a\r\nSubject: b\r\n", Message{Subject: "a"}},
		{"mbox line", "From a@b Tue Nov 24 04:57:40\r\nSubject: a\r\n", Message{Subject: "a"}},
		{"line without colon", "nonsense\r\nSubject: a\r\n", Message{Subject: "a"}},
		{"no body, no line end", "Subject: a", Message{Subject: "a"}},
		{"bare CR", "Subject: a\rb\r\n", Message{Subject: "ab"}},
		{"empty", "", Message{}},
		{"no header", "\r\nSubject: a\r\n", Message{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := Message{Raw: test.raw}
			m.scanHeader()
			got := []string{m.From, m.To, m.Subject, m.Date, m.MessageID}
			want := []string{test.want.From, test.want.To, test.want.Subject, test.want.Date, test.want.MessageID}
			if strings.Join(got, "|") != strings.Join(want, "|") {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

func TestHeaderScanAllocatesNothing(t *testing.T) {
	m := Message{Raw: "Received: x\r\n\ty\r\nFrom: a\r\nTo: b\r\nSubject: c\r\nDate: d\r\nMessage-ID: <e>\r\n\r\nbody"}
	if n := testing.AllocsPerRun(100, m.scanHeader); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// FuzzHeaderScan compares the scan with a plain reading of RFC 5322 section 2.2.
func FuzzHeaderScan(f *testing.F) {
	f.Add("Subject: a\r\n b\r\nTo : c\r\n\r\nFrom: d")
	f.Add("subject:\r\rTo:x\n\n")
	f.Fuzz(func(t *testing.T, raw string) {
		if len(raw) > maxScanBytes || strings.Count(raw, "\n") > maxScanFields {
			return
		}
		m := Message{Raw: raw}
		m.scanHeader()
		want := map[string]string{}
		var fields []string
		for _, line := range strings.SplitAfter(raw, "\n") {
			if strings.Trim(line, "\r\n") == "" && strings.HasSuffix(line, "\n") && !strings.HasPrefix(line, " ") {
				break
			}
			if n := len(fields); n > 0 && line != "" && (line[0] == ' ' || line[0] == '\t') {
				fields[n-1] += line
				continue
			}
			fields = append(fields, line)
		}
		clean := strings.NewReplacer("\r", "", "\n", "")
		for _, field := range fields {
			name, value, ok := strings.Cut(field, ":")
			name = strings.ToLower(strings.TrimRight(name, " \t"))
			if ok && want[name] == "" {
				want[name] = clean.Replace(strings.Trim(value, " \t\r\n"))
			}
		}
		for name, got := range map[string]string{"subject": m.Subject, "to": m.To, "from": m.From, "date": m.Date, "message-id": m.MessageID} {
			if got != want[name] {
				t.Errorf("%s is %q, want %q", name, got, want[name])
			}
		}
	})
}

func BenchmarkHeaderScan(b *testing.B) {
	raw := "Received: from a by b;\r\n Tue, 24 Nov 2026 10:15:30 +0100\r\nFrom: App <app@example.com>\r\nTo: User <user@example.com>\r\n" +
		"Subject: Your order\r\n has shipped\r\nDate: Tue, 24 Nov 2026 10:15:30 +0100\r\nMessage-ID: <1@example.com>\r\n\r\n" + strings.Repeat("body\r\n", 100)
	b.ReportAllocs()
	for b.Loop() {
		m := Message{Raw: raw}
		m.scanHeader()
	}
}
