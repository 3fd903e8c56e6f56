package store

import (
	"fmt"
	"strings"
	"testing"
)

func TestReleasesAreRememberedAndCounted(t *testing.T) {
	b := New(Limits{})
	m := mustAppend(t, b, mail("a@x", "b@x"))
	before := b.Stats().Bytes
	r := Release{At: 1, By: "ann", Sender: "s@x", To: []string{"c@x", "d@x"}, MessageID: "<1@x>", Reply: "queued"}
	if !b.AddRelease(m.ID, r) {
		t.Fatal("not remembered")
	}
	if again := b.AddRelease(m.ID, r); !again {
		t.Error("a release that is known is not")
	}
	if got := b.Releases(m.ID); fmt.Sprint(got) != fmt.Sprint([]Release{r}) {
		t.Errorf("releases are %v", got)
	}
	if more := b.Stats().Bytes - before; more < int64(len("annsc@xd@x")) || more > 1000 {
		t.Errorf("a release counts %d bytes", more)
	}
	earlier := b.Releases(m.ID)
	for i := range 3 * maxReleases {
		b.AddRelease(m.ID, Release{At: int64(i), By: strings.Repeat("b", i%7)})
	}
	if got := b.Releases(m.ID); len(got) != maxReleases || got[maxReleases-1].At != 3*maxReleases-1 {
		t.Errorf("%d releases are remembered, the last is %v", len(got), got[len(got)-1])
	}
	if len(earlier) != 1 || earlier[0].By != "ann" {
		t.Errorf("a reader's list became %v", earlier)
	}
	mustDelete(t, b, m.ID)
	if stats := b.Stats(); b.Releases(m.ID) != nil || len(b.releases) != 0 || stats.Bytes != b.history.size() && stats.Bytes != 0 {
		t.Errorf("after the message is deleted: %v, %d bytes", b.releases, stats.Bytes)
	}
	if b.AddRelease(m.ID, r) {
		t.Error("a release of a deleted message is remembered")
	}
	b.Close()
	if b.AddRelease(m.ID, r) {
		t.Error("a closed bucket remembers a release")
	}
}

func TestReleaseMakesRoomForItself(t *testing.T) {
	b := New(Limits{})
	old, last := mustAppend(t, b, mail("a@x", "b@x")), mustAppend(t, b, mail("a@x", "b@x"))
	b.SetLimits(Limits{MaxBytes: b.Stats().Bytes})
	if !b.AddRelease(last.ID, Release{By: strings.Repeat("x", 100)}) {
		t.Fatal("not remembered")
	}
	if _, held := b.Get(old.ID); held || len(b.Releases(last.ID)) != 1 {
		t.Errorf("the oldest message is held: %t; releases: %v", held, b.Releases(last.ID))
	}
	if stats := b.Stats(); stats.Bytes > stats.Limits.MaxBytes {
		t.Errorf("%d bytes are held, of %d", stats.Bytes, stats.Limits.MaxBytes)
	}
}
