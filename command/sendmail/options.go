package sendmail

import (
	"fmt"
	"net"
	"strings"

	"github.com/emersion/go-smtp"
)

// options are what the command line asks for.
type options struct {
	server     string // host:port of the SMTP server
	mode       byte   // what follows -b; 'm' is to send a mail
	fromHeader bool   // -t: send to the recipients in the header
	keepDots   bool   // -i: a line with only a dot does not end the mail
	runQueue   bool   // -q
	help       bool

	sender    string // -f or -r
	hasSender bool
	fullName  string // -F

	notify     []smtp.DSNNotify // -N
	returned   smtp.DSNReturn   // -R
	envelopeID string           // -V

	recipients []string
}

// The options of sendmail, Postfix and Exim, by what follows the letter. Those that set
// does not know are accepted and ignored, as programs pass them.
const (
	plainLetters    = "cGIimnstTUvx"
	argumentLetters = "ABbCeDEFfhLMNOoprRSVX" // attached or the next argument
	attachedLetters = "dqQ"                   // attached or nothing
)

// parseOptions reads a command line as sendmail does: letters may be combined,
// and "--" ends the options. As with GNU's getopt, options may follow recipients.
func parseOptions(args []string, defaultServer string) (*options, error) {
	o := &options{server: defaultServer, mode: 'm'}
	for i := 0; i < len(args); i++ {
		switch arg := args[i]; {
		case arg == "--":
			o.recipients = append(o.recipients, args[i+1:]...)
			i = len(args)
		case arg == "--help":
			o.help = true
		case strings.HasPrefix(arg, "--"):
			return nil, fmt.Errorf("unknown option %s: `sendmail --help` lists those there are", arg)
		case arg == "-" || !strings.HasPrefix(arg, "-"):
			o.recipients = append(o.recipients, arg)
		default:
			used, err := o.letters(arg[1:], args[i+1:])
			if err != nil {
				return nil, err
			}
			i += used
		}
	}
	return o, checkServer(o.server)
}

// letters reads one argument of combined letters, and returns how many of the arguments
// after it belong to it: one or none.
func (o *options) letters(letters string, next []string) (int, error) {
	for i := 0; i < len(letters); i++ {
		letter, rest := letters[i], letters[i+1:]
		switch {
		case strings.IndexByte(plainLetters, letter) >= 0:
			if err := o.set(letter, ""); err != nil {
				return 0, err
			}
		case strings.IndexByte(attachedLetters, letter) >= 0 || strings.IndexByte(argumentLetters, letter) >= 0 && rest != "":
			return 0, o.set(letter, rest)
		case strings.IndexByte(argumentLetters, letter) < 0:
			return 0, fmt.Errorf("unknown option -%c: `sendmail --help` lists those there are", letter)
		case len(next) == 0:
			return 0, fmt.Errorf("option -%c: expected something after it", letter)
		default:
			return 1, o.set(letter, next[0])
		}
	}
	return 0, nil
}

// set stores one option.
func (o *options) set(letter byte, value string) error {
	switch letter {
	case 't':
		o.fromHeader = true
	case 'i':
		o.keepDots = true
	case 'o':
		o.keepDots = o.keepDots || value == "i"
	case 'O':
		o.keepDots = o.keepDots || strings.EqualFold(value, "IgnoreDots") || strings.EqualFold(value, "IgnoreDots=true")
	case 'q':
		o.runQueue = true
	case 'b':
		if len(value) != 1 || !strings.Contains("msip", value) {
			return fmt.Errorf("option -b%s: expected -bm to send a mail, -bs to speak SMTP, -bp or -bi", value)
		}
		o.mode = value[0]
	case 'f', 'r':
		o.sender, o.hasSender = value, true
	case 'F':
		o.fullName = value
	case 'S':
		o.server = value
	case 'V':
		o.envelopeID = value
	case 'N':
		return o.setNotify(value)
	case 'R':
		returned, ok := map[string]smtp.DSNReturn{"full": smtp.DSNReturnFull, "hdrs": smtp.DSNReturnHeaders}[strings.ToLower(value)]
		if !ok {
			return fmt.Errorf("option -R %s: expected full or hdrs", value)
		}
		o.returned = returned
	}
	return nil
}

// setNotify reads the conditions for delivery status notifications (RFC 3461 4.1).
func (o *options) setNotify(value string) error {
	o.notify = nil
	for word := range strings.SplitSeq(strings.ToUpper(value), ",") {
		switch notify := smtp.DSNNotify(strings.TrimSpace(word)); notify {
		case smtp.DSNNotifyNever, smtp.DSNNotifySuccess, smtp.DSNNotifyFailure, smtp.DSNNotifyDelayed:
			o.notify = append(o.notify, notify)
		default:
			return fmt.Errorf("option -N %s: expected never, or some of success, failure and delay", value)
		}
	}
	if len(o.notify) > 1 && strings.Contains(strings.ToUpper(value), string(smtp.DSNNotifyNever)) {
		return fmt.Errorf("option -N %s: never stands alone", value)
	}
	return nil
}

// checkServer checks an address: a host, which may be empty for this machine, and a port.
func checkServer(address string) error {
	if _, port, err := net.SplitHostPort(address); err != nil || port == "" {
		return fmt.Errorf("server %q: expected HOST:PORT, as in %s", address, DefaultServer)
	}
	return nil
}
