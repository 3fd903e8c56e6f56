package jetstream

import "github.com/caddy-mailbucket/mailbucket/store"

// State implements store.Journal.
func (j *Journal) State() store.JournalState {
	s := store.JournalState{
		Err:     j.health.away(troubleTime),
		Written: j.written.Load(),
		Failed:  j.errors.Load(),
	}
	if read, newest := j.position.Load(), j.newest.Load(); newest > read {
		s.Behind = newest - read
	}
	if info := j.stream.Load(); info != nil {
		s.Records, s.Bytes = info.State.Msgs, int64(info.State.Bytes)
	}
	return s
}
