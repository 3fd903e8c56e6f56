package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// Follower reads what happens in a view, arrivals and changes, in the order in which it
// happens:
//
//	at, err := v.Now(ctx)
//	f := &Follower{View: v, At: at, Arrivals: 100, Changes: 1000}
//	defer f.Begin()()
//	for {
//		watch, changed := v.Watch(f.Query), v.WatchChanges()
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
	View *View

	// At is the position after what has been read. Who has dealt with a step sets it to
	// that step's. If the view is confined, it has the ID of no message that is not in it,
	// unless it was set to that at first.
	At Position

	read struct { // that nothing which came up to the message last is to be told after at
		at   Position
		last ID
	}

	// Query is which arrivals are read. Its bounds of ID and its paging do not count.
	Query Query

	// Arrivals and Changes are how many of each are read at once at most.
	Arrivals, Changes int

	// Turn, unless it is nil, waits until messages may be looked at one by one, for which it
	// is called where that is needed.
	Turn func(context.Context) (done func(), err error)
}

// Step is something that happened in a view: an arrival, or changes of one sort in a row.
type Step struct {
	Arrived *Message // nil if it is changes
	Changes []Change
	At      Position // after it
}

// Begin has the bucket hold on to messages that are removed, within bounds, until end is
// called. Without it the removals from a view that is confined cannot be told of, and are
// forgotten at once.
func (f *Follower) Begin() (end func()) {
	if !f.View.Confined() {
		return func() {}
	}
	f.View.bucket.follow(1)
	return func() { f.View.bucket.follow(-1) }
}

// Next reads what happened next, and reports whether there may be more already. It returns
// ErrForgotten where some of what happened since At is no longer remembered, and At is then
// where reading goes on: arrivals since are still read, but not the changes. Other errors
// are those of searches and of the bucket's Changes, and At is as before.
func (f *Follower) Next(ctx context.Context) (steps []Step, more bool, err error) {
	changes, to, err := f.View.bucket.Changes(f.View.known(f.At), f.Changes)
	forgotten := errors.Is(err, ErrForgotten)
	if err != nil && !forgotten {
		return nil, false, fmt.Errorf("reading the changes of a bucket: %w", err)
	}
	done, err := f.turn(ctx)
	if err != nil {
		return nil, false, err
	}
	defer done()
	if forgotten {
		return nil, true, f.lose(ctx, to)
	}
	first := to.Next - uint64(len(changes))
	hidden, known := f.View.hidden(first, changes)
	if !known {
		return nil, true, f.lose(ctx, f.View.bucket.Now())
	}
	arrived, all, err := f.arrivals(ctx, to.After)
	if err != nil {
		return nil, false, err
	}
	more = !all || len(changes) > 0 && len(changes) == f.Changes
	f.At.Next = first // which is the same, but never 0
	steps, end := f.steps(changes, arrived, all)
	if all {
		if end.Next = to.Next; !f.View.Confined() {
			end.After = to.After
		}
		f.read.at, f.read.last = end, to.After
	}
	switch {
	case all && len(steps) == 0:
		f.At = end
	case all:
		steps[len(steps)-1].At = end
	}
	return f.show(steps, hidden), more, nil
}

// known is a position as the bucket is asked for what happened since. Where a view is
// confined, nothing has happened since a message that is newer than all that came: that the
// bucket does not know it would tell when the newest came.
func (v *View) known(at Position) Position {
	now := v.bucket.Now()
	if v.Confined() && at.Next == 0 && now.After != (ID{}) && at.After.compare(now.After) > 0 {
		return now
	}
	return at
}

// lose goes on after changes that are not remembered. It returns ErrForgotten, or ctx's
// error.
func (f *Follower) lose(ctx context.Context, to Position) error {
	if to.After.compare(f.At.After) > 0 {
		to.After = f.At.After
	}
	after, err := f.View.newestUpTo(ctx, to.After)
	if err != nil {
		return err
	}
	f.At = Position{after, to.Next}
	return ErrForgotten
}

// turn waits until messages may be looked at, if they have to be.
func (f *Follower) turn(ctx context.Context) (done func(), err error) {
	if f.Turn == nil || !f.View.LooksAtEach(f.Query) {
		return func() {}, nil
	}
	return f.Turn(ctx)
}

// steps puts the changes between the arrivals, and gives the position after them. If these
// are not all, the changes after the last of them are left out.
func (f *Follower) steps(changes []Change, arrived []*Message, all bool) (steps []Step, at Position) {
	at = f.At
	add := func(changes []Change) {
		for len(changes) > 0 {
			n := 1
			for n < len(changes) && changes[n].Kind.sort() == changes[0].Kind.sort() {
				n++
			}
			if at.Next += uint64(n); !f.View.Confined() {
				at.After = changes[n-1].Newest
			}
			steps = append(steps, Step{Changes: changes[:n], At: at})
			changes = changes[n:]
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
	if all {
		add(changes)
	}
	return steps, at
}

// show leaves out the changes to messages that are hidden.
func (f *Follower) show(steps []Step, hidden map[ID]bool) []Step {
	kept := steps[:0]
	for _, step := range steps {
		if len(hidden) > 0 && step.Arrived == nil {
			step.Changes = slices.DeleteFunc(slices.Clone(step.Changes), func(c Change) bool { return hidden[c.ID] })
		}
		switch {
		case step.Arrived != nil || len(step.Changes) > 0:
			kept = append(kept, step)
		case len(kept) > 0:
			kept[len(kept)-1].At = step.At
		default:
			f.At = step.At
		}
	}
	return kept
}

// arrivals are the first messages after At, up to one, that match, and whether they are all.
func (f *Follower) arrivals(ctx context.Context, to ID) (arrived []*Message, all bool, err error) {
	after := f.At.After
	if f.read.at == f.At && f.read.last.compare(after) > 0 {
		after = f.read.last
	}
	if to.compare(after) <= 0 {
		return nil, true, nil
	}
	q := f.Query
	q.After, q.Before = after, ID{}
	q.Ascending, q.Offset, q.Limit = true, 0, f.Arrivals
	page, err := f.View.Find(ctx, q)
	if err != nil {
		return nil, false, err
	}
	arrived = page.Messages
	for len(arrived) > 0 && arrived[len(arrived)-1].ID.compare(to) > 0 {
		arrived, all = arrived[:len(arrived)-1], true
	}
	return arrived, all || len(arrived) < q.Limit, nil
}
