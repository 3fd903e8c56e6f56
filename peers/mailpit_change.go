package peers

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/caddy-mailbucket/mailbucket/guard"
	"github.com/caddy-mailbucket/mailbucket/store"
)

// maxDocument bounds the bodies of requests, except those that send a mail, in bytes. It is
// enough for twenty thousand ids.
const maxDocument = 1 << 20

// mailpitChange is the request body of Mailpit's calls that change mails.
type mailpitChange struct {
	IDs    []string
	Read   bool
	Search string
}

// mailpitMark answers PUT /api/v1/messages: it marks mails as read or unread, namely those
// with the ids, those that a search finds, or all.
func (a *API) mailpitMark(w http.ResponseWriter, r *http.Request, _ []string) *failure {
	var change mailpitChange
	if _, f := a.readJSON(w, r, &change); f != nil {
		return f
	}
	switch {
	case len(change.IDs) > 0 && change.Search != "":
		return badRequest("expected either IDs or Search, not both")
	case len(change.IDs) > 0:
		if f := a.changeIDs(r, change.IDs, func(ctx context.Context, ids []store.ID) (int, error) {
			return a.bucket.Mark(ctx, ids, change.Read)
		}); f != nil {
			return f
		}
	default:
		var q store.Query
		if change.Search != "" {
			if f := narrow(&q, change.Search, query(r, "tz")); f != nil {
				return f
			}
		}
		if _, err := a.change(r.Context(), q, func(ctx context.Context, q store.Query) (int, error) {
			return a.bucket.MarkMatching(ctx, q, change.Read)
		}); err != nil {
			return workFailure(err)
		}
	}
	sendText(w, r, http.StatusOK, "ok")
	return nil
}

// mailpitDelete answers DELETE /api/v1/messages, which is a call of MailHog's too: it
// deletes the mails with the ids, or all of them if the request has no body or no ids.
// MailHog's clients read an answer as JSON unless it is empty, and send no body.
//
// Mailpit also deletes everything when it cannot read the body. Here nothing is
// deleted then.
func (a *API) mailpitDelete(w http.ResponseWriter, r *http.Request, _ []string) *failure {
	var change mailpitChange
	given, f := a.readJSON(w, r, &change)
	if f != nil && given {
		return f
	}
	if len(change.IDs) > 0 {
		if f := a.changeIDs(r, change.IDs, a.bucket.DeleteIDs); f != nil {
			return f
		}
	} else if _, err := a.change(r.Context(), store.Query{}, a.bucket.DeleteMatching); err != nil {
		return workFailure(err)
	}
	answer := "ok"
	if !given {
		answer = ""
	}
	sendText(w, r, http.StatusOK, answer)
	return nil
}

// changeIDs calls change with the ids among the names, when it is its turn.
func (a *API) changeIDs(r *http.Request, names []string, change func(context.Context, []store.ID) (int, error)) *failure {
	_, err := a.change(r.Context(), store.Query{}, func(ctx context.Context, _ store.Query) (int, error) {
		return change(ctx, heldIDs(names))
	})
	if err != nil {
		return workFailure(err)
	}
	return nil
}

// heldIDs are the names that have the form of an id. Others cannot name a mail.
func heldIDs(names []string) []store.ID {
	ids := make([]store.ID, 0, len(names))
	for _, name := range names {
		if id, err := store.ParseID(name); err == nil {
			ids = append(ids, id)
		}
	}
	return ids
}

// readJSON reads the body of a request, which has to be one JSON document for v, and
// reports whether there was a body at all.
func (a *API) readJSON(w http.ResponseWriter, r *http.Request, v any) (given bool, f *failure) {
	body, done, err := a.limits.Bodies.Read(w, r, maxDocument)
	if err != nil {
		return true, bodyFailure(err)
	}
	defer done()
	if strings.TrimSpace(body) == "" {
		return false, badRequest("expected a JSON document as the body")
	}
	if err := decodeJSON(body, v); err != nil {
		return true, badRequest(err.Error())
	}
	return true, nil
}

// decodeJSON reads one JSON document, and nothing after it. Keys may be in any case,
// and unknown ones are ignored.
func decodeJSON(text string, v any) error {
	decoder := json.NewDecoder(strings.NewReader(text))
	if err := decoder.Decode(v); err != nil {
		return errors.New("the body is not the JSON expected: " + err.Error())
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("the body is not the JSON expected: something follows the document")
	}
	return nil
}

// bodyFailure is the answer to a request whose body could not be read.
func bodyFailure(err error) *failure {
	tooLarge := new(http.MaxBytesError)
	switch {
	case errors.As(err, &tooLarge):
		return newFailure(http.StatusRequestEntityTooLarge, "Error: the body is larger than "+strconv.FormatInt(tooLarge.Limit, 10)+" bytes")
	case errors.Is(err, guard.ErrSlow):
		return newFailure(http.StatusRequestTimeout, "Error: the body came too slowly")
	case errors.Is(err, guard.ErrBusy):
		return workFailure(err)
	}
	return badRequest("reading the body: " + err.Error())
}
