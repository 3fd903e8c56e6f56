package guard

import (
	"net/http"
	"time"
)

const (
	// stall is how long a client may take for the next 32 KiB of an answer, which
	// makes about 500 bytes a second.
	stall = time.Minute
	// heldRate is how many bytes a second a client has to take of an answer that is
	// held in memory for it, on average and beside heldGrace.
	heldRate, heldGrace = 16 << 10, time.Minute
)

// Paced makes a writer that gives the client of an answer so much time for each piece
// of it, and for all of it if it is held in memory until then: held is its size in
// bytes, or 0. A write timeout of the server's own comes first.
func Paced(w http.ResponseWriter, r *http.Request, held int) http.ResponseWriter {
	if server, ok := r.Context().Value(http.ServerContextKey).(*http.Server); ok && server.WriteTimeout > 0 {
		return w
	}
	p := &paced{ResponseWriter: w, controller: http.NewResponseController(w)}
	if held > 0 {
		p.end = time.Now().Add(heldGrace + time.Duration(held)*time.Second/heldRate)
	}
	return p
}

type paced struct {
	http.ResponseWriter
	controller *http.ResponseController
	renew, end time.Time
}

// Write implements io.Writer.
func (p *paced) Write(b []byte) (int, error) {
	if now := time.Now(); now.After(p.renew) {
		deadline := now.Add(stall)
		if !p.end.IsZero() && p.end.Before(deadline) {
			deadline = p.end
		}
		_ = p.controller.SetWriteDeadline(deadline)
		p.renew = now.Add(stall / 8)
	}
	return p.ResponseWriter.Write(b)
}

// Unwrap is for http.ResponseController.
func (p *paced) Unwrap() http.ResponseWriter { return p.ResponseWriter }
