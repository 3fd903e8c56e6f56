package message

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

func TestDate(t *testing.T) {
	want := time.Date(2026, 2, 3, 9, 15, 30, 0, time.UTC)
	for _, s := range []string{
		"Tue, 3 Feb 2026 10:15:30 +0100", "Tue, 03 Feb 2026 09:15:30 GMT", "3 Feb 2026 04:15:30 EST", "Tue, 3 Feb 2026 09:15:30 +0000 (UTC (really))",
		"Tue,\r\n 3 Feb 2026\r\n 09:15:30 Z", "2026-02-03T09:15:30Z", "2026-02-03 09:15:30Z", "2026-02-03 10:15:30 +01:00", "2026-02-03T10:15:30+01:00",
		"2026-02-03T09:15:30.000Z", "Tue, 3 February 2026 09:15:30 +0000", "Tuesday, 03-Feb-26 09:15:30 GMT", "3 Feb 26 09:15:30 +0000", "3 Feb 126 09:15:30 +0000",
		"Tue, 3 Feb 2026 10:15:30 GMT+0100", "Tue, 3 Feb 2026 10:15:30 UTC+1", "Tue 3 Feb 2026 09:15:30 +0000", "Mon, 3 Feb 2026 09:15:30 +0000",
		"Tue, 3 Feb 2026 03:15:30 -600", "Tue, 3 Feb 2026 10:15:30 +1", "Tue, 3 Feb 2026 10:15:30 +01", "Tue, 3 Feb 2026 09:15:30 -0000",
		"Tue, 3 Feb 2026 09(hours) : 15 : 30 +0000", "Tue, 3 Feb 2026 09 :15: 30+0000", "Tue(day), 3(\\) x)Feb(month)2026 09:15:30(time)+0000(zone)",
		"Tue, 3 Feb 2026 09:15:30 PM AM UTC", "Tuesday, February 3, 2026 9:15:30 AM GMT", "February 3rd, 2026 at 9:15:30 GMT", "Tue Feb  3 09:15:30 UTC 2026",
		"Tue, 3 Feb 2026 01:15:30 PST", "Tue, 3 Feb 2026 01:15:30 -0800 PST", "Tue, 3 Feb 2026 18:15:30 JST", "Wed, 4 Feb 2026 09:15:30 +2400",
		"Tue, 3 Feb 2026 09:15:30 0000", "tue, 3 FEB 2026 09:15:30 gmt", "Tue, 3 Feb. 2026 09:15:30 +0000", "Tues, 3 Feb 2026 09:15:30 +0000", "Sat, 7 Feb 2026 13:14:30 +9959",
	} {
		if got, zone, ok := parseDate(s); !ok || !got.Equal(want) || zone != zoneKnown {
			t.Errorf("parseDate(%q) = %v, %v, zone %d", s, got, ok, zone)
		}
	}
	for s, want := range map[string]dateZone{
		"Tue, 3 Feb 2026 09:15:30": zoneMissing, "Tue Feb  3 09:15:30 2026": zoneMissing, "2026-02-03 09:15:30": zoneMissing,
		"Tue, 3 Feb 2026 09:15:30 XYZ": zoneUnknown, "Tue, 3 Feb 2026 09:15:30 A": zoneUnknown, "Tue, 3 Feb 2026 09:15:30 +12345": zoneUnknown,
		"Tue, 3 Feb 2026 09:15:30 Europe/Nowhere": zoneUnknown,
	} {
		if got, zone, ok := parseDate(s); !ok || !got.Equal(time.Date(2026, 2, 3, 9, 15, 30, 0, time.UTC)) || zone != want {
			t.Errorf("parseDate(%q) = %v, %v, zone %d", s, got, ok, zone)
		}
	}
}

func TestNoDate(t *testing.T) {
	for _, s := range []string{
		"", "yesterday", "32 Jan 2026 00:00:00 +0000", "30 Feb 2026 00:00:00 +0000", "0 Jan 2026 00:00:00 +0000", ",", "()", "+", ":", "-", strings.Repeat("1 ", 5000),
		"Tue, 3 Feb 20260 09:15:30 +0000", "Tue, 3 Feb 2026", "09:15:30 +0000", "3 Feb 2026 24:00:00 +0000", "3 Feb 2026 09:60:00 +0000", "3 Feb 2026 09:15:61 +0000",
		"2026-13-01T00:00:00Z", "03/02/2026 09:15:30", "3 Feb Mar 2026 09:15:30 +0000", "0000-01-01T00:00:00+23:59", "31 Dec 9999 23:59:59 -0001", "1 Jan 0000 00:00:00 +9900",
	} {
		if got, _, ok := parseDate(s); ok {
			t.Errorf("parseDate(%q) = %v", s, got)
		}
	}
}

func TestUnknownZoneIsSaid(t *testing.T) {
	for date, want := range map[string]Code{
		"Tue, 3 Feb 2026 09:15:30 +0000": "", "Tue, 3 Feb 2026 09:15:30 XYZ": UnknownZone, "Tue, 3 Feb 2026 09:15:30": UnknownZone, "Tue": MalformedDate,
	} {
		found := codes(Parse("From: a@b.test\r\nDate: " + date + "\r\n\r\n"))
		if len(found) != b2i(want != "") || want != "" && !found[want] {
			t.Errorf("%q: %v", date, found)
		}
	}
}

// checkDate checks that JSON takes a date.
func checkDate(t testing.TB, s string) {
	t.Helper()
	date, _, ok := parseDate(s)
	if !ok && !date.IsZero() {
		t.Errorf("%q: %v", s, date)
	}
	for _, date := range []time.Time{date, date.UTC()} {
		if _, err := json.Marshal(date); err != nil {
			t.Errorf("%q: %v", s, err)
		}
	}
}

func TestDatesFitJSON(t *testing.T) {
	for _, s := range []string{
		"Thu, 1 Jan 2026 00:00:00 +9959", "Thu, 1 Jan 2026 00:00:00 +2400", "Thu, 1 Jan 2026 00:00:00 -9999", "Thu, 1 Jan 2026 00:00:00 -2400", "Thu, 1 Jan 2026 00:00:00 +2359",
		"1 Jan 0001 00:00:00 +0100", "1 Jan 0000 00:00:00 +0000", "Thu, 01 Jan 20260 00:00:00 +0000", "0000-01-01T00:00:00+23:59", "31 Dec 9999 23:59:60 +0000",
	} {
		checkDate(t, s)
	}
}

func FuzzDate(f *testing.F) {
	f.Add("Tue, 3 Feb 2026 10:15:30 +0100 (CET)")
	f.Add("0000-01-01T00:00:00+23:59")
	f.Add("31 Dec 9999 23:59:60 -2400")
	f.Fuzz(func(t *testing.T, s string) { checkDate(t, s) })
}
