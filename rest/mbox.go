package rest

import (
	"bufio"
	"context"
	"net/http"
	"strings"
	"time"
	"unicode"

	"github.com/caddy-mailbucket/mailbucket/guard"
	"github.com/caddy-mailbucket/mailbucket/internal/jsonstream"
	"github.com/caddy-mailbucket/mailbucket/store"
)

// mbox answers GET /emails.mbox: all emails that match when it is asked for, the oldest
// first, in one file of the form mboxrd (RFC 4155, with ">" before lines that could
// begin an email). It is written while it is sent. An email that has gone until its
// turn comes is left out. HEAD is answered without looking.
func (a *API) mbox(w http.ResponseWriter, r *http.Request, _ store.ID) *problem {
	newest := a.bucket.Newest()
	q, p := parseQuery(r.URL.RawQuery, nil)
	if p != nil {
		return p
	}
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Type", "application/mbox")
	h.Set("Content-Disposition", `attachment; filename="emails.mbox"`)
	if r.Method == http.MethodHead {
		w.WriteHeader(http.StatusOK)
		return nil
	}
	if guard.Unmarked(r) {
		w = guard.Begin(w) // readers pass over the empty line
	}
	q.Ascending = true
	first, err := a.next(r.Context(), q.Query)
	if err != nil && guard.Begun(w) {
		panic(http.ErrAbortHandler)
	} else if err != nil {
		return workProblem(err)
	}
	w.WriteHeader(http.StatusOK)
	out := bufio.NewWriterSize(guard.Paced(w, r, 0), jsonstream.BufferSize)
	for m := first; m != nil && !later(m.ID, newest); {
		if err = a.sendMboxMail(r.Context(), out, m); err != nil {
			break
		}
		q.After = m.ID
		if m, err = a.next(r.Context(), q.Query); err != nil {
			break
		}
	}
	if err != nil || out.Flush() != nil {
		panic(http.ErrAbortHandler) // so that what was sent is not taken for all
	}
	return nil
}

// next is the first email that q matches, nil if there is none.
func (a *API) next(ctx context.Context, q store.Query) (*store.Message, error) {
	done, err := a.turn(ctx, q, a.limits.Searches.Await)
	if err != nil {
		return nil, err
	}
	defer done()
	if m, ok := a.bucket.First(ctx, q); ok {
		return m, nil
	}
	if err := a.bucket.Err(); err != nil {
		return nil, err
	}
	return nil, ctx.Err()
}

func (a *API) sendMboxMail(ctx context.Context, out *bufio.Writer, m *store.Message) error {
	done, err := a.contents.Pin(ctx, m)
	if err != nil {
		return err
	}
	defer done()
	return writeMboxMail(out, m.Sender, m.Time(), m.Raw)
}

// writeMboxMail writes an email as one of an mbox file, its line ends as LF.
func writeMboxMail(out *bufio.Writer, sender string, arrived time.Time, raw string) error {
	out.WriteString("From " + mboxSender(sender) + " " + arrived.UTC().Format(time.ANSIC) + "\n")
	for raw != "" {
		line, rest, ended := strings.Cut(raw, "\n")
		if raw = rest; ended {
			line = strings.TrimSuffix(line, "\r")
		}
		if strings.HasPrefix(strings.TrimLeft(line, ">"), "From ") {
			out.WriteByte('>')
		}
		out.WriteString(line)
		out.WriteByte('\n')
	}
	return out.WriteByte('\n') // which also fails if one of the others did
}

// mboxSender is a reverse-path as the line before an email has it, where a blank ends
// it; the null one is that of the program that reports failures.
func mboxSender(sender string) string {
	if sender == "" {
		return "MAILER-DAEMON"
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.IsControl(r) { // some readers take any space of Unicode for a blank
			return '_'
		}
		return r
	}, sender)
}
