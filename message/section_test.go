package message

import (
	"reflect"
	"strings"
	"testing"
)

func TestScanHeader(t *testing.T) {
	for _, tt := range []struct {
		name, raw string
		want      HeaderFields
	}{
		{"usual", "From: a\r\nTo: b\r\nSubject: c\r\nDate: d\r\nMessage-ID: <e>\r\n\r\nSubject: body\r\n",
			HeaderFields{From: "a", To: "b", Subject: "c"}},
		{"no blank after the colon", "Subject:Subject line goes here!\r\n\r\nbody\r\n", HeaderFields{Subject: "Subject line goes here!"}},
		{"LF line ends", "Subject: a\nFrom: b\n\nTo: c\n", HeaderFields{Subject: "a", From: "b"}},
		{"CR CR LF line ends", "Subject: a\r\r\nFrom: b\r\r\n\r\r\nTo: c\r\r\n", HeaderFields{Subject: "a", From: "b"}},
		{"folded", "Subject: a\r\n b\r\n\tc\r\nTo: d\r\n", HeaderFields{Subject: "a b\tc", To: "d"}},
		{"folded with LF", "Subject:\n a\n", HeaderFields{Subject: "a"}},
		{"any case", "sUBJECT: a\r\nFROM: b\r\n", HeaderFields{Subject: "a", From: "b"}},
		{"blank before the colon", "Subject : a\r\n", HeaderFields{Subject: "a"}},
		{"the first one counts", "Subject: a\r\nSubject: b\r\n", HeaderFields{Subject: "a"}},
		{"the first one counts, though empty", "Subject:\r\nSubject: second\r\n\r\n", HeaderFields{}},
		{"mbox line", "From a@b Tue Nov 24 04:57:40\r\nSubject: a\r\n", HeaderFields{Subject: "a"}},
		{"text like an mbox line", "From here on\r\nall is text\r\n\r\nSubject: a\r\n", HeaderFields{}},
		{"line without colon", "nonsense\r\nSubject: a\r\n\r\n", HeaderFields{Subject: "a"}},
		{"text, with a field in it", "From: a\r\nno field here\r\nSubject: after it\r\nmore", HeaderFields{From: "a", Subject: "after it"}},
		{"fields in a body without an empty line", "From: a\r\nHello Bob\r\nSubject: is text\r\n", HeaderFields{From: "a"}},
		{"body after a blank line", "Subject: a\r\n \r\ntext\r\n\r\nFrom: b\r\n", HeaderFields{Subject: "a"}},
		{"addresses at column 0", "To: a@b.test,\r\nc@d.test\r\nSubject: s\r\n\r\n", HeaderFields{To: "a@b.test, c@d.test", Subject: "s"}},
		{"no body, no line end", "Subject: a", HeaderFields{Subject: "a"}},
		{"bare CR", "Subject: a\rb\r\n", HeaderFields{Subject: "a b"}},
		{"empty", "", HeaderFields{}},
		{"no header", "\r\nSubject: a\r\n", HeaderFields{}},
		{"too many fields", strings.Repeat("X: y\r\n", MaxHeaderFields) + "Subject: a\r\n\r\n", HeaderFields{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := ScanHeader(tt.raw); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			scanAgrees(t, tt.raw)
		})
	}
}

// scanAgrees checks that ScanHeader finds the same fields as Parse.
func scanAgrees(t testing.TB, raw string) {
	t.Helper()
	h := Parse(raw).Header()
	value := func(name string) string {
		raw, _ := h.raw(name)
		return strings.Trim(unfold(raw), " \t")
	}
	want := HeaderFields{value("Subject"), value("From"), value("To")}
	if got := ScanHeader(raw); got != want {
		t.Errorf("ScanHeader gave %q, Parse %q of %q", got, want, raw)
	}
}

func TestScanHeaderAllocatesNothing(t *testing.T) {
	const raw = "Received: x\r\n\ty\r\nFrom: a\r\nTo: b\r\nSubject: c\r\nDate: d\r\nMessage-ID: <e>\r\n\r\nbody"
	if n := testing.AllocsPerRun(100, func() { ScanHeader(raw) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestScanHeaderIsLinear(t *testing.T) {
	for _, unit := range []string{"\r", "\n ", "junk\r\n", "junk\r\nA: b\r\n", "To: a,\r\n@\r\n", "Content-Type: a\r\nname=\r\n", "Subject: =?\r\n=?x?=\r\n", ": \r\n", "From \r\n", "=?"} {
		scanAgrees(t, strings.Repeat(unit, 2<<20/len(unit)))
	}
}

func FuzzScanHeader(f *testing.F) {
	for _, file := range corpus(f, "*") {
		f.Add(readFile(f, file))
	}
	f.Add("Subject: a\r\n b\r\nTo : c\r\n\r\nFrom: d")
	f.Add("subject:\r\rTo:x\n\n")
	f.Add("From: a\r\nno field here\r\nSubject: after it\r\nmore")
	f.Fuzz(func(t *testing.T, raw string) { scanAgrees(t, raw) })
}

func TestHeaderSections(t *testing.T) {
	const head = "From: a@b.test\r\nDate: Tue, 3 Feb 2026 10:15:30 +0100\r\n"
	for _, tt := range []struct {
		name, raw string
		fields    int
		body      string
		problem   Code
	}{
		{"usual", head + "\r\nbody", 2, "body", ""},
		{"no body", head, 2, "", ""},
		{"no header", "typed by hand\r\nsecond line\r\n", 0, "typed by hand\r\nsecond line\r\n", NoBlankLine},
		{"no header, several paragraphs", "typed by hand\r\n\r\nsecond: line\r\n", 0, "typed by hand\r\n\r\nsecond: line\r\n", NoBlankLine},
		{"no header, a line with a colon", "Hello Bob: hi\r\nhttps://a.test/\r\n", 0, "Hello Bob: hi\r\nhttps://a.test/\r\n", NoBlankLine},
		{"no header, a line like a field at the end", "Hello Bob\r\nNote: this\r\n", 0, "Hello Bob\r\nNote: this\r\n", NoBlankLine},
		{"empty line with a blank", head + " \r\none\r\ntwo\r\n\r\nthree: four\r\n", 2, "one\r\ntwo\r\n\r\nthree: four\r\n", NoBlankLine},
		{"empty line with a tab", head + "\t\r\n<p style=\"color:red\">one</p>\r\n", 2, "<p style=\"color:red\">one</p>\r\n", NoBlankLine},
		{"no empty line", head + "one\r\ntwo\r\n\r\nthree\r\n", 2, "one\r\ntwo\r\n\r\nthree\r\n", NoBlankLine},
		{"a URL first", head + "https://a.test/reset\r\n", 2, "https://a.test/reset\r\n", NoBlankLine},
		{"markup first", head + "<p>Hello:</p>\r\n\r\nx", 2, "<p>Hello:</p>\r\n\r\nx", NoBlankLine},
		{"delimiter without an empty line", "Content-Type: multipart/mixed; boundary=b\r\nthe preamble\r\n--b\r\nX: y\r\n\r\nz\r\n--b--", 1, "the preamble\r\n--b\r\nX: y\r\n\r\nz\r\n--b--", NoBlankLine},
		{"delimiter after a blank", "Content-Type: multipart/mixed; boundary=b\r\n \r\n--b \r\nX: y\r\n\r\nz\r\n--b--", 1, "--b \r\nX: y\r\n\r\nz\r\n--b--", NoBlankLine},
		{"junk among fields", "From: a@b.test\r\njunk\r\nDate: Tue, 3 Feb 2026 10:15:30 +0100\r\n\r\nbody", 2, "body", MalformedField},
		{"CR CR LF", strings.ReplaceAll(head, "\r\n", "\r\r\n") + "\r\r\nbody\r\r\n", 2, "body\r\r\n", BareCR},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := Parse(tt.raw)
			walk(t, m)
			if len(m.Header()) != tt.fields || m.Root.Body() != tt.body {
				t.Errorf("%d fields, body %q", len(m.Header()), m.Root.Body())
			}
			if found := codes(m); tt.problem != "" && !found[tt.problem] || tt.problem == "" && found[NoBlankLine] {
				t.Errorf("problems %v", m.Problems())
			}
		})
	}
}

func TestFieldsContinuedAtColumn0(t *testing.T) {
	for raw, want := range map[string]map[string]string{
		"Content-Type: text/plain;\r\ncharset=koi8-r\r\nname=\"a:b.txt\"\r\n\r\n": {"charset": "koi8-r", "name": "a:b.txt"},
		"Content-Type:\r\ntext/plain; charset=koi8-r\r\n\r\n":                     {"charset": "koi8-r"},
		"Content-Type: text/plain\r\ncharset = \"koi8-r\"\r\n\r\n":                {"charset": "koi8-r"},
		"Content-Type: a/b;\r\nname*0*=utf-8''%C3%A9;\r\nNAME*1=x\r\n\r\n":        {"name": "éx"},
	} {
		m := Parse(raw)
		got := map[string]string{}
		for _, p := range m.Root.ContentType().Params {
			got[p.Name] = p.Value
		}
		if !reflect.DeepEqual(got, want) || !codes(m)[UnfoldedField] || codes(m)[NoBlankLine] {
			t.Errorf("%q: %v, problems %v", raw, got, m.Problems())
		}
	}
	m := Parse("To: a@b.test,\r\nc@d.test\r\nSubject: =?utf-8?Q?caf?=\r\n=?utf-8?Q?=C3=A9?=\r\n\r\nx")
	if len(m.To()) != 2 || m.Subject() != "café" || !codes(m)[UnfoldedField] {
		t.Errorf("to %q, subject %q, problems %v", m.To(), m.Subject(), m.Problems())
	}
	m = Parse("Content-Type: text/plain\r\nDear Bob = x\r\n")
	if m.Text() != "Dear Bob = x\n" || codes(m)[UnfoldedField] {
		t.Errorf("text %q, problems %v", m.Text(), m.Problems())
	}
}

func BenchmarkScanHeader(b *testing.B) {
	raw := "Received: from a by b;\r\n Tue, 24 Nov 2026 10:15:30 +0100\r\nFrom: App <app@example.com>\r\nTo: User <user@example.com>\r\n" +
		"Subject: Your order\r\n has shipped\r\nDate: Tue, 24 Nov 2026 10:15:30 +0100\r\nMessage-ID: <1@example.com>\r\n\r\n" + strings.Repeat("body\r\n", 100)
	b.ReportAllocs()
	for b.Loop() {
		ScanHeader(raw)
	}
}
