package smtp

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// testBudget has room for so many large mails of 4 MiB, and waits for nothing long.
func testBudget(mails int64) *Budget {
	b := newBudget(mails * (4<<20 + 2*blockSize))
	b.wait, b.stall = time.Millisecond, time.Millisecond
	return b
}

// checkFree wants all of the budget to be free.
func checkFree(t *testing.T, b *Budget) {
	t.Helper()
	eventually(t, func() bool {
		b.mu.Lock()
		defer b.mu.Unlock()
		for i := range b.tiers {
			if tier := &b.tiers[i]; tier.free != tier.size || len(tier.waiting) > 0 {
				return false
			}
		}
		return true
	})
}

func TestReservations(t *testing.T) {
	const mib = 1 << 20
	ctx := context.Background()
	b := newBudget(10 * mib)
	b.wait = time.Millisecond
	first, second := reservation{budget: b}, reservation{budget: b}
	for _, step := range []struct {
		r           *reservation
		bytes, most int64
		want        bool
		has         int64 // afterwards
	}{
		{&first, 300 << 10, 6 * mib, true, smallMail},
		{&first, 400 << 10, 6 * mib, true, smallMail},
		{&first, 1 * mib, 6 * mib, true, middleMail},
		{&first, 3 * mib, 6 * mib, true, 6 * mib},
		{&second, 3 * mib, 5 * mib, false, 0},
		{&second, 3 * mib, 4 * mib, true, 4 * mib},
		{&second, 5 * mib, 5 * mib, false, 4 * mib}, // more than it was to become
		{&first, 6 * mib, 6 * mib, true, 6 * mib},
	} {
		if ok := step.r.need(ctx, step.bytes, step.most); ok != step.want || step.r.bytes != step.has {
			t.Fatalf("%d bytes of at most %d: %v, and has %d", step.bytes, step.most, ok, step.r.bytes)
		}
	}
	first.release()
	if !second.need(ctx, 5*mib, 5*mib) || second.bytes != 5*mib {
		t.Errorf("has %d", second.bytes)
	}
	second.release()
	// What is larger than the budget takes all of it.
	if !first.need(ctx, 3*mib, 50*mib) || !first.need(ctx, 30*mib, 50*mib) || second.need(ctx, 3*mib, 3*mib) {
		t.Errorf("they have %d and %d", first.bytes, second.bytes)
	}
	first.release()
	first.release()
	checkFree(t, b)
}

func TestReservationsWaitForTheirTurn(t *testing.T) {
	b := newBudget(10)
	b.tiers[0].most, b.tiers[1].most = 0, 0 // one part
	b.tiers[0].free, b.tiers[0].size = 10, 10
	holder := reservation{budget: b}
	holder.need(context.Background(), 10, 10)
	var order []int
	var wg sync.WaitGroup
	ctx, cancel := context.WithCancel(context.Background())
	for i := range 5 {
		wg.Go(func() {
			r := reservation{budget: b}
			switch ok := r.need(map[bool]context.Context{true: ctx, false: context.Background()}[i == 2], 10, 10); {
			case ok == (i == 2):
				t.Errorf("waiter %d: %v", i, ok)
			case ok:
				order = append(order, i) // who has all has no other beside it
				r.release()
			}
		})
		eventually(t, func() bool { b.mu.Lock(); defer b.mu.Unlock(); return len(b.tiers[0].waiting) == i+1 })
	}
	if !holder.contended() {
		t.Error("nobody waits for what there is")
	}
	cancel()
	eventually(t, func() bool { b.mu.Lock(); defer b.mu.Unlock(); return len(b.tiers[0].waiting) == 4 })
	holder.release()
	wg.Wait()
	if fmt.Sprint(order) != "[0 1 3 4]" {
		t.Errorf("order %v", order)
	}
	checkFree(t, b)
}

// TestWhoGivesUpHoldsUpNobody has one wait for much, and behind it one for little.
func TestWhoGivesUpHoldsUpNobody(t *testing.T) {
	const mib = 1 << 20
	b := newBudget(10 * mib)
	b.wait = time.Hour
	holder, last := reservation{budget: b}, reservation{budget: b}
	holder.need(context.Background(), 6*mib, 6*mib)
	ctx, cancel := context.WithCancel(context.Background())
	waiting := func(n int) func() bool {
		return func() bool { b.mu.Lock(); defer b.mu.Unlock(); return len(b.tiers[2].waiting) == n }
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		if r := (reservation{budget: b}); r.need(ctx, 8*mib, 8*mib) {
			t.Error("was given what is not there")
		}
	})
	eventually(t, waiting(1))
	wg.Go(func() {
		if !last.need(context.Background(), 4*mib, 4*mib) {
			t.Error("was not given what is there")
		}
	})
	eventually(t, waiting(2))
	cancel()
	wg.Wait()
	holder.release()
	last.release()
	checkFree(t, b)
}

// TestReservationsNeverLockEachOtherOut has many that grow and wait at once.
func TestReservationsNeverLockEachOtherOut(t *testing.T) {
	b := newBudget(8 << 20)
	b.wait = time.Minute
	b.tiers[0].free, b.tiers[0].size = 3*smallMail, 3*smallMail
	b.tiers[1].free, b.tiers[1].size = 2*middleMail, 2*middleMail
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			for range 50 {
				r := reservation{budget: b}
				most := rand.Int64N(6 << 20)
				for bytes := int64(1); bytes < most; bytes += rand.Int64N(1 << 20) {
					if !r.need(context.Background(), bytes, most) {
						t.Errorf("%d of %d bytes were not given", bytes, most)
					}
				}
				r.release()
			}
		})
	}
	wg.Wait()
	checkFree(t, b)
}

// upload begins a mail of so many bytes, all of which it sends but the end.
func upload(t *testing.T, srv *Server, size int, declared, chunked bool) net.Conn {
	t.Helper()
	conn := connect(t, srv)
	parameter := ""
	if declared {
		parameter = fmt.Sprintf(" SIZE=%d", size)
	}
	command := "DATA\r\n"
	if chunked {
		command = fmt.Sprintf("BDAT %d LAST\r\n", size+1)
	}
	io.WriteString(conn, "EHLO x\r\nMAIL FROM:<a@x>"+parameter+"\r\nRCPT TO:<b@x>\r\n"+command)
	line := strings.Repeat("x", 998) + "\r\n"
	go func() {
		for range size / len(line) {
			if _, err := io.WriteString(conn, line); err != nil {
				return
			}
		}
	}()
	return conn
}

// TestAbandonedUploadsAreBounded has forty clients send all of a large mail but its end.
func TestAbandonedUploadsAreBounded(t *testing.T) {
	const size = 4 << 20
	srv, box := newTestServer()
	srv.MaxMessageSize = size
	srv.Budget = testBudget(3)
	srv.Budget.stall = time.Hour
	var conns []net.Conn
	for i := range 40 {
		conns = append(conns, upload(t, srv, size, i%2 == 0, i%4 > 1))
	}
	taken := func() (large, other int64) {
		srv.Budget.mu.Lock()
		defer srv.Budget.mu.Unlock()
		tiers := &srv.Budget.tiers
		return tiers[2].size - tiers[2].free, tiers[0].size - tiers[0].free + tiers[1].size - tiers[1].free
	}
	// In the end only those that are taken whole have a part of the budget.
	eventually(t, func() bool { large, other := taken(); return large > 2*size && other == 0 })
	for _, conn := range conns {
		conn.Close()
	}
	checkFree(t, srv.Budget)
	eventually(t, func() bool { return srv.Sessions.Len() == 0 })
	blocks.mu.Lock()
	defer blocks.mu.Unlock()
	if n := len(blocks.kept); n > keptBlocks || blocks.used != 0 {
		t.Errorf("%d blocks are kept, and %d are in use", n, blocks.used)
	}
	if n := len(box.all()); n != 0 {
		t.Errorf("%d mails are stored", n)
	}
}

// TestMailForWhichThereIsNoRoomIsRefusedForNow sends one while others have all the room.
func TestMailForWhichThereIsNoRoomIsRefusedForNow(t *testing.T) {
	const size = 4 << 20
	body := "\r\n" + strings.Repeat(strings.Repeat("x", 998)+"\r\n", size/1000-1)
	for _, chunked := range []bool{false, true} {
		srv, box := newTestServer()
		srv.MaxMessageSize = size
		srv.Budget = testBudget(1)
		srv.Budget.stall = time.Hour
		hog := upload(t, srv, size, true, false)
		eventually(t, func() bool {
			srv.Budget.mu.Lock()
			defer srv.Budget.mu.Unlock()
			return srv.Budget.tiers[2].free == 0
		})
		data := "DATA\r\n" + body + ".\r\n"
		if chunked {
			data = fmt.Sprintf("BDAT %d\r\n%sBDAT 0 LAST\r\n", len(body), body)
		}
		conn := connect(t, srv)
		reader := bufio.NewReader(conn)
		io.WriteString(conn, envelope+data)
		for _, want := range []string{"220", "250", "250", "250"} {
			expect(t, reader, want)
		}
		if !chunked {
			expect(t, reader, "354")
		}
		expect(t, reader, "452 Too much mail is under way, try again later")
		if chunked {
			expect(t, reader, "503") // BDAT after a mail that was refused
		}
		// A small one is taken all the while, and the large one once there is room.
		io.WriteString(conn, "MAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\nDATA\r\n"+body[:100_000]+"\r\n.\r\n")
		for _, want := range []string{"250", "250", "354", "250 Message accepted"} {
			expect(t, reader, want)
		}
		hog.Close()
		checkFree(t, srv.Budget)
		io.WriteString(conn, "MAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\nDATA\r\n"+body+".\r\nQUIT\r\n")
		for _, want := range []string{"250", "250", "354", "250 Message accepted", "221"} {
			expect(t, reader, want)
		}
		if got := box.all(); len(got) != 2 || got[1].Data != body || box.refused != 1 {
			t.Errorf("%d mails are stored, %d refused", len(got), box.refused)
		}
		checkFree(t, srv.Budget)
	}
}

// TestStalledMailGivesWay has a client stop in the middle of a mail, and another wait for
// the memory of that.
func TestStalledMailGivesWay(t *testing.T) {
	const size = 4 << 20
	srv, box := newTestServer()
	srv.MaxMessageSize = size
	srv.Budget = testBudget(1)
	srv.Budget.wait = time.Minute
	hog := upload(t, srv, size, false, false)
	eventually(t, func() bool {
		srv.Budget.mu.Lock()
		defer srv.Budget.mu.Unlock()
		return srv.Budget.tiers[2].free == 0
	})
	body := "\r\n" + strings.Repeat(strings.Repeat("x", 998)+"\r\n", size/1000-1)
	if said := converse(t, srv, envelope+"DATA\r\n"+body+".\r\nQUIT\r\n"); !strings.HasSuffix(said, "250 Message accepted\r\n221 Bye\r\n") {
		t.Errorf("the server said %q", said)
	}
	said, _ := io.ReadAll(hog)
	if !strings.HasSuffix(string(said), "\r\n421 4.3.1 Data stopped while other mails wait for memory, closing connection\r\n") {
		t.Errorf("to the client that stopped: %q", said)
	}
	if n := len(box.all()); n != 1 {
		t.Errorf("%d mails are stored", n)
	}
	checkFree(t, srv.Budget)
}

func TestWaitingForMemoryEndsWithAShutdown(t *testing.T) {
	srv, _ := newTestServer()
	srv.MaxMessageSize = 4 << 20
	srv.Budget = testBudget(1)
	srv.Budget.wait, srv.Budget.stall = time.Hour, time.Hour
	for range 2 {
		upload(t, srv, 4<<20, false, false)
	}
	eventually(t, func() bool {
		srv.Budget.mu.Lock()
		defer srv.Budget.mu.Unlock()
		return len(srv.Budget.tiers[2].waiting) == 1
	})
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_ = srv.Sessions.Shutdown(ctx)
	if n := srv.Sessions.Len(); n != 0 {
		t.Errorf("%d sessions are left", n)
	}
	checkFree(t, srv.Budget)
}

func TestNoMoreIsOfferedThanTheReceiverCanKeep(t *testing.T) {
	for _, test := range []struct{ capacity, want int64 }{{0, 2000}, {1000, 1000}, {3000, 2000}} {
		srv, box := newTestServer()
		srv.MaxMessageSize = 2000
		srv.Capacity = func() int64 { return test.capacity }
		script := fmt.Sprintf("EHLO x\r\nMAIL FROM:<a@x> SIZE=%d\r\nMAIL FROM:<a@x> SIZE=%d\r\nRCPT TO:<b@x>\r\nDATA\r\n%s\r\n.\r\n", test.want+1, test.want, strings.Repeat("x", int(test.want)))
		said := converse(t, srv, script+"QUIT\r\n")
		tooLarge := fmt.Sprintf("552 5.3.4 Message too large, the limit is %d octets\r\n", test.want)
		if !strings.Contains(said, fmt.Sprintf("\r\n250-SIZE %d\r\n", test.want)) || strings.Count(said, tooLarge) != 2 || len(box.all()) != 0 {
			t.Errorf("capacity %d: the server said %q", test.capacity, said)
		}
	}
}
