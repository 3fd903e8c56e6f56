package check

import (
	"strings"

	"github.com/caddy-mailbucket/mailbucket/message"
)

// bulk checks what Gmail and Yahoo require of bulk mail: unsubscribing with one click (RFC
// 2369, RFC 8058).
func (c *checker) bulk() {
	h := c.Mail.Header()
	if !isBulk(h) {
		return
	}
	unsubscribe := h.All("List-Unsubscribe")
	if len(unsubscribe) == 0 {
		c.found(UnsubscribeMissing, "", whole)
		return
	}
	mailto, https := unsubscribeURLs(unsubscribe)
	switch {
	case !mailto && !https:
		c.found(UnsubscribeOdd, excerpt(unsubscribe[0]), whole)
		return
	case !https:
		c.found(UnsubscribeNoHTTPS, excerpt(unsubscribe[0]), whole)
	}
	post := h.All("List-Unsubscribe-Post")
	switch {
	case len(post) == 0:
		c.found(OneClickMissing, "", whole)
		return
	case strings.TrimSpace(post[0]) != "List-Unsubscribe=One-Click":
		c.found(OneClickOdd, excerpt(post[0]), whole)
		return
	}
	if signatures := h.All("DKIM-Signature"); len(signatures) > 0 && !signsUnsubscribe(signatures) {
		c.found(OneClickUnsigned, "", whole)
	}
}

// isBulk reports whether a mail declares itself to be bulk mail.
func isBulk(h message.Header) bool {
	for _, field := range []string{"List-Id", "List-Unsubscribe", "Feedback-ID"} {
		if len(h.All(field)) > 0 {
			return true
		}
	}
	switch strings.ToLower(strings.TrimSpace(h.Get("Precedence"))) {
	case "bulk", "list", "junk":
		return true
	}
	return false
}

// maxUnsubscribeURLs is how many URLs of List-Unsubscribe are looked at.
const maxUnsubscribeURLs = 20

// unsubscribeURLs reports which kinds of URLs there are in angle brackets.
func unsubscribeURLs(fields []string) (mailto, https bool) {
	rest := strings.Join(fields, ",")
	for range maxUnsubscribeURLs {
		_, after, found := strings.Cut(rest, "<")
		url, after, closed := strings.Cut(after, ">")
		if !found || !closed {
			break
		}
		rest = after
		url = strings.ToLower(strings.TrimSpace(url))
		mailto = mailto || strings.HasPrefix(url, "mailto:") && strings.Contains(url, "@")
		https = https || strings.HasPrefix(url, "https://") && len(url) > len("https://")
	}
	return mailto, https
}

// signsUnsubscribe reports whether one of the DKIM signatures covers both of the fields
// (RFC 6376 3.5, tag h).
func signsUnsubscribe(signatures []string) bool {
	for _, signature := range signatures {
		for tag := range strings.SplitSeq(signature, ";") {
			name, value, _ := strings.Cut(tag, "=")
			if strings.TrimSpace(name) != "h" {
				continue
			}
			covered := make(map[string]bool)
			for field := range strings.SplitSeq(value, ":") {
				covered[strings.ToLower(strings.Join(strings.Fields(field), ""))] = true
			}
			if covered["list-unsubscribe"] && covered["list-unsubscribe-post"] {
				return true
			}
		}
	}
	return false
}
