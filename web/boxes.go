package web

import (
	"cmp"
	"context"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/caddy-mailbucket/mailbucket/store"
)

// Bounds of the boxes: how many of the newest emails are looked at, how many boxes of a sort
// are told apart and how many are shown, how long a name may be in bytes, and how often it is
// looked again at most.
const (
	maxBoxMail  = 10_000
	maxBoxNames = 5000
	maxBoxes    = 12
	maxBoxName  = 100
	boxesEvery  = time.Second
)

// boxes are the logins, domains and addresses that the newest emails are for. Everyone who
// may see all mail shares them.
type boxes struct {
	mu      sync.Mutex
	version uint64
	at      time.Time
	counts  [len(boxSorts)][]boxCount
}

// boxCount is how many of the emails of a box that were looked at are unread.
type boxCount struct {
	name   string
	unread int
}

// boxSorts are the sorts of boxes: the end of the key of their name, the filter that shows one, and
// which boxes an email is in.
var boxSorts = [...]struct {
	name, filter, before string
	of                   func(m *store.Message) []string
}{
	{"login", "login", "", func(m *store.Message) []string { return []string{m.Login()} }},
	{"domain", "recipient", "*@", func(m *store.Message) []string { return domains(m.Recipients) }},
	{"recipient", "recipient", "", func(m *store.Message) []string { return m.Recipients }},
}

func domains(addresses []string) []string {
	list := make([]string, len(addresses))
	for i, address := range addresses {
		if at := strings.LastIndexByte(address, '@'); at >= 0 {
			list[i] = address[at+1:]
		}
	}
	return list
}

// boxGroup is the boxes of a sort, those with the newest emails first.
type boxGroup struct {
	Name  string
	Boxes []box
}

// box is one of them, with the URL of the list of its emails.
type box struct {
	Name, URL string
	Unread    int
	Current   bool
}

// boxGroups are the boxes to choose from, of each sort of which there are several. There
// are none where only a part of the mail is shown.
func (s *Site) boxGroups(ctx context.Context, root string, f filter) []boxGroup {
	if s.Bucket.Confined() {
		return nil
	}
	var groups []boxGroup
	for i, counts := range s.boxes.look(ctx, s.Bucket) {
		if len(counts) < 2 {
			continue
		}
		sort := boxSorts[i]
		g := boxGroup{Name: sort.name}
		for _, c := range counts {
			value := sort.before + c.name
			g.Boxes = append(g.Boxes, box{
				Name: c.name, Unread: c.unread, Current: f.conditions.Get(sort.filter) == value,
				URL: filter{conditions: url.Values{sort.filter: {value}}}.with(root),
			})
		}
		groups = append(groups, g)
	}
	return groups
}

// look gives the boxes as they are, or were a moment ago.
func (b *boxes) look(ctx context.Context, v *store.View) [len(boxSorts)][]boxCount {
	b.mu.Lock()
	defer b.mu.Unlock()
	version := v.Version()
	if version != 0 && version == b.version || time.Since(b.at) < boxesEvery {
		return b.counts
	}
	page, err := v.Find(ctx, store.Query{Limit: maxBoxMail})
	if err != nil {
		return b.counts
	}
	for i, sort := range boxSorts {
		b.counts[i] = countBoxes(page.Messages, sort.of)
	}
	b.version, b.at = version, time.Now()
	return b.counts
}

// countBoxes counts the unread emails in each box. The names are compared without case, as
// the filters do.
func countBoxes(newest []*store.Message, of func(*store.Message) []string) []boxCount {
	counts := make(map[string]*boxCount)
	var order []*boxCount
	for _, m := range newest {
		names := of(m)
		for i, name := range names[:min(len(names), maxBoxes)] {
			if name == "" || len(name) > maxBoxName || strings.Contains(name, "*") || slices.ContainsFunc(names[:i], func(other string) bool { return strings.EqualFold(other, name) }) {
				continue
			}
			key := strings.ToLower(name)
			c := counts[key]
			if c == nil {
				if len(order) == maxBoxNames {
					continue
				}
				c = &boxCount{name: name}
				counts[key], order = c, append(order, c)
			}
			if !m.Read() {
				c.unread++
			}
		}
	}
	// The newest come first, those with unread emails before the others.
	slices.SortStableFunc(order, func(x, y *boxCount) int { return -cmp.Compare(min(x.unread, 1), min(y.unread, 1)) })
	shown := make([]boxCount, min(len(order), maxBoxes))
	for i := range shown {
		shown[i] = *order[i]
	}
	return shown
}
