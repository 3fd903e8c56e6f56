package rest

import (
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/caddy-mailbucket/mailbucket/guard"
	"github.com/caddy-mailbucket/mailbucket/message"
)

// maxRanges is how many ranges of a content may be asked for at once (RFC 9110 section
// 14.2), as an attachment is decoded again for each of them.
const maxRanges = 8

// serve answers with content that never changes, or with the ranges of it that are asked
// for. Held is how many bytes stay in memory until it is sent.
func serve(w http.ResponseWriter, r *http.Request, m *parsed, name, contentType string, held int, content io.ReadSeeker) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("ETag", etag(m.ID, name))
	ranges := r.Header.Get("Range")
	if !strings.HasPrefix(ranges, "bytes=") || strings.Count(ranges, ",") >= maxRanges {
		r.Header.Del("Range") // a server may always answer with all of it
	}
	http.ServeContent(&rangeWriter{ResponseWriter: guard.Paced(w, r, held)}, r, "", m.Time(), content)
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
	encoded, _ := marshal(newProblem(status, "Range: expected a range within the "+strings.TrimPrefix(w.Header().Get("Content-Range"), "bytes */")+" bytes of the content")) // strings and a number cannot fail
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

// partReader reads a part and decodes it meanwhile. To read from the middle, it decodes
// what comes before and discards that.
type partReader struct {
	part     *message.Part
	size     int64
	offset   int64 // of the next byte to read
	reader   io.Reader
	position int64 // of reader
}

// Seek implements io.Seeker.
func (p *partReader) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += p.offset
	case io.SeekEnd:
		offset += p.size
	}
	if offset < 0 {
		return 0, fmt.Errorf("seeking to %d in a part", offset)
	}
	p.offset = offset
	return offset, nil
}

// Read implements io.Reader.
func (p *partReader) Read(b []byte) (int, error) {
	if p.reader == nil || p.position > p.offset {
		p.reader, p.position = p.part.Open(), 0
	}
	if skip := p.offset - p.position; skip > 0 {
		n, err := io.CopyN(io.Discard, p.reader, skip)
		if p.position += n; err != nil {
			return 0, err
		}
	}
	n, err := p.reader.Read(b)
	p.position += int64(n)
	p.offset = p.position
	return n, err
}
