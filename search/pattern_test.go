package search

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
		if newPattern("*"+sub+"*").matches(s) != strings.Contains(lower, strings.ToLower(sub)) {
			t.Errorf("*%q* and %q", sub, s)
		}
		for _, p := range []pattern{newPattern("*" + sub), newPattern("a*" + sub), newPattern("*" + sub + "*"), newPattern("*a*" + sub)} {
			domain, whole := p.domain()
			within := domain == "" || lower[strings.LastIndexByte(lower, '@')+1:] == domain && strings.Contains(lower, "@")
			if matches := p.matches(s); matches && !within || whole && domain != "" && within != matches {
				t.Errorf("%q and %q: matches %v, domain %q, whole %v", p, s, matches, domain, whole)
			}
		}
	})
}
