package journaltest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/caddy-mailbucket/mailbucket/store"
)

// model is what a bucket should hold, as a plain slice, the oldest first.
type model struct {
	t        *testing.T
	r        *rand.Rand
	b        *store.Bucket
	limits   store.Limits
	messages []*expected
	faults   string
	names    int
}

type expected struct {
	id       store.ID
	arrived  int64
	name     string
	read     bool
	released int
	tags     []string
}

// testModel does random things to a bucket, which is closed and opened again meanwhile, and
// compares it with a model.
func testModel(t *testing.T, journal func() store.Journal) {
	for seed := range uint64(3) {
		m := &model{t: t, r: rand.New(rand.NewPCG(seed, 1)), limits: store.Limits{MaxMessages: 60}}
		if seed > 0 {
			journalOf(t, journal).clear(t)
		}
		m.open(journal())
		for range 120 {
			m.step(journal)
			m.compare()
		}
		closeBucket(t, m.b)
	}
}

// journalOf is a bucket on the log.
func journalOf(t *testing.T, journal func() store.Journal) *cleaner {
	return &cleaner{openBucket(t, store.Limits{}, journal())}
}

type cleaner struct{ b *store.Bucket }

// clear deletes all that the log has, and closes the bucket.
func (c *cleaner) clear(t *testing.T) {
	t.Helper()
	if _, err := c.b.DeleteMatching(t.Context(), store.Query{}); err != nil {
		t.Fatal(err)
	}
	if err := c.b.SetFaults(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	closeBucket(t, c.b)
}

func (m *model) open(j store.Journal) {
	m.t.Helper()
	set := ""
	b, err := store.Open(m.t.Context(), m.limits, j, func(document []byte) { set = string(document) })
	if err != nil {
		m.t.Fatal(err)
	}
	if set != m.faults {
		m.t.Fatalf("the faults are %q, want %q", set, m.faults)
	}
	m.b = b
}

func (m *model) step(journal func() store.Journal) {
	switch m.r.IntN(13) {
	case 0:
		closeBucket(m.t, m.b)
		m.open(journal())
	case 1:
		// It only becomes less: what a former limit evicted may come back with a higher one,
		// as the journal may be late to trim the log.
		m.limits.MaxMessages = max(10, m.limits.MaxMessages-m.r.IntN(8))
		m.b.SetLimits(m.limits)
		m.evict()
	case 2:
		m.faults = fmt.Sprintf(`{"faults":[],"n":%d}`, m.r.IntN(1000))
		if err := m.b.SetFaults(m.t.Context(), []byte(m.faults)); err != nil {
			m.t.Fatal(err)
		}
	case 3:
		ids, some := m.some()
		change(m.t, len(some))(m.b.DeleteIDs(m.t.Context(), ids))
		m.messages = slices.DeleteFunc(m.messages, func(x *expected) bool { return slices.Contains(some, x) })
	case 4:
		read := m.r.IntN(2) == 0
		gone := slices.DeleteFunc(slices.Clone(m.messages), func(x *expected) bool { return x.read != read })
		change(m.t, len(gone))(m.b.DeleteMatching(m.t.Context(), store.Query{Read: &read}))
		m.messages = slices.DeleteFunc(m.messages, func(x *expected) bool { return x.read == read })
	case 5, 6:
		ids, some := m.some()
		m.mark(some, func(read bool) (int, error) { return m.b.Mark(m.t.Context(), ids, read) })
	case 7:
		m.mark(m.messages, func(read bool) (int, error) { return m.b.MarkMatching(m.t.Context(), store.Query{}, read) })
	case 8:
		if len(m.messages) > 0 {
			x := m.messages[m.r.IntN(len(m.messages))]
			x.released++
			if !m.b.AddRelease(x.id, store.Release{At: int64(x.released), By: "somebody", To: []string{"to@example.com"}}) {
				m.t.Fatal("a held message was not released")
			}
		}
	case 9:
		ids, some := m.some()
		tags, n := []string{"a tag", "another", fmt.Sprint(m.r.IntN(3))}[m.r.IntN(3):], 0
		for _, x := range some {
			if !slices.Equal(x.tags, tags) {
				x.tags, n = tags, n+1
			}
		}
		change(m.t, n)(m.b.SetTags(m.t.Context(), ids, tags))
	default:
		for range 1 + m.r.IntN(12) {
			m.append()
		}
	}
}

// some are a few messages, and their IDs among some of none.
func (m *model) some() (ids []store.ID, some []*expected) {
	for range m.r.IntN(10) {
		if len(m.messages) == 0 || m.r.IntN(5) == 0 {
			ids = append(ids, newID())
			continue
		}
		x := m.messages[m.r.IntN(len(m.messages))]
		if ids = append(ids, x.id); !slices.Contains(some, x) {
			some = append(some, x)
		}
	}
	return ids, some
}

func (m *model) mark(some []*expected, mark func(read bool) (int, error)) {
	m.t.Helper()
	read, n := m.r.IntN(3) > 0, 0
	for _, x := range some {
		if x.read != read {
			x.read, n = read, n+1
		}
	}
	change(m.t, n)(mark(read))
}

func (m *model) append() {
	m.t.Helper()
	m.names++
	message := came(fmt.Sprint(m.names), 100+m.r.IntN(2000)).Message
	if err := m.b.Append(m.t.Context(), message); err != nil {
		m.t.Fatal(err)
	}
	m.messages = append(m.messages, &expected{id: message.ID, arrived: message.Arrived, name: message.Subject})
	m.evict()
}

func (m *model) evict() {
	if over := len(m.messages) - m.limits.MaxMessages; over > 0 {
		m.messages = m.messages[over:]
	}
}

func (m *model) compare() {
	m.t.Helper()
	page, err := m.b.Find(m.t.Context(), store.Query{Ascending: true, Limit: 1000})
	if err != nil {
		m.t.Fatal(err)
	}
	if len(page.Messages) != len(m.messages) {
		m.t.Fatalf("%d messages, want %d", len(page.Messages), len(m.messages))
	}
	for i, got := range page.Messages {
		want := m.messages[i]
		if got.ID != want.id || got.Subject != want.name || got.Arrived != want.arrived || got.Read() != want.read || len(m.b.Releases(got.ID)) != min(20, want.released) {
			m.t.Fatalf("message %d: %s at %d, %s, read %v, released %d times, want %+v", i, got.ID, got.Arrived, got.Subject, got.Read(), len(m.b.Releases(got.ID)), *want)
		}
		if tags, _ := m.b.Tags(got.ID); !slices.Equal(tags, want.tags) {
			m.t.Fatalf("message %d has the tags %q, want %q", i, tags, want.tags)
		}
	}
}

// testLimits compares what a bucket with each kind of limit holds with what one holds that
// reads the log again.
func testLimits(t *testing.T, journal func() store.Journal) {
	for name, limits := range map[string]store.Limits{
		"bytes":      {MaxBytes: 100_000},
		"boxes":      {MaxMessages: 60, PerBox: store.BoxLimits{Recipient: 7}},
		"everything": {MaxMessages: 50, MaxBytes: 60_000, PerBox: store.BoxLimits{Recipient: 9, Sender: 40}},
	} {
		t.Run(name, func(t *testing.T) {
			journalOf(t, journal).clear(t)
			r := rand.New(rand.NewPCG(1, 2))
			b := openBucket(t, limits, journal())
			for round := range 6 {
				for i := range 150 {
					m := came(fmt.Sprintf("%d of %d", i, round), 100+r.IntN(3000)).Message
					m.Sender = fmt.Sprintf("%d@example.com", r.IntN(3))
					m.Recipients = []string{fmt.Sprintf("%d@example.com", r.IntN(9)), fmt.Sprintf("%d@example.com", r.IntN(20))}
					if err := b.Append(t.Context(), m); err != nil {
						t.Fatal(err)
					}
					switch {
					case i%20 == 0:
						if _, err := b.Delete(t.Context(), m.ID); err != nil {
							t.Fatal(err)
						}
					case i%7 == 0:
						b.Keep(m, store.ListEntry, "kept beside it", 500)
						b.AddRelease(m.ID, store.Release{By: "somebody"})
						if _, err := b.SetTags(t.Context(), []store.ID{m.ID}, []string{strings.Repeat("tag", i)}); err != nil {
							t.Fatal(err)
						}
					}
				}
				held, bytes := describe(t, b), b.Stats().Bytes
				closeBucket(t, b)
				b = openBucket(t, limits, journal())
				if again := describe(t, b); !slices.Equal(again, held) {
					t.Fatalf("round %d: %d messages, and other ones when read again: %d", round, len(held), len(again))
				}
				if n := b.Stats().Bytes; n > bytes {
					t.Errorf("round %d: %d bytes, and %d when read again", round, bytes, n)
				}
			}
			closeBucket(t, b)
		})
	}
}
