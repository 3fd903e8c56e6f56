package rest

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/caddy-mailbucket/mailbucket/store"
)

// maxChangeDocument bounds the body of a call that changes emails, in bytes: there is room
// for some 29,000 ids.
const maxChangeDocument = 1 << 20

// deleteMany answers DELETE /emails: it deletes the emails that the body lists, or those that
// the filters match, or all.
func (a *API) deleteMany(w http.ResponseWriter, r *http.Request, _ store.ID) *problem {
	q, p := parseQuery(r.URL.RawQuery, nil)
	if p != nil {
		return p
	}
	body, done, p := a.changeDocument(w, r)
	if p != nil {
		return p
	}
	defer done()
	deleted := 0
	if body == "" {
		deleted, p = a.changeMatching(r, q.Query, a.bucket.DeleteMatching)
	} else {
		if r.URL.RawQuery != "" {
			return newProblem(http.StatusBadRequest, "expected either filters or a body with ids, not both")
		}
		deleted, p = a.deleteIDs(r, body)
	}
	if p != nil {
		return p
	}
	a.sendJSON(w, r, http.StatusOK, "application/json", struct {
		Deleted int `json:"deleted"`
	}{deleted})
	return nil
}

// deleteIDs deletes the emails that a document lists.
func (a *API) deleteIDs(r *http.Request, document string) (int, *problem) {
	ids, p := parseIDs(document)
	if p != nil {
		return 0, p
	}
	done, err := a.turn(r.Context(), store.Query{}, a.limits.Searches.Take)
	if err != nil {
		return 0, workProblem(err)
	}
	defer done()
	return a.changed(a.bucket.DeleteIDs(r.Context(), ids))
}

// markMany answers PATCH /emails: it marks all that the filters match, or all.
func (a *API) markMany(w http.ResponseWriter, r *http.Request, _ store.ID) *problem {
	q, p := parseQuery(r.URL.RawQuery, nil)
	if p != nil {
		return p
	}
	read, p := a.readMark(w, r)
	if p != nil {
		return p
	}
	changed, p := a.changeMatching(r, q.Query, func(ctx context.Context, q store.Query) (int, error) {
		return a.bucket.MarkMatching(ctx, q, read)
	})
	if p != nil {
		return p
	}
	a.sendJSON(w, r, http.StatusOK, "application/json", struct {
		Changed int `json:"changed"`
	}{changed})
	return nil
}

// markEmail answers PATCH /emails/{id}.
func (a *API) markEmail(w http.ResponseWriter, r *http.Request, id store.ID) *problem {
	if _, ok := a.bucket.Get(id); !ok {
		return noSuchEmail(id)
	}
	read, p := a.readMark(w, r)
	if p != nil {
		return p
	}
	if _, p := a.changed(a.bucket.Mark(r.Context(), []store.ID{id}, read)); p != nil {
		return p
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// changeMatching calls change, which changes what q matches, when it is its turn.
func (a *API) changeMatching(r *http.Request, q store.Query, change func(context.Context, store.Query) (int, error)) (int, *problem) {
	done, err := a.turn(r.Context(), q, a.limits.Searches.Take)
	if err != nil {
		return 0, workProblem(err)
	}
	defer done()
	return a.changed(change(r.Context(), q))
}

// changed is what came of changing emails.
func (a *API) changed(n int, err error) (int, *problem) {
	if err != nil {
		return 0, workProblem(err)
	}
	return n, nil
}

// changeDocument reads a body that says what to change.
func (a *API) changeDocument(w http.ResponseWriter, r *http.Request) (body string, done func(), p *problem) {
	body, done, err := a.limits.Bodies.Read(w, r, maxChangeDocument)
	if err != nil {
		return "", nil, bodyProblem(err, "document", "1 MiB")
	}
	return body, done, nil
}

// parseIDs reads {"ids":[...]}.
func parseIDs(body string) ([]store.ID, *problem) {
	var document struct{ IDs *[]string }
	err := parseDocument(body, &document)
	if err == nil && document.IDs == nil {
		err = errors.New("there are no ids")
	}
	if err != nil {
		return nil, newProblem(http.StatusBadRequest, `expected a body such as {"ids":["…"]}: `+err.Error())
	}
	ids := make([]store.ID, len(*document.IDs))
	for i, name := range *document.IDs {
		if ids[i], err = store.ParseID(name); err != nil {
			return nil, newProblem(http.StatusBadRequest, "ids: "+err.Error()+" in each")
		}
	}
	return ids, nil
}

// readMark reads the body {"read":true} or {"read":false}.
func (a *API) readMark(w http.ResponseWriter, r *http.Request) (read bool, p *problem) {
	body, done, p := a.changeDocument(w, r)
	if p != nil {
		return false, p
	}
	defer done()
	var document struct{ Read *bool }
	err := parseDocument(body, &document)
	if err == nil && document.Read == nil {
		err = errors.New("read is missing")
	}
	if err != nil {
		return false, newProblem(http.StatusBadRequest, `expected a body such as {"read":true}: `+err.Error())
	}
	return *document.Read, nil
}

// parseDocument reads a JSON object that has the members of v and no others.
func parseDocument(body string, v any) error {
	decoder := json.NewDecoder(strings.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(v); err != nil {
		return err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is more after it")
	}
	return nil
}
