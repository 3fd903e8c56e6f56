package web

import (
	"io/fs"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// TestWordsAreAllInOnePlace finds words in the templates that are not there, and
// those there that nothing says.
func TestWordsAreAllInOnePlace(t *testing.T) {
	used := make(map[string]bool)
	key := regexp.MustCompile(`(?:\{\{|\()(t|n) "([^"]+)"|english\.(text|count)\("([^"]+)"|"(error\.[a-z]+)"[,)]`)
	for _, pattern := range []string{"templates/*.html", "*.go"} {
		for _, file := range mustGlob(t, os.DirFS("."), pattern) {
			source, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range key.FindAllStringSubmatch(string(source), -1) {
				name := m[2] + m[4] + m[5]
				if used[name] = true; m[1] == "n" {
					used[name+".one"], used[name+".other"] = true, true
					delete(used, name)
				}
			}
		}
	}
	for name := range english {
		group, _, _ := strings.Cut(name, ".")
		if !used[name] && !slices.Contains([]string{"view", "width", "scheme", "source", "field", "copy", "severity", "calendar", "boxby"}, group) {
			t.Errorf("nothing says %s", name)
		}
		delete(used, name)
	}
	if len(used) > 0 {
		t.Errorf("there are no words for %v", slices.Collect(maps.Keys(used)))
	}
	for _, file := range mustGlob(t, files, "templates/*.html") {
		checkNoWords(t, file)
	}
}

// checkNoWords looks for text outside of the template's actions.
func checkNoWords(t *testing.T, name string) {
	t.Helper()
	source, err := files.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	text := regexp.MustCompile(`(?s)\{\{.*?\}\}`).ReplaceAllString(string(source), "")
	z := html.NewTokenizer(strings.NewReader(text))
	for kind := z.Next(); kind != html.ErrorToken; kind = z.Next() {
		words := regexp.MustCompile(`\pL{2,}`).FindString(string(z.Text()))
		if kind == html.TextToken && words != "" && words != "EHLOHELO" {
			t.Errorf("%s says %q by itself", name, words)
		}
	}
}

func TestNumbersAreGrouped(t *testing.T) {
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567"} {
		if got := formatNumber(n); got != want {
			t.Errorf("%d: %s", n, got)
		}
	}
}

func mustGlob(t *testing.T, fsys fs.FS, pattern string) []string {
	t.Helper()
	names, err := fs.Glob(fsys, pattern)
	if err != nil || len(names) == 0 {
		t.Fatalf("%s: %v", pattern, err)
	}
	return names
}
