package web

import (
	"reflect"
	"strings"
	"testing"
)

func TestCalendarSaysWhatItsReaderWantsToKnow(t *testing.T) {
	const invitation = "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\n" +
		"BEGIN:VTIMEZONE\r\nBEGIN:STANDARD\r\nDTSTART:19701025T030000\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n" +
		"BEGIN:VEVENT\r\nSUMMARY:Review\\, the second\r\nDTSTART;TZID=Europe/Berlin:20261130T100000\r\nDTEND:20261130T100000Z\r\n" +
		"ORGANIZER;CN=\"Berg: Anna\":MAILTO:anna@x.test\r\nATTENDEE;PARTSTAT=ACCEPTED:mailto:bo@\r\n x.test\r\nX-OTHER:1\r\n" +
		"BEGIN:VALARM\r\nDESCRIPTION:Soon\r\nEND:VALARM\r\nLOCATION:Room\\;1\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
	for _, c := range []struct {
		name, text string
		want       [][]field
	}{
		{"an invitation, without its zones and alarms", invitation, [][]field{{
			{Name: "Says", Value: "Invitation"}, {Name: "What", Value: "Review, the second"}, {Name: "From", Value: "2026-11-30 10:00 Europe/Berlin"},
			{Name: "To", Value: "2026-11-30 10:00 UTC"}, {Name: "Organizer", Value: "Berg: Anna <anna@x.test>"},
			{Name: "Attendee", Value: "bo@x.test (accepted)"}, {Name: "Where", Value: "Room;1"},
		}}},
		{"a task of a day", "BEGIN:VCALENDAR\nBEGIN:VTODO\nDUE;VALUE=DATE:20261201\nEND:VTODO\nEND:VCALENDAR", [][]field{{{Name: "Due", Value: "2026-12-01"}}}},
		{"a method of its own", "BEGIN:VCALENDAR\nMETHOD:counter\nBEGIN:VEVENT\nSUMMARY:later\nEND:VEVENT", [][]field{{{Name: "Says", Value: "COUNTER"}, {Name: "What", Value: "later"}}}},
		{"no calendar", "END:VEVENT\nSUMMARY:x\n:\n\n", nil},
	} {
		if got := calendarGroups(c.text); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}

func TestReportIsShownByItsGroups(t *testing.T) {
	got := reportGroups("Reporting-MTA: dns; mx.test\r\n\r\n\r\nFinal-Recipient: rfc822; bo@x.test\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550\r\n no such user\r\n")
	want := [][]field{
		{{Name: "Reporting-MTA", Value: "dns; mx.test"}},
		{{Name: "Final-Recipient", Value: "rfc822; bo@x.test"}, {Name: "Status", Value: "5.1.1"}, {Name: "Diagnostic-Code", Value: "smtp; 550 no such user"}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestWhatPartsSayIsBounded(t *testing.T) {
	calendar := "BEGIN:VCALENDAR\n" + strings.Repeat("BEGIN:VEVENT\n"+strings.Repeat("ATTENDEE:x\n", 2*maxSaid)+"END:VEVENT\n", 2*maxGroups)
	for name, groups := range map[string][][]field{
		"calendar": calendarGroups(calendar), "nested": calendarGroups(strings.Repeat("BEGIN:VEVENT\n", 1000)),
		"report": reportGroups(strings.Repeat(strings.Repeat("A: b\n", 2*maxSaid)+"\n", 2*maxGroups)),
	} {
		if len(groups) > maxGroups {
			t.Errorf("%s: %d groups", name, len(groups))
		}
		for _, fields := range groups {
			if len(fields) > maxSaid {
				t.Errorf("%s: %d fields", name, len(fields))
			}
		}
	}
}

func FuzzCalendar(f *testing.F) {
	for _, seed := range []string{"", "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART;X=\"a:b\":20261130\n", "BEGIN:x\nEND:y\nEND:z\n", "A;B;C=:\"\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, fields := range calendarGroups(text) {
			if len(fields) > maxSaid {
				t.Errorf("%d fields", len(fields))
			}
		}
	})
}
