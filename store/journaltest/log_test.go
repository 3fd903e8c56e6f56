package journaltest

import (
	"errors"
	"testing"

	"github.com/caddy-mailbucket/mailbucket/store"
)

func TestLog(t *testing.T) {
	newLog := func(*testing.T) func() store.Journal { return NewLog().Journal }
	Run(t, newLog)
	RunShared(t, newLog)
}

func TestTagsAreNotSetWhereALogWouldNotHaveThem(t *testing.T) {
	b, err := store.Open(t.Context(), store.Limits{}, NewLog().Journal(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	m := &store.Message{Sender: "a@x", Recipients: []string{"b@x"}, Raw: "Subject: x\r\n\r\nx\r\n"}
	if err := b.Append(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	before := b.Stats().Bytes
	if _, err := b.All().SetTags(m.ID, []string{"tag"}); !errors.Is(err, store.ErrTagsNotKept) || b.Stats().Bytes != before {
		t.Errorf("the error is %v, and %d bytes became %d", err, before, b.Stats().Bytes)
	}
}
