package smtp

import (
	"bytes"
	"errors"
	"strconv"
	"strings"
)

// helo is RFC 5321 section 4.1.1.1, as ehlo is.
func (s *session) helo(argument []byte) (reply, error) {
	if len(argument) == 0 {
		return replyHelloArgument, nil
	}
	return s.greeted(argument, false, replyHello)
}

func (s *session) ehlo(argument []byte) (reply, error) {
	if s.server.NoExtensions {
		return replyNotSupported, nil
	}
	if len(argument) == 0 {
		return replyEhloArgument, nil
	}
	text := s.server.Hostname + " Hello" +
		"\nPIPELINING" + // RFC 2920
		"\nSIZE " + strconv.FormatInt(s.maxSize(), 10) + // RFC 1870
		"\n8BITMIME" + // RFC 6152
		"\nSMTPUTF8" + // RFC 6531
		"\nCHUNKING\nBINARYMIME" + // RFC 3030
		"\nDSN" + // RFC 3461
		"\nENHANCEDSTATUSCODES" + // RFC 2034
		"\nLIMITS " + s.limits.advertised() // RFC 9422
	if mechanisms := s.server.mechanisms(); mechanisms != nil {
		text += "\nAUTH " + strings.Join(mechanisms, " ") // RFC 4954
	}
	if s.server.TLS != nil && s.encrypted == nil {
		text += "\nSTARTTLS" // RFC 3207
	}
	return s.greeted(argument, true, reply{250, "", text})
}

func (s *session) greeted(name []byte, extended bool, r reply) (reply, error) {
	if r, faulty, err := s.fault(stepHelo, ""); faulty || err != nil {
		return r, err
	}
	s.endTransaction()
	s.hello, s.extended, s.shared = string(name), extended, nil
	return r, nil
}

// mailFrom is RFC 5321 section 4.1.1.2.
func (s *session) mailFrom(argument []byte) (reply, error) {
	if r, bad := s.refuseMail(); bad {
		return r, nil
	}
	path, ok := cutKeyword(argument, "FROM:")
	if !ok {
		return replyMailSyntax, nil
	}
	mailbox, rest, odd, err := s.parsePath(path)
	if err != nil {
		return reply{501, "5.1.7", sentence(err)}, nil
	}
	var r reply
	s.next = transaction{open: true, recipients: s.mail.recipients, maxSize: s.maxSize()}
	if s.next.mailParameters, r, ok = s.parameters(rest, (*session).mailParameter); !ok {
		return r, nil
	}
	if s.server.StrictAddresses && !s.next.smtputf8 && !isASCII(mailbox) {
		return replyNeedsUTF8, nil
	}
	s.next.noteOdd(odd, mailbox)
	if s.sender != string(mailbox) {
		s.sender = string(mailbox)
	}
	s.next.reversePath = s.sender
	if r, faulty, err := s.fault(stepMail, s.next.reversePath); faulty || err != nil {
		return r, err
	}
	if !s.beginTransaction() {
		return replyShutdown, nil
	}
	s.mail, s.next = s.next, transaction{}
	s.transactions++
	s.transcript.begin(&s.server.Sessions.preamble)
	return replySenderOK, nil
}

// maxSize is the largest message that would be taken now, in octets.
func (s *session) maxSize() int64 {
	if s.server.Capacity != nil {
		if n := s.server.Capacity(); n > 0 {
			return min(n, s.limits.MaxMessageSize)
		}
	}
	return s.limits.MaxMessageSize
}

// refuseMail returns the reply to MAIL if no transaction may begin now.
func (s *session) refuseMail() (reply, bool) {
	switch {
	case s.hello == "" && s.server.NoExtensions:
		return replyHelloOnly, true
	case s.hello == "":
		return replyHelloFirst, true
	case s.mail.open:
		return replyNestedMail, true
	case s.server.Auth == AuthRequired && s.mechanism == "":
		return replyAuthRequired, true
	case s.limits.MaxTransactions > 0 && s.transactions >= s.limits.MaxTransactions:
		return replyTooManyMails(s.limits.MaxTransactions), true
	}
	return reply{}, false
}

// rcptTo is RFC 5321 section 4.1.1.3.
func (s *session) rcptTo(argument []byte) (reply, error) {
	switch {
	case !s.mail.open:
		return replyMailFirst, nil
	case s.mail.chunked:
		return replyChunkUnderWay, nil
	}
	path, ok := cutKeyword(argument, "TO:")
	if !ok {
		return replyRcptSyntax, nil
	}
	mailbox, rest, odd, err := s.parsePath(path)
	if err == nil && len(mailbox) == 0 {
		err = errors.New("the address must not be empty")
	}
	if err != nil {
		return reply{501, "5.1.3", sentence(err)}, nil
	}
	parameters, r, ok := s.parameters(rest, (*session).recipientParameter)
	if !ok {
		return r, nil
	}
	if s.server.StrictAddresses && !s.mail.smtputf8 && !isASCII(mailbox) {
		return replyNeedsUTF8, nil
	}
	if len(s.mail.recipients) >= s.limits.MaxRecipients {
		return replyTooManyTo, nil
	}
	recipient := string(mailbox)
	if r, refused := s.refuseRecipient(recipient); refused {
		return r, nil
	}
	if r, faulty, err := s.fault(stepRcpt, recipient); faulty || err != nil {
		return r, err
	}
	s.mail.noteOdd(odd, mailbox)
	s.mail.addRecipient(recipient, parameters)
	return replyRecipientOK, nil
}

// refuseRecipient returns the reply to RCPT for a recipient that is not taken here.
func (s *session) refuseRecipient(recipient string) (reply, bool) {
	list := s.server.AcceptRecipients
	if len(list) == 0 || list.Match(recipient) {
		return reply{}, false
	}
	if s.server.RecipientRefused != nil {
		s.server.RecipientRefused()
	}
	return replyNotTaken(list), true
}

// parsePath reads the path of MAIL or RCPT.
func (s *session) parsePath(b []byte) (mailbox, rest []byte, odd oddity, err error) {
	if s.server.StrictAddresses {
		mailbox, rest, err = parsePath(b)
	} else {
		mailbox, rest, odd, err = parseLoosePath(b)
	}
	if err == nil && !isVisible(mailbox) {
		err = errPathBytes
	}
	return mailbox, rest, odd, err
}

// noteOdd records, for the mail's problems, what is wrong with an address that was
// accepted.
func (t *transaction) noteOdd(odd oddity, mailbox []byte) {
	if !t.smtputf8 && !isASCII(mailbox) {
		odd |= oddUTF8
	}
	if odd == 0 {
		return
	}
	if t.odd == nil {
		t.odd = new(oddAddresses)
	}
	t.odd.add(odd, mailbox)
}

// addRecipient adds a recipient. Parameters are kept only once a recipient has any.
func (t *transaction) addRecipient(recipient, parameters string) {
	t.recipients = append(t.recipients, recipient)
	if parameters == "" && t.recipientParameters == nil {
		return
	}
	for len(t.recipientParameters) < len(t.recipients)-1 {
		t.recipientParameters = append(t.recipientParameters, "")
	}
	t.recipientParameters = append(t.recipientParameters, parameters)
}

func (s *session) rset(argument []byte) reply {
	if len(argument) > 0 {
		return replyNoArgument
	}
	s.endTransaction()
	return replyReset
}

// vrfy is RFC 5321 section 3.5.3: there are no mailboxes to verify against.
func (s *session) vrfy(argument []byte) reply {
	switch {
	case len(argument) == 0:
		return replyVrfyArgument
	case len(s.server.AcceptRecipients) > 0:
		return replyVerifyByRcpt
	}
	return replyVerify
}

func (s *session) quit(argument []byte) reply {
	if len(argument) > 0 {
		return replyNoArgument
	}
	return replyBye
}

// help is RFC 5321 section 4.1.1.8.
func (s *session) help() reply {
	commands := "Commands: HELO EHLO MAIL RCPT DATA BDAT RSET NOOP VRFY HELP QUIT"
	switch {
	case s.server.NoExtensions:
		return replyHelpNoEHLO
	case s.server.mechanisms() != nil:
		commands += " AUTH"
	}
	if s.server.TLS != nil {
		commands += " STARTTLS"
	}
	return reply{214, "2.0.0", commands}
}

// endTransaction clears what MAIL and RCPT have set (RFC 5321 section 4.1.1.5) but keeps
// the memory for the next recipients.
func (s *session) endTransaction() {
	if !s.mail.open {
		return
	}
	s.mail.body.release()
	s.mail = transaction{recipients: s.mail.recipients[:0]}
	s.transcript.ended = true
	s.transactionEnded()
}

// cutKeyword cuts FROM: or TO: off b. A blank after the colon is not allowed but so
// common that servers accept it.
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
