package peers

import (
	"fmt"
	"math"
	"net/http"
	"slices"
)

// mailhogJim is what MailHog's chaos monkey does, all of it by chance, from 0 to 1. Here
// these are faults of the SMTP sessions. None of them makes a connection slow, so that the
// link speed is always 0.
type mailhogJim struct {
	DisconnectChance      float64
	AcceptChance          float64
	LinkSpeedAffect       float64
	LinkSpeedMin          float64
	LinkSpeedMax          float64
	RejectSenderChance    float64
	RejectRecipientChance float64
	RejectAuthChance      float64
}

// defaultJim is what a call sets that does not say more.
var defaultJim = mailhogJim{DisconnectChance: 0.005, AcceptChance: 0.99, RejectSenderChance: 0.05, RejectRecipientChance: 0.05, RejectAuthChance: 0.05}

// jimReplies are the replies of the faults that reject something.
var jimReplies = []struct {
	step, reply string
	chance      func(*mailhogJim) *float64
}{
	{"mail", "550 Invalid sender", func(j *mailhogJim) *float64 { return &j.RejectSenderChance }},
	{"rcpt", "550 Invalid recipient", func(j *mailhogJim) *float64 { return &j.RejectRecipientChance }},
	{"auth", "500 Unrecognised command", func(j *mailhogJim) *float64 { return &j.RejectAuthChance }},
}

// disconnectSteps are those at which a session is ended by DisconnectChance.
var disconnectSteps = []string{"helo", "auth", "mail", "rcpt", "data", "end-of-data"}

const connectStep = "connect"

// faults are what Jim does.
func (j *mailhogJim) faults() []plainFault {
	var faults []plainFault
	add := func(f plainFault) {
		if f.Probability > 0 {
			faults = append(faults, f)
		}
	}
	add(plainFault{Step: connectStep, Probability: rounded(1 - j.AcceptChance), Drop: true})
	for _, r := range jimReplies {
		add(plainFault{Step: r.step, Probability: *r.chance(j), Reply: r.reply})
	}
	for _, step := range disconnectSteps {
		add(plainFault{Step: step, Probability: j.DisconnectChance, Drop: true})
	}
	return faults
}

// rounded is without what subtracting from 1 adds to the digits.
func rounded(chance float64) float64 { return math.Round(chance*1e12) / 1e12 }

// isJims reports whether a fault may be one of Jim's, and puts it into j.
func (j *mailhogJim) isJims(f plainFault) bool {
	switch {
	case f.Drop && f.Step == connectStep:
		j.AcceptChance = rounded(1 - f.Probability)
		return true
	case f.Drop:
		j.DisconnectChance = f.Probability
		return slices.Contains(disconnectSteps, f.Step)
	}
	for _, r := range jimReplies {
		if f.Step == r.step && f.Reply == r.reply {
			*r.chance(j) = f.Probability
			return true
		}
	}
	return false
}

// jim is what Jim does now, or a failure if that is nothing.
func (a *API) jim() (*mailhogJim, *failure) {
	faults, err := a.plainFaults()
	if err != nil {
		return nil, workFailure(err)
	}
	j, there := &mailhogJim{AcceptChance: 1}, false
	for _, f := range faults {
		there = j.isJims(f) || there
	}
	if !there {
		return nil, newFailure(http.StatusNotFound, "Error: Jim is not here")
	}
	return j, nil
}

// setJim makes faults of what Jim is to do.
func (a *API) setJim(j *mailhogJim) *failure {
	for _, c := range []struct {
		name   string
		chance float64
	}{
		{"DisconnectChance", j.DisconnectChance}, {"AcceptChance", j.AcceptChance}, {"RejectSenderChance", j.RejectSenderChance},
		{"RejectRecipientChance", j.RejectRecipientChance}, {"RejectAuthChance", j.RejectAuthChance},
	} {
		if c.chance < 0 || c.chance > 1 {
			return badRequest(fmt.Sprintf("%s: expected a number from 0 to 1, not %v", c.name, c.chance))
		}
	}
	if j.LinkSpeedAffect != 0 {
		return badRequest("LinkSpeedAffect: expected 0, as connections cannot be slowed down here")
	}
	if err := a.replaceFaults(new(mailhogJim).isJims, j.faults()); err != nil {
		return faultsFailure(err)
	}
	return nil
}

// mailhogGetJim answers GET /api/v2/jim.
func (a *API) mailhogGetJim(w http.ResponseWriter, r *http.Request, _ []string) *failure {
	j, f := a.jim()
	if f != nil {
		return f
	}
	return a.sendJSON(w, r, j, 500)
}

// mailhogInviteJim answers POST /api/v2/jim, which sets what Jim does, or the default where
// there is no body.
func (a *API) mailhogInviteJim(w http.ResponseWriter, r *http.Request, _ []string) *failure {
	if _, f := a.jim(); f == nil {
		return badRequest("Jim is here already")
	}
	var j mailhogJim
	if given, f := a.readJSON(w, r, &j); !given {
		j = defaultJim
	} else if f != nil {
		return f
	}
	if f := a.setJim(&j); f != nil {
		return f
	}
	w.WriteHeader(http.StatusCreated)
	return nil
}

// mailhogChangeJim answers PUT /api/v2/jim. What the body does not name is 0.
func (a *API) mailhogChangeJim(w http.ResponseWriter, r *http.Request, _ []string) *failure {
	if _, f := a.jim(); f != nil {
		return f
	}
	var j mailhogJim
	if _, f := a.readJSON(w, r, &j); f != nil {
		return f
	}
	return a.setJim(&j)
}

// mailhogDismissJim answers DELETE /api/v2/jim.
func (a *API) mailhogDismissJim(http.ResponseWriter, *http.Request, []string) *failure {
	if _, f := a.jim(); f != nil {
		return f
	}
	return a.setJim(&mailhogJim{AcceptChance: 1})
}
