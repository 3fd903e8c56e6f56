package sendmail

import (
	"errors"
	"net"

	"github.com/emersion/go-smtp"
)

// The exit codes of sendmail, from sysexits.h.
const (
	exitOK          = 0
	exitUsage       = 64 // the command line is wrong
	exitData        = 65 // the mail is wrong
	exitNoInput     = 66 // the mail cannot be read
	exitNoUser      = 67 // a recipient is refused
	exitNoHost      = 68 // the server's name is not known
	exitUnavailable = 69 // there is no server, or it refuses the mail
	exitIO          = 74 // the answer cannot be written
	exitTemporary   = 75 // the server says to try again later
	exitProtocol    = 76 // the server does not speak SMTP
	exitNoPerm      = 77 // the server wants a login
)

// exitError is an error with its exit code.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string { return e.err.Error() }
func (e *exitError) Unwrap() error { return e.err }

func failure(code int, err error) error { return &exitError{code, err} }

// exitCode is the exit code for an error of this program or of the SMTP client.
func exitCode(err error) int {
	if err == nil {
		return exitOK
	}
	if e, ok := errors.AsType[*exitError](err); ok {
		return e.code
	}
	if e, ok := errors.AsType[*smtp.SMTPError](err); ok {
		switch {
		case e.Code < 400:
			return exitProtocol
		case e.Code < 500:
			return exitTemporary
		case e.Code == 530 || e.Code == 534 || e.Code == 535 || e.Code == 538:
			return exitNoPerm
		default:
			return exitUnavailable
		}
	}
	if e, ok := errors.AsType[*net.DNSError](err); ok && !e.IsTimeout {
		return exitNoHost
	}
	return exitUnavailable
}
