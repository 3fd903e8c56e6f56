package message

import (
	"slices"
	"testing"
)

func TestActionsAreTheLinksThatAMailWasSentFor(t *testing.T) {
	for _, test := range []struct {
		name  string
		links []Link
		want  []string
	}{
		{"by its text", []Link{{"https://a.test/", "Home"}, {"https://a.test/x?1", "Verify my email"}}, []string{"https://a.test/x?1"}},
		{"by its URL", []Link{{"https://a.test/reset?token=1", ""}}, []string{"https://a.test/reset?token=1"}},
		{"said before named", []Link{{"https://a.test/login", "Your account"}, {"https://a.test/y", "Passwort zurücksetzen"}}, []string{"https://a.test/y", "https://a.test/login"}},
		{"of an app", []Link{{"myapp://verify?a=1", "Open"}}, []string{"myapp://verify?a=1"}},
		{"no more than two", []Link{{"https://a.test/1", "Accept"}, {"https://a.test/2", "Confirm"}, {"https://a.test/3", "Sign in"}}, []string{"https://a.test/1", "https://a.test/2"}},
		{"in other scripts", []Link{{"https://a.test/1", "パスワードを再設定"}, {"https://a.test/2", "Подтвердить адрес"}}, []string{"https://a.test/1", "https://a.test/2"}},
		{"not to unsubscribe", []Link{{"https://a.test/unsubscribe?token=1", "Unsubscribe"}, {"https://a.test/p", "Confirm your preferences"}}, nil},
		{"not by a host", []Link{{"https://login.a.test/", "Home"}, {"mailto:confirm@a.test", "Confirm"}}, nil},
		{"not within words", []Link{{"https://a.test/p", "Unverified preset"}}, nil},
	} {
		var got []string
		for _, l := range Actions(test.links) {
			got = append(got, l.URL)
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
	}
}
