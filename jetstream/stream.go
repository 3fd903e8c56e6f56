package jetstream

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	natsjs "github.com/nats-io/nats.go/jetstream"
)

// Sizes of what is written, in bytes.
const (
	// maxPart is the largest piece of a record that one message has. Messages are not larger
	// even where max_payload allows it, so that what is read ahead stays small.
	maxPart = 1 << 20

	// headerRoom is for the headers of a message, which max_payload includes.
	headerRoom = 1 << 10

	// minPayload is the smallest max_payload of a server that is of use.
	minPayload = 16 << 10
)

const (
	// duplicateWindow is how long the stream knows a message by its id. A record is not written
	// again after writeTime, which is much shorter.
	duplicateWindow = 30 * time.Second

	// ageMargin is how much longer than max_age the stream keeps records, since the clocks of
	// servers and of this machine may differ.
	ageMargin = time.Hour

	// bytesMargin and bytesFactor are how much larger than the bucket the stream may be: it has
	// records of what was deleted and marked too, and is not trimmed at every mail.
	bytesMargin = 256 << 20
	bytesFactor = 2
)

// logSubject is where all records go but those of faults, which go to faultsSubject, so that
// one can be written on condition that no newer one is there.
func (s *Settings) logSubject() string    { return s.Stream + ".log" }
func (s *Settings) faultsSubject() string { return s.Stream + ".faults" }

// subjects are those of the stream.
func (s *Settings) subjects() []string { return []string{s.logSubject(), s.faultsSubject()} }

// streamConfig is what the stream is made with. The bucket's limits bound it, with much room,
// in case that nobody trims it.
func (s *Settings) streamConfig() natsjs.StreamConfig {
	c := natsjs.StreamConfig{
		Name:        s.Stream,
		Description: "The log of a bucket of mail",
		Subjects:    s.subjects(),
		Storage:     natsjs.FileStorage,
		Retention:   natsjs.LimitsPolicy,
		Discard:     natsjs.DiscardOld,
		Replicas:    max(1, s.Replicas),
		Duplicates:  duplicateWindow,
		MaxMsgs:     -1,
		MaxBytes:    -1,
		MaxMsgSize:  maxPart + headerRoom,
		AllowMsgTTL: true, // faults do not expire
		Metadata:    map[string]string{madeBy: mailbucket, limitsKey: describeLimits(s.Limits)},
	}
	if n := s.Limits.MaxBytes; n > 0 && n < math.MaxInt64/(2*bytesFactor) {
		c.MaxBytes = bytesFactor*n + bytesMargin
	}
	if age := s.Limits.MaxAge; age > 0 {
		c.MaxAge = max(age, age+ageMargin)
	}
	return c
}

// madeBy is in the metadata of streams that were made here, whose limits may be raised.
const madeBy, mailbucket = "made-by", "mailbucket"

// openStream finds the stream, or makes it, and checks what was found.
func openStream(ctx context.Context, js natsjs.JetStream, s *Settings) (natsjs.Stream, error) {
	stream, err := js.Stream(ctx, s.Stream)
	if errors.Is(err, natsjs.ErrStreamNotFound) {
		stream, err = js.CreateStream(ctx, s.streamConfig())
		if errors.Is(err, natsjs.ErrStreamNameAlreadyInUse) { // another machine was faster
			stream, err = js.Stream(ctx, s.Stream)
		}
		if err != nil {
			return nil, fmt.Errorf("making stream %s: %w", s.Stream, err)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("looking for stream %s: %w", s.Stream, err)
	}
	c := stream.CachedInfo().Config
	wrong, small := s.wrongs(c), s.tooSmall(c)
	if len(wrong) == 0 && len(small) > 0 && c.Metadata[madeBy] == mailbucket {
		if stream, err = js.UpdateStream(ctx, s.raise(c)); err != nil {
			return nil, fmt.Errorf("raising the limits of stream %s: %w", s.Stream, err)
		}
		return stream, nil
	}
	if wrong = append(wrong, small...); len(wrong) > 0 {
		return nil, fmt.Errorf("stream %s does not fit the bucket: %s", s.Stream, strings.Join(wrong, "; "))
	}
	return stream, nil
}

// raise gives c the limits that the stream would be made with, where those are larger.
func (s *Settings) raise(c natsjs.StreamConfig) natsjs.StreamConfig {
	fresh := s.streamConfig()
	c.MaxBytes = larger(c.MaxBytes, fresh.MaxBytes)
	c.MaxMsgs = larger(c.MaxMsgs, fresh.MaxMsgs)
	c.MaxAge = larger(c.MaxAge, fresh.MaxAge)
	return c
}

// larger is the larger of two limits, of which none is one that is not positive.
func larger[T int64 | time.Duration](a, b T) T {
	if a <= 0 || b <= 0 {
		return min(a, b)
	}
	return max(a, b)
}

// wrongs says what of a stream's configuration would lose mail, or show it in another order.
func (s *Settings) wrongs(c natsjs.StreamConfig) []string {
	var wrong []string
	expect := func(ok bool, format string, args ...any) {
		if !ok {
			wrong = append(wrong, fmt.Sprintf(format, args...))
		}
	}
	subjects := slices.Sorted(slices.Values(c.Subjects))
	expect(slices.Equal(subjects, slices.Sorted(slices.Values(s.subjects()))),
		"its subjects are %s, expected %s", strings.Join(subjects, " and "), strings.Join(s.subjects(), " and "))
	expect(c.Storage == natsjs.FileStorage, "its storage is %s, expected file", strings.ToLower(c.Storage.String()))
	expect(c.Retention == natsjs.LimitsPolicy, "its retention is %s, expected limits", strings.ToLower(c.Retention.String()))
	expect(c.Discard == natsjs.DiscardOld, "it discards new messages when it is full, expected old ones")
	expect(!c.NoAck, "it acknowledges nothing")
	expect(!c.Sealed, "it is sealed")
	expect(!c.DenyPurge, "it denies purging")
	expect(c.Mirror == nil && len(c.Sources) == 0, "it takes messages from other streams")
	expect(c.SubjectTransform == nil, "it transforms subjects")
	expect(c.MaxMsgsPerSubject <= 0, "it keeps %d messages for each subject, expected all", c.MaxMsgsPerSubject)
	expect(c.Duplicates >= duplicateWindow, "its duplicate window is %v, expected %v or more", c.Duplicates, duplicateWindow)
	expect(c.MaxMsgSize <= 0 || c.MaxMsgSize >= minPayload, "its largest message is of %d bytes, expected %d or more", c.MaxMsgSize, minPayload)
	expect(c.AllowMsgTTL, "it does not allow messages their own age (allow_msg_ttl), expected that it does")
	expect(s.Replicas == 0 || c.Replicas == s.Replicas, "it has %d replicas, expected %d", c.Replicas, s.Replicas)
	return wrong
}

// tooSmall says which of the stream's limits are smaller than the bucket's.
func (s *Settings) tooSmall(c natsjs.StreamConfig) []string {
	var wrong []string
	l := s.Limits
	if c.MaxBytes > 0 && (l.MaxBytes <= 0 || c.MaxBytes < l.MaxBytes) {
		wrong = append(wrong, fmt.Sprintf("it has %d bytes at most, expected %s", c.MaxBytes, atLeast(l.MaxBytes)))
	}
	if c.MaxMsgs > 0 && (l.MaxMessages <= 0 || c.MaxMsgs < int64(l.MaxMessages)) {
		wrong = append(wrong, fmt.Sprintf("it has %d messages at most, expected %s", c.MaxMsgs, atLeast(l.MaxMessages)))
	}
	if c.MaxAge > 0 && (l.MaxAge <= 0 || c.MaxAge < l.MaxAge) {
		wrong = append(wrong, fmt.Sprintf("it keeps messages for %v, expected %s", c.MaxAge, atLeast(l.MaxAge)))
	}
	return wrong
}

// atLeast says how large a limit of the stream has to be, if one of the bucket is n.
func atLeast[T int | int64 | time.Duration](n T) string {
	if n <= 0 {
		return "no limit"
	}
	return fmt.Sprintf("%v or more", n)
}
