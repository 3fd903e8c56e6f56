package sendmail

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"slices"
	"strings"
	"time"

	"github.com/emersion/go-smtp"
	"golang.org/x/net/idna"
)

const (
	dialTimeout    = 30 * time.Second
	commandTimeout = 5 * time.Minute // RFC 5321 4.5.3.2
)

// dial connects to the server.
func dial(address string) (net.Conn, error) {
	conn, err := net.DialTimeout("tcp", address, dialTimeout)
	if err != nil {
		code := exitUnavailable
		if e, ok := errors.AsType[*net.DNSError](err); ok && !e.IsTimeout {
			code = exitNoHost
		}
		return nil, failure(code, fmt.Errorf("no SMTP server at %s: start one with `mailbucket catch-mail`, or name another with -S or $%s (%w)",
			address, ServerVariable, err))
	}
	return conn, nil
}

// deliver sends the mail. If a recipient is refused, nothing is sent to any of the same
// transaction.
func deliver(o *options, e *envelope, m *mail, domain string) error {
	conn, err := dial(o.server)
	if err != nil {
		return err
	}
	defer conn.Close()
	if conn, err = greeted(conn); err != nil {
		return err
	}
	c := smtp.NewClient(conn)
	defer c.Close()
	c.CommandTimeout = commandTimeout
	if err := c.Hello(domain); err != nil {
		return answer("greeting", err)
	}
	mailOptions := &smtp.MailOptions{Size: m.size(), Return: o.returned, EnvelopeID: o.envelopeID}
	if mailOptions.UTF8, err = needsUTF8(c, e, m); err != nil {
		return err
	}
	for rest := e.recipients; len(rest) > 0; {
		if rest, err = transaction(c, o, e.sender, rest, m, mailOptions); err != nil {
			return err
		}
	}
	_ = c.Quit() // the mail is delivered whatever the answer
	return nil
}

// greeting is a connection whose first bytes have been read already.
type greeting struct {
	net.Conn
	r *bufio.Reader
}

func (g greeting) Read(p []byte) (int, error) { return g.r.Read(p) }

// greeted waits for the greeting and refuses one that is not of SMTP: the client
// would take "SSH-2.0" for the first of several lines and wait for the others.
func greeted(conn net.Conn) (net.Conn, error) {
	if err := conn.SetReadDeadline(time.Now().Add(commandTimeout)); err != nil {
		return nil, answer("greeting", err)
	}
	g := greeting{conn, bufio.NewReader(conn)}
	begin, err := g.r.Peek(3)
	if err != nil {
		return nil, answer("greeting", err)
	}
	if strings.Trim(string(begin), "0123456789") != "" {
		return nil, failure(exitProtocol, fmt.Errorf("the server does not speak SMTP: its greeting begins with %q", begin))
	}
	return g, nil
}

// needsUTF8 is whether SMTPUTF8 is to be asked for (RFC 6531 3.4). Where the server
// does not offer it, domains are written in ASCII, and the header goes as it is.
func needsUTF8(c *smtp.Client, e *envelope, m *mail) (bool, error) {
	addresses := append([]string{e.sender}, e.recipients...)
	addressesAre := !slices.ContainsFunc(addresses, func(a string) bool { return !isASCII(a) })
	offered, _ := c.Extension("SMTPUTF8")
	if offered {
		return !addressesAre || m.headerHas8Bit(), nil
	}
	if addressesAre {
		return false, nil
	}
	for i, address := range addresses {
		local, domain, _ := cutAddress(address)
		ascii, err := idna.Lookup.ToASCII(domain)
		if isASCII(domain) {
			ascii, err = domain, nil
		}
		if err != nil || !isASCII(local) {
			return false, failure(exitUnavailable, fmt.Errorf("%s: the server does not offer SMTPUTF8, which this address needs", address))
		}
		if local != "" {
			addresses[i] = local + "@" + ascii
		}
	}
	e.sender, e.recipients = addresses[0], addresses[1:]
	return false, nil
}

// transaction sends the mail to as many of the recipients as the server takes at
// once, and gives the others (RFC 5321 4.5.3.1.10).
func transaction(c *smtp.Client, o *options, sender string, recipients []string, m *mail, mailOptions *smtp.MailOptions) (rest []string, err error) {
	if err := c.Mail(sender, mailOptions); err != nil {
		return nil, answer("sender <"+sender+">", err)
	}
	for i, recipient := range recipients {
		err := c.Rcpt(recipient, &smtp.RcptOptions{Notify: o.notify})
		if e, ok := errors.AsType[*smtp.SMTPError](err); ok && i > 0 && e.Code == 452 && e.EnhancedCode == (smtp.EnhancedCode{4, 5, 3}) {
			rest = recipients[i:]
			break
		}
		if err != nil {
			return nil, refusedRecipient(recipient, err)
		}
	}
	data, err := c.Data()
	if err != nil {
		return nil, answer("mail", err)
	}
	if _, err := m.WriteTo(data); err != nil {
		return nil, answer("mail", err)
	}
	if err := data.Close(); err != nil {
		return nil, answer("mail", err)
	}
	return rest, nil
}

func refusedRecipient(recipient string, err error) error {
	refused := answer("recipient <"+recipient+">", err)
	if e, ok := errors.AsType[*smtp.SMTPError](err); ok && slices.Contains([]int{501, 550, 551, 553}, e.Code) {
		return failure(exitNoUser, refused)
	}
	return refused
}

// answer is the error for a reply of the server, or for the lack of one.
func answer(what string, err error) error {
	if e, ok := errors.AsType[*smtp.SMTPError](err); ok {
		text := strings.Join(strings.Fields(e.Message), " ")
		if e.EnhancedCode != (smtp.EnhancedCode{}) {
			text = fmt.Sprintf("%d.%d.%d %s", e.EnhancedCode[0], e.EnhancedCode[1], e.EnhancedCode[2], text)
		}
		return failure(exitCode(err), fmt.Errorf("%s: the server answered %d %s", what, e.Code, text))
	}
	if _, ok := errors.AsType[textproto.ProtocolError](err); ok {
		return failure(exitProtocol, fmt.Errorf("%s: the server does not speak SMTP: %w", what, err))
	}
	return failure(exitTemporary, fmt.Errorf("%s: the connection to the server broke: %w", what, err))
}
