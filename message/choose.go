package message

import (
	"hash/fnv"
	"io"
	"slices"
	"strings"
	"unicode"
)

// bodies are the parts that make up what a reader of the mail sees first.
type bodies struct {
	// text is all that is shown to readers of plain text, in order. It includes HTML that
	// has no plain text as an alternative.
	text        []*Part
	html        []*Part
	attachments []*Part
}

func (b *bodies) add(more bodies) {
	b.text = append(b.text, more.text...)
	b.html = append(b.html, more.html...)
}

// hasText reports whether there is text that is no HTML.
func (b *bodies) hasText() bool {
	return slices.ContainsFunc(b.text, func(p *Part) bool { return !isHTML(p) })
}

// shown reports whether there is anything that is not blank.
func (b *bodies) shown() bool { return !allBlank(b.text) || !allBlank(b.html) }

func isHTML(p *Part) bool { return p.MediaType == "text/html" }

// isBodyType reports whether the part has one of the types of bodies.
func isBodyType(p *Part) bool { return p.MediaType == "text/plain" || p.MediaType == "text/html" }

// attached reports whether the part's disposition makes it an attachment. Unknown
// dispositions do (RFC 2183 2.8), except for the only part of a mail. Fields of a form (RFC
// 7578 4.2) are not attachments.
func (p *Part) attached() bool {
	switch p.Disposition().Value {
	case "", "inline":
		return false
	case "attachment":
		return true
	case "form-data":
		return p.parent == nil || p.parent.MediaType != "multipart/form-data"
	}
	return p.parent != nil
}

// choose finds the bodies in p. Its recursion is bounded by MaxDepth.
func choose(p *Part) bodies {
	if len(p.Parts) == 0 || p.isMessage() {
		return chooseLeaf(p, true)
	}
	switch p.MediaType {
	case "multipart/alternative":
		return chooseAlternative(p.Parts)
	case "multipart/related":
		return chooseRelated(p)
	case "multipart/signed":
		if b := choose(p.Parts[0]); len(b.text) > 0 {
			return b
		}
	}
	var all bodies
	for i, child := range p.Parts {
		all.add(chooseWithin(child, i == 0))
	}
	return all
}

// chooseWithin chooses in a part of a multipart/mixed or the like.
func chooseWithin(p *Part, first bool) bodies {
	if len(p.Parts) == 0 {
		return chooseLeaf(p, first)
	}
	return choose(p)
}

// chooseLeaf decides whether a part without parts is a body. One with a file name is a body
// only if it comes first or is said to be inline. A message that is a single text of
// another kind is shown as text, as RFC 2046 4.1.4 says.
func chooseLeaf(p *Part, first bool) bodies {
	switch {
	case p.attached(), p.parent != nil && p.Image():
		return bodies{}
	case !first && p.Filename() != "" && p.Disposition().Value != "inline":
		return bodies{}
	case isHTML(p):
		return bodies{text: []*Part{p}, html: []*Part{p}}
	case p.MediaType == "text/plain", first && plainLike[p.MediaType],
		strings.HasPrefix(p.MediaType, "multipart/"),
		p.isText() && (p.parent == nil || p.parent.isMessage()):
		return bodies{text: []*Part{p}}
	}
	return bodies{}
}

// plainLike are types of text that people write, and can read as it stands.
var plainLike = wordSet("text/enriched text/richtext text/markdown text/x-markdown text/x-web-markdown")

// chooseAlternative takes all text and all HTML, as text after the HTML is a footer that
// was added on the way. Of alternatives with the same words it takes the last, as the most
// faithful one (RFC 2046 5.1.4), and blank ones only if there is nothing else.
func chooseAlternative(alternatives []*Part) bodies {
	var text, html choices
	var whole []*Part
	for _, child := range alternatives {
		b := choose(child)
		if plainLike[child.MediaType] {
			continue // there is nearly always plain text as well
		}
		html.add(b.html, (*Part).showsSomething)
		switch {
		case !b.hasText():
		case slices.ContainsFunc(b.text, isHTML):
			whole = b.text // text that was sent along with HTML
		case child.Filename() != "" && !allBlank(text.parts):
		default:
			text.add(b.text, func(p *Part) bool { return !p.blank() })
		}
	}
	for _, instead := range [][]*Part{whole, html.parts} {
		if len(text.parts) == 0 {
			text.parts = instead
		}
	}
	return bodies{text: text.parts, html: html.parts}
}

// choices are alternatives of one kind.
type choices struct {
	parts []*Part
	shown bool    // they are not blank
	last  []*Part // the one that was added last, at the end of parts
}

// add adds an alternative. It takes the place of the one before if that has the same words,
// and of all before if those are blank.
func (c *choices) add(parts []*Part, shows func(*Part) bool) {
	if len(parts) == 0 || len(c.parts) > 0 && !slices.ContainsFunc(parts, shows) {
		return
	}
	if len(c.parts) > 0 && !c.shown {
		c.shown = slices.ContainsFunc(c.parts, shows)
	}
	if !c.shown {
		c.parts, c.last = slices.Clone(parts), parts
		return
	}
	if slices.EqualFunc(c.last, parts, func(a, b *Part) bool { return a.words() == b.words() }) {
		c.parts = c.parts[:len(c.parts)-len(c.last)]
	}
	c.parts, c.last = append(c.parts, parts...), parts
}

// wordSum is a checksum of the words of a text, regardless of the white space between them.
type wordSum struct {
	hash  uint64
	known bool // it was made
	none  bool // there are no words
}

// words returns the checksum of the words of the part. It is computed once, as alternatives
// may be nested, and only while bodies are chosen.
func (p *Part) words() wordSum {
	if p.wordSum.known {
		return p.wordSum
	}
	hash := fnv.New64a()
	sum := wordSum{known: true, none: true}
	for word := range strings.FieldsFuncSeq(readText(p, MaxText), invisible) {
		io.WriteString(hash, word)
		hash.Write([]byte{' '})
		sum.none = false
	}
	sum.hash = hash.Sum64()
	p.wordSum = sum
	return sum
}

// chooseRelated takes the root, and looks for the text or the HTML that it lacks
// in the other parts.
func chooseRelated(p *Part) bodies {
	root := relatedRoot(p)
	b := choose(root)
	lacksText, lacksHTML := !b.hasText() || allBlank(b.text), allBlank(b.html)
	for _, child := range p.Parts {
		if !lacksText && !lacksHTML {
			break
		}
		if child == root {
			continue
		}
		other := chooseWithin(child, false)
		if lacksHTML && !allBlank(other.html) {
			b.html, lacksHTML = other.html, false
			if !b.hasText() {
				b.text = other.text
				lacksText = !b.hasText() || allBlank(b.text)
			}
		}
		if lacksText && other.hasText() && !allBlank(other.text) {
			b.text, lacksText = other.text, false
		}
	}
	return b
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

// anyText finds something to show in a message whose bodies are blank, if any: the
// first text that is not said to be an attachment, plain text or HTML before other
// kinds, then the text of the messages in it, and last what could be read as text.
func (m *Message) anyText(found bodies) bodies {
	var messages bodies
	var best *Part
	bestRank := notShown
	for _, p := range m.parts {
		within := p.withinMessage()
		if p.isMessage() && len(p.Parts) > 0 && !within {
			messages.add(choose(p.Parts[0]))
		}
		if rank := p.rank(within); rank < bestRank && !p.blank() {
			best, bestRank = p, rank
		}
	}
	switch {
	case bestRank >= withinMessages && messages.shown():
		return messages
	case best == nil:
	case isHTML(best):
		found.html = []*Part{best}
		if !found.hasText() {
			found.text = found.html
		}
	default:
		found.text = []*Part{best}
	}
	return found
}

// Ranks of leaves that may be shown when there is nothing better, the best first: from 0 on
// texts of the message itself, then those of the messages in it.
const (
	withinMessages  = 2
	encodedMessages = 4
	others          = 5
	notShown        = 6
)

// rank returns the rank of the part.
func (p *Part) rank(within bool) int {
	switch {
	case len(p.Parts) > 0 || p.attached():
		return notShown
	case p.isText() && !p.Image():
		return b2i(within)*withinMessages + b2i(!isBodyType(p))
	case p.isMessage() && !p.message.inner:
		return encodedMessages
	case p.isText(), strings.HasPrefix(p.MediaType, "message/"):
		return others
	}
	return notShown
}

// withinMessage reports whether the part is in an attached message.
func (p *Part) withinMessage() bool {
	for up := p.parent; up != nil; up = up.parent {
		if up.isMessage() {
			return true
		}
	}
	return false
}

// blank reports whether the part is text in which nothing can be seen. Like words, it is
// found out once.
func (p *Part) blank() bool {
	if !p.blankKnown {
		p.isBlank, p.blankKnown = p.looksBlank(), true
	}
	return p.isBlank
}

func (p *Part) looksBlank() bool {
	const enough = 4 << 10 // most texts show something in their first bytes
	for _, limit := range []int{enough, MaxText} {
		text, whole := p.text(limit)
		if strings.TrimFunc(text, invisible) != "" {
			return false
		}
		if whole {
			break
		}
	}
	return true
}

// showsSomething reports whether an HTML part has any text or an image.
func (p *Part) showsSomething() bool {
	if !p.words().none {
		return true
	}
	page := p.Text()
	return containsFold(page, "<img") || containsFold(page, "background")
}

// invisible reports whether a character is white space or has no width.
func invisible(r rune) bool {
	return unicode.IsSpace(r) || r == '\u200b' || r == '\u200c' || r == '\u200d' || r == '\u2060' || r == '\ufeff' || r == 0
}

func allBlank(parts []*Part) bool {
	return !slices.ContainsFunc(parts, func(p *Part) bool { return !p.blank() })
}
