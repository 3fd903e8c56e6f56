package mailbucket

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/caddy-mailbucket/mailbucket/bolt"
	"github.com/caddy-mailbucket/mailbucket/store"
)

func TestMailInAFileOutlivesTheBucket(t *testing.T) {
	data := t.TempDir()
	t.Setenv("XDG_DATA_HOME", data)
	t.Setenv("MAIL_FOLDER", t.TempDir())
	for options, path := range map[string]string{
		"": filepath.Join(data, "caddy", "mailbucket", "default.db"),
		" {\n path {env.MAIL_FOLDER}/here/mail.db\n sync always\n }": filepath.Join(os.Getenv("MAIL_FOLDER"), "here", "mail.db"),
	} {
		config := strings.Replace(shortest, "mailbucket SMTP", "mailbucket SMTP {\n bucket default {\n journal bolt"+options+"\n }\n }", 1)
		s := start(t, config)
		c := s.dial()
		must(t, c.talk("", "220", "HELO x", "250"))
		must(t, c.send("a@x", "b@x", "Subject: kept\r\n\r\nbody"))
		var before, after listAnswer
		s.get("/emails", &before)
		other := bolt.New(bolt.Options{Path: path})
		if err := other.Open(t.Context(), func(store.Entry) {}); err == nil || !strings.Contains(err.Error(), "uses "+path) {
			t.Errorf("another one opens %s: %v", path, err)
		}
		must(t, s.load("{\n LOGOFF\n}\n"))
		must(t, s.load(config))
		s.get("/emails", &after)
		if len(after.Results) != 1 || !reflect.DeepEqual(after, before) {
			t.Errorf("%s: after the bucket was opened again there are %+v, and there were %+v", path, after.Results, before.Results)
		}
		must(t, s.load("{\n LOGOFF\n}\n"))
	}
}

func TestAFileThatCannotBeOpenedStopsTheStart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mail.db")
	must(t, os.WriteFile(path, []byte("no journal"), 0o600))
	s := &site{t: t, smtp: freeAddress(t), http: freeAddress(t), storage: storageFolder(t)}
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	config := strings.Replace(shortest, "mailbucket SMTP", "mailbucket SMTP {\n bucket default {\n journal bolt {\n path "+path+"\n }\n }\n }", 1)
	if err := s.load(config); err == nil || !strings.Contains(err.Error(), "bucket default: opening the journal: "+path+" is damaged, or no journal") {
		t.Errorf("it starts with %v", err)
	}
}
