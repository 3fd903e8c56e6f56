// Package message reads mail: it takes the raw bytes of a message (RFC 5322,
// MIME) and gives its header, its text, its HTML and its attachments.
//
// [Parse] finds the structure in one pass, as offsets into the raw bytes, and decodes
// nothing; a part is decoded when it is asked for. Mail may be hostile and is often
// malformed, so nothing here fails: there is always a result, and [Message.Problems] says
// what was wrong. Every count, depth and length is bounded, and all work is linear in the
// size of the message.
//
//	m := message.Parse(raw)
//	fmt.Println(m.Subject(), m.From())
//	fmt.Println(m.Text())
//	for i, a := range m.Attachments() {
//		fmt.Println(i, a.Filename(), a.MediaType, a.Size())
//	}
//
// A reader goes through the files in this order: message.go (this one), structure.go,
// section.go and header.go (the map), choose.go and body.go (which parts are the bodies),
// part.go, filename.go, image.go, encoding.go, decode.go, charset.go, charsetnames.go and
// flowed.go (the content of a part), encodedword.go, parameter.go, address.go, date.go and
// tags.go (what fields mean), links.go, textlinks.go, codes.go, pagetext.go and
// pagesource.go (what is looked for in a mail), page.go, pageclean.go, pageelements.go,
// pageurl.go, inline.go, cssfilter.go and cssrules.go (its HTML, made safe to show),
// resources.go (what that refers to), problem.go, check.go and checkbody.go.
package message

import (
	"slices"
	"sync"
	"time"
)

// Message is a message that was read. It is safe for concurrent use.
type Message struct {
	Root *Part // the message itself; never nil

	raw        string
	inner      bool // it was decoded from a part of another message; messages encoded within it are not decoded
	parts      []*Part
	structural problemList

	inlineOnce sync.Once
	inline     inlineParts

	resourcesOnce sync.Once
	resources     *Resources

	chooseOnce sync.Once
	bodies     bodies

	checkOnce sync.Once
	problems  []Problem
}

// Parse reads a message from its raw bytes, which may have CRLF, LF or mixed
// line ends and any bytes. It never fails. The message refers to raw.
func Parse(raw string) *Message {
	m := &Message{raw: raw}
	mapStructure(m, raw)
	return m
}

// Raw gives the bytes that the message was read from.
func (m *Message) Raw() string { return m.raw }

// Parts gives all parts in the order in which they begin, the message itself
// first: at most [MaxParts]. A part's Index is its place here.
func (m *Message) Parts() []*Part { return slices.Clone(m.parts) }

// Header gives the header of the message.
func (m *Message) Header() Header { return m.Root.Header }

// From gives the authors; all From fields count, as in the methods below.
func (m *Message) From() []Address { return m.Root.Header.addresses("From") }

// To gives the primary recipients.
func (m *Message) To() []Address { return m.Root.Header.addresses("To") }

// Cc gives the recipients of copies.
func (m *Message) Cc() []Address { return m.Root.Header.addresses("Cc") }

// Bcc gives the hidden recipients, where the sender's program left the field in.
func (m *Message) Bcc() []Address { return m.Root.Header.addresses("Bcc") }

// ReplyTo gives the addresses that answers should go to.
func (m *Message) ReplyTo() []Address { return m.Root.Header.addresses("Reply-To") }

// Subject gives the decoded subject.
func (m *Message) Subject() string { return m.Root.Header.Get("Subject") }

// Date gives the time in the Date field; false when it is missing or cannot be read. Its
// year is 0 to 9999, also in UTC, and its zone less than 24 hours from UTC. Without a zone,
// or with an unknown one, UTC is taken.
func (m *Message) Date() (time.Time, bool) {
	raw, ok := m.Root.Header.raw("Date")
	if !ok {
		return time.Time{}, false
	}
	date, _, ok := parseDate(raw)
	return date, ok
}

// MessageID gives the message ID without angle brackets.
func (m *Message) MessageID() string { return identifier(m.Root.Header.Get("Message-ID")) }
