package smtp

import (
	"errors"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"
)

// fault injects the fault of the first rule that applies at this step, if there is one.
// Then r is the reply to give instead of carrying out the command, or err ends the
// session. Address is the sender at step mail and the recipient at step rcpt.
func (s *session) fault(at step, address string) (r reply, faulty bool, err error) {
	if s.server.Faults == nil {
		return reply{}, false, nil
	}
	rules := s.server.Faults.active.Load()
	if rules == nil {
		return reply{}, false, nil
	}
	for _, rule := range *rules {
		if rule.at == at && rule.applies(s, address) {
			return s.inject(rule)
		}
	}
	return reply{}, false, nil
}

func (r *rule) applies(s *session, address string) bool {
	sender := s.mail.reversePath
	if r.at == stepMail {
		sender = address
	}
	if r.Sender != "" && !r.sender.Matches(sender) ||
		r.Recipient != "" && !r.isFor(s, address) ||
		r.client.IsValid() && !r.client.Contains(s.ip) ||
		r.Probability > 0 && r.Probability <= rand.Float64() {
		return false
	}
	return r.Times == 0 || r.left.Add(-1) >= 0
}

func (r *rule) isFor(s *session, recipient string) bool {
	if r.at == stepRcpt {
		return r.recipient.Matches(recipient)
	}
	return slices.ContainsFunc(s.mail.recipients, r.recipient.Matches)
}

// inject makes happen what the rule says.
func (s *session) inject(r *rule) (reply, bool, error) {
	s.excused = true
	what := r.describe()
	s.transcript.note("fault at " + r.at.String() + ": " + what)
	s.logger.Info("fault on purpose", zap.String("client", s.client), zap.Stringer("step", r.at), zap.String("fault", what),
		zap.String("sender", visible(s.mail.reversePath)), zap.Strings("recipients", visibleSome(s.mail.recipients)))
	if r.Delay > 0 {
		// Earlier replies must not be delayed too.
		if err := s.flush(); err != nil {
			return reply{}, false, err
		}
		s.pause(time.Duration(r.Delay))
	}
	switch {
	case r.Drop:
		return reply{}, false, errEnd
	case r.Stall:
		return reply{}, false, s.stall()
	}
	return r.reply, r.Reply != "", nil
}

func (r *rule) describe() string {
	var does []string
	if r.Delay > 0 {
		does = append(does, "delay "+time.Duration(r.Delay).String())
	}
	switch {
	case r.Drop:
		does = append(does, "drop")
	case r.Stall:
		does = append(does, "stall")
	case r.Reply != "":
		does = append(does, "reply "+r.Reply)
	}
	return strings.Join(does, ", ")
}

// stall reads what the client sends, and never replies.
func (s *session) stall() error {
	if err := s.flush(); err != nil {
		return err
	}
	now := time.Now()
	deadline := now.Add(s.limits.IdleTimeout)
	for {
		s.in.skip(len(s.in.unread()))
		if err := s.fill(now, deadline); err != nil {
			if errors.Is(err, os.ErrDeadlineExceeded) && !s.mustStop() {
				return errEnd
			}
			return err
		}
	}
}
