package smtp

import (
	"bytes"
	"strconv"
)

// Bounds of a transcript, in bytes: of one line, and of what is kept between two
// transactions. What is beyond is left out and counted.
const (
	maxTranscriptLine = 1000
	maxTranscript     = 32 << 10
)

// transcript is the record of a session since the last mail transaction ended.
type transcript struct {
	text     []byte
	preamble string // up to the first MAIL that was accepted
	mark     int    // where the current command's line begins
	left     int    // lines left out
	ended    bool   // the next command begins a new record
}

// command records a line of the client's, secrets masked.
func (t *transcript) command(line []byte) {
	if t.ended {
		t.text, t.left, t.ended = t.text[:0], 0, false
	}
	t.mark = len(t.text)
	t.line("C: ", maskSecrets(line))
}

func (t *transcript) note(text string) { t.line("* ", []byte(text)) }

// reply records lines as they are sent, each ending in CRLF.
func (t *transcript) reply(lines []byte) {
	for len(lines) > 0 {
		end := bytes.IndexByte(lines, '\n')
		t.line("S: ", lines[:end-1])
		lines = lines[end+1:]
	}
}

func (t *transcript) line(prefix string, line []byte) {
	if len(t.text)+len(line) > maxTranscript {
		t.left++
		return
	}
	t.text = append(t.text, prefix...)
	if len(line) > maxTranscriptLine {
		t.text = append(append(t.text, line[:maxTranscriptLine]...), "..."...)
	} else {
		t.text = append(t.text, line...)
	}
	t.text = append(t.text, '\n')
}

// begin parts the preamble from the first transaction, whose MAIL is the current
// command.
func (t *transcript) begin() {
	if t.preamble == "" && t.mark > 0 {
		t.preamble = string(t.text[:t.mark])
		t.text = append(t.text[:0], t.text[t.mark:]...)
	}
}

// end is the record of a transaction that ends with the reply r. The lines of
// the end are there even if others had to be left out.
func (t *transcript) end(octets int, r reply, extended bool) string {
	if t.left > 0 {
		t.text = append(t.text, "* "...)
		t.text = strconv.AppendInt(t.text, int64(t.left), 10)
		t.text = append(t.text, " lines left out\n"...)
	}
	t.text = append(t.text, "* "...)
	t.text = strconv.AppendInt(t.text, int64(octets), 10)
	t.text = append(t.text, " octets of data\nS: "...)
	t.text = appendReply(t.text, r, extended)
	t.text = append(t.text[:len(t.text)-2], '\n')
	return string(t.text)
}

// maskSecrets is line without the initial response of AUTH (RFC 4954 section 4).
func maskSecrets(line []byte) []byte {
	if len(line) < len("AUTH x") || !bytes.EqualFold(line[:4], []byte("AUTH")) {
		return line
	}
	mechanism := bytes.TrimLeft(line[4:], " \t")
	if i := bytes.IndexAny(mechanism, " \t"); i >= 0 {
		end := len(line) - len(mechanism) + i
		return append(line[:end:end], " ***"...)
	}
	return line
}
