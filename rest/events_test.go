package rest

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/caddy-mailbucket/mailbucket/store"
)

// event is one of a stream, as a client sees it.
type event struct{ name, id, data string }

// eventStream is a client of /events.
type eventStream struct {
	t     *testing.T
	lines *bufio.Scanner
	last  string // event id
	close func()
}

func listenToEvents(t *testing.T, server, query, lastEventID string) *eventStream {
	t.Helper()
	request, err := http.NewRequest("GET", server+"/events"+query, nil)
	if err != nil {
		t.Fatal(err)
	}
	if lastEventID != "" {
		request.Header.Set("Last-Event-ID", lastEventID)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { response.Body.Close() })
	if response.StatusCode != http.StatusOK {
		t.Fatalf("/events%s after %q: %d", query, lastEventID, response.StatusCode)
	}
	lines := bufio.NewScanner(response.Body)
	lines.Buffer(nil, 1<<20)
	s := &eventStream{t: t, lines: lines, last: lastEventID, close: func() { response.Body.Close() }}
	// The first bytes come when the stream's place is known.
	if !lines.Scan() || lines.Text() != "retry: 1000" || !lines.Scan() {
		t.Fatalf("the stream begins with %q", lines.Text())
	}
	return s
}

// next is the next event.
func (s *eventStream) next() event {
	s.t.Helper()
	var e event
	for s.lines.Scan() {
		name, value, _ := strings.Cut(s.lines.Text(), ": ")
		switch name {
		case "event":
			e.name = value
		case "id":
			e.id = value
		case "data":
			e.data = value
		case "":
			if e != (event{}) {
				s.last = e.id
				return e
			}
		}
	}
	s.t.Fatalf("the stream has ended: %v", s.lines.Err())
	return event{}
}

// steps reads as many steps as there are in want or more: an event is a step for each of
// its ids.
func (s *eventStream) steps(n int) (steps []string) {
	s.t.Helper()
	for len(steps) < n {
		steps = append(steps, s.next().steps(s.t)...)
	}
	return steps
}

func (e event) steps(t *testing.T) (steps []string) {
	t.Helper()
	if e.name == "" {
		return []string{"came " + e.id}
	}
	var data struct {
		IDs  []string
		Read *bool
	}
	if err := json.Unmarshal([]byte(e.data), &data); err != nil || len(data.IDs) > changeBatch {
		t.Fatalf("%+v: %v", e, err)
	}
	name := e.name
	if name == "read" && !*data.Read {
		name = "unread"
	}
	for _, id := range data.IDs {
		steps = append(steps, name+" "+id)
	}
	return steps
}

func mustStore(t testing.TB, a *API, m *store.Message) *store.Message {
	t.Helper()
	if err := bucketOf(a).Append(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	return m
}

func TestEventsTellOfDeletionsAndMarks(t *testing.T) {
	first, second := mail("s@x", "r@x", "Subject: one\r\n\r\n"), mail("s@x", "q@x", "Subject: two\r\n\r\n")
	a := newTestAPI(t, first, second)
	server := serveAPI(t, a).URL
	all, filtered := listenToEvents(t, server, "", ""), listenToEvents(t, server, "?recipient=r@x&q=one", "")
	ids := func(messages ...*store.Message) string {
		var list []string
		for _, m := range messages {
			list = append(list, `"`+m.ID.String()+`"`)
		}
		return `{"ids":[` + strings.Join(list, ",") + `]`
	}
	both := []*eventStream{all, filtered}
	expect := func(streams []*eventStream, name, data string) {
		t.Helper()
		for _, s := range streams {
			if e := s.next(); e.name != name || !strings.HasPrefix(e.data, data) {
				t.Errorf("%+v, want %s %s", e, name, data)
			}
		}
	}
	bucketOf(a).Mark(t.Context(), []store.ID{second.ID, first.ID}, true)
	expect(both, "read", ids(second, first)+`,"read":true}`)
	bucketOf(a).Mark(t.Context(), []store.ID{first.ID}, false)
	expect(both, "read", ids(first)+`,"read":false}`)
	third := mustStore(t, a, mail("s@x", "q@x", "Subject: three\r\n\r\n"))
	expect(both[:1], "", `{"id":"`+third.ID.String())
	fourth := mustStore(t, a, mail("s@x", "r@x", "Subject: one\r\n\r\n"))
	expect(both, "", `{"id":"`+fourth.ID.String())
	if n, err := bucketOf(a).DeleteIDs(t.Context(), []store.ID{first.ID, third.ID}); err != nil || n != 2 {
		t.Errorf("%d deleted, %v", n, err)
	}
	expect(both, "deleted", ids(first, third)+"}")
	bucketOf(a).SetLimits(store.Limits{MaxMessages: 1})
	expect(both, "deleted", ids(second)+"}")
	fifth := mustStore(t, a, mail("s@x", "r@x", "Subject: one\r\n\r\n"))
	expect(both, "deleted", ids(fourth)+"}")
	expect(both, "", `{"id":"`+fifth.ID.String())
	want := []string{"read " + second.ID.String(), "read " + first.ID.String(), "unread " + first.ID.String(),
		"deleted " + first.ID.String(), "deleted " + third.ID.String(), "deleted " + second.ID.String(), "deleted " + fourth.ID.String(), "came " + fifth.ID.String()}
	comesAgain(t, server, listenToEvents(t, server, "", second.ID.String()), want)
	comesAgain(t, server, listenToEvents(t, server, "?after="+second.ID.String(), ""), want)
}

// comesAgain reads these steps from a stream, and from each event on the rest of them from
// another stream.
func comesAgain(t *testing.T, server string, s *eventStream, want []string) {
	t.Helper()
	var got []string
	for len(got) < len(want) {
		e := s.next()
		got = append(got, e.steps(t)...)
		if len(got) < len(want) {
			resumed := listenToEvents(t, server, "", e.id)
			if rest := resumed.steps(len(want) - len(got)); !slices.Equal(rest, want[len(got):]) {
				t.Errorf("from %s: %q, want %q", e.id, rest, want[len(got):])
			}
			resumed.close()
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestStreamsBeginOnlyAtPositions(t *testing.T) {
	a := newTestAPI(t, mail("s@x", "r@x", ""))
	for _, bad := range []string{"x", strings.Repeat("0", 32), strings.Repeat("1", 32) + "-", strings.Repeat("1", 32) + "-x"} {
		if response, body := do(t, a, "GET", "/events?after="+bad); response.StatusCode != http.StatusBadRequest || !strings.Contains(body, `"parameter":"after"`) {
			t.Errorf("%s: %d %s", bad, response.StatusCode, body)
		}
		if response, body := do(t, a, "GET", "/events", "Last-Event-ID", bad); response.StatusCode != http.StatusBadRequest || !strings.Contains(body, "Last-Event-ID") {
			t.Errorf("%s: %d %s", bad, response.StatusCode, body)
		}
	}
}

// TestClientsThatWereAwayTooLongAreReset follows from places that nobody can resume from
// exactly: of another process, and before what is remembered.
func TestClientsThatWereAwayTooLongAreReset(t *testing.T) {
	first, second := mail("s@x", "r@x", ""), mail("s@x", "r@x", "")
	a := newTestAPI(t, first, second)
	server := serveAPI(t, a).URL
	for i := range 40_000 {
		bucketOf(a).Mark(t.Context(), []store.ID{first.ID}, i%2 == 0)
	}
	for name, test := range map[string]struct {
		from string
		then *store.Message // what comes after the reset
	}{
		"an arrival":       {first.ID.String(), second},
		"a change":         {first.ID.String() + "-1", second},
		"of a later time":  {strings.Repeat("f", 32), nil},
		"of an older time": {strings.Repeat("0", 19) + "7" + strings.Repeat("1", 12), first},
		"changes to come":  {second.ID.String() + "-18446744073709551615", nil},
	} {
		s := listenToEvents(t, server, "?recipient=r@x", test.from)
		if e := s.next(); e.name != "reset" || e.data != "{}" {
			t.Errorf("%s: %+v", name, e)
		}
		reset := s.last
		if test.then != nil {
			if e := s.next(); e.id != test.then.ID.String() {
				t.Errorf("%s: then %+v", name, e)
			}
		}
		resumed := listenToEvents(t, server, "", reset)
		defer resumed.close()
		if test.then != nil {
			if e := resumed.next(); e.id != test.then.ID.String() {
				t.Errorf("%s: after the reset %+v", name, e)
			}
		}
		s.close()
	}
	s := listenToEvents(t, server, "", strings.Repeat("f", 32))
	s.next()
	third := mustStore(t, a, mail("s@x", "r@x", ""))
	if e := s.next(); e.id != third.ID.String() {
		t.Errorf("an arrival after a reset: %+v", e)
	}
}

// TestManyDeleteAndWatch has clients store, mark and delete while others watch, of which one
// reconnects again and again. All see the same changes in the same order, each once.
func TestManyDeleteAndWatch(t *testing.T) {
	const writers, rounds = 2, 1500
	a := newAPIOf(t, store.New(store.Limits{MaxMessages: 300}))
	server := serveAPI(t, a).URL
	const end = "0123456789abcdef0123456789abcdef@x"
	watchers := []*eventStream{listenToEvents(t, server, "", ""), listenToEvents(t, server, "", bucketOf(a).Now().String())}
	seen := make([][]string, len(watchers))
	var watching, writing sync.WaitGroup
	for i, s := range watchers {
		watching.Go(func() {
			for {
				e := s.next()
				seen[i] = append(seen[i], e.steps(t)...)
				if e.name == "" && strings.Contains(e.data, end) {
					return
				}
				if i == 1 && len(seen[i])%50 == 0 {
					s.close()
					s = listenToEvents(t, server, "", s.last)
				}
			}
		})
	}
	for i := range writers {
		writing.Go(func() {
			r := rand.New(rand.NewPCG(uint64(i), 3))
			for range rounds {
				m := mail("s@x", "r@x", "Subject: x\r\n\r\n")
				if err := bucketOf(a).Append(t.Context(), m); err != nil {
					t.Error(err)
				}
				switch r.IntN(4) {
				case 0:
					bucketOf(a).Delete(t.Context(), m.ID)
				case 1:
					bucketOf(a).Mark(t.Context(), []store.ID{m.ID}, true)
				}
			}
		})
	}
	writing.Wait()
	mustStore(t, a, mail("s@x", end, ""))
	watching.Wait()
	for i, steps := range seen {
		if twice := slices.Compact(slices.Sorted(slices.Values(steps))); len(twice) != len(steps) {
			t.Errorf("watcher %d was told %d things, of which %d are different", i, len(steps), len(twice))
		}
		seen[i] = slices.DeleteFunc(steps, func(step string) bool { return strings.HasPrefix(step, "came ") })
	}
	if !slices.Equal(seen[0], seen[1]) {
		t.Errorf("the watchers saw %d and %d changes, or different ones", len(seen[0]), len(seen[1]))
	}
	if got, want := fmt.Sprint(len(seen[0]) > writers*rounds-300), "true"; got != want {
		t.Errorf("%d changes", len(seen[0]))
	}
}
