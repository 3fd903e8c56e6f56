package store

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// model is a bucket as a plain slice, the oldest first.
type model []*Message

func (m model) find(q Query) model {
	var found model
	for _, x := range m {
		if q.holds(x) {
			found = append(found, x)
		}
	}
	return found
}

// holds is whether x is what q says, found out without any index.
func (q *Query) holds(x *Message) bool {
	is := func(r string) bool { return strings.EqualFold(r, q.Recipient) }
	isOf := func(r string) bool { return hasSuffixFold(r, "@"+q.RecipientDomain) }
	return !(q.Sender != nil && !strings.EqualFold(*q.Sender, x.Sender) ||
		q.Recipient != "" && !slices.ContainsFunc(x.Recipients, is) ||
		q.Login != nil && !strings.EqualFold(*q.Login, x.Login()) ||
		q.SenderDomain != "" && !hasSuffixFold(x.Sender, "@"+q.SenderDomain) ||
		q.RecipientDomain != "" && !slices.ContainsFunc(x.Recipients, isOf) ||
		q.After != ID{} && x.ID.String() <= q.After.String() ||
		q.Read != nil && x.Read() != *q.Read ||
		q.Before != ID{} && x.ID.String() >= q.Before.String() ||
		q.Since != 0 && x.Arrived < q.Since ||
		q.Until != 0 && x.Arrived >= q.Until ||
		q.Match != nil && !q.Match(nil, x))
}

func hasSuffixFold(s, suffix string) bool {
	return strings.HasSuffix(strings.ToLower(s), strings.ToLower(suffix))
}

func (m model) without(gone model) model {
	is := make(map[*Message]bool, len(gone))
	for _, x := range gone {
		is[x] = true
	}
	return slices.DeleteFunc(slices.Clone(m), func(x *Message) bool { return is[x] })
}

func randomQuery(r *rand.Rand, m model) Query {
	var q Query
	if r.IntN(3) == 0 {
		sender := []string{"", "a@x", "B@X", "b"}[r.IntN(4)]
		q.Sender = &sender
	}
	if r.IntN(3) == 0 {
		q.Recipient = []string{"r1@x", "R2@x", "none@x"}[r.IntN(3)]
	}
	if r.IntN(4) == 0 {
		q.RecipientDomain = []string{"x", "Sub.X", "none"}[r.IntN(3)]
	}
	if r.IntN(5) == 0 {
		q.SenderDomain = []string{"X", "none"}[r.IntN(2)]
	}
	if r.IntN(5) == 0 {
		login := []string{"", "ann", "BOB", "none"}[r.IntN(4)]
		q.Login = &login
	}
	if r.IntN(4) == 0 {
		q.Match = func(_ *Bucket, x *Message) bool { return x.ID[15]&1 == 0 }
	}
	if r.IntN(5) == 0 {
		read := r.IntN(2) == 0
		q.Read = &read
	}
	if len(m) == 0 {
		return q
	}
	if r.IntN(3) == 0 {
		q.After = m[r.IntN(len(m))].ID
	}
	if r.IntN(3) == 0 {
		q.Before = m[r.IntN(len(m))].ID
	}
	if r.IntN(4) == 0 {
		q.Since = m[r.IntN(len(m))].Arrived
	}
	if r.IntN(4) == 0 {
		q.Until = m[r.IntN(len(m))].Arrived + int64(r.IntN(2))
	}
	return q
}

// simulation is a bucket, and what it should be.
type simulation struct {
	t     *testing.T
	r     *rand.Rand
	b     *Bucket
	clock *clock
	m     model
	stats Stats // the counters, and the limits

	read     map[*Message]bool // what is marked
	inBox    map[string]int    // how many messages are in each box
	happened []string
	follower follower
}

// FuzzBucket does random things to a bucket and to a plain slice, and compares. The
// clock is set forth and back meanwhile.
func FuzzBucket(f *testing.F) {
	for seed := range uint64(40) {
		f.Add(seed, 80)
	}
	f.Fuzz(func(t *testing.T, seed uint64, steps int) {
		s := &simulation{t: t, r: rand.New(rand.NewPCG(seed, 0)), read: make(map[*Message]bool), inBox: make(map[string]int)}
		s.b, s.clock = newClockBucket(Limits{})
		s.follower = *newFollower(s.b)
		for range min(steps, 80) {
			s.step()
			s.compare()
			s.follower.read(t, 1+s.r.IntN(1000))
		}
		s.compareHistory()
	})
}

func (s *simulation) step() {
	switch s.r.IntN(18) {
	case 0:
		s.setLimits()
		s.evict()
		s.expire()
	case 1:
		q := randomQuery(s.r, s.m)
		gone := s.visible().find(q)
		if n, err := s.b.DeleteMatching(s.t.Context(), q); err != nil || n != len(gone) {
			s.t.Fatalf("deleted %d, %v, want %d", n, err, len(gone))
		}
		s.stats.Deleted += uint64(len(gone))
		s.forget(gone, Deleted)
	case 2, 3:
		if len(s.m) > 0 {
			x := s.m[s.r.IntN(len(s.m))]
			if mustDelete(s.t, s.b, x.ID) != 1 || mustDelete(s.t, s.b, x.ID) != 0 {
				s.t.Fatal("a held message must be deleted once")
			}
			s.stats.Deleted++
			s.forget(model{x}, Deleted)
		}
	case 4:
		days := int64(s.r.IntN(3) - 1)
		s.clock.ms.Add(days*86_400_000 + int64(s.r.IntN(40_000)) - 10_000)
	case 5:
		if len(s.clock.armed) > 0 {
			fired := s.clock.last()
			if fired.f(); !fired.stopped {
				s.expire()
			}
		}
	case 6:
		s.deleteIDs()
	case 7, 8:
		s.mark()
	case 9:
		s.markMatching()
	default:
		s.append(1 + s.r.IntN(20)*s.r.IntN(20))
	}
}

// someIDs are those of a few messages, perhaps more than once, and some of none.
func (s *simulation) someIDs() (ids []ID, held model) {
	for range s.r.IntN(12) {
		if len(s.m) == 0 || s.r.IntN(5) == 0 {
			ids = append(ids, ID{}.after(ID{}, s.clock.ms.Load()))
			continue
		}
		x := s.m[s.r.IntN(len(s.m))]
		if ids = append(ids, x.ID); !slices.Contains(held, x) {
			held = append(held, x)
		}
	}
	return ids, held
}

func (s *simulation) deleteIDs() {
	ids, held := s.someIDs()
	if n := mustDelete(s.t, s.b, ids...); n != len(held) {
		s.t.Fatalf("deleted %d, want %d", n, len(held))
	}
	s.stats.Deleted += uint64(len(held))
	s.forget(held, Deleted)
}

func (s *simulation) mark() {
	ids, held := s.someIDs()
	read := s.r.IntN(3) > 0
	marked := s.unlike(held, read)
	if n := mustMark(s.t, s.b, ids, read); n != len(marked) {
		s.t.Fatalf("marked %d, want %d", n, len(marked))
	}
	s.marked(marked, read)
}

func (s *simulation) markMatching() {
	q, read := randomQuery(s.r, s.m), s.r.IntN(2) == 0
	marked := s.unlike(s.m.find(q), read)
	if n, err := s.b.MarkMatching(s.t.Context(), q, read); err != nil || n != len(marked) {
		s.t.Fatalf("marked %d, %v, want %d", n, err, len(marked))
	}
	s.marked(marked, read)
}

// unlike is the visible ones of held whose marks are others.
func (s *simulation) unlike(held model, read bool) model {
	visible := s.visible()
	return slices.DeleteFunc(slices.Clone(held), func(x *Message) bool { return s.read[x] == read || !slices.Contains(visible, x) })
}

func (s *simulation) marked(messages model, read bool) {
	kind := MarkedUnread
	if read {
		kind = MarkedRead
	}
	for _, x := range messages {
		s.read[x] = read
		s.happened = append(s.happened, describe(kind)+x.ID.String())
	}
}

func (s *simulation) append(n int) {
	sender := []string{"", "A@x", "b@x", "b"}[s.r.IntN(4)]
	to := [][]string{{"r1@x"}, {"r2@X", "r1@x"}, {"R1@x", "r1@X"}, {"r1@x", "r2@sub.x", "r3@sub.x"}, {"r"}}[s.r.IntN(5)]
	login := []string{"", "ann", "Ann", "bob"}[s.r.IntN(4)]
	for range n {
		s.clock.ms.Add(int64(s.r.IntN(30)))
		x := mail(sender, to...)
		if login != "" {
			x.Session = &Session{AuthIdentity: login}
		}
		s.evictFromBoxes(x)
		mustAppend(s.t, s.b, x)
		for _, b := range s.boxes(x) {
			s.inBox[b.name]++
		}
		s.m = append(s.m, x)
		s.stats.Received++
		s.evict()
		s.happened = append(s.happened, "came "+x.ID.String())
	}
}

func (s *simulation) setLimits() {
	l := Limits{MaxMessages: 1 + s.r.IntN(600), MaxAge: time.Duration(s.r.IntN(3)) * time.Minute}
	for _, n := range []*int{&l.PerBox.Login, &l.PerBox.Recipient, &l.PerBox.Sender} {
		*n = s.r.IntN(3) * s.r.IntN(100)
	}
	s.stats.Limits = l
	s.b.SetLimits(l)
	for _, x := range slices.Clone(s.m) {
		if slices.ContainsFunc(s.boxes(x), func(b box) bool { return b.limit > 0 && s.inBox[b.name] > b.limit }) {
			s.letGo(model{x})
		}
	}
}

// box is a box that a message is in.
type box struct {
	limit int
	name  string
	of    Query
}

// boxes are those of x, in the order in which they are looked at.
func (s *simulation) boxes(x *Message) []box {
	l, login := s.stats.Limits.PerBox, x.Login()
	boxes := []box{{l.Sender, "sender " + strings.ToLower(x.Sender), Query{Sender: &x.Sender}}}
	for _, r := range x.Recipients {
		b := box{l.Recipient, "recipient " + strings.ToLower(r), Query{Recipient: r}}
		if !slices.ContainsFunc(boxes, func(other box) bool { return other.name == b.name }) {
			boxes = append(boxes, b)
		}
	}
	return append(boxes, box{l.Login, "login " + strings.ToLower(login), Query{Login: &login}})
}

// evictFromBoxes is what the boxes of x let go before it comes.
func (s *simulation) evictFromBoxes(x *Message) {
	for _, b := range s.boxes(x) {
		for b.limit > 0 && s.inBox[b.name] >= b.limit {
			s.letGo(s.m.find(b.of)[:1])
		}
	}
}

func (s *simulation) letGo(gone model) {
	s.stats.Evicted += uint64(len(gone))
	for _, x := range gone {
		s.stats.Replaced += x.cost
	}
	s.forget(gone, Evicted)
}

// evict is what the number of messages lets go.
func (s *simulation) evict() {
	if most := s.stats.Limits.MaxMessages; most > 0 && len(s.m) > most {
		s.letGo(s.m[:len(s.m)-most])
	}
}

// expire is what a timer that goes off lets go.
func (s *simulation) expire() {
	gone := s.m.without(s.visible())
	s.stats.Expired += uint64(len(gone))
	s.forget(gone, Expired)
}

// visible is what has not reached its age.
func (s *simulation) visible() model {
	if s.stats.Limits.MaxAge == 0 {
		return s.m
	}
	return s.m.find(Query{Since: s.clock.ms.Load() - s.stats.Limits.MaxAge.Milliseconds()})
}

func (s *simulation) forget(gone model, why ChangeKind) {
	for _, x := range gone {
		s.stats.Freed += x.cost
		for _, b := range s.boxes(x) {
			s.inBox[b.name]--
		}
		s.happened = append(s.happened, describe(why)+x.ID.String())
	}
	s.m = s.m.without(gone)
}

func (s *simulation) compare() {
	s.t.Helper()
	q := randomQuery(s.r, s.m)
	all := s.visible().find(q)
	q.Ascending = s.r.IntN(2) == 0
	want := slices.Clone(all)
	if !q.Ascending {
		slices.Reverse(want)
	}
	if first, ok := s.b.First(s.t.Context(), q); ok != (len(want) > 0) || ok && first != want[0] {
		s.t.Fatalf("first of %d: %v, %v with %+v", len(want), first, ok, q)
	}
	q.Offset, q.Limit = s.r.IntN(len(want)+2), s.r.IntN(len(want)+2)
	page := mustFind(s.t, s.b, q)
	from := min(q.Offset, len(want))
	if page.Total != len(want) || !slices.Equal(page.Messages, want[from:min(from+q.Limit, len(want))]) {
		s.t.Fatalf("found %d of %d, want %d with %+v", len(page.Messages), page.Total, len(want), q)
	}
	for range min(3, len(s.m)) {
		x := s.m[s.r.IntN(len(s.m))]
		if got, ok := s.b.Get(x.ID); ok != slices.Contains(s.visible(), x) || ok && got != x {
			s.t.Fatalf("by ID: %v, %v", got, ok)
		}
	}
	s.compareStats()
}

func (s *simulation) compareStats() {
	s.t.Helper()
	want := s.stats
	want.Messages = len(s.m)
	for _, x := range s.m {
		want.Bytes += x.cost
		if x.Read() != s.read[x] {
			s.t.Fatalf("read: %v, want %v", x.Read(), s.read[x])
		}
		if !x.Read() {
			want.Unread++
		}
	}
	if len(s.m) > 0 {
		want.Oldest = s.m[0].Arrived
	}
	if got := s.b.Stats(); fmt.Sprint(got) != fmt.Sprint(want) {
		s.t.Fatalf("stats %+v, want %+v", got, want)
	}
}

// compareHistory is whether a follower has read all in the order in which it happened.
func (s *simulation) compareHistory() {
	s.t.Helper()
	for s.follower.read(s.t, 100) {
	}
	f := &s.follower
	if want := withoutUnseen(s.happened, f.steps, "came"); f.lost > 0 || !slices.Equal(f.steps, want) {
		s.t.Fatalf("lost %d, read %d steps, want %d, or in another order", f.lost, len(f.steps), len(want))
	}
}
