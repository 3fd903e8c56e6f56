package store

import (
	"fmt"
	"testing"
)

func TestFailedSessionsOfOneKindLeaveRoomForOthers(t *testing.T) {
	var f FailedSessions
	add := func(client, reason string) {
		f.Add(&FailedSession{Session: Session{Client: client}, Reason: reason})
	}
	add("127.0.0.1:1", "550 No")
	for port := range 10_000 {
		add(fmt.Sprintf("127.0.0.1:%d", port), "a health check")
		add(fmt.Sprintf("[2001:db8::%x]:25", port), "550 No")
	}
	add("[2001:db8:0:1::1]:25", "550 No")
	var got string
	for _, s := range f.List() {
		got += fmt.Sprintf("%s %s %d; ", s.Session.Client, s.Reason, s.Count)
	}
	want := "[2001:db8:0:1::1]:25 550 No 1; [2001:db8::270f]:25 550 No 10000; 127.0.0.1:9999 a health check 10000; 127.0.0.1:1 550 No 1; "
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	f.Clear()
	for i := range MaxFailedSessions + 3 {
		add("unknown", fmt.Sprint(i))
	}
	if list := f.List(); len(list) != MaxFailedSessions || list[0].Reason != "102" || list[99].Reason != "3" {
		t.Errorf("%d are held, of which the last is %q", len(list), list[0].Reason)
	}
}
