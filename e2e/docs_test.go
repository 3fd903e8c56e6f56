package e2e

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The blocks of README and manual, by the language after their fence. Each kind is
// tested, but for those without a language: what they do is install from the network,
// or needs a container engine.
var languages = []string{"", "sh", "caddyfile", "console", "smtp", "go", "python", "javascript", "php"}

var fence = regexp.MustCompile("(?ms)^```([a-z]*)\n(.*?)^```$")

// pages are the documents.
func pages(t *testing.T) []string {
	t.Helper()
	list, err := filepath.Glob("../docs/*.md")
	if err != nil || len(list) == 0 {
		t.Fatalf("no pages: %v", err)
	}
	return append(list, "../README.md")
}

// blocks are the fenced code blocks of a page in that language.
func blocks(t *testing.T, page, language string) []string {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, match := range fence.FindAllStringSubmatch(string(text), -1) {
		if !slices.Contains(languages, match[1]) {
			t.Errorf("%s: no test knows what to do with a block of %s", page, match[1])
		}
		if match[1] == language {
			found = append(found, match[2])
		}
	}
	return found
}

func TestManualsConfigurationsAreValid(t *testing.T) {
	t.Setenv("RELAY_PASSWORD", "secret") // which the manual takes from the environment
	for _, page := range pages(t) {
		for _, block := range blocks(t, page, "caddyfile") {
			file := filepath.Join(t.TempDir(), "Caddyfile")
			if err := os.WriteFile(file, []byte(block), 0o600); err != nil {
				t.Fatal(err)
			}
			command(t, "", program, "validate", "--adapter", "caddyfile", "--config", file)
		}
	}
}

// TestManualsProgramsAreTheExamples compares them with the files that TestExamples runs.
func TestManualsProgramsAreTheExamples(t *testing.T) {
	const page = "../docs/tests.md"
	for language, file := range map[string]string{
		"go": "signup_test.go", "python": "test_signup.py", "javascript": "signup.test.mjs", "php": "signup.php", "sh": "signup.sh",
	} {
		example, err := os.ReadFile(filepath.Join("../examples", file))
		if err != nil {
			t.Fatal(err)
		}
		list := blocks(t, page, language)
		if len(list) != 1 || !strings.Contains(string(example), list[0]) {
			t.Errorf("%s: %q is not in %s", page, list, file)
		}
	}
}

// TestManualsCommands types what each page says, from its top to its end, and compares
// what comes. In blocks of SMTP and of commands the addresses are those of catch-mail;
// others are put for them.
func TestManualsCommands(t *testing.T) {
	for _, program := range []string{"curl", "jq", "sh"} {
		need(t, program)
	}
	for _, page := range pages(t) {
		t.Run(filepath.Base(page), func(t *testing.T) {
			text, err := os.ReadFile(page)
			if err != nil {
				t.Fatal(err)
			}
			var r *reader
			for _, match := range fence.FindAllStringSubmatch(string(text), -1) {
				if match[1] != "console" && match[1] != "smtp" {
					continue
				}
				if r == nil {
					r = newReader(t)
				}
				if match[1] == "console" {
					r.console(match[2])
				} else {
					r.dialog(match[2])
				}
			}
		})
	}
}

// reader is somebody who tries what a page says.
type reader struct {
	*catcher
	path string
	put  *strings.Replacer
}

func newReader(t *testing.T) *reader {
	c := catchMail(t)
	return &reader{c, filepath.Dir(named(t, "mailbucket")) + ":" + os.Getenv("PATH"), strings.NewReplacer(
		"127.0.0.1:1025", c.smtp, "127.0.0.1:8025", c.http, "localhost:8025", c.http)}
}

// console runs the commands of a block, which begin with "$", and compares what they
// print with the lines after them. There "…" is any text, ID the newest email's, and
// TIME a time.
func (r *reader) console(block string) {
	r.t.Helper()
	for entry := range strings.SplitSeq(strings.TrimPrefix(block, "$ "), "\n$ ") {
		typed, want, _ := strings.Cut(entry, "\n")
		id := ""
		if list := r.list(""); len(list) > 0 {
			id = list[0].ID
		}
		cmd := exec.Command("sh", "-c", strings.ReplaceAll(r.commandFor(typed), "ID", id))
		cmd.Dir = r.home
		cmd.Env = append(os.Environ(), "PATH="+r.path, "MAILBUCKET_SMTP="+r.smtp)
		out, _ := cmd.CombinedOutput() // its text says what went wrong
		if list := r.list(""); len(list) > 0 {
			id = list[0].ID
		}
		got := string(out)
		if id != "" {
			got = strings.ReplaceAll(got, id, "ID")
		}
		got = regexp.MustCompile(`"timeCreated":\d{13}\b`).ReplaceAllString(got, `"timeCreated":TIME`)
		pattern := "^" + strings.ReplaceAll(regexp.QuoteMeta(strings.TrimSpace(want)), "…", "(?s:.*)") + "$"
		if !regexp.MustCompile(pattern).MatchString(strings.TrimSpace(got)) {
			r.t.Errorf("$ %s\nprints  %s\nmanual: %s", typed, got, want)
		}
	}
}

// commandFor is what is run for a command: curl without its meter of progress.
func (r *reader) commandFor(typed string) string {
	return r.put.Replace(strings.ReplaceAll(strings.Replace(typed, "curl ", "curl -sS ", 1), "-sS -sS", "-sS"))
}

// dialog has the server's lines come as they stand, but for the machine's name in the
// greeting.
func (r *reader) dialog(block string) {
	r.t.Helper()
	c := dial(r.t, r.smtp)
	for i, line := range strings.Split(strings.TrimSpace(block), "\n") {
		if typed, ok := strings.CutPrefix(line, ">"); ok {
			c.say(strings.TrimPrefix(typed, " ") + "\r\n")
			continue
		}
		if i == 0 {
			line = "220 "
		}
		c.expect(line)
	}
	if _, err := c.r.ReadByte(); err != io.EOF {
		r.t.Errorf("the connection goes on after QUIT: %v", err)
	}
}

// TestContributorsCommands runs those of CONTRIBUTING.md but the one that runs this test.
func TestContributorsCommands(t *testing.T) {
	ran := 0
	for _, block := range blocks(t, "../CONTRIBUTING.md", "console") {
		if typed := strings.TrimPrefix(strings.TrimSpace(block), "$ "); typed != "go test ./..." {
			if out := command(t, "", "sh", "-c", "cd .. && "+typed); strings.Contains(out, "no tests to run") {
				t.Errorf("%s: %s", typed, out)
			}
			ran++
		}
	}
	if ran == 0 {
		t.Error("there is none")
	}
}
