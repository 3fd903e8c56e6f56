package release

import (
	"regexp"
	"strings"
	"testing"
)

// list is what the tests allow.
var list = []string{
	"*@ours.example.com", "ann@people.example.com", "ops+*@people.example.com", "*@*.below.example.com", "*@bücher.example", "*@xn--mnchen-3ya.example",
}

func parseList(t *testing.T, patterns ...string) Allowed {
	t.Helper()
	l, err := ParseAllowed(patterns...)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestAllowedAddresses(t *testing.T) {
	l := parseList(t, list...)
	for given, sent := range map[string]string{
		"ann@ours.example.com":        "ann@ours.example.com",
		"Ann@OURS.Example.COM":        "Ann@ours.example.com",
		"o'neil+x_1@ours.example.com": "o'neil+x_1@ours.example.com",
		"jürgen@ours.example.com":     "jürgen@ours.example.com",
		"анна@ours.example.com":       "анна@ours.example.com",
		"ann@people.example.com":      "ann@people.example.com",
		"ops+a@people.example.com":    "ops+a@people.example.com",
		"x@a.below.example.com":       "x@a.below.example.com",
		"x@a.b.below.example.com":     "x@a.b.below.example.com",
		"x@bücher.example":            "x@xn--bcher-kva.example",
		"x@XN--BCHER-KVA.example":     "x@xn--bcher-kva.example",
		"x@münchen.example":           "x@xn--mnchen-3ya.example",
		"x@xn--mnchen-3ya.example":    "x@xn--mnchen-3ya.example",
	} {
		a, err := ParseAddress(given)
		if err != nil || a.String() != sent || !l.Allows(a) {
			t.Errorf("%s: %s, allowed %t (%v); want %s", given, a, l.Allows(a), err, sent)
		}
	}
}

// TestAddressesThatOnlyLookAllowed has addresses that a careless comparison or a server on
// the way takes for another.
func TestAddressesThatOnlyLookAllowed(t *testing.T) {
	l := parseList(t, list...)
	for _, given := range []string{
		"", "@", "ann", "ann@", "@ours.example.com", "*@", "@*",
		// other domains
		"ann@evil.example", "ann@ours.example.com.evil.example", "ann@evilours.example.com", "ann@sub.ours.example.com", "ann@example.com",
		"ann@ours-example.com", "ann@below.example.com", "ann@evilbelow.example.com", "ann@*.below.example.com", "ann@ours.example.org",
		// other people
		"ANN@people.example.com", "Ann@people.example.com", "anna@people.example.com", "ann+x@people.example.com", "ops@people.example.com",
		"a.nn@people.example.com", "xops+a@people.example.com", "OPS+a@people.example.com",
		// trailing and other dots
		"ann@ours.example.com.", "ann@.ours.example.com", "ann@ours..example.com", "ann.@ours.example.com", ".ann@ours.example.com", "a..n@ours.example.com",
		// several @, source routes, routing in the local part
		"ann@evil.example@ours.example.com", "ann@ours.example.com@evil.example", "@evil.example:ann@ours.example.com", "@ours.example.com:ann@evil.example",
		"@a,@b:ann@ours.example.com", "ann%evil.example@ours.example.com", "evil.example!ann@ours.example.com", "ann:evil.example@ours.example.com",
		// quotes, comments, names, brackets
		`"ann"@ours.example.com`, `"ann@evil.example"@ours.example.com`, `"a\"b"@ours.example.com`, `"ann@ours.example.com"@evil.example`, `""@ours.example.com`,
		"ann(x)@ours.example.com", "ann@ours.example.com(x)", "(ann@ours.example.com)ann@evil.example", "ann@evil.example(@ours.example.com)",
		"Ann <ann@ours.example.com>", "<ann@ours.example.com>", "ann@ours.example.com>", "ann@ours.example.com,ann@evil.example", "ann@evil.example, ann@ours.example.com",
		"ann@evil.example;ann@ours.example.com", "ann@evil.example <ann@ours.example.com>", "ann@[127.0.0.1]", "ann@[IPv6:::1]", "ann@127.0.0.1", "ann@ours.example.0x7f.1",
		// blanks and controls
		" ann@ours.example.com", "ann@ours.example.com ", "ann @ours.example.com", "ann@ ours.example.com", "ann\t@ours.example.com", "ann@ours.example.com\n",
		"ann@ours.example.com\r\nRCPT TO:<x@evil.example>", "ann\r\nBcc: x@evil.example\r\n@ours.example.com", "ann@evil.example\r\n@ours.example.com",
		"ann\x00@ours.example.com", "ann@evil.example\x00@ours.example.com", "ann@ours.example.com\x00", "ann\x7f@ours.example.com", "ann\u2028@ours.example.com",
		"ann\u200b@ours.example.com", "ann@ours.exam\u200bple.com", "ann@ours.exam\u00adple.com", "\u202eann@ours.example.com", "ann\u00a0@ours.example.com", "\ufeffann@ours.example.com",
		// letters that look alike or have a plain form
		"ann＠ours.example.com", "ann@ours．example．com", "ann@ours。example。com", "ann@ｏｕｒｓ.example.com", "ａnn@people.example.com", "ann％evil.example@ours.example.com",
		"ann@ourſ.example.com", "ann@ours.e\u212bxample.com", "ann@оurs.example.com", "ann@ours.example.com\u3002", "ann@ours.examp\u2113e.com", "x@BÜCHER.example", "x@bu\u0308cher.example",
		"x@xn--bcher-kvx.example", "x@xn--.example", "x@xn--ours-.example.com", "ann@ours.example.co\u1d50", "ﬁx@ours.example.com", "ju\u0308rgen@ours.example.com", "ann@ours\u2024example.com",
		"ann\xff@ours.example.com", "ann@ours.example.com\xff", "=?utf-8?q?ann?=@ours.example.com", "ann@=?utf-8?q?ours?=.example.com",
		// options of programs, and lengths
		"-bi@ours.example.com", strings.Repeat("a", 65) + "@ours.example.com", "ann@" + strings.Repeat("a.", 130) + "ours.example.com", "x@" + strings.Repeat("a", 64) + ".below.example.com",
	} {
		if a, err := ParseAddress(given); err == nil && l.Allows(a) {
			t.Errorf("%q is allowed, as %s", given, a)
		}
	}
}

func TestListAsARegularExpression(t *testing.T) {
	l := parseList(t, list...)
	expression := regexp.MustCompile(l.expression())
	for _, address := range []string{
		"ann@ours.example.com", "ann@people.example.com", "ops+x@people.example.com", "x@a.b.below.example.com", "x@xn--bcher-kva.example",
		"bob@people.example.com", "ann@oursxexample.com", "ann@below.example.com", "ann@ours.example.com.evil.example", "ops@people.example.com", "xann@people.example.com",
	} {
		a, err := ParseAddress(address)
		if err != nil || expression.MatchString(address) != l.Allows(a) {
			t.Errorf("%s: %t, allowed %t (%v)", address, expression.MatchString(address), l.Allows(a), err)
		}
	}
}

func TestMalformedPatternsAreRefused(t *testing.T) {
	for _, pattern := range []string{
		"", "*", "@", "*@", "@example.com", "*@*", "*@*.", "*@ex*.com", "*@*example.com", "*x@example.com", "a*b*@example.com", "**@example.com", "example.com",
		"*@example.com.", "a b@example.com", `"a"@example.com`, "*@[127.0.0.1]", "*@10.0.0.1", "*@a@b.example", "a%*@example.com", "*@exa_mple.com", "*@a b.example", "ann@ｏurs.example", "*@*.*.example",
	} {
		if _, err := ParseAllowed("ok@example.com", pattern); err == nil || !strings.Contains(err.Error(), "expected") {
			t.Errorf("%q: %v", pattern, err)
		}
	}
	if _, err := ParseAllowed(); err == nil {
		t.Error("an empty list is taken")
	}
	if (Allowed{}).Allows(Address{"a", "b"}) {
		t.Error("no list allows an address")
	}
}

// FuzzParseAddress looks for addresses that are written in several ways, and for ones that
// could end a command or a field.
func FuzzParseAddress(f *testing.F) {
	for _, seed := range []string{"ann@ours.example.com", "x@bücher.example", "jürgen@xn--bcher-kva.example", "a@b@c", "a@ｂ.example", "\"a\"@b.c"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := ParseAddress(s)
		if err != nil {
			if a != (Address{}) {
				t.Fatalf("%q: %v and an address", s, err)
			}
			return
		}
		again, err := ParseAddress(a.String())
		if err != nil || again != a {
			t.Fatalf("%q is %q, which is %q (%v)", s, a, again, err)
		}
		if strings.ContainsAny(a.String(), "\r\n\x00 \t<>\"(),:;[]\\%!") || strings.Count(a.String(), "@") != 1 || !isASCII(a.domain) || len(a.String()) > maxAddress {
			t.Fatalf("%q is %q", s, a)
		}
	})
}
