package smtp

import (
	"bytes"
	"errors"
	"net/netip"
	"strings"
	"unicode/utf8"
)

var (
	errPathBrackets = errors.New("the address must stand between < and >")
	errPathRoute    = errors.New("malformed source route before the address")
	errPathLocal    = errors.New("malformed local part of the address")
	errPathDomain   = errors.New("malformed domain of the address")
)

// parsePath reads a path from the front of b (RFC 5321 section 4.1.2, with RFC
// 6531's UTF-8): the mailbox without brackets and source route, and what follows.
// The mailbox is empty for the null path "<>".
func parsePath(b []byte) (mailbox, rest []byte, err error) {
	if len(b) == 0 || b[0] != '<' {
		return nil, nil, errPathBrackets
	}
	if b = b[1:]; len(b) > 0 && b[0] == '>' {
		return b[:0], b[1:], nil
	}
	if b, err = skipSourceRoute(b); err != nil {
		return nil, nil, err
	}
	n := localPartLength(b)
	if n == 0 {
		return nil, nil, errPathLocal
	}
	if n < len(b) && b[n] == '>' {
		// Only the postmaster has no domain (RFC 5321 section 4.1.1.3).
		if !strings.EqualFold(string(b[:n]), "postmaster") {
			return nil, nil, errPathDomain
		}
		return b[:n], b[n+1:], nil
	}
	if n == len(b) {
		return nil, nil, errPathBrackets
	}
	if b[n] != '@' {
		return nil, nil, errPathLocal
	}
	d := domainLength(b[n+1:])
	if d == 0 {
		return nil, nil, errPathDomain
	}
	if n += 1 + d; n == len(b) {
		return nil, nil, errPathBrackets
	}
	if b[n] != '>' {
		return nil, nil, errPathDomain
	}
	return b[:n], b[n+1:], nil
}

// skipSourceRoute skips "@a,@b:", which servers must accept and ignore (RFC 5321
// appendix C).
func skipSourceRoute(b []byte) ([]byte, error) {
	if len(b) == 0 || b[0] != '@' {
		return b, nil
	}
	for {
		n := 0
		if len(b) > 0 && b[0] == '@' {
			n = domainLength(b[1:])
		}
		if n == 0 || n+1 == len(b) {
			return nil, errPathRoute
		}
		b = b[n+1:]
		switch b[0] {
		case ':':
			return b[1:], nil
		case ',':
			b = b[1:]
		default:
			return nil, errPathRoute
		}
	}
}

// localPartLength is the length of the local part at the front of b, 0 if there is none.
func localPartLength(b []byte) int {
	if len(b) > 0 && b[0] == '"' {
		return quotedStringLength(b)
	}
	n := 0
	for n < len(b) && (isAtext(b[n]) || b[n] == '.' && n > 0 && b[n-1] != '.') {
		n++
	}
	if n > 0 && b[n-1] == '.' || !utf8.Valid(b[:n]) {
		return 0
	}
	return n
}

func quotedStringLength(b []byte) int {
	for i := 1; i < len(b); i++ {
		switch c := b[i]; {
		case c == '"':
			if !utf8.Valid(b[:i]) {
				return 0
			}
			return i + 1
		case c == '\\':
			if i++; i == len(b) || b[i] < ' ' || b[i] > '~' {
				return 0
			}
		case c < ' ' || c == 0x7f:
			return 0
		}
	}
	return 0
}

// domainLength is the length of the domain or address literal at the front of b,
// 0 if there is none. An underscore counts as a letter, as the names of test hosts have them.
func domainLength(b []byte) int {
	if len(b) > 0 && b[0] == '[' {
		return addressLiteralLength(b)
	}
	n := 0
	for n < len(b) && (isLetterOrDigit(b[n]) || b[n] == '_' || n > 0 && isBetweenLabels(b[n-1], b[n])) {
		n++
	}
	if n > 0 && (b[n-1] == '.' || b[n-1] == '-') || !utf8.Valid(b[:n]) {
		return 0
	}
	return n
}

// isBetweenLabels reports whether c, a dot or hyphen, may follow previous.
func isBetweenLabels(previous, c byte) bool {
	return c == '.' && previous != '.' && previous != '-' || c == '-' && previous != '.'
}

func addressLiteralLength(b []byte) int {
	end := bytes.IndexByte(b, ']')
	if end < 0 {
		return 0
	}
	literal := string(b[1:end])
	if len(literal) > 5 && strings.EqualFold(literal[:5], "IPv6:") {
		literal = literal[5:]
		if addr, err := netip.ParseAddr(literal); err != nil || !addr.Is6() || addr.Zone() != "" {
			return 0
		}
		return end + 1
	}
	if addr, err := netip.ParseAddr(literal); err != nil || !addr.Is4() {
		return 0
	}
	return end + 1
}

// isAtext is RFC 5322's atext, and any byte of UTF-8 beyond ASCII.
func isAtext(c byte) bool {
	return isLetterOrDigit(c) || strings.IndexByte("!#$%&'*+-/=?^_`{|}~", c) >= 0
}

func isLetterOrDigit(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c >= 0x80
}

func isASCII(b []byte) bool {
	for _, c := range b {
		if c >= 0x80 {
			return false
		}
	}
	return true
}
