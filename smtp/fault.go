package smtp

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/caddy-mailbucket/mailbucket/pattern"
)

// Bounds of faults.
const (
	// MaxFaults is how many rules there may be of either kind, see [Faults].
	MaxFaults = 100

	// MaxFaultDelay is the longest delay of a rule.
	MaxFaultDelay = 10 * time.Minute
)

// Fault is a rule by which something goes wrong on purpose, so that an
// application's handling of errors can be tested. It applies at one step of a
// session, where all its conditions hold. Of several rules that apply, the first
// does.
type Fault struct {
	// Where in a session: connect, helo, auth, mail, rcpt, data (when the data
	// is announced) or end-of-data.
	Step string `json:"step"`

	// The envelope's sender, in which `*` stands for any text. From step mail on.
	Sender string `json:"sender,omitempty"`

	// A recipient, in which `*` stands for any text: the one at step rcpt, any
	// one at the steps after it.
	Recipient string `json:"recipient,omitempty"`

	// The client's IP address, or a range of them such as `192.0.2.0/24`.
	Client string `json:"client,omitempty"`

	// How probable the fault is where the conditions hold, above 0 and up to 1.
	// Default: 1.
	Probability float64 `json:"probability,omitempty"`

	// How many times the fault happens; then the rule is done. Default: no limit.
	Times int `json:"times,omitempty"`

	// How long to wait first, as in `2s`, up to 10m.
	Delay Duration `json:"delay,omitempty"`

	// The reply, from 400 to 599, with or without an enhanced status code, such
	// as `452 4.2.2 Mailbox full`. The command has no effect; 421 also closes the
	// connection.
	Reply string `json:"reply,omitempty"`

	// Whether to close the connection without a reply.
	Drop bool `json:"drop,omitempty"`

	// Whether never to reply, until the client gives up or the idle timeout is over.
	Stall bool `json:"stall,omitempty"`
}

// UnmarshalJSON implements json.Unmarshaler. It refuses unknown fields, and values that
// would mean the same as leaving the field out.
func (f *Fault) UnmarshalJSON(text []byte) error {
	type plain Fault
	document := struct {
		*plain
		Probability *float64 `json:"probability"`
		Times       *int     `json:"times"`
	}{plain: (*plain)(f)}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&document); err != nil {
		return err
	}
	if p := document.Probability; p != nil {
		if f.Probability = *p; *p == 0 {
			return errProbability(*p)
		}
	}
	if n := document.Times; n != nil {
		if f.Times = *n; *n == 0 {
			return errTimes(*n)
		}
	}
	return nil
}

func errProbability(p float64) error {
	return fmt.Errorf("probability %v: expected a number above 0 and up to 1", p)
}

func errTimes(n int) error { return fmt.Errorf("times %d: expected a positive number", n) }

// Duration is a time.Duration whose JSON is a text such as "1m30s".
type Duration time.Duration

// MarshalText implements encoding.TextMarshaler.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *Duration) UnmarshalText(text []byte) error {
	parsed, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf("duration %q: expected one such as 2s or 1m30s", text)
	}
	*d = Duration(parsed)
	return nil
}

type step uint8

const (
	stepConnect step = iota
	stepHelo
	stepAuth
	stepMail
	stepRcpt
	stepData
	stepEndOfData
)

var stepNames = []string{"connect", "helo", "auth", "mail", "rcpt", "data", "end-of-data"}

func (s step) String() string { return stepNames[s] }

// rule is a fault that has been checked.
type rule struct {
	Fault
	at        step
	sender    pattern.Pattern
	recipient pattern.Pattern
	client    netip.Prefix
	reply     reply
	left      atomic.Int64 // how many of Times are left
}

// Check says what is wrong with the rule.
func (f *Fault) Check() error {
	_, err := f.compile()
	return err
}

func (f *Fault) compile() (*rule, error) {
	at := slices.Index(stepNames, f.Step)
	if at < 0 {
		return nil, fmt.Errorf("step %q: expected one of %s", f.Step, strings.Join(stepNames, ", "))
	}
	r := &rule{Fault: *f, at: step(at), sender: pattern.New(f.Sender), recipient: pattern.New(f.Recipient)}
	r.left.Store(int64(f.Times))
	effects := 0
	for _, has := range []bool{f.Reply != "", f.Drop, f.Stall} {
		if has {
			effects++
		}
	}
	switch {
	case f.Sender != "" && r.at < stepMail:
		return nil, fmt.Errorf("sender: not known at step %s, expected mail or a later one", f.Step)
	case f.Recipient != "" && r.at < stepRcpt:
		return nil, fmt.Errorf("recipient: not known at step %s, expected rcpt or a later one", f.Step)
	case f.Probability < 0 || f.Probability > 1 || f.Probability != f.Probability:
		return nil, errProbability(f.Probability)
	case f.Times < 0:
		return nil, errTimes(f.Times)
	case f.Delay < 0 || time.Duration(f.Delay) > MaxFaultDelay:
		return nil, fmt.Errorf("delay %s: expected at most %s", time.Duration(f.Delay), MaxFaultDelay)
	case effects > 1:
		return nil, errors.New("expected one of reply, drop and stall")
	case effects == 0 && f.Delay == 0:
		return nil, errors.New("expected something to do: reply, drop, stall or delay")
	}
	var err error
	if f.Client != "" {
		if r.client, err = parseClient(f.Client); err != nil {
			return nil, err
		}
	}
	if f.Reply != "" {
		if r.reply, err = parseReply(f.Reply); err != nil {
			return nil, err
		}
	}
	return r, nil
}

func parseClient(s string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(s); err == nil {
		addr = addr.Unmap()
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	prefix, err := netip.ParsePrefix(s)
	if err == nil && prefix.Addr().Is4In6() {
		// Clients are compared by their IPv4 address. ::ffff:0:0/96 holds all of these.
		const mapped = 96
		if prefix.Bits() < mapped {
			err = errors.New("more than the IPv4 addresses")
		} else {
			prefix, err = prefix.Addr().Unmap().Prefix(prefix.Bits() - mapped)
		}
	}
	if err != nil {
		return prefix, fmt.Errorf("client %q: expected an IP address or a range such as 192.0.2.0/24", s)
	}
	return prefix, nil
}

// parseReply reads a reply of one line: code, perhaps enhanced status code, text.
func parseReply(s string) (reply, error) {
	code, text, _ := strings.Cut(s, " ")
	n, err := strconv.Atoi(code)
	printable := !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
	if err != nil || len(code) != 3 || n < 400 || n > 599 || !printable || len(s) > 500 {
		return reply{}, fmt.Errorf("reply %q: expected a code from 400 to 599 and a line of text, such as 452 4.2.2 Mailbox full", s)
	}
	r := reply{code: n, text: text}
	first, rest, _ := strings.Cut(text, " ")
	if class, digits, ok := strings.Cut(first, "."); ok && strings.Trim(first, "0123456789.") == "" && strings.Count(digits, ".") == 1 {
		if class != code[:1] {
			return reply{}, fmt.Errorf("reply %q: expected an enhanced status code that begins with %c, as the code does", s, code[0])
		}
		r.enhanced, r.text = first, rest
	}
	return r, nil
}

// Faults are the rules that sessions follow: those of the configuration, and
// those set while the server runs, which come first. The zero value has none. Its
// methods may be called from any goroutine.
type Faults struct {
	mu         sync.Mutex
	configured []*rule
	running    []*rule
	active     atomic.Pointer[[]*rule]

	changing sync.Mutex // held by Change
}

// Configure sets the rules of the configuration.
func (f *Faults) Configure(faults []Fault) error { return f.set(&f.configured, faults) }

// Set sets the rules that apply before those of the configuration.
func (f *Faults) Set(faults []Fault) error { return f.set(&f.running, faults) }

func (f *Faults) set(list *[]*rule, faults []Fault) error {
	rules, err := compileAll(faults)
	if err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	*list = rules
	f.active.Store(nil)
	if all := slices.Concat(f.running, f.configured); len(all) > 0 {
		f.active.Store(&all)
	}
	return nil
}

func compileAll(faults []Fault) ([]*rule, error) {
	if len(faults) > MaxFaults {
		return nil, fmt.Errorf("%d faults: expected at most %d", len(faults), MaxFaults)
	}
	rules := make([]*rule, len(faults))
	for i := range faults {
		var err error
		if rules[i], err = faults[i].compile(); err != nil {
			return nil, fmt.Errorf("fault %d: %w", i+1, err)
		}
	}
	return rules, nil
}

// SetJSON is Set with rules as in {"faults": [...]}.
func (f *Faults) SetJSON(text []byte) error {
	faults, err := ParseFaults(text)
	if err != nil {
		return err
	}
	return f.Set(faults)
}

// ChangeJSON sets the rules to what change makes of those that MarshalJSON gives.
func (f *Faults) ChangeJSON(change func(document []byte) ([]byte, error)) error {
	return f.Change(change, f.SetJSON)
}

// Change is ChangeJSON where something else than SetJSON sets the rules, which may take its
// time. Changes are made one after the other, so that none undoes another.
func (f *Faults) Change(change func(document []byte) ([]byte, error), set func(document []byte) error) error {
	f.changing.Lock()
	defer f.changing.Unlock()
	before, err := f.MarshalJSON()
	if err != nil {
		return fmt.Errorf("reading the faults: %w", err)
	}
	after, err := change(before)
	if err != nil {
		return err
	}
	return set(after)
}

// ParseFaults reads rules as SetJSON does, or says what is wrong with them.
func ParseFaults(text []byte) ([]Fault, error) {
	var document struct {
		Faults *[]Fault `json:"faults"`
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&document); err != nil {
		return nil, fmt.Errorf("reading faults: %w", err)
	}
	if document.Faults == nil || decoder.More() {
		return nil, errors.New(`expected an object such as {"faults":[{"step":"rcpt","reply":"452 4.2.2 Mailbox full"}]}`)
	}
	_, err := compileAll(*document.Faults)
	return *document.Faults, err
}

// MarshalJSON gives the rules that were set as "faults", and those of the
// configuration as "configured". Times is what is left of it, so that rules that
// are done are not listed.
func (f *Faults) MarshalJSON() ([]byte, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return json.Marshal(map[string][]Fault{"faults": list(f.running), "configured": list(f.configured)})
}

func list(rules []*rule) []Fault {
	faults := []Fault{}
	for _, r := range rules {
		fault := r.Fault
		if r.Times > 0 {
			if fault.Times = int(r.left.Load()); fault.Times <= 0 {
				continue
			}
		}
		faults = append(faults, fault)
	}
	return faults
}
