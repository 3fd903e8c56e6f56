package rest

import (
	"testing"

	"github.com/caddy-mailbucket/mailbucket/store"
)

func TestSessionsWithoutMailAreListedAndForgotten(t *testing.T) {
	a := newTestAPI(t)
	if _, body := do(t, a, "GET", "/sessions"); body != `{"results":[]}`+"\n" {
		t.Errorf("of none: %s", body)
	}
	for _, reason := range []string{"550 No", "the client closed the connection", "550 No"} {
		a.failed.Add(&store.FailedSession{
			Session: store.Session{Client: "127.0.0.1:1", Hello: "x", Extended: true, AuthMechanism: "PLAIN", AuthIdentity: "u"},
			Began:   1, Ended: 2, Reason: reason, Transcript: "S: 220 x\nC: QUIT\n",
		})
	}
	const client = `"client":"127.0.0.1:1","hello":"x","extended":true,"auth":{"mechanism":"PLAIN","identity":"u"},"transcript":["S: 220 x","C: QUIT"]}`
	want := `{"results":[{"began":1,"ended":2,"reason":"550 No","count":2,` + client +
		`,{"began":1,"ended":2,"reason":"the client closed the connection","count":1,` + client + "]}\n"
	if _, body := do(t, a, "GET", "/sessions"); body != want {
		t.Errorf("got  %s\nwant %s", body, want)
	}
	if response, _ := do(t, a, "DELETE", "/sessions"); response.StatusCode != 204 || len(a.failed.List()) != 0 {
		t.Errorf("%d, and %d are held", response.StatusCode, len(a.failed.List()))
	}
}
