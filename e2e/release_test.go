package e2e

import (
	"net/http"
	"net/smtp"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// startSink runs postfix's smtp-sink on an address until the test ends, with what it gets as
// files in a folder.
func startSink(t *testing.T, dumps, address string) {
	t.Helper()
	sink := need(t, "smtp-sink")
	for folder, mode := range map[string]os.FileMode{filepath.Dir(dumps): 0o755, dumps: 0o777} { // it runs as another user
		if err := os.Chmod(folder, mode); err != nil {
			t.Fatal(err)
		}
	}
	args := []string{"-D", filepath.Join(dumps, "mail."), address, "10"}
	if os.Geteuid() == 0 {
		args = append([]string{"-u", "nobody"}, args...)
	}
	process := exec.Command(sink, args...)
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = process.Process.Kill()
		_ = process.Wait()
	})
}

// TestReleaseToPostfix releases a mail to postfix's smtp-sink, which dumps what it gets.
func TestReleaseToPostfix(t *testing.T) {
	dumps, address := t.TempDir(), freeAddress(t)
	startSink(t, dumps, address)
	s := serve(t, `{
	admin ADMIN
	mailbucket SMTP {
		bucket default {
			release `+address+` {
				allow *@ours.test
				from  bucket@ours.test
			}
		}
	}
}
HTTP {
	mailbucket
}
`)
	s.waitFor(address)
	const mail = "From: app@app.test\r\nSubject: Grüße\r\n\r\n.dot\r\n..two\r\n\r\nblå\r\n"
	if err := smtp.SendMail(s.smtp, nil, "app@app.test", []string{"someone@app.test"}, []byte(mail)); err != nil {
		t.Fatal(err)
	}
	for to, want := range map[string]int{"ann@evil.test": 403, "ann@OURS.test": 502} {
		if got := s.release(to); got != want { // it offers no SMTPUTF8
			t.Errorf("to %s: %d, want %d", to, got, want)
		}
	}
	plain := strings.Replace(mail, "Grüße", "Hello", 1)
	if err := smtp.SendMail(s.smtp, nil, "app@app.test", []string{"someone@app.test"}, []byte(plain)); err != nil {
		t.Fatal(err)
	}
	if got := s.release("ann@OURS.test"); got != 202 {
		t.Fatalf("%d", got)
	}
	want := regexp.MustCompile(`^X-Client-Addr: 127\.0\.0\.1\n(?s:.*)X-Mail-Args: <bucket@ours\.test>(?s:.*)X-Rcpt-Args: <ann@ours\.test>\n(?s:.*)\n` +
		`Resent-Date: .*\nResent-From: bucket@ours\.test\nResent-To: ann@ours\.test\nResent-Message-ID: <.*@ours\.test>\n` +
		regexp.QuoteMeta(strings.ReplaceAll(plain, "\r\n", "\n")) + `\n*$`)
	eventually(t, "postfix has the mail", func() bool {
		files, err := filepath.Glob(filepath.Join(dumps, "mail.*"))
		if err != nil || len(files) == 0 {
			return false
		}
		dump, err := os.ReadFile(files[len(files)-1])
		return err == nil && want.Match(dump)
	})
}

// release asks for a release of the newest mail, and returns the status of the answer.
func (s *server) release(to string) int {
	s.t.Helper()
	response, err := http.Post("http://"+s.http+"/emails/latest/release", "application/json", strings.NewReader(`{"to":["`+to+`"]}`))
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	return response.StatusCode
}
