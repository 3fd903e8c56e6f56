package store

import (
	"slices"
	"testing"
)

func TestTagsAreKeptWithTheirMessageAndCounted(t *testing.T) {
	b := New(Limits{})
	m, other := mustAppend(t, b, mail("a@x", "b@x")), mustAppend(t, b, mail("a@x", "b@x"))
	if tags, given := b.Tags(m.ID); given || tags != nil {
		t.Errorf("tags before any were given: %q", tags)
	}
	before := b.Stats().Bytes
	for _, tags := range [][]string{{"one", "two"}, {}, {"three"}} {
		if n, err := b.SetTags(t.Context(), []ID{m.ID, {1}}, tags); n != 1 || err != nil {
			t.Fatalf("%d messages were given tags, %v, want the one that is held", n, err)
		}
		if got, given := b.Tags(m.ID); !given || !slices.Equal(got, tags) {
			t.Errorf("tags are %q, %t", got, given)
		}
		if more := b.Stats().Bytes - before; more < tagsSize(tags) || more > tagsSize(tags)+8 {
			t.Errorf("%q count %d bytes", tags, more)
		}
	}
	if _, given := b.Tags(other.ID); given {
		t.Error("another message has tags")
	}
	mustDelete(t, b, m.ID)
	if _, given := b.Tags(m.ID); given || len(b.tags) != 0 {
		t.Error("the tags of a deleted message are kept")
	}
	if n, err := b.SetTags(t.Context(), []ID{m.ID}, nil); n != 0 || err != nil {
		t.Errorf("a deleted message is given tags: %d, %v", n, err)
	}
	b.SetLimits(Limits{MaxBytes: b.Stats().Bytes})
	newest := mustAppend(t, b, mail("a@x", "b@x"))
	if _, err := b.SetTags(t.Context(), []ID{newest.ID}, []string{"a tag"}); err != nil {
		t.Error(err)
	}
	if stats := b.Stats(); stats.Bytes > stats.Limits.MaxBytes {
		t.Errorf("%d bytes are held, of %d", stats.Bytes, stats.Limits.MaxBytes)
	}
}
