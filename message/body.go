package message

import (
	"slices"
	"strings"
)

// bodies are the parts that make up what a reader of the mail sees first.
type bodies struct {
	text, html  []*Part
	attachments []*Part
}

// Text gives the text body in UTF-8, at most [MaxText] bytes, with "\n" as line
// end. It is "" when the message has only HTML; see [TextFromHTML].
//
// The bodies are chosen by RFC 2046 5.1: of multipart/alternative the last plain
// text and the last HTML; of multipart/related the root; of multipart/signed the
// signed part; of multipart/mixed, and any other multipart, all text without
// file name that is not an attachment, one after the other, so that footers which
// mailing lists add are there. Lines of format=flowed (RFC 3676) stay as sent.
func (m *Message) Text() string { return joinBodies(m.choice().text) }

// HTML gives the HTML body in UTF-8, at most [MaxText] bytes, chosen in the
// same way.
func (m *Message) HTML() string { return joinBodies(m.choice().html) }

// HasText tells that the message has a text body, which may be empty.
func (m *Message) HasText() bool { return len(m.choice().text) > 0 }

// HasHTML tells that the message has an HTML body, which may be empty.
func (m *Message) HasHTML() bool { return len(m.choice().html) > 0 }

// Attachments gives the leaves that are not part of the bodies, in order:
// attachments, inline images, alternatives that no body was made of, and whole
// attached messages, without what is in them.
func (m *Message) Attachments() []*Part { return slices.Clone(m.choice().attachments) }

func (m *Message) choice() bodies {
	m.chooseOnce.Do(func() {
		m.bodies = choose(m.Root)
		chosen := make(map[*Part]bool)
		for _, p := range slices.Concat(m.bodies.text, m.bodies.html) {
			chosen[p] = true
		}
		m.bodies.attachments = leavesExcept(m.Root, chosen, nil)
	})
	return m.bodies
}

// choose finds the bodies in p. Its recursion is bounded by MaxDepth.
func choose(p *Part) bodies {
	if len(p.Parts) == 0 || p.isMessage() {
		return chooseLeaf(p)
	}
	switch p.MediaType {
	case "multipart/alternative":
		return chooseLast(p.Parts)
	case "multipart/related":
		return choose(relatedRoot(p))
	case "multipart/signed":
		return choose(p.Parts[0])
	}
	var all bodies
	for _, child := range p.Parts {
		if child.MediaType == "text/plain" || child.MediaType == "text/html" {
			if child.Filename() != "" {
				continue
			}
		}
		b := choose(child)
		all.text = append(all.text, b.text...)
		all.html = append(all.html, b.html...)
	}
	return all
}

// chooseLast takes the last alternative of each kind.
func chooseLast(alternatives []*Part) bodies {
	var last bodies
	for _, child := range alternatives {
		b := choose(child)
		if len(b.text) > 0 {
			last.text = b.text
		}
		if len(b.html) > 0 {
			last.html = b.html
		}
	}
	return last
}

// chooseLeaf decides whether a part without parts is a body. A message that is
// a single text of another kind, or a multipart in which nothing was found, is
// shown as text, as RFC 2046 4.1.4 has it.
func chooseLeaf(p *Part) bodies {
	if p.Disposition().Value == "attachment" {
		return bodies{}
	}
	switch {
	case p.MediaType == "text/html":
		return bodies{html: []*Part{p}}
	case p.MediaType == "text/plain", p.isText() && (p.parent == nil || strings.HasPrefix(p.MediaType, "multipart/")):
		return bodies{text: []*Part{p}}
	}
	return bodies{}
}

// relatedRoot gives the part that the start parameter names, else the first
// (RFC 2387 3.2).
func relatedRoot(p *Part) *Part {
	if start := identifier(p.ContentType().Param("start")); start != "" {
		for _, child := range p.Parts {
			if child.ContentID() == start {
				return child
			}
		}
	}
	return p.Parts[0]
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

// joinBodies gives the text of all parts, each beginning on a line of its own.
func joinBodies(parts []*Part) string {
	if len(parts) == 1 {
		return parts[0].Text()
	}
	var b strings.Builder
	ended := true // the text so far ends in a line end
	for _, p := range parts {
		if b.Len() >= MaxText {
			break
		}
		text, _ := p.text(MaxText - b.Len())
		if text == "" {
			continue
		}
		if !ended {
			b.WriteByte('\n')
		}
		b.WriteString(text)
		ended = text[len(text)-1] == '\n'
	}
	return cutText(b.String(), MaxText)
}
