package bench

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/caddy-mailbucket/mailbucket/store"
)

// TestMemoryOfSmallMails bounds what holding a mail of 1 KB costs, with its envelope,
// its transcript and its places in the indexes, when it came by SMTP.
func TestMemoryOfSmallMails(t *testing.T) {
	const sessions, most = 20, 1.45
	mails := 100_000
	if testing.Short() {
		mails = 10_000
	}
	raw := mail(1 << 10)
	bucket := store.New(store.Limits{})
	before := heapInUse()
	for i := range sessions {
		c := converse(t, "loopback", bucket)
		for n := i; n < mails; n += sessions {
			c.write(fmt.Appendf(nil, "MAIL FROM:<app@example.com>\r\nRCPT TO:<user%d@example.com>\r\nDATA\r\n", n%(mails/10)))
			c.expect("250", "250", "354")
			c.write([]byte(raw + ".\r\n"))
			c.expect("250")
		}
		c.quit()
	}
	held, told := heapInUse()-before, bucket.Stats().Bytes
	if n := bucket.Stats().Messages; n != mails {
		t.Fatalf("%d of %d mails are held", n, mails)
	}
	each, times := held/int64(mails), float64(held)/float64(len(raw)*mails)
	t.Logf("%d bytes each, %.2f times the raw mail's %d; the bucket says %d", each, times, len(raw), told/int64(mails))
	if times > most {
		t.Errorf("a mail of %d bytes takes %d, which is %.2f times as many", len(raw), each, times)
	}
	runtime.KeepAlive(bucket)
}

func heapInUse() int64 {
	runtime.GC()
	runtime.GC() // what the first one found gone may be freed by the second
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}
