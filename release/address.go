package release

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"
)

// Bounds of an address, in bytes (RFC 5321 sections 4.5.3.1.1 and 4.5.3.1.3).
const (
	maxLocal   = 64
	maxAddress = 254
)

var errAddress = errors.New("expected a plain address such as ann@example.com")

// Address is a mailbox in the only form in which it is compared with a list and sent:
// what is checked is what is sent. Its zero value is no address.
type Address struct {
	local  string
	domain string // in lower case, internationalized labels as A-labels (RFC 5890)
}

// ParseAddress reads an address. Much that RFC 5321 allows is refused here, as servers on
// the way may understand it differently than a list does: quoted local parts, comments,
// source routes, routing by % or !, address literals, a trailing dot, and letters that
// only look or sort like others.
func ParseAddress(s string) (Address, error) {
	if len(s) > maxAddress || !utf8.ValidString(s) {
		return Address{}, errAddress
	}
	local, domain, ok := strings.Cut(s, "@")
	if !ok || !isLocal(local) {
		return Address{}, errAddress
	}
	domain, err := canonicalDomain(domain)
	if err != nil || len(local)+1+len(domain) > maxAddress {
		return Address{}, errAddress
	}
	return Address{local, domain}, nil
}

// String is the address as it is sent.
func (a Address) String() string {
	if a == (Address{}) {
		return ""
	}
	return a.local + "@" + a.domain
}

// isASCII reports whether the address can be sent without SMTPUTF8 (RFC 6531).
func (a Address) isASCII() bool { return isASCII(a.local) }

// isLocal reports whether s is a dot-string (RFC 5321 section 4.1.2, RFC 6531 section 3.3)
// without what some programs take for routing, for an option or for encoded text.
func isLocal(s string) bool {
	if s == "" || len(s) > maxLocal || s[0] == '-' || s[0] == '.' || s[len(s)-1] == '.' ||
		strings.Contains(s, "..") || strings.Contains(s, "=?") { // "=?" begins an encoded word (RFC 2047)
		return false
	}
	for _, r := range s {
		switch {
		case r < utf8.RuneSelf:
			if !isLetterOrDigit(byte(r)) && !strings.ContainsRune("#$&'+-/=?^_`{|}~.", r) {
				return false
			}
		case !unicode.In(r, unicode.Letter, unicode.Digit, unicode.Mark):
			return false
		}
	}
	// Wide letters and ligatures have a plain form for which they may be taken.
	return norm.NFKC.IsNormalString(s)
}

func isLetterOrDigit(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

// domains checks host names: labels of letters, digits and hyphens, and what may be in
// those that are internationalized.
var domains = idna.New(idna.MapForLookup(), idna.StrictDomainName(true), idna.ValidateLabels(true),
	idna.CheckHyphens(true), idna.CheckJoiners(true), idna.BidiRule(), idna.VerifyDNSLength(true))

// canonicalDomain gives the form in which domains are compared. It refuses one that is
// not written in its usual form, such as one with wide letters, and a number in the place
// of a top-level domain, as in IP addresses.
func canonicalDomain(s string) (string, error) {
	ascii, err := domains.ToASCII(s)
	if err != nil || strings.HasSuffix(ascii, ".") {
		return "", errAddress
	}
	lower := lowerASCII(s)
	if shown, err := domains.ToUnicode(ascii); lower != ascii && (err != nil || shown != lower) {
		return "", errAddress
	}
	if last := ascii[strings.LastIndexByte(ascii, '.')+1:]; strings.Trim(last, "0123456789") == "" {
		return "", errAddress
	}
	return ascii, nil
}

// lowerASCII is s with only its ASCII letters in lower case.
func lowerASCII(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + ('a' - 'A')
		}
		return r
	}, s)
}

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r >= utf8.RuneSelf }) < 0
}

// maxAllowed bounds the patterns of a list.
const maxAllowed = 1000

// Allowed is a list of the addresses to which mail may go. The zero value allows none.
type Allowed struct {
	texts []string
	list  []allowed
}

// allowed is one entry of a list. Local parts are compared to the letter, as only the
// server of their domain knows what their case means (RFC 5321 section 2.4).
type allowed struct {
	local  string
	prefix bool // any local part that begins with local
	domain string
	below  bool // any domain below domain, instead of domain itself
}

// ParseAllowed reads the patterns of a list: ann@example.com for one address, *@example.com
// for all of a domain, ann+*@example.com for all that begin so, and *@*.example.com for
// all of the domains below one. There has to be at least one pattern.
func ParseAllowed(patterns ...string) (Allowed, error) {
	if len(patterns) == 0 || len(patterns) > maxAllowed {
		return Allowed{}, fmt.Errorf("expected 1 to %d patterns such as *@example.com", maxAllowed)
	}
	l := Allowed{}
	for _, text := range patterns {
		entry, ok := parseAllowed(text)
		if !ok {
			return Allowed{}, fmt.Errorf("pattern %q: expected one such as *@example.com, ann@example.com, ann+*@example.com or *@*.example.com", text)
		}
		l.texts, l.list = append(l.texts, text), append(l.list, entry)
	}
	return l, nil
}

func parseAllowed(text string) (allowed, bool) {
	local, domain, ok := strings.Cut(text, "@")
	if !ok {
		return allowed{}, false
	}
	var e allowed
	e.local, e.prefix = strings.CutSuffix(local, "*")
	e.domain, e.below = strings.CutPrefix(domain, "*.")
	if strings.Contains(e.local, "*") || e.local != "" && !isLocal(strings.TrimSuffix(e.local, ".")) || e.local == "" && !e.prefix {
		return allowed{}, false
	}
	var err error
	e.domain, err = canonicalDomain(e.domain)
	return e, err == nil
}

// Allows reports whether mail may go to the address.
func (l Allowed) Allows(a Address) bool {
	for _, e := range l.list {
		if e.matches(a) {
			return true
		}
	}
	return false
}

func (e allowed) matches(a Address) bool {
	if e.below && !strings.HasSuffix(a.domain, "."+e.domain) || !e.below && a.domain != e.domain {
		return false
	}
	return a.local == e.local || e.prefix && strings.HasPrefix(a.local, e.local)
}

// String is the list for people, with commas.
func (l Allowed) String() string { return strings.Join(l.texts, ", ") }

// expression is a regular expression that matches what the list allows.
func (l Allowed) expression() string {
	alternatives := make([]string, len(l.list))
	for i, e := range l.list {
		text := regexp.QuoteMeta(e.local)
		if e.prefix {
			text += "[^@]*"
		}
		text += "@"
		if e.below {
			text += `([^@.]+\.)+`
		}
		alternatives[i] = text + regexp.QuoteMeta(e.domain)
	}
	return "^(" + strings.Join(alternatives, "|") + ")$"
}
