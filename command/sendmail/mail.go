package sendmail

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/caddy-mailbucket/mailbucket/message"
)

// maxMail is how many bytes a mail may have. Servers have limits of their own;
// this one keeps endless input from filling the memory.
const maxMail = 1 << 30

// mail is a mail as it was read, split into header fields and body.
type mail struct {
	fields []field
	body   []byte
}

// field is a header field, folded as it was.
type field struct {
	name string
	raw  []byte // with the name and all line ends but the last
}

// value is what follows the colon.
func (f field) value() string {
	_, value, _ := strings.Cut(string(f.raw), ":")
	return value
}

// readMail reads a mail up to the end of the input or, without keepDots, to a line with
// only a dot.
func readMail(r io.Reader, keepDots bool) (*mail, error) {
	raw, err := io.ReadAll(io.LimitReader(r, maxMail+1))
	switch {
	case err != nil:
		return nil, failure(exitNoInput, fmt.Errorf("reading the mail: %w", err))
	case len(raw) > maxMail:
		return nil, failure(exitData, fmt.Errorf("the mail has more than %d bytes", maxMail))
	}
	if bytes.IndexByte(raw, '\n') < 0 {
		raw = bytes.ReplaceAll(raw, []byte("\r"), []byte("\n"))
	}
	if !keepDots {
		raw = beforeDot(raw)
	}
	return splitMail(raw), nil
}

// beforeDot is what comes before the first line with only a dot.
func beforeDot(raw []byte) []byte {
	for rest := raw; len(rest) > 0; {
		line, after := cutLine(rest)
		if string(line) == "." {
			return raw[:len(raw)-len(rest)]
		}
		rest = after
	}
	return raw
}

// cutLine splits off a line. All CRs before the LF belong to the line end: programs that
// turn LF into CRLF twice leave CR CR LF.
func cutLine(raw []byte) (line, after []byte) {
	end := bytes.IndexByte(raw, '\n')
	if end < 0 {
		return bytes.TrimRight(raw, "\r"), nil
	}
	return bytes.TrimRight(raw[:end], "\r"), raw[end+1:]
}

// splitMail finds the header fields. The body begins after an empty line or, as
// with sendmail, at the first line that is no field.
func splitMail(raw []byte) *mail {
	m := new(mail)
	for first := true; len(raw) > 0; first = false {
		line, after := cutLine(raw)
		switch {
		case len(line) == 0:
			m.body = after
			return m
		case first && bytes.HasPrefix(line, []byte("From ")):
			// The separator of an mbox file is no part of the mail.
		case (line[0] == ' ' || line[0] == '\t') && len(m.fields) > 0:
			last := &m.fields[len(m.fields)-1]
			last.raw = append(append(last.raw[:len(last.raw):len(last.raw)], '\n'), line...)
		case fieldName(line) == "":
			m.body = raw
			return m
		default:
			m.fields = append(m.fields, field{fieldName(line), line})
		}
		raw = after
	}
	return m
}

// fieldName is the name of the field that a line begins (RFC 5322 2.2), "" if it
// begins none.
func fieldName(line []byte) string {
	name, _, found := bytes.Cut(line, []byte(":"))
	name = bytes.TrimRight(name, " \t")
	if !found || len(name) == 0 || bytes.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		return ""
	}
	return string(name)
}

// has is whether there is a field of that name, in any case.
func (m *mail) has(name string) bool {
	for _, f := range m.fields {
		if strings.EqualFold(f.name, name) {
			return true
		}
	}
	return false
}

// addresses are the addresses in all fields with the given names.
func (m *mail) addresses(names ...string) (list []message.Address) {
	for _, name := range names {
		for _, f := range m.fields {
			if strings.EqualFold(f.name, name) {
				list = append(list, message.ParseAddresses(f.value())...)
			}
		}
	}
	return list
}

// hideBcc removes the Bcc fields (RFC 5322 3.6.3).
func (m *mail) hideBcc() {
	kept := m.fields[:0]
	for _, f := range m.fields {
		if !strings.EqualFold(f.name, "Bcc") && !strings.EqualFold(f.name, "Resent-Bcc") {
			kept = append(kept, f)
		}
	}
	m.fields = kept
}

// complete adds the fields that programs leave to sendmail if they are missing (RFC 6409
// 8): From, Date and Message-ID.
func (m *mail) complete(from, domain string, now time.Time) {
	for _, f := range []struct{ name, value string }{
		{"From", from},
		{"Date", now.Format(time.RFC1123Z)},
		{"Message-ID", "<" + uuid.NewString() + "@" + domain + ">"},
	} {
		if !m.has(f.name) {
			m.fields = append(m.fields, field{f.name, []byte(f.name + ": " + f.value)})
		}
	}
}

// headerHas8Bit is whether any field has text that is not ASCII.
func (m *mail) headerHas8Bit() bool {
	for _, f := range m.fields {
		if !isASCII(string(f.raw)) {
			return true
		}
	}
	return false
}

// WriteTo writes the mail with CRLF at the end of each line. It implements
// [io.WriterTo].
func (m *mail) WriteTo(w io.Writer) (int64, error) {
	var total int64
	write := func(line []byte) error {
		n, err := w.Write(line)
		total += int64(n)
		if err == nil {
			n, err = io.WriteString(w, "\r\n")
			total += int64(n)
		}
		return err
	}
	header := make([]byte, 0, 1024)
	for _, f := range m.fields {
		header = append(append(header, f.raw...), '\n')
	}
	header = append(header, '\n')
	for _, part := range [][]byte{header, m.body} {
		for len(part) > 0 {
			line, after := cutLine(part)
			if err := write(line); err != nil {
				return total, err
			}
			part = after
		}
	}
	return total, nil
}

// size is how many bytes WriteTo writes.
func (m *mail) size() int64 {
	n, _ := m.WriteTo(io.Discard) // io.Discard never fails
	return n
}

func isASCII(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}
