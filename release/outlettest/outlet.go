// Package outlettest makes outlets for the tests of what releases mails.
package outlettest

import (
	"testing"

	"go.uber.org/zap"

	"github.com/caddy-mailbucket/mailbucket/release"
	"github.com/caddy-mailbucket/mailbucket/release/releasetest"
	"github.com/caddy-mailbucket/mailbucket/store"
)

// New makes an outlet by which mails of the bucket go through the relay to any address of
// ours.test, so many a minute, with 0 for the default.
func New(t *testing.T, b *store.Bucket, r *releasetest.Relay, perMinute int) *release.Outlet {
	t.Helper()
	allowed, err := release.ParseAllowed("*@ours.test")
	if err != nil {
		t.Fatal(err)
	}
	from, err := release.ParseAddress("bucket@ours.test")
	if err != nil {
		t.Fatal(err)
	}
	o := release.New(release.Config{
		Server: release.Server{Address: r.Address, Roots: r.Roots, Hello: "here.test"}, Allowed: allowed, From: from, MaxPerMinute: perMinute,
	}, b, new(release.Ledger), zap.NewNop())
	t.Cleanup(o.Stop)
	return o
}
