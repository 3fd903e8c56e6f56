package store

import (
	"context"
	"errors"
	"fmt"
)

// Follower reads what happens in a bucket, arrivals and changes, in the order in which it
// happens:
//
//	f := &Follower{Bucket: b, At: b.Now(), Arrivals: 100, Changes: 1000}
//	for {
//		watch, changed := b.Watch(f.Query), b.WatchChanges()
//		steps, more, err := f.Next(ctx)
//		for _, step := range steps {
//			tell(step)
//			f.At = step.At
//		}
//		if err == nil && !more {
//			select {
//			case <-watch.C:
//			case <-changed:
//			}
//		}
//		watch.Stop()
//	}
type Follower struct {
	Bucket *Bucket

	// At is the position after what has been read. Who has dealt with a step sets it to
	// that step's.
	At Position

	// Query is which arrivals are read. Its bounds of ID and its paging do not count.
	Query Query

	// Arrivals and Changes are how many of each are read at once at most.
	Arrivals, Changes int

	// Find, unless it is nil, searches the bucket in the place of its own Find.
	Find func(context.Context, Query) (Page, error)
}

// Step is something that happened in a bucket: an arrival, or changes in a row.
type Step struct {
	Arrived *Message // nil if it is changes
	Changes []Change
	At      Position // after it
}

// Next reads what happened next, and reports whether there may be more already. It returns
// ErrForgotten where some of what happened since At is no longer remembered, and At is then
// where reading goes on: arrivals since are still read, but not the changes. Other errors
// are those of Find and of the bucket's Changes, and At is as before.
func (f *Follower) Next(ctx context.Context) (steps []Step, more bool, err error) {
	changes, to, err := f.Bucket.Changes(f.At, f.Changes)
	switch {
	case errors.Is(err, ErrForgotten):
		if to.After.compare(f.At.After) > 0 {
			to.After = f.At.After
		}
		f.At = to
		return nil, true, err
	case err != nil:
		return nil, false, fmt.Errorf("reading the changes of a bucket: %w", err)
	}
	arrived, all, err := f.arrivals(ctx, to.After)
	if err != nil {
		return nil, false, err
	}
	more = !all || len(changes) > 0 && len(changes) == f.Changes
	f.At.Next = to.Next - uint64(len(changes)) // which is the same, but never 0
	at := f.At
	add := func(changes []Change) {
		if len(changes) > 0 {
			at = at.Past(changes)
			steps = append(steps, Step{Changes: changes, At: at})
		}
	}
	for _, m := range arrived {
		before := 0
		for before < len(changes) && m.ID.compare(changes[before].Newest) > 0 {
			before++
		}
		add(changes[:before])
		changes, at.After = changes[before:], m.ID
		steps = append(steps, Step{Arrived: m, At: at})
	}
	if !all {
		return steps, more, nil
	}
	if add(changes); len(steps) == 0 {
		f.At = to
	} else {
		steps[len(steps)-1].At = to
	}
	return steps, more, nil
}

// arrivals are the first messages after At, up to one, that match, and whether they are all.
func (f *Follower) arrivals(ctx context.Context, to ID) (arrived []*Message, all bool, err error) {
	if to.compare(f.At.After) <= 0 {
		return nil, true, nil
	}
	q := f.Query
	q.After, q.Before = f.At.After, ID{}
	q.Ascending, q.Offset, q.Limit = true, 0, f.Arrivals
	find := f.Find
	if find == nil {
		find = f.Bucket.Find
	}
	page, err := find(ctx, q)
	if err != nil {
		return nil, false, err
	}
	arrived = page.Messages
	for len(arrived) > 0 && arrived[len(arrived)-1].ID.compare(to) > 0 {
		arrived, all = arrived[:len(arrived)-1], true
	}
	return arrived, all || len(arrived) < q.Limit, nil
}
