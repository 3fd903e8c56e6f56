package smtp

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"go.uber.org/zap"
)

// dataCommand is RFC 5321 section 4.1.1.4.
func (s *session) dataCommand(argument []byte, bareLF bool) (reply, error) {
	switch {
	case len(argument) > 0:
		return replyNoArgument, nil
	case !s.mail.open:
		return replyMailFirst, nil
	case len(s.mail.recipients) == 0:
		return replyRcptFirst, nil
	case s.mail.chunked:
		return replyChunkUnderWay, nil
	case s.mail.binary:
		return replyBinaryData, nil
	}
	if r, faulty, err := s.fault(stepData, ""); faulty || err != nil {
		return r, err
	}
	s.reply(replyStartInput)
	data, refusal, err := s.readData(bareLF)
	if err != nil {
		return reply{}, err
	}
	return s.dataEnds(data, refusal)
}

// bdat is RFC 3030 section 2. Whatever the reply is, the announced octets are read
// first, so that none of them is taken for a command.
func (s *session) bdat(argument []byte) (reply, error) {
	if s.server.NoExtensions {
		return replyNotSupported, nil
	}
	if len(argument) == 0 {
		return replyBdatSyntax, nil
	}
	count, rest, _ := bytes.Cut(argument, []byte{' '})
	size, err := strconv.ParseUint(string(count), 10, 63)
	if err != nil {
		// There is no way to know where the data ends and commands begin again.
		s.reply(replyBdatCount)
		return reply{}, errEnd
	}
	rest = bytes.TrimLeft(rest, " \t")
	last := strings.EqualFold(string(rest), "LAST")
	r, refused, err := s.refuseChunk(last || len(rest) == 0)
	if err != nil {
		return reply{}, err
	}
	if refused {
		s.endTransaction()
	}
	refusal, err := s.readChunk(int64(size), last, r)
	switch {
	case err != nil:
		return reply{}, err
	case refused:
		return r, nil
	case last || refusal.code != 0:
		return s.dataEnds(s.takeData(), refusal)
	}
	s.mail.chunked = true
	return reply{250, "2.0.0", strconv.FormatUint(size, 10) + " octets received"}, nil
}

// refuseChunk returns the reply if the chunk that follows cannot be part of a mail.
func (s *session) refuseChunk(wellFormed bool) (r reply, refused bool, err error) {
	switch {
	case !wellFormed:
		return replyBdatSyntax, true, nil
	case !s.mail.open:
		return replyMailFirst, true, nil
	case len(s.mail.recipients) == 0:
		return replyRcptFirst, true, nil
	case s.mail.chunked:
		return reply{}, false, nil
	}
	return s.fault(stepData, "")
}

// dataEnds hands the mail over: 250 goes out only after the receiver has it.
func (s *session) dataEnds(data string, refusal reply) (reply, error) {
	defer s.endTransaction()
	if refusal.code != 0 {
		s.server.Receiver.Refused()
		return refusal, nil
	}
	if r, tooLong := s.limits.boundParts(data); tooLong {
		s.server.Receiver.Refused()
		return r, nil
	}
	if r, faulty, err := s.fault(stepEndOfData, ""); faulty || err != nil {
		s.server.Receiver.Refused()
		return r, err
	}
	s.accepted = Message{
		ReversePath:         s.mail.reversePath,
		MailParameters:      s.mail.mailParameters,
		Recipients:          s.mail.recipients,
		RecipientParameters: s.mail.recipientParameters,
		Data:                data,
		Problems:            s.problems(data),
		Exchange:            s.transcript.end(len(data), replyAccepted, s.extended),
		Session:             s.sharedSession(),
	}
	s.bareLF = s.bareLF[:0]
	s.mail.recipients = nil // they are the message's now
	r := s.received(&s.accepted, s.server.Receiver.Receive(s.ctx, &s.accepted))
	s.accepted = Message{}
	return r, nil
}

// problems says what was wrong with how the mail was sent. What is wrong with the
// mail itself can be seen in it later.
func (s *session) problems(data string) []string {
	var problems []string
	if len(s.bareLF) > 0 {
		problems = append(problems, "command lines that end in a bare LF: "+strings.Join(s.bareLF, ", ")+
			"; lines end in CRLF (RFC 5321 section 2.3.8)")
	}
	if size := s.mail.declared; size > 0 && int64(len(data)) > size {
		problems = append(problems, fmt.Sprintf("SIZE=%d was declared, but %d octets were sent (RFC 1870 section 6.3)", size, len(data)))
	}
	return append(problems, s.mail.odd.problems()...)
}

// received is the reply to a mail that the receiver took or refused.
func (s *session) received(m *Message, err error) reply {
	if err == nil {
		s.brought, s.refusal = true, reply{}
		if log := s.logger.Check(zap.DebugLevel, "message accepted"); log != nil {
			log.Write(zap.String("client", s.client), zap.String("sender", visible(m.ReversePath)), zap.Int("bytes", len(m.Data)))
		}
		return replyAccepted
	}
	s.excused = true
	var answer *ReplyError
	if errors.As(err, &answer) && 400 <= answer.Code && answer.Code < 600 {
		return reply{answer.Code, answer.Enhanced, answer.Text}
	}
	s.logger.Error("storing a message", zap.String("client", s.client), zap.Error(err))
	return replyInternal
}
