package mailbucket

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/crypto/bcrypt"
)

// team is a site that shows each of its users the mail of their login.
type team struct {
	*site
	users []string
	ids   map[string][]string // of the mails of each user
}

// startTeam has the users' names as their passwords. Options are those of the handler at the
// site's root, and at /all/ there is one that shows everything.
func startTeam(t *testing.T, options string, users ...string) *team {
	t.Helper()
	hash := func(user string) string {
		hash, err := bcrypt.GenerateFromPassword([]byte("password"), bcrypt.MinCost)
		must(t, err)
		return `"` + strings.ReplaceAll(user, `"`, `\"`) + `" ` + string(hash)
	}
	var accounts []string
	for _, user := range users {
		accounts = append(accounts, hash(user))
	}
	s := start(t, "{\nLOGOFF\nmailbucket SMTP\n}\nHTTP {\nhandle_path /all/* {\nmailbucket\n}\nhandle {\nbasic_auth {\n"+
		strings.Join(accounts, "\n")+"\n}\nmailbucket {\n"+options+"\n}\n}\n}\n")
	return &team{site: s, users: users, ids: make(map[string][]string)}
}

// sendAs sends a mail with a login, and returns its id. All that it has names the word.
func (s *team) sendAs(login, recipient, word string) string {
	s.t.Helper()
	c := s.dial()
	steps := []string{"", "220", "EHLO x", "250-"}
	must(s.t, c.talk(steps...))
	for {
		line, err := c.r.ReadString('\n')
		must(s.t, err)
		if strings.HasPrefix(line, "250 ") {
			break
		}
	}
	if login != "" {
		must(s.t, c.talk("AUTH PLAIN "+base64.StdEncoding.EncodeToString([]byte("\x00"+login+"\x00password")), "235"))
	}
	must(s.t, c.send(word+"@from.test", recipient, strings.Join([]string{
		"From: " + word + " <" + word + "@from.test>", "To: " + recipient, "Subject: " + word, "X-Tags: " + word, "MIME-Version: 1.0",
		"Content-Type: multipart/mixed; boundary=b", "", "--b", "Content-Type: text/html", "Content-ID: <" + word + ">", "", "<p>" + word + " 123456</p>",
		"--b", "Content-Type: text/plain; name=" + word + ".txt", "Content-Disposition: attachment", "", word, "--b--",
	}, "\r\n")))
	must(s.t, c.talk("QUIT", "221"))
	var list listAnswer
	s.get("/all/emails?limit=1", &list)
	id := list.Results[0].ID
	s.ids[login] = append(s.ids[login], id)
	return id
}

// as asks as a user, and returns the status and the body.
func (s *team) as(user, method, path, body string, fields ...string) (int, string) {
	s.t.Helper()
	request, err := http.NewRequest(method, "http://"+s.http+path, strings.NewReader(body))
	must(s.t, err)
	request.SetBasicAuth(user, "password")
	for i := 0; i+1 < len(fields); i += 2 {
		request.Header.Set(fields[i], fields[i+1])
	}
	response, err := http.DefaultClient.Do(request)
	must(s.t, err)
	defer response.Body.Close()
	if strings.HasPrefix(response.Header.Get("Content-Type"), "text/event-stream") {
		return response.StatusCode, ""
	}
	answer, err := io.ReadAll(response.Body)
	must(s.t, err)
	return response.StatusCode, string(answer) + fmt.Sprint(response.Header)
}

// attempt is a request by which somebody may try to reach the mail of another.
type attempt struct {
	method, path, body, contentType string
	named                           bool // the path names the other's mail
}

// restAttempts are all calls that openapi.json describes, with the id and with filters.
func (s *team) restAttempts(victim, id string) (list []attempt) {
	s.t.Helper()
	var description struct {
		Paths map[string]map[string]json.RawMessage
	}
	_, document := s.as(victim, "GET", "/openapi.json", "")
	must(s.t, json.NewDecoder(strings.NewReader(document)).Decode(&description))
	if len(description.Paths) < 20 {
		s.t.Fatalf("%d paths", len(description.Paths))
	}
	filters := []string{"", "?login=" + url.QueryEscape(victim), "?q=secret", "?recipient=" + url.QueryEscape("*@box.test")}
	for path, calls := range description.Paths {
		named := strings.Contains(path, "{id}")
		path = strings.NewReplacer("{id}", id, "{index}", "0", "{contentId}", "secret"+victim).Replace(path)
		for method := range calls {
			if method == "parameters" {
				continue
			}
			a := attempt{method: strings.ToUpper(method), path: path, named: named, contentType: "application/json"}
			switch {
			case strings.HasSuffix(path, "/release"):
				a.body = `{"to":["a@x"]}`
			case method == "patch":
				a.body = `{"read":true}`
			case method == "put":
				a.body = `{"faults":[]}`
			}
			list = append(list, a)
			for _, filter := range filters {
				if filter != "" && !named && method != "post" && method != "put" {
					b := a
					b.path += filter
					list = append(list, b)
				}
			}
		}
	}
	return append(list, attempt{method: "DELETE", path: "/emails", body: `{"ids":["` + id + `"]}`, contentType: "application/json"})
}

// otherAttempts are the calls of the peers' APIs and the pages of the website.
func otherAttempts(victim, id string) (list []attempt) {
	get := func(named bool, paths ...string) {
		for _, path := range paths {
			list = append(list, attempt{method: "GET", path: path, named: named})
		}
	}
	get(true, "/api/v1/message/"+id, "/api/v1/message/"+id+"/headers", "/api/v1/message/"+id+"/raw", "/api/v1/message/"+id+"/part/1",
		"/api/v1/message/"+id+"/part/1/thumb", "/api/v1/message/"+id+"/html-check", "/view/"+id+".html", "/view/"+id+".txt",
		"/api/v1/messages/"+id, "/api/v1/messages/"+id+"/download", "/api/v1/messages/"+id+"/mime/part/0/download")
	for _, view := range []string{"", "/html", "/text", "/source", "/headers", "/parts?part=1", "/links", "/check", "/session"} {
		get(true, "/view/"+id+view)
	}
	login := url.QueryEscape("login:" + victim)
	get(false, "/api/v1/messages", "/api/v1/search?query=secret", "/api/v1/search?query="+login, "/api/v1/message/latest?query="+login, "/view/latest.txt?query="+login,
		"/api/v1/info", "/api/v1/tags", "/api/v1/webui", "/api/v1/chaos", "/api/v2/jim", "/api/v1/events", "/api/v2/messages", "/api/v2/search?kind=containing&query=secret",
		"/", "/?q=secret", "/?login="+url.QueryEscape(victim), "/?after="+id, "/view/sessions", "/nothing")
	json := func(method, path, body string, named bool) {
		list = append(list, attempt{method, path, body, "application/json", named})
	}
	json("PUT", "/api/v1/messages", `{"IDs":["`+id+`"],"Read":true}`, false)
	json("PUT", "/api/v1/messages", `{"Search":"`+strings.ReplaceAll("login:"+victim, `"`, "")+`","Read":true}`, false)
	json("DELETE", "/api/v1/messages", `{"IDs":["`+id+`"]}`, false)
	json("DELETE", "/api/v1/search?query="+login, "", false)
	json("DELETE", "/api/v1/messages/"+id, "", true)
	json("POST", "/api/v1/message/"+id+"/release", `{"To":["a@x"]}`, true)
	json("POST", "/api/v1/messages/"+id+"/release", `{"name":"x","host":"localhost","port":"25","email":"a@x"}`, true)
	form := func(path, body string, named bool) {
		list = append(list, attempt{"POST", path, body, "application/x-www-form-urlencoded", named})
	}
	form("/", "delete=selected&id="+id, false)
	form("/?login="+url.QueryEscape(victim), "delete=matching&newest="+strings.Repeat("f", 32), false)
	form("/view/"+id, "", true)
	return list
}

// TestFortyUsersReachTheirOwnMailOnly has each user try to reach the mail of the next one by
// every path there is.
func TestFortyUsersReachTheirOwnMailOnly(t *testing.T) {
	users := []string{"*", "a*", "ann,bob", `[ann]`, "ann bob", "ann+bob", "ANN", "ann", "(ann)", "%2a", "an?", "ann@box.test", "-ann", "$ann", "ann/../bob"}
	for len(users) < 40 {
		users = append(users, fmt.Sprint("user", len(users)))
	}
	s := startTeam(t, "only login {http.auth.user.id}", users...)
	for i, user := range users {
		s.sendAs(user, "shared@box.test", fmt.Sprintf("secret%dx", i))
	}
	s.sendAs("", "shared@box.test", "secretofnobody")
	others := func(own int, filter string) int {
		return s.total(fmt.Sprintf("/all/emails?q=-secret%dx%s", own, filter))
	}
	for i, user := range users {
		next := (i + 1) % len(users)
		victim := s.ids[users[next]][len(s.ids[users[next]])-1]
		held, read := others(i, ""), others(i, "&read=true")
		for _, a := range append(s.restAttempts(users[next], victim), otherAttempts(users[next], victim)...) {
			status, answer := s.as(user, a.method, a.path, a.body, "Content-Type", a.contentType)
			if a.named && status != http.StatusNotFound {
				t.Errorf("%q: %s %s: %d, not 404", user, a.method, a.path, status)
			}
			s.wantNothingOfOthers(user, i, a, answer)
		}
		if a, b := others(i, ""), others(i, "&read=true"); a != held || b != read || held < len(users)-1 {
			t.Errorf("%q: others have %d mails, %d read; had %d, %d", user, a, b, held, read)
		}
		s.sendAs(user, "shared@box.test", fmt.Sprintf("secret%dx", i)) // for those whose turn it is later
	}
}

// wantNothingOfOthers looks for words and ids of the mails of others in an answer.
func (s *team) wantNothingOfOthers(user string, own int, a attempt, answer string) {
	s.t.Helper()
	if !strings.Contains(a.path, "secret") { // which an answer may repeat
		for rest := answer; ; {
			_, after, found := strings.Cut(rest, "secret")
			if !found {
				break
			}
			if !strings.HasPrefix(after, fmt.Sprint(own)+"x") && !strings.HasPrefix(after, "&") && !strings.HasPrefix(after, `"`) {
				s.t.Errorf("%q: %s %s: answered with secret%.10q", user, a.method, a.path, after)
				break
			}
			rest = after
		}
	}
	for other, ids := range s.ids {
		for _, id := range ids {
			if other != user && !strings.Contains(a.path+a.body, id) && strings.Contains(answer, id) {
				s.t.Errorf("%q: %s %s: answered with an id of %q", user, a.method, a.path, other)
			}
		}
	}
}

// TestUsersSeeTheirOwnMail is that what others may not reach is there for its owner.
func TestUsersSeeTheirOwnMail(t *testing.T) {
	s := startTeam(t, "only login {http.auth.user.id}", "ann", "*")
	id := s.sendAs("ann", "x@box.test", "secretann")
	for _, a := range otherAttempts("ann", id) {
		if !a.named || a.method != "GET" {
			continue
		}
		if status, answer := s.as("ann", a.method, a.path, ""); status != http.StatusOK {
			t.Errorf("%s: %d %.200s", a.path, status, answer)
		}
	}
	if _, page := s.as("ann", "GET", "/", ""); !strings.Contains(page, `<p class="user" title="Who you are here">ann</p>`) || strings.Contains(page, "view/sessions") || !strings.Contains(page, "1 email<") {
		t.Errorf("the page: %s", page)
	}
	for path, want := range map[string]int{"/stats": 404, "/sessions": 404, "/faults": 404, "/view/sessions": 404, "/livez": 200, "/openapi.json": 200} {
		if status, _ := s.as("ann", "GET", path, ""); status != want {
			t.Errorf("%s: %d, want %d", path, status, want)
		}
	}
	for path, body := range map[string]string{"/emails?recipient=a@x": "x", "/api/v1/send": `{"From":{"Email":"a@x"},"To":[{"Email":"b@x"}]}`} {
		if status, _ := s.as("ann", "POST", path, body, "Content-Type", "message/rfc822"); status != http.StatusForbidden {
			t.Errorf("%s: %d", path, status)
		}
	}
	if status, _ := s.as("ann", "DELETE", "/emails/"+id, ""); status != http.StatusNoContent || s.total("/all/emails") != 0 {
		t.Errorf("deleting one's own: %d", status)
	}
}

// TestPlaceholdersArePlainInEveryFilter confines by what the request says.
func TestPlaceholdersArePlainInEveryFilter(t *testing.T) {
	config := func(only string) string {
		return "{\nLOGOFF\nmailbucket SMTP\n}\nHTTP {\nhandle_path /all/* {\nmailbucket\n}\nhandle {\nmailbucket {\n" + only + "\n}\n}\n}\n"
	}
	s := start(t, config(""))
	c := s.dial()
	must(t, c.talk("", "220", "HELO x", "250"))
	for _, to := range []string{"a@ann.test", "b@bob.test", "*@star.test"} {
		must(t, c.send("from-"+to, to, "Subject: for "+to+"\r\nX-Run: "+to+"\r\n\r\nx"))
	}
	const box = "{http.request.header.Box}"
	for _, test := range []struct {
		only, box string
		want      int
	}{
		{"only recipient *@" + box + ".test", "ann", 1}, {"only recipient *@" + box + ".test", "ANN", 1}, {"only recipient *@" + box + ".test", "*", 0},
		{"only recipient *@" + box + ".test", "", 0}, {"only recipient *@" + box + ".test", " ", 0}, {"only recipient *@" + box + ".test", "a*n", 0},
		{"only recipient " + box, "*", 0}, {"only recipient " + box, "*@*", 0}, {"only recipient " + box, "*@star.test", 1}, {"only recipient " + box, "A@ann.test", 1},
		{"only sender from-" + box, "*", 0}, {"only sender from-" + box, "b@bob.test", 1}, {"only sender " + box, "", 0},
		{"only recipient a@ann.test b@bob.test", "", 2}, {"only recipient a@ann.test " + box, "", 1}, {"only recipient a@ann.test " + box, "*@star.test", 2},
		{"only recipient *@*.test\\nonly sender from-" + box, "a@ann.test", 1}, {"only recipient *@bob.test\\nonly sender from-" + box, "a@ann.test", 0},
		{"only subject " + box, "for", 3}, {"only subject " + box, "ann", 1}, {"only subject " + box, "*", 1}, {"only subject " + box, "\\u00ad", 0},
		{"only header X-Run:" + box, "bob", 1}, {"only header:x-run " + box, "bob", 1}, {"only header X-Run:" + box, "", 0},
		{"only client " + box, "127.0.0.1", 3}, {"only client " + box, "0.0.0.0/0", 0}, {"only client " + box + "/8", "127.9.9.9", 3}, {"only client " + box, "x", 0},
		{"only client {http.request.remote.host}", "", 3}, {"only login " + box, "", 0}, {`only login ""`, "", 3}, {"only login *", "", 3},
		{"only read " + box, "false", 3}, {"only read " + box, "maybe", 0}, {"only since " + box, "1", 3}, {"only until " + box, "1", 0},
		{"only q subject:ann", "", 1}, {`only q "has:attachment"`, "", 0}, {`only recipient \\{{http.request.header.Box}`, "ann", 0}, {"only recipient {nothing.such}", "", 0},
		{"only recipient " + box, "b\u212a@bob.test", 0},
	} {
		must(t, s.load(config(strings.ReplaceAll(test.only, `\n`, "\n"))))
		request, err := http.NewRequest("GET", "http://"+s.http+"/emails", nil)
		must(t, err)
		request.Header.Set("Box", strings.ReplaceAll(test.box, `\u00ad`, "\u00ad"))
		response, err := http.DefaultClient.Do(request)
		must(t, err)
		var list listAnswer
		err = json.NewDecoder(response.Body).Decode(&list)
		response.Body.Close()
		if err != nil || list.TotalResults != test.want {
			t.Errorf("%s for %q: %d, want %d (%v)", test.only, test.box, list.TotalResults, test.want, err)
		}
	}
}

// TestEventsOfOthersAreNotTold follows the events of one while others come and go.
func TestEventsOfOthersAreNotTold(t *testing.T) {
	s := startTeam(t, "only login {http.auth.user.id}", "ann", "bob")
	before := s.sendAs("bob", "x@box.test", "secretbob")
	request, err := http.NewRequest("GET", "http://"+s.http+"/events", nil)
	must(t, err)
	request.SetBasicAuth("ann", "password")
	response, err := http.DefaultClient.Do(request)
	must(t, err)
	defer response.Body.Close()
	lines := bufio.NewScanner(response.Body)
	told := ""
	next := func(want string) {
		t.Helper()
		for lines.Scan() {
			if told += lines.Text() + "\n"; strings.Contains(lines.Text(), want) {
				return
			}
		}
		t.Fatalf("no %q in %s (%v)", want, told, lines.Err())
	}
	next("retry")
	late := s.sendAs("bob", "x@box.test", "secretbob")
	one, two := s.sendAs("ann", "x@box.test", "secretann"), s.sendAs("ann", "x@box.test", "secretann")
	next(`"id":"` + two)
	for _, step := range []struct{ method, id, want string }{
		{"PATCH", before, ""}, {"PATCH", one, `{"ids":["` + one + `"],"read":true}`}, {"DELETE", before, ""}, {"DELETE", one, `{"ids":["` + one + `"]}`},
		{"DELETE", late, ""}, {"PATCH", two, `{"ids":["` + two + `"],"read":true}`},
	} {
		request, err := http.NewRequest(step.method, "http://"+s.http+"/all/emails/"+step.id, strings.NewReader(`{"read":true}`))
		must(t, err)
		if step.method == "PATCH" {
			request.Header.Set("Content-Type", "application/json")
		} else {
			request.Body = http.NoBody
		}
		response, err := http.DefaultClient.Do(request)
		must(t, err)
		response.Body.Close()
		if response.StatusCode != http.StatusNoContent {
			t.Fatalf("%s %s: %s", step.method, step.id, response.Status)
		}
		if step.want != "" {
			next(step.want)
		}
	}
	for _, foreign := range []string{before, late, "bob"} {
		if strings.Contains(told, foreign) {
			t.Errorf("told of another's mail %s:\n%s", foreign, told)
		}
	}
	if strings.Contains(told, "event: reset") {
		t.Errorf("something was lost:\n%s", told)
	}
}

func TestReadOnlyHandlersChangeNothing(t *testing.T) {
	s := startTeam(t, "read_only", "ann")
	id := s.sendAs("ann", "x@box.test", "secretann")
	for _, a := range append(s.restAttempts("ann", id), otherAttempts("ann", id)...) {
		status, answer := s.as("ann", a.method, a.path, a.body, "Content-Type", a.contentType)
		if changes := a.method != "GET"; changes && status != http.StatusForbidden || !changes && status == http.StatusForbidden {
			t.Errorf("%s %s: %d %.200s", a.method, a.path, status, answer)
		}
	}
	for _, path := range []string{"/emails?recipient=a@x", "/api/v1/send"} {
		if status, answer := s.as("ann", "POST", path, "x", "Content-Type", "message/rfc822"); status != http.StatusForbidden || !strings.Contains(answer, "nothing can be changed here") {
			t.Errorf("%s: %d %s", path, status, answer)
		}
	}
	if n := s.total("/all/emails?read=false"); n != 1 {
		t.Errorf("%d mails are unread", n)
	}
	for _, path := range []string{"/", "/view/" + id} {
		if _, page := s.as("ann", "GET", path, ""); strings.Contains(page, `name="delete"`) || strings.Contains(page, `class="delete"`) || strings.Contains(page, `type="checkbox"`) {
			t.Errorf("%s has what changes something: %s", path, page)
		}
	}
}

func TestFaultsAreShownInConfinedHandlersOnlyIfTheyAreTurnedOn(t *testing.T) {
	for options, want := range map[string][2]int{
		"": {200, 200}, "faults off": {404, 400}, "only login ann": {404, 400}, "only login ann\nfaults on": {200, 200}, "faults on": {200, 200},
	} {
		s := startTeam(t, options, "ann")
		faults, _ := s.as("ann", "GET", "/faults", "")
		chaos, _ := s.as("ann", "GET", "/api/v1/chaos", "")
		if faults != want[0] || chaos != want[1] {
			t.Errorf("%q: faults %d, chaos %d", options, faults, chaos)
		}
	}
}
