package journaltest

import (
	"testing"

	"github.com/caddy-mailbucket/mailbucket/store"
)

func TestLog(t *testing.T) {
	Run(t, func(*testing.T) func() store.Journal { return NewLog().Journal })
}
