package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"time"
)

// errUnsupported is the error of a load that a server does not offer.
var errUnsupported = errors.New("not supported")

// loader sends mail as postfix's smtp-source cannot: pipelined (RFC 2920), with DATA
// or with BDAT (RFC 3030).
type loader struct {
	bdat        bool
	connections int
	size        int // of a message, in bytes
	recipients  int // how many there are, in turn
}

// window is how many mails are sent with BDAT before their replies are read.
const window = 10

// send sends n messages over all connections together.
func (l loader) send(address string, n int) error {
	errs := make([]error, l.connections)
	var wg sync.WaitGroup
	for i := range l.connections {
		wg.Go(func() { errs[i] = l.sendSome(address, i, n) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

// sendSome sends the messages of one connection: every one whose number leaves i.
func (l loader) sendSome(address string, i, n int) error {
	c, err := dial(address)
	if err != nil {
		return err
	}
	defer c.Close()
	extension := "PIPELINING"
	if l.bdat {
		extension = "CHUNKING"
	}
	if !strings.Contains(c.extensions, extension) {
		return fmt.Errorf("%s: %w", extension, errUnsupported)
	}
	send := l.sendData
	if l.bdat {
		send = l.sendChunks
	}
	if err := send(c, i, n); err != nil {
		return fmt.Errorf("sending mail: %w", err)
	}
	return nil
}

func (l loader) message() []byte {
	const header = "Subject: mail of the rig\r\nFrom: <a@example.com>\r\n\r\n"
	line := strings.Repeat("x", 78) + "\r\n"
	return []byte(header + strings.Repeat(line, max(1, (l.size-len(header))/len(line))))
}

func (l loader) envelope(number int) string {
	return fmt.Sprintf("MAIL FROM:<a@example.com>\r\nRCPT TO:<%s>\r\n", recipient(number%max(1, l.recipients)))
}

func recipient(number int) string { return fmt.Sprintf("user%d@example.com", number) }

// sendData sends each message's data together with the commands of the next.
func (l loader) sendData(c *conn, i, n int) error {
	data := append(l.message(), ".\r\n"...)
	if err := c.say(l.envelope(i)+"DATA\r\n", 3); err != nil {
		return err
	}
	for ; i < n; i += l.connections {
		c.batch.Write(data)
		replies := 1
		if next := i + l.connections; next < n {
			c.batch.WriteString(l.envelope(next) + "DATA\r\n")
			replies += 3
		}
		if err := c.flush(replies); err != nil {
			return err
		}
	}
	return nil
}

func (l loader) sendChunks(c *conn, i, n int) error {
	data := l.message()
	bdat := fmt.Sprintf("BDAT %d LAST\r\n", len(data))
	for i < n {
		replies := 0
		for range window {
			if i >= n {
				break
			}
			c.batch.WriteString(l.envelope(i) + bdat)
			c.batch.Write(data)
			replies += 3
			i += l.connections
		}
		if err := c.flush(replies); err != nil {
			return err
		}
	}
	return nil
}

// conn is an SMTP connection that has said EHLO.
type conn struct {
	net.Conn
	r          *bufio.Reader
	batch      bytes.Buffer
	extensions string
}

func dial(address string) (*conn, error) {
	nc, err := net.Dial("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("connecting: %w", err)
	}
	c := &conn{Conn: nc, r: bufio.NewReaderSize(nc, 16<<10)}
	err = nc.SetDeadline(time.Now().Add(10 * time.Minute))
	if err == nil {
		_, err = c.reply()
	}
	if err == nil {
		_, err = io.WriteString(c, "EHLO rig\r\n")
	}
	if err == nil {
		c.extensions, err = c.reply()
	}
	if err != nil {
		nc.Close()
		return nil, fmt.Errorf("greeting: %w", err)
	}
	return c, nil
}

// say writes commands and reads as many replies.
func (c *conn) say(commands string, replies int) error {
	c.batch.WriteString(commands)
	return c.flush(replies)
}

func (c *conn) flush(replies int) error {
	_, err := c.batch.WriteTo(c.Conn)
	for ; err == nil && replies > 0; replies-- {
		_, err = c.reply()
	}
	return err
}

// reply reads one, which is an error if it is negative.
func (c *conn) reply() (string, error) {
	var text []byte
	for {
		line, err := c.r.ReadSlice('\n')
		if err != nil {
			return "", err
		}
		text = append(text, line...)
		switch {
		case len(line) < 4 || line[0] != '2' && line[0] != '3':
			return "", fmt.Errorf("reply %q", text)
		case line[3] != '-':
			return string(text), nil
		}
	}
}
