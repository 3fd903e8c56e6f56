package e2e

import (
	"io"
	"net"
	"net/http"
	"net/smtp"
	"os"
	"strings"
	"testing"
)

// TestReadmesCommandsAreTheProjects sees to it that the two commands are those
// that these tests and .ci/run run in other ways.
func TestReadmesCommandsAreTheProjects(t *testing.T) {
	want := []string{"go run ./cmd/mailbucket run --config Caddyfile.example\n", "go test ./...\n"}
	if got := blocks(t, "../README.md", "sh"); strings.Join(got, "") != strings.Join(want, "") {
		t.Errorf("commands: %q", got)
	}
}

// TestReadmeIsADoor has it short.
func TestReadmeIsADoor(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	if lines := strings.Count(string(readme), "\n"); lines > 150 {
		t.Errorf("%d lines, want 150 at most", lines)
	}
}

// TestExampleCatchesMailOnLoopback runs Caddyfile.example with the README's command.
func TestExampleCatchesMailOnLoopback(t *testing.T) {
	for _, port := range []string{"127.0.0.1:8025", "[::1]:8025", "127.0.0.1:8080", "[::1]:8080", "127.0.0.1:2019"} {
		listener, err := net.Listen("tcp", port)
		if err != nil {
			missing(t, "the example's address "+port+" is taken, or not there: "+err.Error())
		}
		listener.Close()
	}
	dir := t.TempDir()
	s := &server{t: t, smtp: "127.0.0.1:8025", http: "localhost:8080", config: "Caddyfile.example"}
	s.env = append(os.Environ(), "HOME="+dir, "XDG_DATA_HOME="+dir, "XDG_CONFIG_HOME="+dir)
	s.run("..", s.config)
	for _, address := range []string{"127.0.0.1:8025", "[::1]:8025"} {
		if err := smtp.SendMail(address, nil, "a@example.com", []string{"b@example.com"}, []byte("Subject: x\r\n\r\nhello\r\n")); err != nil {
			t.Fatal(err)
		}
	}
	for _, host := range []string{"localhost:8080", "127.0.0.1:8080", "[::1]:8080"} {
		response, err := http.Get("http://" + host + "/")
		if err != nil {
			t.Fatal(err)
		}
		page, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil || !response.Uncompressed || strings.Count(string(page), "b@example.com") < 2 {
			t.Errorf("%s: %s, compressed %t, %v:\n%s", host, response.Status, response.Uncompressed, err, page)
		}
	}
}
