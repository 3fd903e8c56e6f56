package release

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"unicode"

	"github.com/emersion/go-smtp"
)

// Kind says why nothing was sent.
type Kind int

// Why nothing was sent.
const (
	BadAddress Kind = iota // what was given is no address, or there are too many
	NotAllowed             // an address is not on the list
	Unsendable             // the mail cannot be sent as it is
	TooLarge               // the mail is larger than configured
	TooMany                // as much as is allowed in a minute was sent already
	Refused                // the server refused it for good
	Away                   // the server is away or busy: it may work later
)

// Error says why a mail was not released. Its text is for whoever asked for it: a
// sentence without a full stop, on one line.
type Error struct {
	Kind Kind
	Text string
}

func (e *Error) Error() string { return e.Text }

// Status is the status of an HTTP answer that tells of the error.
func (e *Error) Status() int {
	switch e.Kind {
	case BadAddress:
		return http.StatusBadRequest
	case NotAllowed:
		return http.StatusForbidden
	case Unsendable:
		return http.StatusUnprocessableEntity
	case TooLarge:
		return http.StatusRequestEntityTooLarge
	case TooMany:
		return http.StatusTooManyRequests
	case Refused:
		return http.StatusBadGateway
	}
	return http.StatusServiceUnavailable
}

func newError(kind Kind, format string, args ...any) *Error {
	return &Error{kind, visible(fmt.Sprintf(format, args...), maxText)}
}

func unsendable(format string, args ...any) *Error { return newError(Unsendable, format, args...) }

// failure is the error for a reply of the server, or for the lack of one. What is what
// was asked of it.
func failure(what string, err error) *Error {
	if own, ok := errors.AsType[*Error](err); ok {
		return own
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return newError(Refused, "%s: the server's certificate is not trusted: %v", what, err)
	}
	e, ok := errors.AsType[*smtp.SMTPError](err)
	if !ok {
		return newError(Away, "%s: the connection to the server failed: %v", what, err)
	}
	kind := Refused
	if e.Code >= 400 && e.Code < 500 {
		kind = Away
	}
	enhanced := ""
	if e.EnhancedCode != (smtp.EnhancedCode{}) {
		enhanced = fmt.Sprintf("%d.%d.%d ", e.EnhancedCode[0], e.EnhancedCode[1], e.EnhancedCode[2])
	}
	return newError(kind, "%s: the server answered %d %s%s", what, e.Code, enhanced, e.Message)
}

// Bounds of what is kept of a server's words and of an error, in bytes.
const (
	maxReply = 200
	maxText  = 1000
)

// visible is a text on one line, without what cannot be seen, and no longer than most
// bytes.
func visible(s string, most int) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.IsControl(r) {
			return ' '
		}
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}
