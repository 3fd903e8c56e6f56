package search

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/caddy-mailbucket/mailbucket/message"
	"github.com/caddy-mailbucket/mailbucket/store"
)

// emptyBucket holds no messages, so that nothing is kept with them either.
var emptyBucket = store.New(store.Limits{})

func newMessage(raw string) *store.Message {
	return &store.Message{
		Sender: "a@b.test", Recipients: []string{"c@d"}, Raw: raw, HeaderFields: store.HeaderFields(message.ScanHeader(raw)),
	}
}

const encodedMail = "Subject: x\r\nContent-Transfer-Encoding: base64\r\n\r\nSGVsbG8gV29ybGQ=\r\n"

func find(t *testing.T, b *store.Bucket, query string) int {
	t.Helper()
	e, err := Parse(query)
	if err != nil {
		t.Fatal(err)
	}
	var q store.Query
	e.Narrow(&q)
	page, err := b.Find(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	return page.Total
}

func TestTextThatWasDecodedIsKeptWhereThereIsRoom(t *testing.T) {
	for name, test := range map[string]struct {
		raw        string
		full, kept bool
	}{
		"a plain text":             {"Subject: x\r\n\r\nHello World\r\n", false, false},
		"base64":                   {encodedMail, false, true},
		"HTML":                     {"Content-Type: text/html\r\n\r\n<b>Hel</b>lo World\r\n", false, true},
		"in a bucket that is full": {encodedMail, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			b := store.New(store.Limits{})
			m := deliver(t, b, test.raw)
			if test.full {
				b.SetLimits(store.Limits{MaxBytes: b.Stats().Bytes})
			}
			for range 2 {
				if n := find(t, b, "hello"); n != 1 {
					t.Errorf("%d found", n)
				}
				if n := find(t, b, "hello xyzzy"); n != 0 {
					t.Errorf("%d found", n)
				}
			}
			if kept := m.Derived(store.SearchText) != nil; kept != test.kept {
				t.Errorf("kept: %v", kept)
			}
		})
	}
}

func TestKeptTextsTakeNoMoreThanTheyCost(t *testing.T) {
	b := store.New(store.Limits{})
	const n = 3000
	for i := range n {
		deliver(t, b, fmt.Sprintf("Subject: %d\r\nContent-Type: text/html\r\n\r\n<style>a{}</style>%s", i, strings.Repeat(fmt.Sprintf("<p>W%dord", i), 1+i%100)))
	}
	before, told := heapInUse(), b.Stats().Bytes
	find(t, b, "xyzzy")
	used, counted := heapInUse()-before, b.Stats().Bytes-told
	if counted == 0 || used > counted || used < counted/3 {
		t.Errorf("%d texts are counted as %d bytes, and take %d", n, counted, used)
	}
	runtime.KeepAlive(b)
}
