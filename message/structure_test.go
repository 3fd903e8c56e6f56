package message

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"unicode/utf8"
)

// walk uses everything that a message gives, and checks what must always hold.
func walk(t testing.TB, m *Message) {
	t.Helper()
	parts := m.Parts()
	if len(parts) == 0 || len(parts) > MaxParts || parts[0] != m.Root {
		t.Fatalf("%d parts", len(parts))
	}
	decoded := 0
	for i, p := range parts {
		if p.Index != i || p.start > p.headerEnd || p.headerEnd > p.bodyStart || p.bodyStart > p.end || p.end > len(m.raw) {
			t.Fatalf("part %d (index %d): %d %d %d %d", i, p.Index, p.start, p.headerEnd, p.bodyStart, p.end)
		}
		at := p.bodyStart
		for _, child := range p.Parts {
			if child.start < at || child.end > p.end {
				t.Fatalf("part %d (%d to %d) is not within part %d (%d to %d)", child.Index, child.start, child.end, i, at, p.end)
			}
			at = child.end
		}
		for _, s := range []string{p.Filename(), p.ContentID(), p.Disposition().Value} {
			if strings.ContainsAny(s, "\r\n") {
				t.Errorf("part %d: line end in %q", i, s)
			}
		}
		if len(p.Parts) == 0 {
			decoded += walkLeaf(t, p)
		}
	}
	if decoded > 3*len(m.raw)+8 {
		t.Errorf("%d bytes gave %d decoded ones", len(m.raw), decoded)
	}
	walkBodies(t, m)
}

// walkLeaf decodes a leaf in each way and gives its size.
func walkLeaf(t testing.TB, p *Part) int {
	t.Helper()
	content := p.Decode()
	if n := p.Size(); n != len(content) {
		t.Errorf("part %d: size %d, but %d bytes", p.Index, n, len(content))
	}
	small, err := io.ReadAll(io.LimitReader(p.Open(), 100))
	if err != nil || string(small) != string(content[:min(100, len(content))]) {
		t.Errorf("part %d: read %q (%v) of %q", p.Index, small, err, content)
	}
	if text := p.Text(); !utf8.ValidString(text) || strings.Contains(text, "\r") {
		t.Errorf("part %d: text %q", p.Index, text)
	}
	return len(content)
}

func walkBodies(t testing.TB, m *Message) {
	t.Helper()
	for _, s := range []string{m.Text(), m.HTML(), m.Subject(), m.MessageID()} {
		if !utf8.ValidString(s) || len(s) > MaxText {
			t.Errorf("not UTF-8: %q", s)
		}
	}
	walkShown(t, m)
	last := -1
	for _, p := range m.Attachments() {
		if p.Index <= last {
			t.Errorf("attachment %d after %d", p.Index, last)
		}
		last = p.Index
	}
	for _, f := range m.Header() {
		if f.Name == "" || strings.ContainsAny(f.Value(), "\r\n") {
			t.Errorf("field %q: %q", f.Name, f.Raw)
		}
	}
	for _, list := range [][]Address{m.From(), m.To(), m.Cc(), m.Bcc(), m.ReplyTo()} {
		if len(list) > MaxAddresses {
			t.Errorf("%d addresses", len(list))
		}
	}
	m.Date()
	for _, p := range m.Problems() {
		if p.Code.Meaning() == "" || p.Part < 0 || p.Part >= len(m.parts) || !utf8.ValidString(p.Text) || len(p.Text) > 400 {
			t.Errorf("problem %q", p)
		}
	}
}

// walkShown checks that no mail looks empty if it has text that is not an attachment.
func walkShown(t testing.TB, m *Message) {
	t.Helper()
	seen := func(s string) bool { return strings.TrimFunc(s, invisible) != "" }
	if seen(m.Text()) || seen(m.HTML()) {
		return
	}
	for _, p := range m.parts {
		disposition := p.Disposition().Value
		if len(p.Parts) == 0 && strings.HasPrefix(p.MediaType, "text/") && (disposition == "" || disposition == "inline") && seen(p.Text()) {
			t.Errorf("neither text nor HTML, but part %d says %q", p.Index, p.Text())
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, file := range corpus(f, "*") {
		f.Add(readFile(f, file))
	}
	f.Fuzz(func(t *testing.T, raw string) { walk(t, Parse(raw)) })
}

// multipartHead begins a message with a boundary.
func multipartHead(boundary string) string {
	return "From: a@b.test\r\nDate: Tue, 3 Feb 2026 10:15:30 +0100\r\nContent-Type: multipart/mixed; boundary=\"" + boundary + "\"\r\n\r\n"
}

func codes(m *Message) map[Code]bool {
	found := make(map[Code]bool)
	for _, p := range m.Problems() {
		found[p.Code] = true
	}
	return found
}

// nested gives multiparts in one another, each boundary a prefix of the next.
func nested(depth int) string {
	var b strings.Builder
	boundary := ""
	for range depth {
		boundary += "b"
		if boundary != "b" {
			fmt.Fprintf(&b, "--%s\r\n", boundary[1:])
		}
		fmt.Fprintf(&b, "Content-Type: multipart/mixed; boundary=%s\r\n\r\n", boundary)
	}
	return b.String()
}

func TestTooDeepPartsAreLeaves(t *testing.T) {
	for name, raw := range map[string]string{
		"multiparts": nested(10 * MaxDepth),
		"messages":   strings.Repeat("Content-Type: message/rfc822\r\n\r\n", 10*MaxDepth),
	} {
		m := Parse(raw)
		depth := 0
		for p := m.Root; len(p.Parts) > 0; p = p.Parts[0] {
			depth++
		}
		if depth != MaxDepth {
			t.Errorf("%s: depth %d", name, depth)
		}
		if !codes(m)[TooDeep] {
			t.Errorf("%s: problems %v", name, m.Problems())
		}
		walk(t, m)
	}
}

func TestRestBeyondMaxPartsIsOnePart(t *testing.T) {
	m := Parse(multipartHead("b") + strings.Repeat("--b\r\n\r\ntext\r\n", 2*MaxParts) + "--b--\r\n")
	if len(m.parts) != MaxParts {
		t.Fatalf("%d parts", len(m.parts))
	}
	last := m.parts[MaxParts-1]
	if last.MediaType != "application/octet-stream" || strings.Count(last.Body(), "--b\r\n") != MaxParts+1 {
		t.Errorf("the last part is %q with %d delimiters", last.MediaType, strings.Count(last.Body(), "--b\r\n"))
	}
	if found := codes(m); !found[TooManyParts] || found[UnterminatedMultipart] {
		t.Errorf("problems %v", m.Problems())
	}
	walk(t, m)
}

func TestHeaderIsBounded(t *testing.T) {
	field := "X: " + strings.Repeat("y", 100) + "\r\n"
	for name, raw := range map[string]string{
		"fields": strings.Repeat("X: y\r\n", 2*MaxHeaderFields) + "\r\nbody",
		"bytes":  strings.Repeat(field, 2*MaxHeaderBytes/len(field)) + "\r\nbody",
	} {
		m := Parse(raw)
		if n := len(m.Header()); n == 0 || n > MaxHeaderFields {
			t.Errorf("%s: %d fields", name, n)
		}
		if m.Text() != "body" || !codes(m)[HeaderTooLarge] {
			t.Errorf("%s: text %q, problems %v", name, m.Text(), m.Problems())
		}
	}
}

func TestFieldsOfAllHeadersAreBounded(t *testing.T) {
	part := "--b\r\n" + strings.Repeat("a:\r\n", 1000) + "\r\n"
	m := Parse(multipartHead("b") + strings.Repeat(part, 2*MaxMessageFields/1000))
	fields := 0
	for _, p := range m.Parts() {
		fields += len(p.Header)
	}
	if fields != MaxMessageFields {
		t.Errorf("%d fields", fields)
	}
}

func TestProblemsAreBoundedAndOrdered(t *testing.T) {
	m := Parse(multipartHead("b") + strings.Repeat("--b\r\nnot a field\r\nContent-Transfer-Encoding: base64\r\n\r\n*\r\n", 5000))
	problems := m.Problems()
	if len(problems) != MaxProblems || problems[MaxProblems-1].Code != MoreProblems {
		t.Errorf("%d problems, the last is %v", len(problems), problems[len(problems)-1])
	}
	for i := 1; i < len(problems)-1; i++ {
		if problems[i].Part < problems[i-1].Part {
			t.Errorf("part %d after part %d", problems[i].Part, problems[i-1].Part)
		}
	}
}

func TestTextIsBounded(t *testing.T) {
	const size = MaxText/2 + 1000
	part := "--b\r\n\r\n" + strings.Repeat("é", size/2) + "\r\n"
	m := Parse(multipartHead("b") + part + part + part)
	if n := len(m.Text()); n > MaxText || n < MaxText-4 {
		t.Errorf("text of %d bytes", n)
	}
	m = Parse("\r\n" + strings.Repeat("x", MaxText+1))
	if n := len(m.Text()); n != MaxText || !codes(m)[BodyTooLarge] {
		t.Errorf("text of %d bytes, problems %v", n, m.Problems())
	}
}

// Each of these takes minutes, or longer, when the work grows with the square
// of the size, or with the size times the depth of nesting.
func TestParseIsLinear(t *testing.T) {
	many := func(s string, size int) string { return strings.Repeat(s, size/len(s)) }
	deep := nested(MaxDepth)
	prefix := strings.Repeat("b", MaxDepth)
	for name, raw := range map[string]string{
		"50,000 empty parts":         multipartHead("b") + strings.Repeat("--b\r\n\r\n\r\n", 50_000),
		"empty parts without header": multipartHead("b") + strings.Repeat("--b\n", 100_000),
		"prefixes of boundaries":     deep + many("--"+prefix[:MaxDepth-1]+"x\r\n", 512<<10),
		"inner delimiters":           deep + many("--"+prefix[:MaxDepth-1]+"\r\n", 512<<10),
		"all delimiters in turn":     strings.Repeat(deep, 500),
		"long dashed lines":          deep + many("--"+strings.Repeat("b", 4000)+"\r\n", 512<<10),
		"one dashed line":            deep + "--" + strings.Repeat("b ", 256<<10),
		"dashes":                     deep + many("--\r\n", 512<<10),
		"RFC 2231 segments":          "Content-Type: a/b" + many(";\r\n name*1*=utf-8''%41", 309<<10) + "\r\n\r\n",
		"numbered segments":          numberedSegments(5_000),
		"marks in a subject":         "Subject: " + many("=?", 256<<10) + "\r\n\r\n",
		"brackets in From":           "From: " + many("(", 256<<10) + "\r\n\r\n",
		"angles in From":             "From: " + many("<", 256<<10) + "\r\n\r\n",
		"quotes in From":             "From: " + many(`"`, 256<<10) + "\r\n\r\n",
		"comments in Content-Type":   "Content-Type: " + many("(", 256<<10) + "\r\n\r\n",
		"100,000 folded lines":       "Subject: x" + strings.Repeat("\r\n y", 100_000) + "\r\n\r\n",
		"folded lines to the end":    "Subject: x" + many("\n ", 512<<10),
		"base64 in one line":         "Content-Transfer-Encoding: base64\r\n\r\n" + many("QUJD", 512<<10),
		"padded pieces":              "Content-Transfer-Encoding: base64\r\n\r\n" + many("QQ==", 512<<10),
		"padded pieces and blanks":   "Content-Transfer-Encoding: base64\r\n\r\n" + many("QQ== \n\n ", 512<<10),
		"blank lines in base64":      "Content-Transfer-Encoding: base64\r\n\r\n" + many("\n\t ", 512<<10),
		"empty lines in base64":      "Content-Transfer-Encoding: base64\r\n\r\n" + many("\n\n ", 512<<10),
		"padding":                    "Content-Transfer-Encoding: base64\r\n\r\n" + many("=", 512<<10),
		"equals signs":               "Content-Transfer-Encoding: quoted-printable\r\n\r\n" + many("=", 512<<10),
		"blanks":                     "Content-Transfer-Encoding: quoted-printable\r\n\r\n" + many(" ", 512<<10) + "x",
		"soft breaks of blanks":      "Content-Transfer-Encoding: quoted-printable\r\n\r\n" + many("=    ", 512<<10) + "x",
		"uuencode":                   "Content-Transfer-Encoding: x-uuencode\r\n\r\nbegin 644 x\n" + many("_\n", 512<<10),
		"begin lines":                "Content-Transfer-Encoding: x-uuencode\r\n\r\n" + many("begi\n", 512<<10),
		"junk header lines":          many("junk\r\n", 512<<10),
		"headers without end":        multipartHead("b") + many("--b\r\njunk\r\nA: b\r\n", 512<<10),
		"UTF-7":                      "Content-Type: text/plain; charset=utf-7\r\n\r\n" + many("+A", 512<<10),
		"line ends":                  many("\r\n", 512<<10),
		"CR":                         "\r\n" + many("\r", 512<<10),
		"boundaries in messages":     multipartHead("b") + many("--b\r\nContent-Type: message/rfc822\r\n\r\n"+multipartHead("c")+"--c\r\n", 512<<10),
	} {
		t.Run(name, func(t *testing.T) { walk(t, Parse(raw)) })
	}
}

func numberedSegments(n int) string {
	var b strings.Builder
	b.WriteString("Content-Type: a/b")
	for i := n; i > 0; i-- {
		fmt.Fprintf(&b, ";\r\n name*%d*=%%41", i)
	}
	return b.String() + "\r\n\r\n"
}

func TestBoundaryLines(t *testing.T) {
	head := multipartHead("b")
	tests := []struct {
		name, body string
		want       []string // bodies of the parts
	}{
		{"plain", "--b\r\n\r\none\r\n--b\r\n\r\ntwo\r\n--b--\r\n", []string{"one", "two"}},
		{"preamble and epilogue", "pre\r\n--b\r\n\r\none\r\n--b--\r\n--b\r\n\r\nno part\r\n", []string{"one"}},
		{"blanks after", "--b \t \r\n\r\none\r\n--b--\t\r\n", []string{"one"}},
		{"blanks before the end of the closing one", "--b\r\n\r\none\r\n--b --\r\nepilogue", []string{"one"}},
		{"CR CR LF", "--b\r\r\n\r\r\none\r\r\n--b\r\r\n\r\r\ntwo\r\r\n--b--\r\r\n", []string{"one", "two"}},
		{"CR before CR LF", "--b\r\n\r\none\r\r\n--b--\r\n", []string{"one\r"}},
		{"LF", "--b\n\none\n--b\n\ntwo\n--b--", []string{"one", "two"}},
		{"mixed line ends", "--b\n\none\r\n--b\r\n\r\ntwo\n--b--\n", []string{"one", "two"}},
		{"not at the start of a line", "--b\r\n\r\nx--b\r\n --b\r\n--b--", []string{"x--b\r\n --b"}},
		{"longer and shorter", "--b\r\n\r\n--bb\r\n--\r\n-b\r\n--b-\r\n--b---\r\n--B\r\n--b--", []string{"--bb\r\n--\r\n-b\r\n--b-\r\n--b---\r\n--B"}},
		{"empty body", "--b\r\n\r\n\r\n--b\r\n\r\n--b\r\n--b--", []string{"", "", ""}},
		{"only an empty line", "--b\r\n\r\n\r\n\r\n--b--", []string{"\r\n"}},
		{"header only", "--b\r\nX: y\r\n--b--", []string{""}},
		{"no end", "--b\r\n\r\none\r\n", []string{"one\r\n"}},
		{"ends in a delimiter", "--b\r\n\r\none\r\n--b", []string{"one", ""}},
		{"bare CR before", "--b\r\n\r\none\r--b\r\n--b--", []string{"one\r--b"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := Parse(head + tt.body)
			walk(t, m)
			var got []string
			for _, p := range m.Root.Parts {
				got = append(got, p.Body())
			}
			if fmt.Sprintf("%q", got) != fmt.Sprintf("%q", tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestBoundariesWithBlanks(t *testing.T) {
	for boundary, delimiter := range map[string]string{
		`"a b "`: "a b ", `"a b"`: "a b", `" a"`: " a", "a b": "a b", "a  b c": "a  b c", `"a b "; x=y`: "a b", "\"a\r\n b\"": "a b",
		"----MIME delimiter for sendEmail-1.5": "----MIME delimiter for sendEmail-1.5",
	} {
		m := Parse("Content-Type: multipart/mixed; boundary=" + boundary + "\r\n\r\n--" + delimiter + "\r\n\r\none\r\n--" + delimiter + "--\r\nepilogue")
		walk(t, m)
		if m.Text() != "one" || codes(m)[UnterminatedMultipart] {
			t.Errorf("boundary %s, delimiter %q: text %q, problems %v", boundary, delimiter, m.Text(), m.Problems())
		}
	}
}

func TestOuterBoundaryEndsInnerParts(t *testing.T) {
	m := Parse(multipartHead("o") + "--o\r\nContent-Type: multipart/mixed; boundary=i\r\n\r\n--i\r\nContent-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\ninner\r\n--o\r\n\r\nouter\r\n--i\r\n--o--\r\n")
	walk(t, m)
	if len(m.parts) != 5 || m.parts[3].Body() != "inner" || m.parts[4].Body() != "outer\r\n--i" {
		t.Errorf("%d parts: %q, %q", len(m.parts), m.parts[3].Body(), m.parts[4].Body())
	}
}

func TestUnusableBoundaries(t *testing.T) {
	for _, boundary := range []string{"", "   ", strings.Repeat("x", MaxBoundary+1)} {
		m := Parse(multipartHead(boundary) + "--" + boundary + "\r\n\r\ntext\r\n--" + boundary + "--\r\n")
		walk(t, m)
		if len(m.parts) != 1 || !codes(m)[MissingBoundary] || !strings.Contains(m.Text(), "\ntext\n") {
			t.Errorf("boundary of %d bytes: %d parts, problems %v", len(boundary), len(m.parts), m.Problems())
		}
	}
}

func TestRawBytesAreKept(t *testing.T) {
	raw := readFile(t, "testdata/valid/gmail.eml")
	m := Parse(raw)
	if m.Raw() != raw || m.Root.RawHeader()+"\r\n"+m.Root.Body() != raw {
		t.Error("the bytes of the message changed")
	}
	if got := m.parts[1].RawHeader(); !strings.HasPrefix(got, "Content-Type: text/plain;") || !strings.HasSuffix(got, "quoted-printable\r\n") {
		t.Errorf("header of part 1: %q", got)
	}
}

func TestConcurrentUse(t *testing.T) {
	m := Parse(readFile(t, "testdata/valid/outlook.eml"))
	done := make(chan struct{})
	for range 8 {
		go func() {
			defer func() { done <- struct{}{} }()
			if m.Text() == "" || len(m.Attachments()) != 2 || len(m.Problems()) != 0 {
				t.Error("a reader saw something else")
			}
		}()
	}
	for range 8 {
		<-done
	}
}
