package sendmail

import (
	"errors"
	"fmt"
	"mime"
	"os"
	"os/user"
	"strings"

	"github.com/caddy-mailbucket/mailbucket/message"
)

// envelope has the sender and the recipients of the mail for SMTP.
type envelope struct {
	sender     string // "" is the null sender
	recipients []string
}

// newEnvelope takes the sender and the recipients from the command line and, where
// they are not there, from the header.
func newEnvelope(o *options, m *mail, domain string) (*envelope, error) {
	e := new(envelope)
	var err error
	if e.sender, err = sender(o, m, domain); err != nil {
		return nil, err
	}
	seen := make(map[string]bool)
	add := func(a message.Address, exit int, from string) error {
		address, err := qualify(a, domain)
		if err != nil {
			return failure(exit, fmt.Errorf("recipient in %s: %w", from, err))
		}
		if !seen[address] {
			seen[address] = true
			e.recipients = append(e.recipients, address)
		}
		return nil
	}
	for _, arg := range o.recipients {
		for _, a := range message.ParseAddresses(arg) {
			if err := add(a, exitUsage, "the command line"); err != nil {
				return nil, err
			}
		}
	}
	if o.fromHeader {
		names := []string{"To", "Cc", "Bcc"}
		if m.has("Resent-To") || m.has("Resent-Cc") || m.has("Resent-Bcc") {
			names = []string{"Resent-To", "Resent-Cc", "Resent-Bcc"}
		}
		for _, a := range m.addresses(names...) {
			if err := add(a, exitData, "the header"); err != nil {
				return nil, err
			}
		}
	}
	switch {
	case len(e.recipients) > 0:
		return e, nil
	case o.fromHeader:
		return nil, failure(exitData, errors.New("the mail has no recipient: expected an address in To, Cc or Bcc, or on the command line"))
	default:
		return nil, failure(exitUsage, errors.New("no recipient: give addresses on the command line, or -t to take those of the header"))
	}
}

// sender is the envelope's: that of -f, or that of the header by RFC 5322 3.6.2
// and 3.6.6, or the user who runs this program.
func sender(o *options, m *mail, domain string) (string, error) {
	if o.hasSender {
		if trimmed := strings.TrimSpace(o.sender); trimmed == "" || trimmed == "<>" {
			return "", nil
		}
		list := message.ParseAddresses(o.sender)
		if len(list) == 0 {
			return "", failure(exitUsage, fmt.Errorf("sender %q: expected an address", o.sender))
		}
		address, err := qualify(list[0], domain)
		if err != nil {
			return "", failure(exitUsage, fmt.Errorf("sender: %w", err))
		}
		return address, nil
	}
	for _, name := range []string{"Resent-Sender", "Resent-From", "Sender", "From"} {
		for _, a := range m.addresses(name) {
			if address, err := qualify(a, domain); err == nil {
				return address, nil
			}
		}
	}
	return userName() + "@" + domain, nil
}

// qualify is the address for SMTP. A name without a domain, such as cron's root, gets the
// domain of this machine.
func qualify(a message.Address, domain string) (string, error) {
	address := a.Address
	if address == "" {
		address = a.Name
	}
	local, _, hasDomain := cutAddress(address)
	quoted := strings.HasPrefix(local, `"`)
	if local == "" || strings.ContainsFunc(address, isControl) ||
		!quoted && strings.ContainsAny(address, " <>") {
		return "", fmt.Errorf("%q is no address: expected one such as user@example.com", address)
	}
	if !hasDomain {
		address += "@" + domain
	}
	return address, nil
}

// cutAddress splits an address at its last "@".
func cutAddress(address string) (local, domain string, found bool) {
	at := strings.LastIndexByte(address, '@')
	if at < 0 {
		return address, "", false
	}
	return address[:at], address[at+1:], true
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f }

// fromField is the From field that is added to a mail without one.
func fromField(sender, fullName, domain string) string {
	if sender == "" {
		sender = userName() + "@" + domain
	}
	if fullName == "" {
		return sender
	}
	if isASCII(fullName) {
		return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\r", " ", "\n", " ").Replace(fullName) + `" <` + sender + ">"
	}
	return mime.QEncoding.Encode("utf-8", fullName) + " <" + sender + ">"
}

// userName is the name of the user who runs this program, fit for an address.
func userName() string {
	name := ""
	if u, err := user.Current(); err == nil {
		// Windows has the domain's name before a backslash.
		name = u.Username[strings.LastIndexByte(u.Username, '\\')+1:]
	}
	name = strings.Map(func(r rune) rune {
		if r <= ' ' || r == 0x7f || strings.ContainsRune(`<>()[],;:"@\`, r) {
			return -1
		}
		return r
	}, name)
	if name == "" {
		return "nobody"
	}
	return name
}

// hostName is the name of this machine, fit for EHLO.
func hostName() string {
	name, err := os.Hostname()
	if err != nil || name == "" || !isASCII(name) || strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || isControl(r) }) {
		return "localhost"
	}
	return name
}
