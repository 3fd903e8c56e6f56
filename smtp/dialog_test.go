package smtp

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/caddy-mailbucket/mailbucket/pattern"
)

// patience is how long a test waits for what has to come. It ends what hangs, and
// measures nothing.
const patience = 5 * time.Minute

// limited is a context that ends what hangs.
func limited(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

// mailbox is a receiver that keeps what it gets.
type mailbox struct {
	mu       sync.Mutex
	messages []*Message
	refused  int
	err      error
}

func (b *mailbox) Receive(_ context.Context, m *Message) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err != nil {
		return b.err
	}
	if strings.Contains(m.Data, "panic in the receiver") {
		panic("as asked for by the message")
	}
	kept := *m
	kept.Exchange = slices.Clone(m.Exchange)
	b.messages = append(b.messages, &kept)
	return nil
}

func (b *mailbox) Refused() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.refused++
}

func (b *mailbox) all() []*Message {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]*Message(nil), b.messages...)
}

func newTestServer() (*Server, *mailbox) {
	box := new(mailbox)
	return &Server{
		Hostname: "mail.example.test",
		Receiver: box,
		Sessions: new(Sessions),
		Logger:   zap.NewNop(),
	}, box
}

// connect runs a session of srv on a TCP connection. Its end is waited for when
// the test ends.
func connect(t testing.TB, srv *Server) net.Conn {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	client, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	server, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		srv.Serve(server, nil)
		server.Close()
	}()
	t.Cleanup(func() {
		client.Close()
		select {
		case <-done:
		case <-time.After(patience):
			t.Error("the session goes on, although its client has gone")
		}
	})
	if err := client.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return client
}

// TestDialogs plays the conversations in testdata. In a dialog, a line
//
//	set NAME VALUE    changes a setting of the server
//	C: text           is sent with CRLF
//	c: "text"         is a Go string, sent as it is
//	S: text           has to come next from the server
//	reply code        has to be the code of the next reply, of any lines
//	no more           ends the client's side of the connection
//	trickle           sends bytes slowly until the server closes
//	closed            the server has to close the connection
//	stored: "data"    has to be the next message's data
//	from: a, to: b    have to be the last one's envelope
//	parameters: mail [rcpt...]
//	login: mechanism user
//	problem: text     has to be among its problems
//	stored nothing    there has to be no further message
//
// and a line that begins with # is a comment.
func TestDialogs(t *testing.T) {
	files, err := filepath.Glob("testdata/*.dialog")
	if err != nil || len(files) == 0 {
		t.Fatalf("no dialogs: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".dialog"), func(t *testing.T) {
			script, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			playDialog(t, string(script))
		})
	}
}

type dialog struct {
	srv    *Server
	box    *mailbox
	conn   net.Conn
	reader *bufio.Reader
	seen   int
	faults []Fault
}

func playDialog(t *testing.T, script string) {
	d := new(dialog)
	d.srv, d.box = newTestServer()
	for i, line := range strings.Split(script, "\n") {
		if line == "" || line[0] == '#' {
			continue
		}
		if err := d.step(t, line); err != nil {
			t.Fatalf("line %d: %s: %v", i+1, line, err)
		}
	}
}

func (d *dialog) step(t *testing.T, line string) error {
	word, rest, _ := strings.Cut(line, " ")
	if word == "set" {
		return d.set(rest)
	}
	if d.conn == nil {
		d.conn = connect(t, d.srv)
		d.reader = bufio.NewReader(d.conn)
	}
	switch word {
	case "C:":
		_, err := io.WriteString(d.conn, rest+"\r\n")
		return err
	case "c:":
		text, err := strconv.Unquote(rest)
		if err == nil {
			_, err = io.WriteString(d.conn, text)
		}
		return err
	case "S:":
		got, err := d.reader.ReadString('\n')
		if got = strings.TrimRight(got, "\r\n"); got != rest {
			return fmt.Errorf("the server said %q (%v)", got, err)
		}
		return nil
	case "reply":
		for {
			got, err := d.reader.ReadString('\n')
			if err != nil || got[:3] != rest {
				return fmt.Errorf("the server said %q (%v)", got, err)
			}
			if got[3] == ' ' {
				return nil
			}
		}
	case "no":
		return d.conn.(*net.TCPConn).CloseWrite()
	case "trickle":
		go func() {
			for {
				if _, err := io.WriteString(d.conn, "x"); err != nil {
					return
				}
				time.Sleep(time.Millisecond)
			}
		}()
		return nil
	case "closed":
		if got, err := d.reader.ReadString('\n'); err != io.EOF && !errors.Is(err, syscall.ECONNRESET) {
			return fmt.Errorf("the server said %q (%v)", got, err)
		}
		return nil
	}
	return d.check(word, rest)
}

func (d *dialog) set(setting string) error {
	name, value, _ := strings.Cut(setting, " ")
	n, err := strconv.Atoi(value)
	switch name {
	case "max_message_size":
		d.srv.MaxMessageSize = int64(n)
	case "max_recipients":
		d.srv.MaxRecipients = n
	case "max_header_size":
		d.srv.MaxHeaderSize = int64(n)
	case "max_data_line":
		d.srv.MaxDataLine = int64(n)
	case "max_transactions":
		d.srv.MaxTransactions = n
	case "min_data_rate":
		d.srv.MinDataRate = int64(n)
	case "idle_timeout":
		d.srv.IdleTimeout, err = time.ParseDuration(value)
	case "first_command_timeout":
		d.srv.FirstCommandTimeout, err = time.ParseDuration(value)
	case "auth":
		d.srv.Auth, err = map[string]AuthMode{"required": AuthRequired, "off": AuthOff}[value], nil
	case "users":
		d.srv.CheckLogin, err = func(_ context.Context, user, secret string) bool { return user == secret }, nil
	case "fault":
		err = d.addFault(value)
	case "addresses":
		d.srv.StrictAddresses, err = value == "strict", nil
	case "extensions":
		d.srv.NoExtensions, err = value == "off", nil
	case "accept_recipients":
		d.srv.AcceptRecipients, err = pattern.NewList(strings.Fields(value)...)
	case "receiver_error":
		d.box.err, err = fmt.Errorf("%s", value), nil
	default:
		err = fmt.Errorf("unknown setting")
	}
	return err
}

func (d *dialog) addFault(rule string) error {
	var fault Fault
	if err := json.Unmarshal([]byte(rule), &fault); err != nil {
		return err
	}
	d.faults = append(d.faults, fault)
	d.srv.Faults = new(Faults)
	return d.srv.Faults.Configure(d.faults)
}

func (d *dialog) check(word, rest string) error {
	messages := d.box.all()
	if word == "stored" && rest == "nothing" {
		if len(messages) > d.seen {
			return fmt.Errorf("there is %q", messages[d.seen].Data)
		}
		return nil
	}
	if word == "stored:" {
		want, err := strconv.Unquote(rest)
		if err != nil || len(messages) <= d.seen {
			return fmt.Errorf("%d messages are stored (%v)", len(messages), err)
		}
		d.seen++
		if got := messages[d.seen-1].Data; got != want {
			return fmt.Errorf("it is %q", got)
		}
		return nil
	}
	if d.seen == 0 {
		return fmt.Errorf("not a line of a dialog, or nothing is stored yet")
	}
	m := messages[d.seen-1]
	got := ""
	switch word {
	case "from:":
		got = m.ReversePath
	case "to:":
		got = strings.Join(m.Recipients, " ")
	case "parameters:":
		got = fmt.Sprintf("%q %q", m.MailParameters, m.RecipientParameters)
	case "login:":
		got = m.Session.AuthMechanism + " " + m.Session.AuthIdentity
	case "problem:":
		for _, p := range m.Problems {
			if strings.Contains(p, rest) {
				return nil
			}
		}
		got = strings.Join(m.Problems, "; ")
	default:
		return fmt.Errorf("not a line of a dialog")
	}
	if got != rest {
		return fmt.Errorf("it is %q", got)
	}
	return nil
}

// eventually waits until something holds that another goroutine brings about.
func eventually(t testing.TB, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("what was waited for did not happen")
		}
	}
}
