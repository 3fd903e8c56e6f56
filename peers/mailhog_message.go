package peers

import (
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/caddy-mailbucket/mailbucket/content"
	"github.com/caddy-mailbucket/mailbucket/internal/jsonstream"
	"github.com/caddy-mailbucket/mailbucket/message"
	"github.com/caddy-mailbucket/mailbucket/store"
)

// mailhogMessage answers GET /api/v1/messages/{id} with an item.
func (a *API) mailhogMessage(w http.ResponseWriter, r *http.Request, names []string) *failure {
	m, f := a.named(r, names[0])
	if f != nil {
		return f
	}
	w.Header().Set("Content-Type", jsonType)
	w.Header().Set("Cache-Control", "no-store")
	if r.Method == http.MethodHead {
		w.WriteHeader(http.StatusOK)
		return nil
	}
	out := jsonstream.New(w)
	if err := a.sendItem(r.Context(), out, m, pacedAnswer(w, r)); err != nil && !out.Begun() {
		return workFailure(err)
	} else if err != nil || out.Flush() != nil {
		panic(http.ErrAbortHandler)
	}
	out.End()
	return nil
}

// mailhogDelete answers DELETE /api/v1/messages/{id}. The answer never has a body, even if
// there is no such mail, as clients would read it as JSON.
func (a *API) mailhogDelete(w http.ResponseWriter, r *http.Request, names []string) *failure {
	status := http.StatusNotFound
	if id, err := store.ParseID(names[0]); err == nil {
		deleted, err := a.bucket.Delete(r.Context(), id)
		switch {
		case err != nil:
			return workFailure(err)
		case deleted:
			status = http.StatusOK
		}
	}
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	return nil
}

// mailhogDownload answers GET /api/v1/messages/{id}/download with the mail byte for byte,
// without the fields that are added in items.
func (a *API) mailhogDownload(w http.ResponseWriter, r *http.Request, names []string) *failure {
	m, f := a.named(r, names[0])
	if f != nil {
		return f
	}
	return a.download(w, r, m, "message/rfc822", m.ID.String()+".eml", strings.NewReader(m.Raw))
}

// mailhogPart answers GET /api/v1/messages/{id}/mime/part/{n}/download with one of the
// parts that the item has, counted from 0, decoded.
func (a *API) mailhogPart(w http.ResponseWriter, r *http.Request, names []string) *failure {
	m, f := a.named(r, names[0])
	if f != nil {
		return f
	}
	mail := a.contents.Mail(m)
	var parts []*message.Part
	if root := mail.Parsed().Root; strings.HasPrefix(root.MediaType, "multipart/") {
		parts = root.Parts
	}
	n, err := strconv.Atoi(names[1])
	if err != nil || n < 0 || n >= len(parts) {
		return newFailure(http.StatusNotFound, "Error: this message has "+strconv.Itoa(len(parts))+" parts, counted from 0")
	}
	return a.download(w, r, m, parts[n].MediaType, parts[n].SaveName(), mail.Open(parts[n]))
}

// download answers with a mail or a part of it, which browsers save under that name.
func (a *API) download(w http.ResponseWriter, r *http.Request, m *store.Message, contentType, name string, body io.ReadSeeker) *failure {
	w.Header().Set("Content-Disposition", content.Disposition("attachment", name))
	return a.sendStored(w, r, m, contentType, body)
}
