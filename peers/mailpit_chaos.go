package peers

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
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

// chaosFault is the fault that a trigger stands for.
type chaosFault struct {
	Step        string  `json:"step"`
	Probability float64 `json:"probability,omitempty"`
	Reply       string  `json:"reply"`
}

// runningFaults are the faults that were set while the server is running, as JSON.
func (a *API) runningFaults() ([]json.RawMessage, error) {
	document, err := a.faults.MarshalJSON()
	if err != nil {
		return nil, fmt.Errorf("reading the faults: %w", err)
	}
	var list struct {
		Faults []json.RawMessage `json:"faults"`
	}
	if err := json.Unmarshal(document, &list); err != nil {
		return nil, fmt.Errorf("reading the faults: %w", err)
	}
	return list.Faults, nil
}

// chaosOf returns the trigger that a fault stands for, and its index in chaosSteps, if it
// is one.
func chaosOf(fault json.RawMessage) (index int, trigger mailpitTrigger, ok bool) {
	var fields map[string]json.RawMessage
	var f chaosFault
	if json.Unmarshal(fault, &fields) != nil || json.Unmarshal(fault, &f) != nil {
		return 0, trigger, false
	}
	if _, always := fields["probability"]; !always {
		f.Probability = 1
		fields["probability"] = nil
	}
	for i, s := range chaosSteps {
		const digits = 3
		if len(fields) == 3 && f.Step == s.step && len(f.Reply) > digits && f.Reply[digits:] == " "+s.reply {
			code, err := strconv.Atoi(f.Reply[:digits])
			return i, mailpitTrigger{code, int(f.Probability*100 + 0.5)}, err == nil
		}
	}
	return 0, trigger, false
}

// mailpitGetChaos answers GET /api/v1/chaos.
func (a *API) mailpitGetChaos(w http.ResponseWriter, r *http.Request, _ []string) *failure {
	faults, err := a.runningFaults()
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
	running, err := a.runningFaults()
	if err != nil {
		return workFailure(err)
	}
	faults := make([]any, 0, len(running)+len(chaosSteps))
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
			faults = append(faults, chaosFault{s.step, float64(trigger.Probability) / 100, strconv.Itoa(trigger.ErrorCode) + " " + s.reply})
		}
		*s.trigger(&chaos) = trigger
	}
	for _, fault := range running {
		if _, _, isChaos := chaosOf(fault); !isChaos {
			faults = append(faults, fault)
		}
	}
	if err := a.faults.SetJSON(encode(map[string]any{"faults": faults})); err != nil {
		return badRequest(err.Error())
	}
	return a.sendJSON(w, r, chaos, 500)
}
