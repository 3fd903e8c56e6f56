package store

import (
	"fmt"
	"testing"
)

// loggedIn is a mail of a client that was logged in.
func loggedIn(login, sender string, recipients ...string) *Message {
	m := mail(sender, recipients...)
	m.Session = &Session{AuthIdentity: login}
	return m
}

func TestFloodInOneBoxLeavesTheOthers(t *testing.T) {
	flood := func(i int) *Message { return loggedIn("Bob", fmt.Sprint("b", i), fmt.Sprintf("r%d@x", i)) }
	for name, test := range map[string]struct {
		limits Limits
		flood  func(i int) *Message
		want   string
	}{
		"no limit of boxes":        {Limits{MaxMessages: 4}, flood, "b6 b7 b8 b9"},
		"of a login":               {Limits{MaxMessages: 4, PerBox: BoxLimits{Login: 2}}, flood, "1 2 b8 b9"},
		"of those without a login": {Limits{MaxMessages: 4, PerBox: BoxLimits{Login: 1}}, func(i int) *Message { return mail(fmt.Sprint("n", i), "r@x") }, "2 n9"},
		"of a recipient": {Limits{MaxMessages: 4, PerBox: BoxLimits{Recipient: 2}}, func(i int) *Message {
			return mail(fmt.Sprint("s", i), []string{"flood@x", "FLOOD@x"}[i%2], fmt.Sprintf("r%d@x", i))
		}, "1 2 s8 s9"},
		"of a sender":           {Limits{MaxMessages: 4, PerBox: BoxLimits{Sender: 1}}, func(int) *Message { return mail("s", "r@x") }, "1 2 s"},
		"of the null sender":    {Limits{MaxMessages: 4, PerBox: BoxLimits{Sender: 1}}, func(int) *Message { return mail("", "r@x") }, "1 2 "},
		"which they also reach": {Limits{PerBox: BoxLimits{Recipient: 3}}, func(i int) *Message { return mail(fmt.Sprint("s", i), "ann@x") }, "s7 s8 s9"},
	} {
		t.Run(name, func(t *testing.T) {
			b := New(test.limits)
			mustAppend(t, b, loggedIn("ann", "1", "ann@x"))
			mustAppend(t, b, loggedIn("ann", "2", "ann@x"))
			for i := range 10 {
				mustAppend(t, b, test.flood(i))
			}
			if got := everything(t, b); got != test.want {
				t.Errorf("held: %q, want %q", got, test.want)
			}
		})
	}
}

func TestLowerLimitsOfBoxesEvictAtOnce(t *testing.T) {
	b := New(Limits{})
	for i := range 3000 {
		mustAppend(t, b, mail(fmt.Sprint(i), fmt.Sprintf("r%d@x", i%3)))
	}
	b.SetLimits(Limits{PerBox: BoxLimits{Recipient: 2}})
	if got := everything(t, b); got != "2994 2995 2996 2997 2998 2999" {
		t.Errorf("held: %s", got)
	}
	b.SetLimits(Limits{})
	mustAppend(t, b, mail("more", "r0@x"))
	if s := b.Stats(); s.Messages != 7 || s.Evicted != 2994 || s.Replaced != s.Freed {
		t.Errorf("%+v", s)
	}
}

// TestManyRecipientsWhoseBoxesAreFull has mails that are in a thousand boxes each, and go as
// soon as one of the boxes has no room for them.
func TestManyRecipientsWhoseBoxesAreFull(t *testing.T) {
	const n = 1000
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf("r%d@x", i))
	}
	b := New(Limits{PerBox: BoxLimits{Recipient: 3}})
	for range 3 {
		mustAppend(t, b, mail("old", all...))
	}
	for i := range 10 {
		mustAppend(t, b, mail(fmt.Sprint("single", i), all[i]))
	}
	mustAppend(t, b, mail("new", all...))
	want := "old single0 single1 single2 single3 single4 single5 single6 single7 single8 single9 new"
	if got := everything(t, b); got != want {
		t.Errorf("held: %s, want %s", got, want)
	}
}

func TestFindByLogin(t *testing.T) {
	b := New(Limits{})
	for _, login := range []string{"ann", "Ann", "bob", ""} {
		mustAppend(t, b, loggedIn(login, "by "+login, "r@x"))
	}
	mustAppend(t, b, mail("by nobody", "r@x"))
	for login, want := range map[string]int{"ANN": 2, "bob": 1, "": 2, "an": 0} {
		if n := mustFind(t, b, Query{Login: &login}).Total; n != want {
			t.Errorf("%q has %d, want %d", login, n, want)
		}
	}
}
