package smtp

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"go.uber.org/zap"
)

// answer carries out one command line. An error ends the session.
func (s *session) answer(line []byte) (reply, error) {
	if r, bad := s.strayByte(line); bad {
		return r, nil
	}
	verb, argument, _ := bytes.Cut(line, []byte{' '})
	argument = bytes.Trim(argument, " \t")
	switch strings.ToUpper(string(verb)) {
	case "HELO":
		return s.helo(argument), nil
	case "EHLO":
		return s.ehlo(argument), nil
	case "MAIL":
		return s.mailFrom(argument), nil
	case "RCPT":
		return s.rcptTo(argument), nil
	case "DATA":
		return s.dataCommand(argument)
	case "RSET":
		return s.rset(argument), nil
	case "NOOP":
		return replyNoop, nil
	case "VRFY":
		return s.vrfy(argument), nil
	case "HELP":
		if s.server.NoExtensions {
			return replyHelpNoEHLO, nil
		}
		return replyHelp, nil
	case "QUIT":
		return s.quit(argument), nil
	case "EXPN", "SEND", "SOML", "SAML", "TURN", "ETRN", "STARTTLS", "AUTH", "BDAT":
		return replyNotSupported, nil
	}
	return replyUnknown, nil
}

// strayByte finds bytes that no command line may hold.
func (s *session) strayByte(line []byte) (reply, bool) {
	i := bytes.IndexAny(line, "\r\n\x00")
	switch {
	case i < 0:
		return reply{}, false
	case line[i] == 0:
		return replyNUL, true
	case s.lineEnd == "\n":
		return replyStrayCR, true
	}
	return replyStrayLineEnd, true
}

// helo is RFC 5321 section 4.1.1.1, as ehlo is.
func (s *session) helo(argument []byte) reply {
	if len(argument) == 0 {
		return replyHelloArgument
	}
	s.endTransaction()
	s.hello, s.extended = string(argument), false
	return replyHello
}

func (s *session) ehlo(argument []byte) reply {
	if s.server.NoExtensions {
		return replyNotSupported
	}
	if len(argument) == 0 {
		return replyEhloArgument
	}
	s.endTransaction()
	s.hello, s.extended = string(argument), true
	return reply{250, "", s.server.Hostname + " Hello" +
		"\nPIPELINING" + // RFC 2920
		"\nSIZE " + strconv.FormatInt(s.server.maxMessageSize(), 10) + // RFC 1870
		"\n8BITMIME" + // RFC 6152
		"\nSMTPUTF8" + // RFC 6531
		"\nENHANCEDSTATUSCODES"} // RFC 2034
}

// mailFrom is RFC 5321 section 4.1.1.2.
func (s *session) mailFrom(argument []byte) reply {
	if s.hello == "" {
		if s.server.NoExtensions {
			return replyHelloOnly
		}
		return replyHelloFirst
	}
	if s.mail.open {
		return replyNestedMail
	}
	path, ok := cutKeyword(argument, "FROM:")
	if !ok {
		return replyMailSyntax
	}
	mailbox, rest, err := parsePath(path)
	if err != nil {
		return reply{501, "5.1.7", sentence(err)}
	}
	mail := transaction{open: true}
	if r, ok := s.mailParameters(&mail, rest); !ok {
		return r
	}
	if !mail.smtputf8 && !isASCII(mailbox) {
		return replyNeedsUTF8
	}
	mail.reversePath = string(mailbox)
	mail.recipients = s.mail.recipients
	s.mail = mail
	s.setInTransaction(true)
	return replySenderOK
}

// mailParameters reads MAIL's parameters into mail, or says what is wrong with them.
func (s *session) mailParameters(mail *transaction, rest []byte) (reply, bool) {
	parameters, r, ok := s.parameters(rest)
	if !ok {
		return r, false
	}
	mail.mailParameters = string(parameters)
	var seen []string
	for len(parameters) > 0 {
		keyword, value, next, err := nextParameter(parameters)
		if err != nil {
			return reply{501, "5.5.4", sentence(err)}, false
		}
		for _, k := range seen {
			if k == keyword {
				return reply{501, "5.5.4", "Parameter " + keyword + " given twice"}, false
			}
		}
		seen = append(seen, keyword)
		if r, ok := s.mailParameter(mail, keyword, value); !ok {
			return r, false
		}
		parameters = next
	}
	return reply{}, true
}

func (s *session) mailParameter(mail *transaction, keyword, value string) (reply, bool) {
	switch keyword {
	case "SIZE": // RFC 1870 section 3
		size, err := strconv.ParseUint(value, 10, 63)
		if errors.Is(err, strconv.ErrSyntax) || len(value) > 20 {
			return reply{501, "5.5.4", "Malformed SIZE, expected a number of octets"}, false
		}
		if err != nil || int64(size) > s.server.maxMessageSize() {
			s.server.Receiver.Refused()
			return replyTooLarge(s.server.maxMessageSize()), false
		}
	case "BODY": // RFC 6152 section 2
		if v := strings.ToUpper(value); v != "7BIT" && v != "8BITMIME" {
			return reply{501, "5.5.4", "Malformed BODY, expected 7BIT or 8BITMIME"}, false
		}
	case "SMTPUTF8": // RFC 6531 section 3.4
		if value != "" {
			return reply{501, "5.5.4", "SMTPUTF8 takes no value"}, false
		}
		mail.smtputf8 = true
	default:
		return reply{555, "5.5.4", "Parameter " + keyword + " not supported"}, false
	}
	return reply{}, true
}

// parameters cuts the blank off what follows a path, and refuses anything that
// may not follow it.
func (s *session) parameters(rest []byte) ([]byte, reply, bool) {
	if len(rest) == 0 {
		return nil, reply{}, true
	}
	if rest[0] != ' ' {
		return nil, reply{501, "5.5.4", "Malformed command, expected a blank after >"}, false
	}
	if !s.extended {
		return nil, reply{555, "5.5.4", "Parameters not supported without EHLO"}, false
	}
	return bytes.TrimLeft(rest, " "), reply{}, true
}

// rcptTo is RFC 5321 section 4.1.1.3.
func (s *session) rcptTo(argument []byte) reply {
	if !s.mail.open {
		return replyMailFirst
	}
	path, ok := cutKeyword(argument, "TO:")
	if !ok {
		return replyRcptSyntax
	}
	mailbox, rest, err := parsePath(path)
	if err == nil && len(mailbox) == 0 {
		err = errors.New("the address must not be empty")
	}
	if err != nil {
		return reply{501, "5.1.3", sentence(err)}
	}
	parameters, r, ok := s.parameters(rest)
	if !ok {
		return r
	}
	if len(parameters) > 0 {
		keyword, _, _, err := nextParameter(parameters)
		if err != nil {
			return reply{501, "5.5.4", sentence(err)}
		}
		return reply{555, "5.5.4", "Parameter " + keyword + " not supported"}
	}
	if !s.mail.smtputf8 && !isASCII(mailbox) {
		return replyNeedsUTF8
	}
	if len(s.mail.recipients) >= s.server.maxRecipients() {
		return replyTooManyTo
	}
	s.mail.recipients = append(s.mail.recipients, string(mailbox))
	return replyRecipientOK
}

// dataCommand is RFC 5321 section 4.1.1.4: 250 goes out only after the receiver
// has the message.
func (s *session) dataCommand(argument []byte) (reply, error) {
	switch {
	case len(argument) > 0:
		return replyNoArgument, nil
	case !s.mail.open:
		return replyMailFirst, nil
	case len(s.mail.recipients) == 0:
		return replyRcptFirst, nil
	}
	s.reply(replyStartInput)
	data, problems, tooLarge, err := s.readData()
	if err != nil {
		return reply{}, fmt.Errorf("reading data: %w", err)
	}
	if tooLarge {
		s.endTransaction()
		s.server.Receiver.Refused()
		return replyTooLarge(s.server.maxMessageSize()), nil
	}
	m := &Message{
		ReversePath:    s.mail.reversePath,
		MailParameters: s.mail.mailParameters,
		Recipients:     s.mail.recipients,
		Data:           data,
		Problems:       problems,
		Client:         s.client,
		Hello:          s.hello,
		Extended:       s.extended,
	}
	s.mail.recipients = nil // they are the message's now
	err = s.server.Receiver.Receive(m)
	s.endTransaction()
	return s.received(m, err), nil
}

// received is the reply to a mail that the receiver took or refused.
func (s *session) received(m *Message, err error) reply {
	if err == nil {
		if log := s.logger.Check(zap.DebugLevel, "message accepted"); log != nil {
			log.Write(zap.String("client", s.client), zap.String("sender", m.ReversePath), zap.Int("bytes", len(m.Data)))
		}
		return replyAccepted
	}
	var answer *ReplyError
	if errors.As(err, &answer) {
		return reply{answer.Code, answer.Enhanced, answer.Text}
	}
	s.logger.Error("storing a message", zap.String("client", s.client), zap.Error(err))
	return replyInternal
}

func (s *session) rset(argument []byte) reply {
	if len(argument) > 0 {
		return replyNoArgument
	}
	s.endTransaction()
	return replyReset
}

// vrfy is RFC 5321 section 3.5.3: there is nothing to verify against.
func (s *session) vrfy(argument []byte) reply {
	if len(argument) == 0 {
		return replyVrfyArgument
	}
	return replyVerify
}

func (s *session) quit(argument []byte) reply {
	if len(argument) > 0 {
		return replyNoArgument
	}
	return replyBye
}

// endTransaction clears what MAIL and RCPT have gathered (RFC 5321 section
// 4.1.1.5) but keeps the room for the next recipients.
func (s *session) endTransaction() {
	if !s.mail.open {
		return
	}
	s.mail = transaction{recipients: s.mail.recipients[:0]}
	s.setInTransaction(false)
}

// cutKeyword cuts FROM: or TO: off b. A blank after the colon is wrong but so
// common that all servers take it.
func cutKeyword(b []byte, keyword string) ([]byte, bool) {
	if len(b) < len(keyword) || !strings.EqualFold(string(b[:len(keyword)]), keyword) {
		return nil, false
	}
	return bytes.TrimLeft(b[len(keyword):], " "), true
}

// sentence is err as the text of a reply.
func sentence(err error) string {
	text := err.Error()
	return strings.ToUpper(text[:1]) + text[1:]
}
