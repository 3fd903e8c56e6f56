package message

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxSnippet is how many characters of a text a [Summary] has at most.
const MaxSnippet = 250

// Summary is what lists show of a message. It does not refer to the raw bytes, and so does
// not keep them in memory.
type Summary struct {
	From *Address // the first author, nil when there is none
	// All of the other mailboxes.
	To, Cc, Bcc, ReplyTo []Address

	MessageID string   // without angle brackets
	Tags      []string // see [Header.Tags]
	Subject   string   // decoded
	// Snippet is how the visible text begins, with one blank for all white space
	// between words: that of the text, or else of the HTML.
	Snippet string
	// Attachments counts those that the HTML does not show.
	Attachments int
}

// Summarize reads what lists show of a raw message. It returns the same as
// [Message.Summary], but does not parse the message if that is not needed, as for most
// mails that are a single plain text.
func Summarize(raw string) Summary {
	if header, body, plain := Plain(raw); plain {
		s := summarizeHeader(header)
		s.Snippet = Snippet(body)
		return s
	}
	return Parse(raw).Summary()
}

// Summary gives what lists show of the message.
func (m *Message) Summary() Summary {
	s := summarizeHeader(m.Root.Header)
	s.Snippet = m.snippet()
	for _, p := range m.choice().attachments {
		if !m.Shows(p) {
			s.Attachments++
		}
	}
	return s
}

func summarizeHeader(h Header) Summary {
	s := Summary{
		To: h.ownAddresses("To"), Cc: h.ownAddresses("Cc"), Bcc: h.ownAddresses("Bcc"), ReplyTo: h.ownAddresses("Reply-To"),
		MessageID: strings.Clone(identifier(h.Get("Message-ID"))), Tags: h.Tags(),
		Subject: strings.Clone(h.Get("Subject")),
	}
	if from := h.addresses("From"); len(from) > 0 {
		s.From = &Address{strings.Clone(from[0].Name), strings.Clone(from[0].Address)}
	}
	return s
}

// ownAddresses gives the addresses in memory of their own.
func (h Header) ownAddresses(name string) []Address {
	list := slices.Clip(slices.Clone(h.addresses(name)))
	for i, a := range list {
		list[i] = Address{strings.Clone(a.Name), strings.Clone(a.Address)}
	}
	return list
}

// Shows reports whether the HTML shows a part, as an image or as a font of its own.
func (m *Message) Shows(p *Part) bool {
	if !m.HasHTML() || p.ContentID() == "" && p.ContentLocation() == "" {
		return false // nothing can refer to it
	}
	return m.Resources().shown[p]
}

// Plain gives the header and the body of a raw message as they are in it, if it is a single
// plain text in UTF-8 or ASCII, without a transfer encoding and without anything that has
// to be repaired or guessed. Such a message has no attachments.
func Plain(raw string) (header Header, body string, plain bool) {
	h := newHeaderScanner(raw, 0, nil)
	h.skipMboxLine()
	ascii := true
	for {
		f, ok := h.next()
		if !ok {
			break
		}
		if f.beyondLimit || h.skipped >= 0 {
			return nil, "", false
		}
		value := raw[f.start:f.end]
		switch {
		case !isContentField(f.name):
		case strings.EqualFold(f.name, "Content-Type"):
			if h.kind.start != f.start {
				return nil, "", false
			}
			if ascii, plain = plainCharset(value); !plain {
				return nil, "", false
			}
		case !strings.EqualFold(f.name, "Content-Transfer-Encoding") || !identityEncodings[strings.ToLower(trimBlanks(value))]:
			return nil, "", false
		}
		header = append(header, Field{Name: f.name, Raw: value})
	}
	body = raw[h.body:]
	switch {
	case h.noBlank, h.unfolded != "", strings.HasPrefix(body, "begin "), strings.Contains(body, "\nbegin "):
		return nil, "", false
	case ascii:
		return header, body, isASCII(body)
	}
	return header, body, utf8.ValidString(body) && !strings.HasPrefix(body, "\ufeff")
}

var identityEncodings = wordSet("7bit 8bit binary")

func isContentField(name string) bool {
	const prefix = "Content-"
	return len(name) > len(prefix) && strings.EqualFold(name[:len(prefix)], prefix)
}

// plainCharset reports whether a Content-Type is just plain text in UTF-8 or ASCII.
func plainCharset(value string) (ascii, plain bool) {
	kind, parameter, _ := strings.Cut(unfold(value), ";")
	name, charset, _ := strings.Cut(strings.ToLower(parameter), "=")
	if !strings.EqualFold(trimBlanks(kind), "text/plain") || name != "" && trimBlanks(name) != "charset" {
		return false, false
	}
	switch strings.Trim(trimBlanks(charset), `"`) {
	case "", "us-ascii":
		return true, true
	case "utf-8":
		return false, true
	}
	return false, false
}

// snippet gives how the text begins, or what the HTML shows where there is no other
// text to be seen.
func (m *Message) snippet() string {
	if m.HasText() {
		if s := Snippet(m.Text()); s != "" {
			return s
		}
	}
	return snippetOf(m.HTML(), MaxSnippet)
}

// snippetOf gives the snippet of HTML, of which it reads as much as that takes.
func snippetOf(page string, most int) string {
	const enough = 4 // bytes a character, and as many again for what cannot be seen
	for limit := 2 * enough * most; ; limit = MaxText {
		text := textFromHTML(page, limit)
		if s := cutSnippet(text, most); limit == MaxText || len(text) < limit || utf8.RuneCountInString(s) >= most {
			return s
		}
	}
}

// Snippet gives the first words of a text in which something can be seen, at most
// [MaxSnippet] characters, with one blank between them.
func Snippet(text string) string { return cutSnippet(text, MaxSnippet) }

// cutSnippet gives the first words of a text, at most so many characters. Words in
// which nothing can be seen are left out: senders fill what lists show with them.
func cutSnippet(text string, most int) string {
	var b strings.Builder
	for left := most; left > 0; {
		text = strings.TrimLeftFunc(text, unicode.IsSpace)
		if text == "" {
			break
		}
		end := strings.IndexFunc(text, unicode.IsSpace)
		if end < 0 {
			end = len(text)
		}
		word := text[:end]
		if text = text[end:]; strings.TrimFunc(word, unseen) == "" {
			continue
		}
		if b.Len() > 0 {
			if left--; left == 0 {
				break
			}
			b.WriteByte(' ')
		}
		for at := range word {
			if left == 0 {
				word = word[:at]
				break
			}
			left--
		}
		b.WriteString(word)
	}
	return strings.Clone(b.String())
}

// unseen reports whether a character takes up no space on its own.
func unseen(r rune) bool {
	return invisible(r) || unicode.In(r, unicode.Cf, unicode.Cc) || r == '\u034f' || r == '\ufffc'
}
