package mailbucket

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const twoMounts = `{
	LOGOFF
	mailbucket SMTP {
		bucket staging
	}
}
HTTP {
	root FOLDER
	encode
	handle_path /staging/* {
		mailbucket staging
	}
	mailbucket
	respond /after "from the next handler"
	@file file
	file_server @file
}
`

func TestPathsThatNobodyAnswersAre404(t *testing.T) {
	folder := t.TempDir()
	must(t, os.WriteFile(filepath.Join(folder, "page.txt"), []byte("a file"), 0o600))
	s := start(t, strings.Replace(twoMounts, "FOLDER", folder, 1))
	const browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
	for _, c := range []struct {
		method, path, accept string
		status               int
		contentType          string
		contains             string
	}{
		{"GET", "/nowhere", "", 404, "application/problem+json", `"status":404`},
		{"GET", "/nowhere", "*/*", 404, "application/problem+json", "no such path"},
		{"GET", "/nowhere", browser, 404, "text/html; charset=utf-8", "There is no page at this address."},
		{"GET", "/view/x/nowhere", browser, 404, "text/html; charset=utf-8", `href="../../"`},
		{"GET", "/staging/nowhere", "application/json", 404, "application/problem+json", "no such path"},
		{"GET", "/staging/nowhere", browser, 404, "text/html; charset=utf-8", "There is no page at this address."},
		{"POST", "/nowhere", browser, 404, "application/problem+json", "no such path"},
		{"DELETE", "/email", "", 404, "application/problem+json", "no such path"},
		{"HEAD", "/nowhere", "", 404, "application/problem+json", ""},
		{"HEAD", "/nowhere", browser, 404, "text/html; charset=utf-8", ""},
		{"GET", "/after", browser, 200, "text/plain; charset=utf-8", "from the next handler"},
		{"GET", "/page.txt", browser, 200, "text/plain; charset=utf-8", "a file"},
		{"GET", "/emails", "", 200, "application/json", `"results"`},
	} {
		request, err := http.NewRequest(c.method, "http://"+s.http+c.path, nil)
		must(t, err)
		if c.accept != "" {
			request.Header.Set("Accept", c.accept)
		}
		response, err := http.DefaultClient.Do(request)
		must(t, err)
		body, err := io.ReadAll(response.Body)
		response.Body.Close()
		must(t, err)
		if response.StatusCode != c.status || response.Header.Get("Content-Type") != c.contentType || !strings.Contains(string(body), c.contains) {
			t.Errorf("%s %s (%s): %s %s %q", c.method, c.path, c.accept, response.Status, response.Header.Get("Content-Type"), body)
		}
		if strings.Count(string(body), `"status":`) > 1 || strings.Count(string(body), "<html") > 1 {
			t.Errorf("%s %s is answered twice: %s", c.method, c.path, body)
		}
	}
}

// TestUnansweredPathsTellOtherSitesNothing has them refused as any path of ours is.
func TestUnansweredPathsTellOtherSitesNothing(t *testing.T) {
	s := start(t, shortest)
	must(t, s.load("{\nLOGOFF\nmailbucket SMTP\n}\n"+fmt.Sprintf(anyHost, s.port())))
	if response := s.askAs("GET", "/nowhere", evil); response.StatusCode != http.StatusMisdirectedRequest {
		t.Errorf("by another name: %s", response.Status)
	}
	for _, mark := range []string{"cross-site", "same-site"} {
		known := s.askAs("GET", "/emails", s.http, "Sec-Fetch-Site: "+mark, "Sec-Fetch-Mode: no-cors")
		unknown := s.askAs("GET", "/nowhere", s.http, "Sec-Fetch-Site: "+mark, "Sec-Fetch-Mode: no-cors")
		if known.StatusCode != unknown.StatusCode || fmt.Sprint(known.Header["Cross-Origin-Resource-Policy"]) != fmt.Sprint(unknown.Header["Cross-Origin-Resource-Policy"]) {
			t.Errorf("%s: %s and %s", mark, known.Status, unknown.Status)
		}
	}
}
