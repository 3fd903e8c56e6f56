package store

import (
	"context"
	"testing"
)

// fedJournal has the test feed a bucket.
type fedJournal struct{ feed func(Entry) }

func (j *fedJournal) Open(_ context.Context, feed func(Entry)) error {
	j.feed = feed
	return nil
}

func (*fedJournal) Write(context.Context, *Record) error { return ErrJournalAway }
func (*fedJournal) Trim(Trim)                            {}
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
