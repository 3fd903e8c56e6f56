package rest

import (
	"net/http"
	"strings"

	"github.com/caddy-mailbucket/mailbucket/message"
	"github.com/caddy-mailbucket/mailbucket/store"
)

// email answers GET /emails/{id}.
func (a *API) email(w http.ResponseWriter, r *http.Request, id store.ID) *problem {
	m, ok := a.bucket.Get(id)
	if !ok {
		return noSuchEmail(id)
	}
	w.Header().Set("Cache-Control", "no-cache")
	writeJSON(w, r, http.StatusOK, "application/json", struct {
		ID          store.ID `json:"id"`
		Sender      string   `json:"sender"`
		Recipients  []string `json:"recipients"`
		Subject     string   `json:"subject"`
		Body        string   `json:"body"` // the data as received, its line ends as \n
		TimeCreated int64    `json:"timeCreated"`
		Size        int      `json:"size"` // of the data as received, in bytes
		Problems    []string `json:"problems,omitempty"`
	}{
		ID:          m.ID,
		Sender:      m.Sender,
		Recipients:  m.Recipients,
		Subject:     message.DecodeHeader(m.Subject),
		Body:        strings.ReplaceAll(m.Raw, "\r\n", "\n"),
		TimeCreated: m.UnixMilli(),
		Size:        len(m.Raw),
		Problems:    m.Problems,
	})
	return nil
}

// raw answers GET /emails/{id}/raw: what was received, byte for byte.
func (a *API) raw(w http.ResponseWriter, r *http.Request, id store.ID) *problem {
	m, ok := a.bucket.Get(id)
	if !ok {
		return noSuchEmail(id)
	}
	h := w.Header()
	h.Set("Content-Type", "message/rfc822")
	h.Set("Content-Disposition", `attachment; filename="`+id.String()+`.eml"`)
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-cache")
	h.Set("ETag", `"`+id.String()+`"`)
	http.ServeContent(w, r, "", m.Time(), strings.NewReader(m.Raw))
	return nil
}

// deleteEmail answers DELETE /emails/{id}.
func (a *API) deleteEmail(w http.ResponseWriter, _ *http.Request, id store.ID) *problem {
	if !a.bucket.Delete(id) {
		return noSuchEmail(id)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func noSuchEmail(id store.ID) *problem {
	return newProblem(http.StatusNotFound, "no email "+id.String()+" is held: it was deleted, made room for newer ones, or never was")
}
