// Package web is the website, which shows a bucket's mail to people. It sees paths
// relative to where it is mounted, every link it makes is relative, and its pages
// work without their script.
//
// A request goes from web.go (this file) to list.go or mail.go, which gather the two
// panes that page.html shows: the list, with the facts of facts.go in its rows, and an
// email with the views of mailviews.go and parts.go. filter.go reads which emails the
// list is of, boxes.go finds which lists there are to choose from, delete.go deletes,
// release.go sends on, and sessions.go shows the sessions from which no email came.
// english.go has all texts. The API serves the parts of an email that browsers load
// themselves, and the events that announce new emails.
package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"html/template"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/caddy-mailbucket/mailbucket/check"
	"github.com/caddy-mailbucket/mailbucket/guard"
	"github.com/caddy-mailbucket/mailbucket/release"
	"github.com/caddy-mailbucket/mailbucket/store"
)

//go:embed templates static
var files embed.FS

var templates = template.Must(template.New("").Funcs(template.FuncMap{
	"t": english.text, "n": english.count, "size": formatSize, "number": formatNumber, "try": tryCommand,
	"pagesize": func() int { return pageSize },
	"tested":   func(n check.Totals) int { return n.Supported + n.Partly + n.Unsupported },
	"asset":    func(name string) string { return name + "?v=" + assets[name].version },
}).ParseFS(files, "templates/*.html"))

// Options are what a site needs.
type Options struct {
	// Access says what a request may see and change.
	Access func(*http.Request) guard.Access

	// Guard says which requests are answered, and Limits bound what they take.
	Guard  *guard.Guard
	Limits *guard.Limits

	// Failed are the sessions that brought no mail into the bucket.
	Failed *store.FailedSessions

	// Outlet releases emails, and Who tells who asks for it. Both are nil where that is not
	// configured.
	Outlet *release.Outlet
	Who    func(*http.Request) string

	// Addresses gives those that SMTP listens on, such as ":8025". One without a
	// host is shown with the host of the request.
	Addresses func() []string
}

// Site serves the pages.
type Site struct {
	Options
	Bucket *store.View // what the request may see; nil until there is one
	user   string      // who asks
	facts  *facts
	boxes  *boxes
}

// New makes a site.
func New(o Options) *Site {
	return &Site{Options: o, facts: new(facts), boxes: new(boxes)}
}

// policy is the content security policy of pages: they may load our own style, script
// and images, and the mail in a frame, and nothing from other sites.
const policy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; " +
	"frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'self'"

// Serve answers the request if its path is one of the site's, and otherwise
// reports false without having touched w.
func (s *Site) Serve(w http.ResponseWriter, r *http.Request) bool { return s.of(r).serve(w, r) }

// of is the site as one request may use it.
func (s *Site) of(r *http.Request) *Site {
	one, access := *s, s.Access(r)
	one.Bucket, one.user = access.Mail, access.User
	return &one
}

func (s *Site) serve(w http.ResponseWriter, r *http.Request) bool {
	if a, ok := assets[strings.TrimPrefix(r.URL.Path, "/")]; ok {
		if s.allow(w, r, guard.Data, http.MethodGet, http.MethodHead) {
			a.serve(w, r)
		}
		return true
	}
	if r.URL.Path == "/" {
		if s.allow(w, r, guard.Page, http.MethodGet, http.MethodHead, http.MethodPost) {
			s.serveList(w, r)
		}
		return true
	}
	below, isView := strings.CutPrefix(r.URL.Path, "/view/")
	if below == "sessions" && isView && !s.Bucket.Confined() {
		if s.allow(w, r, guard.Page, http.MethodGet, http.MethodHead) {
			s.serveSessions(w, r)
		}
		return true
	}
	name, show, _ := strings.Cut(below, "/")
	id, err := store.ParseID(name)
	if _, ok := shows[show]; !isView || err != nil || !ok && show != showRelease || strings.HasSuffix(below, "/") {
		return false
	}
	if s.allow(w, r, guard.Page, http.MethodGet, http.MethodHead, http.MethodPost) {
		if show == showRelease {
			s.serveRelease(w, r, id)
		} else {
			s.serveMail(w, r, id, show)
		}
	}
	return true
}

// NotFound answers a browser that asks for a path that no handler serves.
func (s *Site) NotFound(w http.ResponseWriter, r *http.Request) {
	s = s.of(r)
	if s.allow(w, r, guard.Page, http.MethodGet, http.MethodHead) {
		s.fail(w, r, http.StatusNotFound, "error.path")
	}
}

// root is the URL of the list relative to the page that is asked for.
func root(r *http.Request) string {
	if depth := strings.Count(r.URL.Path, "/") - 1; depth > 0 {
		return strings.Repeat("../", depth)
	}
	return "./"
}

// allow answers requests that are refused, and those that come by a link from another
// site, and reports whether the request is still to be answered.
func (s *Site) allow(w http.ResponseWriter, r *http.Request, kind guard.Kind, methods ...string) bool {
	s.Guard.Protect(w.Header())
	switch refusal := s.Guard.Check(r, kind); {
	case refusal != nil && refusal.Status == http.StatusMisdirectedRequest:
		s.fail(w, r, refusal.Status, "error.host")
	case refusal != nil && (r.Method == http.MethodGet || r.Method == http.MethodHead):
		s.fail(w, r, refusal.Status, "error.site")
	case refusal != nil:
		s.fail(w, r, refusal.Status, "error.origin")
	case !slices.Contains(methods, r.Method):
		w.Header().Set("Allow", strings.Join(methods, ", "))
		s.fail(w, r, http.StatusMethodNotAllowed, "error.method")
	case kind == guard.Page && guard.FromElsewhere(r):
		s.arrive(w, r)
	case guard.Changes(r.Method) && !s.Bucket.Changeable():
		s.fail(w, r, http.StatusForbidden, "error.readonly")
	default:
		return true
	}
	return false
}

// arrive answers a browser that follows a link on another site. As that site can measure
// how long the answer takes, this page is always the same. It makes the browser ask
// again, and that request comes from this site.
func (s *Site) arrive(w http.ResponseWriter, r *http.Request) {
	l := s.layout(r, english.text("title.arrive"), filter{})
	s.render(w, r, http.StatusOK, "arrive.html", &l)
}

// layout is what every page has.
type layout struct {
	Root      string // relative URL of the list without filters
	Title     string
	Skip      string // id of what the link to skip the top leads to, "main" if empty
	Filter    filter
	Addresses []string
	Unread    int // emails; 0 on pages that do not show them
	User      string
	Sessions  bool // those from which no email came are shown
	Failed    int  // how many there are
	ReadOnly  bool // nothing can be changed
	Stuck     bool // nothing can be changed, as the bucket's journal cannot be used
}

// panes is a page with the list, and with an email beside it if there is one.
type panes struct {
	layout
	List list
	Mail *mailPane
}

func (s *Site) layout(r *http.Request, title string, f filter) layout {
	journal, _ := s.Bucket.Journal()
	l := layout{
		Root: root(r), Title: title, Filter: f, Addresses: s.addresses(r),
		User: s.user, Sessions: !s.Bucket.Confined(), ReadOnly: !s.Bucket.Changeable(), Stuck: journal.Err != nil,
	}
	if l.Sessions {
		l.Failed = s.Failed.Len()
	}
	return l
}

// addresses are the SMTP addresses as the reader would write them.
func (s *Site) addresses(r *http.Request) []string {
	var list []string
	for _, address := range s.Options.Addresses() {
		list = append(list, completeAddress(address, r.Host))
	}
	return list
}

// setPageHeader sets what all pages have in their header sections.
func setPageHeader(h http.Header) {
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Frame-Options", "SAMEORIGIN")
	h.Set("X-DNS-Prefetch-Control", "off") // else browsers may look up the hosts of links
	h.Set("Cache-Control", "no-cache")
}

// smallPage is the size of a page, in bytes, up to which its memory is not counted.
const smallPage = 64 << 10

// render answers with a page. The page is made before anything is sent, so that it is
// never sent in part; a large one waits until there is memory for it.
func (s *Site) render(w http.ResponseWriter, r *http.Request, status int, name string, data any) {
	var page bytes.Buffer
	if err := templates.ExecuteTemplate(&page, name, data); err != nil {
		panic(err) // the templates are ours, and all are tested
	}
	if page.Len() > smallPage && r.Method != http.MethodHead {
		share, err := s.Limits.Answers.Take(r.Context(), int64(page.Len()))
		if err != nil {
			s.busy(w, r)
			return
		}
		defer share.Release()
	}
	setPageHeader(w.Header())
	w.WriteHeader(status)
	if r.Method == http.MethodHead {
		return
	}
	w = guard.Paced(w, r, page.Len())
	for page.Len() > 0 {
		if _, err := w.Write(page.Next(smallPage / 2)); err != nil {
			return // an error is one of the connection
		}
	}
}

// busy answers when there was no memory or no slot in time.
func (s *Site) busy(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Retry-After", "1")
	s.fail(w, r, http.StatusServiceUnavailable, "error.busy")
}

// fail answers with an error page that shows the text for a key.
func (s *Site) fail(w http.ResponseWriter, r *http.Request, status int, key string, args ...any) {
	data := struct {
		layout
		Status int
		Text   string
	}{s.layout(r, http.StatusText(status), filter{}), status, english.text(key, args...)}
	s.render(w, r, status, "fail.html", &data)
}

// redirect sends the browser to another page after a change. Location is relative to
// this URL.
func redirect(w http.ResponseWriter, location string) {
	w.Header().Set("Location", location)
	w.WriteHeader(http.StatusSeeOther)
}

// asset is a file that pages load. Their links contain its version, so that browsers
// may cache it forever.
type asset struct {
	contentType, version string
	content              []byte
}

var assets = map[string]asset{
	"mailbucket.css": newAsset("text/css; charset=utf-8", "page.css", "list.css", "mail.css", "media.css"),
	"mailbucket.js":  newAsset("text/javascript; charset=utf-8", "page.js", "list.js", "share.js", "live.js", "delete.js", "keys.js"),
	"mailbucket.svg": newAsset("image/svg+xml", "mailbucket.svg"),
	"unread.svg":     newAsset("image/svg+xml", "unread.svg"),
}

// newAsset is made of the files, one after the other, without what only their readers need:
// indentation, empty lines and lines that are a comment.
func newAsset(contentType string, names ...string) asset {
	var content []byte
	for _, name := range names {
		part, err := files.ReadFile(path.Join("static", name))
		if err != nil {
			panic(err) // it is embedded
		}
		for line := range strings.Lines(string(part)) {
			line = strings.TrimLeft(line, "\t")
			if line != "\n" && !strings.HasPrefix(line, "//") && !(strings.HasPrefix(line, "/*") && strings.HasSuffix(line, "*/\n")) {
				content = append(content, line...)
			}
		}
	}
	sum := sha256.Sum256(content)
	return asset{contentType, hex.EncodeToString(sum[:6]), content}
}

func (a asset) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", a.contentType)
	h.Set("ETag", `"`+a.version+`"`)
	h.Set("Cache-Control", "no-cache")
	if r.URL.Query().Get("v") == a.version {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(a.content))
}
