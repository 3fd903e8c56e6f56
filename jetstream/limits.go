package jetstream

import (
	"context"
	"fmt"
	"maps"
	"sync"

	natsjs "github.com/nats-io/nats.go/jetstream"
	"go.uber.org/zap"

	"github.com/caddy-mailbucket/mailbucket/store"
)

// limitsKey is where the metadata of a stream that was made here has the limits of the bucket
// that was opened or changed last. Everybody works out alone what is evicted, and has what that
// is removed from the stream, so that all need the same limits.
const limitsKey = "limits"

// limits are the bucket's.
type limits struct {
	mu    sync.Mutex
	own   store.Limits
	isNew bool   // the stream's metadata may have others
	told  string // the other limits of which the log has been told last
}

// SetLimits changes the bucket's limits. The stream's are raised for them, if they have to be,
// within about ten seconds.
func (j *Journal) SetLimits(l store.Limits) {
	j.limits.mu.Lock()
	defer j.limits.mu.Unlock()
	if l != j.limits.own {
		j.limits.own, j.limits.isNew = l, true
	}
}

// get gives the limits.
func (l *limits) get() store.Limits {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.own
}

// compare gives the limits as text, whether the stream is to be told of them, and whether the
// log is to be told that the stream's metadata has other ones.
func (l *limits) compare(noted string) (own string, note, tell bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	own, note = describeLimits(l.own), l.isNew
	l.isNew = false
	tell = noted != "" && noted != own && noted != l.told
	l.told = noted
	return own, note && noted != own, tell
}

// describeLimits writes limits as a configuration does.
func describeLimits(l store.Limits) string {
	text := fmt.Sprintf("max_messages %d, max_bytes %d, max_age %v", l.MaxMessages, l.MaxBytes, l.MaxAge)
	if l.PerBox != (store.BoxLimits{}) {
		text += fmt.Sprintf(", max_messages_per login %d, recipient %d, sender %d", l.PerBox.Login, l.PerBox.Recipient, l.PerBox.Sender)
	}
	return text
}

// compareLimits tells the log if another machine has other limits, and notes new ones for the
// other machines.
func (j *Journal) compareLimits(ctx context.Context, c natsjs.StreamConfig) {
	if c.Metadata[madeBy] != mailbucket {
		return // its metadata is somebody else's
	}
	noted := c.Metadata[limitsKey]
	own, note, tell := j.limits.compare(noted)
	if tell {
		j.settings.Logger().Warn("the stream was opened with other limits than this bucket's: all machines need the same ones, as mail that one evicts is gone from the stream",
			zap.String("stream", j.settings.Stream), zap.String("limits", own), zap.String("others", noted))
	}
	if !note {
		return
	}
	if c.Metadata = maps.Clone(c.Metadata); c.Metadata == nil {
		return
	}
	c.Metadata[limitsKey] = own
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	if _, err := j.js.UpdateStream(ctx, c); err != nil {
		j.settings.Logger().Warn("the limits of the bucket could not be noted in the stream, where other machines compare them with theirs",
			zap.String("stream", j.settings.Stream), zap.Error(err))
	}
}

// checkHeld tells the log if the stream no longer has messages that the bucket holds, and has
// been holding since the last time that this was called.
func (j *Journal) checkHeld(state natsjs.StreamState) {
	t := &j.trim
	oldest := t.before.Load()
	missing := state.FirstSeq > oldest && oldest > 0 && !t.held.Load() && j.ready() && j.position.Load() >= state.LastSeq
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case !missing:
		t.missing, t.missed = 0, false
	case oldest != t.missing:
		t.missing = oldest
	case !t.missed:
		t.missed = true
		j.settings.Logger().Warn("the stream no longer has all mail that is held here, which will be gone after a restart: another machine has other limits or another clock, or somebody has removed it from the stream",
			zap.String("stream", j.settings.Stream), zap.Uint64("oldest_held", oldest), zap.Uint64("first_in_stream", state.FirstSeq))
	}
}
