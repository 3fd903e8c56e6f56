package message

import "strings"

// MaxRemote is how many URLs of each kind [Resources] lists at most.
const MaxRemote = 1000

// Resources are what the HTML of a mail refers to in order to be shown. Each URL
// is listed once, in the order of appearance; URLs longer than [MaxURL] are left
// out.
type Resources struct {
	Remote   []string // URLs on other sites of what would be loaded: images, style sheets, fonts
	Missing  []string // cid: URLs that no part of the mail has
	Relative []string // relative URLs of images without a base
	Insecure []string // http: URLs of images, which a page that came by https does not load

	seen  map[string]bool
	shown map[*Part]bool // parts that are shown within the page
}

// Resources gives what the HTML refers to. It is made once, in time linear in the
// size of the HTML and the number of parts.
func (m *Message) Resources() *Resources {
	return m.resourcesIn(m.HTML)
}

// resourcesIn is Resources where the HTML is at hand already.
func (m *Message) resourcesIn(page func() string) *Resources {
	m.resourcesOnce.Do(func() { m.resources = m.readResources(page()) })
	return m.resources
}

// The kinds of URLs that are noted.
const (
	noteRemote = iota
	noteMissing
	noteRelative
	noteInsecure
)

// add records a URL. It does nothing if r is nil.
func (r *Resources) add(kind int, url string) {
	if r == nil || len(url) > MaxURL {
		return
	}
	list := [...]*[]string{noteRemote: &r.Remote, noteMissing: &r.Missing, noteRelative: &r.Relative, noteInsecure: &r.Insecure}[kind]
	key := string(rune('0'+kind)) + url
	if len(*list) >= MaxRemote || r.seen[key] {
		return
	}
	if r.seen == nil {
		r.seen = make(map[string]bool)
	}
	r.seen[key] = true
	*list = append(*list, strings.Clone(url))
}

// shows records a part that is shown within the page. It does nothing if r is nil.
func (r *Resources) shows(p *Part) {
	if r == nil {
		return
	}
	if r.shown == nil {
		r.shown = make(map[*Part]bool)
	}
	r.shown[p] = true
}
