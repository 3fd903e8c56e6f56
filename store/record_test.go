package store

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
)

// records are one of each kind, and messages with and without what not all have.
func records() map[string]Record {
	id := func(n byte) ID { return ID{15: n} }
	return map[string]Record{
		"an empty message": {Kind: MessageCame, ID: id(1), Message: new(Message)},
		"a message": {Kind: MessageCame, ID: id(2), Message: &Message{
			Sender: "a@example.com", MailParameters: "SIZE=9", Recipients: []string{"b@example.com", "c"},
			Raw: "Subject: x\r\n\r\n\x00\xff", Exchange: NewTranscript([]byte("C: DATA\nS: 354 Go on\n")),
			Session: &Session{
				Client: "1", Hello: "2", Extended: true, TLSVersion: "3", TLSCipher: "4", TLSServerName: "5",
				TLSClientSubject: "6", AuthMechanism: "7", AuthIdentity: "8", Preamble: "9",
			},
			Extras:       &Extras{RecipientParameters: []string{"", "NOTIFY=NEVER"}, Problems: []string{"bare CR"}},
			HeaderFields: HeaderFields{Subject: "x", From: "y", To: "z"},
		}},
		"one not by SMTP": {Kind: MessageCame, ID: id(3), Message: &Message{Raw: strings.Repeat("x", 300), Session: &Session{}}},
		"removed":         {Kind: MessagesRemoved, ID: id(4), IDs: []ID{id(1), id(2)}},
		"marked":          {Kind: MessagesMarked, ID: id(5), IDs: []ID{id(3)}, Read: true},
		"unmarked":        {Kind: MessagesMarked, ID: id(6), IDs: []ID{id(3)}},
		"released": {Kind: MessageReleased, ID: id(8), IDs: []ID{id(3)}, Release: &Release{
			At: 1_700_000_000_000, By: "1", Sender: "2", To: []string{"3", "4"}, MessageID: "5", Reply: "6",
		}},
		"released to nobody": {Kind: MessageReleased, ID: id(9), IDs: []ID{id(3)}, Release: new(Release)},
		"tags":               {Kind: TagsSet, ID: id(10), IDs: []ID{id(1), id(2)}, Tags: []string{"one", "two words"}},
		"no tags":            {Kind: TagsSet, ID: id(11), IDs: []ID{id(1)}},
		"faults":             {Kind: FaultsSet, ID: id(7), Faults: []byte(`{"faults":[]}`)},
	}
}

func TestRecordsAreReadAsTheyWereWritten(t *testing.T) {
	for name, r := range records() {
		b, err := r.AppendTo([]byte("before"))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got, err := ParseRecord(b[len("before"):])
		if err != nil || !reflect.DeepEqual(got, r) {
			t.Errorf("%s: read %+v, %v, want %+v", name, got, err, r)
		}
	}
}

func TestRecordsThatAreRefused(t *testing.T) {
	b, err := (&Record{Kind: MessagesMarked, IDs: []ID{{}}}).AppendTo(nil)
	if err != nil {
		t.Fatal(err)
	}
	changed := func(at int, to byte) []byte {
		c := bytes.Clone(b)
		c[at] = to
		return c
	}
	for name, test := range map[string]struct {
		b    []byte
		want string
	}{
		"of nothing":           {nil, "ends too early"},
		"of a later version":   {changed(0, 3), "version 3 cannot be read by this program, which knows version 2"},
		"of no version":        {changed(0, 0), "the kind 3 is none of version 0"},
		"that came later":      {changed(1, byte(TagsSet)), "the kind 6 is none of version 1"},
		"of an unknown kind":   {changed(1, 200), "the kind 200 is not known"},
		"with a strange mark":  {changed(18, 2), "neither 0 nor 1"},
		"with half an ID":      {b[:len(b)-1], "an ID ends too early"},
		"without a mark":       {b[:18], "neither 0 nor 1"},
		"with a strange flag":  {append(header(MessageCame), 0x80, 0, 0, 0, 0, 0, 0, 0), "a length is wrong"},
		"with a long text":     {append(header(MessageCame), 0, 9, 0, 0, 0, 0, 0, 0), "a length is wrong"},
		"with many recipients": {append(header(MessageCame), 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0x7f), "a length is wrong"},
		"with many tags":       {append(header(TagsSet), 0xff, 0x7f), "a length is wrong"},
		"with half a tag":      {append(header(TagsSet), 1, 2, 'x'), "a length is wrong"},
		"with tags of half":    {append(header(TagsSet), 0, 1), "an ID ends too early"},
	} {
		if r, err := ParseRecord(test.b); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("a record %s: %+v, %v, want %q", name, r, err, test.want)
		}
	}
	for _, r := range []Record{{}, {Kind: MessageCame}, {Kind: 99}, {Kind: MessageReleased, IDs: []ID{{}}}, {Kind: MessageReleased, Release: new(Release)}} {
		if b, err := r.AppendTo(nil); err == nil {
			t.Errorf("%+v was written as %q", r, b)
		}
	}
}

func header(kind RecordKind) []byte {
	return append([]byte{kind.version(), byte(kind)}, make([]byte, len(ID{}))...)
}

// FuzzParseRecord checks that what can be read is read again as the same.
func FuzzParseRecord(f *testing.F) {
	for _, r := range records() {
		b, err := r.AppendTo(nil)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := ParseRecord(b)
		if err != nil {
			return
		}
		again, err := r.AppendTo(nil)
		if err != nil {
			t.Fatal(err)
		}
		got, err := ParseRecord(again)
		if err != nil || !reflect.DeepEqual(got, r) {
			t.Fatalf("read %+v, %v, want %+v", got, err, r)
		}
	})
}
