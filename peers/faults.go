package peers

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/caddy-mailbucket/mailbucket/store"
)

// plainFault is a fault without conditions, which is all that the peers' calls can set.
type plainFault struct {
	Step        string  `json:"step"`
	Probability float64 `json:"probability,omitempty"`
	Reply       string  `json:"reply,omitempty"`
	Drop        bool    `json:"drop,omitempty"`
}

// asPlain reads a fault that has no conditions. Others are not ok.
func asPlain(fault json.RawMessage) (f plainFault, ok bool) {
	decoder := json.NewDecoder(bytes.NewReader(fault))
	decoder.DisallowUnknownFields()
	if decoder.Decode(&f) != nil {
		return plainFault{}, false
	}
	if f.Probability == 0 {
		f.Probability = 1
	}
	return f, true
}

// runningFaults are the faults in a document that were set while the server is running.
func runningFaults(document []byte) ([]json.RawMessage, error) {
	var list struct {
		Faults []json.RawMessage `json:"faults"`
	}
	if err := json.Unmarshal(document, &list); err != nil {
		return nil, fmt.Errorf("reading the faults: %w", err)
	}
	return list.Faults, nil
}

// plainFaults are those of the running faults that have no conditions.
func (a *API) plainFaults() ([]plainFault, error) {
	document, err := a.faults.MarshalJSON()
	if err != nil {
		return nil, fmt.Errorf("reading the faults: %w", err)
	}
	running, err := runningFaults(document)
	if err != nil {
		return nil, err
	}
	var plain []plainFault
	for _, fault := range running {
		if f, ok := asPlain(fault); ok {
			plain = append(plain, f)
		}
	}
	return plain, nil
}

// replaceFaults puts faults in the place of the running ones that have no conditions and
// are own. The others are kept, after those.
func (a *API) replaceFaults(own func(plainFault) bool, with []plainFault) error {
	return a.faults.ChangeJSON(func(document []byte) ([]byte, error) {
		running, err := runningFaults(document)
		if err != nil {
			return nil, err
		}
		kept := slices.DeleteFunc(running, func(fault json.RawMessage) bool {
			f, ok := asPlain(fault)
			return ok && own(f)
		})
		all := make([]any, 0, len(with)+len(kept))
		for _, f := range with {
			all = append(all, f)
		}
		for _, f := range kept {
			all = append(all, f)
		}
		return encode(map[string]any{"faults": all}), nil
	})
}

// faultsFailure is the answer when faults could not be set.
func faultsFailure(err error) *failure {
	if store.OfJournal(err) || errors.Is(err, store.ErrClosed) {
		return workFailure(err)
	}
	return badRequest(err.Error())
}
