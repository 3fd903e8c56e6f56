package web

import (
	"fmt"
	"strings"
	"testing"

	"github.com/caddy-mailbucket/mailbucket/guard"
	"github.com/caddy-mailbucket/mailbucket/store"
)

// mailFor is one to recipients, with a login.
func mailFor(login string, recipients ...string) *store.Message {
	m := mail("a@x", "Subject: x\n\nx")
	m.Recipients = recipients
	if login != "" {
		m.Session = &store.Session{AuthIdentity: login}
	}
	return m
}

func TestBoxesAreShownWithTheirUnreadEmails(t *testing.T) {
	read := mailFor("carl", "c@read.test")
	s := newTestSite(t, read, mailFor("ann", "r1@one.test", "R1@One.test"), mailFor("bob", "r1@one.test"), mailFor("ann", "r2@two.test", "nobody", "*@star.test"))
	if _, err := bucketOf(s).Mark(t.Context(), []store.ID{read.ID}, true); err != nil {
		t.Fatal(err)
	}
	body := page(t, s, "/?login=ann")
	at := strings.Index(body, `<details class="menu boxes">`)
	if at < 0 {
		t.Fatalf("no boxes: %s", body)
	}
	menu := strings.ReplaceAll(body[at:at+strings.Index(body[at:], "</details>")], "\n", "")
	badge := func(n int) string { return fmt.Sprintf(` <span class="badge" title="Unread">%d</span></li>`, n) }
	wantIn(t, "the boxes", menu,
		`<h2>By login</h2><ul><li><a href="./?login=ann" aria-current="true" dir="auto">ann</a>`+badge(2)+`<li><a href="./?login=bob" dir="auto">bob</a>`+badge(1)+`<li><a href="./?login=carl" dir="auto">carl</a></li></ul>`,
		`By recipient domain</h2><ul><li><a href="./?recipient=%2A%40two.test" dir="auto">two.test</a>`+badge(1),
		`href="./?recipient=%2A%40one.test" dir="auto">one.test</a>`+badge(2), `href="./?recipient=r1%40one.test" dir="auto">r1@one.test</a>`+badge(2),
		`dir="auto">nobody</a>`)
	if strings.Contains(menu, "%2A%40star.test\" dir=\"auto\">*@") {
		t.Errorf("a name that would be a pattern is a box: %s", menu)
	}
}

func TestBoxesAreBounded(t *testing.T) {
	var mails []*store.Message
	for i := range 3 * maxBoxes {
		mails = append(mails, mailFor("", fmt.Sprintf("r%d@x", i)))
	}
	s := newTestSite(t, mails...)
	body := page(t, s, "/")
	if n := strings.Count(body, `title="Unread">`); n != maxBoxes || strings.Contains(body, "By login") || strings.Contains(body, "By recipient domain") {
		t.Errorf("%d boxes: %s", n, body)
	}
}

func TestConfinedPagesHaveNoBoxesOfOthers(t *testing.T) {
	s := newTestSite(t, mailFor("ann", "a@x"), mailFor("bob", "b@x"))
	b := bucketOf(s)
	login := "ann"
	access := guard.Access{Mail: b.Only(store.Query{Login: &login}, "ann"), User: "ann"}
	one := *s
	one.Bucket, one.user = access.Mail, access.User
	if groups := one.boxGroups(t.Context(), "./", filter{}); groups != nil {
		t.Errorf("%+v", groups)
	}
}
