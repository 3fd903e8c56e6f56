package store

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"strings"
	"sync/atomic"
	"time"
)

// ID names a message. It is a UUID of version 7 (RFC 9562), and the IDs of a bucket
// grow in the order of arrival, also when the clock is set back: the time that an ID
// begins with is therefore not always that of the arrival.
type ID [16]byte

var errMalformedID = errors.New("expected 32 hexadecimal digits")

// ParseID reads 32 hexadecimal digits.
func ParseID(s string) (ID, error) {
	var id ID
	if len(s) != 2*len(id) {
		return ID{}, errMalformedID
	}
	if _, err := hex.Decode(id[:], []byte(s)); err != nil {
		return ID{}, errMalformedID
	}
	return id, nil
}

// String is the ID as 32 lower-case hexadecimal digits.
func (id ID) String() string { return hex.EncodeToString(id[:]) }

// MarshalText implements encoding.TextMarshaler.
func (id ID) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, id[:]), nil }

func (id ID) compare(other ID) int { return bytes.Compare(id[:], other[:]) }

// Next is the least ID that is greater, or zero if there is none.
func (id ID) Next() ID {
	for i := len(id) - 1; i >= 0; i-- {
		if id[i]++; id[i] != 0 {
			break
		}
	}
	return id
}

// ticks is the time that an ID begins with, in 4096ths of a millisecond since 1970.
func (id ID) ticks() uint64 {
	n := binary.BigEndian.Uint64(id[:8])
	return n>>16<<12 | n&0xfff
}

// after turns id, a random UUID, into one of version 7 that is greater than last, for a
// message that arrived at the given time in milliseconds since 1970. Where the time is
// not later than that of last, the bits after it are counted up (RFC 9562 section 6.2,
// method 1).
func (id ID) after(last ID, at int64) ID {
	ticks := max(uint64(max(0, at))<<12, last.ticks()+1)
	binary.BigEndian.PutUint64(id[:8], idTime(ticks))
	return id
}

// idTime is the first half of an ID that begins with a time in ticks, see [ID.ticks].
func idTime(ticks uint64) uint64 { return ticks>>12<<16 | 7<<12 | ticks&0xfff }

// Message is one mail with its envelope. Once appended its exported fields never change, and
// any goroutine may read them without a lock.
type Message struct {
	// ID is set by Append.
	ID ID

	// Arrived is the time of arrival in milliseconds since 1970, by the clock as it
	// then was. It is set by Append.
	Arrived int64

	// Sender is the envelope's reverse-path, empty for the null one.
	Sender string

	// MailParameters is what followed the reverse-path, as sent.
	MailParameters string

	// Recipients are the envelope's forward-paths, in order, as sent.
	Recipients []string

	// Raw is the header and body as received, after dot-unstuffing.
	Raw string

	// Exchange is the transcript of the message's own transaction.
	Exchange Transcript

	// Session describes the SMTP session that the message came in, nil if it did not
	// come by SMTP.
	Session *Session

	// Extras are details that most messages do not have; then it is nil.
	Extras *Extras

	// HeaderFields are set by whoever appends the message, as the store parses no mail.
	HeaderFields

	cost    int64 // changed only while the bucket is locked
	derived derived
	mark    mark
	hint    atomic.Uint32
}

// HeaderFields are the fields of a message's header that lists of messages show:
// unfolded, but not decoded; "" where one is missing.
type HeaderFields struct {
	Subject, From, To string
}

// Extras are details that few messages have.
type Extras struct {
	// RecipientParameters is what followed each of the message's Recipients, as sent;
	// nil if nothing did.
	RecipientParameters []string

	// Problems says what was wrong with how the data was sent.
	Problems []string
}

// Session is what is known of an SMTP session. Its messages share it.
type Session struct {
	// Client is the peer's address with its port.
	Client string

	// Hello is the argument of HELO or EHLO; Extended is true for EHLO.
	Hello    string
	Extended bool

	// TLSVersion and TLSCipher are empty without TLS. TLSServerName is what
	// the client asked for, TLSClientSubject the subject of its certificate.
	TLSVersion, TLSCipher           string
	TLSServerName, TLSClientSubject string

	// AuthMechanism and AuthIdentity are those of the client's login, if any.
	AuthMechanism, AuthIdentity string

	// Preamble is the transcript up to the session's first transaction.
	Preamble string
}

// Problems says what was wrong with how the data was sent.
func (m *Message) Problems() []string {
	if m.Extras == nil {
		return nil
	}
	return m.Extras.Problems
}

// RecipientParameters is what followed the recipient with that index, as sent.
func (m *Message) RecipientParameters(i int) string {
	if m.Extras == nil || i >= len(m.Extras.RecipientParameters) {
		return ""
	}
	return m.Extras.RecipientParameters[i]
}

// shareText replaces the strings of the envelope by substrings of the transcript, if
// they occur in it in the same order, so that their memory is needed only once.
func (m *Message) shareText() {
	rest := string(m.Exchange)
	share := func(text *string) bool {
		at := strings.Index(rest, *text)
		if at < 0 {
			return false
		}
		end := at + len(*text)
		*text, rest = rest[at:end], rest[end:]
		return true
	}
	share(&m.Sender)
	share(&m.MailParameters)
	for i := range m.Recipients {
		if !share(&m.Recipients[i]) {
			return
		}
	}
}

// Login is the name that the client was logged in with, "" if it was not.
func (m *Message) Login() string {
	if m.Session == nil {
		return ""
	}
	return m.Session.AuthIdentity
}

// Time is the time of arrival, to the millisecond.
func (m *Message) Time() time.Time { return time.UnixMilli(m.Arrived) }

// What a message costs beside its strings, in bytes: first for the message itself, its
// session, its entries in the ring and under its login, and the rounding of the allocator;
// then for each address and each domain, with its string header, index entry and entry in a
// posting.
const (
	messageCost = 328
	addressCost = 160
	domainCost  = 128
)

// footprint is the memory that holding m costs, in bytes, rounded up: what
// MaxBytes bounds.
func (m *Message) footprint() int64 {
	n := messageCost + allocated(len(m.Raw)) + addressFootprint(m.Sender, "")
	last := ""
	for _, r := range m.Recipients {
		n += addressFootprint(r, last)
		last = domainOf(r)
	}
	if x := m.Extras; x != nil {
		n += 48
		for _, list := range [][]string{x.RecipientParameters, x.Problems} {
			for _, text := range list {
				n += len(text) + 16
			}
		}
	}
	n += len(m.MailParameters) + allocated(len(m.Exchange))
	if s := m.Session; s != nil {
		// The session is shared, but this may be the last message that refers to it.
		if s.AuthIdentity != "" {
			n += len(s.AuthIdentity) + addressCost
		}
		n += 192 + len(s.Client) + len(s.Hello) + len(s.TLSServerName) + len(s.TLSClientSubject) + len(s.AuthIdentity) + len(s.Preamble)
	}
	// Fields that were folded are copies rather than parts of Raw.
	for _, f := range []string{m.Subject, m.From, m.To} {
		n += len(f)
	}
	return int64(n)
}

// addressFootprint is what an address costs, in bytes: the address, the same again as
// a key of an index, and its domain as another, unless it is known, which has been
// counted.
func addressFootprint(address, known string) int {
	n := 2*len(address) + addressCost
	if domain := domainOf(address); domain != "" && domain != known {
		n += len(domain) + domainCost
	}
	return n
}

// allocated is an upper bound of what the allocator takes for n bytes: up to 32 KiB
// its size classes waste at most an eighth, and above that it gives whole pages.
func allocated(n int) int {
	const page = 8 << 10
	if n <= 32<<10 {
		return n + n/8
	}
	return (n + page - 1) / page * page
}
