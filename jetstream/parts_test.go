package jetstream

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	natsjs "github.com/nats-io/nats.go/jetstream"
)

func TestPartsAreJoined(t *testing.T) {
	start := time.UnixMilli(1_800_000_000_000)
	for name, test := range map[string]struct {
		messages []string // with a pause of eleven minutes at "-"
		want     string   // what the messages give, one after the other
	}{
		"one after the other": {[]string{"1/3 a", "2/3 a", "3/3 a"}, ". . 1/3 a2/3 a3/3 a"},
		"of two records":      {[]string{"1/2 a", "1/2 b", "2/2 b", "2/2 a"}, ". . 1/2 b2/2 b 1/2 a2/2 a"},
		"without the first":   {[]string{"2/2 a"}, "void"},
		"with a gap":          {[]string{"1/3 a", "3/3 a", "2/3 a"}, ". void void"},
		"begun twice":         {[]string{"1/2 a", "1/2 a", "2/2 a"}, ". void void"},
		"given up":            {[]string{"1/2 a", "-", "2/2 a"}, ". void"},
		"given up, and again": {[]string{"1/2 a", "-", "1/2 a", "2/2 a"}, ". . 1/2 a2/2 a"},
	} {
		t.Run(name, func(t *testing.T) {
			var u unfinished
			var got []string
			now := start
			for i, message := range test.messages {
				if message == "-" {
					now = now.Add(11 * time.Minute)
					continue
				}
				p, ok := parsePart(message)
				if !ok {
					t.Fatalf("%s is malformed", message)
				}
				record, positions, ok := u.add(p, []byte(message), uint64(i), now)
				switch {
				case !ok:
					got = append(got, "void")
				case record == nil:
					got = append(got, ".")
				default:
					got = append(got, string(record))
					if positions.last() != uint64(i) || len(positions) != p.count {
						t.Errorf("positions %d, want %d up to %d", positions, p.count, i)
					}
				}
			}
			if s := strings.Join(got, " "); s != test.want {
				t.Errorf("got %s, want %s", s, test.want)
			}
			if u.bytes != 0 || len(u.records) != 0 || len(u.order) != 0 || u.oldest() != 0 {
				t.Errorf("%d bytes of %d records are left", u.bytes, len(u.records))
			}
		})
	}
}

func TestUnfinishedRecordsAreBounded(t *testing.T) {
	var u unfinished
	for i := range maxUnfinishedRecords + 10 {
		u.add(part{fmt.Sprint(i), 1, 2}, []byte("x"), uint64(i+1), time.UnixMilli(0))
	}
	if len(u.records) != maxUnfinishedRecords || u.oldest() != 11 {
		t.Errorf("%d records from %d on, want %d from 11 on", len(u.records), u.oldest(), maxUnfinishedRecords)
	}
}

// TestWhatOthersRemovedBetweenPartsIsGone has a machine not read a deletion that came between
// the parts of a large mail, and that was removed from the stream.
func TestWhatOthersRemovedBetweenPartsIsGone(t *testing.T) {
	s := startServer(t, nil)
	p := startProxy(t, s.Addr().String())
	a, b := openStore(t, p.url()), openStore(t, s.ClientURL())
	deleted := mail("deleted@example.com", 100).Message
	if err := b.Append(t.Context(), deleted); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the other bucket has the mail", func() bool { return len(ids(t, a)) == 1 })
	p.cut(true)
	r := mail("large@example.com", 100)
	data, err := r.AppendTo(nil)
	if err != nil {
		t.Fatal(err)
	}
	js := administer(t, s.ClientURL())
	for i, piece := range split(data, len(data)/2+1) {
		if i == 1 {
			if _, err := b.Delete(t.Context(), deleted.ID); err != nil {
				t.Fatal(err)
			}
		}
		header := nats.Header{partHeader: {part{"large", i + 1, 2}.String()}}
		if _, err := js.PublishMsg(t.Context(), &nats.Msg{Subject: "mail.log", Data: piece, Header: header}); err != nil {
			t.Fatal(err)
		}
	}
	stream, err := js.Stream(t.Context(), "mail")
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the deletion is removed", func() bool {
		_, err := stream.GetMsg(t.Context(), 3)
		return errors.Is(err, natsjs.ErrMsgNotFound)
	})
	p.cut(false)
	eventually(t, "both hold the large mail alone", func() bool {
		of, want := ids(t, a), ids(t, b)
		return len(want) == 1 && slices.Equal(of, want)
	})
}

func FuzzPart(f *testing.F) {
	f.Add("1/2 a")
	f.Add("2/1 a")
	f.Add("1/99999999999999999999 a")
	f.Fuzz(func(t *testing.T, s string) {
		p, ok := parsePart(s)
		if !ok {
			return
		}
		if again, ok := parsePart(p.String()); !ok || again != p {
			t.Errorf("%q is %+v, and that is %+v", s, p, again)
		}
	})
}
