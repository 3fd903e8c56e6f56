package message

import (
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestCodes(t *testing.T) {
	tests := []struct {
		name, text string
		want       []string
	}{
		{"sentence", "Your verification code is 483920. It expires in 10 minutes.", []string{"483920"}},
		{"colon", "PIN: 4711", []string{"4711"}},
		{"before the word", "483920 is your verification code", []string{"483920"}},
		{"line of its own", "Hello Ann,\n\nenter this code to sign in:\n\n    274 951\n\nThe team", []string{"274951"}},
		{"hyphen", "Your login code: 123-456", []string{"123456"}},
		{"eight digits grouped", "Your code is 1234-5678", []string{"12345678"}},
		{"prefix", "G-123456 is your Google verification code.", []string{"G-123456"}},
		{"capitals", "Your one-time passcode: A1B2C3", []string{"A1B2C3"}},
		{"boxes", "Your code:\n\n4\n8\n3\n9\n2\n0\n\nThanks", []string{"483920"}},
		{"recovery codes", "Your recovery codes:\n\n12345678\n87654321\n11223344\n", []string{"12345678", "87654321", "11223344"}},
		{"German", "Ihr Bestätigungscode lautet 837261.", []string{"837261"}},
		{"French", "Votre code de vérification : 918273", []string{"918273"}},
		{"Spanish", "Tu código de verificación es 564738", []string{"564738"}},
		{"Italian", "Il tuo codice è 564738", []string{"564738"}},
		{"Russian", "Ваш код подтверждения: 564738", []string{"564738"}},
		{"Chinese", "您的验证码是 564738，请勿泄露。", []string{"564738"}},
		{"Japanese", "認証コード: 564738", []string{"564738"}},
		{"Korean", "인증번호 564738 를 입력하세요", []string{"564738"}},
		{"code right after a word", "token=\u00a0 nothing; OTP 9081", []string{"9081"}},
		{"best first", "Security notice 55512345 follows. Your code is 483920", []string{"483920", "55512345"}},
		{"once", "Code: 483920. Again, the code: 483920", []string{"483920"}},
		{"year that is a PIN", "Your PIN: 1984", []string{"1984"}},

		{"no keyword", "We sold 483920 tickets", nil},
		{"year", "Verification of your account. Copyright 2024 Acme", nil},
		{"year near a code", "Code of conduct, revised in March 2024", nil},
		{"price", "Your discount today: verify the price of $4500 or 4500 EUR or €4500 or 4500 €", nil},
		{"decimals", "verify the total 1234.56 and 1,234,567", nil},
		{"order", "Verify your purchase. Order number 12345678", nil},
		{"telephone", "Verify by phone: 555 123 4567, (555) 123-4567, +15551234 or 0555-123-4567", nil},
		{"date", "Verified on 2024-01-15 at 12:30:45, 15/01/2024", nil},
		{"color", "The code of this color is #483920", nil},
		{"URL", "Verify: https://a.test/483920?code=123456", nil},
		{"address", "Write the code to 483920@a.test", nil},
		{"longer digits", "Verify card 4111111111111111 or 4111 1111 1111 1111", nil},
		{"zip code", "Our zip code 94107", nil},
		{"postal address after a code", "Your code is 483920\n\nAcme Inc, 548 Market St, San Francisco, CA 94104", []string{"483920"}},
		{"far away", "code " + strings.Repeat("word ", 40) + "483920", nil},
		{"empty", "", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Codes("", tt.text, ""); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("Codes of %q: %q, want %q", tt.text, got, tt.want)
			}
		})
	}
}

func TestCodesReadsHTML(t *testing.T) {
	page := `<style>.a{color:#483921}</style><p>Your code</p><table><tr><td>4</td><td>8</td><td>3</td><td>9</td><td>2</td><td>0</td></tr></table>`
	if got, want := Codes("", "", page), []string{"483920"}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestLinks(t *testing.T) {
	tests := []struct {
		name, text, page string
		want             []Link
	}{
		{"text", "See https://a.test/x?y=1&z=2. Bye", "", []Link{{"https://a.test/x?y=1&z=2", ""}}},
		{"brackets", "(http://a.test/a_(b)) <https://b.test> [https://c.test]", "", []Link{{"http://a.test/a_(b)", ""}, {"https://b.test", ""}, {"https://c.test", ""}}},
		{"capitals", "HTTPS://A.test/", "", []Link{{"HTTPS://A.test/", ""}}},
		{"other schemes", "mailto:a@b.test, ftp://c.test myapp://x?y=1 Tel:+49-30-1234, sms:+1.", "", []Link{{"mailto:a@b.test", ""}, {"ftp://c.test", ""}, {"myapp://x?y=1", ""}, {"Tel:+49-30-1234", ""}, {"sms:+1", ""}}},
		{"www", "See www.a.test/x. (WWW.b.test) xwww.c.test @www.d.test www.e www. http://www.f.test", "", []Link{{"http://www.a.test/x", ""}, {"http://WWW.b.test", ""}, {"http://www.f.test", ""}}},
		{"no scheme", "Note:this 12:30 C:\\x Re: a std::b javascript:a() data:text/html,x javascript://a blob://a tel:office x://a", "", nil},
		{"quoted", "'http://a.test/x' \"http://b.test/y\" «http://c.test» “http://d.test” ‘http://e.test’ http://f.test/l’x", "",
			[]Link{{"http://a.test/x", ""}, {"http://b.test/y", ""}, {"http://c.test", ""}, {"http://d.test", ""}, {"http://e.test", ""}, {"http://f.test/l’x", ""}}},
		{"Markdown", "[a](http://a.test/b_(c)) ![d](http://a.test/e)f **http://a.test/g** `http://a.test/h`", "",
			[]Link{{"http://a.test/b_(c)", ""}, {"http://a.test/e", ""}, {"http://a.test/g", ""}, {"http://a.test/h", ""}}},
		{"IPv6", "http://[::1]:8025/x, and [http://[::2]/]", "", []Link{{"http://[::1]:8025/x", ""}, {"http://[::2]/", ""}}},
		{"before Chinese, Japanese and Korean", "https://a.test/b?c=d。次 （https://a.test/e）です「https://a.test/f」 https://a.test/g、h https://a.test/iをj 点击https://a.test/k，l https://a.testへ www.a.test를 https://a.test/m는", "",
			[]Link{{"https://a.test/b?c=d", ""}, {"https://a.test/e", ""}, {"https://a.test/f", ""}, {"https://a.test/g", ""}, {"https://a.test/i", ""}, {"https://a.test/k", ""}, {"https://a.test", ""}, {"http://www.a.test", ""}, {"https://a.test/m", ""}}},
		{"hosts in other scripts", "https://例え.テスト/a http://www.中国.test https://пример.test/путь?é", "",
			[]Link{{"https://例え.テスト/a", ""}, {"http://www.中国.test", ""}, {"https://пример.test/путь?é", ""}}},
		{"punctuation of other scripts", "https://a.test/b، https://a.test/c؟ https://a.test/d। https://a.test/e… https://a.test/f—g https://a.test/h\u200bi", "",
			[]Link{{"https://a.test/b", ""}, {"https://a.test/c", ""}, {"https://a.test/d", ""}, {"https://a.test/e", ""}, {"https://a.test/f—g", ""}, {"https://a.test/h", ""}}},
		{"schemes in HTML", "", `<a href="myapp://verify?token=abc&amp;b=c">Verify</a> <a href="sms:+1">x</a><a href="//e.test/y">y</a><a href=" JaVaScRiPt:a()">n</a><a href="vbscript:a">n</a><a href="data:a">n</a>`,
			[]Link{{"myapp://verify?token=abc&b=c", "Verify"}, {"sms:+1", "x"}, {"//e.test/y", "y"}}},
		{"base", "", `<base href="https://a.test/b/"><a href="c?d">e</a><a href="#f">g</a><a href="/h">i</a>`, []Link{{"https://a.test/b/c?d", "e"}, {"https://a.test/h", "i"}}},
		{"once", "http://a.test http://b.test http://a.test", "", []Link{{"http://a.test", ""}, {"http://b.test", ""}}},
		{"no URL", "http: https:// 1http://a.test xmailto:a@b.test the mailto: end http:// a@http://b.test", "", nil},
		{"non-ASCII", "http://a.test/é\u00a0x", "", []Link{{"http://a.test/é", ""}}},
		{"anchor", "", `<a class=x href="https://a.test/?a=1&amp;b=2">Click <b>here</b>
now</a>`, []Link{{"https://a.test/?a=1&b=2", "Click here now"}}},
		{"HTML names a link of the text", "http://a.test", `<a href=http://a.test>Home</a>`, []Link{{"http://a.test", "Home"}}},
		{"image link", "", `<a href="http://a.test"><img src="http://b.test/i.png" alt="Logo"></a>`, []Link{{"http://a.test", "Logo"}}},
		{"area", "", `<map><area href="http://a.test" alt="North"></map>`, []Link{{"http://a.test", "North"}}},
		{"unclosed", "", `<a href="http://a.test">one <a href="http://b.test">two`, []Link{{"http://a.test", "one"}, {"http://b.test", "two"}}},
		{"no links", "", `<a href="/x">r</a><a name=y>n</a><a href="javascript:alert(1)">j</a><a href="cid:1">c</a><!-- <a href="http://a.test"> -->`, nil},
		{"line end in href", "", "<a href=' http://a.test/\nb '>x</a>", []Link{{"http://a.test/b", "x"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Links(tt.text, tt.page); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestLinksAreBounded(t *testing.T) {
	var b strings.Builder
	for i := range 3 * MaxLinks {
		b.WriteString("http://a.test/" + strings.Repeat("x", i%97) + string(rune('a'+i%26)) + " ")
	}
	b.WriteString("http://a.test/" + strings.Repeat("y", MaxURL))
	links := Links(b.String(), "")
	if len(links) != MaxLinks {
		t.Errorf("%d links", len(links))
	}
	for _, l := range links {
		if len(l.URL) > MaxURL {
			t.Errorf("URL of %d bytes", len(l.URL))
		}
	}
}

func TestLinksThatAreCutAreAProblem(t *testing.T) {
	for name, raw := range map[string]string{
		"text": "\r\n" + strings.Repeat("http://a.test/x ", MaxLinks),
		"HTML": "Content-Type: text/html\r\n\r\n" + strings.Repeat("<a href=http://a.test>x</a>", 2*MaxLinks),
	} {
		for _, more := range []bool{false, true} {
			var b strings.Builder
			b.WriteString(raw)
			for i := range MaxLinks {
				if more || i > 0 {
					b.WriteString(" http://b.test/" + strconv.Itoa(i) + " <a href=http://b.test/" + strconv.Itoa(i) + ">x</a>\n")
				}
			}
			found := slices.ContainsFunc(Parse(b.String()).Problems(), func(p Problem) bool { return p.Code == TooManyLinks })
			if found != more {
				t.Errorf("%s: said %v, want %v", name, found, more)
			}
		}
	}
}

func TestTextFromHTML(t *testing.T) {
	tests := []struct{ name, page, want string }{
		{"blocks", "<html><head><title>T</title><style>p{}</style></head><body><h1>Hi</h1><p>a  b\n c</p><p>d<br>e</p><div>f</div></body>", "Hi\n\na b c\n\nd\ne\n\nf"},
		{"cells", "<table><tr><td>1</td><td>2</td></tr><tr><td>3</td></tr></table>", "1 2\n3"},
		{"entities", "a &amp; b&nbsp;c &lt;d&gt; &eacute;", "a & b c <d> é"},
		{"script", "a<script>if (a<b) alert('</p>')</script>b", "ab"},
		{"inline", "<b>bo</b>ld <i>it</i>", "bold it"},
		{"unclosed", "<p>a<div>b<", "a\nb<"},
		{"plain", "just text", "just text"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := TextFromHTML(tt.page); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestTextAndLinks(t *testing.T) {
	for page, want := range map[string]string{
		"<p>Please <a href='https://a.test/?a=1&amp;b=2'>sign <b>in</b></a>, or not.<p>Bye":  "Please sign in ( https://a.test/?a=1&b=2 ) , or not.\n\nBye",
		"<a href=https://a.test/>https://a.test/</a> x":                                      "https://a.test/ x",
		"<a href=https://a.test/> https://a.test/\n</a>":                                     "https://a.test/",
		"a<p><a href=https://a.test/><img src=x></a><p>b":                                    "a\n\n( https://a.test/ )\n\nb",
		"a<p><a href=https://a.test/><img src=x></a>b":                                       "a\n\n( https://a.test/ ) b",
		"<a href=https://a.test/><div>Button</div></a><div>b</div>":                          "Button ( https://a.test/ )\nb",
		"<a href=https://a.test/>one<a href=https://b.test/>two":                             "one ( https://a.test/ ) two ( https://b.test/ )",
		"<a href=mailto:a@b.test>Ann</a> <a href=mailto:a@b.test>a@b.test</a>":               "Ann ( a@b.test ) a@b.test",
		"<a href=#top>up</a> <a href='javascript:x'>run</a> <a>none</a> <a href=/x>here</a>": "up run none here",
		"<p>no link</p></a>":                              "no link",
		"<script><a href=https://a.test/>x</a></script>y": "y",
	} {
		if got := TextAndLinks(page); got != want {
			t.Errorf("%s: %q, want %q", page, got, want)
		}
		if got, want := TextFromHTML(page), strings.Count(page, "( https"); strings.Count(got, "( https") != want {
			t.Errorf("%s: %q without links", page, got)
		}
	}
}

// Each of these takes minutes when the work grows with the square of the size.
func TestLinksAndCodesAreLinear(t *testing.T) {
	const size = 128 << 10
	for _, unit := range []string{
		"<", "<a", "<a ", "<a href=http://a.test>", "<b>", "<!--", "<script>", "<a href='", "&", "&amp", "<a/",
		"http://", "a://", "mailto:", "http://a(", "1 ", "123 ", "code ", "code 123456 ", "code: 123-", "http:!", "<title>", "</",
		"a:", "ab:", "tel:", "tel:1", "www.", "www.a", "www.?", "www.a.b,", "data://", "mailto:?", "あ", "http://あ", "http://a)(",
	} {
		s := strings.Repeat(unit, size/len(unit))
		if n := len(Links(s, s)); n > MaxLinks {
			t.Errorf("%q: %d links", unit, n)
		}
		TextLinks(s)
		TextAndLinks(s)
		if n := len(Codes("", s, s)); n > MaxCodes {
			t.Errorf("%q: %d codes", unit, n)
		}
	}
}

func FuzzLinksAndCodes(f *testing.F) {
	f.Add("Your code is 123 456 http://a.test/(b).", "<a href='http://b.test'>x</a> G-123456 is your code")
	f.Add("验证码564738", "<td>1</td><td>2</td><td>3</td><td>4</td> PIN")
	f.Fuzz(func(t *testing.T, text, page string) {
		for _, l := range Links(text, page) {
			if !linkable(l.URL) || len(l.URL) > MaxURL || !utf8.ValidString(l.URL) || !utf8.ValidString(l.Text) {
				t.Errorf("link %q", l)
			}
		}
		seen := make(map[string]bool)
		for _, code := range Codes(text, text, page) {
			if len(code) < 4 || len(code) > 12 || seen[code] {
				t.Errorf("code %q", code)
			}
			seen[code] = true
		}
	})
}
