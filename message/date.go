package message

import (
	"net/mail"
	"strings"
	"time"
)

// maxDate is the longest date read, in bytes.
const maxDate = 200

// zones are the obsolete names of RFC 5322 4.3, and two that are common.
var zones = map[string]string{
	"UT": "+0000", "GMT": "+0000", "UTC": "+0000", "Z": "+0000",
	"EST": "-0500", "EDT": "-0400", "CST": "-0600", "CDT": "-0500",
	"MST": "-0700", "MDT": "-0600", "PST": "-0800", "PDT": "-0700",
	"CET": "+0100", "CEST": "+0200",
}

// dateLayouts are forms seen in mail that net/mail does not read. The zone is
// made numeric, or +0000, before they are tried.
var dateLayouts = []string{
	"Mon, 2 Jan 2006 15:04:05 -0700",
	"2 Jan 2006 15:04:05 -0700",
	"2 Jan 2006 15:04 -0700",
	"2 Jan 06 15:04:05 -0700",
	"2 January 2006 15:04:05 -0700",
	"2 January 2006 15:04 -0700",
	"2-Jan-2006 15:04:05 -0700",
	"2-Jan-06 15:04:05 -0700",
	"Jan 2 15:04:05 2006 -0700",
	"Jan 2 2006 15:04:05 -0700",
	"2006-01-02 15:04:05 -0700",
	"2006-01-02T15:04:05 -0700",
}

// parseDate reads the value of a Date field as sent, in the form of RFC 5322
// 3.3, the obsolete ones of 4.3, ISO 8601 and some other common ones. Without a
// zone UTC is meant.
func parseDate(raw string) (time.Time, bool) {
	if len(raw) > maxDate {
		return time.Time{}, false
	}
	s := strings.Join(strings.Fields(withoutComments(unfold(raw))), " ")
	if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
		return t, true
	}
	if day, rest, ok := strings.Cut(s, ","); ok && len(day) < 20 {
		s = strings.TrimSpace(rest)
	}
	s = numericZone(s)
	if t, err := mail.ParseDate(s); err == nil {
		return t, true
	}
	if day, rest, ok := strings.Cut(s, " "); ok && len(day) >= 3 && day[0] >= 'A' {
		// A week day without a comma; a month comes back by the layouts below.
		if t, ok := parseLayouts(rest); ok {
			return t, true
		}
	}
	return parseLayouts(s)
}

func parseLayouts(s string) (time.Time, bool) {
	for _, layout := range dateLayouts {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// numericZone makes the zone at the end of a date numeric, or adds one.
func numericZone(s string) string {
	i := strings.LastIndexByte(s, ' ')
	last := s[i+1:]
	if offset, ok := zones[strings.ToUpper(last)]; ok && i >= 0 {
		return s[:i+1] + offset
	}
	for _, prefix := range []string{"GMT", "UTC"} {
		if rest, ok := strings.CutPrefix(last, prefix); ok && len(rest) >= 5 {
			last = rest
		}
	}
	if len(last) >= 5 && (last[0] == '+' || last[0] == '-') {
		return s[:i+1] + strings.ReplaceAll(last, ":", "")
	}
	if last != "" && (last[0] < '0' || last[0] > '9') {
		// A zone nobody knows counts as +0000 (RFC 5322 4.3).
		return strings.TrimSpace(s[:max(i, 0)]) + " +0000"
	}
	return s + " +0000"
}

// withoutComments drops comments, as in "Thu, 1 Jan 2026 00:00:00 +0000 (UTC)".
func withoutComments(s string) string {
	if strings.IndexByte(s, '(') < 0 {
		return s
	}
	var b strings.Builder
	depth := 0
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '(':
			depth++
		case s[i] == ')' && depth > 0:
			depth--
		case depth == 0:
			b.WriteByte(s[i])
		}
	}
	return b.String()
}
