package search

import (
	"strings"
	"testing"

	"github.com/caddy-mailbucket/mailbucket/store"
)

func TestEmailIsParsedOnceForAllConditions(t *testing.T) {
	b := store.New(store.Limits{})
	m := deliver(t, b, "X-A: one\r\nX-B: two\r\nX-C: three\r\n\r\n"+strings.Repeat("a line\r\n", 100))
	allocations := func(names ...string) float64 {
		var f Filters
		for _, name := range names {
			if known, err := f.Add("header:"+name, ""); !known || err != nil {
				t.Fatal(known, err)
			}
		}
		var q store.Query
		f.Narrow(&q)
		return testing.AllocsPerRun(100, func() {
			if !q.Match(b, m) {
				t.Fatal("no match")
			}
		})
	}
	if one, three := allocations("X-A"), allocations("X-A", "X-B", "X-C"); three > one+20 {
		t.Errorf("%v allocations for three conditions, %v for one", three, one)
	}
}
