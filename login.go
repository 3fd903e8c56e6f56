package mailbucket

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"runtime"
	"sync"

	"golang.org/x/crypto/bcrypt"
)

// AuthConfig says how SMTP clients log in.
type AuthConfig struct {
	// Whether a login is `optional`, `required` or `off`. Default: optional.
	Mode string `json:"mode,omitempty"`

	// Bcrypt hashes of passwords (or OAuth tokens) by user name. If there are
	// none, every login is accepted; CRAM-MD5 is then offered too.
	Users map[string]string `json:"users,omitempty"`
}

// users checks logins against bcrypt hashes.
type users struct {
	hashes  map[string][]byte
	unused  []byte        // a hash to compare with for unknown users, which takes as long
	slots   chan struct{} // bounds how many hashes are computed at once
	key     []byte
	compare func(hash, secret []byte) error // bcrypt.CompareHashAndPassword

	mu    sync.Mutex
	right map[string][sha256.Size]byte // by user, the sum of the last right login
}

func newUsers(hashes map[string]string) (*users, error) {
	u := &users{
		hashes: make(map[string][]byte), right: make(map[string][sha256.Size]byte),
		slots: make(chan struct{}, runtime.GOMAXPROCS(0)), key: make([]byte, 32), compare: bcrypt.CompareHashAndPassword,
	}
	_, _ = rand.Read(u.key) // never fails
	highest := 0
	for name, hash := range hashes {
		cost, err := bcrypt.Cost([]byte(hash))
		if err != nil {
			return nil, fmt.Errorf("auth: user %s: expected a bcrypt hash, as made by caddy hash-password: %w", name, err)
		}
		u.hashes[name] = []byte(hash)
		if cost > highest {
			highest, u.unused = cost, []byte(hash)
		}
	}
	return u, nil
}

// known reports without delay whether a login was right before.
func (u *users) known(name, secret string) bool {
	u.mu.Lock()
	right, known := u.right[name]
	u.mu.Unlock()
	sum := u.sum(name, secret)
	return known && hmac.Equal(right[:], sum[:])
}

// sum is a keyed hash of a login, which reveals nothing without the key.
func (u *users) sum(name, secret string) [sha256.Size]byte {
	mac := hmac.New(sha256.New, u.key)
	mac.Write([]byte(name + "\x00" + secret))
	return [sha256.Size]byte(mac.Sum(nil))
}

// check is slow the first time by bcrypt's design, and fast for a login that was
// right before, since test suites log in for every mail. When ctx is done, a login
// that still waits for its turn counts as wrong.
func (u *users) check(ctx context.Context, name, secret string) bool {
	if u.known(name, secret) {
		return true
	}
	hash, exists := u.hashes[name]
	if !exists {
		hash = u.unused
	}
	select {
	case u.slots <- struct{}{}:
	case <-ctx.Done():
		return false
	}
	err := u.compare(hash, []byte(secret))
	<-u.slots
	if err != nil || !exists {
		return false
	}
	u.mu.Lock()
	u.right[name] = u.sum(name, secret)
	u.mu.Unlock()
	return true
}
