package smtp

import (
	"bytes"
	"slices"
)

// canonicalVerb is the command that word names, in upper case, or "" if there is no such
// command.
func canonicalVerb(word []byte) string {
	var upper [len("STARTTLS")]byte
	if len(word) > len(upper) {
		return ""
	}
	verb := upper[:copy(upper[:], word)]
	for i, c := range verb {
		if 'a' <= c && c <= 'z' {
			verb[i] = c - 'a' + 'A'
		}
	}
	switch string(verb) { // this conversion does not allocate
	case "MAIL":
		return "MAIL"
	case "RCPT":
		return "RCPT"
	case "DATA":
		return "DATA"
	case "EHLO":
		return "EHLO"
	case "HELO":
		return "HELO"
	case "QUIT":
		return "QUIT"
	case "BDAT":
		return "BDAT"
	case "RSET":
		return "RSET"
	case "NOOP":
		return "NOOP"
	case "AUTH":
		return "AUTH"
	case "STARTTLS":
		return "STARTTLS"
	case "VRFY":
		return "VRFY"
	case "HELP":
		return "HELP"
	}
	return ""
}

// answer carries out one command line. An error ends the session.
func (s *session) answer(l line) (reply, error) {
	word, argument, _ := bytes.Cut(l.text, []byte{' '})
	verb := canonicalVerb(word)
	s.transcript.command(l.text, verb)
	if verb != "" {
		s.recognized = true
	}
	if l.bareLF {
		s.noteBareLF(verb)
	}
	if len(l.text)+len("\r\n") > maxCommandLine && verb != "AUTH" {
		return replyLineTooLong, nil
	}
	if r, bad := strayByte(l.text); bad {
		if verb == "BDAT" {
			// The data that follows must not be taken for commands.
			s.reply(r)
			return reply{}, errEnd
		}
		return r, nil
	}
	argument = bytes.Trim(argument, " \t")
	switch verb {
	case "HELO":
		return s.helo(argument)
	case "EHLO":
		return s.ehlo(argument)
	case "MAIL":
		return s.mailFrom(argument)
	case "RCPT":
		return s.rcptTo(argument)
	case "DATA":
		return s.dataCommand(argument, l.bareLF)
	case "BDAT":
		return s.bdat(argument)
	case "RSET":
		return s.rset(argument), nil
	case "NOOP":
		return replyNoop, nil
	case "VRFY":
		return s.vrfy(argument), nil
	case "HELP":
		return s.help(), nil
	case "QUIT":
		return s.quit(argument), nil
	case "AUTH":
		return s.authCommand(argument)
	case "STARTTLS":
		return s.startTLS(argument)
	}
	return unknownCommand(word), nil
}

// unknownCommand is the reply to a command that does not exist, or that this server does
// not have.
func unknownCommand(word []byte) reply {
	for _, verb := range []string{"EXPN", "SEND", "SOML", "SAML", "TURN", "ETRN"} {
		if bytes.EqualFold(word, []byte(verb)) {
			return replyNotSupported
		}
	}
	return replyUnknown
}

// noteBareLF records, for the mail's problems, that a command line ended in a bare LF.
func (s *session) noteBareLF(verb string) {
	if verb == "" {
		verb = "others"
	}
	if !slices.Contains(s.bareLF, verb) {
		s.bareLF = append(s.bareLF, verb)
	}
}

// strayByte finds bytes that no command line may hold.
func strayByte(text []byte) (reply, bool) {
	i := bytes.IndexAny(text, "\r\x00")
	switch {
	case i < 0:
		return reply{}, false
	case text[i] == 0:
		return replyNUL, true
	}
	return replyStrayCR, true
}
