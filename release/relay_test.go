package release

import (
	"crypto/x509"
	"testing"

	"go.uber.org/zap"

	"github.com/caddy-mailbucket/mailbucket/release/releasetest"
	"github.com/caddy-mailbucket/mailbucket/store"
)

// outletTo is one that sends to r, as change sets it up.
func outletTo(t *testing.T, r *releasetest.Relay, change func(*Config)) (*Outlet, *store.Bucket) {
	t.Helper()
	return newOutlet(t, r.Address, r.Roots, change)
}

func newOutlet(t *testing.T, address string, roots *x509.CertPool, change func(*Config)) (*Outlet, *store.Bucket) {
	t.Helper()
	from, err := ParseAddress("bucket@ours.example.com")
	if err != nil {
		t.Fatal(err)
	}
	c := Config{
		Server:  Server{Address: address, Roots: roots, Hello: "here.test"},
		Allowed: parseList(t, list...), From: from,
	}
	if change != nil {
		change(&c)
	}
	if err := c.Check(); err != nil {
		t.Fatal(err)
	}
	b := store.New(store.Limits{})
	return New(c, b, new(Ledger), zap.NewNop()), b
}

// put puts a mail into a bucket.
func put(t *testing.T, b *store.Bucket, sender, raw string) *store.Message {
	t.Helper()
	m := &store.Message{Sender: sender, Recipients: []string{"someone@app.test"}, Raw: raw}
	if err := b.Append(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	return m
}
