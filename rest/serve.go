package rest

import (
	"io"
	"net/http"
	"strings"

	"github.com/caddy-mailbucket/mailbucket/content"
	"github.com/caddy-mailbucket/mailbucket/guard"
	"github.com/caddy-mailbucket/mailbucket/internal/jsonstream"
)

// maxRanges is how many ranges of a content may be asked for at once (RFC 9110 section
// 14.2), as an attachment is decoded again for each of them.
const maxRanges = 8

// serve answers with content that never changes, or with the ranges of it that are asked
// for. Held is how many bytes stay in memory until it is sent.
func serve(w http.ResponseWriter, r *http.Request, m *content.Mail, name, contentType string, held int, body io.ReadSeeker) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("ETag", etag(m.ID, name))
	ranges := r.Header.Get("Range")
	if !strings.HasPrefix(ranges, "bytes=") || strings.Count(ranges, ",") >= maxRanges {
		r.Header.Del("Range") // a server may always answer with all of it
	}
	http.ServeContent(&rangeWriter{ResponseWriter: guard.Paced(w, r, held)}, r, "", m.Time(), body)
}

// rangeWriter replaces the line of text with which http.ServeContent answers a request
// for a range that does not exist by a problem document.
type rangeWriter struct {
	http.ResponseWriter
	failed bool
}

// WriteHeader implements http.ResponseWriter.
func (w *rangeWriter) WriteHeader(status int) {
	if w.failed = status == http.StatusRequestedRangeNotSatisfiable; !w.failed {
		w.ResponseWriter.WriteHeader(status)
		return
	}
	encoded, _ := jsonstream.Marshal(newProblem(status, "Range: expected a range within the "+strings.TrimPrefix(w.Header().Get("Content-Range"), "bytes */")+" bytes of the content")) // strings and a number cannot fail
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Cache-Control", "no-store")
	w.ResponseWriter.WriteHeader(status)
	_, _ = w.ResponseWriter.Write(encoded) // an error is one of the connection
}

// Write implements io.Writer.
func (w *rangeWriter) Write(b []byte) (int, error) {
	if w.failed {
		return len(b), nil
	}
	return w.ResponseWriter.Write(b)
}

// Unwrap is for http.ResponseController.
func (w *rangeWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
