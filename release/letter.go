package release

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/caddy-mailbucket/mailbucket/store"
)

const (
	// maxLine is the longest line of a mail without its line end, in bytes (RFC 5321
	// section 4.5.3.1.6).
	maxLine = 998

	// maxReceived is how many servers a mail may have passed (RFC 5321 section 6.3).
	maxReceived = 50

	// mark is in the Resent-Message-ID of every mail that was released, so that it is
	// not released again.
	mark = ".released-by-mailbucket@"
)

// letter is a mail as it is sent: byte for byte, with fields put before it.
type letter struct {
	fields string
	raw    string
	id     string // of Resent-Message-ID, with its angle brackets

	lineFeeds  bool // all lines of raw end in LF, so that each is sent as CRLF
	eightBit   bool // there are bytes beyond ASCII
	utf8Header bool // there are some in the header section
}

// newLetter prepares a mail for sending. The error says why it cannot be sent as it is.
func newLetter(m *store.Message, from Address, to []Address, now time.Time) (*letter, error) {
	l := &letter{raw: m.Raw}
	if err := l.look(); err != nil {
		return nil, err
	}
	header := l.header()
	if !utf8.ValidString(header) {
		return nil, unsendable("the header of this email has bytes that are not UTF-8, which SMTP does not allow")
	}
	if err := checkHops(header); err != nil {
		return nil, err
	}
	random, err := uuid.NewRandom()
	if err != nil {
		return nil, fmt.Errorf("making a message id: %w", err)
	}
	l.id = "<" + random.String() + mark + from.domain + ">"
	names := make([]string, len(to))
	for i, a := range to {
		names[i] = a.String()
		l.utf8Header = l.utf8Header || !a.isASCII()
	}
	l.utf8Header = l.utf8Header || !isASCII(header) || !from.isASCII()
	l.eightBit = l.eightBit || l.utf8Header
	l.fields = "Resent-Date: " + now.Format("Mon, 02 Jan 2006 15:04:05 -0700") + "\r\n" +
		"Resent-From: " + from.String() + "\r\n" +
		"Resent-To: " + strings.Join(names, ",\r\n ") + "\r\n" +
		"Resent-Message-ID: " + l.id + "\r\n"
	return l, nil
}

// look finds what cannot be sent by SMTP without a change (RFC 5321 sections 2.3.8 and
// 4.5.3.1.6, RFC 6152 section 3). A mail whose lines all end in LF is taken for text of
// Unix, of which LF is the line end.
func (l *letter) look() error {
	raw := l.raw
	if raw == "" {
		return unsendable("this email is empty")
	}
	if raw[0] == ' ' || raw[0] == '\t' {
		return unsendable("this email begins with a blank, so that its first line would continue a field that is put before it")
	}
	l.lineFeeds = !strings.Contains(raw, "\r") && strings.Contains(raw, "\n")
	number := 0
	for line := range strings.Lines(raw) {
		number++
		text, ended := strings.CutSuffix(line, "\n")
		if !l.lineFeeds && ended {
			if text, ended = strings.CutSuffix(text, "\r"); !ended {
				return unsendable("line %d of this email ends in a bare LF, which cannot be sent by SMTP as it is", number)
			}
		}
		switch {
		case strings.Contains(text, "\r"):
			return unsendable("line %d of this email has a bare CR, which cannot be sent by SMTP as it is", number)
		case strings.Contains(text, "\x00"):
			return unsendable("line %d of this email has a NUL, which cannot be sent by SMTP as it is", number)
		case len(text) > maxLine:
			return unsendable("line %d of this email has %d bytes, and SMTP allows %d: it cannot be sent as it is", number, len(text), maxLine)
		}
		l.eightBit = l.eightBit || !isASCII(text)
	}
	return nil
}

// header is the header section as it is in the mail.
func (l *letter) header() string {
	end := "\r\n\r\n"
	if l.lineFeeds {
		end = "\n\n"
	}
	if strings.HasPrefix(l.raw, end[:len(end)/2]) {
		return ""
	}
	header, _, _ := strings.Cut(l.raw, end)
	return header
}

// checkHops refuses a mail that was released before, by any mailbucket, or that seems to
// go in a circle.
func checkHops(header string) error {
	received, field := 0, ""
	for line := range strings.Lines(header) {
		if line[0] != ' ' && line[0] != '\t' {
			name, _, _ := strings.Cut(line, ":")
			field = strings.ToLower(strings.TrimRight(name, " \t"))
			if field == "received" {
				received++
			}
		}
		if field == "resent-message-id" && strings.Contains(line, mark) {
			return unsendable("this email was released by a mailbucket before, and is not released again")
		}
	}
	if received > maxReceived {
		return unsendable("this email has passed more than %d servers, so that it seems to go in a circle", maxReceived)
	}
	return nil
}

// size is how many bytes are sent, dot-stuffing aside (RFC 1870).
func (l *letter) size() int64 {
	n := int64(len(l.fields) + len(l.raw))
	if l.lineFeeds {
		n += int64(strings.Count(l.raw, "\n"))
	}
	return n
}

// writeTo writes the mail. W undoes nothing of it: it stuffs dots, and writes LF as CRLF.
func (l *letter) writeTo(w io.Writer) error {
	b := bufio.NewWriterSize(w, 32<<10)
	_, _ = b.WriteString(l.fields) // an error stays until Flush
	_, _ = b.WriteString(l.raw)
	return b.Flush()
}
