//go:build !unix

package mailbucket

import "github.com/caddyserver/caddy/v2"

// isBound reports nothing where processes cannot share an address: listening fails then.
func isBound(caddy.NetworkAddress) bool { return false }
