package e2e

import (
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// blocks are the fenced code blocks of the README in that language.
func blocks(t *testing.T, language string) []string {
	t.Helper()
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, match := range regexp.MustCompile("(?ms)^```"+language+"\n(.*?)^```$").FindAllStringSubmatch(string(readme), -1) {
		found = append(found, match[1])
	}
	if len(found) == 0 {
		t.Fatalf("the README has no %s block", language)
	}
	return found
}

func TestReadmesConfigurationsAreValid(t *testing.T) {
	for _, block := range blocks(t, "caddyfile") {
		file := filepath.Join(t.TempDir(), "Caddyfile")
		if err := os.WriteFile(file, []byte(block), 0o600); err != nil {
			t.Fatal(err)
		}
		command(t, "", program, "validate", "--adapter", "caddyfile", "--config", file)
	}
}

// TestReadmesCommandsAreTheProjects sees to it that the two commands are those
// that these tests and .ci/run run in other ways.
func TestReadmesCommandsAreTheProjects(t *testing.T) {
	want := []string{"go run ./cmd/mailbucket run --config Caddyfile.example\n", "go test ./...\n"}
	if got := blocks(t, "sh"); strings.Join(got, "") != strings.Join(want, "") {
		t.Errorf("commands: %q", got)
	}
}

// TestReadmesTutorial runs Caddyfile.example with the README's command and
// replays the tutorial on it, line by line.
func TestReadmesTutorial(t *testing.T) {
	need(t, "curl")
	for _, port := range []string{"127.0.0.1:8025", "[::1]:8025", "127.0.0.1:8080", "[::1]:8080", "127.0.0.1:2019"} {
		listener, err := net.Listen("tcp", port)
		if err != nil {
			missing(t, "the example's address "+port+" is taken")
		}
		listener.Close()
	}
	dir := t.TempDir()
	s := &server{t: t, smtp: "127.0.0.1:8025", http: "localhost:8080", config: "Caddyfile.example"}
	s.env = append(os.Environ(), "HOME="+dir, "XDG_DATA_HOME="+dir, "XDG_CONFIG_HOME="+dir)
	s.run("..", s.config)

	c := dial(t, s.smtp)
	for i, line := range strings.Split(strings.TrimSpace(blocks(t, "smtp")[0]), "\n") {
		if typed, ok := strings.CutPrefix(line, ">"); ok {
			c.say(strings.TrimPrefix(typed, " ") + "\r\n")
			continue
		}
		if i == 0 {
			line = "220 " // the machine's own name
		}
		c.expect(line)
	}
	if _, err := c.r.ReadByte(); err != io.EOF {
		t.Errorf("the connection goes on after QUIT: %v", err)
	}
	id := s.only("sender=smtptutorial_sender@example.com").ID
	lines := strings.Split(strings.TrimSpace(blocks(t, "tutorial")[0]), "\n")
	for i := 0; i < len(lines); i += 2 {
		out, err := exec.Command("sh", "-c", strings.ReplaceAll(lines[i], "ID", id)).CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", lines[i], err, out)
		}
		got := strings.ReplaceAll(strings.TrimSpace(string(out)), id, "ID")
		got = regexp.MustCompile(`"timeCreated":\d{13}\b`).ReplaceAllString(got, `"timeCreated":TIME`)
		if want, cut := strings.CutSuffix(lines[i+1], "…"); got != want && !(cut && strings.HasPrefix(got, want)) {
			t.Errorf("%s\nanswers  %s\nREADME:  %s", lines[i], got, lines[i+1])
		}
	}
	for _, calls := range blocks(t, "calls") {
		for call := range strings.Lines(calls) {
			command(t, "", "sh", "-c", strings.Replace(call, "curl ", "curl -sS --fail-with-body ", 1))
		}
	}
}
