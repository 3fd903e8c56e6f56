package rest

import (
	"bytes"
	"io"
	"net/http"
	"slices"
	"strconv"

	"go.uber.org/zap"

	"github.com/caddy-mailbucket/mailbucket/guard"
	"github.com/caddy-mailbucket/mailbucket/internal/jsonstream"
)

// sendJSON answers with v, which must be small. It is encoded before the header section
// is sent, so that a value that cannot be encoded does not look like an empty answer.
func (a *API) sendJSON(w http.ResponseWriter, r *http.Request, status int, contentType string, v any) {
	encoded, err := jsonstream.Marshal(v)
	if err != nil {
		a.logger.Error("encoding an answer", zap.String("path", r.URL.Path), zap.Error(err))
		p := newProblem(http.StatusInternalServerError, "the answer cannot be encoded: "+err.Error())
		w.Header().Del("ETag")
		w.Header().Set("Cache-Control", "no-store")
		status, contentType = p.Status, "application/problem+json"
		encoded, _ = jsonstream.Marshal(p) // strings and a number cannot fail
	}
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(encoded) // an error is one of the connection: there is nobody left to tell
	}
}

// streamJSON answers with a document that write writes. Write must not fail. Held is how
// many bytes stay in memory until the document is sent.
func streamJSON(w http.ResponseWriter, r *http.Request, held int, write func(s *jsonstream.Stream)) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		writeJSON(guard.Paced(w, r, held), write)
	}
}

// writeJSON writes the document that write makes, and a line feed.
func writeJSON(w io.Writer, write func(s *jsonstream.Stream)) {
	s := jsonstream.New(w)
	write(s)
	s.Plain("\n")
	s.End()
}

// sendHeld answers with the document that write makes, of about size bytes.
func (a *API) sendHeld(w http.ResponseWriter, r *http.Request, size int, write func(s *jsonstream.Stream)) *problem {
	return a.sendBuilt(w, r, size, func() []byte { return bufferJSON(size, write) })
}

// sendBuilt answers with the document that build gives, of about size bytes. It waits for
// memory, as the document is held in memory until it is sent.
func (a *API) sendBuilt(w http.ResponseWriter, r *http.Request, size int, build func() []byte) *problem {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	if r.Method == http.MethodHead {
		w.WriteHeader(http.StatusOK)
		return nil
	}
	share, err := a.limits.Answers.Take(r.Context(), int64(size))
	if err != nil {
		return workProblem(err)
	}
	defer share.Release()
	encoded := build()
	h.Set("Content-Length", strconv.Itoa(len(encoded)))
	w.WriteHeader(http.StatusOK)
	w = guard.Paced(w, r, len(encoded))
	for piece := range slices.Chunk(encoded, pieceSize(len(encoded))) {
		if _, err := w.Write(piece); err != nil {
			break // of the connection
		}
	}
	return nil
}

// pieceSize is how many bytes at a time an answer of that size is written: a small one
// at once, and of a large one so many that slow clients have time for each piece.
func pieceSize(size int) int {
	if size <= 2*jsonstream.BufferSize {
		return max(1, size)
	}
	return jsonstream.BufferSize
}

// bufferJSON makes a document of about that size in memory.
func bufferJSON(size int, write func(s *jsonstream.Stream)) []byte {
	out := bytes.NewBuffer(make([]byte, 0, size))
	writeJSON(out, write)
	return out.Bytes()
}

// fragmentJSON makes a piece of a document in memory.
func fragmentJSON(write func(s *jsonstream.Stream)) string {
	var out bytes.Buffer
	s := jsonstream.New(&out)
	write(s)
	s.End()
	return out.String()
}
