package store

import (
	"context"
	"errors"
	"slices"
)

// ErrReadOnly is the error of changing messages through a view that is read-only.
var ErrReadOnly = errors.New("nothing can be changed here")

// View is what somebody may see and change of a bucket. All that is done through it, by ID
// or by query, is done to the messages that are in it; others are not there. Whoever
// answers requests is given a view rather than a bucket, so that no answer can forget whom
// it is for. A view may be used from any goroutine.
type View struct {
	bucket   *Bucket
	part     part
	only     Query // if it is some of the bucket
	name     string
	readOnly bool
}

// part says how much of a bucket is in a view.
type part int

const (
	all part = iota
	some
	none
)

// All is the view of everything.
func (b *Bucket) All() *View { return &View{bucket: b} }

// Only is the view of what q matches, whose paging and order do not count. Name is what
// tells the view from others of the bucket; it must not be empty.
func (b *Bucket) Only(q Query, name string) *View {
	return &View{bucket: b, part: some, only: q, name: name}
}

// None is the view of nothing.
func (b *Bucket) None() *View { return &View{bucket: b, part: none, name: "none"} }

// ReadOnly is the same view, through which nothing can be changed.
func (v *View) ReadOnly() *View {
	fixed := *v
	fixed.readOnly = true
	return &fixed
}

// Changeable reports whether messages can be deleted and marked through the view.
func (v *View) Changeable() bool { return !v.readOnly }

// Confined reports whether there may be messages in the bucket that are not in the view.
func (v *View) Confined() bool { return v.part != all }

// Whole is the bucket itself, if all of it is in the view and can be changed.
func (v *View) Whole() (b *Bucket, ok bool) {
	if v.part != all || v.readOnly {
		return nil, false
	}
	return v.bucket, true
}

// Stats are the bucket's counters, if all of it is in the view.
func (v *View) Stats() (s Stats, ok bool) {
	if v.part != all {
		return Stats{}, false
	}
	return v.bucket.Stats(), true
}

// Err is ErrClosed if the bucket is closed.
func (v *View) Err() error { return v.bucket.Err() }

// Name is the same for views with the same messages of a bucket, and differs otherwise.
func (v *View) Name() string { return v.name }

// and is the query for what both match, and false if nothing can match. The condition of
// the other query is checked before that of q, which therefore sees none of what the other
// one does not match.
func (q Query) and(other *Query) (Query, bool) {
	q.more = append(slices.Clone(q.more), other.keys()...)
	q.Since = max(q.Since, other.Since)
	if q.Until == 0 || other.Until != 0 && other.Until < q.Until {
		q.Until = other.Until
	}
	if other.After.compare(q.After) > 0 {
		q.After = other.After
	}
	if q.Before == (ID{}) || other.Before != (ID{}) && other.Before.compare(q.Before) < 0 {
		q.Before = other.Before
	}
	if q.Read != nil && other.Read != nil && *q.Read != *other.Read {
		return q, false
	}
	if q.Read == nil {
		q.Read = other.Read
	}
	if first, then := other.Match, q.Match; first != nil && then != nil {
		q.Match = func(b *Bucket, m *Message) bool { return first(b, m) && then(b, m) }
	} else if first != nil {
		q.Match = first
	}
	return q, true
}

// matches reports whether q matches m.
func (q *Query) matches(b *Bucket, m *Message) bool {
	return m.hasAll(q.keys()) && m.Arrived >= q.Since && (q.Until == 0 || m.Arrived < q.Until) &&
		m.ID.compare(q.After) > 0 && (q.Before == ID{} || m.ID.compare(q.Before) < 0) &&
		(q.Read == nil || m.Read() == *q.Read) && (q.Match == nil || q.Match(b, m))
}

// within is the query for what q matches of the view, and false if that is nothing.
func (v *View) within(q Query) (Query, bool) {
	switch v.part {
	case all:
		return q, true
	case some:
		return q.and(&v.only)
	}
	return q, false
}

// has reports whether a message of the bucket is in the view.
func (v *View) has(m *Message) bool {
	return v.part == all || v.part == some && v.only.matches(v.bucket, m)
}

// Get returns the message with that ID, like [Bucket.Get].
func (v *View) Get(id ID) (*Message, bool) {
	m, ok := v.bucket.Get(id)
	if !ok || !v.has(m) {
		return nil, false
	}
	return m, true
}

// LooksAtEach reports whether a search for q looks at each message that its addresses and
// bounds leave, so that it takes as long as there are such messages.
func (v *View) LooksAtEach(q Query) bool {
	q, ok := v.within(q)
	return ok && q.looksAtEach()
}

// Find returns the messages that q matches, like [Bucket.Find].
func (v *View) Find(ctx context.Context, q Query) (Page, error) {
	q, ok := v.within(q)
	if !ok {
		return Page{}, v.bucket.Err()
	}
	return v.bucket.Find(ctx, q)
}

// First returns the first message that q matches, like [Bucket.First].
func (v *View) First(ctx context.Context, q Query) (*Message, bool) {
	q, ok := v.within(q)
	if !ok {
		return nil, false
	}
	return v.bucket.First(ctx, q)
}

// Delete removes the message with that ID, like [Bucket.Delete].
func (v *View) Delete(ctx context.Context, id ID) (bool, error) {
	n, err := v.DeleteIDs(ctx, []ID{id})
	return n > 0, err
}

// DeleteIDs removes the messages with these IDs, like [Bucket.DeleteIDs].
func (v *View) DeleteIDs(ctx context.Context, ids []ID) (int, error) {
	if v.readOnly {
		return 0, ErrReadOnly
	}
	return v.bucket.DeleteIDs(ctx, v.those(ids))
}

// DeleteMatching removes what q matches, like [Bucket.DeleteMatching].
func (v *View) DeleteMatching(ctx context.Context, q Query) (int, error) {
	return v.change(q, func(q Query) (int, error) { return v.bucket.DeleteMatching(ctx, q) })
}

// Mark sets whether the messages with these IDs have been read, like [Bucket.Mark].
func (v *View) Mark(ctx context.Context, ids []ID, read bool) (int, error) {
	if v.readOnly {
		return 0, ErrReadOnly
	}
	return v.bucket.Mark(ctx, v.those(ids), read)
}

// MarkMatching sets whether what q matches has been read, like [Bucket.MarkMatching].
func (v *View) MarkMatching(ctx context.Context, q Query, read bool) (int, error) {
	return v.change(q, func(q Query) (int, error) { return v.bucket.MarkMatching(ctx, q, read) })
}

// change does something to what q matches. The error is ErrReadOnly if nothing can be
// changed.
func (v *View) change(q Query, do func(Query) (int, error)) (int, error) {
	if v.readOnly {
		return 0, ErrReadOnly
	}
	q, ok := v.within(q)
	if !ok {
		return 0, v.bucket.Err()
	}
	return do(q)
}

// those are the IDs of messages that are in the view.
func (v *View) those(ids []ID) []ID {
	if v.part == all {
		return ids
	}
	var in []ID
	for _, id := range ids {
		if _, ok := v.Get(id); ok {
			in = append(in, id)
		}
	}
	return in
}

// Counts are how many messages are in a view, and how many of them have not been read.
type Counts struct{ Messages, Unread int }

// Counts counts. Its errors are those of Find. It looks at each message of a view that is
// confined.
func (v *View) Counts(ctx context.Context) (Counts, error) {
	if v.part == all {
		s := v.bucket.Stats()
		return Counts{s.Messages, s.Unread}, nil
	}
	var n Counts
	q, ok := v.within(Query{})
	if !ok {
		return n, v.bucket.Err()
	}
	err := v.bucket.scan(ctx, &q, func(_ uint64, m *Message) bool {
		if n.Messages++; !m.Read() {
			n.Unread++
		}
		return true
	})
	return n, err
}

// Watch begins to wait for a message that q may match, like [Bucket.Watch].
func (v *View) Watch(q Query) *Watch {
	q, ok := v.within(q)
	if !ok {
		q.Match = func(*Bucket, *Message) bool { return false }
	}
	return v.bucket.Watch(q)
}

// WatchChanges gives a channel that is closed after the next change, like
// [Bucket.WatchChanges], whether the message is in the view or not.
func (v *View) WatchChanges() <-chan struct{} { return v.bucket.WatchChanges() }

// Version is a number that changes whenever what is in the view may have, like
// [Bucket.Version].
func (v *View) Version() uint64 { return v.bucket.Version() }

// Newest is an ID that is not less than those of the messages that have come so far, and
// less than those of the messages that will. It is for bounds of searches. If everything is
// in the view it is the ID of the message that came last, zero if none has; otherwise it is
// that of no message.
func (v *View) Newest() ID {
	id := v.bucket.Newest()
	if v.part != all && id != (ID{}) {
		for i := len(id) / 2; i < len(id); i++ {
			id[i] = 0xff // what is before that is of one message only
		}
	}
	return id
}

// Releases are those of a message, like [Bucket.Releases].
func (v *View) Releases(id ID) []Release {
	if _, ok := v.Get(id); !ok {
		return nil
	}
	return v.bucket.Releases(id)
}

// SetTags gives messages tags, like [Bucket.SetTags]. Its errors are also ErrReadOnly.
func (v *View) SetTags(ctx context.Context, ids []ID, tags []string) (int, error) {
	if v.readOnly {
		return 0, ErrReadOnly
	}
	return v.bucket.SetTags(ctx, v.those(ids), tags)
}

// Tags are those that a message was given, like [Bucket.Tags].
func (v *View) Tags(id ID) (tags []string, given bool) {
	if tags, given = v.bucket.Tags(id); given {
		_, given = v.Get(id)
	}
	if !given {
		return nil, false
	}
	return tags, true
}

// Journal is the state of the bucket's journal, and whether it has one.
func (v *View) Journal() (state JournalState, ok bool) { return v.bucket.Journal() }

// Keep keeps a value beside a message, like [Bucket.Keep].
func (v *View) Keep(m *Message, kind Derived, value any, cost int64) {
	v.bucket.Keep(m, kind, value, cost)
}
