package smtp

import (
	"bufio"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"
)

func TestShutdownEndsIdleSessionsAndLetsTransactionsFinish(t *testing.T) {
	srv, box := newTestServer()
	idle, busy := connect(t, srv), connect(t, srv)
	fromIdle, fromBusy := bufio.NewReader(idle), bufio.NewReader(busy)
	expect(t, fromIdle, "220")
	expect(t, fromBusy, "220")
	io.WriteString(busy, envelope)
	for range 3 {
		expect(t, fromBusy, "250")
	}
	done := make(chan error)
	go func() { done <- srv.Sessions.Shutdown(limited(t)) }()
	expect(t, fromIdle, "421 Shutting down")
	late := connect(t, srv)
	expect(t, bufio.NewReader(late), "421 Shutting down")
	io.WriteString(busy, "DATA\r\nlast\r\n.\r\n")
	expect(t, fromBusy, "354")
	expect(t, fromBusy, "250 Message accepted")
	expect(t, fromBusy, "421 Shutting down")
	if err := <-done; err != nil {
		t.Error(err)
	}
	if n := len(box.all()); n != 1 {
		t.Errorf("%d messages stored, want 1", n)
	}
}

func TestShutdownCutsOffTransactionsAfterTheGrace(t *testing.T) {
	srv, box := newTestServer()
	conn := connect(t, srv)
	reader := bufio.NewReader(conn)
	io.WriteString(conn, envelope+"DATA\r\nhalf a mail")
	for _, want := range []string{"220", "250", "250", "250", "354"} {
		expect(t, reader, want)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	if err := srv.Sessions.Shutdown(ctx); err == nil {
		t.Error("no error, although a transaction was cut off")
	}
	expect(t, reader, "421 Shutting down")
	if n := len(box.all()); n != 0 {
		t.Errorf("%d messages stored, want none", n)
	}
}

func TestShutdownInterruptsADelay(t *testing.T) {
	srv, _ := newTestServer()
	srv.Faults = new(Faults)
	if err := srv.Faults.Set([]Fault{{Step: "helo", Delay: Duration(MaxFaultDelay)}, {Step: "connect", Delay: Duration(time.Microsecond)}}); err != nil {
		t.Fatal(err)
	}
	conn := connect(t, srv)
	reader := bufio.NewReader(conn)
	expect(t, reader, "220")
	io.WriteString(conn, "HELO x\r\n")
	if err := srv.Sessions.Shutdown(limited(t)); err != nil {
		t.Error(err)
	}
}

// TestShutdownEndsWhatWaitsInsideASession has a login and a receiver wait for
// something that does not come.
func TestShutdownEndsWhatWaitsInsideASession(t *testing.T) {
	waits := make(chan struct{}, 1)
	srv, _ := newTestServer()
	srv.CheckLogin = func(ctx context.Context, _, _ string) bool {
		waits <- struct{}{}
		<-ctx.Done()
		return false
	}
	srv.Receiver = receiverFunc(func(ctx context.Context, _ *Message) error {
		waits <- struct{}{}
		<-ctx.Done()
		return ctx.Err()
	})
	login, mail := connect(t, srv), connect(t, srv)
	io.WriteString(login, "EHLO x\r\nAUTH PLAIN AGEAYQ==\r\n")
	<-waits
	io.WriteString(mail, envelope+"DATA\r\nx\r\n.\r\n")
	<-waits
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- srv.Sessions.Shutdown(ctx) }()
	said, _ := io.ReadAll(login)
	if !strings.HasSuffix(string(said), "OAUTHBEARER\r\n421 4.3.2 Shutting down, closing connection\r\n") {
		t.Errorf("to a client that logs in: %q", said)
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	said, _ = io.ReadAll(mail)
	if !strings.HasSuffix(string(said), "\r\n451 Message not stored, internal error\r\n421 Shutting down, closing connection\r\n") {
		t.Errorf("to a client that sends: %q", said)
	}
}

func TestShutdownDoesNotWaitForWhatIgnoresItsContext(t *testing.T) {
	waits, goOn := make(chan struct{}), make(chan struct{})
	srv, _ := newTestServer()
	srv.Receiver = receiverFunc(func(context.Context, *Message) error {
		close(waits)
		<-goOn
		return nil
	})
	conn := connect(t, srv)
	io.WriteString(conn, envelope+"DATA\r\nx\r\n.\r\n")
	<-waits
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	err := srv.Sessions.Shutdown(ctx)
	close(goOn)
	if err == nil || !strings.Contains(err.Error(), "1 sessions are still busy") {
		t.Errorf("error %v", err)
	}
}

type receiverFunc func(ctx context.Context, m *Message) error

func (f receiverFunc) Receive(ctx context.Context, m *Message) error { return f(ctx, m) }
func (f receiverFunc) Refused()                                      {}

// TestNoTransactionBeginsDuringAShutdown has MAIL wait while the shutdown begins.
func TestNoTransactionBeginsDuringAShutdown(t *testing.T) {
	srv, box := newTestServer()
	srv.Faults = new(Faults)
	if err := srv.Faults.Set([]Fault{{Step: "mail", Delay: Duration(MaxFaultDelay)}}); err != nil {
		t.Fatal(err)
	}
	conn := connect(t, srv)
	reader := bufio.NewReader(conn)
	io.WriteString(conn, envelope+"DATA\r\nx\r\n.\r\n")
	expect(t, reader, "220")
	expect(t, reader, "250")
	if err := srv.Sessions.Shutdown(context.Background()); err != nil {
		t.Error(err)
	}
	if said, _ := io.ReadAll(reader); string(said) != "421 Shutting down, closing connection\r\n" || len(box.all()) > 0 {
		t.Errorf("the server said %q and stored %d mails", said, len(box.all()))
	}
}
