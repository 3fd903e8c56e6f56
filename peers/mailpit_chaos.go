package peers

import (
	"net/http"
	"strconv"
	"strings"
)

// mailpitChaos are the triggers of Mailpit's chaos. Here they are faults of the SMTP
// sessions, namely those whose replies are chaosReplies and that have no conditions.
type mailpitChaos struct {
	Sender         *mailpitTrigger
	Recipient      *mailpitTrigger
	Authentication *mailpitTrigger
}

// mailpitTrigger has the code of the reply, and its probability in percent.
type mailpitTrigger struct {
	ErrorCode   int
	Probability int
}

// chaosSteps are the steps of a session at which the triggers act.
var chaosSteps = []struct {
	name, step, reply string
	code              int // if the request gives none
	trigger           func(*mailpitChaos) **mailpitTrigger
}{
	{"Sender", "mail", "Chaos sender error", 451, func(c *mailpitChaos) **mailpitTrigger { return &c.Sender }},
	{"Recipient", "rcpt", "Chaos recipient error", 451, func(c *mailpitChaos) **mailpitTrigger { return &c.Recipient }},
	{"Authentication", "auth", "Chaos authentication error", 535, func(c *mailpitChaos) **mailpitTrigger { return &c.Authentication }},
}

// chaosOf returns the trigger that a fault stands for, and its index in chaosSteps, if it
// is one.
func chaosOf(f plainFault) (index int, trigger mailpitTrigger, ok bool) {
	code, text, _ := strings.Cut(f.Reply, " ")
	for i, s := range chaosSteps {
		if f.Step == s.step && text == s.reply {
			n, err := strconv.Atoi(code)
			return i, mailpitTrigger{n, int(f.Probability*100 + 0.5)}, err == nil
		}
	}
	return 0, trigger, false
}

// mailpitGetChaos answers GET /api/v1/chaos.
func (a *API) mailpitGetChaos(w http.ResponseWriter, r *http.Request, _ []string) *failure {
	faults, err := a.plainFaults()
	if err != nil {
		return workFailure(err)
	}
	var chaos mailpitChaos
	for _, s := range chaosSteps {
		*s.trigger(&chaos) = &mailpitTrigger{ErrorCode: s.code}
	}
	for _, fault := range faults {
		if i, trigger, ok := chaosOf(fault); ok {
			*chaosSteps[i].trigger(&chaos) = &trigger
		}
	}
	return a.sendJSON(w, r, chaos, 500)
}

// mailpitSetChaos answers PUT /api/v1/chaos: its triggers replace the previous ones, and
// other faults are kept.
func (a *API) mailpitSetChaos(w http.ResponseWriter, r *http.Request, _ []string) *failure {
	var chaos mailpitChaos
	if _, f := a.readJSON(w, r, &chaos); f != nil {
		return f
	}
	var faults []plainFault
	for _, s := range chaosSteps {
		trigger := *s.trigger(&chaos)
		if trigger == nil {
			trigger = &mailpitTrigger{}
		}
		if trigger.ErrorCode == 0 {
			trigger.ErrorCode = s.code
		}
		switch {
		case trigger.ErrorCode < 400 || trigger.ErrorCode > 599:
			return badRequest(s.name + ": error code must be between 400 and 599")
		case trigger.Probability < 0 || trigger.Probability > 100:
			return badRequest(s.name + ": probability must be between 0 and 100")
		case trigger.Probability > 0:
			faults = append(faults, plainFault{
				Step: s.step, Probability: float64(trigger.Probability) / 100, Reply: strconv.Itoa(trigger.ErrorCode) + " " + s.reply,
			})
		}
		*s.trigger(&chaos) = trigger
	}
	if err := a.replaceFaults(func(f plainFault) bool {
		_, _, isChaos := chaosOf(f)
		return isChaos
	}, faults); err != nil {
		return faultsFailure(err)
	}
	return a.sendJSON(w, r, chaos, 500)
}
