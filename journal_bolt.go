package mailbucket

import (
	"fmt"
	"path/filepath"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"go.uber.org/zap"

	"github.com/caddy-mailbucket/mailbucket/bolt"
	"github.com/caddy-mailbucket/mailbucket/store"
)

// BoltJournal keeps a bucket's mail in a file, from which it is read at the start. Only one
// process, and one bucket, can use a file at a time.
type BoltJournal struct {
	// The file, which may have placeholders. It and its folder are made if they are missing.
	// Default: mailbucket/<bucket>.db in Caddy's data directory.
	Path string `json:"path,omitempty"`

	// When what was received is put on disk, so that it outlives the machine's failure: a
	// time such as 1s is how often, `always` is before it is accepted, and `never` leaves it
	// to the operating system. It outlives the end of the process in any case.
	// Default: 1s.
	Sync string `json:"sync,omitempty"`

	sync   bolt.Sync
	logger *zap.Logger
}

// CaddyModule returns the Caddy module information.
func (*BoltJournal) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  journalNamespace + ".bolt",
		New: func() caddy.Module { return new(BoltJournal) },
	}
}

// UnmarshalCaddyfile sets up the journal from:
//
//	journal bolt {
//	    path <file>
//	    sync <duration>|always|never
//	}
func (j *BoltJournal) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next() // the module's name
	if d.NextArg() {
		return d.Errf("journal bolt: unexpected %q: expected its path in a block", d.Val())
	}
	return eachOption(d, "journal bolt", map[string]func() error{
		"path": func() error { return oneArg(d, &j.Path) },
		"sync": func() error {
			if err := oneArg(d, &j.Sync); err != nil {
				return err
			}
			if _, err := bolt.ParseSync(j.Sync); err != nil {
				return d.Errf("sync: %w", err)
			}
			return nil
		},
	})
}

// Provision checks the settings.
func (j *BoltJournal) Provision(ctx caddy.Context) (err error) {
	j.logger = ctx.Logger()
	if j.Sync == "" {
		return nil
	}
	if j.sync, err = bolt.ParseSync(j.Sync); err != nil {
		return fmt.Errorf("sync: %w", err)
	}
	return nil
}

// Journal implements JournalModule.
func (j *BoltJournal) Journal(bucket string, _ store.Limits) (store.Journal, error) {
	path := caddy.NewReplacer().ReplaceKnown(j.Path, "")
	if path == "" {
		path = filepath.Join(caddy.AppDataDir(), "mailbucket", bucket+".db")
	}
	return bolt.New(bolt.Options{Path: path, Sync: j.sync, Logger: j.logger}), nil
}

var (
	_ JournalModule         = (*BoltJournal)(nil)
	_ caddy.Provisioner     = (*BoltJournal)(nil)
	_ caddyfile.Unmarshaler = (*BoltJournal)(nil)
)
