package guard

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"
)

// ErrSlow is the error of a body that arrives too slowly.
var ErrSlow = errors.New("the body came too slowly")

const (
	// smallBody is the size, in bytes, up to which bodies share the first budget.
	smallBody = 1 << 20
	// firstRoom is how much memory a body is given at first. After that it is given up to
	// roomFactor times as much as has arrived.
	firstRoom, roomFactor = 32 << 10, 8

	// A body has to arrive with so many bytes a second on average, after an initial
	// allowance of bodyGrace. A large one makes others wait and has to be faster.
	bodyGrace            = 30 * time.Second
	smallRate, largeRate = 500, 16 << 10
)

// Bodies reads the bodies of requests into memory, which is bounded over all of them.
type Bodies struct {
	small, large *Budget
	grace        time.Duration
}

// NewBodies makes a reader with a budget for bodies of up to 1 MiB and one for larger
// ones, each of which waits until there is room for all of it.
func NewBodies(small, large *Budget) *Bodies {
	return &Bodies{small: small, large: large, grace: bodyGrace}
}

// Read reads the body of r. What it holds counts until done is called. The error is
// *http.MaxBytesError for a body of more than most bytes, ErrBusy if there was no room
// in time, ErrSlow, or that of the connection or of the request's context. After an
// error the connection is closed, as the rest of the body is not read.
func (b *Bodies) Read(w http.ResponseWriter, r *http.Request, most int64) (body string, done func(), err error) {
	in := &incoming{Bodies: b, r: r, controller: http.NewResponseController(w), most: most, timed: !hasReadTimeout(r), buffer: new(strings.Builder)}
	defer func() {
		if err != nil {
			in.share.Release()
			w.Header().Set("Connection", "close")
		}
	}()
	if err := in.reserve(); err != nil {
		return "", nil, err
	}
	if err := in.read(); err != nil {
		return "", nil, err
	}
	body = in.buffer.String()
	if in.buffer.Cap() > in.buffer.Len()+in.buffer.Len()/8 {
		body = strings.Clone(body)
	}
	return body, in.share.Release, nil
}

// hasReadTimeout reports whether the server's configuration has a read timeout.
func hasReadTimeout(r *http.Request) bool {
	server, ok := r.Context().Value(http.ServerContextKey).(*http.Server)
	return ok && server.ReadTimeout > 0
}

// incoming is a body while it is being received.
type incoming struct {
	*Bodies
	r          *http.Request
	controller *http.ResponseController
	most       int64
	timed      bool

	expected int64 // -1 if the client did not say
	share    *Share
	rate     int64
	buffer   *strings.Builder
}

// reserve waits for memory for a body of the announced length, or else for a small one.
func (in *incoming) reserve() (err error) {
	in.expected, in.rate = in.r.ContentLength, smallRate
	in.share = new(Share)
	switch {
	case in.expected > in.most:
		return &http.MaxBytesError{Limit: in.most}
	case in.expected > smallBody:
		return in.reserveLarge(in.expected)
	}
	need := in.expected
	if need < 0 {
		need = min(in.most, smallBody)
	}
	share, err := in.small.Take(in.r.Context(), need)
	if err == nil {
		in.share = share
	}
	return err
}

func (in *incoming) reserveLarge(need int64) error {
	share, err := in.large.Take(in.r.Context(), need)
	if err != nil {
		return err
	}
	in.share.Release()
	in.share, in.rate = share, largeRate
	return nil
}

var pieces = sync.Pool{New: func() any { return new([32 << 10]byte) }}

func (in *incoming) read() error {
	piece := pieces.Get().(*[32 << 10]byte)
	defer pieces.Put(piece)
	started := time.Now()
	for {
		due := started.Add(in.grace + time.Duration(int64(in.buffer.Len())*int64(time.Second)/in.rate))
		if in.timed {
			_ = in.controller.SetReadDeadline(due)
		}
		n, err := in.r.Body.Read(piece[:])
		if addErr := in.add(piece[:n]); addErr != nil {
			return addErr
		}
		switch {
		case errors.Is(err, io.EOF):
			if in.timed {
				_ = in.controller.SetReadDeadline(time.Time{})
			}
			return nil
		case errors.Is(err, os.ErrDeadlineExceeded), err == nil && in.timed && time.Now().After(due):
			return ErrSlow
		case err != nil:
			return err
		}
		if err := context.Cause(in.r.Context()); err != nil {
			return err
		}
	}
}

// add keeps the next bytes. Memory is allocated as they arrive, not for the announced
// length.
func (in *incoming) add(piece []byte) error {
	total := int64(in.buffer.Len() + len(piece))
	if total > in.most {
		return &http.MaxBytesError{Limit: in.most}
	}
	if in.expected < 0 && total > smallBody && in.rate == smallRate {
		if err := in.reserveLarge(in.most); err != nil {
			return err
		}
	}
	if total > int64(in.buffer.Cap()) {
		room := max(firstRoom, roomFactor*total)
		if in.expected >= total {
			room = min(room, in.expected)
		}
		larger := new(strings.Builder)
		larger.Grow(int(min(room, in.most)))
		larger.WriteString(in.buffer.String())
		in.buffer = larger
	}
	in.buffer.Write(piece)
	return nil
}
