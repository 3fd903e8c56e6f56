package smtp

import (
	"strconv"
	"time"
)

// Limits bound what a client can do. A field that is zero has its default.
type Limits struct {
	// MaxMessageSize bounds a message, in octets after dot-unstuffing (RFC
	// 5321 section 4.5.3.1.7). Default: 25 MiB.
	MaxMessageSize int64

	// MaxHeaderSize bounds a message's header section, in octets. Default: 1 MiB.
	MaxHeaderSize int64

	// MaxDataLine bounds a line of a message, in octets with its line end (RFC
	// 5321 section 4.5.3.1.6 allows 1000). Default: the message's own bound.
	MaxDataLine int64

	// MaxRecipients bounds the recipients of a message. Default: 1000.
	MaxRecipients int

	// MaxTransactions bounds the mail transactions of a connection. They take no
	// memory once they are over. Default: none.
	MaxTransactions int

	// MaxConnections and MaxClientConnections bound the open connections of the
	// server's Sessions, in all and of one IP address. Default: 10000 and 5000.
	MaxConnections       int
	MaxClientConnections int

	// FirstCommandTimeout bounds the wait for a client's first command line, and
	// for a TLS handshake. Default: 1m, or IdleTimeout if that is less.
	FirstCommandTimeout time.Duration

	// IdleTimeout bounds the wait for a whole command line, for the next octets
	// of data, and for the client to take a reply. Default: 5m.
	IdleTimeout time.Duration

	// MinDataRate is how many octets of data a second have to arrive on average, after
	// an initial allowance of IdleTimeout. Default: 500. Negative: none.
	MinDataRate int64
}

// Bounds that are not settings.
const (
	// maxCommandLine is the longest command line, its line end included.
	// RFC 5321 section 4.5.3.1.4 asks for 512 and lets extensions add to it.
	maxCommandLine = 4096

	// maxAuthLine is the longest line of an AUTH exchange (RFC 4954 section 4).
	maxAuthLine = 12288

	// maxBadCommands is how many bad commands in a row close the session: a client that
	// sends so many does not speak SMTP. Commands that are carried out, or refused for
	// what they ask, are not bounded. Each takes a few microseconds and no memory, and
	// the client uses up one of the connections that its address may have.
	maxBadCommands = 100

	// maxFailedLogins is how many logins may fail before the session is closed.
	maxFailedLogins = 5
)

// withDefaults is l with every field set.
func (l Limits) withDefaults() Limits {
	setDefault(&l.MaxMessageSize, 25<<20)
	setDefault(&l.MaxHeaderSize, 1<<20)
	setDefault(&l.MaxDataLine, l.MaxMessageSize)
	setDefault(&l.MaxRecipients, 1000)
	setDefault(&l.MaxConnections, 10_000)
	setDefault(&l.MaxClientConnections, 5000)
	setDefault(&l.IdleTimeout, 5*time.Minute)
	setDefault(&l.FirstCommandTimeout, min(time.Minute, l.IdleTimeout))
	setDefault(&l.MinDataRate, 500)
	return l
}

func setDefault[T int | int64 | time.Duration](field *T, value T) {
	if *field == 0 {
		*field = value
	}
}

// advertised is the value of LIMITS (RFC 9422).
func (l *Limits) advertised() string {
	s := "RCPTMAX=" + strconv.Itoa(l.MaxRecipients)
	if l.MaxTransactions > 0 {
		s = "MAILMAX=" + strconv.Itoa(l.MaxTransactions) + " " + s
	}
	return s
}

// dataClock computes the deadline for the next octets of data.
type dataClock struct {
	limits  *Limits
	started time.Time // zero before the first wait
	tooSlow bool      // the deadline given last is that of MinDataRate
}

func (c *dataClock) deadline(now time.Time, received int64) time.Time {
	if c.started.IsZero() {
		c.started = now
	}
	deadline := now.Add(c.limits.IdleTimeout)
	c.tooSlow = false
	if c.limits.MinDataRate > 0 {
		due := float64(received) / float64(c.limits.MinDataRate) // seconds
		if elapsed := now.Sub(c.started); due < elapsed.Seconds() {
			// Before any data the two deadlines are the same.
			c.tooSlow = received > 0
			deadline = c.started.Add(c.limits.IdleTimeout + time.Duration(due*float64(time.Second)))
		}
	}
	return deadline
}

// pause excludes the time d, during which nothing was read from the client.
func (c *dataClock) pause(d time.Duration) {
	if !c.started.IsZero() {
		c.started = c.started.Add(d)
	}
}
