package search

import (
	"slices"
	"strings"

	"github.com/caddy-mailbucket/mailbucket/message"
)

// Numbers of digits that a code may have.
const (
	leastDigits = 4
	mostDigits  = 8
)

// code is a needle that may be a one-time code, and is therefore also found where blanks or
// hyphens separate its digits.
type code string

// newCode returns a needle as a code, "" if it cannot be one.
func newCode(n *needle) code {
	if len(n.text) < leastDigits || len(n.text) > mostDigits || strings.Trim(n.text, "0123456789") != "" {
		return ""
	}
	return code(n.text)
}

// in reports whether it is one of the codes that are shown for the mail.
func (code code) in(c *candidate) bool {
	if c.place()&hintInPlace != 0 {
		if !code.groupedIn(c.Raw) {
			return false
		}
	} else if t := c.text(); !code.groupedIn(t.folded) {
		return false
	}
	mail := c.mail()
	return slices.Contains(message.Codes(mail.Subject(), mail.Text(), mail.HTML()), string(code))
}

// groupedIn reports whether s contains the digits, with at most one other character between
// two of them.
func (code code) groupedIn(s string) bool {
	for {
		at := strings.IndexByte(s, code[0])
		if at < 0 {
			return false
		}
		if s = s[at+1:]; code.goesOn(s) {
			return true
		}
	}
}

// goesOn reports whether s begins with the digits after the first.
func (code code) goesOn(s string) bool {
	for i := 1; i < len(code); i++ {
		if s != "" && (s[0] == ' ' || s[0] == '-') {
			s = s[1:]
		}
		if s == "" || s[0] != code[i] {
			return false
		}
		s = s[1:]
	}
	return true
}
