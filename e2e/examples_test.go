package e2e

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/smtp"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// application is one with a sign-up form, which sends a mail with a link to its
// page of welcome a moment later.
func application(t *testing.T, smtpAddress string) string {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `<!doctype html><title>Application</title><form action="/signup" method="post"><label>Email <input name="email"></label><button>Sign up</button></form>`)
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	mux.HandleFunc("POST /signup", func(_ http.ResponseWriter, r *http.Request) {
		email := r.FormValue("email")
		go func() {
			time.Sleep(50 * time.Millisecond)
			mail := "Subject: Welcome\r\n\r\nConfirm: " + server.URL + "/welcome?email=" + url.QueryEscape(email) + "\r\n"
			if err := smtp.SendMail(smtpAddress, nil, "app@example.com", []string{email}, []byte(mail)); err != nil {
				t.Error(err)
			}
		}()
	})
	mux.HandleFunc("GET /welcome", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "Welcome %q", r.FormValue("email"))
	})
	return server.URL
}

// TestExamples runs each example against an application that signs up.
func TestExamples(t *testing.T) {
	s := serve(t, caddyfile)
	t.Setenv("APP", application(t, s.smtp))
	t.Setenv("MAIL", "http://"+s.http)
	// JavaScript finds its packages in the folder of the file or above it.
	folder, err := os.MkdirTemp("testdata", "run")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	spec, err := os.ReadFile("../examples/signup.spec.mjs")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "signup.spec.mjs"), spec, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, example := range []struct{ name, probe, run string }{
		{"Go", "go version", "go test -count=1 -tags example ../examples"},
		{"Python", "python3 --version", "cd ../examples && python3 -B -c 'import test_signup; test_signup.test_signup()'"},
		{"pytest", "/usr/bin/python3 -m pytest --version", "/usr/bin/python3 -B -m pytest -q -p no:cacheprovider ../examples"},
		{"node:test", "node --version", "node --test ../examples/signup.test.mjs"},
		{"Playwright", "test -x /usr/bin/chromium && test -d testdata/node_modules/@playwright", "cd testdata && npx --no-install playwright test --config playwright.config.mjs " + filepath.Base(folder)},
		{"PHP", "php --version", "php ../examples/signup.php | grep -x welcome"},
		{"shell", "curl --version && jq --version", "../examples/signup.sh"},
	} {
		t.Run(example.name, func(t *testing.T) {
			if out, err := exec.Command("sh", "-c", example.probe).CombinedOutput(); err != nil {
				missing(t, example.name+" is not installed: "+string(out))
			}
			ctx, cancel := context.WithTimeout(context.Background(), patience)
			defer cancel()
			if out, err := exec.CommandContext(ctx, "sh", "-c", example.run).CombinedOutput(); err != nil {
				t.Fatalf("%s: %v\n%s", example.run, err, out)
			}
		})
	}
}
