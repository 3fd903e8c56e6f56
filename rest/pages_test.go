package rest

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/caddy-mailbucket/mailbucket/store"
)

// TestListsFollowTheBucket asks for the same lists after each change.
func TestListsFollowTheBucket(t *testing.T) {
	a := newTestAPI(t)
	lists := []string{"", "recipient=r@x", "q=word", "limit=1&page=2", "recipient=*@x&wait=1ms"}
	check := func(what string, totals ...int) {
		t.Helper()
		for i, list := range lists {
			for range 2 {
				if _, body := do(t, a, "GET", "/emails?"+list); !strings.Contains(body, fmt.Sprintf(`"totalResults":%d,`, totals[i])) {
					t.Errorf("after %s, %q: %s, want %d", what, list, body, totals[i])
				}
			}
		}
	}
	check("nothing", 0, 0, 0, 0, 0)
	first := mail("s@x", "r@x", "\r\nword")
	if err := bucketOf(a).Append(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	check("an arrival", 1, 1, 1, 1, 1)
	second := mail("s@x", "other@x", "\r\nx")
	if err := bucketOf(a).Append(t.Context(), second); err != nil {
		t.Fatal(err)
	}
	check("another", 2, 1, 1, 2, 2)
	bucketOf(a).Mark(t.Context(), []store.ID{first.ID}, true)
	if _, body := do(t, a, "GET", "/emails?recipient=r@x"); !strings.Contains(body, `"read":true`) {
		t.Errorf("after a mark: %s", body)
	}
	do(t, a, "DELETE", "/emails/"+first.ID.String())
	check("a deletion", 1, 0, 0, 1, 1)
	bucketOf(a).SetLimits(store.Limits{MaxAge: time.Millisecond})
	for held := true; held; _, held = bucketOf(a).Get(second.ID) {
		time.Sleep(time.Millisecond)
	}
	check("the end of their time", 0, 0, 0, 0, 0)
	for _, bad := range []string{"limit=0", "nonsense=1"} {
		if response, _ := do(t, a, "GET", "/emails?"+bad); response.StatusCode != 400 {
			t.Errorf("%s: %d", bad, response.StatusCode)
		}
	}
}

// TestListsNeverLagBehindArrivals lists over and over while emails come: each list has
// at least what had come before it was asked for.
func TestListsNeverLagBehindArrivals(t *testing.T) {
	a := newTestAPI(t)
	const n = 2000
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() {
		for range n {
			if err := bucketOf(a).Append(t.Context(), mail("s@x", "r@x", "x")); err != nil {
				t.Error(err)
			}
		}
	})
	for held := 0; held < n; {
		held = bucketOf(a).Stats().Messages
		_, body := do(t, a, "GET", "/emails?limit=1")
		_, total, _ := strings.Cut(body, `"totalResults":`)
		var listed int
		if _, err := fmt.Sscanf(total, "%d,", &listed); err != nil || listed < held {
			t.Fatalf("%d held, listed: %s", held, body)
		}
	}
}

func TestPagesAreBounded(t *testing.T) {
	var c pages
	for i := range 3 * maxPages {
		c.put(fmt.Sprint(i), moment{1, 1}, make([]byte, maxPageBytes/maxPages))
	}
	if c.bytes > maxPageBytes || len(c.byKey) > maxPages || len(c.byKey) != c.order.Len() || c.get(fmt.Sprint(3*maxPages-1), moment{1, 1}) == nil {
		t.Errorf("%d bytes, %d pages, %d in order", c.bytes, len(c.byKey), c.order.Len())
	}
	for i := range 3 * maxPages {
		c.put("the same", moment{uint64(i), 1}, []byte{byte(i)})
	}
	last := moment{3*maxPages - 1, 1}
	if got := c.get("the same", last); len(got) != 1 || c.get("the same", moment{1, 1}) != nil || c.get("the same", moment{0, 1}) != nil || c.get("the same", moment{last.version, 2}) != nil {
		t.Errorf("%v", got)
	}
	if c.put("large", moment{1, 1}, make([]byte, maxPageBytes)); c.get("large", moment{1, 1}) != nil {
		t.Error("a list that is larger than all that may be kept is kept")
	}
	for c.order.Len() > 0 {
		c.remove(c.order.Back())
	}
	if c.bytes != 0 {
		t.Errorf("%d bytes of nothing", c.bytes)
	}
}
