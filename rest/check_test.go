package rest

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/caddy-mailbucket/mailbucket/check"
)

func TestCheck(t *testing.T) {
	a := newTestAPI(t)
	raw := "From: a@b.test\r\nList-Id: <x>\r\nContent-Type: text/html\r\n\r\n<p style='display: grid'><img src=cid:none>"
	created, _ := doBody(t, a, "POST", "/emails?recipient=r@x", raw, "Content-Type", "message/rfc822")
	path := "/" + created.Header.Get("Location") + "/check"
	response, body := do(t, a, "GET", path)
	var report check.Report
	if err := json.Unmarshal([]byte(body), &report); err != nil || response.StatusCode != 200 {
		t.Fatal(response.Status, err, body)
	}
	for _, code := range []check.Code{"missing-field", "html-only", "missing-inline-part", check.UnsubscribeMissing, check.AltMissing} {
		if !slices.ContainsFunc(report.Findings, func(f check.Finding) bool { return f.Code == code }) {
			t.Errorf("no %s in %+v", code, report.Findings)
		}
	}
	if s := report.Support; s == nil || !slices.ContainsFunc(s.Features, func(u check.Use) bool {
		return u.Slug == "css-display-grid" && u.Unsupported == len(u.UnsupportedBy) && u.Unsupported > 0
	}) {
		t.Errorf("support is %+v", s)
	}
	if again, _ := do(t, a, "GET", path, "If-None-Match", response.Header.Get("ETag")); again.StatusCode != 304 {
		t.Errorf("a client that has the report got %s", again.Status)
	}
	if head, empty := do(t, a, "HEAD", path); head.StatusCode != 200 || empty != "" || head.Header.Get("ETag") != response.Header.Get("ETag") {
		t.Errorf("HEAD got %s, %v, %q", head.Status, head.Header, empty)
	}
	if _, latest := do(t, a, "GET", "/emails/latest/check"); latest != body {
		t.Errorf("latest has %s", latest)
	}
	if missing, _ := do(t, a, "GET", "/emails/00000000000000000000000000000000/check"); missing.StatusCode != 404 {
		t.Errorf("an email that is not held got %s", missing.Status)
	}
}

// Text without HTML has no support to speak of.
func TestCheckOfText(t *testing.T) {
	a := newTestAPI(t)
	doBody(t, a, "POST", "/emails?recipient=r@x", "Subject: x\r\n\r\nhello\r\n", "Content-Type", "message/rfc822")
	_, body := do(t, a, "GET", "/emails/latest/check")
	var report struct{ Support *check.ClientSupport }
	if err := json.Unmarshal([]byte(body), &report); err != nil || report.Support != nil {
		t.Error(err, body)
	}
}
