package search

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// layouts are the formats of dates and times, the more precise first.
var layouts = []string{
	time.RFC3339, "2006-01-02T15:04Z07:00", "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05 -0700", "Mon 2 Jan 2006 15:04:05 -0700",
	"2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02 15:04",
	"2006-01-02", "2006/01/02", "2006/1/2", "2006-1-2", "2006-01", "2006",
	"2 Jan 2006", "2 January 2006", "Jan 2 2006", "January 2 2006",
}

// readTime reads a time, or a date, which stands for its beginning, and returns it in
// milliseconds since 1970. Without a time zone it is in loc.
func readTime(value string, loc *time.Location, now time.Time) (ms int64, ok bool) {
	value = strings.Join(strings.FieldsFunc(value, func(r rune) bool { return r == ' ' || r == ',' }), " ")
	y, m, d := now.In(loc).Date()
	switch strings.ToLower(value) {
	case "today":
		return time.Date(y, m, d, 0, 0, 0, 0, loc).UnixMilli(), true
	case "yesterday":
		return time.Date(y, m, d-1, 0, 0, 0, 0, loc).UnixMilli(), true
	}
	if n, err := strconv.ParseInt(value, 10, 64); err == nil && len(value) != len("2006") {
		return readTimestamp(n, len(value))
	}
	// A plus that was not escaped in a query string has become a blank.
	plus := value
	if at := strings.LastIndexByte(value, ' '); at >= 0 {
		plus = value[:at] + "+" + value[at+1:]
	}
	for _, value := range []string{value, plus, strings.ToUpper(value)} {
		for _, layout := range layouts {
			if t, err := time.ParseInLocation(layout, value, loc); err == nil && t.UnixMilli() > 0 {
				return t.UnixMilli(), true
			}
		}
	}
	return 0, false
}

// readTimestamp reads seconds since 1970, of 9 or 10 digits, or milliseconds, of 12 or
// 13.
func readTimestamp(n int64, digits int) (ms int64, ok bool) {
	switch {
	case n <= 0:
		return 0, false
	case digits == 9 || digits == 10:
		return n * 1000, true
	case digits == 12 || digits == 13:
		return n, true
	}
	return 0, false
}

// units are the factors of sizes, by their names in lower case.
var units = map[string]float64{
	"": 1, "b": 1,
	"k": 1 << 10, "kb": 1 << 10, "kib": 1 << 10,
	"m": 1 << 20, "mb": 1 << 20, "mib": 1 << 20,
	"g": 1 << 30, "gb": 1 << 30, "gib": 1 << 30,
}

// readSize reads a number of bytes, perhaps with a unit, each of which is 1024 of the next
// smaller one.
func readSize(value string) (bytes int64, ok bool) {
	value = strings.ToLower(strings.ReplaceAll(value, " ", ""))
	digits := strings.TrimRight(value, "bgikm")
	unit, ok := units[value[len(digits):]]
	if !ok || strings.Trim(digits, "0123456789.") != "" {
		return 0, false
	}
	n, err := strconv.ParseFloat(digits, 64)
	if n *= unit; err != nil || n >= math.MaxInt64 {
		return 0, false
	}
	return int64(n), true
}
