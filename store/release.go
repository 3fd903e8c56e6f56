package store

import (
	"context"
	"slices"
	"time"
)

// Release is that a message was sent on from here, to real addresses.
type Release struct {
	// At is when it was sent, in milliseconds since 1970.
	At int64

	// By is who asked for it: a user's name, or the address of a client, or the rule.
	By string

	// Sender and To are the envelope that it was sent with.
	Sender string
	To     []string

	// MessageID is the Resent-Message-ID that it was given.
	MessageID string

	// Reply is what the server that took it answered.
	Reply string
}

// maxReleases bounds how many releases are remembered of a message; the oldest are
// forgotten first.
const maxReleases = 20

// size is the memory that r takes, in bytes, rounded up.
func (r *Release) size() int64 {
	n := 160 + len(r.By) + len(r.Sender) + len(r.MessageID) + len(r.Reply)
	for _, to := range r.To {
		n += 16 + len(to)
	}
	return int64(n)
}

// AddRelease remembers that a message was released, for as long as it is held, and
// reports whether it is. The memory for it counts towards MaxBytes.
func (b *Bucket) AddRelease(id ID, r Release) bool {
	if b.log != nil {
		return b.writeRelease(id, r)
	}
	return b.keepRelease(id, r)
}

// maxReleaseWait bounds how long the journal may take for a release.
const maxReleaseWait = 10 * time.Second

// writeRelease is AddRelease with a journal. The message has left already, so where the
// journal cannot be written, this bucket remembers it nevertheless until the process ends.
func (b *Bucket) writeRelease(id ID, r Release) bool {
	if _, held := b.Get(id); !held {
		return false
	}
	ctx, cancel := context.WithTimeout(context.Background(), maxReleaseWait)
	defer cancel()
	n, err := b.write(ctx, &Record{Kind: MessageReleased, IDs: []ID{id}, Release: &r}, nil)
	if err != nil {
		return b.keepRelease(id, r)
	}
	return n > 0
}

// keepRelease does what AddRelease says.
func (b *Bucket) keepRelease(id ID, r Release) bool {
	if !b.addRelease(id, r) {
		return false
	}
	for !b.keepLimits() {
	}
	return true
}

func (b *Bucket) addRelease(id ID, r Release) bool {
	defer b.unlock(b.lock())
	seq, ok := b.ring.byID(id)
	if b.closed || !ok {
		return false
	}
	m := b.ring.message(seq)
	more, list := r.size(), b.releases[id]
	if slices.ContainsFunc(list, func(known Release) bool { return known.MessageID == r.MessageID && r.MessageID != "" }) {
		return true // the journal has it after all
	}
	if len(list) == maxReleases {
		more -= list[0].size()
		list = list[1:]
	}
	if b.releases == nil {
		b.releases = make(map[ID][]Release)
	}
	b.releases[id] = append(slices.Clone(list), r) // readers may have the old one
	m.cost += more
	b.bytes += more
	return true
}

// Releases are those of a message, in order. They must not be changed.
func (b *Bucket) Releases(id ID) []Release {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.releases[id]
}
