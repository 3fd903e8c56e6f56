package message

import (
	"net/url"
	"strings"
)

// InlinePart gives the part that a cid: URL names (RFC 2392), by what follows its
// "cid:". It is looked for as it stands and then with its escapes undone, as
// Content-IDs may hold a percent sign. Where several parts have the same
// Content-ID, the one nearest to the HTML in the tree of parts is meant, and one
// within an attached message only if there is no other. It gives nil if there is
// none.
func (m *Message) InlinePart(contentID string) *Part {
	parts := m.inlineParts()
	if p := parts.byID[contentID]; p != nil {
		return p
	}
	if unescaped, err := url.PathUnescape(contentID); err == nil && unescaped != contentID {
		return parts.byID[unescaped]
	}
	return nil
}

// inlineParts are the leaves that HTML can refer to.
type inlineParts struct {
	byID       map[string]*Part
	byLocation map[string]*Part // by the absolute URL in Content-Location
	base       string           // URL that relative ones of the HTML are relative to
}

// noBase is the base URL of a mail that does not name one (RFC 2557 5).
const noBase = "thismessage:/"

// inlineParts makes the maps once, in time linear in the number of parts.
func (m *Message) inlineParts() *inlineParts {
	m.inlineOnce.Do(func() {
		in := &m.inline
		in.byID, in.byLocation = make(map[string]*Part), make(map[string]*Part)
		html := m.Root
		if chosen := m.choice().html; len(chosen) > 0 {
			html = chosen[0]
		}
		bases := make(baseCache)
		in.base = bases.of(html)
		depth := make(map[*Part]int) // of the HTML part and those it is in
		for p, n := html, 0; p != nil; p = p.parent {
			depth[p] = n
			n++
		}
		nearest := make(map[string]nearness)
		keep := func(by map[string]*Part, kind, key string, p *Part, near nearness) {
			if key == "" {
				return
			}
			if best, known := nearest[kind+key]; !known || near.nearer(best) {
				by[key], nearest[kind+key] = p, near
			}
		}
		for _, p := range m.parts {
			if len(p.Parts) > 0 || p == html {
				continue
			}
			near := p.nearnessTo(depth)
			keep(in.byID, "cid:", p.ContentID(), p, near)
			if location := p.ContentLocation(); location != "" {
				keep(in.byLocation, "", resolveURL(bases.of(p), location), p, near)
			}
		}
	})
	return &m.inline
}

// nearness is the distance of a part from the HTML: the number of attached messages in
// between counts most, then the steps up to a common container and those down from it.
type nearness struct{ messages, up, down int }

func (a nearness) nearer(b nearness) bool {
	if a.messages != b.messages {
		return a.messages < b.messages
	}
	if a.up != b.up {
		return a.up < b.up
	}
	return a.down < b.down
}

func (p *Part) nearnessTo(depth map[*Part]int) nearness {
	var n nearness
	for ; p != nil; p = p.parent {
		if up, common := depth[p]; common {
			n.up = up
			break
		}
		n.down++
		if p.isMessage() {
			n.messages++
		}
	}
	return n
}

// baseCache has the URLs that relative URLs in parts are relative to.
type baseCache map[*Part]string

// of gives the URL that a part's own Content-Base or Content-Location names, or
// those of the containers it is in (RFC 2110 5, RFC 2557 5), up to the message it
// belongs to.
func (bases baseCache) of(p *Part) string {
	base, known := bases[p]
	if known {
		return base
	}
	for _, field := range []string{"Content-Base", "Content-Location"} {
		value := strings.Trim(strings.Join(strings.Fields(p.Header.Get(field)), ""), `"<>`)
		if scheme, rest := urlScheme(value); (scheme == "http" || scheme == "https") && hasHost(rest) {
			base = value
			break
		}
	}
	if base == "" {
		base = noBase
		if p.parent != nil && !p.parent.isMessage() {
			base = bases.of(p.parent)
		}
	}
	bases[p] = base
	return base
}
