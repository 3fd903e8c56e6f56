package store

import (
	"bytes"
	"strings"
)

// Transcript is the text of an SMTP conversation in a compressed form, as most of it is
// the same for all mails. [Transcript.String] gives the text.
type Transcript string

// usual is what each control character stands for in a Transcript. A line feed stands
// for itself, and so does any control character after NUL.
//
// The texts are whole lines that package smtp writes, and beginnings and ends of others.
// Lines that match none of them are kept as they are, so that only the memory they take
// depends on this table.
var usual = [...]string{
	'\x01': "C: MAIL FROM:<", // as most clients write it,
	'\x02': "C: mail FROM:<", // and as Python's smtplib does
	'\x03': "C: RCPT TO:<",
	'\x04': "C: rcpt TO:<",
	'\x05': "C: BDAT ",

	'\x06': ">\n",
	'\x07': "> BODY=8BITMIME\n",
	'\x08': " LAST\n",
	'\x09': " octets of data\n",

	'\n': "\n",

	'\x0b': "C: DATA\n",
	'\x0c': "C: data\n",
	'\x0d': "S: 354 Start mail input; end with <CRLF>.<CRLF>\n",
	'\x0e': "S: 250 2.1.0 Sender OK\n",
	'\x0f': "S: 250 Sender OK\n",
	'\x10': "S: 250 2.1.5 Recipient OK\n",
	'\x11': "S: 250 Recipient OK\n",
	'\x12': "S: 250 2.0.0 Message accepted\n",
	'\x13': "S: 250 Message accepted\n",
	'\x14': "C: RSET\n",
	'\x15': "C: rset\n",
	'\x16': "S: 250 2.0.0 Reset OK\n",
	'\x17': "S: 250 Reset OK\n",
}

// The texts of usual that are looked for at the beginning of a line, at its end, and as
// a whole line.
var (
	usualBeginnings = usual['\x01':'\x06']
	usualEnds       = usual['\x06':'\n']
	usualLines      = func() map[string]byte {
		lines := make(map[string]byte)
		for c, line := range usual['\x0b':] {
			lines[line] = '\x0b' + byte(c)
		}
		return lines
	}()
)

// NewTranscript compresses text, whose lines each end in a line feed. It does not keep
// text itself.
func NewTranscript(text []byte) Transcript {
	var room [256]byte
	packed := room[:0]
	for line := range bytes.Lines(text) {
		packed = appendLine(packed, line)
	}
	return Transcript(packed)
}

func appendLine(packed, line []byte) []byte {
	if c, ok := usualLines[string(line)]; ok {
		return append(packed, c)
	}
	for i, beginning := range usualBeginnings {
		if len(line) >= len(beginning) && string(line[:len(beginning)]) == beginning {
			packed, line = append(packed, '\x01'+byte(i)), line[len(beginning):]
			break
		}
	}
	var end []byte
	for i, text := range usualEnds {
		if before := len(line) - len(text); before >= 0 && string(line[before:]) == text {
			end, line = []byte{'\x06' + byte(i)}, line[:before]
			break
		}
	}
	for _, c := range line {
		if c < ' ' && c != '\n' {
			packed = append(packed, 0)
		}
		packed = append(packed, c)
	}
	return append(packed, end...)
}

// String is the text.
func (t Transcript) String() string {
	size := 0
	for i := range len(t) {
		size++
		if c := t[i]; int(c) < len(usual) {
			size += len(usual[c])
		}
	}
	var text strings.Builder
	text.Grow(size)
	for i := 0; i < len(t); i++ {
		c := t[i]
		switch {
		case c == 0 && i+1 < len(t):
			i++
			text.WriteByte(t[i])
		case int(c) < len(usual):
			text.WriteString(usual[c])
		default:
			text.WriteByte(c)
		}
	}
	return text.String()
}
