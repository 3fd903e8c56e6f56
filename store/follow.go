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
//	f := &Follower{View: v, At: v.Now(), Arrivals: 100, Changes: 1000}
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
	// that step's.
	At Position

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
	changes, to, err := f.View.bucket.Changes(f.At, f.Changes)
	switch {
	case errors.Is(err, ErrForgotten):
		f.lose(to)
		return nil, true, err
	case err != nil:
		return nil, false, fmt.Errorf("reading the changes of a bucket: %w", err)
	}
	done, err := f.turn(ctx)
	if err != nil {
		return nil, false, err
	}
	defer done()
	first := to.Next - uint64(len(changes))
	hidden, known := f.View.hidden(first, changes)
	if !known {
		f.lose(f.View.bucket.Now())
		return nil, true, ErrForgotten
	}
	arrived, all, err := f.arrivals(ctx, to.After)
	if err != nil {
		return nil, false, err
	}
	more = !all || len(changes) > 0 && len(changes) == f.Changes
	f.At.Next = first // which is the same, but never 0
	steps = f.steps(changes, arrived, all)
	switch {
	case all && len(steps) == 0:
		f.At = to
	case all:
		steps[len(steps)-1].At = to
	}
	return f.show(steps, hidden), more, nil
}

// lose goes on after changes that are not remembered.
func (f *Follower) lose(to Position) {
	if to.After.compare(f.At.After) > 0 {
		to.After = f.At.After
	}
	f.At = Position{f.View.shown(to.After), to.Next}
}

// turn waits until messages may be looked at, if they have to be.
func (f *Follower) turn(ctx context.Context) (done func(), err error) {
	if f.Turn == nil || !f.View.LooksAtEach(f.Query) {
		return func() {}, nil
	}
	return f.Turn(ctx)
}

// steps puts the changes between the arrivals. If these are not all, the changes after the
// last of them are left out.
func (f *Follower) steps(changes []Change, arrived []*Message, all bool) (steps []Step) {
	at := f.At
	add := func(changes []Change) {
		for len(changes) > 0 {
			n := 1
			for n < len(changes) && changes[n].Kind.sort() == changes[0].Kind.sort() {
				n++
			}
			at = Position{changes[n-1].Newest, at.Next + uint64(n)}
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
	return steps
}

// show leaves out the changes to messages that are hidden, and all that tells of other
// messages.
func (f *Follower) show(steps []Step, hidden map[ID]bool) []Step {
	kept := steps[:0]
	for _, step := range steps {
		step.At.After = f.View.shown(step.At.After)
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
	f.At.After = f.View.shown(f.At.After)
	return kept
}

// arrivals are the first messages after At, up to one, that match, and whether they are all.
func (f *Follower) arrivals(ctx context.Context, to ID) (arrived []*Message, all bool, err error) {
	if to.compare(f.At.After) <= 0 {
		return nil, true, nil
	}
	q := f.Query
	q.After, q.Before = f.At.After, ID{}
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
