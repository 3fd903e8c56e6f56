package store

import (
	"strings"
	"testing"
	"unsafe"
)

func FuzzTranscript(f *testing.F) {
	for _, text := range []string{
		"", "\n", "no line end", "\x00", "\x00\n", "C: \x01\x1f\x7f\xff\n\n", strings.Repeat("C: NOOP\n", 100),
		"C: MAIL FROM:<a@x> SIZE=5\nS: 250 Sender OK\nC: rcpt TO:<b@x>\nS: 250 2.1.5 Recipient OK\nC: DATA\n",
		"C: DATA", "C: MAIL FROM:<", "C: MAIL FROM:<>\n", ">\n", " LAST\n", "C: BDAT 5 LAST\n* 5 octets of data\n",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if got := NewTranscript([]byte(text)).String(); got != text {
			t.Errorf("%q becomes %q", text, got)
		}
	})
}

func TestTranscriptsTakeLittleMemory(t *testing.T) {
	const text = "C: MAIL FROM:<app@example.com>\nS: 250 2.1.0 Sender OK\nC: RCPT TO:<user@example.com>\nS: 250 2.1.5 Recipient OK\n" +
		"C: DATA\nS: 354 Start mail input; end with <CRLF>.<CRLF>\n* 1000 octets of data\nS: 250 2.0.0 Message accepted\n"
	if n := len(NewTranscript([]byte(text))); n > 50 {
		t.Errorf("%d bytes are kept for %d", n, len(text))
	}
}

// TestEnvelopeIsKeptOnce looks whether the envelope's texts are pieces of the transcript,
// wherever they stand in it as they are.
func TestEnvelopeIsKeptOnce(t *testing.T) {
	const transcript = "C: MAIL FROM:<app@example.com> SIZE=1000\nC: RCPT TO:<a@example.com>\nC: RCPT TO:<b@example.com>\n"
	m := &Message{Sender: "app@example.com", MailParameters: "SIZE=1000", Recipients: []string{"a@example.com", "b@example.com"}, Exchange: NewTranscript([]byte(transcript))}
	b := New(Limits{})
	mustAppend(t, b, m)
	if m.Sender != "app@example.com" || m.MailParameters != "SIZE=1000" || strings.Join(m.Recipients, " ") != "a@example.com b@example.com" {
		t.Errorf("the envelope has become %+v", m)
	}
	if allocated := testing.AllocsPerRun(10, func() { m.shareText() }); allocated != 0 {
		t.Errorf("sharing makes %v copies", allocated)
	}
	for _, text := range append(m.Recipients, m.Sender, m.MailParameters) {
		if !within(string(m.Exchange), text) {
			t.Errorf("%q is a text of its own", text)
		}
	}
	other := &Message{Sender: "app@example.com", Recipients: []string{"none@example.com", "a@example.com"}, Exchange: NewTranscript([]byte(transcript))}
	mustAppend(t, b, other)
	if strings.Join(other.Recipients, " ") != "none@example.com a@example.com" {
		t.Errorf("recipients have become %q", other.Recipients)
	}
}

// within tells that piece is in the memory of text.
func within(text, piece string) bool {
	from, at := uintptr(unsafe.Pointer(unsafe.StringData(text))), uintptr(unsafe.Pointer(unsafe.StringData(piece)))
	return from <= at && at+uintptr(len(piece)) <= from+uintptr(len(text))
}
