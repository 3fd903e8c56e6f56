package message

import (
	"strconv"
	"strings"
	"time"
)

// maxDate is the longest date read, in bytes.
const maxDate = 200

// hour is an hour of a zone's offset, in seconds.
const hour = 3600

// zones are the offsets in seconds of the obsolete zones of RFC 5322 4.3 and of other
// common names that are not ambiguous.
var zones = map[string]int{
	"UT": 0, "GMT": 0, "UTC": 0, "Z": 0, "UCT": 0, "WET": 0,
	"EST": -5 * hour, "EDT": -4 * hour, "CST": -6 * hour, "CDT": -5 * hour,
	"MST": -7 * hour, "MDT": -6 * hour, "PST": -8 * hour, "PDT": -7 * hour,
	"AKST": -9 * hour, "AKDT": -8 * hour, "HST": -10 * hour,
	"WEST": hour, "CET": hour, "MET": hour, "CEST": 2 * hour, "MEST": 2 * hour, "EET": 2 * hour, "EEST": 3 * hour, "MSK": 3 * hour,
	"HKT": 8 * hour, "SGT": 8 * hour, "JST": 9 * hour, "KST": 9 * hour,
	"AEST": 10 * hour, "AEDT": 11 * hour, "NZST": 12 * hour, "NZDT": 13 * hour,
}

// dateZone says how the zone of a date was found.
type dateZone int

const (
	zoneKnown   dateZone = iota
	zoneMissing          // there is none: UTC is taken
	zoneUnknown          // its name is unknown: UTC is taken (RFC 5322 4.3)
)

// dateParts are what was read of a date; -1 where something was not there.
type dateParts struct {
	year, month, day           int
	hour, minute, second, nano int
	afternoon                  int // 1 for pm, 0 for am
	offset                     int // of the zone, in seconds
	zone                       dateZone
	zoneSet                    bool // by a number, which counts more than a name
}

// parseDate reads the value of a Date field as sent: the form of RFC 5322 3.3, the obsolete
// ones of 4.3, ISO 8601, ctime and others that are common. Comments, blanks around colons
// and the day of the week are ignored. A date in a zone of 24 hours or more, which RFC 5322
// allows but JSON does not, is converted to UTC. ok is false also for years before 0 or
// after 9999, here or in UTC.
func parseDate(raw string) (t time.Time, zone dateZone, ok bool) {
	if len(raw) > maxDate {
		return time.Time{}, zoneMissing, false
	}
	d := dateParts{year: -1, month: -1, day: -1, hour: -1, afternoon: -1, zone: zoneMissing}
	for _, token := range dateTokens(raw) {
		if !d.token(token) {
			return time.Time{}, d.zone, false
		}
	}
	t, ok = d.time()
	return t, d.zone, ok
}

// dateTokens splits a date at blanks and commas, and ISO 8601 at its "T" too.
func dateTokens(raw string) []string {
	s := withoutComments(unfold(raw))
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case isBlank(c) && (strings.HasSuffix(b.String(), ":") || strings.HasPrefix(strings.TrimLeft(s[i:], " \t"), ":")):
		case c == ',':
			b.WriteByte(' ')
		case (c == 'T' || c == 't') && i > 0 && i+1 < len(s) && isDigit(s[i-1]) && isDigit(s[i+1]):
			b.WriteByte(' ')
		default:
			b.WriteByte(c)
		}
	}
	return strings.Fields(b.String())
}

// token reads one token; it is false for one that is not part of any date.
func (d *dateParts) token(s string) bool {
	switch {
	case s[0] == '+' || s[0] == '-':
		return d.numericZone(s)
	case strings.Contains(s, ":"):
		return d.clock(s)
	case isDigit(s[0]):
		if head, rest, ok := strings.Cut(s, "-"); ok {
			return d.dashed(head, rest)
		}
		return d.number(s)
	}
	return d.word(s)
}

// number takes a day or a year; a day may be an ordinal.
func (d *dateParts) number(s string) bool {
	digits := s
	for _, ending := range []string{"st", "nd", "rd", "th", "."} {
		digits = strings.TrimSuffix(digits, ending)
	}
	n, ok := atoi(digits, 4)
	switch {
	case !ok:
		return false
	case d.day < 0 && len(digits) <= 2:
		d.day = n
	case d.year < 0 && digits == s:
		d.year = fullYear(n, len(s))
	case len(s) == 4 && digits == s:
		return d.numericZone("+" + s) // its sign is missing
	default:
		return false
	}
	return true
}

// fullYear returns the year that a year of two or three digits stands for (RFC 5322 4.3).
func fullYear(n, digits int) int {
	switch {
	case digits == 2 && n < 50:
		return n + 2000
	case digits <= 3:
		return n + 1900
	}
	return n
}

// dashed takes 2026-02-03, 3-Feb-2026 and 3-Feb-26.
func (d *dateParts) dashed(head, rest string) bool {
	second, third, ok := strings.Cut(rest, "-")
	if !ok {
		return false
	}
	if len(head) == 4 {
		year, ok1 := atoi(head, 4)
		month, ok2 := atoi(second, 2)
		day, ok3 := atoi(third, 2)
		d.year, d.month, d.day = year, month, day
		return ok1 && ok2 && ok3
	}
	return d.number(head) && d.word(second) && d.number(third)
}

// clock takes a time, perhaps with a fraction and a zone that touch it.
func (d *dateParts) clock(s string) bool {
	if d.hour >= 0 {
		return false
	}
	end := 0
	for end < len(s) && (isDigit(s[end]) || s[end] == ':' || s[end] == '.') {
		end++
	}
	rest := s[end:]
	s, fraction, _ := strings.Cut(s[:end], ".")
	fields := strings.Split(s, ":")
	if len(fields) < 2 || len(fields) > 3 {
		return false
	}
	for i, to := range []*int{&d.hour, &d.minute, &d.second}[:len(fields)] {
		n, ok := atoi(fields[i], 2)
		if !ok {
			return false
		}
		*to = n
	}
	if fraction != "" {
		n, ok := atoi((fraction + "000000000")[:9], 9)
		if !ok {
			return false
		}
		d.nano = n
	}
	return rest == "" || d.token(rest)
}

// word takes a month, a week day, am or pm, and the name of a zone.
func (d *dateParts) word(s string) bool {
	upper := strings.ToUpper(strings.TrimSuffix(s, "."))
	for i, name := range monthNames {
		if len(upper) >= 3 && strings.HasPrefix(name, upper) || upper == "SEPT" && name[:3] == "SEP" {
			if d.month >= 0 {
				return false
			}
			d.month = i + 1
			return true
		}
	}
	for _, name := range dayNames {
		if len(upper) >= 2 && strings.HasPrefix(name, upper) {
			return true
		}
	}
	switch upper {
	case "AM", "PM":
		d.afternoon = b2i(upper == "PM")
		return true
	case "AT", "OF", "THURS", "TUES", "WEDS":
		return true
	}
	return d.zoneName(upper)
}

var (
	monthNames = strings.Fields("JANUARY FEBRUARY MARCH APRIL MAY JUNE JULY AUGUST SEPTEMBER OCTOBER NOVEMBER DECEMBER")
	dayNames   = strings.Fields("MONDAY TUESDAY WEDNESDAY THURSDAY FRIDAY SATURDAY SUNDAY")
)

// zoneName takes the name of a zone, which may have an offset, as in GMT+0100.
func (d *dateParts) zoneName(upper string) bool {
	if d.hour < 0 || d.zoneSet {
		return d.hour >= 0 // next to an offset, a name adds nothing
	}
	if i := strings.IndexAny(upper, "+-"); i > 0 {
		if name := upper[:i]; name == "GMT" || name == "UTC" || name == "UT" {
			return d.numericZone(upper[i:])
		}
	}
	if offset, ok := zones[upper]; ok {
		d.offset, d.zone = offset, zoneKnown
	} else if d.zone == zoneMissing {
		d.zone = zoneUnknown
	}
	return true
}

// numericZone takes an offset: +0100, +01:00, and with fewer digits +100, +01, +1.
func (d *dateParts) numericZone(s string) bool {
	if d.hour < 0 {
		return false
	}
	digits := strings.Replace(s[1:], ":", "", 1)
	n, ok := atoi(digits, 4)
	if !ok {
		if d.zone == zoneMissing {
			d.zone = zoneUnknown
		}
		return !d.zoneSet
	}
	if d.zoneSet {
		return false
	}
	if len(digits) <= 2 {
		n *= 100
	}
	d.offset = n/100*hour + n%100*60
	if s[0] == '-' {
		d.offset = -d.offset
	}
	d.zone, d.zoneSet = zoneKnown, true
	return true
}

// time makes a time of the parts.
func (d *dateParts) time() (time.Time, bool) {
	if d.afternoon >= 0 && d.hour >= 1 && d.hour <= 12 {
		d.hour = d.hour%12 + 12*d.afternoon
	}
	if d.year < 0 || d.month < 1 || d.month > 12 || d.day < 1 || d.hour < 0 || d.hour > 23 || d.minute > 59 || d.second > 60 {
		return time.Time{}, false
	}
	location := time.UTC
	if d.offset != 0 && d.offset > -24*hour && d.offset < 24*hour {
		location = time.FixedZone("", d.offset)
	}
	t := time.Date(d.year, time.Month(d.month), d.day, d.hour, d.minute, d.second, d.nano, time.UTC)
	if t.Day() != d.day && d.second < 60 {
		return time.Time{}, false // the month has fewer days
	}
	t = t.Add(-time.Duration(d.offset) * time.Second)
	local := t.In(location)
	if t.Year() < 0 || t.Year() > 9999 || local.Year() < 0 || local.Year() > 9999 {
		return time.Time{}, false
	}
	return local, true
}

// atoi reads a number of at least one digit, and at most so many.
func atoi(s string, most int) (int, bool) {
	if len(s) > most {
		return 0, false
	}
	n, err := strconv.ParseUint(s, 10, 32)
	return int(n), err == nil
}

// withoutComments drops comments, which may hold others and quoted pairs, as in
// "Thu, 1 Jan 2026 00:00:00 +0000 (UTC)".
func withoutComments(s string) string {
	if strings.IndexByte(s, '(') < 0 {
		return s
	}
	var b strings.Builder
	depth := 0
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && depth > 0:
			i++
		case s[i] == '(':
			depth++
		case s[i] == ')' && depth > 0:
			if depth--; depth == 0 {
				b.WriteByte(' ') // a comment separates as a blank does
			}
		case depth == 0:
			b.WriteByte(s[i])
		}
	}
	return b.String()
}
