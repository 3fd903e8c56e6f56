package smtp

import (
	"fmt"
	"strings"
	"testing"
)

// addressCase is a case of [TestAddressesInDailyUse].
type addressCase struct {
	path, stored string
	problems     []string
}

func addressesInDailyUse() []addressCase {
	const (
		brackets, name, blanks, noDomain = "between one <", "with a name", "with blanks", "without a domain"
		dots, specials, finalDot, domain = "in a row", "need quotes", "ends with a dot (", "domain is malformed"
		utf8                             = "not ASCII"
	)
	return []addressCase{
		{"<c@d.example>", "c@d.example", nil},
		{"<root>", "root", []string{noDomain}},
		{"root", "root", []string{brackets, noDomain}},
		{"c@d.example", "c@d.example", []string{brackets}},
		{" c@d.example", "c@d.example", []string{brackets}},
		{"<c@d.example", "c@d.example", []string{brackets}},
		{"c@d.example>", "c@d.example", []string{brackets}},
		{"<<c@d.example>>", "c@d.example", []string{brackets}},
		{"<try..this..0511@docomo.ne.example>", "try..this..0511@docomo.ne.example", []string{dots}},
		{"<xxx.yyy.@docomo.ne.example>", "xxx.yyy.@docomo.ne.example", []string{dots}},
		{"<.abc@docomo.ne.example>", ".abc@docomo.ne.example", []string{dots}},
		{"<.@docomo.ne.example>", ".@docomo.ne.example", []string{dots}},
		{"a..b@docomo.ne.example", "a..b@docomo.ne.example", []string{brackets, dots}},
		{"<b\u00f8@test.example>", "b\u00f8@test.example", []string{utf8}},
		{"<b@m\u00fcn.example>", "b@m\u00fcn.example", []string{utf8}},
		{"<\u7528\u6237>", "\u7528\u6237", []string{noDomain, utf8}},
		{"<user@host.example.>", "user@host.example", []string{finalDot}},
		{"< a@b.example >", "a@b.example", []string{blanks}},
		{"<a@b.example >", "a@b.example", []string{blanks}},
		{"<\ta@b.example>", "a@b.example", []string{blanks}},
		{"<a @ b.example>", "a@b.example", []string{blanks}},
		{"Name <a@b.example>", "a@b.example", []string{name}},
		{`"Last, First <x>" <a@b.example>`, "a@b.example", []string{name}},
		{"<Name <a@b.example>>", "a@b.example", []string{brackets, name}},
		{"<a@-b.example>", "a@-b.example", []string{domain}},
		{"<a@b..example>", "a@b..example", []string{domain}},
		{"<a@b.example:25>", "a@b.example:25", []string{domain}},
		{"<a b@c.example>", "a b@c.example", []string{specials}},
		{"<a@[IPv6:::1]>", "a@[IPv6:::1]", nil},
		{"<a@[::1]>", "a@[::1]", []string{domain}},
		{"<a@::1>", "a@::1", []string{domain}},
		{"<a@192.0.2.1>", "a@192.0.2.1", nil},
		{"<a@b@c.example>", "a@b@c.example", []string{specials}},
		{`<"a@b"@c.example>`, `"a@b"@c.example`, nil},
		{`"a b"@c.example`, `"a b"@c.example`, []string{brackets}},
		{`<"a@c.example>`, `"a@c.example`, []string{specials}},
		{`<a"b"@c.example>`, `a"b"@c.example`, []string{specials}},
		{`<a\b@c.example>`, `a\b@c.example`, []string{specials}},
		{"<a(comment)@c.example>", "a(comment)@c.example", []string{specials}},
		{"<a:b@c.example>", "a:b@c.example", []string{specials}},
		{"<mailto:a@c.example>", "mailto:a@c.example", []string{specials}},
		{"<IMCEAEX-_O=ORG_OU=X@c.example>", "IMCEAEX-_O=ORG_OU=X@c.example", nil},
		{"</G=Jo/S=Smith/@c.example>", "/G=Jo/S=Smith/@c.example", nil},
		{"<%s@c.example>", "%s@c.example", nil},
		{"<a,b@c.example>", "a,b@c.example", []string{specials}},
		{"<undefined>", "undefined", []string{noDomain}},
		{"<@r.example:a..b@c.example>", "a..b@c.example", []string{dots}},
		{"<POSTMASTER>", "POSTMASTER", nil},
	}
}

// TestAddressesInDailyUse has what clients send, what is to be stored of it, and what
// the mail's problems have to say; no more than that.
func TestAddressesInDailyUse(t *testing.T) {
	for _, test := range addressesInDailyUse() {
		for _, command := range []string{"MAIL FROM:%s\r\nRCPT TO:<z@z>\r\n", "MAIL FROM:<z@z>\r\nRCPT TO:%s\r\n"} {
			srv, box := newTestServer()
			said := converse(t, srv, "EHLO x\r\n"+fmt.Sprintf(command, test.path)+"DATA\r\nx\r\n.\r\nQUIT\r\n")
			if got := box.all(); len(got) != 1 || got[0].ReversePath+got[0].Recipients[0] != strings.Replace("z@zX", "X", test.stored, 1) &&
				got[0].ReversePath+got[0].Recipients[0] != test.stored+"z@z" {
				t.Errorf("%s: the server said %q", test.path, said)
			} else if problems := got[0].Problems; !sayAll(problems, test.problems) {
				t.Errorf("%s: problems %q, want %q", test.path, problems, test.problems)
			}
		}
		srv, box := newTestServer()
		srv.StrictAddresses = true
		said := converse(t, srv, "EHLO x\r\nMAIL FROM:"+test.path+"\r\nRCPT TO:<z@z>\r\nDATA\r\nx\r\n.\r\nQUIT\r\n")
		if taken := len(box.all()) == 1; taken != (len(test.problems) == 0) {
			t.Errorf("%s with strict addresses: the server said %q", test.path, said)
		}
	}
}

// sayAll reports whether each problem has one of the texts in it, and each text is there.
func sayAll(problems, texts []string) bool {
	for _, text := range texts {
		if strings.Count(strings.Join(problems, "\n"), text) != 1 {
			return false
		}
	}
	return len(problems) == len(texts)
}

// TestWhatCanBeNoAddress is refused in either way.
func TestWhatCanBeNoAddress(t *testing.T) {
	for _, path := range []string{
		"", "   ", "<>", "< >", "<@example.com>", "<undefined@>", "<@>", "@", "<a@.>", "a@", "<a\x1b@b.example>", "<a\x7f@b.example>", "<a\tb@c.example>", "<a\xf8@b.example>",
		"<a\u202eb@c.example>", "<a\u0085@b.example>", "<a@b.example,c@d.example>", "<a@b.example, c@d.example>", "<a@b.example;c@d.example>",
		"<a@b.example NOTIFY=NEVER>", "<a@[300.0.2.1]>", "<@r.example,a@b.example>", "<a@b.example>x", "<a@b.example>\tX=1", `<a@b\c>`,
	} {
		for _, strict := range []bool{false, true} {
			srv, box := newTestServer()
			srv.StrictAddresses = strict
			said := converse(t, srv, "EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:"+path+"\r\nDATA\r\n.\r\nQUIT\r\n")
			if len(box.all()) > 0 || !strings.Contains(said, "\r\n501 5.") {
				t.Errorf("%q, strict %v: the server said %q", path, strict, said)
			}
		}
	}
}

func TestProblemsOfAddressesAreBounded(t *testing.T) {
	srv, box := newTestServer()
	var recipients strings.Builder
	for i := range 500 {
		fmt.Fprintf(&recipients, "RCPT TO:<a..%d%s@x>\r\n", i, strings.Repeat("y", 1000))
	}
	converse(t, srv, "EHLO x\r\nMAIL FROM:root SIZE=100\r\n"+recipients.String()+"DATA\r\n.\r\nQUIT\r\n")
	m := box.all()[0]
	if m.MailParameters != "SIZE=100" || len(m.Problems) != 3 || len(m.Problems[2]) > 300 || !strings.HasSuffix(m.Problems[2], ", and 499 more") {
		t.Errorf("%q %q", m.MailParameters, m.Problems)
	}
}
