package message

import (
	"slices"
	"strings"
	"unicode"
)

// Text gives the text body in UTF-8, at most [MaxText] bytes, with "\n" as line
// end. It is "" when the message has only HTML; see [Message.HasText] and
// [TextFromHTML].
//
// The bodies are chosen by RFC 8621 4.1.4: of multipart/alternative the text and the
// HTML, of multipart/related the root, of multipart/signed the signed part, and of
// any other multipart all text without a file name, one after the other, so that
// footers which mailing lists add are there. Where HTML stands beside text in such
// a multipart, its text is part of the whole. Parts with a file name count when
// they come first or are said to be inline. If nothing would be left to show, any
// text is taken that is not said to be an attachment, and last that of attached
// messages. Lines of format=flowed (RFC 3676) are joined.
func (m *Message) Text() string { return joinText(m.choice().text) }

// HTML gives the HTML body in UTF-8, at most [MaxText] bytes, chosen in the
// same way.
func (m *Message) HTML() string { return joinHTML(m.choice().html) }

// Bodies gives the parts that Text and HTML are made of, in order.
func (m *Message) Bodies() (text, html []*Part) {
	b := m.choice()
	return slices.Clone(b.text), slices.Clone(b.html)
}

// HasText reports whether the message has a text body, which may be empty.
func (m *Message) HasText() bool { return len(m.choice().text) > 0 }

// HasHTML reports whether the message has an HTML body, which may be empty.
func (m *Message) HasHTML() bool { return len(m.choice().html) > 0 }

// Attachments gives the leaves that are not part of the bodies, in order: attachments,
// inline images, alternatives that no body was made of, and whole attached messages,
// without what is in them. A text that is sent inline with a file name behind other parts
// is both, a body and an attachment. Blank text without a file name is neither.
func (m *Message) Attachments() []*Part { return slices.Clone(m.choice().attachments) }

func (m *Message) choice() bodies {
	m.chooseOnce.Do(func() {
		b := choose(m.Root)
		if !b.shown() {
			b = m.anyText(b)
		}
		if !b.hasText() {
			b.text = nil
		}
		chosen := make(map[*Part]bool)
		for _, p := range slices.Concat(b.text, b.html) {
			chosen[p] = p.isText() && !p.alsoFile()
		}
		b.attachments = slices.DeleteFunc(leavesExcept(m.Root, chosen, nil), func(p *Part) bool {
			return isBodyType(p) && !p.attached() && p.Filename() == "" && p.blank()
		})
		m.bodies = b
	})
	return m.bodies
}

// leavesExcept appends the leaves in p that are not chosen to list.
func leavesExcept(p *Part, chosen map[*Part]bool, list []*Part) []*Part {
	if len(p.Parts) == 0 || p.isMessage() {
		if !chosen[p] {
			list = append(list, p)
		}
		return list
	}
	for _, child := range p.Parts {
		list = leavesExcept(child, chosen, list)
	}
	return list
}

// alsoFile reports whether text is both shown and listed as a file: it has a file name, is
// inline by its disposition, and has other parts before it.
func (p *Part) alsoFile() bool {
	return p.parent != nil && p.parent.Parts[0] != p && p.Disposition().Value == "inline" && p.Filename() != ""
}

// joinHTML gives the HTML of all parts, each beginning on a line of its own.
func joinHTML(parts []*Part) string {
	if len(parts) == 1 {
		return parts[0].Text()
	}
	var j joiner
	for _, p := range parts {
		text, _ := p.text(j.room())
		j.add(text)
	}
	return j.String()
}

// readText gives what a part contributes to the text, at most so many bytes: the
// text of its HTML, or of the message that it holds in a transfer encoding.
func readText(p *Part, limit int) string {
	if p.isMessage() && len(p.Parts) == 0 && !p.message.inner {
		m := Parse(string(p.Decode()))
		m.inner = true
		text := m.Text()
		if !m.HasText() {
			text = TextFromHTML(m.HTML())
		}
		return cutText(text, limit)
	}
	text, _ := p.text(limit)
	if isHTML(p) {
		text = cutText(TextFromHTML(text), limit)
	}
	return text
}

// joinText gives the text of all parts in order. HTML next to text with the same words is
// treated as its alternative, even if it was not sent as one, and left out.
func joinText(parts []*Part) string {
	texts := make([]string, len(parts))
	room := MaxText
	for i, p := range parts {
		texts[i] = readText(p, room)
		room = max(0, room-len(texts[i]))
	}
	if len(texts) == 1 {
		return texts[0]
	}
	var j joiner
	for i, p := range parts {
		if isHTML(p) && (i > 0 && !isHTML(parts[i-1]) && sameWords(texts[i-1], texts[i]) ||
			i+1 < len(parts) && !isHTML(parts[i+1]) && sameWords(texts[i+1], texts[i])) {
			continue
		}
		j.add(texts[i])
	}
	return j.String()
}

// sameWords compares texts without regard to white space.
func sameWords(a, b string) bool {
	for {
		a, b = strings.TrimLeftFunc(a, unicode.IsSpace), strings.TrimLeftFunc(b, unicode.IsSpace)
		if a == "" || b == "" {
			return a == b
		}
		n := strings.IndexFunc(a, unicode.IsSpace)
		if n < 0 {
			n = len(a)
		}
		if !strings.HasPrefix(b, a[:n]) {
			return false
		}
		a, b = a[n:], b[n:]
		if a != "" && b != "" && strings.IndexFunc(b, unicode.IsSpace) != 0 {
			return false
		}
	}
}

// joiner joins texts, each beginning on a line of its own, up to MaxText bytes.
type joiner struct{ b strings.Builder }

func (j *joiner) room() int { return max(0, MaxText-j.b.Len()) }

func (j *joiner) add(text string) {
	if text == "" || j.room() == 0 {
		return
	}
	if so := j.b.String(); so != "" && so[len(so)-1] != '\n' {
		j.b.WriteByte('\n')
	}
	j.b.WriteString(text)
}

func (j *joiner) String() string { return cutText(j.b.String(), MaxText) }
