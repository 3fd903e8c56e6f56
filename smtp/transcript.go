package smtp

import (
	"bytes"
	"strconv"
	"strings"
	"sync/atomic"
)

// Bounds of a transcript, in bytes: of one line, and of what is kept between two
// transactions. Lines beyond them are left out and counted.
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

	afterAuth bool // no command has come since AUTH, see maskSecrets
}

// command records a line from the client, with secrets masked. Verb is its command, or
// "" if it has none.
func (t *transcript) command(text []byte, verb string) {
	if t.ended {
		t.text, t.left, t.ended = t.text[:0], 0, false
	}
	t.mark = len(t.text)
	t.line("C: ", t.maskSecrets(text, verb))
}

// secret records that a line is not shown. The lines after it may belong to it.
func (t *transcript) secret() {
	t.line("C: ", []byte(masked))
	t.afterAuth = true
}

// tooLong records that a line was not kept. It may have been a line of AUTH.
func (t *transcript) tooLong() {
	t.note("a line that is too long")
	t.afterAuth = true
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
	shown := cutText(line, maxTranscriptLine)
	before := len(t.text)
	t.text = append(t.text, prefix...)
	t.text = appendVisible(t.text, shown)
	if len(shown) < len(line) {
		t.text = append(t.text, "..."...)
	}
	if t.text = append(t.text, '\n'); len(t.text) > maxTranscript {
		t.text = t.text[:before]
		t.left++
	}
}

// begin separates the preamble from the first transaction, whose MAIL is the current
// command. If the last session had the same preamble, both share it: a client that
// connects for each of its mails always sends the same.
func (t *transcript) begin(last *atomic.Pointer[string]) {
	if t.preamble != "" || t.mark == 0 {
		return
	}
	if known := last.Load(); known != nil && string(t.text[:t.mark]) == *known {
		t.preamble = *known
	} else {
		t.preamble = string(t.text[:t.mark])
		last.Store(&t.preamble)
	}
	t.text = append(t.text[:0], t.text[t.mark:]...)
}

// end is the record of a transaction that ends with the reply r. It includes the last
// lines even if others had to be left out. It is valid until the next command.
func (t *transcript) end(octets int, r reply, extended bool) []byte {
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
	return t.text
}

// short is the record up to now in at most n bytes. Of a longer one it has the first and
// the last lines.
func (t *transcript) short(n int) string {
	whole := t.preamble + string(t.text)
	if t.left > 0 {
		whole += "* " + strconv.Itoa(t.left) + " lines left out\n"
	}
	if len(whole) <= n {
		return whole
	}
	const note = "* lines left out here\n"
	front := strings.LastIndexByte(whole[:n/4], '\n') + 1
	back := len(whole) - (n - n/4 - len(note))
	back += strings.IndexByte(whole[back:], '\n') + 1
	return whole[:front] + note + whole[back:]
}

// lastReply is the last line that was sent, "" if none was.
func (t *transcript) lastReply() string {
	at := bytes.LastIndex(t.text, []byte("\nS: ")) + 1
	if at == 0 && !bytes.HasPrefix(t.text, []byte("S: ")) {
		return ""
	}
	line, _, _ := bytes.Cut(t.text[at+len("S: "):], []byte{'\n'})
	return string(line)
}
