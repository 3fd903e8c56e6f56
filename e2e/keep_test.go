package e2e

import (
	"fmt"
	"net/smtp"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestCatchMailKeepsMail(t *testing.T) {
	home := t.TempDir()
	file := filepath.Join(home, ".local", "share", "caddy", "mailbucket", "default.db")
	c := catchMailIn(t, home, "--keep")
	for i := range 2 {
		if err := smtp.SendMail(c.smtp, nil, "a@example.com", []string{"b@example.com"}, fmt.Appendf(nil, "Subject: %d\r\n\r\nhello\r\n", i)); err != nil {
			t.Fatal(err)
		}
	}
	if said, want := c.end(), "Ended. 2 mails are kept in "+file+".\n"; said != want {
		t.Errorf("at the end it says %q, want %q", said, want)
	}
	c = catchMailIn(t, home, "--keep")
	if list := c.list("recipient=b@example.com"); len(list) != 2 {
		t.Errorf("%d mails are kept, want 2", len(list))
	}
	t.Setenv("HOME", home)
	t.Setenv("XDG_DATA_HOME", "")
	second := fails(t, 1, "--keep", "--smtp", "127.0.0.1:0", "--http", "127.0.0.1:0")
	if !strings.Contains(second, "another process, or another bucket of this one, uses "+file) {
		t.Errorf("a second one says %q", second)
	}
	c.end()
	if c.stderr.Len() > 0 {
		t.Errorf("it logs\n%s", c.stderr)
	}
}

// TestKilledUnderLoad kills the program twenty times while mail comes, and looks for all
// that was accepted.
func TestKilledUnderLoad(t *testing.T) {
	home := t.TempDir()
	var mu sync.Mutex
	var accepted []string
	for round := range 20 {
		c := catchMailIn(t, home, "--keep")
		before := len(accepted)
		var wg sync.WaitGroup
		for sender := range 4 {
			wg.Go(func() {
				for i := 0; ; i++ {
					name := fmt.Sprintf("%d-%d-%d@example.com", round, sender, i)
					if smtp.SendMail(c.smtp, nil, "a@example.com", []string{name}, []byte("Subject: x\r\n\r\nhello\r\n")) != nil {
						return // it was killed
					}
					mu.Lock()
					accepted = append(accepted, name)
					mu.Unlock()
				}
			})
		}
		for deadline := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
			mu.Lock()
			enough := len(accepted) >= before+20+7*round
			mu.Unlock()
			if enough || time.Now().After(deadline) {
				break
			}
		}
		if err := c.process.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = c.process.Wait() // it was killed
		wg.Wait()
	}
	c := catchMailIn(t, home, "--keep")
	count := make(map[string]int)
	for _, mail := range c.list("") {
		count[mail.Recipients[0]]++
	}
	for _, name := range accepted {
		if count[name] != 1 {
			t.Errorf("the mail to %s is there %d times", name, count[name])
		}
	}
	if len(accepted) < 20*20 {
		t.Errorf("%d mails were accepted", len(accepted))
	}
}
