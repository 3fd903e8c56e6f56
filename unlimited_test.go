package mailbucket

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestMessageLimits(t *testing.T) {
	for _, test := range []struct {
		option, json string
		want         int // of the store, where 0 is no limit
	}{
		{"", `"b":{}`, defaultMaxMessages},
		{"max_messages 5", `"max_messages":5`, 5},
		{"max_messages unlimited", `"max_messages":"unlimited"`, 0},
	} {
		adapted, err := adapt("{\n mailbucket {\n bucket b {\n " + test.option + "\n }\n }\n}\n")
		must(t, err)
		if !strings.Contains(string(adapted), test.json) {
			t.Errorf("%q is adapted to %s", test.option, adapted)
		}
		var app struct{ Apps struct{ Mailbucket App } }
		must(t, json.Unmarshal(adapted, &app))
		limits := app.Apps.Mailbucket.Buckets["b"].limits()
		if limits.MaxMessages != test.want || limits.MaxBytes != defaultMaxBytes {
			t.Errorf("%q gives the limits %+v", test.option, limits)
		}
	}
}
