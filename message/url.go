package message

import (
	"net/url"
	"strings"
)

// urlText gives a URL as browsers read it: without tabs and line ends, and
// without blanks and control characters around it (WHATWG URL 4.4).
func urlText(s string) string {
	s = strings.TrimFunc(s, func(r rune) bool { return r <= ' ' })
	if strings.IndexByte(s, '\t') < 0 && strings.IndexByte(s, '\n') < 0 && strings.IndexByte(s, '\r') < 0 {
		return s
	}
	return strings.NewReplacer("\t", "", "\n", "", "\r", "").Replace(s)
}

// maxScheme is the longest scheme that is looked for, in bytes.
const maxScheme = 40

// urlScheme gives the scheme of a URL in lower case and what follows its colon;
// "" for a relative URL (RFC 3986 3.1).
func urlScheme(s string) (scheme, rest string) {
	colon := strings.IndexByte(s[:min(len(s), maxScheme+1)], ':')
	if colon < 1 || !isLetter(s[0]) {
		return "", s
	}
	for i := range colon {
		if !isSchemeByte(s[i]) {
			return "", s
		}
	}
	return strings.ToLower(s[:colon]), s[colon+1:]
}

func isSchemeByte(c byte) bool {
	return isLetter(c) || isDigit(c) || c == '+' || c == '-' || c == '.'
}

// schemesNotLinked are those that run something, that only mean something within
// one document or program, or that name a part of the mail.
var schemesNotLinked = wordSet(`
	javascript x-javascript vbscript vbs livescript mocha data blob filesystem about view-source
	jar mk ms-its mhtml wyciwyg resource res chrome chrome-extension moz-extension edge cid mid thismessage
`)

// linkable reports whether a URL can be followed: it has a scheme that runs nothing, or a
// host ("//host"), and something after that.
func linkable(s string) bool {
	scheme, rest := urlScheme(s)
	switch scheme {
	case "":
		return hasHost(s)
	case "http", "https":
		return hasHost(rest)
	}
	return strings.Trim(rest, "/") != "" && !schemesNotLinked[scheme]
}

// hasHost reports whether what follows the scheme of a URL names a host: "//host".
func hasHost(s string) bool {
	return len(s) > 2 && isSlash(s[0]) && isSlash(s[1]) && !isSlash(s[2]) && s[2] != '?' && s[2] != '#'
}

// isSlash reports whether browsers take a byte for a slash in http and https URLs.
func isSlash(c byte) bool { return c == '/' || c == '\\' }

// remoteURL gives the URL that a browser would load for an absolute http or https
// URL, or one that begins with a host, from a page that was sent by mail. It is
// false for any other.
func remoteURL(s string) (string, bool) {
	scheme, rest := urlScheme(s)
	switch scheme {
	case "http", "https":
		// Browsers take any number of slashes here, and without this would
		// take "http:x" for a path on the host that the page comes from.
		if rest = strings.TrimLeft(rest, `/\`); rest == "" {
			return "", false
		}
		return scheme + "://" + rest, true
	case "":
		if hasHost(s) {
			return "//" + s[2:], true
		}
	}
	return "", false
}

// resolveURL gives the URL that a reference means relative to a base (RFC 3986
// 5.2), and the reference itself where the base or it cannot be read.
func resolveURL(base, reference string) string {
	if base == "" || len(base)+len(reference) > MaxURL {
		return reference
	}
	b, err := url.Parse(base)
	if err != nil || b.Opaque != "" {
		return reference
	}
	r, err := url.Parse(reference)
	if err != nil {
		return reference
	}
	return b.ResolveReference(r).String()
}
