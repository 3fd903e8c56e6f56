package guard

import (
	"net/http"

	"github.com/caddy-mailbucket/mailbucket/store"
)

// Access is what a request may see and change.
type Access struct {
	// Mail is the mail. If it is confined, what is about all mail is not shown either.
	Mail *store.View

	// Faults is whether those of the SMTP sessions may be seen and, unless Mail is
	// read-only, changed.
	Faults bool

	// User is who asks, "" if that is not known.
	User string
}

// Everything gives everyone access to all that a bucket has.
func Everything(b *store.Bucket) func(*http.Request) Access {
	access := Access{Mail: b.All(), Faults: true}
	return func(*http.Request) Access { return access }
}

// Changes reports whether a request by that method may change something. Those by which
// programs only read are safe (RFC 9110 section 9.2.1).
func Changes(method string) bool {
	return method != http.MethodGet && method != http.MethodHead && method != http.MethodOptions
}
