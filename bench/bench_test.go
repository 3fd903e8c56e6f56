package bench

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"go.uber.org/zap"

	"github.com/caddy-mailbucket/mailbucket/message"
	"github.com/caddy-mailbucket/mailbucket/smtp"
	"github.com/caddy-mailbucket/mailbucket/store"
)

// mail is a message of about that many bytes, in lines as programs write them.
func mail(size int) string {
	const header = "From: App <app@example.com>\r\nTo: User <user@example.com>\r\nSubject: Your order has shipped\r\n" +
		"Date: Tue, 24 Nov 2026 10:15:30 +0100\r\nMessage-ID: <1234@app.example.com>\r\n\r\n"
	const line = "Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod.\r\n"
	return header + strings.Repeat(line, max(1, (size-len(header))/len(line)))
}

// receiver is a bucket as the plugin's is.
type receiver struct{ *store.Bucket }

func (r receiver) Receive(ctx context.Context, m *smtp.Message) error { return r.Append(ctx, kept(m)) }

// kept is a message as a bucket keeps it.
func kept(m *smtp.Message) *store.Message {
	return &store.Message{
		Sender: m.ReversePath, MailParameters: m.MailParameters,
		Recipients: m.Recipients,
		Raw:        m.Data, HeaderFields: store.HeaderFields(message.ScanHeader(m.Data)), Exchange: store.NewTranscript(m.Exchange), Session: (*store.Session)(m.Session),
	}
}

func (r receiver) Refused() { r.Refuse() }

// BenchmarkSession receives mail on one kept connection: command by command, as
// smtp-source does, and pipelined (RFC 2920).
func BenchmarkSession(b *testing.B) {
	for _, network := range []string{"pipe", "loopback"} {
		for _, size := range []int{1 << 10, 1 << 20} {
			for _, pipelined := range []bool{false, true} {
				b.Run(fmt.Sprintf("%s/%dKB/pipelined=%v", network, size>>10, pipelined), func(b *testing.B) {
					benchmarkSession(b, network, size, pipelined)
				})
			}
		}
	}
}

func benchmarkSession(b *testing.B, network string, size int, pipelined bool) {
	bucket := store.New(store.Limits{MaxMessages: 1000, MaxBytes: 256 << 20})
	c := converse(b, network, bucket)
	data := []byte(mail(size) + ".\r\n")
	envelope := []byte("MAIL FROM:<app@example.com>\r\nRCPT TO:<user@example.com>\r\nDATA\r\n")
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if pipelined {
			c.write(envelope)
			c.expect("250", "250", "354")
		} else {
			for command := range bytes.Lines(envelope) {
				c.write(command)
				c.expect("")
			}
		}
		c.write(data)
		c.expect("250")
	}
	c.quit()
	if n := bucket.Stats().Received; n < uint64(b.N) {
		b.Fatalf("%d of %d mails were stored", n, b.N)
	}
}

// converse begins a session whose mail goes to bucket, and gives its client.
func converse(b testing.TB, network string, bucket *store.Bucket) *client {
	return converseWith(b, network, receiver{bucket})
}

// converseWith begins a session whose mail goes to r, and gives its client.
func converseWith(b testing.TB, network string, r smtp.Receiver) *client {
	server := &smtp.Server{Hostname: "bench", Receiver: r, Sessions: new(smtp.Sessions), Logger: zap.NewNop()}
	conn, served := connect(b, network)
	b.Cleanup(func() { conn.Close() })
	c := &client{b: b, w: conn, r: bufio.NewReader(conn), done: make(chan struct{})}
	go func() {
		defer close(c.done)
		server.Serve(served, nil)
		served.Close()
	}()
	c.expect("220")
	c.write([]byte("EHLO bench\r\n"))
	c.expect("250")
	return c
}

// connect gives both ends of a connection.
func connect(b testing.TB, network string) (client, served net.Conn) {
	if network == "pipe" {
		return net.Pipe()
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer listener.Close()
	if client, err = net.Dial("tcp", listener.Addr().String()); err != nil {
		b.Fatal(err)
	}
	if served, err = listener.Accept(); err != nil {
		b.Fatal(err)
	}
	return client, served
}

// client is the sending side, which allocates nothing.
type client struct {
	b    testing.TB
	w    io.Writer
	r    *bufio.Reader
	done chan struct{} // closed when the session has ended
}

// quit ends the session.
func (c *client) quit() {
	c.write([]byte("QUIT\r\n"))
	c.expect("221")
	<-c.done
}

func (c *client) write(b []byte) {
	if _, err := c.w.Write(b); err != nil {
		c.b.Fatal(err)
	}
}

// expect reads as many replies, which begin with these codes.
func (c *client) expect(codes ...string) {
	for _, code := range codes {
		for more := true; more; {
			line, err := c.r.ReadSlice('\n')
			if err != nil {
				c.b.Fatal(err)
			}
			more = line[3] == '-'
			if string(line[:len(code)]) != code {
				c.b.Fatalf("%q, want %s", line, code)
			}
		}
	}
}

// filled is a bucket that is full, each address having a hundredth of its mail.
func filled(n int) *store.Bucket {
	bucket := store.New(store.Limits{MaxMessages: n})
	raw := mail(1 << 10)
	for i := range n {
		if err := bucket.Append(context.Background(), newMessage(i, raw)); err != nil {
			panic(err)
		}
	}
	return bucket
}

func newMessage(i int, raw string) *store.Message {
	return &store.Message{Sender: "app@example.com", Recipients: recipients[i%len(recipients)], Raw: raw, HeaderFields: store.HeaderFields(message.ScanHeader(raw))}
}

var recipients = func() (list [][]string) {
	for i := range 100 {
		list = append(list, []string{fmt.Sprintf("user%d@example.com", i)})
	}
	return list
}()

// BenchmarkStore works on full buckets, so that each append evicts a message.
func BenchmarkStore(b *testing.B) {
	for _, n := range []int{1_000, 100_000, 1_000_000} {
		bucket := filled(n)
		raw := mail(1 << 10)
		b.Run(fmt.Sprintf("append+evict/%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if err := bucket.Append(context.Background(), newMessage(i, raw)); err != nil {
					b.Fatal(err)
				}
			}
		})
		for name, q := range map[string]store.Query{
			"find-by-recipient": {Recipient: "user7@example.com", Limit: 50},
			"find-newest":       {Limit: 50},
		} {
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					page, err := bucket.Find(context.Background(), q)
					if err != nil || len(page.Messages) != min(50, page.Total) || page.Total < n/100 {
						b.Fatal("wrong page")
					}
				}
			})
		}
	}
}

// BenchmarkParse maps a message, and reads what the API shows of it.
func BenchmarkParse(b *testing.B) {
	multipart := "Content-Type: multipart/mixed; boundary=b\r\n" + strings.Replace(mail(1<<10), "\r\n\r\n", "\r\n\r\n--b\r\n\r\n", 1) +
		"--b\r\nContent-Type: text/html\r\n\r\n<p>Hello" + strings.Repeat("<b>world</b>\r\n", 4000) + "--b--\r\n"
	for name, raw := range map[string]string{"1KB": mail(1 << 10), "50KB-multipart": multipart, "1MB": mail(1 << 20)} {
		b.Run("map/"+name, func(b *testing.B) {
			b.SetBytes(int64(len(raw)))
			b.ReportAllocs()
			for b.Loop() {
				message.Parse(raw)
			}
		})
		b.Run("read/"+name, func(b *testing.B) {
			b.SetBytes(int64(len(raw)))
			b.ReportAllocs()
			for b.Loop() {
				m := message.Parse(raw)
				_, _, _, _ = m.Subject(), m.Text(), m.HTML(), m.Problems()
			}
		})
	}
}
