package rest

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/caddy-mailbucket/mailbucket/store"
)

// readMbox reads a file of the form mboxrd: a line that begins with "From ", behind an
// empty one or at the beginning, begins an email.
func readMbox(file string) (froms, mails []string) {
	emptyBefore := true
	for line := range strings.Lines(file) {
		if emptyBefore && strings.HasPrefix(line, "From ") {
			froms, mails = append(froms, strings.TrimSuffix(line, "\n")), append(mails, "")
		} else {
			if strings.HasPrefix(strings.TrimLeft(line, ">"), "From ") {
				line = line[1:]
			}
			mails[len(mails)-1] += line
		}
		emptyBefore = line == "\n"
	}
	for i := range mails {
		mails[i] = strings.TrimSuffix(mails[i], "\n")
	}
	return froms, mails
}

func TestMbox(t *testing.T) {
	raws := []string{
		"Subject: one\r\n\r\nFrom here on\r\n>From quoted\r\nfrom small\r\n From a blank\r\n",
		"From someone Mon Jan  2 15:04:05 2006\nSubject: two\n\nno end",
		"",
		"Subject: four\r\n\r\nends in\r\nempty lines\r\n\r\n\r\n\r\nFrom the end",
	}
	want := []string{
		"Subject: one\n\nFrom here on\n>From quoted\nfrom small\n From a blank\n",
		"From someone Mon Jan  2 15:04:05 2006\nSubject: two\n\nno end\n",
		"",
		"Subject: four\n\nends in\nempty lines\n\n\n\nFrom the end\n",
	}
	a := newTestAPI(t)
	for i, raw := range raws {
		if err := bucketOf(a).Append(t.Context(), mail([]string{"a b@x", "", "s@x", "s@x"}[i], strconv.Itoa(i)+"@x", raw)); err != nil {
			t.Fatal(err)
		}
	}
	response, file := do(t, a, "GET", "/emails.mbox")
	if got := response.Header; got.Get("Content-Type") != "application/mbox" || got.Get("Content-Disposition") != `attachment; filename="emails.mbox"` || got.Get("Cache-Control") != "no-store" {
		t.Errorf("%v", got)
	}
	page, err := bucketOf(a).Find(t.Context(), store.Query{Ascending: true, Limit: 10})
	if err != nil {
		t.Fatal(err)
	}
	froms, mails := readMbox(file)
	if len(mails) != len(want) {
		t.Fatalf("%d mails:\n%s", len(mails), file)
	}
	for i, sender := range []string{"a_b@x", "MAILER-DAEMON", "s@x", "s@x"} {
		if from := "From " + sender + " " + page.Messages[i].Time().UTC().Format("Mon Jan _2 15:04:05 2006"); froms[i] != from {
			t.Errorf("%q, want %q", froms[i], from)
		}
		if mails[i] != want[i] {
			t.Errorf("mail %d: %q, want %q", i, mails[i], want[i])
		}
	}
	for query, n := range map[string]int{"?sender=s@x": 2, "?recipient=0@x": 1, "?q=empty": 1, "?recipient=none@x": 0, "?subject=o&recipient=*@x": 3} {
		if response, file := do(t, a, "GET", "/emails.mbox"+query); response.StatusCode != http.StatusOK || strings.Count("\n\n"+file, "\n\nFrom ") < n || (file == "") != (n == 0) {
			t.Errorf("%s: %d mails of\n%s", query, n, file)
		}
	}
	if response, body := do(t, a, "GET", "/emails.mbox?limit=1"); response.StatusCode != http.StatusBadRequest {
		t.Errorf("limit: %d %s", response.StatusCode, body)
	}
	if response, body := do(t, a, "HEAD", "/emails.mbox"); response.StatusCode != http.StatusOK || body != "" {
		t.Errorf("HEAD: %d %q", response.StatusCode, body)
	}
}

// TestMboxIsStreamed has emails come and go while a file is sent: those that have gone
// are left out, as are those that came after it was asked for.
func TestMboxIsStreamed(t *testing.T) {
	a := newTestAPI(t)
	const n = 100
	large := strings.Repeat(strings.Repeat("x", 998)+"\r\n", 1000)
	for i := range n {
		if err := bucketOf(a).Append(t.Context(), mail("s@x", "r@x", "Subject: "+strconv.Itoa(i)+"\r\n\r\n"+large)); err != nil {
			t.Fatal(err)
		}
	}
	response, err := http.Get(serveAPI(t, a).URL + "/emails.mbox?subject=0")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	head := make([]byte, 1000) // the connection holds less than what is left
	if _, err := io.ReadFull(response.Body, head); err != nil {
		t.Fatal(err)
	}
	page, err := bucketOf(a).Find(t.Context(), store.Query{Limit: 5})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range page.Messages {
		bucketOf(a).Delete(t.Context(), m.ID)
	}
	for _, i := range []int{90, 80} {
		gone, err := bucketOf(a).Find(t.Context(), store.Query{Ascending: true, Offset: i, Limit: 1})
		if err != nil {
			t.Fatal(err)
		}
		if deleted, err := bucketOf(a).Delete(t.Context(), gone.Messages[0].ID); err != nil || !deleted {
			t.Fatal(deleted, err)
		}
	}
	if err := bucketOf(a).Append(t.Context(), mail("s@x", "r@x", "Subject: 1000\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	rest, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	var subjects []string
	for line := range strings.Lines(string(head) + string(rest)) {
		if subject, ok := strings.CutPrefix(line, "Subject: "); ok {
			subjects = append(subjects, strings.TrimSpace(subject))
		}
	}
	if got := strings.Join(subjects, " "); got != "0 10 20 30 40 50 60 70" {
		t.Errorf("subjects %s", got)
	}
}

// TestMboxOfABucketThatClosesIsCutOff tells a client that what it has is not all.
func TestMboxOfABucketThatClosesIsCutOff(t *testing.T) {
	a := newTestAPI(t)
	for range 50 {
		if err := bucketOf(a).Append(t.Context(), mail("s@x", "r@x", "\r\n"+strings.Repeat("x", 1<<20))); err != nil {
			t.Fatal(err)
		}
	}
	response, err := http.Get(serveAPI(t, a).URL + "/emails.mbox")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	bucketOf(a).Close()
	if _, err := io.Copy(io.Discard, response.Body); err == nil {
		t.Error("the file ends well")
	}
	if response, body := do(t, a, "GET", "/emails.mbox"); response.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("afterwards: %d %s", response.StatusCode, body)
	}
}

func FuzzMbox(f *testing.F) {
	for _, seed := range []string{"", "From a\r\n\r\n>From b", "a\n\nFrom \n\n\n", ">>From \r\r\n"} {
		f.Add(seed, "s@x")
	}
	f.Add("0", "a\u00a0\u0085b@x")
	f.Add("0", "\u00a0")
	f.Fuzz(func(t *testing.T, raw, sender string) {
		var file bytes.Buffer
		out := bufio.NewWriter(&file)
		const n = 3
		for range n {
			if err := writeMboxMail(out, sender, time.Unix(0, 0), raw); err != nil {
				t.Fatal(err)
			}
		}
		out.Flush()
		want := strings.ReplaceAll(raw, "\r\n", "\n")
		if want != "" && !strings.HasSuffix(want, "\n") {
			want += "\n"
		}
		froms, mails := readMbox(file.String())
		if len(mails) != n {
			t.Fatalf("%d mails of %q", len(mails), file.String())
		}
		for i := range mails {
			if mails[i] != want || len(strings.Fields(froms[i])) < 7 || !strings.HasSuffix(froms[i], " Thu Jan  1 00:00:00 1970") {
				t.Errorf("%q %q, want %q", froms[i], mails[i], want)
			}
		}
	})
}
