package rest

import (
	"encoding/json"
	"testing"
)

// The list, the email and its header are read by the same rules.
func TestListAndEmailTellTheSameSubject(t *testing.T) {
	for raw, want := range map[string]string{
		"Subject:\r\nSubject: second\r\n\r\n":                             "",
		"From: a\r\nno field here\r\nSubject: after it\r\nmore":           "after it",
		"Subject: a\r\n \r\nHello\r\n\r\nSubject: b\r\n":                  "a",
		"Dear Bob\r\nSubject: is text":                                    "",
		"Subject: =?utf-8?Q?caf?=\r\n=?utf-8?Q?=C3=A9?=\r\nTo: a\r\n\r\n": "café",
	} {
		a := newTestAPI(t)
		response, body := doBody(t, a, "POST", "/emails?recipient=r@x", raw, "Content-Type", "message/rfc822")
		var listed, whole struct{ Subject string }
		if err := json.Unmarshal([]byte(body), &listed); err != nil || response.StatusCode != 201 {
			t.Fatal(response.Status, err)
		}
		_, body = do(t, a, "GET", "/"+response.Header.Get("Location"))
		if err := json.Unmarshal([]byte(body), &whole); err != nil {
			t.Fatal(err)
		}
		all, _ := bucketOf(a).Get(bucketOf(a).Newest())
		if listed.Subject != want || whole.Subject != want || a.contents.Mail(all).Parsed().Subject() != want {
			t.Errorf("%q: listed %q, email %q, want %q", raw, listed.Subject, whole.Subject, want)
		}
	}
}
