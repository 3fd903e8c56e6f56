package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"unsafe"
)

// RecordKind says what happened.
type RecordKind uint8

// What a log tells. What makes room for newer messages, or reaches MaxAge, is not in it:
// everyone who reads the log finds that out alike.
const (
	MessageCame RecordKind = iota + 1
	MessagesRemoved
	MessagesMarked
	FaultsSet
	MessageReleased
	TagsSet

	// LogBegins is in no log: a journal that several buckets write into feeds it when it finds
	// that others have had trimmed what it has not read yet, so perhaps deletions. The entry's
	// position is where the log begins now, and messages before it are gone.
	LogBegins
)

// Record is something that happened to a bucket, as a [Journal] has it.
type Record struct {
	Kind RecordKind

	// ID is random, and names the record: two with the same ID are the same record, written
	// twice.
	ID ID

	// Message is the one that came: all but what the log's entry says, which is its ID and
	// its time of arrival, and but for what readers keep beside it.
	Message *Message

	// IDs are the messages that were removed, marked or given tags.
	IDs []ID

	// Read is whether the messages were marked as read, or as unread.
	Read bool

	// Faults is the document that set the faults.
	Faults []byte

	// Release is how the message, the only one of IDs, was sent on.
	Release *Release

	// Tags are those that the messages have from now on, in the place of any others.
	Tags []string
}

// The first byte of a record in binary form is the version of the form that first had its
// kind. A program that does not know the kind thus does not take the record for damage, and
// can still read a log in which nothing of that kind has happened. What follows is the kind,
// the ID, and then, by the kind:
//
//	MessageCame      flags; sender, MAIL parameters, transcript, subject, from, to; the
//	                 number of recipients and each; the session, if there is one; the extras,
//	                 if there are any; and up to the end the message as received
//	MessagesRemoved  the IDs
//	MessagesMarked   0 or 1 for read, and the IDs
//	FaultsSet        the document
//	MessageReleased  the ID; the time as a number; by, sender, message ID and reply; the number
//	                 of recipients and each
//	TagsSet          the number of tags and each; the IDs
//
// A number is a uvarint of encoding/binary, and a text is its length as a number, and its
// bytes. Session and extras have the fields in the order in which Go declares them.
const (
	firstVersion  = 1
	tagsVersion   = 2
	recordVersion = tagsVersion // the latest one
)

// version is that of the form that first had the kind.
func (k RecordKind) version() byte {
	if k == TagsSet {
		return tagsVersion
	}
	return firstVersion
}

// Flags of a message in binary form.
const (
	hasSession = 1 << iota
	hasExtras
	saidEHLO // the session's Extended
	knownFlags
)

var errMalformedRecord = errors.New("malformed record")

// ErrRecordVersion is the error of reading a record that a later version of this program wrote.
var ErrRecordVersion = errors.New("written by a later version of this program")

// AppendTo appends the binary form of r to b. An error means that r is no record that can
// be written.
func (r *Record) AppendTo(b []byte) ([]byte, error) {
	b = append(append(b, r.Kind.version(), byte(r.Kind)), r.ID[:]...)
	switch {
	case r.Kind == MessageCame && r.Message != nil:
		return r.Message.appendTo(b), nil
	case r.Kind == MessagesRemoved:
		return appendIDs(b, r.IDs), nil
	case r.Kind == MessagesMarked && r.Read:
		return appendIDs(append(b, 1), r.IDs), nil
	case r.Kind == MessagesMarked:
		return appendIDs(append(b, 0), r.IDs), nil
	case r.Kind == FaultsSet:
		return append(b, r.Faults...), nil
	case r.Kind == MessageReleased && r.Release != nil && len(r.IDs) == 1:
		return r.Release.appendTo(appendIDs(b, r.IDs)), nil
	case r.Kind == TagsSet:
		return appendIDs(appendTexts(b, r.Tags), r.IDs), nil
	}
	return nil, fmt.Errorf("writing a record of kind %d: it is not known, or lacks what it is about", r.Kind)
}

// Size is how many bytes the binary form of r takes, about: it may be a little more or, with
// large headers, less.
func (r *Record) Size() int64 {
	size := 512 + len(r.Faults) + len(r.ID)*len(r.IDs)
	for _, tag := range r.Tags {
		size += len(tag) + 1
	}
	if m := r.Message; m != nil {
		size += len(m.Raw) + len(m.Exchange)
	}
	return int64(size)
}

func appendIDs(b []byte, ids []ID) []byte {
	for i := range ids {
		b = append(b, ids[i][:]...)
	}
	return b
}

func appendText(b []byte, text string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(text))), text...)
}

func appendTexts(b []byte, list []string) []byte {
	b = binary.AppendUvarint(b, uint64(len(list)))
	for _, text := range list {
		b = appendText(b, text)
	}
	return b
}

func (r *Release) appendTo(b []byte) []byte {
	b = binary.AppendUvarint(b, uint64(r.At))
	for _, text := range []string{r.By, r.Sender, r.MessageID, r.Reply} {
		b = appendText(b, text)
	}
	return appendTexts(b, r.To)
}

func (m *Message) appendTo(b []byte) []byte {
	var flags byte
	if m.Session != nil {
		flags |= hasSession
		if m.Session.Extended {
			flags |= saidEHLO
		}
	}
	if m.Extras != nil {
		flags |= hasExtras
	}
	b = append(b, flags)
	for _, text := range []string{m.Sender, m.MailParameters, string(m.Exchange), m.Subject, m.From, m.To} {
		b = appendText(b, text)
	}
	b = appendTexts(b, m.Recipients)
	if m.Session != nil {
		for _, text := range m.Session.texts() {
			b = appendText(b, *text)
		}
	}
	if m.Extras != nil {
		b = appendTexts(appendTexts(b, m.Extras.RecipientParameters), m.Extras.Problems)
	}
	return append(b, m.Raw...)
}

// texts are the texts of a session in the order of its binary form.
func (s *Session) texts() [9]*string {
	return [...]*string{
		&s.Client, &s.Hello, &s.TLSVersion, &s.TLSCipher, &s.TLSServerName, &s.TLSClientSubject,
		&s.AuthMechanism, &s.AuthIdentity, &s.Preamble,
	}
}

// ParseRecord reads what AppendTo wrote. The record's texts are parts of b, which therefore
// must not change afterwards. It takes no more memory than in proportion to b.
func ParseRecord(b []byte) (Record, error) {
	if len(b) < 2+len(ID{}) {
		return Record{}, fmt.Errorf("%w: it ends too early", errMalformedRecord)
	}
	if b[0] > recordVersion {
		return Record{}, fmt.Errorf("%w: a record of version %d cannot be read by this program, which knows version %d", ErrRecordVersion, b[0], recordVersion)
	}
	r := Record{Kind: RecordKind(b[1]), ID: ID(b[2:])}
	if b[0] != r.Kind.version() {
		return Record{}, fmt.Errorf("%w: the kind %d is none of version %d", errMalformedRecord, r.Kind, b[0])
	}
	b = b[2+len(r.ID):]
	var err error
	switch r.Kind {
	case MessageCame:
		r.Message, err = parseMessage(b)
	case MessagesRemoved:
		r.IDs, err = parseIDs(b)
	case MessagesMarked:
		if len(b) == 0 || b[0] > 1 {
			return Record{}, fmt.Errorf("%w: a mark is neither 0 nor 1", errMalformedRecord)
		}
		r.Read = b[0] == 1
		r.IDs, err = parseIDs(b[1:])
	case FaultsSet:
		r.Faults = b
	case MessageReleased:
		r.IDs, r.Release, err = parseRelease(b)
	case TagsSet:
		r.IDs, r.Tags, err = parseTags(b)
	default:
		err = fmt.Errorf("%w: the kind %d is not known", errMalformedRecord, r.Kind)
	}
	if err != nil {
		return Record{}, err
	}
	return r, nil
}

func parseIDs(b []byte) ([]ID, error) {
	const size = len(ID{})
	if len(b)%size != 0 {
		return nil, fmt.Errorf("%w: an ID ends too early", errMalformedRecord)
	}
	ids := make([]ID, 0, len(b)/size)
	for ; len(b) > 0; b = b[size:] {
		ids = append(ids, ID(b))
	}
	return ids, nil
}

func parseRelease(b []byte) ([]ID, *Release, error) {
	const size = len(ID{})
	if len(b) < size {
		return nil, nil, fmt.Errorf("%w: an ID ends too early", errMalformedRecord)
	}
	ids := []ID{ID(b)}
	p := newRecordParser(b[size:])
	r := &Release{At: int64(p.uvarint())}
	for _, text := range []*string{&r.By, &r.Sender, &r.MessageID, &r.Reply} {
		*text = p.text()
	}
	r.To = p.texts()
	if p.failed || p.rest != "" {
		return nil, nil, fmt.Errorf("%w: the release ends too early or late, or a length is wrong", errMalformedRecord)
	}
	return ids, r, nil
}

func parseTags(b []byte) (ids []ID, tags []string, err error) {
	p := newRecordParser(b)
	if tags = p.texts(); p.failed {
		return nil, nil, fmt.Errorf("%w: the tags end too early, or a length is wrong", errMalformedRecord)
	}
	ids, err = parseIDs(b[len(b)-len(p.rest):])
	return ids, tags, err
}

func parseMessage(b []byte) (*Message, error) {
	p := newRecordParser(b)
	flags := p.byte()
	if flags >= knownFlags {
		p.failed = true
	}
	m := new(Message)
	var exchange string
	for _, text := range []*string{&m.Sender, &m.MailParameters, &exchange, &m.Subject, &m.From, &m.To} {
		*text = p.text()
	}
	m.Exchange = Transcript(exchange)
	m.Recipients = p.texts()
	if flags&hasSession != 0 {
		m.Session = &Session{Extended: flags&saidEHLO != 0}
		for _, text := range m.Session.texts() {
			*text = p.text()
		}
	}
	if flags&hasExtras != 0 {
		m.Extras = &Extras{RecipientParameters: p.texts(), Problems: p.texts()}
	}
	if p.failed {
		return nil, fmt.Errorf("%w: the message ends too early, or a length is wrong", errMalformedRecord)
	}
	m.Raw = p.rest
	return m, nil
}

// recordParser reads what a message begins with. Once it has failed it gives nothing.
type recordParser struct {
	rest   string
	failed bool
}

// newRecordParser reads b, which must not change any more.
func newRecordParser(b []byte) *recordParser {
	return &recordParser{rest: unsafe.String(unsafe.SliceData(b), len(b))}
}

func (p *recordParser) byte() byte {
	if p.failed || p.rest == "" {
		p.failed = true
		return 0
	}
	c := p.rest[0]
	p.rest = p.rest[1:]
	return c
}

func (p *recordParser) uvarint() (n uint64) {
	for shift := 0; shift < 64; shift += 7 {
		c := p.byte()
		n |= uint64(c&0x7f) << shift
		if c < 0x80 {
			break
		}
	}
	return n
}

// number is at most the number of bytes that are left, as each of what it counts takes one
// at least.
func (p *recordParser) number() int {
	n := p.uvarint()
	if p.failed || n > uint64(len(p.rest)) {
		p.failed = true
		return 0
	}
	return int(n)
}

func (p *recordParser) text() string {
	n := p.number()
	text := p.rest[:n]
	p.rest = p.rest[n:]
	return text
}

// texts is nil for none.
func (p *recordParser) texts() []string {
	n := p.number()
	if n == 0 {
		return nil
	}
	list := make([]string, 0, n)
	for range n {
		list = append(list, p.text())
	}
	if p.failed {
		return nil
	}
	return list
}
