package mailbucket

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"

	"github.com/caddy-mailbucket/mailbucket/store"
)

// savePlaces is how long after a change the places are written at the latest. What webhooks
// tell of in that time is told of again if the process is killed meanwhile.
const savePlaces = time.Second

// hookPlaces remembers in a file with which message each webhook of a bucket has dealt last,
// so that it goes on there after a restart. Webhooks are known by a hash of their names, as
// a URL may be a secret.
type hookPlaces struct {
	path string

	mu    sync.Mutex
	last  map[string]store.ID
	dirty bool // a write has been set up

	writing sync.Mutex // held for each write
}

// openHookPlaces reads the places of a bucket from Caddy's data directory. A file that cannot
// be read counts as empty, which is logged.
func openHookPlaces(bucket string) *hookPlaces {
	p := &hookPlaces{
		path: filepath.Join(caddy.AppDataDir(), "mailbucket", bucket+".webhooks.json"),
		last: make(map[string]store.ID),
	}
	if err := p.read(); err != nil && !errors.Is(err, fs.ErrNotExist) {
		p.logger().Error("reading where webhooks were; they go on with mail from now on", zap.Error(err))
	}
	return p
}

func (p *hookPlaces) logger() *zap.Logger {
	return caddy.Log().Named(appName).With(zap.String("file", p.path))
}

func (p *hookPlaces) read() error {
	text, err := os.ReadFile(p.path)
	if err != nil {
		return err
	}
	var places map[string]string
	if err := json.Unmarshal(text, &places); err != nil {
		return fmt.Errorf("reading %s: %w", p.path, err)
	}
	for name, text := range places {
		if p.last[name], err = store.ParseID(text); err != nil {
			return fmt.Errorf("reading %s: id %q: %w", p.path, text, err)
		}
	}
	return nil
}

// after is the message that the webhook with that name has dealt with last.
func (p *hookPlaces) after(name string) (id store.ID, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	id, ok = p.last[hashOf(name)]
	return id, ok
}

// set notes that the webhook has dealt with a message.
func (p *hookPlaces) set(name string, id store.ID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.last[hashOf(name)] = id; !p.dirty {
		p.dirty = true
		time.AfterFunc(savePlaces, p.save)
	}
}

// save writes the places if they have changed.
func (p *hookPlaces) save() {
	p.writing.Lock()
	defer p.writing.Unlock()
	p.mu.Lock()
	places, dirty := maps.Clone(p.last), p.dirty
	p.dirty = false
	p.mu.Unlock()
	if !dirty {
		return
	}
	if err := p.write(places); err != nil {
		p.logger().Error("writing where webhooks are; after a restart they may tell of mail again", zap.Error(err))
	}
}

// write replaces the file.
func (p *hookPlaces) write(places map[string]store.ID) error {
	text, err := json.Marshal(places)
	if err != nil {
		return fmt.Errorf("encoding the places of webhooks: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(p.path), 0o700); err != nil {
		return err
	}
	next := p.path + ".new"
	if err := os.WriteFile(next, text, 0o600); err != nil {
		return err
	}
	return os.Rename(next, p.path)
}

func hashOf(name string) string {
	sum := sha256.Sum256([]byte(name))
	return hex.EncodeToString(sum[:])
}
