package smtp

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/emersion/go-sasl"
	"go.uber.org/zap"
)

// AuthMode says whether clients log in (RFC 4954).
type AuthMode int

// Clients may log in, have to, or cannot.
const (
	AuthOptional AuthMode = iota
	AuthRequired
	AuthOff
)

// The mechanisms, in the order in which they are offered.
var (
	mechanisms = []string{sasl.Plain, sasl.Login, "CRAM-MD5", "XOAUTH2", sasl.OAuthBearer}

	// Without the password itself CRAM-MD5 cannot be checked.
	checkedMechanisms = slices.DeleteFunc(slices.Clone(mechanisms), func(m string) bool { return m == "CRAM-MD5" })
)

var (
	errWrongLogin = errors.New("wrong login")
	errMalformed  = errors.New("malformed response")
)

func (srv *Server) mechanisms() []string {
	switch {
	case srv.Auth == AuthOff || srv.NoExtensions:
		return nil
	case srv.CheckLogin != nil:
		return checkedMechanisms
	}
	return mechanisms
}

// authCommand is RFC 4954 section 4.
func (s *session) authCommand(argument []byte) (reply, error) {
	offered := s.server.mechanisms()
	name, initial, hasInitial := bytes.Cut(argument, []byte{' '})
	mechanism := strings.ToUpper(string(name))
	switch {
	case offered == nil:
		return replyNotSupported, nil
	case !s.extended:
		return replyEhloFirst, nil
	case s.mechanism != "":
		return replyAuthTwice, nil
	case s.mail.open:
		return replyNestedMail, nil
	case mechanism == "":
		return reply{501, "5.5.4", "Syntax: AUTH mechanism [initial-response]"}, nil
	case !slices.Contains(offered, mechanism):
		return reply{504, "5.5.4", "Mechanism not supported, expected one of " + strings.Join(offered, " ")}, nil
	}
	if r, faulty, err := s.fault(stepAuth, ""); faulty || err != nil {
		return r, err
	}
	login := login{check: s.checkLogin, hostname: s.server.Hostname}
	var response []byte
	if hasInitial {
		var err error
		if response, err = decodeResponse(bytes.TrimLeft(initial, " "), true); err != nil {
			return replyNotBase64, nil
		}
	}
	return s.exchange(login.server(mechanism), &login, mechanism, response)
}

// exchange goes on with challenges and responses until the mechanism has ended.
func (s *session) exchange(server sasl.Server, login *login, mechanism string, response []byte) (reply, error) {
	for {
		challenge, done, err := server.Next(response)
		if err != nil || done {
			return s.loginEnds(login, mechanism, err), nil
		}
		s.reply(reply{334, "", base64.StdEncoding.EncodeToString(challenge)})
		l, err := s.readLine(s.limits.IdleTimeout)
		s.transcript.secret()
		switch err {
		case nil:
		case errLineTooLong:
			return replyAuthTooLong, nil
		case errBareCR:
			return replyBareCR, nil
		default:
			return reply{}, fmt.Errorf("reading an AUTH response: %w", err)
		}
		if l.bareLF {
			s.noteBareLF("AUTH")
		}
		if string(l.text) == "*" {
			return replyAuthCancelled, nil
		}
		if response, err = decodeResponse(l.text, false); err != nil {
			return replyNotBase64, nil
		}
	}
}

func (s *session) loginEnds(login *login, mechanism string, err error) reply {
	switch {
	case err != nil && s.ctx.Err() != nil:
		return replyShutdown // whether the login was right is not known
	case errors.Is(login.err, errTooManyGuesses):
		if s.server.Sessions.guessing.first(s.ip) {
			s.logger.Warn("too many failed logins from a client, its logins are not checked for now", zap.String("client", s.client))
		}
		return s.refuseLogin(replyTooManyGuesses)
	case errors.Is(err, errWrongLogin):
		s.logger.Info("login refused", zap.String("client", s.client), zap.String("user", visible(login.username)))
		return s.refuseLogin(replyAuthFailed)
	case err != nil:
		return reply{501, "5.5.2", "Malformed " + mechanism + " response"}
	}
	s.mechanism, s.identity, s.shared = mechanism, login.username, nil
	return replyAuthOK
}

// refuseLogin answers with r, or ends the session if too many logins have failed in it.
func (s *session) refuseLogin(r reply) reply {
	if s.failedLogins++; s.failedLogins >= maxFailedLogins {
		return replyTooManyLogins
	}
	return r
}

// checkLogin returns why a login is refused, or nil. It delays the answer to a client
// that has failed too often.
func (s *session) checkLogin(username, secret string) error {
	check, known := s.server.CheckLogin, s.server.KnownLogin
	if check == nil || known != nil && known(username, secret) {
		return nil
	}
	pause, err := s.server.Sessions.guesses.check(s.ctx, s.ip, func() bool { return check(s.ctx, username, secret) })
	if pause > 0 {
		if flushed := s.flush(); flushed == nil { // earlier replies must not be delayed too
			s.pause(pause)
		}
	}
	return err
}

// decodeResponse decodes base64. "=" stands for an empty initial response, as opposed to
// none at all.
func decodeResponse(b []byte, initial bool) ([]byte, error) {
	if initial && string(b) == "=" {
		return []byte{}, nil
	}
	response := make([]byte, base64.StdEncoding.DecodedLen(len(b)))
	n, err := base64.StdEncoding.Strict().Decode(response, b)
	return response[:n], err
}

// login is one attempt to log in.
type login struct {
	check    func(username, secret string) error
	hostname string
	username string
	err      error // of check, as not all mechanisms pass it on
}

func (l *login) try(username, secret string) error {
	l.username = username
	l.err = l.check(username, secret)
	return l.err
}

func (l *login) server(mechanism string) sasl.Server {
	switch mechanism {
	case sasl.Plain:
		return sasl.NewPlainServer(func(_, username, password string) error { return l.try(username, password) })
	case sasl.Login:
		return &loginServer{login: l}
	case "CRAM-MD5":
		return &cramServer{login: l}
	case "XOAUTH2":
		return &xoauth2Server{login: l}
	}
	return &bearerServer{Server: sasl.NewOAuthBearerServer(func(o sasl.OAuthBearerOptions) *sasl.OAuthBearerError {
		if l.try(unescapeSaslName.Replace(o.Username), o.Token) != nil {
			return &sasl.OAuthBearerError{Status: "invalid_token", Schemes: "bearer"}
		}
		return nil
	})}
}

// unescapeSaslName is RFC 5801 section 4.
var unescapeSaslName = strings.NewReplacer("=2C", ",", "=3D", "=")

// bearerServer is OAUTHBEARER (RFC 7628). Whatever the client says after a
// failure, which it has been told as a challenge, ends the exchange.
type bearerServer struct {
	sasl.Server
	answered bool
}

func (b *bearerServer) Next(response []byte) (challenge []byte, done bool, err error) {
	if b.answered {
		response = []byte{1}
	}
	b.answered = response != nil
	challenge, done, err = b.Server.Next(response)
	if refusal := new(sasl.OAuthBearerError); errors.As(err, &refusal) {
		err = errWrongLogin
	}
	return challenge, done, err
}

// loginServer is LOGIN, which no standard defines. Some clients send the username as
// the initial response.
type loginServer struct {
	*login
	step int
}

func (l *loginServer) Next(response []byte) (challenge []byte, done bool, err error) {
	if l.step == 0 && response == nil {
		l.step = 1
		return []byte("Username:"), false, nil
	}
	if l.step < 2 {
		l.step = 2
		l.username = string(response)
		return []byte("Password:"), false, nil
	}
	return nil, true, l.try(l.username, string(response))
}

// cramServer is CRAM-MD5 (RFC 2195), for servers that take every login.
type cramServer struct {
	*login
	challenged bool
}

func (c *cramServer) Next(response []byte) (challenge []byte, done bool, err error) {
	if !c.challenged {
		if response != nil {
			return nil, false, errMalformed
		}
		c.challenged = true
		return []byte("<" + rand.Text() + "@" + c.hostname + ">"), false, nil
	}
	i := bytes.LastIndexByte(response, ' ')
	if i < 0 {
		return nil, false, errMalformed
	}
	if digest, err := hex.DecodeString(string(response[i+1:])); err != nil || len(digest) != 16 {
		return nil, false, errMalformed
	}
	return nil, true, c.try(string(response[:i]), "")
}

// xoauth2Server is XOAUTH2, the predecessor of OAUTHBEARER. It reports a failure as a
// challenge, too.
type xoauth2Server struct {
	*login
	refused bool
}

func (x *xoauth2Server) Next(response []byte) (challenge []byte, done bool, err error) {
	if x.refused {
		return nil, true, errWrongLogin
	}
	if response == nil {
		return []byte{}, false, nil
	}
	var user, token string
	for field := range strings.SplitSeq(string(response), "\x01") {
		if value, ok := strings.CutPrefix(field, "user="); ok {
			user = value
		} else if value, ok := cutBearer(field); ok {
			token = value
		}
	}
	if user == "" || token == "" {
		return nil, true, errMalformed
	}
	if x.try(user, token) != nil {
		x.refused = true
		return []byte(`{"status":"401","schemes":"bearer"}`), false, nil
	}
	return nil, true, nil
}

func cutBearer(field string) (token string, ok bool) {
	const prefix = "auth=bearer "
	if len(field) < len(prefix) || !strings.EqualFold(field[:len(prefix)], prefix) {
		return "", false
	}
	return field[len(prefix):], true
}
