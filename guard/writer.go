package guard

import (
	"net/http"
	"time"
)

const (
	// stall is how long a client may take to read the next 32 KiB of an answer, which is
	// about 500 bytes a second.
	stall = time.Minute
	// heldRate is how many bytes a second a client has to read of an answer that is held in
	// memory for it, on average and after an initial allowance of heldGrace.
	heldRate, heldGrace = 16 << 10, time.Minute
)

// TimeFor is how long a client may take to read so many bytes that are held in memory for
// it.
func TimeFor(held int) time.Duration {
	return heldGrace + time.Duration(held)*time.Second/heldRate
}

// BeginEvents begins an answer that is a stream of server-sent events.
func BeginEvents(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Accel-Buffering", "no") // for proxies that would hold events back
	w.WriteHeader(http.StatusOK)
}

// Paced makes a writer that bounds the time in which the client has to read each piece of
// an answer and, if the answer is held in memory until it is sent, all of it. Held is how
// many bytes are held, or 0. A write timeout of the server still applies.
func Paced(w http.ResponseWriter, r *http.Request, held int) http.ResponseWriter {
	if server, ok := r.Context().Value(http.ServerContextKey).(*http.Server); ok && server.WriteTimeout > 0 {
		return w
	}
	p := &paced{ResponseWriter: w, controller: http.NewResponseController(w)}
	if held > 0 {
		p.end = time.Now().Add(TimeFor(held))
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
