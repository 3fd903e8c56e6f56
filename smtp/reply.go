package smtp

import (
	"strconv"
	"strings"

	"github.com/caddy-mailbucket/mailbucket/pattern"
)

// reply is one reply to the client. Text may have several lines, separated by \n.
type reply struct {
	code     int
	enhanced string // RFC 3463; sent only after EHLO
	text     string
}

// The texts of 220, 250, 354 and 221 are the tutorial's; scripts compare them.
var (
	replyHello       = reply{250, "", "Hello"}
	replySenderOK    = reply{250, "2.1.0", "Sender OK"}
	replyRecipientOK = reply{250, "2.1.5", "Recipient OK"}
	replyStartInput  = reply{354, "", "Start mail input; end with <CRLF>.<CRLF>"}
	replyAccepted    = reply{250, "2.0.0", "Message accepted"}
	replyBye         = reply{221, "2.0.0", "Bye"}

	replyReset        = reply{250, "2.0.0", "Reset OK"}
	replyNoop         = reply{250, "2.0.0", "OK"}
	replyVerify       = reply{252, "2.5.2", "Cannot verify, but any recipient is accepted"}
	replyVerifyByRcpt = reply{252, "2.5.2", "Cannot verify, RCPT tells whether a recipient is accepted"}
	replyHelpNoEHLO   = reply{214, "2.0.0", "Commands: HELO MAIL RCPT DATA RSET NOOP VRFY HELP QUIT"}

	replyStartTLS = reply{220, "2.0.0", "Ready to start TLS"}
	replyAuthOK   = reply{235, "2.7.0", "Authentication successful"}

	replyNoCommand          = reply{421, "4.4.2", "No command came in time, closing connection"}
	replyIdle               = reply{421, "4.4.2", "Idle for too long, closing connection"}
	replyShutdown           = reply{421, "4.3.2", "Shutting down, closing connection"}
	replyTooManyBad         = reply{421, "4.7.0", "Too many bad commands, closing connection"}
	replyTooManyLogins      = reply{421, "4.7.0", "Too many failed logins, closing connection"}
	replyTooManyConnections = reply{421, "4.3.2", "Too many connections, try again later"}
	replyTooManyOfClient    = reply{421, "4.7.0", "Too many connections from your address, try again later"}
	replyInternal           = reply{451, "4.3.0", "Message not stored, internal error"}
	replyStalled            = reply{421, "4.3.1", "Data stopped while other mails wait for memory, closing connection"}
	replyNoRoom             = reply{452, "4.3.1", "Too much mail is under way, try again later"}
	replyTooManyTo          = reply{452, "4.5.3", "Too many recipients"}

	replyUnknown        = reply{500, "5.5.1", "Command not recognized"}
	replyLineTooLong    = reply{500, "5.5.6", "Command line too long, the limit is " + strconv.Itoa(maxCommandLine) + " octets"}
	replyStrayCR        = reply{500, "5.5.2", "Bare CR in a command, lines end in CRLF"}
	replyBareCR         = reply{500, "5.5.2", "Line ends in a bare CR, lines end in CRLF"}
	replyLineCut        = reply{500, "5.5.2", "Connection ended within a line, lines end in CRLF"}
	replyNUL            = reply{500, "5.5.2", "NUL in a command"}
	replyNoArgument     = reply{501, "5.5.4", "No argument allowed"}
	replyHelloArgument  = reply{501, "5.5.4", "Syntax: HELO hostname"}
	replyEhloArgument   = reply{501, "5.5.4", "Syntax: EHLO hostname"}
	replyVrfyArgument   = reply{501, "5.5.4", "Syntax: VRFY address"}
	replyMailSyntax     = reply{501, "5.5.4", "Syntax: MAIL FROM:<address> [parameters]"}
	replyRcptSyntax     = reply{501, "5.5.4", "Syntax: RCPT TO:<address> [parameters]"}
	replyNotSupported   = reply{502, "5.5.1", "Not supported"}
	replyHelloFirst     = reply{503, "5.5.1", "Bad sequence of commands, send HELO or EHLO first"}
	replyHelloOnly      = reply{503, "5.5.1", "Bad sequence of commands, send HELO first"}
	replyMailFirst      = reply{503, "5.5.1", "Bad sequence of commands, send MAIL first"}
	replyRcptFirst      = reply{503, "5.5.1", "Bad sequence of commands, send RCPT first"}
	replyNestedMail     = reply{503, "5.5.1", "Bad sequence of commands, a mail is under way: send DATA or RSET"}
	replyEhloFirst      = reply{503, "5.5.1", "Bad sequence of commands, send EHLO first"}
	replyChunkUnderWay  = reply{503, "5.5.1", "Bad sequence of commands, chunks are under way: send BDAT or RSET"}
	replyBinaryData     = reply{503, "5.5.1", "Bad sequence of commands, BODY=BINARYMIME takes BDAT"}
	replyTLSAlready     = reply{503, "5.5.1", "Bad sequence of commands, TLS is active already"}
	replyAuthTwice      = reply{503, "5.5.1", "Bad sequence of commands, already authenticated"}
	replyBdatSyntax     = reply{501, "5.5.4", "Syntax: BDAT octets [LAST]"}
	replyBdatCount      = reply{501, "5.5.4", "Syntax: BDAT octets [LAST]. Without the number, data cannot be told from commands: closing connection"}
	replyNotBase64      = reply{501, "5.5.2", "Malformed response, expected base64"}
	replyAuthCancelled  = reply{501, "5.7.0", "Authentication cancelled"}
	replyAuthTooLong    = reply{500, "5.5.6", "Response too long, the limit is " + strconv.Itoa(maxAuthLine) + " octets"}
	replyAuthRequired   = reply{530, "5.7.0", "Authentication required"}
	replyTooManyGuesses = reply{454, "4.7.0", "Too many failed logins from your address, try again in a minute"}
	replyAuthFailed     = reply{535, "5.7.8", "Authentication failed, wrong username or password"}
	replyNeedsUTF8      = reply{553, "5.6.7", "Address is not ASCII, which takes EHLO and MAIL's parameter SMTPUTF8"}
)

func replyGreeting(hostname string) reply { return reply{220, "", hostname} }

func replyTooLarge(limit int64) reply {
	return reply{552, "5.3.4", "Message too large, the limit is " + strconv.FormatInt(limit, 10) + " octets"}
}

// replyNotTaken says which recipients are taken instead, as far as a line has room.
func replyNotTaken(list pattern.List) reply {
	const room = 300 // octets
	text := "Recipient not accepted, mail is taken only for " + list[0].String()
	for i, p := range list[1:] {
		next := ", " + p.String()
		if len(text)+len(next) > room {
			text += " and for " + strconv.Itoa(len(list)-1-i) + " more"
			break
		}
		text += next
	}
	return reply{550, "5.1.1", text}
}

func replyIdleInData(end string) reply {
	return reply{421, "4.4.2", "Idle for too long before the end of data, which is " + end + ", closing connection"}
}

func replyDataCut(end string) reply {
	return reply{421, "4.4.2", "Message not stored, connection ended before the end of data, which is " + end}
}

func replyTooManyMails(limit int) reply {
	return reply{421, "4.5.3", "Too many mails on one connection, the limit is " + strconv.Itoa(limit)}
}

func replyTooSlow(rate int64) reply {
	return reply{421, "4.4.2", "Data comes too slowly, at least " + strconv.FormatInt(rate, 10) + " octets a second are expected, closing connection"}
}

// maxReplyLine is the longest line of a reply with its CRLF (RFC 5321 section 4.5.3.1.5).
const maxReplyLine = 512

// String is r as people read it, in one line.
func (r reply) String() string {
	return strings.TrimRight(string(appendReply(nil, reply{r.code, r.enhanced, strings.ReplaceAll(r.text, "\n", ", ")}, true)), "\r\n")
}

// appendReply appends r as it goes over the wire (RFC 5321 section 4.2.1), each
// line with its enhanced status code where wanted, and cut where it would be too long.
// Its lines end in CRLF also for a client whose own end in a bare LF.
func appendReply(b []byte, r reply, enhanced bool) []byte {
	for text := r.text; ; {
		begin := len(b)
		line, rest, more := strings.Cut(text, "\n")
		b = strconv.AppendInt(b, int64(r.code), 10)
		if more {
			b = append(b, '-')
		} else {
			b = append(b, ' ')
		}
		if enhanced && r.enhanced != "" {
			b = append(b, r.enhanced...)
			b = append(b, ' ')
		}
		b = appendVisible(b, line)
		b = append(b[:begin], cutText(b[begin:], maxReplyLine-len("\r\n"))...)
		b = append(b, "\r\n"...)
		if !more {
			return b
		}
		text = rest
	}
}
