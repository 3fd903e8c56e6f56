package guard

import (
	"net/http"
	"net/url"
	"strings"
)

var (
	changeRefusal = &Refusal{http.StatusForbidden, "a page of another site may not change anything here, unless cors_origins allows it"}
	readRefusal   = &Refusal{http.StatusForbidden, "a page of another site may not read anything here, unless cors_origins allows it"}
)

// checkSite refuses what a page of another site has its browser ask for. Browsers
// mark such requests (Fetch Metadata Request Headers); a script that reads answers
// also has to give its origin (Fetch section 3.2). Programs that are no browsers
// send neither and are not concerned.
func (g *Guard) checkSite(r *http.Request, kind Kind) *Refusal {
	if g.anyone || g.Welcomes(r.Header.Get("Origin")) {
		return nil
	}
	switch r.Method {
	case http.MethodOptions:
		return nil // it tells which methods there are, and nothing of mail
	case http.MethodGet, http.MethodHead:
	default:
		if g.changes.Check(r) != nil {
			return changeRefusal
		}
		return nil
	}
	switch r.Header.Get("Sec-Fetch-Site") {
	case "same-origin", "none":
		return nil
	case "":
		if origin := r.Header.Get("Origin"); origin != "" && !sameHost(origin, r.Host) {
			return readRefusal
		}
		return nil
	}
	if kind == Page && navigates(r) {
		return nil
	}
	return readRefusal
}

// sameHost is whether an origin is that of the host and port in a request.
func sameHost(origin, host string) bool {
	u, err := url.Parse(origin)
	return err == nil && u.Host != "" && strings.EqualFold(u.Host, host)
}

// navigates is whether the answer will be a document in a tab of its own.
func navigates(r *http.Request) bool {
	return r.Header.Get("Sec-Fetch-Mode") == "navigate" && r.Header.Get("Sec-Fetch-Dest") == "document"
}

// FromElsewhere reports whether a page of another site has the browser go here. Such
// a page can tell when the answer begins, so that this must not depend on mail.
func FromElsewhere(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "cross-site", "same-site":
		return true
	}
	return false
}

// Unmarked reports whether a browser may have sent the request without saying what
// for. Browsers leave the marks out where they do not trust the connection: over
// plain HTTP to a name other than localhost. A page of another site can then have
// the browser ask for anything, and tell when the header section of the answer has
// come, though nothing of it.
func Unmarked(r *http.Request) bool {
	return r.Header.Get("Sec-Fetch-Site") == "" && strings.HasPrefix(r.Header.Get("User-Agent"), "Mozilla/")
}

// Protect sets what keeps browsers from letting pages of other sites load an answer,
// show it in a frame, hold on to its window, or learn its address.
func (g *Guard) Protect(h http.Header) {
	policy := "same-origin"
	if g.anyone {
		policy = "cross-origin"
	}
	h.Set("Cross-Origin-Resource-Policy", policy)
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	DenyFrames(h)
}

// DenyFrames keeps an answer out of all frames.
func DenyFrames(h http.Header) {
	h.Set("X-Frame-Options", "DENY")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
}

// Begin sends the header section and a first blank of an answer, which is 200. Once
// a browser has them it decides whether the page that asked may see the answer, and
// that page learns nothing from how long the rest takes, or from what it is: an
// error can end the connection only.
//
// The content type must be one that blanks may stand before, as JSON and HTML are.
func Begin(w http.ResponseWriter) http.ResponseWriter {
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write([]byte("\n")) // as handlers that compress hold the header back until then
	_ = http.NewResponseController(w).Flush()
	return begun{w}
}

// begun is an answer whose header section has been sent.
type begun struct{ http.ResponseWriter }

// WriteHeader ends the connection if the status is not that which was sent, as
// net/http does for a handler that cannot go on.
func (b begun) WriteHeader(status int) {
	if status != http.StatusOK {
		panic(http.ErrAbortHandler)
	}
}

// Unwrap is for http.ResponseController.
func (b begun) Unwrap() http.ResponseWriter { return b.ResponseWriter }

// Begun reports whether the header section of an answer has been sent by Begin.
func Begun(w http.ResponseWriter) bool {
	_, ok := w.(begun)
	return ok
}
