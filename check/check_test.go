package check

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/caddy-mailbucket/mailbucket/message"
)

const (
	goodHeader = "From: Anna <anna@shop.mailbucket.org>\nTo: b@c.mailbucket.org\nSubject: Your order\nDate: Sat, 28 Nov 2026 10:00:00 +0000\n" +
		"Message-ID: <1@shop.mailbucket.org>\nMIME-Version: 1.0\n"
	plain    = goodHeader + "Content-Type: text/plain\n"
	goodText = "Thank you for your order of a blue chair, which leaves us on Monday."
	goodHTML = `<!DOCTYPE html><html lang=en><title>Your order</title><body><p>` + goodText + `</p>`
)

// both is a mail with text and HTML.
func both(text, html string) string {
	return goodHeader + "Content-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain; charset=utf-8\n\n" + text +
		"\n--b\nContent-Type: text/html; charset=utf-8\n\n" + html + "\n--b--\n"
}

// page is a mail whose HTML is good, except for what is added.
func page(more string) string { return both(goodText, goodHTML+more) }

func run(raw string) *Report {
	return Run(Input{Mail: message.Parse(strings.ReplaceAll(raw, "\n", "\r\n"))})
}

// Fields of mail to many that is as it should be.
const (
	signed      = "DKIM-Signature: v=1; h=from:list-unsubscribe; b=x\n"
	unsubscribe = "List-Unsubscribe: <https://shop.mailbucket.org/u>\n"
	oneClick    = "List-Unsubscribe-Post: List-Unsubscribe=One-Click\n"
)

// findingCases are mails with what is found in them.
var findingCases = map[string]struct {
	raw  string
	want []string // code and text of each finding, or the code only
}{
	"good":             {page(""), nil},
	"good text":        {plain + "\n" + goodText + "\n", nil},
	"empty":            {"\n", []string{"missing-field", "subject-missing", "message-id-missing"}},
	"empty subject":    {strings.Replace(page(""), "Subject: Your order", "Subject: ", 1), []string{"subject-missing"}},
	"no Message-ID":    {strings.Replace(page(""), "Message-ID", "X-ID", 1), []string{"message-id-missing"}},
	"odd Message-ID":   {strings.Replace(page(""), "<1@shop.mailbucket.org>", "1@shop", 1), []string{"message-id-odd: 1@shop"}},
	"no address":       {strings.Replace(page(""), "<anna@shop.mailbucket.org>", "", 1), []string{"from-unreadable: Anna"}},
	"local":            {strings.Replace(page(""), "@shop.mailbucket.org>\nTo", "@webserver>\nTo", 1), []string{"from-local: anna@webserver"}},
	"reserved":         {strings.Replace(page(""), "@shop.mailbucket.org>\nTo", "@shop.test>\nTo", 1), []string{"from-reserved: shop.test"}},
	"two authors":      {strings.Replace(page(""), "From: ", "From: x@mailbucket.org, ", 1), []string{"sender-missing"}},
	"Reply-To":         {"Reply-To: nobody\n" + page(""), []string{"reply-to-unreadable: nobody"}},
	"local Reply-To":   {"Reply-To: a@localhost\n" + page(""), []string{"reply-to-local: a@localhost"}},
	"bulk":             {"Precedence: Bulk\n" + page(""), []string{"list-unsubscribe-missing"}},
	"list":             {"List-Id: <news.shop>\n" + page(""), []string{"list-unsubscribe-missing"}},
	"mailto only":      {"List-Unsubscribe: <mailto:u@shop.mailbucket.org>\n" + page(""), []string{"list-unsubscribe-no-https: <mailto:u@shop.mailbucket.org>", "one-click-missing"}},
	"no brackets":      {"List-Unsubscribe: https://shop.mailbucket.org/u\n" + page(""), []string{"list-unsubscribe-malformed: https://shop.mailbucket.org/u"}},
	"no one-click":     {unsubscribe + page(""), []string{"one-click-missing"}},
	"odd one-click":    {unsubscribe + "List-Unsubscribe-Post: yes\n" + page(""), []string{"one-click-malformed: yes"}},
	"one-click":        {unsubscribe + oneClick + page(""), nil},
	"unsigned":         {unsubscribe + oneClick + signed + page(""), []string{"one-click-unsigned"}},
	"signed":           {unsubscribe + oneClick + strings.Replace(signed, "ribe;", "ribe : List-Unsubscribe-Post;", 1) + page(""), nil},
	"HTML only":        {goodHeader + "Content-Type: text/html\n\n" + goodHTML, []string{"html-only"}},
	"another text":     {both("Sorry, this email can only be read by a newer program than yours is.", goodHTML), []string{"text-unlike-html: of the HTML's words the text has 7%, and of the text's words the HTML has 7%"}},
	"URLs in text":     {both(goodText+" https://shop.mailbucket.org/a/b/c/d?e=f", goodHTML), nil},
	"tags in text":     {both(goodText+"<br>", goodHTML), []string{"text-markup: <br>"}},
	"view in browser":  {both("View this email in your browser. "+goodText, strings.Replace(goodHTML, "<p>", "<p>View this email in your browser. ", 1)), []string{"preview-unhelpful: it begins with a link to the email in a browser"}},
	"placeholder":      {page("<p>Dear {{ first_name }},"), []string{"placeholder: {{ first_name }}"}},
	"in a link":        {page("<a href='{{url}}'>Go</a>"), []string{"placeholder: {{url}}"}},
	"no doctype":       {both(goodText, strings.Replace(goodHTML, "<!DOCTYPE html>", "", 1)), []string{"doctype-missing"}},
	"no lang":          {both(goodText, strings.Replace(goodHTML, " lang=en", "", 1)), []string{"lang-missing"}},
	"no title":         {both(goodText, strings.Replace(goodHTML, "Your order", "", 1)), []string{"title-missing"}},
	"meta charset":     {page("<meta charset=iso-8859-1>"), []string{"meta-charset: iso-8859-1, the part utf-8"}},
	"meta UTF-8":       {page("<meta http-equiv=content-type content='text/html; charset=UTF8'>"), nil},
	"another charset":  {strings.Replace(page(""), "text/html; charset=utf-8", "text/html; charset=windows-1252", 1), []string{"charset-not-utf-8: windows-1252"}},
	"script":           {page("<script>x</script><b onclick=y>z</b>"), []string{"script"}},
	"frame":            {page("<iframe src=x></iframe>"), []string{"frame"}},
	"dark":             {page("<style>@media (prefers-color-scheme: dark) {p {color: #fff}}</style>"), []string{"color-scheme-undeclared"}},
	"dark, declared":   {page("<meta name=color-scheme content='light dark'><style>@media (prefers-color-scheme: dark) {p {color: #fff}}</style>"), nil},
	"low contrast":     {page("<p style='color: #999; background: white'>x"), []string{"low-contrast: #999999 on #ffffff, 2.8 to 1"}},
	"bgcolor":          {page("<table><td bgcolor='#ff0' style='color:rgb(255, 255, 255)'>x</table>"), []string{"low-contrast: #ffffff on #ffff00, 1.1 to 1"}},
	"high contrast":    {page("<p style='color: #333; background-color: #fff !important'>x"), nil},
	"large text":       {page("<p style='color: #767; background-color: #fff; font-size: 24px'>x"), nil},
	"hidden text":      {page("<p style='color: #fff; background-color: #fff; display: none'>x"), nil},
	"dark contrast":    {page("<meta name=color-scheme content=dark><style>@media (prefers-color-scheme: dark) {p {color: #333; background: #000}}</style>"), []string{"low-contrast-dark: #333333 on #000000, 1.7 to 1"}},
	"no URL":           {page("<img alt=x>"), []string{"image-without-source"}},
	"no part":          {page("<img alt=x src=cid:y>"), []string{"missing-inline-part"}},
	"relative image":   {page("<img alt=x src=/y.png>"), []string{"relative-image"}},
	"remote":           {page("<img alt=x src=https://mailbucket.org/y.png>"), []string{"remote-image"}},
	"pixel":            {page("<img alt='' width=1 height=1px src=https://mailbucket.org/y>"), []string{"tracking-pixel: mailbucket.org"}},
	"no alt":           {page("<img src=https://mailbucket.org/y.png>"), []string{"remote-image", "alt-missing"}},
	"data image":       {page("<img alt=x src=data:image/png;base64,AA>"), []string{"data-image"}},
	"SVG":              {page("<img alt=x src='https://mailbucket.org/y.svg?z'>"), []string{"image-format", "remote-image"}},
	"background":       {page("<table background=https://mailbucket.org/y.png></table>"), []string{"remote-image"}},
	"style image":      {page("<p style='background: url(https://mailbucket.org/y.png)'>x"), []string{"remote-image"}},
	"http":             {page("<a href=http://mailbucket.org>x</a>"), []string{"link-insecure: http://mailbucket.org"}},
	"localhost":        {page("<a href=https://localhost:3000/reset>x</a>"), []string{"link-local: https://localhost:3000/reset"}},
	"private address":  {page("<a href=https://192.168.1.2/>x</a><a href='https://[::1]/'>x</a>"), []string{"link-local: https://192.168.1.2/"}},
	"example":          {page("<a href=https://www.example.com/>x</a>"), []string{"link-reserved: https://www.example.com/"}},
	"localhost, text":  {plain + "\nReset it: https://localhost/r\n", []string{"link-local: https://localhost/r"}},
	"relative link":    {page("<a href=/reset>x</a>"), []string{"link-relative: /reset"}},
	"with a base":      {page("<base href=https://mailbucket.org/><a href=/reset>x</a>"), nil},
	"nothing":          {page("<a href='#'>x</a>"), []string{"link-empty"}},
	"anchor":           {page("<a href='#top'>x</a>"), nil},
	"script link":      {page("<a href=' javascript:x'>x</a>"), []string{"link-script"}},
	"another host":     {page("<a href=https://evil.net/>https://bank.com/login</a>"), []string{"link-text-differs: bank.com leads to evil.net"}},
	"the same domain":  {page("<a href=https://click.bank.co.uk/>www.bank.co.uk</a>"), nil},
	"no text":          {page("<a href=https://mailbucket.org/><span> </span></a>"), []string{"link-text-missing: https://mailbucket.org/"}},
	"image as text":    {page("<a href=https://mailbucket.org/><img alt=x src=https://mailbucket.org/y.png></a>"), []string{"remote-image"}},
	"in a comment":     {page("<!--[if mso]><img src=x><![endif]-->"), nil},
	"large":            {page(strings.Repeat(" \n", MaxHTML/2)), []string{"large-html"}},
	"nearly large":     {page(strings.Repeat(" \n", MaxHTML*19/40)), []string{"near-large-html"}},
	"too large for us": {page(strings.Repeat(strings.Repeat(" ", 99)+"\n", maxPage/100)), []string{"large-html", "html-cut"}},
}

func TestFindings(t *testing.T) {
	for name, c := range findingCases {
		t.Run(name, func(t *testing.T) {
			got := run(c.raw).Findings
			if len(got) != len(c.want) {
				t.Fatalf("got %+v, want %q", got, c.want)
			}
			for i, f := range got {
				code, details, has := strings.Cut(c.want[i], ": ")
				if string(f.Code) != code || has && !strings.HasSuffix(f.Text, ": "+details) {
					t.Errorf("got %s: %s, want %s", f.Code, f.Text, c.want[i])
				}
				if f.Group == "" || f.Severity == "" || f.Count < 1 || len(f.Places) < 1 {
					t.Errorf("finding is not complete: %+v", f)
				}
			}
		})
	}
}

func TestFindingsOfTheEnvelope(t *testing.T) {
	mail := message.Parse(page(""))
	r := Run(Input{
		Mail: mail, Sender: "bounce@mailer.net", Arrived: time.Date(2026, 11, 30, 11, 0, 0, 0, time.UTC),
		Problems: []string{"BODY=8BITMIME was not asked for"},
	})
	var got []string
	for _, f := range r.Findings {
		if f.Group == SMTP || f.Group == Sender {
			got = append(got, string(f.Code)+": "+f.Text[strings.LastIndex(f.Text, ":")+1:])
		}
	}
	want := []string{"smtp: BODY=8BITMIME was not asked for", "date-off:  2 days earlier", "envelope-unaligned:  mailer.net and mailbucket.org"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if r := Run(Input{Mail: mail, Sender: "x@bounce.mailbucket.org", Arrived: time.Date(2026, 11, 28, 10, 0, 9, 0, time.UTC)}); slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Group == Sender }) {
		t.Errorf("a mail in time from the domain's own host: %+v", r.Findings)
	}
}

func TestPlaces(t *testing.T) {
	r := run(page("\n<p>\n" + strings.Repeat("<img\nsrc='https://mailbucket.org/y.png'>\n", 20)))
	i := slices.IndexFunc(r.Findings, func(f Finding) bool { return f.Code == AltMissing })
	if i < 0 {
		t.Fatalf("got %+v", r.Findings)
	}
	f := r.Findings[i]
	if f.Count != 20 || len(f.Places) != MaxPlaces {
		t.Errorf("got %d, with %d places", f.Count, len(f.Places))
	}
	if want := (Place{Part: 2, Line: 5, Element: "<img src='https://mailbucket.org/y.png'>"}); f.Places[1] != want {
		t.Errorf("got %+v, want %+v", f.Places[1], want)
	}
}

// Every kind of finding has a rule, and every rule a known group and severity.
func TestRules(t *testing.T) {
	for code, r := range rules {
		if !slices.Contains(groups, r.group) || !slices.Contains(severities, r.severity) || r.text == "" {
			t.Errorf("%s: %+v", code, r)
		}
	}
}

func TestCorpus(t *testing.T) {
	found := 0
	err := filepath.WalkDir("../message/testdata", func(path string, d fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".eml" {
			return err
		}
		raw, err := os.ReadFile(path)
		if err == nil {
			found++
			sound(t, string(raw))
		}
		return err
	})
	if err != nil || found < 10 {
		t.Errorf("%d mails were read: %v", found, err)
	}
}

// sound checks what must hold for the report of any mail.
func sound(t *testing.T, raw string) {
	t.Helper()
	mail := message.Parse(raw)
	r := Run(Input{Mail: mail})
	if len(r.Findings) > MaxFindings {
		t.Errorf("%d findings", len(r.Findings))
	}
	lines := strings.Count(mail.HTML(), "\n") + 1
	for _, f := range r.Findings {
		if f.Group == "" || f.Severity == "" || f.Text == "" || f.Count < len(f.Places) || len(f.Places) > MaxPlaces {
			t.Errorf("finding %+v", f)
		}
		for _, p := range f.Places {
			if p.Part < 0 || p.Part >= len(mail.Parts()) || p.Line > lines || len(p.Element) > maxExcerpt+len("…") {
				t.Errorf("finding %s at %+v", f.Code, p)
			}
		}
	}
	if (r.Support != nil) != mail.HasHTML() {
		t.Errorf("HTML %v, support %v", mail.HasHTML(), r.Support)
	}
}

// Hostile pages do not take too much time: each takes only a few times as long as one of
// half its size.
func TestHostilePages(t *testing.T) {
	for name, unit := range map[string]string{
		"links": "<a href=http://x.y/>z", "styles": "<p style=color:red;width:1px>x", "images": "<img src=data:image/svg+xml,AA>",
		"attributes": "<p a b c d e f g a a a>", "sheets": "<style>a{b:c}</style>", "placeholders": "{{a ", "end tags": "</p",
	} {
		t.Run(name, func(t *testing.T) {
			head := "Content-Type: text/html\r\n\r\n"
			took := func(size int) time.Duration {
				begin := time.Now()
				sound(t, head+strings.Repeat(unit, size/len(unit)))
				return time.Since(begin)
			}
			if few, many := took(128<<10), took(1<<20); many > 40*few+2*time.Second {
				t.Errorf("128 KB took %v, 1 MB %v", few, many)
			}
		})
	}
	for name, unit := range map[string]string{
		"rules": "a{", "media": "@media x{", "selectors": "a:b(c[d ", "declarations": "a{b:c;d:rgb(1,2,3);", "ends": "}}]))", "parentheses": "a{b:((((",
	} {
		t.Run(name, func(*testing.T) {
			sound(t, "Content-Type: text/html\r\n\r\n<style>"+strings.Repeat(unit, (512<<10)/len(unit)))
		})
	}
}

func FuzzRun(f *testing.F) {
	f.Add(page("<style>@media (hover) { a.b.c > d:hover::after, [e] { color: red !important; width: calc(1px + 2rem) } }</style>"))
	f.Add(page("<p style='color:#12; background: rgb(1 2 3 / 1)'><a href=//[::1]:x/>x<img srcset='a 1x, b 2x'>"))
	f.Add("List-Unsubscribe: <a><\nDKIM-Signature: h=;h\nFrom: a@\nContent-Type: text/html\n\n<svg><title><a href=%")
	f.Fuzz(func(t *testing.T, raw string) { sound(t, raw) })
}
