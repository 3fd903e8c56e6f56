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

// checkSite refuses requests that a page of another site makes a browser send. Browsers
// mark such requests (Fetch Metadata Request Headers), and send the origin of a script
// that reads the answer (Fetch section 3.2). Programs that are not browsers send neither
// and are not refused.
func (g *Guard) checkSite(r *http.Request, kind Kind) *Refusal {
	if g.anyone || g.Welcomes(r.Header.Get("Origin")) {
		return nil
	}
	switch r.Method {
	case http.MethodOptions:
		return nil // the answer lists methods, and reveals nothing of mail
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

// sameHost reports whether an origin has the host and port of a request.
func sameHost(origin, host string) bool {
	u, err := url.Parse(origin)
	return err == nil && u.Host != "" && strings.EqualFold(u.Host, host)
}

// navigates reports whether the browser will show the answer in a tab of its own.
func navigates(r *http.Request) bool {
	return r.Header.Get("Sec-Fetch-Mode") == "navigate" && r.Header.Get("Sec-Fetch-Dest") == "document"
}

// FromElsewhere reports whether a page of another site made the browser go here. That
// page can measure when the answer begins, which therefore must not depend on mail.
func FromElsewhere(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "cross-site", "same-site":
		return true
	}
	return false
}

// Unmarked reports whether a browser may have sent the request without saying which site
// it comes from. Browsers leave that out over plain HTTP to a name other than localhost.
// There a page of another site can make the browser send any request. It cannot read the
// answer, but can measure when the answer's header section arrives.
//
// Browsers always send Accept-Language (Fetch section 4.6), which pages can change but not
// leave out. Tools that drive a browser make requests of their own under its name, as
// Cypress and Playwright do; those have no Accept-Language, and no page makes them.
func Unmarked(r *http.Request) bool {
	_, languages := r.Header["Accept-Language"]
	return languages && r.Header.Get("Sec-Fetch-Site") == "" && strings.HasPrefix(r.Header.Get("User-Agent"), "Mozilla/")
}

// Protect sets the header fields that make browsers keep pages of other sites from loading
// an answer, showing it in a frame, keeping a reference to its window, or learning its
// address.
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

// DenyFrames keeps browsers from showing an answer in any frame.
func DenyFrames(h http.Header) {
	h.Set("X-Frame-Options", "DENY")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
}

// Begin sends the header section of an answer with the status 200, and a line feed. A
// browser that has these decides whether the page that asked may see the answer. If not,
// that page learns nothing from the rest or from how long it takes. After that an error
// can only end the connection.
//
// The content type must allow white space before the content, as JSON and HTML do.
func Begin(w http.ResponseWriter) http.ResponseWriter {
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write([]byte("\n")) // handlers that compress send the header section only with it
	_ = http.NewResponseController(w).Flush()
	return begun{w}
}

// begun is an answer whose header section has been sent.
type begun struct{ http.ResponseWriter }

// WriteHeader aborts the connection if the status differs from the one that was sent.
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
