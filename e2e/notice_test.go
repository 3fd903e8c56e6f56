package e2e

import (
	"bufio"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// entry is a line of the program's log.
type entry struct {
	Level, Msg string
	URLs       []string
}

// logUntilServing runs the program with a configuration, ends it once it serves that,
// and gives what it has logged.
func logUntilServing(t *testing.T, caddyfile string) (entries []entry) {
	t.Helper()
	dir := t.TempDir()
	config := filepath.Join(dir, "Caddyfile")
	if err := os.WriteFile(config, []byte(caddyfile), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "run", "--config", config)
	cmd.Env = append(os.Environ(), "HOME="+dir, "XDG_DATA_HOME="+dir, "XDG_CONFIG_HOME="+dir)
	log, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}()
	for lines := bufio.NewScanner(log); lines.Scan(); {
		var e entry
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			continue
		}
		entries = append(entries, e)
		if e.Msg == "serving initial configuration" {
			return entries
		}
	}
	t.Fatalf("it ended after %+v", entries)
	return nil
}

func TestConfigurationsThatCatchNoMailAreToldOnce(t *testing.T) {
	for name, caddyfile := range map[string]string{
		"nothing at all":        "{\n\tadmin ADMIN\n}\n",
		"a site":                "{\n\tadmin ADMIN\n}\nhttp://HTTP {\n\tbind 127.0.0.1\n\trespond hello\n}\n",
		"only the website":      "{\n\tadmin ADMIN\n}\nhttp://HTTP {\n\tbind 127.0.0.1\n\tmailbucket\n}\n",
		"the option alone":      "{\n\tadmin ADMIN\n\tmailbucket\n}\n",
		"layer4 for others":     "{\n\tadmin ADMIN\n\tlayer4 {\n\t\tSMTP {\n\t\t\troute {\n\t\t\t\techo\n\t\t\t}\n\t\t}\n\t}\n}\n",
		"+the option":           "{\n\tadmin ADMIN\n\tmailbucket SMTP\n}\n",
		"+a handler":            "{\n\tadmin ADMIN\n\tlayer4 {\n\t\tSMTP {\n\t\t\troute {\n\t\t\t\tmailbucket\n\t\t\t}\n\t\t}\n\t}\n}\n",
		"+a handler with a way": "{\n\tadmin ADMIN\n\tskip_install_trust\n\tlayer4 {\n\t\tSMTP {\n\t\t\troute {\n\t\t\t\ttls\n\t\t\t\tmailbucket\n\t\t\t}\n\t\t}\n\t}\n}\n",
	} {
		t.Run(name, func(t *testing.T) {
			told, urls := 0, 0
			for _, e := range logUntilServing(t, strings.NewReplacer("ADMIN", freeAddress(t), "SMTP", freeAddress(t), "HTTP", freeAddress(t)).Replace(caddyfile)) {
				if e.Msg == "catching mail" {
					urls += len(e.URLs)
				}
				if e.Level == "warn" && strings.Contains(e.Msg, "catches no mail") {
					told++
					if !strings.Contains(e.Msg, "`mailbucket 127.0.0.1:1025` among the global options") {
						t.Errorf("it does not say how: %s", e.Msg)
					}
				}
			}
			want := 1
			if strings.HasPrefix(name, "+") {
				want = 0
			}
			if told != want || urls != 1-want {
				t.Errorf("it is told %d times, want %d; %d URLs", told, want, urls)
			}
		})
	}
}
