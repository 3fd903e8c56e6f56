package smtp

import (
	"bytes"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"unicode/utf8"
)

var (
	errPathMissing = errors.New("the address is missing")
	errPathSeveral = errors.New("several addresses in one command")
	errPathBytes   = errors.New("the address has a control character, or is not UTF-8")
	errPathBefore  = errors.New("nothing stands before the @ of the address")
	errPathAfter   = errors.New("nothing stands after the @ of the address")
)

// parseLoosePath reads a path as parsePath does, and also malformed ones that clients are
// known to send; odd says what is wrong with those. The mailbox is the address that is
// meant, without a name or blanks around it, so that mail can be found by it.
func parseLoosePath(b []byte) (mailbox, rest []byte, odd oddity, err error) {
	if mailbox, rest, err = parsePath(b); err == nil {
		return mailbox, rest, 0, nil
	}
	text, rest, odd := cutPath(b)
	trimmed := bytes.Trim(text, " \t")
	if len(trimmed) < len(text) {
		odd |= oddBlanks
	}
	if len(trimmed) == 0 {
		if odd&oddBrackets != 0 {
			err = errPathMissing
		}
		return trimmed, rest, odd, err
	}
	if trimmed[0] == '@' && bytes.Count(trimmed, []byte{'@'}) > 1 {
		if trimmed, err = skipSourceRoute(trimmed); err != nil {
			return nil, nil, 0, err
		}
	}
	mailbox, wrong, err := looseMailbox(trimmed)
	return mailbox, rest, odd | wrong, err
}

// cutPath finds the address at the front of b: what stands between brackets, or else up
// to a blank. Blanks around it belong to it.
func cutPath(b []byte) (text, rest []byte, odd oddity) {
	open, end, nested := findBrackets(b)
	if open < 0 || end < 0 {
		odd |= oddBrackets
		b = b[open+1:]
		end = len(b)
		if i := bytes.IndexByte(b[quotedStringLength(b):], ' '); i >= 0 {
			end = quotedStringLength(b) + i
		}
		return bytes.TrimRight(b[:end], ">"), b[end:], odd
	}
	if before := bytes.Trim(b[:open], " "); len(bytes.Trim(before, "< ")) > 0 {
		odd |= oddName
	}
	rest = bytes.TrimLeft(b[end+1:], ">")
	if nested || len(rest) < len(b)-end-1 {
		odd |= oddBrackets
	}
	return b[open+1 : end], rest, odd
}

// findBrackets finds the innermost pair of the first brackets in b, -1 if one is missing.
// It skips quoted strings, which may contain brackets.
func findBrackets(b []byte) (open, end int, nested bool) {
	open = -1
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '"':
			if n := quotedStringLength(b[i:]); n > 0 {
				i += n - 1
			}
		case '<':
			nested = open >= 0
			open = i
		case '>':
			return open, i, nested
		}
	}
	return open, -1, nested
}

// isVisible reports whether b is UTF-8 without control characters.
func isVisible(b []byte) bool {
	for len(b) > 0 {
		n := 1
		if b[0] < ' ' || b[0] >= 0x7f {
			var r rune
			if r, n = utf8.DecodeRune(b); isInvisible(r, n) {
				return false
			}
		}
		b = b[n:]
	}
	return true
}

// looseMailbox returns an address with what is wrong with it, or an error if it cannot be
// one.
func looseMailbox(text []byte) ([]byte, oddity, error) {
	at := bytes.LastIndexByte(text, '@')
	if n := quotedStringLength(text); n > 0 && n < len(text) && text[n] == '@' {
		at = n
	}
	if at < 0 {
		odd := oddLocalPart(text)
		if !strings.EqualFold(string(text), "postmaster") {
			odd |= oddNoDomain
		}
		return text, odd, nil
	}
	local, domain := bytes.TrimRight(text[:at], " "), bytes.TrimLeft(text[at+1:], " ")
	switch {
	case len(local) == 0:
		return nil, 0, errPathBefore
	case len(domain) == 0:
		return nil, 0, errPathAfter
	}
	odd := oddLocalPart(local)
	if odd&oddSpecials != 0 && bytes.IndexByte(local, '@') >= 0 && bytes.ContainsAny(local, ",;") {
		return nil, 0, errPathSeveral
	}
	if len(local)+1+len(domain) < len(text) {
		odd |= oddBlanks
		text = slices.Concat(local, []byte{'@'}, domain)
	}
	if cut := bytes.TrimRight(domain, "."); len(cut) == 0 {
		return nil, 0, errPathAfter
	} else if len(cut) < len(domain) {
		odd |= oddFinalDot
		text = text[:len(text)-len(domain)+len(cut)]
		domain = cut
	}
	wrong, err := oddDomainPart(domain)
	return text, odd | wrong, err
}

// oddLocalPart returns what is wrong with a local part.
func oddLocalPart(local []byte) oddity {
	if n := localPartLength(local); n == len(local) {
		return 0
	}
	var odd oddity
	if local[0] == '.' || local[len(local)-1] == '.' || bytes.Contains(local, []byte("..")) {
		odd |= oddDots
	}
	if slices.ContainsFunc(local, func(c byte) bool { return c != '.' && !isAtext(c) }) {
		odd |= oddSpecials
	}
	return odd
}

// oddDomainPart returns what is wrong with a domain, or an error if it contains a blank or
// a bracket: then it is no domain, but something else within the address.
func oddDomainPart(domain []byte) (oddity, error) {
	if domainLength(domain) == len(domain) {
		return 0, nil
	}
	inner := bytes.TrimSuffix(bytes.TrimPrefix(domain, []byte{'['}), []byte{']'})
	if _, err := netip.ParseAddr(string(inner)); err == nil {
		return oddDomain, nil // an IPv6 address without its brackets or tag
	}
	if bytes.ContainsAny(domain, ` ()<>[]\"`) {
		return 0, errPathDomain
	}
	return oddDomain, nil
}
