package rest

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/caddy-mailbucket/mailbucket/store"
)

// Faults are the rules by which SMTP sessions go wrong on purpose. Their JSON is
// {"faults": [...], "configured": [...]}, of which the API changes the former.
type Faults interface {
	json.Marshaler

	// SetJSON sets the rules from a document such as {"faults": [...]}, or says
	// what is wrong with it, or with the bucket's journal, and changes nothing.
	SetJSON(document []byte) error
}

// maxFaultsDocument bounds the body of PUT /faults, in bytes.
const maxFaultsDocument = 256 << 10

// getFaults answers GET /faults.
func (a *API) getFaults(w http.ResponseWriter, r *http.Request, _ store.ID) *problem {
	w.Header().Set("Cache-Control", "no-store")
	a.sendJSON(w, r, http.StatusOK, "application/json", a.faults)
	return nil
}

// putFaults answers PUT /faults: the rules in it take the place of those before.
func (a *API) putFaults(w http.ResponseWriter, r *http.Request, id store.ID) *problem {
	document, done, err := a.limits.Bodies.Read(w, r, maxFaultsDocument)
	if err != nil {
		return bodyProblem(err, "document", "256 KiB")
	}
	defer done()
	err = a.faults.SetJSON([]byte(document))
	switch {
	case store.OfJournal(err), errors.Is(err, store.ErrClosed):
		return workProblem(err)
	case err != nil:
		return newProblem(http.StatusUnprocessableEntity, err.Error())
	}
	return a.getFaults(w, r, id)
}

// deleteFaults answers DELETE /faults. Those of the configuration stay.
func (a *API) deleteFaults(w http.ResponseWriter, _ *http.Request, _ store.ID) *problem {
	if err := a.faults.SetJSON([]byte(`{"faults":[]}`)); err != nil {
		return workProblem(err)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
