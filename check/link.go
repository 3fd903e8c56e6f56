package check

import (
	"net/url"
	"regexp"
	"strings"

	"golang.org/x/net/html"

	"github.com/caddy-mailbucket/mailbucket/message"
)

// maxShown is how much of what a link shows is read, in bytes.
const maxShown = 1000

// openLink is an a element that was not closed yet.
type openLink struct {
	open  bool
	at    int // where its tag begins in the page
	end   int // where its tag ends
	line  int // the line of the tag
	url   string
	named bool // something other than its text says where it leads
	shown strings.Builder
}

// show adds a text to what the link shows.
func (l *openLink) show(text string) {
	if l.open && l.shown.Len() < maxShown {
		l.shown.WriteString(html.UnescapeString(strings.ToValidUTF8(text[:min(len(text), maxShown)], "")))
	}
}

// openLink begins a link. One that is open ends there.
func (w *walker) openLink() {
	w.closeLink()
	if w.has("name") {
		w.uses.see("x:anchor", w.here)
	}
	if !w.has("href") {
		return
	}
	w.target()
	w.link.open, w.link.at, w.link.end, w.link.line, w.link.url = true, w.at, w.end, w.line, strings.TrimSpace(w.attribute("href"))
	w.link.named = w.attribute("aria-label") != "" || w.attribute("aria-labelledby") != "" || w.attribute("title") != ""
}

// closeLink ends the link that is open, if any.
func (w *walker) closeLink() {
	if !w.link.open {
		return
	}
	at, shown := w.placeOf(w.link.at, w.link.end, w.link.line), strings.TrimSpace(w.link.shown.String())
	if shown == "" && !w.link.named {
		w.found(LinkTextMissing, excerpt(w.link.url), at)
	}
	if host := shownHost(shown); host != "" {
		to := hostOf(w.link.url)
		if to != "" && organization(host) != organization(to) {
			w.found(LinkTextDiffers, excerpt(host)+" leads to "+excerpt(to), at)
		}
	}
	w.link = openLink{}
}

// hostText finds texts that are a host or a URL with one.
var hostText = regexp.MustCompile(`^(?i)(?:https?://)?((?:[a-z0-9-]{1,63}\.){1,10}[a-z]{2,20})(?::[0-9]{1,5})?(?:[/?#]\S*)?$`)

// shownHost gives the host that a link shows, in lower case; "" if it shows none.
func shownHost(shown string) string {
	if found := hostText.FindStringSubmatch(shown); found != nil {
		return strings.ToLower(found[1])
	}
	return ""
}

// target checks the URL that an element links to.
func (w *walker) target() {
	to := strings.TrimSpace(w.attribute("href"))
	switch {
	case to == "" || to == "#":
		if w.has("href") {
			w.found(LinkEmpty, "", w.here)
		}
		return
	case to[0] == '#':
		w.uses.see("x:anchor", w.here)
		return
	case placeholder.MatchString(to[:min(len(to), message.MaxURL)]):
		w.found(Placeholder, excerpt(to), w.here)
		return
	}
	switch scheme := schemeOf(to); scheme {
	case "mailto":
		w.uses.see("x:mailto", w.here)
	case "javascript", "vbscript", "data":
		w.found(LinkScript, "", w.here)
	case "":
		if !w.based && !strings.HasPrefix(to, "//") {
			w.found(LinkRelative, excerpt(to), w.here)
			return
		}
	}
	w.follow(to, w.here)
}

// follow checks the host that a link leads to.
func (c *checker) follow(to string, at func() Place) {
	switch hostKind(hostOf(to)) {
	case localHost:
		c.found(LinkLocal, excerpt(to), at)
	case reservedHost:
		c.found(LinkReserved, excerpt(to), at)
	}
	if schemeOf(to) == "http" {
		c.found(LinkInsecure, excerpt(to), at)
	}
}

// textLinks looks at the links in the text part.
func (c *checker) textLinks() {
	if c.textPart == nil {
		return
	}
	for _, l := range message.Links(c.Mail.Text(), "") {
		c.follow(l.URL, func() Place { return Place{Part: c.textPart.Index, Element: excerpt(l.URL)} })
	}
}

// schemeOf gives the scheme of a URL in lower case; "" if it has none (RFC 3986 3.1).
func schemeOf(to string) string {
	end := strings.IndexFunc(to, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '+' || r == '-' || r == '.')
	})
	if end < 1 || to[end] != ':' {
		return ""
	}
	return strings.ToLower(to[:end])
}

// hostOf gives the host of a URL in lower case; "" if it has none.
func hostOf(to string) string {
	switch schemeOf(to) {
	case "", "http", "https", "ftp":
	default:
		return ""
	}
	u, err := url.Parse(to[:min(len(to), message.MaxURL)])
	if err != nil {
		return ""
	}
	return strings.ToLower(u.Hostname())
}
