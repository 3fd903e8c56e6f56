package message

import (
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"
)

var addressSeeds = []string{
	"a@b.test", "Ann <a@b.test>, Bob <b@b.test>", `"Doe, Ann" <a@b.test>`, "group: a@b.test, b@b.test;, c@b.test",
	"a@b.test (Ann (the first))", "=?utf-8?Q?=C3=A9?= <e@b.test>", `"a b"@c.test`, "<@x,@y:a@b.test>", "<<<a@b.test", `"`, "a b c", "Ann Doe <a @ b.test>",
}

func TestAddresses(t *testing.T) {
	tests := []struct {
		name, in string
		want     []Address
	}{
		{"bare", "a@b.test", []Address{{"", "a@b.test"}}},
		{"name", "Ann Doe <a@b.test>", []Address{{"Ann Doe", "a@b.test"}}},
		{"quoted name", `"Doe, \"Ann\"" <a@b.test>`, []Address{{`Doe, "Ann"`, "a@b.test"}}},
		{"list", "a@b.test, Bob <b@b.test>,,c@b.test", []Address{{"", "a@b.test"}, {"Bob", "b@b.test"}, {"", "c@b.test"}}},
		{"semicolons", "a@b.test; b@b.test", []Address{{"", "a@b.test"}, {"", "b@b.test"}}},
		{"group", "friends: Ann <a@b.test>, b@b.test; c@b.test", []Address{{"Ann", "a@b.test"}, {"", "b@b.test"}, {"", "c@b.test"}}},
		{"empty group", "undisclosed-recipients:;", nil},
		{"comment as name", "a@b.test (Ann Doe)", []Address{{"Ann Doe", "a@b.test"}}},
		{"nested comment", `Ann <a@b.test> (x (y\) "z) w)`, []Address{{"Ann", "a@b.test"}}},
		{"encoded name", "=?utf-8?Q?J=C3=BCr?=\r\n =?utf-8?Q?gen?= <j@b.test>", []Address{{"Jürgen", "j@b.test"}}},
		{"encoded name in quotes", `"=?utf-8?B?w4k=?= x" <e@b.test>`, []Address{{"É x", "e@b.test"}}},
		{"encoded name with comma", "=?utf-8?Q?Doe=2C_Ann?= <a@b.test>", []Address{{"Doe, Ann", "a@b.test"}}},
		{"raw UTF-8", "José <josé@exämple.test>", []Address{{"José", "josé@exämple.test"}}},
		{"raw windows-1252", "Jos\xe9 <j@b.test>", []Address{{"José", "j@b.test"}}},
		{"quoted local part", `"a b"@c.test, X <"d>e"@c.test>`, []Address{{"", `"a b"@c.test`}, {"X", `"d>e"@c.test`}}},
		{"route", "<@x.test,@y.test:a@b.test>", []Address{{"", "a@b.test"}}},
		{"blanks in an address", "Ann < a@b.test >, b @ b.test", []Address{{"Ann", "a@b.test"}, {"", "b@b.test"}}},
		{"dots in a name", "J. R. Doe <a@b.test>", []Address{{"J. R. Doe", "a@b.test"}}},
		{"name is an address", "a@b.test <a@b.test>", []Address{{"a@b.test", "a@b.test"}}},
		{"no brackets", "Ann Doe a@b.test", []Address{{"Ann Doe", "a@b.test"}}},
		{"local user", "root", []Address{{"", "root"}}},
		{"only a name", "Ann Doe", []Address{{"Ann Doe", ""}}},
		{"null path", "<>", nil},
		{"no closing bracket", "Ann <a@b.test, Bob <b@b.test>", []Address{{"Ann", "a@b.test"}, {"Bob", "b@b.test"}}},
		{"no comma", "Ann <a@b.test> Bob <b@b.test>", []Address{{"Ann", "a@b.test"}, {"Bob", "b@b.test"}}},
		{"name after", "<a@b.test> Ann", []Address{{"Ann", "a@b.test"}}},
		{"one quote", `Ann "Doe <a@b.test>, b@b.test`, []Address{{`Ann "Doe`, "a@b.test"}, {"", "b@b.test"}}},
		{"doubled brackets", "Ann <<a@b.test>>", []Address{{"Ann", "a@b.test"}}},
		{"empty", "", nil},
		{"comments everywhere", "Ann (one) <ann(two)@example.com(three)>", []Address{{"Ann", "ann@example.com"}}},
		{"comments around a bare address", "(a) ann(b)@(c)b.test(d)", []Address{{"a", "ann@b.test"}}},
		{"blanks around a dot", "bob@mail  . example, j . doe@b.test", []Address{{"", "bob@mail.example"}, {"", "j.doe@b.test"}}},
		{"comment around a dot", "Carol <carol@mail(comment).  example>", []Address{{"Carol", "carol@mail.example"}}},
		{"comma in a comment", "Chris <c@(Chris's, host.)public.test>, d@b.test", []Address{{"Chris", "c@public.test"}, {"", "d@b.test"}}},
		{"open comment in brackets", "Ann <a(@b.test>, Bob <b@b.test>", []Address{{"Ann", "a(@b.test"}, {"Bob", "b@b.test"}}},
		{"quoted pair in a comment", `Pete(A nice \) chap) <pete(his account)@silly.test(his host)>`, []Address{{"Pete", "pete@silly.test"}}},
		{"comments around groups", "A Group(Some people)\r\n     :John <j@one.test> (my friend); (the end of the group)", []Address{{"John", "j@one.test"}}},
		{"comments in an empty group", "(Empty list)(start)Hidden recipients  :(nobody(that I know))  ;", nil},
		{"only a comment", "(nobody)", nil},
		{"local user with a comment", "root (Cron Daemon)", []Address{{"Cron Daemon", "root"}}},
		{"local users", "root, MAILER-DAEMON (Mail Delivery System)", []Address{{"", "root"}, {"Mail Delivery System", "MAILER-DAEMON"}}},
		{"quoted local part and blanks", `"a b" @ c.test, "a" . b@c.test`, []Address{{"", `"a b"@c.test`}, {"", `"a".b@c.test`}}},
		{"all in an encoded word", `=?utf-8?Q?"J=C3=B6rn=20Meier"=20<j@b.test>,=20k@b.test?=`, []Address{{"Jörn Meier", "j@b.test"}, {"", "k@b.test"}}},
		{"a name in encoded words", "=?utf-8?Q?J=C3=B6rn?= =?utf-8?Q?Meier?=", []Address{{"JörnMeier", ""}}},
		{"address literal", "a@[IPv6:2001:db8::1], b@[192.0.2.1]", []Address{{"", "a@[IPv6:2001:db8::1]"}, {"", "b@[192.0.2.1]"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := ParseAddresses(tt.in); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("ParseAddresses(%q) = %q, want %q", tt.in, got, tt.want)
			}
		})
	}
}

// Each of these takes minutes when the work grows with the square of the size.
func TestAddressesIsLinear(t *testing.T) {
	const size = 256 << 10
	for _, unit := range []string{
		"(", ")", "<", ">", `"`, `\`, ",", ":", "a:", "@", "a@b:", "x@y :", `a"b"`, `""`, `"a`, "<a,", "(<", `("`, "<(", "()", "<()", `" `, ". ", "@ .", "a ", "=?", "<@", "<a>", "a@b,", `<"`, `\"`,
	} {
		s := strings.Repeat(unit, size/len(unit))
		if n := len(ParseAddresses(s)); n > MaxAddresses {
			t.Errorf("%q: %d addresses", unit, n)
		}
	}
}

func FuzzAddresses(f *testing.F) {
	for _, s := range addressSeeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		total := 0
		for _, a := range ParseAddresses(s) {
			if !utf8.ValidString(a.Name) || !utf8.ValidString(a.Address) || strings.ContainsAny(a.Name+a.Address, "\r\n") {
				t.Errorf("%q gave %q", s, a)
			}
			if a == (Address{}) {
				t.Errorf("%q gave an empty address", s)
			}
			total += len(a.Name) + len(a.Address)
		}
		if total > 3*len(s)+8 {
			t.Errorf("%q gave %d bytes", s, total)
		}
	})
}

func TestContentType(t *testing.T) {
	tests := []struct {
		name, in string
		want     ParamValue
	}{
		{"simple", "text/plain; charset=utf-8", ParamValue{Value: "text/plain", Params: []Param{{"charset", "utf-8"}}}},
		{"case and blanks", " Text/HTML ;\r\n\tCharset = \"UTF-8\" ", ParamValue{Value: "text/html", Params: []Param{{"charset", "UTF-8"}}}},
		{"comments", "text/plain (a (b)); charset=us-ascii (plain); x=y", ParamValue{Value: "text/plain", Params: []Param{{"charset", "us-ascii"}, {"x", "y"}}}},
		{"quoted", `a/b; name="a \"b\" \\c; d"`, ParamValue{Value: "a/b", Params: []Param{{"name", `a "b" \c; d`}}}},
		{"no semicolon", "text/plain charset=utf-8 format=flowed", ParamValue{Value: "text/plain", Params: []Param{{"charset", "utf-8"}, {"format", "flowed"}}}},
		{"unquoted name", "a/b; name=my file (1).txt; x=y", ParamValue{Value: "a/b", Params: []Param{{"name", "my file (1).txt"}, {"x", "y"}}}},
		{"no value", "a/b; x; y=; z=1", ParamValue{Value: "a/b", Params: []Param{{"y", ""}, {"z", "1"}}}},
		{"open quote", `a/b; x="abc; y=z`, ParamValue{Value: "a/b", Params: []Param{{"x", "abc; y=z"}}}},
		{"first counts", "a/b; x=1; x=2", ParamValue{Value: "a/b", Params: []Param{{"x", "1"}}}},
		{"extended", "a/b; name*=utf-8'en'%E2%82%AC%20x; name=y", ParamValue{Value: "a/b", Params: []Param{{"name", "€ x"}}}},
		{"extended without charset", "a/b; name*=%C3%A9", ParamValue{Value: "a/b", Params: []Param{{"name", "é"}}}},
		{"segments out of order", "a/b; x*2*=%21; x*0*=utf-8''%C3; x*1*=%A9", ParamValue{Value: "a/b", Params: []Param{{"x", "é!"}}}},
		{"segments with a gap", "a/b; x*0=a; x*2=c; x*1=b; x*4=e", ParamValue{Value: "a/b", Params: []Param{{"x", "abc"}}}},
		{"encoded words over segments", `a/b; x*0="=?utf-8?Q?=C3=A9"; x*1="?="`, ParamValue{Value: "a/b", Params: []Param{{"x", "é"}}}},
		{"encoded word", `a/b; name="=?utf-8?Q?=C3=A9?="`, ParamValue{Value: "a/b", Params: []Param{{"name", "é"}}}},
		{"blanks around the slash", "text / html; charset=utf-8", ParamValue{Value: "text/html", Params: []Param{{"charset", "utf-8"}}}},
		{"value missing", "filename=x.txt; size=1", ParamValue{Params: []Param{{"filename", "x.txt"}, {"size", "1"}}}},
		{"value in quotes", `"inline"; filename=x`, ParamValue{Value: "inline", Params: []Param{{"filename", "x"}}}},
		{"comma for semicolon", "text/plain, charset=utf-8", ParamValue{Value: "text/plain", Params: []Param{{"charset", "utf-8"}}}},
		{"boundary with blanks", "a/b; boundary=x y  z; charset=u", ParamValue{Value: "a/b", Params: []Param{{"boundary", "x y  z"}, {"charset", "u"}}}},
		{"boundary, then no semicolon", "a/b; boundary=x charset=u", ParamValue{Value: "a/b", Params: []Param{{"boundary", "x"}, {"charset", "u"}}}},
		{"boundary, then a comment", "a/b; boundary=x (y); charset=u", ParamValue{Value: "a/b", Params: []Param{{"boundary", "x"}, {"charset", "u"}}}},
		{"boundary stays raw", "a/b; boundary=\"=?utf-8?Q?x?=\xe9\"", ParamValue{Value: "a/b", Params: []Param{{"boundary", "=?utf-8?Q?x?=\xe9"}}}},
		{"raw 8-bit", "a/b; name=\"\xe9\"", ParamValue{Value: "a/b", Params: []Param{{"name", "é"}}}},
		{"line end forged", "a/b; x*=utf-8''a%0D%0Ab", ParamValue{Value: "a/b", Params: []Param{{"x", "a b"}}}},
		{"empty", "", ParamValue{}},
		{"only marks", ";;==\"\"((", ParamValue{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := parseParams(tt.in); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("parseParams(%q) = %+v, want %+v", tt.in, got, tt.want)
			}
		})
	}
}

func TestMediaType(t *testing.T) {
	for in, want := range map[string]string{
		"Text/Plain; x=y": "text/plain", "text / html": "text/html", "text/ html ; x=y": "text/html", "text (c) /(d) html": "text/html",
		"text /html": "text/html", `"text/html"; x=y`: "text/html", `"text/html; x=y"`: "text/html", "=?utf-8?Q?text/html?=": "text/html",
		"text/html, x=y": "text/html", "text/html charset=x/y": "text/html", "charset=a/b": "", "a / b / c": "a/b", "text / ": "",
		"Text/Plain;x=y": "text/plain", " (c) a/b(d)": "a/b", "text": "", "/x": "", "x/": "", "a/b/c": "", "": "", "text/pl\xe4in": "",
		strings.Repeat("a", 300) + "/b": "",
	} {
		if got := mediaType(in); got != want {
			t.Errorf("mediaType(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestParametersAreBoundedAndLinear(t *testing.T) {
	const size = 1 << 20
	for _, unit := range []string{"; x*%d*=a", "; x=y", "; name*0*=utf-8''%%41", "(", ")", `"`, `\`, "=", "; a", ";", "; name=", "; x*", "\x00", `"a"`, "; %d=%d", "(\\"} {
		s := "a/b" + strings.Repeat(unit, size/len(unit))
		if n := len(parseParams(s).Params); n > MaxParameters {
			t.Errorf("%q: %d parameters", unit, n)
		}
		mediaType(s)
	}
}

func FuzzContentType(f *testing.F) {
	f.Add("text/plain; charset=utf-8 (comment); name*0*=utf-8''%41; name*1=b")
	f.Add("a/b; name=\"x\\\"y\"; boundary=\"=_\"")
	f.Fuzz(func(t *testing.T, s string) {
		v := parseParams(s)
		total := 0
		for _, p := range v.Params {
			if p.Name != "boundary" && (!utf8.ValidString(p.Value) || strings.ContainsAny(p.Value, "\r\n")) {
				t.Errorf("%q: %s is %q", s, p.Name, p.Value)
			}
			total += len(p.Value)
			name := safeFilename(p.Value)
			if len(name) > MaxFilename || strings.ContainsAny(name, "/\\\x00\r\n\t") || name == "." || name == ".." {
				t.Errorf("file name %q", name)
			}
		}
		if total > 3*len(s)+8 || len(v.Params) > MaxParameters {
			t.Errorf("%q gave %d bytes in %d parameters", s, total, len(v.Params))
		}
		if kind := mediaType(s); kind != "" && (len(kind) > maxToken || strings.Count(kind, "/") != 1) {
			t.Errorf("media type %q", kind)
		}
	})
}

func TestHeaderKeepsOrderAndRepeats(t *testing.T) {
	m := Parse("Received: one\r\nX-A : =?utf-8?Q?=C3=A9?=\r\nreceived: two\r\n\tfolded\r\nEmpty:\r\n\r\nbody: no field\r\n")
	want := Header{{"Received", " one"}, {"X-A", " =?utf-8?Q?=C3=A9?="}, {"received", " two\r\n\tfolded"}, {"Empty", ""}}
	if !reflect.DeepEqual(m.Header(), want) {
		t.Errorf("got %q", m.Header())
	}
	if got := m.Header().All("RECEIVED"); !reflect.DeepEqual(got, []string{"one", "two\tfolded"}) {
		t.Errorf("All gave %q", got)
	}
	if got := m.Header().Get("x-a"); got != "é" {
		t.Errorf("Get gave %q", got)
	}
	if got := m.Header().Get("missing"); got != "" {
		t.Errorf("Get of a missing field gave %q", got)
	}
}
