package peers

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// TestMailHogItems compares items with those that MailHog itself returned for the same
// mails, except for its own name and for what in its items is not a part of the mail.
func TestMailHogItems(t *testing.T) {
	p := newPeer(t)
	files, err := filepath.Glob("testdata/mailhog/*.eml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no mails: %v", err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		golden, err := os.ReadFile(strings.TrimSuffix(file, ".eml") + ".json")
		if err != nil {
			t.Fatal(err)
		}
		id := p.add("a@b.test", []string{"team@example.org", "x@example.org"}, string(raw))
		response, answer := p.ask("GET", "/api/v1/messages/"+id, "")
		if response.StatusCode != http.StatusOK {
			t.Errorf("%s: %s", file, response.Status)
			continue
		}
		var item, want map[string]any
		if err := json.Unmarshal(golden, &want); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(strings.ReplaceAll(answer, id, "ID")), &item); err != nil {
			t.Fatalf("%s: %v\n%s", file, err, answer)
		}
		item["Created"] = "TIME"
		received := item["Content"].(map[string]any)["Headers"].(map[string]any)["Received"].([]any)
		last := received[len(received)-1].(string)
		received[len(received)-1], _, _ = strings.Cut(last, ";")
		if !reflect.DeepEqual(item, want) {
			t.Errorf("%s:\n%s\nwant\n%s", file, answer, golden)
		}
	}
}

func TestMailHogLists(t *testing.T) {
	p := newPeer(t)
	p.add("app@example.com", []string{"anna@example.org"}, "From: App <app@example.com>\nTo: undisclosed\nSubject: first\n\nHello =C3=BC\n")
	p.add("other@example.com", []string{"ben@example.org"}, "From: Shop <shop@example.com>\nTo: Anna <x@y.test>\nSubject: second\nX-Long: one\n two\n\nGRÜSSE\n")
	for _, test := range []struct {
		path         string
		total, start int
		subjects     string
	}{
		{"messages", 2, 0, "second first"},
		{"messages?limit=1", 2, 0, "second"},
		{"messages?start=1&limit=1", 2, 1, "first"},
		{"messages?start=7", 2, 7, ""},
		{"messages?start=-1&limit=-1&kind=x", 2, 0, "second first"},
		{"messages?start=x&limit=0", 2, 0, "second first"},
		{"search?kind=from&query=APP@", 1, 0, "first"},
		{"search?kind=from&query=shop", 1, 0, "second"},
		{"search?kind=from&query=nobody", 0, 0, ""},
		{"search?kind=to&query=anna", 2, 0, "second first"},
		{"search?kind=to&query=anna&limit=1", 2, 0, "second"},
		{"search?kind=to&query=ben@example.org", 1, 0, "second"},
		{"search?kind=containing&query=hello", 1, 0, "first"},
		{"search?kind=containing&query=%C3%BC", 1, 0, "second"},
		{"search?kind=containing&query=one+TWO", 1, 0, "second"},
		{"search?kind=containing&query=nothing", 0, 0, ""},
	} {
		response, answer := p.ask("GET", "/api/v2/"+test.path, "")
		var list struct {
			Total, Count, Start int
			Items               []struct {
				Content struct{ Headers map[string][]string }
			}
		}
		if err := json.Unmarshal([]byte(answer), &list); err != nil || response.StatusCode != http.StatusOK || list.Items == nil {
			t.Errorf("%s: %s (%v): %s", test.path, response.Status, err, answer)
			continue
		}
		var subjects []string
		for _, item := range list.Items {
			subjects = append(subjects, item.Content.Headers["Subject"][0])
		}
		if got := strings.Join(subjects, " "); got != test.subjects || list.Total != test.total || list.Start != test.start || list.Count != len(subjects) {
			t.Errorf("%s: %d %d %d %s, want %d, %d: %s", test.path, list.Total, list.Count, list.Start, got, test.total, test.start, test.subjects)
		}
	}
	for _, query := range []string{"", "?kind=to", "?kind=to&query=", "?kind=body&query=x", "?query=x", "?kind=to&query=" + strings.Repeat("x", maxPath+1)} {
		if response, answer := p.ask("GET", "/api/v2/search"+query, ""); response.StatusCode != http.StatusBadRequest || answer == "" {
			t.Errorf("%.40s: %s %s", query, response.Status, answer)
		}
	}
}

func TestMailHogMessages(t *testing.T) {
	p := newPeer(t)
	id := p.add("a@b.test", []string{"c@d.test"}, "Subject: x\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\ntext\n--b\n"+
		"Content-Type: application/octet-stream\nContent-Disposition: attachment; filename=\"\u00fc.bin\"\nContent-Transfer-Encoding: base64\n\nAP8=\n--b--\n")
	at := "/api/v1/messages/" + id
	for _, test := range []struct {
		method, path string
		status       int
		body         string
		field        string // that the answer has, as "Name: value"
	}{
		{"GET", at + "/mime/part/0/download", 200, "text", "Content-Type: text/plain"},
		{"GET", at + "/mime/part/1/download", 200, "\x00\xff", "Content-Disposition: attachment; filename=\"_.bin\"; filename*=UTF-8''%C3%BC.bin"},
		{"GET", at + "/mime/part/1/download", 200, "\x00\xff", "Content-Security-Policy: sandbox; default-src 'none'; frame-ancestors 'none'"},
		{"GET", at + "/mime/part/2/download", 404, "", ""},
		{"GET", at + "/mime/part/-1/download", 404, "", ""},
		{"GET", at + "/download", 200, "", "Content-Disposition: attachment; filename=\"" + id + ".eml\""},
		{"GET", strings.Replace(at, "0", "%30", 1), 200, "", "Content-Type: application/json"},
		{"HEAD", at, 200, "", "Content-Type: application/json"},
		{"GET", "/api/v1/messages/0123456789abcdef0123456789abcdef", 404, "", ""},
		{"GET", "/api/v1/messages/nothing", 404, "", ""},
		{"POST", at + "/release", 400, "", ""},
		{"POST", "/api/v1/messages/nothing/release", 404, "", ""},
		{"GET", "/api/v2/outgoing-smtp", 200, "{}\n", "Content-Type: application/json"},
		{"PUT", at, 405, "", "Allow: DELETE, GET, HEAD, OPTIONS"},
		{"DELETE", at, 200, "", ""},
		{"DELETE", at, 404, "", ""},
	} {
		response, answer := p.ask(test.method, test.path, `{"host":"127.0.0.1","port":"25","email":"a@b.test"}`)
		name, value, _ := strings.Cut(test.field, ": ")
		if response.StatusCode != test.status || test.body != "" && answer != test.body || name != "" && response.Header.Get(name) != value {
			t.Errorf("%s %s: %s %q %v", test.method, test.path, response.Status, answer, response.Header)
		}
		if test.method == "DELETE" && answer != "" {
			t.Errorf("the answer to DELETE has a body: %q", answer)
		}
	}
}

// TestMailHogListsThatFailEndTheConnection asks as a browser over plain HTTP does, which gets
// the header section before the search.
func TestMailHogListsThatFailEndTheConnection(t *testing.T) {
	p := newPeer(t)
	p.bucket.Close()
	request := must(http.NewRequest("GET", p.url+"/api/v2/messages", nil))
	if response, body := p.ask("GET", "/api/v2/messages", ""); response.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("a program gets %d %s", response.StatusCode, body)
	}
	request.Header.Set("User-Agent", "Mozilla/5.0")
	request.Header.Set("Accept-Language", "en")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return // it ended before anything came
	}
	defer response.Body.Close()
	if body, err := io.ReadAll(response.Body); err == nil {
		t.Errorf("a browser gets %d %s", response.StatusCode, body)
	}
}

// TestMailHogRefusesPagesOfOtherSites sends requests as a browser does for a page of
// another site.
func TestMailHogRefusesPagesOfOtherSites(t *testing.T) {
	p := newPeer(t)
	id := p.add("a@b.test", []string{"c@d.test"}, "Subject: x\n\ny\n")
	for _, call := range []string{"GET /api/v2/messages", "GET /api/v2/search?kind=to&query=c", "GET /api/v1/messages/" + id, "DELETE /api/v1/messages/" + id} {
		method, path, _ := strings.Cut(call, " ")
		if response, _ := p.ask(method, path, "", "Sec-Fetch-Site: cross-site", "Origin: https://evil.test"); response.StatusCode != http.StatusForbidden {
			t.Errorf("%s: %s", call, response.Status)
		}
	}
}

// TestMailHogItemsAreBounded has nested multiparts: the body of each contains all inner
// ones again.
func TestMailHogItemsAreBounded(t *testing.T) {
	p := newPeer(t)
	var raw strings.Builder
	raw.WriteString("Content-Type: multipart/mixed; boundary=b0\n\n")
	for i := range 40 {
		raw.WriteString("--b" + string(rune('0'+i)) + "\nContent-Type: multipart/mixed; boundary=b" + string(rune('1'+i)) + "\n\n")
	}
	raw.WriteString(strings.Repeat("x\n", 50_000))
	id := p.add("a@b.test", []string{"c@d.test"}, raw.String())
	_, answer := p.ask("GET", "/api/v1/messages/"+id, "")
	var item map[string]any
	if err := json.Unmarshal([]byte(answer), &item); err != nil || len(answer) > (maxNesting+2)*5*raw.Len() {
		t.Errorf("%d bytes of a mail of %d: %v", len(answer), raw.Len(), err)
	}
}
