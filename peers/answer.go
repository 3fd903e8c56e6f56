package peers

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/caddy-mailbucket/mailbucket/guard"
	"github.com/caddy-mailbucket/mailbucket/internal/jsonstream"
	"github.com/caddy-mailbucket/mailbucket/store"
)

// failure is an error in the form that clients of the peers expect: a line of text.
type failure struct {
	status int
	text   string
	json   bool // as {"Error": text} instead
}

func newFailure(status int, text string) *failure { return &failure{status: status, text: text} }

// asJSON returns the failure for the call at sendPath.
func (f *failure) asJSON() *failure {
	return &failure{status: f.status, text: strings.TrimPrefix(f.text, "Error: "), json: true}
}

// badRequest is the answer of the peers to anything that is wrong with a request.
func badRequest(text string) *failure { return newFailure(http.StatusBadRequest, "Error: "+text) }

// workFailure is the answer when a search, a deletion or other long work ended early.
func workFailure(err error) *failure {
	switch {
	case errors.Is(err, store.ErrClosed):
		return newFailure(http.StatusServiceUnavailable, "Error: the server is stopping or reloading its configuration: ask again")
	case store.OfJournal(err):
		return newFailure(http.StatusServiceUnavailable, "Error: nothing can be changed at the moment: "+err.Error())
	case errors.Is(err, guard.ErrBusy):
		return newFailure(http.StatusServiceUnavailable, "Error: "+guard.ErrBusy.Error())
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return newFailure(http.StatusServiceUnavailable, "Error: the request ended before its answer was there")
	}
	return newFailure(http.StatusInternalServerError, "Error: "+err.Error())
}

// send answers with the failure.
func (f *failure) send(w http.ResponseWriter, r *http.Request) {
	if f.status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "1")
	}
	if f.json {
		sendDocument(w, r, f.status, jsonType, string(encode(struct{ Error string }{f.text})))
		return
	}
	sendText(w, r, f.status, f.text)
}

// sendText answers with a text that must not be cached.
func sendText(w http.ResponseWriter, r *http.Request, status int, text string) {
	sendDocument(w, r, status, "text/plain; charset=utf-8", text)
}

func sendDocument(w http.ResponseWriter, r *http.Request, status int, contentType, text string) {
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Length", strconv.Itoa(len(text)))
	if guard.Begun(w) {
		h.Del("Content-Length")
	}
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = io.WriteString(w, text) // an error is one of the connection
	}
}

// sendJSON answers with v, whose document takes about size bytes. The document is held in
// memory until it is sent, so that it waits until there is room for it.
func (a *API) sendJSON(w http.ResponseWriter, r *http.Request, v any, size int) *failure {
	share, err := a.limits.Answers.Take(r.Context(), int64(size))
	if err != nil {
		return workFailure(err)
	}
	defer share.Release()
	out := bytes.NewBuffer(encode(v))
	h := w.Header()
	h.Set("Content-Type", jsonType)
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodHead {
		return nil
	}
	w = guard.Paced(w, r, out.Len())
	for out.Len() > 0 {
		if _, err := w.Write(out.Next(jsonstream.BufferSize)); err != nil {
			break // of the connection
		}
	}
	return nil
}

// encode returns v as JSON. V consists of strings, numbers and times in years that JSON
// allows, so that encoding cannot fail.
func encode(v any) []byte {
	encoded, err := jsonstream.Marshal(v)
	if err != nil {
		panic(err)
	}
	return encoded
}

// jsonType is the content type of JSON.
const jsonType = "application/json"

// query is the value of a parameter of the request; malformed ones count as missing, and
// unknown ones are ignored.
func query(r *http.Request, name string) string { return r.URL.Query().Get(name) }
