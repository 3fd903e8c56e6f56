package e2e

import (
	"encoding/json"
	"io"
	"net/http"
	"net/smtp"
	"os"
	"path/filepath"
	"testing"
)

// TestPythonReadsTheMbox opens all mails as a file of Python's mailbox.
func TestPythonReadsTheMbox(t *testing.T) {
	need(t, "python3")
	s := serve(t, caddyfile)
	for sender, mail := range map[string]string{
		"a@example.com": "Subject: one\r\n\r\nFrom here on\r\n\r\nFrom there\r\n",
		"b@example.com": "Subject: two\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nhello\r\n--b\r\nContent-Type: text/csv; name=a.csv\r\n\r\n1,2\r\n--b--\r\n",
	} {
		if err := smtp.SendMail(s.smtp, nil, sender, []string{"r@example.com"}, []byte(mail)); err != nil {
			t.Fatal(err)
		}
	}
	response, err := http.Get("http://" + s.http + "/emails.mbox?recipient=r@example.com")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "emails.mbox")
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
	out := command(t, "", "python3", "-c", `
import json, mailbox, sys, time
found = {}
for mail in mailbox.mbox(sys.argv[1]):
    sender, sent = mail.get_from().split(" ", 1)
    time.strptime(sent)
    found[sender] = [mail["Subject"], len(mail.get_payload()) if mail.is_multipart() else mail.get_payload()]
print(json.dumps(found))`, file)
	var found map[string][2]any
	if err := json.Unmarshal([]byte(out), &found); err != nil {
		t.Fatalf("%s: %v", out, err)
	}
	if len(found) != 2 || found["a@example.com"] != [2]any{"one", ">From here on\n\n>From there\n"} || found["b@example.com"] != [2]any{"two", 2.0} {
		t.Errorf("%v of\n%s", found, content)
	}
}
