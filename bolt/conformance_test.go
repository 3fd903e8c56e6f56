package bolt_test

import (
	"path/filepath"
	"testing"

	"github.com/caddy-mailbucket/mailbucket/bolt"
	"github.com/caddy-mailbucket/mailbucket/store"
	"github.com/caddy-mailbucket/mailbucket/store/journaltest"
)

func TestJournal(t *testing.T) {
	for name, sync := range map[string]bolt.Sync{"1s": 0, "always": bolt.Always, "never": bolt.Never} {
		t.Run("sync "+name, func(t *testing.T) {
			journaltest.Run(t, func(t *testing.T) func() store.Journal {
				path := filepath.Join(t.TempDir(), "mail.db")
				return func() store.Journal { return bolt.New(bolt.Options{Path: path, Sync: sync}) }
			})
		})
	}
}
