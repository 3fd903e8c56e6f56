package bolt

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestTheFileIsForItsOwnerOnly(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has other permissions")
	}
	o := inFile(t)
	open(t, o).came("hello")
	for path, want := range map[string]os.FileMode{o.Path: 0o600, filepath.Dir(o.Path): 0o700 | os.ModeDir} {
		if info, err := os.Stat(path); err != nil || info.Mode() != want {
			t.Errorf("%s has mode %v, %v, want %v", path, info.Mode(), err, want)
		}
	}
}

func TestAFileInUseIsNamed(t *testing.T) {
	o := inFile(t)
	j := open(t, o)
	j.came("hello")
	_, err := tryOpen(t, o)
	if err == nil || !strings.Contains(err.Error(), "another process, or another bucket of this one, uses "+o.Path) {
		t.Errorf("the second one is told %v", err)
	}
	j.came("still")
}

func TestAFileThatIsTakenAwayIsNotWritten(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows lets nobody take away a file that is open")
	}
	o := inFile(t)
	j := open(t, o)
	j.came("before")
	if err := os.Rename(o.Path, o.Path+".elsewhere"); err != nil {
		t.Fatal(err)
	}
	want := o.Path + " has been removed or replaced"
	if err := j.Write(t.Context(), message("lost")); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("writing gives %v, want %q", err, want)
	}
	if err := j.State().Err; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("the state is %v, want %q", err, want)
	}
	if err := os.Rename(o.Path+".elsewhere", o.Path); err != nil {
		t.Fatal(err)
	}
	j.came("after")
	if err := j.State().Err; err != nil {
		t.Error(err)
	}
	j.close()
	if got := strings.Join(texts(open(t, o).entries()), " "); got != "before after" {
		t.Errorf("it has %s", got)
	}
}

func TestWhatCannotBeOpened(t *testing.T) {
	write := func(path, text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range map[string]struct {
		make func(path string)
		want string
	}{
		"no database":     {func(path string) { write(path, strings.Repeat("no database\n", 5000)) }, " is damaged, or no journal"},
		"a few bytes":     {func(path string) { write(path, "x") }, " is damaged, or no journal"},
		"a folder":        {func(path string) { _ = os.Mkdir(path, 0o700) }, " is not a regular file"},
		"a newer format":  {func(path string) { putFormat(t, path, 2) }, "was written by a newer version: it has format 2"},
		"an older format": {func(path string) { putFormat(t, path, 0) }, "was written by an older version: it has format 0"},
		"another's":       {func(path string) { makeForeign(t, path) }, " is a database of another program"},
	} {
		path := filepath.Join(t.TempDir(), "mail.db")
		c.make(path)
		before, _ := os.ReadFile(path)
		if _, err := tryOpen(t, Options{Path: path}); err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
		if after, _ := os.ReadFile(path); string(after) != string(before) {
			t.Errorf("%s: the file is changed", name)
		}
	}
}

func TestAFolderThatCannotBeMadeIsNamed(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(file, "mail.db")
	if _, err := tryOpen(t, Options{Path: path}); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("%v, want an error that names %s", err, path)
	}
}
