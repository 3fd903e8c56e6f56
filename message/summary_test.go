package message

import (
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"
)

// TestSummarizeAgreesWithParse compares Summarize with Message.Summary, and the snippet
// with the beginning of the text.
func TestSummarizeAgreesWithParse(t *testing.T) {
	for _, folder := range []string{"valid", "broken", "reported"} {
		for _, file := range corpus(t, folder) {
			t.Run(filepath.Base(file), func(t *testing.T) { checkSummary(t, readFile(t, file)) })
		}
	}
}

func checkSummary(t *testing.T, raw string) {
	t.Helper()
	m := Parse(raw)
	quick, whole := Summarize(raw), m.Summary()
	if !reflect.DeepEqual(quick, whole) {
		t.Errorf("Summarize gives %+v, Parse %+v", quick, whole)
	}
	if !utf8.ValidString(whole.Snippet) || utf8.RuneCountInString(whole.Snippet) > MaxSnippet {
		t.Errorf("snippet %q", whole.Snippet)
	}
	want := Snippet(m.Text())
	if want == "" {
		want = Snippet(TextFromHTML(m.HTML()))
	}
	if whole.Snippet != want {
		t.Errorf("snippet %q, want %q", whole.Snippet, want)
	}
	if n := len(m.Attachments()); whole.Attachments > n {
		t.Errorf("%d attachments of %d", whole.Attachments, n)
	}
}

func TestSummary(t *testing.T) {
	const related = "MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>Look: <img src=\"cid:logo@x\">\r\n" +
		"--b\r\nContent-Type: image/png\r\nContent-ID: <logo@x>\r\nContent-Disposition: attachment; filename=logo.png\r\n\r\n\x89PNG\r\n\x1a\n\r\n" +
		"--b\r\nContent-Type: image/png\r\nContent-ID: <other@x>\r\n\r\n\x89PNG\r\n\x1a\n\r\n--b\r\nContent-Type: application/pdf; name=a.pdf\r\n\r\n%PDF\r\n--b--\r\n"
	tests := []struct {
		name, raw   string
		from        string
		subject     string
		snippet     string
		attachments int
	}{
		{"plain text", "From: \"Ann B\" <ann@example.com>, b@example.com\r\nSubject: =?utf-8?q?caf=C3=A9?=\r\n\r\nHello  there,\r\n\r\n  you.\r\n", "Ann B <ann@example.com>", "café", "Hello there, you.", 0},
		{"no author", "Subject: x\r\n\r\n\r\n", "", "x", "", 0},
		{"an author in the second field", "From: \r\nFrom: a@example.com\r\n\r\nx", " <a@example.com>", "", "x", 0},
		{"plain UTF-8", "Content-Type: text/plain; charset=\"UTF-8\"\r\nContent-Transfer-Encoding: 8bit\r\n\r\nGrüße\u00a0an alle", "", "", "Grüße an alle", 0},
		{"another charset", "Content-Type: text/plain; charset=iso-8859-1\r\n\r\nGr\xfc\xdfe", "", "", "Grüße", 0},
		{"a disposition", "Content-Disposition: attachment; filename=a.txt\r\n\r\nx", "", "", "", 1},
		{"flowed", "Content-Type: text/plain; format=flowed; delsp=yes\r\n\r\none wo \r\nrd\r\n", "", "", "one word", 0},
		{"HTML alone", "Content-Type: text/html\r\n\r\n<title>T</title><style>p{}</style><p>One<b>two</b></p><p>three&nbsp;four", "", "", "Onetwo three four", 0},
		{"filler", "Content-Type: text/html; charset=utf-8\r\n\r\n<div>Your order&#847;</div><div>" + strings.Repeat("&#847;&zwnj;&nbsp;&#8199;", 500) + "</div><p>Thank you", "", "", "Your order\u034f Thank you", 0},
		{"a blank text beside HTML", "Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\n\r\n \r\n--b\r\nContent-Type: text/html\r\n\r\n<p>Hello\r\n--b--\r\n", "", "", "Hello", 0},
		{"what the HTML shows is no attachment", related, "", "", "Look:", 2},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			checkSummary(t, test.raw)
			s := Summarize(test.raw)
			from := ""
			if s.From != nil {
				from = s.From.Name + " <" + s.From.Address + ">"
			}
			if from != test.from || s.Subject != test.subject || s.Snippet != test.snippet || s.Attachments != test.attachments {
				t.Errorf("from %q, subject %q, snippet %q, %d attachments; want %q, %q, %q, %d", from, s.Subject, s.Snippet, s.Attachments, test.from, test.subject, test.snippet, test.attachments)
			}
		})
	}
}

func TestSnippetIsCutAtACharacter(t *testing.T) {
	for _, raw := range []string{
		"Content-Type: text/plain; charset=utf-8\r\n\r\n" + strings.Repeat("ü", 1000),
		"Content-Type: text/html; charset=utf-8\r\n\r\n" + strings.Repeat("<b>ü</b>", 5000),
	} {
		checkSummary(t, raw)
		if got := Summarize(raw).Snippet; got != strings.Repeat("ü", MaxSnippet) {
			t.Errorf("%q", got)
		}
	}
}

func FuzzSummarize(f *testing.F) {
	for _, seed := range []string{
		"Subject: x\r\n\r\nHello", "Content-Type: text/plain; charset=utf-8\n\nü", "Content-Type: text/html\n\n<p>a<img src=cid:x>",
		"Content-Type: multipart/mixed; boundary=b\n\n--b\n\na\n--b\nContent-ID: <x>\nContent-Type: image/png\n\nPNG\n--b--",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) { checkSummary(t, raw) })
}

func BenchmarkSummarize(b *testing.B) {
	plain := "From: Ann <ann@example.com>\r\nTo: bob@example.com\r\nSubject: Hello\r\nDate: Mon, 2 Jan 2006 15:04:05 +0000\r\nMessage-ID: <1@example.com>\r\n\r\n" + strings.Repeat("Some words of text.\r\n", 40)
	page := "Content-Type: text/html; charset=utf-8\r\n\r\n" + strings.Repeat("<tr><td style=\"color:#333\">Some words</td></tr>\r\n", 400)
	for name, raw := range map[string]string{"plain": plain, "html": page} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Summarize(raw)
			}
		})
		b.Run(name+"/whole", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Parse(raw).Summary()
			}
		})
	}
}

func TestSummaryNamesTheMessageAndItsTags(t *testing.T) {
	s := Summarize("Message-ID: <a@b>\r\nX-Tags: One, two  words,,ONE\r\nx-tags: =?utf-8?q?caf=C3=A9?=\r\n\r\nx")
	if want := []string{"One", "two words", "café"}; s.MessageID != "a@b" || !reflect.DeepEqual(s.Tags, want) {
		t.Errorf("message ID %q, tags %q", s.MessageID, s.Tags)
	}
	if many := Summarize("X-Tags: " + strings.Repeat("a,b", 1000) + strings.Repeat(",x", 3) + "\r\n\r\n"); len(many.Tags) > maxTags {
		t.Errorf("%d tags", len(many.Tags))
	}
}
