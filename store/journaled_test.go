package store

import (
	"context"
	"slices"
	"testing"
)

// fedJournal has the test feed a bucket, and notes what need not be kept.
type fedJournal struct {
	feed  func(Entry)
	trims []Trim
}

func (j *fedJournal) Open(_ context.Context, feed func(Entry)) error {
	j.feed = feed
	return nil
}

func (*fedJournal) Write(context.Context, *Record) error { return ErrJournalAway }
func (j *fedJournal) Trim(t Trim)                        { j.trims = append(j.trims, t) }
func (*fedJournal) State() JournalState                  { return JournalState{} }
func (*fedJournal) Close() error                         { return nil }

func TestMessagesBeforeTheBeginningOfTheLogAreGone(t *testing.T) {
	j := new(fedJournal)
	b, err := Open(t.Context(), Limits{}, j, nil)
	if err != nil {
		t.Fatal(err)
	}
	const earlier, log = 1_700_000_000_000, 1_800_000_000_000
	came := func(log int64, position uint64, sender string) {
		j.feed(Entry{Log: log, Position: position, Time: log, Record: Record{
			Kind: MessageCame, ID: ID{byte(position)}, Message: &Message{Sender: sender},
		}})
	}
	came(earlier, 7, "of an earlier log")
	for position := range uint64(5) {
		came(log, position+1, "of this log")
	}
	j.feed(Entry{Log: log, Position: 4, Record: Record{Kind: LogBegins}})
	came(log, 6, "of this log")
	page, err := b.Find(t.Context(), Query{Ascending: true, Limit: 10})
	if err != nil {
		t.Fatal(err)
	}
	var held []uint64
	for _, m := range page.Messages {
		held = append(held, m.ID.logPosition(log))
	}
	if want := []uint64{0, 4, 5, 6}; len(held) != len(want) || held[0] != 0 || held[1] != 4 || held[2] != 5 || held[3] != 6 {
		t.Errorf("positions %d are held, want %d, the first of an earlier log", held, want)
	}
	if n := b.Stats().Evicted; n != 3 {
		t.Errorf("%d evicted, want 3", n)
	}
}

func TestAMessageOnItsWayIntoTheBucketIsNotTrimmed(t *testing.T) {
	j := new(fedJournal)
	b, err := Open(t.Context(), Limits{}, j, nil)
	if err != nil {
		t.Fatal(err)
	}
	entry := func(position uint64) Entry {
		return Entry{Log: 1_700_000_000_000, Position: position, Time: 1_700_000_000_000, Record: Record{Kind: MessageCame, Message: new(Message)}}
	}
	j.feed(entry(1))
	b.SetLimits(Limits{MaxAge: 1})
	for !b.keepLimits() {
	}
	next := entry(2)
	b.isNext(&next) // as feed does before it adds the message
	b.trimLog()     // as the timer does for what expires, and a reload
	if last := j.trims[len(j.trims)-1]; last.Before != 2 {
		t.Errorf("while the message at 2 is on its way, nothing before %d is needed, want 2", last.Before)
	}
}

func TestRecordsThatSayNothingAnyMoreAreObsolete(t *testing.T) {
	j := new(fedJournal)
	b, err := Open(t.Context(), Limits{}, j, nil)
	if err != nil {
		t.Fatal(err)
	}
	const log = 1_800_000_000_000
	position := uint64(0)
	feed := func(r Record) ID {
		position++
		e := Entry{Log: log, Position: position, Time: log, Record: r}
		j.feed(e)
		return e.id(r.ID)
	}
	one, two := feed(Record{Kind: MessageCame, Message: new(Message)}), feed(Record{Kind: MessageCame, Message: new(Message)})
	both := []ID{one, two}
	tags := func(ids ...ID) { feed(Record{Kind: TagsSet, IDs: ids, Tags: []string{"tag"}}) }
	for _, step := range []struct {
		do   func()
		want []uint64
	}{
		{func() { tags(both...) }, nil},
		{func() { tags(two) }, nil},
		{func() { tags(one) }, []uint64{3}},
		{func() { tags(ID{1}) }, []uint64{6}}, // of no message
		{func() { feed(Record{Kind: FaultsSet}) }, nil},
		{func() { feed(Record{Kind: FaultsSet}) }, []uint64{7}},
		{func() { feed(Record{Kind: MessagesMarked, IDs: both, Read: true}) }, nil},
		{func() { feed(Record{Kind: MessagesMarked, IDs: both, Read: true}) }, []uint64{10}},
		{func() { feed(Record{Kind: MessagesRemoved, IDs: []ID{two}}) }, []uint64{4, 11}},
	} {
		from := len(j.trims)
		step.do()
		var got []uint64
		for _, trim := range j.trims[from:] {
			got = append(got, trim.Obsolete...)
		}
		if !slices.Equal(got, step.want) {
			t.Errorf("record %d makes those at %d obsolete, want %d", position, got, step.want)
		}
	}
	if tags, given := b.Tags(one); !given || !slices.Equal(tags, []string{"tag"}) {
		t.Errorf("the tags are %q", tags)
	}
}
