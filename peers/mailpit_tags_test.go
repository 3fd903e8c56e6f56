package peers

import (
	"reflect"
	"strings"
	"testing"
)

func TestMailpitTagsAreSetRenamedAndDeleted(t *testing.T) {
	p := newPeer(t)
	one := p.add("a@x", []string{"b@x"}, "X-Tags: spring, Big\nSubject: one\n\nx\n")
	two := p.add("a@x", []string{"b@x"}, "Subject: two\n\nx\n")
	for _, step := range []struct {
		method, path, body string
		status             int
		answer             string
		one, two           []any
	}{
		{"PUT", "/api/v1/tags", `{"IDs":["` + two + `","unknown"],"Tags":["new  one","Spring","NEW ONE",""]}`, 200, "ok", []any{"spring", "Big"}, []any{"new one", "Spring"}},
		{"PUT", "/api/v1/tags/SPRING", `{"Name":"fall"}`, 200, "ok", []any{"fall", "Big"}, []any{"new one", "fall"}},
		{"PUT", "/api/v1/tags/fall", `{"Name":"big"}`, 400, "Error: tag already exists: big", []any{"fall", "Big"}, []any{"new one", "fall"}},
		{"PUT", "/api/v1/tags/fall", `{"Name":"Fall"}`, 200, "ok", []any{"Fall", "Big"}, []any{"new one", "Fall"}},
		{"PUT", "/api/v1/tags/none", `{"Name":"x"}`, 400, "Error: tag not found: none", []any{"Fall", "Big"}, []any{"new one", "Fall"}},
		{"PUT", "/api/v1/tags/fall", `{"Name":" "}`, 400, "Error: invalid tag name", []any{"Fall", "Big"}, []any{"new one", "Fall"}},
		{"DELETE", "/api/v1/tags/new%20one", "", 200, "ok", []any{"Fall", "Big"}, []any{"Fall"}},
		{"DELETE", "/api/v1/tags/new%20one", "", 400, "Error: tag not found: new one", []any{"Fall", "Big"}, []any{"Fall"}},
		{"PUT", "/api/v1/tags", `{"IDs":["` + two + `"],"Tags":["a\u0000b"]}`, 400, "Error: invalid tag name", []any{"Fall", "Big"}, []any{"Fall"}},
		{"PUT", "/api/v1/tags", `{"IDs":["` + two + `"],"Tags":["` + strings.Repeat("a", maxTag+1) + `"]}`, 400, "Error: invalid tag name", []any{"Fall", "Big"}, []any{"Fall"}},
		{"PUT", "/api/v1/tags", `{"IDs":["` + one + `"],"Tags":[]}`, 200, "ok", []any{}, []any{"Fall"}},
	} {
		response, body := p.ask(step.method, step.path, step.body)
		if response.StatusCode != step.status || !strings.HasPrefix(body, step.answer) {
			t.Errorf("%s %s %s: %s %s", step.method, step.path, step.body, response.Status, body)
		}
		messages := p.get("/api/v1/messages").(map[string]any)["messages"].([]any)
		for i, want := range [][]any{step.two, step.one} {
			id := messages[i].(map[string]any)["ID"].(string)
			if got := messages[i].(map[string]any)["Tags"]; !reflect.DeepEqual(got, want) {
				t.Errorf("%s %s %s: entry %d has the tags %v, want %v", step.method, step.path, step.body, i, got, want)
			}
			if got := p.get("/api/v1/message/" + id).(map[string]any)["Tags"]; !reflect.DeepEqual(got, want) {
				t.Errorf("%s %s %s: message %d has the tags %v, want %v", step.method, step.path, step.body, i, got, want)
			}
		}
	}
	if got := p.get("/api/v1/search?query=is:tagged").(map[string]any)["messages_count"]; got != 1.0 {
		t.Errorf("%v are tagged", got)
	}
	if got := p.get("/api/v1/search?query=tag:fall").(map[string]any)["messages_count"]; got != 1.0 {
		t.Errorf("%v have the tag", got)
	}
	if got := p.get("/api/v1/tags"); !reflect.DeepEqual(got, []any{"Fall"}) {
		t.Errorf("tags %v", got)
	}
}
