package journaltest

import (
	"testing"

	"github.com/caddy-mailbucket/mailbucket/store"
)

func TestLog(t *testing.T) {
	newLog := func(*testing.T) func() store.Journal { return NewLog().Journal }
	Run(t, newLog)
	RunShared(t, newLog)
}
