package mailbucket

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/caddy-mailbucket/mailbucket/store"
	"github.com/caddy-mailbucket/mailbucket/store/journaltest"
)

func init() { caddy.RegisterModule(new(testJournal)) }

// testLogs are the logs of testJournals by name.
var testLogs sync.Map

// testLog is the log of the test.
func testLog(t *testing.T) *journaltest.Log {
	log := journaltest.NewLog()
	testLogs.Store(t.Name(), log)
	t.Cleanup(func() { testLogs.Delete(t.Name()) })
	return log
}

// testJournal is a module whose logs are in memory: `journal test <name>`.
type testJournal struct {
	Log string `json:"log,omitempty"`
}

func (*testJournal) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: journalNamespace + ".test", New: func() caddy.Module { return new(testJournal) }}
}

func (j *testJournal) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next()
	return oneArg(d, &j.Log)
}

func (j *testJournal) Journal(string, store.Limits) (store.Journal, error) {
	log, ok := testLogs.Load(j.Log)
	if !ok {
		return nil, errors.New("there is no log " + j.Log)
	}
	return &limitedJournal{Journal: log.(*journaltest.Log).Journal(), log: j.Log}, nil
}

// limitedJournal has limits of its own.
type limitedJournal struct {
	store.Journal
	log string
}

// journalLimits are those that a test's journal was told last.
var journalLimits sync.Map

func (j *limitedJournal) SetLimits(l store.Limits) { journalLimits.Store(j.log, l) }

// journaled is a configuration whose default bucket has the test's log.
func journaled(t *testing.T, more string) string {
	bucket := "mailbucket SMTP {\n bucket default {\n  journal test " + t.Name() + "\n " + more + "}\n}\nmetrics"
	return strings.Replace(strings.Replace(shortest, "mailbucket SMTP", bucket, 1), "mailbucket\n}", "mailbucket\n metrics /metrics\n}", 1)
}

// ask sends a request to the API, and returns the status and the body of the answer.
func (s *site) ask(method, path, body string) (int, string) {
	s.t.Helper()
	request, err := http.NewRequest(method, "http://"+s.http+path, strings.NewReader(body))
	must(s.t, err)
	response, err := http.DefaultClient.Do(request)
	must(s.t, err)
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	must(s.t, err)
	return response.StatusCode, string(answer)
}

func TestMailMarksAndFaultsOutliveTheirBucket(t *testing.T) {
	testLog(t)
	config := journaled(t, "")
	s := start(t, config)
	c := s.dial()
	must(t, c.talk("", "220", "HELO x", "250"))
	for _, subject := range []string{"one", "two", "three"} {
		must(t, c.send("a@x", "b@x", "Subject: "+subject+"\r\n\r\nbody"))
	}
	var list listAnswer
	s.get("/emails", &list)
	read, gone := "/emails/"+list.Results[2].ID, "/emails/"+list.Results[1].ID
	expect := func(status int, method, path, body string) string {
		t.Helper()
		got, answer := s.ask(method, path, body)
		if got != status {
			t.Errorf("%s %s: %d: %s, want %d", method, path, got, answer, status)
		}
		return answer
	}
	expect(204, "PATCH", read, `{"read":true}`)
	expect(204, "DELETE", gone, "")
	expect(200, "PUT", "/faults", `{"faults":[{"step":"rcpt","recipient":"no@x","reply":"550 No"}]}`)
	expect(422, "PUT", "/faults", `{"faults":[{"step":"nowhere"}]}`)
	expect(200, "PUT", "/api/v1/tags", `{"IDs":["`+list.Results[2].ID+`"],"Tags":["one","two words"]}`)
	expect(200, "GET", "/readyz", "")
	paths := []string{read, read + "/session", "/faults", "/api/v1/tags", "/api/v1/search?query=tag:one"}
	before := make([]string, len(paths))
	for i, path := range paths {
		before[i] = expect(200, "GET", path, "")
	}
	if before[3] != `["one","two words"]`+"\n" {
		t.Errorf("the tags are %s", before[3])
	}

	must(t, s.load("{\n LOGOFF\n}\n"))
	must(t, s.load(config))
	s.get("/emails", &list)
	if len(list.Results) != 2 || list.Results[0].Subject != "three" || list.Results[1].Subject != "one" {
		t.Errorf("after the bucket was opened again: %+v", list.Results)
	}
	for i, path := range paths {
		if after := expect(200, "GET", path, ""); after != before[i] {
			t.Errorf("%s is\n%s\nand was\n%s", path, after, before[i])
		}
	}
	expect(404, "GET", gone, "")
	again := s.dial()
	must(t, again.talk("", "220", "HELO x", "250", "MAIL FROM:<a@x>", "250", "RCPT TO:<no@x>", "550"))
	expect(204, "DELETE", "/faults", "")
	must(t, again.talk("RCPT TO:<no@x>", "250"))
}

func TestJournalThatFails(t *testing.T) {
	log := testLog(t)
	s := start(t, journaled(t, ""))
	c := s.dial()
	must(t, c.talk("", "220", "HELO x", "250"))
	must(t, c.send("a@x", "b@x", "Subject: kept\r\n\r\nbody"))
	var list listAnswer
	s.get("/emails", &list)
	id := list.Results[0].ID
	mail := []string{"MAIL FROM:<a@x>", "250", "RCPT TO:<b@x>", "250", "DATA", "354", "x\r\n."}
	for _, test := range []struct {
		err   error
		reply string
		want  string
	}{
		{errors.New("disk full"), "452", "cannot be written"},
		{store.ErrJournalAway, "451", "cannot be reached"},
	} {
		unread := s.total("/emails?read=false")
		log.Fail(test.err)
		must(t, c.talk(append(mail, test.reply)...))
		for _, call := range []struct{ method, path, body, want string }{
			{"DELETE", "/emails", "", test.want},
			{"DELETE", "/emails/" + id, "", test.want},
			{"PATCH", "/emails/" + id, `{"read":true}`, test.want},
			{"PATCH", "/emails", `{"read":true}`, test.want},
			{"POST", "/emails?recipient=b@x", "", "Content-Type"},
			{"PUT", "/faults", `{"faults":[]}`, test.want},
			{"DELETE", "/faults", "", test.want},
			{"GET", "/readyz", "", test.err.Error()},
			{"DELETE", "/api/v1/messages", "", "nothing can be changed"},
			{"PUT", "/api/v1/messages", `{"Read":true}`, "nothing can be changed"},
			{"PUT", "/api/v1/tags", `{"IDs":["` + id + `"],"Tags":["tag"]}`, "nothing can be changed"},
		} {
			status, answer := s.ask(call.method, call.path, call.body)
			if status != 503 && call.want != "Content-Type" || !strings.Contains(answer, call.want) {
				t.Errorf("%v: %s %s: %d: %s, want 503 and %q", test.err, call.method, call.path, status, answer, call.want)
			}
		}
		if n := s.total("/emails?read=false"); n != unread {
			t.Errorf("%v: %d unread emails, and there were %d", test.err, n, unread)
		}
		if status, page := s.ask("GET", "/view/"+id, ""); status != 200 || !strings.Contains(page, "kept") || !strings.Contains(page, "journal cannot be used") {
			t.Errorf("%v: the page of the email: %d", test.err, status)
		}
		log.Fail(nil)
		must(t, c.talk(append(mail, "250")...))
		if status, answer := s.ask("GET", "/readyz", ""); status != 200 {
			t.Errorf("after %v: %s", test.err, answer)
		}
	}
	_, metrics := s.ask("GET", "/metrics", "")
	for _, want := range []string{
		`mailbucket_journal_up{bucket="default"} 1`,
		`mailbucket_journal_behind_records{bucket="default"} 0`,
		`mailbucket_journal_written_total{bucket="default"} 3`,
		`mailbucket_journal_write_seconds_count{bucket="default"} 3`,
		`mailbucket_messages_received_total{bucket="default"} 3`,
	} {
		if !strings.Contains(metrics, want) {
			t.Errorf("no %s in the metrics", want)
		}
	}
}

func TestReloadKeepsTheJournal(t *testing.T) {
	log := testLog(t)
	s := start(t, journaled(t, ""))
	c := s.dial()
	must(t, c.talk("", "220", "HELO x", "250"))
	must(t, c.send("a@x", "b@x", "one"))
	must(t, s.load(journaled(t, "max_messages 2\n")))
	for _, body := range []string{"two", "three"} {
		must(t, c.send("a@x", "b@x", body))
	}
	told, _ := journalLimits.Load(t.Name())
	if l, _ := told.(store.Limits); l.MaxMessages != 2 {
		t.Errorf("the journal was told of the limits %+v", told)
	}
	if n := log.Records(); n != 2 {
		t.Errorf("the journal has %d records, want those of the 2 mails that are held", n)
	}
	for name, config := range map[string]string{
		"another journal": strings.Replace(journaled(t, ""), "journal test ", "journal test other-", 1),
		"none":            shortest,
	} {
		if err := s.load(config); err == nil || !strings.Contains(err.Error(), "journal cannot be changed") {
			t.Errorf("%s: %v", name, err)
		}
	}
	must(t, c.send("a@x", "b@x", "four"))
	if n := s.total("/emails"); n != 2 {
		t.Errorf("%d emails, want 2", n)
	}
}

// TestValidatingOpensNoJournal is about another process that may have it open.
func TestValidatingOpensNoJournal(t *testing.T) {
	log := testLog(t)
	log.Fail(errors.New("not to be opened"))
	s := &site{t: t, smtp: freeAddress(t), http: freeAddress(t), storage: storageFolder(t)}
	adapted, err := adapt(s.fill(journaled(t, "")))
	must(t, err)
	var config caddy.Config
	must(t, json.Unmarshal(adapted, &config))
	must(t, caddy.Validate(&config))
	if n := log.Opened(); n != 0 {
		t.Errorf("the journal was opened %d times", n)
	}
}

func TestJournalThatCannotBeMadeStopsTheStart(t *testing.T) {
	s := &site{t: t, smtp: freeAddress(t), http: freeAddress(t), storage: storageFolder(t)}
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	if err := s.load(journaled(t, "")); err == nil || !strings.Contains(err.Error(), "there is no log "+t.Name()) {
		t.Errorf("a log that is not there: %v", err)
	}
	if _, err := openBucket("x", store.Limits{}, &testJournal{Log: "none"}, "x"); err == nil {
		t.Error("no error")
	}
}
