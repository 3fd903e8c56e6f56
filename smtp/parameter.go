package smtp

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

var errParameter = errors.New("malformed parameter, expected KEYWORD or KEYWORD=value")

// nextParameter reads one parameter from the front of b (RFC 5321 section
// 4.1.2), its keyword in upper case.
func nextParameter(b []byte) (keyword, value string, rest []byte, err error) {
	field := b
	if i := bytes.IndexByte(b, ' '); i >= 0 {
		field, rest = b[:i], bytes.TrimLeft(b[i:], " ")
	}
	name, val, hasValue := bytes.Cut(field, []byte{'='})
	if len(name) == 0 || hasValue && len(val) == 0 {
		return "", "", nil, errParameter
	}
	for i, c := range name {
		if c >= 0x80 || !isLetterOrDigit(c) && (c != '-' || i == 0) {
			return "", "", nil, errParameter
		}
	}
	for _, c := range val {
		if c <= ' ' || c == '=' || c == 0x7f {
			return "", "", nil, errParameter
		}
	}
	return strings.ToUpper(string(name)), string(val), rest, nil
}

// parameters reads all parameters after a path, each keyword at most once, and calls set
// for each. It returns them as they were sent.
func (s *session) parameters(rest []byte, set func(s *session, keyword, value string) (reply, bool)) (string, reply, bool) {
	if len(rest) == 0 {
		return "", reply{}, true
	}
	if rest[0] != ' ' {
		return "", reply{501, "5.5.4", "Malformed command, expected a blank after >"}, false
	}
	if !s.extended {
		return "", reply{555, "5.5.4", "Parameters not supported without EHLO"}, false
	}
	rest = bytes.TrimLeft(rest, " ")
	asSent := string(rest)
	var seen []string
	for len(rest) > 0 {
		keyword, value, next, err := nextParameter(rest)
		if err != nil {
			return "", reply{501, "5.5.4", sentence(err)}, false
		}
		if slices.Contains(seen, keyword) {
			return "", reply{501, "5.5.4", "Parameter " + keyword + " given twice"}, false
		}
		seen = append(seen, keyword)
		if r, ok := set(s, keyword, value); !ok {
			return "", r, false
		}
		rest = next
	}
	return asSent, reply{}, true
}

// mailParameter reads one parameter of MAIL into the next transaction.
func (s *session) mailParameter(keyword, value string) (reply, bool) {
	mail := &s.next
	var err error
	switch keyword {
	case "SIZE": // RFC 1870 section 3
		return s.sizeParameter(value)
	case "BODY": // RFC 6152 section 2, RFC 3030 section 3
		switch strings.ToUpper(value) {
		case "7BIT", "8BITMIME":
		case "BINARYMIME":
			mail.binary = true
		default:
			err = expected("BODY", "7BIT, 8BITMIME or BINARYMIME")
		}
	case "SMTPUTF8": // RFC 6531 section 3.4
		if mail.smtputf8 = true; value != "" {
			err = errors.New("SMTPUTF8 takes no value")
		}
	case "RET": // RFC 3461 section 4.3
		if v := strings.ToUpper(value); v != "FULL" && v != "HDRS" {
			err = expected("RET", "FULL or HDRS")
		}
	case "ENVID": // RFC 3461 section 4.4
		if len(value) > 100 || !isXtext(value) {
			err = expected("ENVID", "at most 100 characters of xtext")
		}
	case "AUTH": // RFC 4954 section 5
		if s.server.Auth == AuthOff {
			return notSupported(keyword), false
		}
		if !isXtext(value) {
			err = expected("AUTH", "<> or an address in xtext")
		}
	default:
		return notSupported(keyword), false
	}
	if err != nil {
		return reply{501, "5.5.4", sentence(err)}, false
	}
	return reply{}, true
}

func (s *session) sizeParameter(value string) (reply, bool) {
	size, err := strconv.ParseUint(value, 10, 63)
	if errors.Is(err, strconv.ErrSyntax) || len(value) > 20 {
		return reply{501, "5.5.4", "Malformed SIZE, expected a number of octets"}, false
	}
	if err != nil || int64(size) > s.next.maxSize {
		s.server.Receiver.Refused()
		return replyTooLarge(s.next.maxSize), false
	}
	s.next.declared = int64(size)
	return reply{}, true
}

// recipientParameter checks one parameter of RCPT (RFC 3461 sections 4.1 and 4.2).
func (s *session) recipientParameter(keyword, value string) (reply, bool) {
	switch keyword {
	case "NOTIFY":
		words := strings.Split(strings.ToUpper(value), ",")
		for _, word := range words {
			if word != "SUCCESS" && word != "FAILURE" && word != "DELAY" && (word != "NEVER" || len(words) > 1) {
				return reply{501, "5.5.4", sentence(expected("NOTIFY", "NEVER, or SUCCESS, FAILURE and DELAY with commas"))}, false
			}
		}
	case "ORCPT":
		kind, address, ok := strings.Cut(value, ";")
		if !ok || kind == "" || address == "" || len(value) > 500 || !isXtext(kind) || !isXtext(address) && !strings.EqualFold(kind, "utf-8") {
			return reply{501, "5.5.4", sentence(expected("ORCPT", "type;address in xtext"))}, false
		}
	default:
		return notSupported(keyword), false
	}
	return reply{}, true
}

func expected(keyword, what string) error {
	return fmt.Errorf("malformed %s, expected %s", keyword, what)
}

func notSupported(keyword string) reply {
	return reply{555, "5.5.4", "Parameter " + keyword + " not supported"}
}

// isXtext is RFC 3461 section 4's encoding of printable text.
func isXtext(s string) bool {
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '+':
			if i+2 >= len(s) || !isUpperHex(s[i+1]) || !isUpperHex(s[i+2]) {
				return false
			}
			i += 2
		case c <= ' ' || c >= 0x7f || c == '=':
			return false
		}
	}
	return s != ""
}

func isUpperHex(c byte) bool { return '0' <= c && c <= '9' || 'A' <= c && c <= 'F' }
