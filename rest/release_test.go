package rest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/caddy-mailbucket/mailbucket/release/outlettest"
	"github.com/caddy-mailbucket/mailbucket/release/releasetest"
	"github.com/caddy-mailbucket/mailbucket/smtp"
	"github.com/caddy-mailbucket/mailbucket/store"
)

// newReleasingAPI makes an API whose emails may be released to ours.test through the relay.
func newReleasingAPI(t *testing.T, r *releasetest.Relay, mails ...*store.Message) *API {
	t.Helper()
	a := newTestAPI(t, mails...)
	a.outlet = outlettest.New(t, bucketOf(a), r, 5)
	a.who = func(r *http.Request) string { return r.Header.Get("X-User") }
	return a
}

func TestRelease(t *testing.T) {
	relay := releasetest.NewRelay(t, nil)
	if err := relay.Faults.Configure([]smtp.Fault{
		{Step: "rcpt", Recipient: "gone@*", Reply: "550 5.1.1 No such user"}, {Step: "rcpt", Recipient: "busy@*", Reply: "451 4.2.1 Later"},
	}); err != nil {
		t.Fatal(err)
	}
	m, bad := mail("a@x", "b@x", "Subject: one\r\n\r\nx\r\n"), mail("a@x", "c@x", "Subject: two\r\n\r\nx\ry\r\n")
	a := newReleasingAPI(t, relay, m, bad)
	path := "/emails/" + m.ID.String() + "/release"
	for _, test := range []struct {
		method, path, body string
		status             int
		answer             string
	}{
		{"GET", path, "", 405, "expected OPTIONS, POST"},
		{"POST", "/emails/" + strings.Repeat("1", 32) + "/release", `{"to":["ann@ours.test"]}`, 404, "no email 1111"},
		{"POST", "/emails/latest/release?recipient=none@x", `{"to":["ann@ours.test"]}`, 404, "no email that is held matches"},
		{"POST", path, ``, 400, `expected a body such as {\"to\":[\"ann@example.com\"]}: EOF`},
		{"POST", path, `{}`, 400, `to is missing`},
		{"POST", path, `{"to":[]}`, 400, `there is no address`},
		{"POST", path, `{"to":"ann@ours.test"}`, 400, `expected a body`},
		{"POST", path, `{"to":["ann@ours.test"],"host":"evil.example"}`, 400, `unknown field \"host\"`},
		{"POST", path, `{"to":["ann@ours.test"]} x`, 400, `there is more after it`},
		{"POST", path, `{"to":["ann"]}`, 400, `expected a plain address`},
		{"POST", path, `{"to":["ann@ours.test\r\nRCPT TO:<x@evil.example>"]}`, 400, `expected a plain address`},
		{"POST", path, `{"to":["ann@ours.test","ann@evil.example"]}`, 403, `*@ours.test`},
		{"POST", path, `{"to":["` + strings.Repeat("x", maxReleaseDocument) + `"]}`, 413, `larger than 64 KiB`},
		{"POST", "/emails/" + bad.ID.String() + "/release", `{"to":["ann@ours.test"]}`, 422, `bare CR`},
		{"POST", path, `{"to":["gone@ours.test"]}`, 502, `550 5.1.1 No such user`},
		{"POST", path, `{"to":["busy@ours.test"]}`, 503, `451 4.2.1 Later`},
		{"POST", path, `{"to":["ann@OURS.test"]}`, 202, `"by":"tester","sender":"bucket@ours.test","to":["ann@ours.test"],"messageId":"<`},
		{"POST", "/emails/latest/release?recipient=b@x", `{"to":["ann@ours.test","bob@ours.test"]}`, 202, `"to":["ann@ours.test","bob@ours.test"]`},
		{"POST", path, `{"to":["ann@ours.test"]}`, 429, `no more than 5 emails a minute`},
	} {
		response, answer := doBody(t, a, test.method, test.path, test.body, "X-User", "tester")
		if response.StatusCode != test.status || !strings.Contains(answer, test.answer) {
			t.Errorf("%s %s %.100s: %d %s, want %d %s", test.method, test.path, test.body, response.StatusCode, answer, test.status, test.answer)
		}
	}
	got := relay.Mails()
	if len(got) != 2 || !strings.HasSuffix(got[0].Data, ">\r\n"+m.Raw) || fmt.Sprint(got[1].Recipients) != "[ann@ours.test bob@ours.test]" {
		t.Errorf("the relay got %+v", got)
	}
}

func TestReleasesAreShownWithTheEmail(t *testing.T) {
	relay := releasetest.NewRelay(t, nil)
	m := mail("a@x", "b@x", "Subject: one\r\n\r\nx\r\n")
	a := newReleasingAPI(t, relay, m)
	path := "/emails/" + m.ID.String()
	response, before := do(t, a, "GET", path)
	if !strings.HasSuffix(before, `,"releases":[],"read":false}`+"\n") {
		t.Errorf("before: %s", before)
	}
	tag := response.Header.Get("ETag")
	for _, user := range []string{"ann", "b\"ob\r\n"} {
		if response, answer := doBody(t, a, "POST", path+"/release", `{"to":["ann@ours.test"]}`, "X-User", user); response.StatusCode != 202 {
			t.Fatal(answer)
		}
	}
	response, after := do(t, a, "GET", path, "If-None-Match", tag)
	var answer struct{ Releases []releaseAnswer }
	if err := json.Unmarshal([]byte(after), &answer); err != nil || response.StatusCode != 200 {
		t.Fatalf("%d %v: %s", response.StatusCode, err, after)
	}
	if got := answer.Releases; len(got) != 2 || got[0].By != "ann" || got[1].By != `b"ob` || got[0].MessageID == got[1].MessageID || got[0].At < m.Arrived {
		t.Errorf("releases: %+v", got)
	}
	if response, _ := do(t, a, "GET", path, "If-None-Match", response.Header.Get("ETag")); response.StatusCode != 304 {
		t.Errorf("the same again: %d", response.StatusCode)
	}
}

func TestReleaseThatIsNotConfigured(t *testing.T) {
	m := mail("a@x", "b@x", "Subject: one\r\n\r\nx\r\n")
	a := newTestAPI(t, m)
	for _, path := range []string{"/emails/" + m.ID.String() + "/release", "/emails/latest/release"} {
		if response, answer := doBody(t, a, "POST", path, `{"to":["ann@ours.test"]}`); response.StatusCode != 404 || !strings.Contains(answer, "release is not configured") {
			t.Errorf("%s: %d %s", path, response.StatusCode, answer)
		}
	}
}

func TestOtherSitesReleaseNothing(t *testing.T) {
	relay := releasetest.NewRelay(t, nil)
	m := mail("a@x", "b@x", "Subject: one\r\n\r\nx\r\n")
	a := newReleasingAPI(t, relay, m)
	for _, header := range [][]string{{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "https://evil.example"}, {"Origin", "null"}} {
		response, answer := doBody(t, a, "POST", "/emails/"+m.ID.String()+"/release", `{"to":["ann@ours.test"]}`, header...)
		if response.StatusCode != 403 || len(relay.Mails()) != 0 {
			t.Errorf("%v: %d %s", header, response.StatusCode, answer)
		}
	}
}
