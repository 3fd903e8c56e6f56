package message

import (
	"crypto/sha256"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

var update = flag.Bool("update", false, "write what Parse gives of testdata/*/*.eml to the .json file beside each")

// golden is a .json file in testdata: what is expected of the .eml file of the same name.
type golden struct {
	Subject     string
	From, To    []Address
	Date        string   // RFC 3339
	MessageID   string   `json:",omitempty"`
	Structure   []string // a line a part: its type, indented by depth
	Text        string
	HTML        string `json:",omitempty"`
	Attachments []attachment
	Problems    []string // part, code, details
}

type attachment struct {
	Filename  string
	Type      string
	ContentID string `json:",omitempty"`
	Inline    bool   `json:",omitempty"`
	Content   string // decoded; the SHA-256 of what is not UTF-8
}

func describe(m *Message) golden {
	g := golden{
		Subject: m.Subject(), From: m.From(), To: m.To(), MessageID: m.MessageID(),
		Text: m.Text(), HTML: m.HTML(),
	}
	if date, ok := m.Date(); ok {
		g.Date = date.Format(time.RFC3339)
	}
	var walk func(p *Part, indent string)
	walk = func(p *Part, indent string) {
		g.Structure = append(g.Structure, indent+p.MediaType)
		for _, child := range p.Parts {
			walk(child, indent+"  ")
		}
	}
	walk(m.Root, "")
	for _, p := range m.Attachments() {
		g.Attachments = append(g.Attachments, attachment{p.Filename(), p.MediaType, p.ContentID(), p.Inline(), content(p.Decode())})
	}
	for _, p := range m.Problems() {
		g.Problems = append(g.Problems, strings.TrimSpace(strings.Join([]string{m.parts[p.Part].MediaType, string(p.Code), p.Text}, " ")))
	}
	return g
}

func content(data []byte) string {
	if utf8.Valid(data) {
		return string(data)
	}
	return fmt.Sprintf("%d bytes, SHA-256 %x", len(data), sha256.Sum256(data))
}

func TestCorpus(t *testing.T) {
	for _, file := range corpus(t, "*") {
		t.Run(filepath.Base(file), func(t *testing.T) {
			got, err := json.MarshalIndent(describe(Parse(readFile(t, file))), "", "\t")
			if err != nil {
				t.Fatal(err)
			}
			want := strings.TrimSuffix(file, ".eml") + ".json"
			if *update {
				if err := os.WriteFile(want, append(got, '\n'), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if expected := readFile(t, want); string(got)+"\n" != expected {
				t.Errorf("got\n%s\nwant\n%s", got, expected)
			}
		})
	}
}

func TestValidMailHasNoProblems(t *testing.T) {
	for _, file := range corpus(t, "valid") {
		for _, p := range Parse(readFile(t, file)).Problems() {
			if p.Code != UTF8Header || filepath.Base(file) != "smtputf8.eml" {
				t.Errorf("%s: part %d: %v", file, p.Part, p)
			}
		}
	}
}

func corpus(t testing.TB, folder string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", folder, "*.eml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no mails in testdata/%s: %v", folder, err)
	}
	return files
}

func readFile(t testing.TB, name string) string {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
