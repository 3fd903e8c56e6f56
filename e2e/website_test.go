package e2e

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// TestWebsite runs the tests of testdata/website*.spec.mjs in Chromium. Their pictures are
// left in the folder screenshots; readme.png there is the README's. The site has another
// name that is not of this machine, which the browser is told to look for here. What is
// released from one bucket comes to another.
func TestWebsite(t *testing.T) {
	needPlaywright(t)
	s := newServer(t)
	_, port, err := net.SplitHostPort(s.http)
	if err != nil {
		t.Fatal(err)
	}
	other := "http://plain.test:" + port
	s.config = s.write(`{
	admin ADMIN
	mailbucket SMTP {
		bucket big
		bucket empty
		bucket picture
		bucket leaving {
			release SMTP {
				allow *@ours.test
				from  bucket@ours.test
			}
		}
	}
	layer4 {
		PLAIN {
			route {
				mailbucket big
			}
		}
		TLS {
			route {
				mailbucket empty
			}
		}
	}
}
` + other + `, HTTP {
	encode
	basic_auth {
		alice $2a$04$ZzPbYkRhOb24Gz7zofskEeWaITh6t.P96XQuPQ4Z0G23ebgi5YMtG
	}
	handle_path /mail/* {
		mailbucket
	}
	handle_path /big/* {
		mailbucket big
	}
	handle_path /picture/* {
		mailbucket picture
	}
	handle_path /empty/* {
		mailbucket empty
	}
	handle_path /leaving/* {
		mailbucket leaving
	}
}
`)
	s.run(".", s.config)
	sendMany(t, s.plain, 10_000)
	pictures, err := filepath.Abs("screenshots")
	if err != nil {
		t.Fatal(err)
	}
	site := "http://" + s.http
	playwright(t, `website[^/]*\.spec\.mjs`, "MAIL="+site+"/mail", "PLAIN="+other+"/mail",
		"BIG="+site+"/big", "EMPTY="+site+"/empty", "PICTURE="+site+"/picture", "LEAVING="+site+"/leaving", "SMTP="+s.smtp, "SCREENSHOTS="+pictures)
}

// needPlaywright skips the test where there is no browser.
func needPlaywright(t *testing.T) {
	t.Helper()
	probe := "test -x /usr/bin/chromium && test -d testdata/node_modules/@playwright && test -d testdata/node_modules/axe-core"
	if err := exec.Command("sh", "-c", probe).Run(); err != nil {
		missing(t, "chromium, or @playwright/test and axe-core, are not installed")
	}
}

// playwright runs the tests of the files in testdata that a regular expression matches, in
// Chromium.
func playwright(t *testing.T, files string, env ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 3*patience)
	defer cancel()
	run := exec.CommandContext(ctx, "npx", "--no-install", "playwright", "test", "--config", "playwright.config.mjs", files)
	run.Dir = "testdata"
	run.Env = append(os.Environ(), env...)
	out, err := run.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
}

// sendMany sends as many mails over one connection, in one go (RFC 2920).
func sendMany(t *testing.T, address string, count int) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	accepted := make(chan int, 1)
	go func() {
		n := 0
		for lines := bufio.NewScanner(conn); lines.Scan(); {
			if lines.Text() == "250 2.0.0 Message accepted" {
				n++
			}
		}
		accepted <- n
	}()
	w := bufio.NewWriter(conn)
	_, _ = io.WriteString(w, "EHLO e2e\r\n")
	for i := range count {
		fmt.Fprintf(w, "MAIL FROM:<app@example.com>\r\nRCPT TO:<user%d@example.com>\r\nDATA\r\nSubject: Mail %d\r\n\r\nHello %[1]d\r\n.\r\n", i%100, i)
	}
	_, _ = io.WriteString(w, "QUIT\r\n")
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if n := <-accepted; n != count {
		t.Fatalf("%d of %d mails were accepted", n, count)
	}
}
