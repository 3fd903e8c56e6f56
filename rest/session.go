package rest

import (
	"net/http"
	"strings"

	"github.com/caddy-mailbucket/mailbucket/internal/jsonstream"
	"github.com/caddy-mailbucket/mailbucket/store"
)

// clientAnswer is who the client of a session was.
type clientAnswer struct {
	Client   string      `json:"client"`
	Hello    string      `json:"hello"`
	Extended bool        `json:"extended"` // EHLO rather than HELO
	TLS      *tlsAnswer  `json:"tls,omitempty"`
	Auth     *authAnswer `json:"auth,omitempty"`
}

func newClientAnswer(s *store.Session) clientAnswer {
	answer := clientAnswer{Client: s.Client, Hello: s.Hello, Extended: s.Extended}
	if s.TLSVersion != "" {
		answer.TLS = &tlsAnswer{s.TLSVersion, s.TLSCipher, s.TLSServerName, s.TLSClientSubject}
	}
	if s.AuthMechanism != "" {
		answer.Auth = &authAnswer{s.AuthMechanism, s.AuthIdentity}
	}
	return answer
}

// sessionAnswer describes the SMTP session in which an email was received.
type sessionAnswer struct {
	clientAnswer
	Sender     envelopeAddress   `json:"sender"`
	Recipients []envelopeAddress `json:"recipients"`
	Transcript []string          `json:"transcript"`
}

type tlsAnswer struct {
	Version       string `json:"version"`
	Cipher        string `json:"cipher"`
	ServerName    string `json:"serverName,omitempty"`
	ClientSubject string `json:"clientSubject,omitempty"`
}

type authAnswer struct {
	Mechanism string `json:"mechanism"`
	Identity  string `json:"identity"`
}

// envelopeAddress is the address of MAIL or RCPT with the parameters after it, as sent.
type envelopeAddress struct {
	Address    string `json:"address"`
	Parameters string `json:"parameters,omitempty"`
}

// session answers GET /emails/{id}/session: the envelope, and the part of
// the SMTP session's transcript that concerns this email.
func (a *API) session(w http.ResponseWriter, r *http.Request, id store.ID) *problem {
	m, ok := a.bucket.Get(id)
	if !ok {
		return noSuchEmail(id)
	}
	s := m.Session
	if s == nil {
		return newProblem(http.StatusNotFound, "this email was not received by SMTP")
	}
	transcript := s.Preamble + m.Exchange.String()
	answer := sessionAnswer{
		clientAnswer: newClientAnswer(s),
		Sender:       envelopeAddress{m.Sender, m.MailParameters},
		Recipients:   make([]envelopeAddress, len(m.Recipients)),
		Transcript:   transcriptLines(transcript),
	}
	for i, address := range m.Recipients {
		answer.Recipients[i] = envelopeAddress{address, m.RecipientParameters(i)}
	}
	w.Header().Set("Cache-Control", "no-cache")
	return a.sendHeld(w, r, 2*(len(transcript)+envelopeSize(m)), func(s *jsonstream.Stream) { s.Value(answer) })
}

// envelopeSize is roughly how many bytes the envelope takes as JSON.
func envelopeSize(m *store.Message) int {
	size := 200 + len(m.Sender)
	for _, recipient := range m.Recipients {
		size += len(recipient) + 40
	}
	return size
}

func transcriptLines(transcript string) []string {
	return strings.Split(strings.TrimSuffix(transcript, "\n"), "\n")
}

// failedAnswer is a session from which no email came.
type failedAnswer struct {
	Began  int64  `json:"began"` // milliseconds since 1970
	Ended  int64  `json:"ended"`
	Reason string `json:"reason"`
	Count  int    `json:"count"` // of the same, of which this is the last
	clientAnswer
	Transcript []string `json:"transcript"`
}

// failedSessions answers GET /sessions: the last sessions from which no email came, the
// newest first.
func (a *API) failedSessions(w http.ResponseWriter, r *http.Request, _ store.ID) *problem {
	failed := a.failed.List()
	size := 100
	for _, s := range failed {
		size += 400 + 2*len(s.Transcript)
	}
	w.Header().Set("Cache-Control", "no-store")
	return a.sendHeld(w, r, size, func(out *jsonstream.Stream) {
		out.Plain(`{"results":`)
		jsonstream.Array(out, failed, func(s *store.FailedSession) {
			out.Value(failedAnswer{s.Began, s.Ended, s.Reason, s.Count, newClientAnswer(&s.Session), transcriptLines(s.Transcript)})
		})
		out.Plain("}")
	})
}

// clearFailedSessions answers DELETE /sessions.
func (a *API) clearFailedSessions(w http.ResponseWriter, _ *http.Request, _ store.ID) *problem {
	a.failed.Clear()
	w.WriteHeader(http.StatusNoContent)
	return nil
}
