package pattern

import (
	"strings"
	"testing"
)

// FuzzPattern compares patterns with a plain search, and the domain of a pattern with those
// of the addresses that it matches.
func FuzzPattern(f *testing.F) {
	f.Add("Hello World", "o w")
	f.Add("aaaaab", "aab")
	f.Add("a@B.x", "@b.X")
	f.Add("a@b@c", "@b@c")
	f.Add("a@", "@")
	f.Add("@\xff\u212a", "@\xff\u212a")
	f.Fuzz(func(t *testing.T, s, sub string) {
		if strings.Contains(sub, "*") {
			return
		}
		lower := strings.ToLower(s)
		if New("*"+sub+"*").Matches(s) != strings.Contains(lower, strings.ToLower(sub)) {
			t.Errorf("*%q* and %q", sub, s)
		}
		for _, p := range []Pattern{New("*" + sub), New("a*" + sub), New("*" + sub + "*"), New("*a*" + sub)} {
			domain, whole := p.Domain()
			within := domain == "" || lower[strings.LastIndexByte(lower, '@')+1:] == domain && strings.Contains(lower, "@")
			if matches := p.Matches(s); matches && !within || whole && domain != "" && within != matches {
				t.Errorf("%q and %q: matches %v, domain %q, whole %v", p, s, matches, domain, whole)
			}
		}
	})
}

func TestPatterns(t *testing.T) {
	for _, test := range []struct {
		pattern, s string
		want       bool
	}{
		{"a@x", "A@X", true}, {"a@x", "a@xx", false}, {"*", "", true}, {"*@x", "a@x", true}, {"*@x", "a@y", false},
		{"a*a", "a", false}, {"a*a", "aa", true}, {"a*b*c", "a-b-b-c", true}, {"a*b*c", "a-c-b", false}, {"*a*", "bab", true}, {"a**", "a", true},
	} {
		if got := New(test.pattern).Matches(test.s); got != test.want {
			t.Errorf("%q matches %q: %v", test.pattern, test.s, got)
		}
	}
	if zero := (Pattern{}); !zero.Matches("") || zero.Matches("a") || zero.Stars() != 0 || zero.String() != "" {
		t.Error("the zero value is not the empty pattern")
	}
}

func TestListsOfPatterns(t *testing.T) {
	list, err := NewList("*@Ours.test", "a**b")
	if err != nil || len(list) != 2 || list[0].String() != "*@ours.test" || list[1].String() != "a*b" {
		t.Fatalf("%v %v", list, err)
	}
	for text, want := range map[string]bool{"x@OURS.test": true, "ab": true, "x@ours.test.evil": false, "": false} {
		if list.Match(text) != want {
			t.Errorf("matches %q: %v", text, !want)
		}
	}
	for text, want := range map[string]string{"": "empty pattern", "*a*b*c*d*e*f*g*h*": "at most 8 asterisks"} {
		if _, err := NewList("a", text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestAsterisksInPlainPartsStandForThemselves(t *testing.T) {
	star, plain := Part{Text: "*@"}, func(s string) Part { return Part{Text: s, Plain: true} }
	for _, test := range []struct {
		p    Pattern
		s    string
		want bool
	}{
		{Of(plain("*")), "ann", false}, {Of(plain("*")), "*", true}, {Of(star, plain("Ann.test")), "x@ann.TEST", true},
		{Of(star, plain("*")), "x@ann.test", false}, {Of(star, plain("*")), "x@*", true}, {Of(plain("a*"), Part{Text: "*z"}), "a*bz", true},
		{Of(plain("a*"), Part{Text: "*z"}), "abz", false}, {Exact(plain("Ann")), "Ann", true}, {Exact(plain("Ann")), "ann", false},
		{Exact(Part{Text: "Team-*"}), "Team-A", true}, {Exact(Part{Text: "Team-*"}), "team-A", false}, {Of(), "", true}, {Of(), "a", false},
	} {
		if got := test.p.Matches(test.s); got != test.want {
			t.Errorf("%q matches %q: %v", test.p, test.s, got)
		}
	}
	if domain, whole := Of(star, plain("a@b.test")).Domain(); domain != "b.test" || whole {
		t.Errorf("%q %v", domain, whole)
	}
}
