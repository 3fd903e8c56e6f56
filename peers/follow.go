package peers

import (
	"context"
	"errors"
	"time"

	"github.com/caddy-mailbucket/mailbucket/store"
)

const (
	// arrivalBatch and changeBatch are how many arrivals and changes are told of at once
	// at most.
	arrivalBatch = 100
	changeBatch  = 1000

	// followPause is the time from one batch to the next, so that many changes in a row
	// lead to few messages about the numbers of mails.
	followPause = 50 * time.Millisecond
)

// happened is what happened in the bucket since the last time.
type happened struct {
	steps []store.Step
	lost  bool // there were changes that are no longer remembered
}

// teller tells a client what happened, or of so many steps of it as it returns, which is at
// least one.
type teller func(happened) (told int, err error)

// position is that after all that has happened so far.
func (a *API) position(ctx context.Context) (store.Position, *failure) {
	done, err := a.turn(ctx, store.Query{})
	if err != nil {
		return store.Position{}, workFailure(err)
	}
	defer done()
	at, err := a.bucket.Now(ctx)
	if err != nil {
		return at, workFailure(err)
	}
	return at, nil
}

// follow calls tell with what happens in the bucket after a position, until ctx is done or
// tell returns an error. It also calls it, with nothing, whenever beat gives something.
func (a *API) follow(ctx context.Context, from store.Position, beat <-chan time.Time, tell teller) {
	f := store.Follower{View: a.bucket, At: from, Arrivals: arrivalBatch, Changes: changeBatch, Turn: a.limits.Searches.Await}
	defer f.Begin()()
	for ctx.Err() == nil {
		watch, changed := a.bucket.Watch(f.Query), a.bucket.WatchChanges()
		more, err := a.next(ctx, &f, tell)
		if err == nil && !more {
			select {
			case <-watch.C:
				err = pause(ctx)
			case <-changed:
				err = pause(ctx)
			case <-beat:
				_, err = tell(happened{})
			case <-ctx.Done():
			}
		}
		watch.Stop()
		if err != nil {
			return
		}
	}
}

// next calls tell if something has happened, and reports whether there may be more.
func (a *API) next(ctx context.Context, f *store.Follower, tell teller) (more bool, err error) {
	steps, more, err := f.Next(ctx)
	if errors.Is(err, store.ErrForgotten) {
		_, err := tell(happened{lost: true})
		if err == nil {
			err = pause(ctx)
		}
		return true, err
	}
	if err != nil || len(steps) == 0 {
		return more, err
	}
	ends := make([]store.Position, len(steps))
	for i, step := range steps {
		ends[i] = step.At
	}
	// The mails must not stay in memory while a slow client reads.
	h := happened{steps: steps}
	steps = nil
	told, err := tell(h)
	if err != nil {
		return false, err
	}
	f.At = ends[told-1]
	return more || told < len(ends), nil
}

func pause(ctx context.Context) error {
	select {
	case <-time.After(followPause):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
