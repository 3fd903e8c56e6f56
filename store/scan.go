package store

import "strings"

// Bounds of the header scan: what lies beyond is not looked at.
const (
	maxScanBytes  = 256 << 10
	maxScanFields = 2000
)

// scanHeader reads the header section of m.Raw (RFC 5322 section 2.2) up to the
// first empty line, and sets the fields that lists show. The first occurrence of
// a field counts. A value that is not folded is a part of Raw, not a copy.
func (m *Message) scanHeader() {
	rest := m.Raw
	if len(rest) > maxScanBytes {
		rest = rest[:maxScanBytes]
	}
	for range maxScanFields {
		var field string
		if field, rest = cutField(rest); field == "" {
			return
		}
		name, value, ok := strings.Cut(field, ":")
		if !ok {
			continue
		}
		if to := m.headerField(strings.TrimRight(name, " \t")); to != nil && *to == "" {
			*to = unfold(value)
		}
	}
}

// headerField is where the value of the field of that name goes, nil for nowhere.
func (m *Message) headerField(name string) *string {
	switch len(name) {
	case len("To"):
		if strings.EqualFold(name, "To") {
			return &m.To
		}
	case len("From"): // and "Date"
		if strings.EqualFold(name, "From") {
			return &m.From
		}
		if strings.EqualFold(name, "Date") {
			return &m.Date
		}
	case len("Subject"):
		if strings.EqualFold(name, "Subject") {
			return &m.Subject
		}
	case len("Message-ID"):
		if strings.EqualFold(name, "Message-ID") {
			return &m.MessageID
		}
	}
	return nil
}

// cutField cuts one field with its continuation lines off s. It is empty at the
// end of the header section.
func cutField(s string) (field, rest string) {
	for end := 0; ; {
		i := strings.IndexByte(s[end:], '\n')
		if i < 0 {
			return s, ""
		}
		if end == 0 && strings.TrimRight(s[:i], "\r") == "" {
			return "", s
		}
		end += i + 1
		if end == len(s) || s[end] != ' ' && s[end] != '\t' {
			return s[:end], s[end:]
		}
	}
}

// unfold takes the line ends out of a field body (RFC 5322 section 2.2.3) and the
// blanks off its ends.
func unfold(s string) string {
	s = strings.Trim(s, " \t\r\n")
	if strings.IndexByte(s, '\n') < 0 && strings.IndexByte(s, '\r') < 0 {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := range len(s) {
		if s[i] != '\r' && s[i] != '\n' {
			b = append(b, s[i])
		}
	}
	return string(b)
}
