package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/smtp"
	"slices"
	"strings"
	"testing"
)

// shapeMails are what the calls of TestAnswersHaveMailpitsShape are about, the oldest
// first. Each is to a recipient whom no field names.
var shapeMails = []string{
	"From: =?utf-8?q?Zo=C3=AB?= <zoe@example.com>\nTo: Ann <ann@example.org>\nCc: c@example.org\nReply-To: r@example.com\nSubject: rich\n" +
		"Message-ID: <rich@example.com>\nX-Tags: one, two\nList-Unsubscribe: <https://example.com/u>\nContent-Type: multipart/mixed; boundary=m\n\n" +
		"--m\nContent-Type: multipart/related; boundary=r\n\n--r\nContent-Type: text/html\n\n<html><body><p style=\"display:flex\">rich</p><img src=\"cid:i@x\"></body></html>\n" +
		"--r\nContent-Type: image/gif; name=i.gif\nContent-ID: <i@x>\nContent-Disposition: inline; filename=i.gif\nContent-Transfer-Encoding: base64\n\nR0lGODlhAQABAAAAACw=\n--r--\n" +
		"--m\nContent-Type: application/pdf; name=a.pdf\nContent-Disposition: attachment; filename=a.pdf\nContent-Transfer-Encoding: base64\n\nJVBERi0xLjQK\n--m--\n",
	"From: plain@example.net\nTo: bob@example.org\nSubject: plain\nMessage-ID: <plain@example.net>\n\nplain\n",
}

// shapeCalls are calls of Mailpit's API. ID0 and ID1 stand for the ids of the mails.
var shapeCalls = []struct{ method, path, body string }{
	{"GET", "/api/v1/messages", ""},
	{"GET", "/api/v1/messages?start=1&limit=1", ""},
	{"GET", "/api/v1/messages?start=9", ""},
	{"GET", "/api/v1/search?query=to:ann", ""},
	{"GET", "/api/v1/search?query=nothing", ""},
	{"GET", "/api/v1/search", ""},
	{"GET", "/api/v1/message/ID0", ""},
	{"GET", "/api/v1/message/ID1", ""},
	{"GET", "/api/v1/message/latest", ""},
	{"GET", "/api/v1/message/nothing", ""},
	{"GET", "/api/v1/message/ID0/headers", ""},
	{"GET", "/api/v1/message/ID0/raw", ""},
	{"GET", "/api/v1/message/ID0/part/2", ""},
	{"GET", "/api/v1/message/ID0/part/1.2/thumb", ""},
	{"GET", "/api/v1/message/ID0/part/9", ""},
	{"GET", "/api/v1/message/ID0/html-check", ""},
	{"GET", "/api/v1/message/ID1/html-check", ""},
	{"GET", "/api/v1/message/ID0/sa-check", ""},
	{"GET", "/view/ID0.html", ""},
	{"GET", "/view/ID1.html", ""},
	{"GET", "/view/latest.txt?query=plain", ""},
	{"GET", "/api/v1/info", ""},
	{"GET", "/api/v1/webui", ""},
	{"GET", "/api/v1/tags", ""},
	{"GET", "/api/v1/chaos", ""},
	{"PUT", "/api/v1/chaos", `{"Sender":{"ErrorCode":451,"Probability":5}}`},
	{"PUT", "/api/v1/chaos", `{"Sender":{"ErrorCode":200,"Probability":5}}`},
	{"PUT", "/api/v1/chaos", `{}`},
	{"PUT", "/api/v1/messages", `{"IDs":["ID0"],"Read":true}`},
	{"PUT", "/api/v1/messages", `{"IDs":["ID0"],"Search":"x"}`},
	{"PUT", "/api/v1/messages", `x`},
	{"PUT", "/api/v1/tags", `x`},
	{"POST", "/api/v1/send", `{"From":{"Email":"a@example.com"},"To":[{"Email":"b@example.com"}]}`},
	{"POST", "/api/v1/send", `{}`},
	{"DELETE", "/api/v1/search?query=nothing", ""},
	{"DELETE", "/api/v1/search", ""},
	{"DELETE", "/api/v1/messages", `{"IDs":["ID0"]}`},
	{"GET", "/api/v1/messages", ""},
}

// TestAnswersHaveMailpitsShape makes the same calls to the program and to Mailpit itself:
// status, and in JSON the keys in their order and the types of values, have to be the same.
func TestAnswersHaveMailpitsShape(t *testing.T) {
	peerSMTP, peerHTTP := freeAddress(t), freeAddress(t)
	runServer(t, mailpit(t, peerSMTP, peerHTTP), peerSMTP, peerHTTP)
	s := serve(t, caddyfile)
	var names [2][]string // what stands for an id, and the id
	for i, server := range []struct{ smtp, http string }{{peerSMTP, peerHTTP}, {s.smtp, s.http}} {
		for j, raw := range shapeMails {
			if err := smtp.SendMail(server.smtp, nil, "a@example.com", []string{"hidden@example.org"}, []byte(strings.ReplaceAll(raw, "\n", "\r\n"))); err != nil {
				t.Fatal(err)
			}
			var newest struct{ ID string }
			_, answer := shapeCall(t, "GET", "http://"+server.http+"/api/v1/message/latest", "")
			if err := json.Unmarshal([]byte(answer), &newest); err != nil {
				t.Fatalf("%v in %s", err, answer)
			}
			names[i] = append(names[i], fmt.Sprintf("ID%d", j), newest.ID)
		}
	}
	for _, call := range shapeCalls {
		var statuses [2]int
		var answers [2]string
		for i, address := range []string{peerHTTP, s.http} {
			with := strings.NewReplacer(names[i]...)
			statuses[i], answers[i] = shapeCall(t, call.method, "http://"+address+with.Replace(call.path), with.Replace(call.body))
		}
		if statuses[0] != statuses[1] {
			t.Errorf("%s %s %s: status %d, Mailpit's is %d: %s", call.method, call.path, call.body, statuses[1], statuses[0], answers[1])
			continue
		}
		if json.Valid([]byte(answers[0])) {
			for _, difference := range compareShapes("", shapeOf(json.NewDecoder(strings.NewReader(answers[0]))), shapeOf(json.NewDecoder(strings.NewReader(answers[1])))) {
				t.Errorf("%s %s %s: %s", call.method, call.path, call.body, difference)
			}
		}
	}
}

func shapeCall(t *testing.T, method, url, body string) (status int, answer string) {
	t.Helper()
	request, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

// shape is what a JSON document consists of. Of an array it has the first element.
type shape struct {
	kind   string
	keys   []string
	values []shape
}

func shapeOf(d *json.Decoder) shape {
	token, err := d.Token()
	if err != nil {
		return shape{kind: err.Error()}
	}
	delimiter, ok := token.(json.Delim)
	if !ok {
		return shape{kind: fmt.Sprintf("%T", token)}
	}
	s := shape{kind: delimiter.String()}
	for d.More() {
		if s.kind == "{" {
			key, _ := d.Token()
			s.keys = append(s.keys, fmt.Sprint(key))
		}
		if value := shapeOf(d); s.kind == "{" || len(s.values) == 0 {
			s.values = append(s.values, value)
		}
	}
	_, _ = d.Token() // the end, as the document is valid
	return s
}

// shapeData are what is not compared: objects whose keys are data, and the tags of a list,
// which are those of its messages here.
var shapeData = []string{".Platforms", ".NotesByNumber", ".Tags", ".tags"}

// compareShapes says what differs. Mailpit has null for some empty lists, and no checksums
// in the version that is compared.
func compareShapes(path string, theirs, ours shape) (differences []string) {
	switch {
	case theirs.kind == "<nil>" && ours.kind == "[" && len(ours.values) == 0:
		return nil
	case theirs.kind != ours.kind:
		return []string{fmt.Sprintf("%s is %s, Mailpit's is %s", path, ours.kind, theirs.kind)}
	case slices.ContainsFunc(shapeData, func(name string) bool { return strings.HasSuffix(path, name) }):
		return nil
	case theirs.kind == "[" && (len(theirs.values) == 0) != (len(ours.values) == 0):
		return []string{fmt.Sprintf("%s has %d elements, Mailpit's has %d", path, len(ours.values), len(theirs.values))}
	}
	own := slices.DeleteFunc(slices.Clone(ours.keys), func(key string) bool { return key == "Checksums" })
	if !slices.Equal(theirs.keys, own) {
		return []string{fmt.Sprintf("%s has the keys %q, Mailpit's has %q", path, own, theirs.keys)}
	}
	for i := range theirs.values {
		name, at := "[]", i
		if theirs.kind == "{" {
			name, at = "."+theirs.keys[i], slices.Index(ours.keys, theirs.keys[i])
		}
		differences = append(differences, compareShapes(path+name, theirs.values[i], ours.values[at])...)
	}
	return differences
}
