package rest

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/caddy-mailbucket/mailbucket/store"
)

func TestMarksAreSetByPatchOnly(t *testing.T) {
	first, second := mail("a@x", "b@x", "Subject: one\r\n\r\n"), mail("a@x", "c@x", "Subject: two\r\n\r\n")
	a := newTestAPI(t, first, second)
	path := "/emails/" + first.ID.String()
	for _, part := range []string{"", "/text", "/raw", "/headers"} {
		do(t, a, "GET", path+part)
	}
	for _, test := range []struct {
		method, path, body string
		status             int
		answer             string
		unread             int
	}{
		{"GET", path, "", 200, `"read":false}`, 2},
		{"PATCH", path, `{"read":true}`, 204, "", 1},
		{"PATCH", path, `{"read":true}`, 204, "", 1},
		{"GET", path, "", 200, `"read":true}`, 1},
		{"GET", "/emails?read=true", "", 200, `"totalResults":1`, 1},
		{"GET", "/emails?read=false&q=is:unread", "", 200, `"totalResults":1`, 1},
		{"PATCH", "/emails?recipient=c@x", ` {"read":true} `, 200, `{"changed":1}`, 0},
		{"PATCH", "/emails?q=two", `{"read":false}`, 200, `{"changed":1}`, 1},
		{"PATCH", "/emails", `{"read":false}`, 200, `{"changed":1}`, 2},
		{"PATCH", "/emails/latest?recipient=b@x", `{"read":true}`, 204, "", 1},
		{"PATCH", "/emails?read=false", `{"read":true}`, 200, `{"changed":1}`, 0},
		{"PATCH", "/emails/latest?recipient=none@x", `{"read":true}`, 404, "no email that is held matches", 0},
		{"PATCH", "/emails/" + strings.Repeat("1", 32), `{"read":true}`, 404, "no email 1111", 0},
		{"PATCH", path, ``, 400, `expected a body such as {\"read\":true}: EOF`, 0},
		{"PATCH", path, `{}`, 400, `read is missing`, 0},
		{"PATCH", path, `{"read":"no"}`, 400, `expected a body`, 0},
		{"PATCH", path, `{"read":null}`, 400, `read is missing`, 0},
		{"PATCH", path, `{"read":false,"seen":true}`, 400, `unknown field \"seen\"`, 0},
		{"PATCH", path, `{"read":false}{}`, 400, `there is more after it`, 0},
		{"PATCH", "/emails?limit=1", `{"read":false}`, 400, `"parameter":"limit"`, 0},
		{"PATCH", "/emails?read=maybe", `{"read":false}`, 400, `"parameter":"read"`, 0},
		{"PATCH", "/emails", strings.Repeat(" ", maxChangeDocument) + `{"read":false}`, 413, `larger than 1 MiB`, 0},
		{"PATCH", path + "/text", `{"read":false}`, 405, `PATCH is not allowed here`, 0},
	} {
		response, answer := doBody(t, a, test.method, test.path, test.body)
		if response.StatusCode != test.status || !strings.Contains(answer, test.answer) {
			t.Errorf("%s %s %.50s: %d %s, want %d %s", test.method, test.path, test.body, response.StatusCode, answer, test.status, test.answer)
		}
		if n := bucketOf(a).Stats().Unread; n != test.unread {
			t.Errorf("%s %s %.50s: %d are unread, want %d", test.method, test.path, test.body, n, test.unread)
		}
	}
}

func TestMarkChangesTheEntityTag(t *testing.T) {
	m := mail("a@x", "b@x", "Subject: one\r\n\r\n")
	a := newTestAPI(t, m)
	path := "/emails/" + m.ID.String()
	response, _ := do(t, a, "GET", path)
	old := response.Header.Get("ETag")
	if response, _ = do(t, a, "GET", path, "If-None-Match", old); response.StatusCode != http.StatusNotModified {
		t.Errorf("unread: %d", response.StatusCode)
	}
	bucketOf(a).Mark(t.Context(), []store.ID{m.ID}, true)
	response, body := do(t, a, "GET", path, "If-None-Match", old)
	marked := response.Header.Get("ETag")
	if response.StatusCode != http.StatusOK || marked == old || !strings.Contains(body, `"read":true`) {
		t.Errorf("read: %d %s %s", response.StatusCode, marked, body)
	}
	if response, _ = do(t, a, "HEAD", path, "If-None-Match", old); response.StatusCode != http.StatusOK || response.Header.Get("ETag") != marked {
		t.Errorf("HEAD: %v", response)
	}
	bucketOf(a).Mark(t.Context(), []store.ID{m.ID}, false)
	if response, _ = do(t, a, "GET", path, "If-None-Match", old); response.StatusCode != http.StatusNotModified {
		t.Errorf("unread again: %d", response.StatusCode)
	}
}

func TestDeleteByIDs(t *testing.T) {
	var mails []*store.Message
	for range 5 {
		mails = append(mails, mail("a@x", "b@x", "Subject: one\r\n\r\n"))
	}
	a := newTestAPI(t, mails...)
	id := func(i int) string { return mails[i].ID.String() }
	for _, test := range []struct {
		query, body string
		status      int
		answer      string
		left        int
	}{
		{"", `{"ids":["` + id(0) + `","` + strings.ToUpper(id(1)) + `","` + id(0) + `","` + strings.Repeat("2", 32) + `"]}`, 200, `{"deleted":2}`, 3},
		{"", `{"ids":[]}`, 200, `{"deleted":0}`, 3},
		{"", `{}`, 400, "there are no ids", 3},
		{"", `null`, 400, "there are no ids", 3},
		{"", `{"ids":null}`, 400, "there are no ids", 3},
		{"", `{"ids":["` + id(2) + `","all"]}`, 400, "32 hexadecimal digits", 3},
		{"", `{"ids":["` + id(2) + `"],"all":true}`, 400, "unknown field", 3},
		{"", `{"IDs":["` + id(2) + `"]} x`, 400, "expected a body", 3},
		{"", `["` + id(2) + `"]`, 400, "expected a body", 3},
		{"", `ids=` + id(2), 400, "expected a body", 3},
		{"", ` `, 400, "expected a body", 3},
		{"?recipient=b@x", `{"ids":["` + id(2) + `"]}`, 400, "not both", 3},
		{"", `{"ids":["` + id(2) + `"` + strings.Repeat(" ", maxChangeDocument) + `]}`, 413, "larger than 1 MiB", 3},
		{"?recipient=c@x", "", 200, `{"deleted":0}`, 3},
		{"", `{"ids":["` + id(4) + `"]}`, 200, `{"deleted":1}`, 2},
		{"", "", 200, `{"deleted":2}`, 0},
	} {
		response, answer := doBody(t, a, "DELETE", "/emails"+test.query, test.body)
		if left := bucketOf(a).Stats().Messages; response.StatusCode != test.status || !strings.Contains(answer, test.answer) || left != test.left {
			t.Errorf("%s %.80s: %d %s, %d are left, want %d %s %d", test.query, test.body, response.StatusCode, answer, left, test.status, test.answer, test.left)
		}
	}
}

func TestPagesOfWelcomeOriginsMayMark(t *testing.T) {
	a := newAPIOf(t, store.New(store.Limits{}), "https://app.test")
	for _, path := range []string{"/emails", "/emails/" + strings.Repeat("1", 32)} {
		response, _ := do(t, a, "OPTIONS", path, "Origin", "https://app.test", "Access-Control-Request-Method", "PATCH")
		if got := response.Header.Get("Access-Control-Allow-Methods"); !strings.Contains(got, "PATCH") {
			t.Errorf("%s: %s", path, got)
		}
		response, _ = do(t, a, "PATCH", path, "Origin", "https://other.test", "Sec-Fetch-Site", "cross-site")
		if response.StatusCode != http.StatusForbidden {
			t.Errorf("%s from another site: %s", path, fmt.Sprint(response.StatusCode))
		}
	}
}
