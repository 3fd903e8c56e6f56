package web

import (
	"strings"
	"time"

	"github.com/caddy-mailbucket/mailbucket/message"
)

// maxGroups and maxSaid bound what is shown of a report or a calendar: its groups, and
// the fields of each.
const (
	maxGroups = 50
	maxSaid   = 50
)

// reports are the types of parts whose text is groups of header fields: of the message and
// of each recipient in a notice of delivery (RFC 3464) or of reading (RFC 8098), of abuse
// (RFC 5965), or the header section of a mail that is sent back (RFC 6522).
var reports = map[string]bool{
	"message/delivery-status": true, "message/disposition-notification": true, "message/feedback-report": true,
	"message/global-delivery-status": true, "message/global-disposition-notification": true,
	"text/rfc822-headers": true,
}

// reportGroups are the fields of a report, by the groups that empty lines separate.
func reportGroups(text string) (groups [][]field) {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	for group := range strings.SplitSeq(text, "\n\n") {
		var fields []field
		for _, f := range message.Parse(strings.TrimLeft(group, "\n") + "\n\n").Header() {
			if len(fields) < maxSaid {
				fields = append(fields, field{Name: f.Name, Value: f.Value()})
			}
		}
		if len(fields) > 0 && len(groups) < maxGroups {
			groups = append(groups, fields)
		}
	}
	return groups
}

// calendarGroups are the events and tasks of a calendar, each with what its reader wants to
// know (RFC 5545).
func calendarGroups(text string) (groups [][]field) {
	text = strings.NewReplacer("\r\n ", "", "\r\n\t", "", "\n ", "", "\n\t", "").Replace(text) // lines are folded
	method := ""
	var within []string
	for line := range strings.Lines(text) {
		name, parameters, value := contentLine(strings.TrimRight(line, "\r\n"))
		depth := len(within)
		switch {
		case name == "BEGIN":
			within = append(within, strings.ToUpper(value))
			if depth < 2 && (within[depth] == "VEVENT" || within[depth] == "VTODO") && len(groups) < maxGroups {
				groups = append(groups, says(method))
			}
			if depth > maxSaid {
				return groups
			}
		case name == "END" && depth > 0:
			within = within[:depth-1]
		case name == "METHOD" && depth == 1:
			method = strings.ToUpper(value)
		case depth > 0 && (within[depth-1] == "VEVENT" || within[depth-1] == "VTODO") && len(groups) > 0:
			last := &groups[len(groups)-1]
			if label, ok := calendarLabels[name]; ok && len(*last) < maxSaid {
				*last = append(*last, field{Name: english.text(label), Value: calendarValue(name, parameters, value)})
			}
		}
	}
	return groups
}

// says is the field that tells what a calendar asks for by its method (RFC 5546).
func says(method string) []field {
	key, ok := map[string]string{"REQUEST": "calendar.request", "CANCEL": "calendar.cancel", "REPLY": "calendar.reply", "PUBLISH": "calendar.publish"}[method]
	switch {
	case ok:
		return []field{{Name: english.text("calendar.method"), Value: english.text(key)}}
	case method != "":
		return []field{{Name: english.text("calendar.method"), Value: method}}
	}
	return nil
}

// calendarLabels are the keys of the texts for properties that are shown.
var calendarLabels = map[string]string{
	"SUMMARY": "calendar.summary", "DTSTART": "calendar.start", "DTEND": "calendar.end", "DUE": "calendar.due", "DURATION": "calendar.duration",
	"LOCATION": "calendar.location", "ORGANIZER": "calendar.organizer", "ATTENDEE": "calendar.attendee", "STATUS": "calendar.status",
	"RRULE": "calendar.repeats", "DESCRIPTION": "calendar.description", "URL": "calendar.url",
}

// contentLine takes a line of a calendar apart: name *(";" param) ":" value. A colon in
// quotes belongs to a parameter.
func contentLine(line string) (name string, parameters map[string]string, value string) {
	quoted, from := false, 0
	parameters = make(map[string]string)
	for i := range len(line) {
		switch c := line[i]; {
		case c == '"':
			quoted = !quoted
		case !quoted && (c == ';' || c == ':'):
			if piece := line[from:i]; from == 0 {
				name = strings.ToUpper(piece)
			} else if key, v, ok := strings.Cut(piece, "="); ok {
				parameters[strings.ToUpper(key)] = strings.Trim(v, `"`)
			}
			if from = i + 1; c == ':' {
				return name, parameters, line[from:]
			}
		}
	}
	return "", nil, ""
}

// calendarValue is a property's value as people write it.
func calendarValue(name string, parameters map[string]string, value string) string {
	switch name {
	case "DTSTART", "DTEND", "DUE":
		return calendarTime(value, parameters["TZID"])
	case "ORGANIZER", "ATTENDEE":
		who := value
		if len(value) > len("mailto:") && strings.EqualFold(value[:len("mailto:")], "mailto:") {
			who = value[len("mailto:"):]
		}
		if cn := parameters["CN"]; cn != "" && cn != who {
			who = cn + " <" + who + ">"
		}
		if status := parameters["PARTSTAT"]; status != "" {
			who += " (" + strings.ToLower(status) + ")"
		}
		return who
	}
	return strings.NewReplacer(`\\`, `\`, `\n`, "\n", `\N`, "\n", `\,`, ",", `\;`, ";").Replace(value)
}

// calendarTime writes a date, or a time in UTC, in a zone, or in that of wherever one is.
func calendarTime(value, zone string) string {
	for _, form := range []struct{ layout, shown, zone string }{
		{"20060102T150405Z", "2006-01-02 15:04", "UTC"}, {"20060102T150405", "2006-01-02 15:04", zone}, {"20060102", "2006-01-02", ""},
	} {
		if t, err := time.Parse(form.layout, value); err == nil {
			return strings.TrimSpace(t.Format(form.shown) + " " + form.zone)
		}
	}
	return value
}
