package bolt

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.etcd.io/bbolt"
	"go.uber.org/zap"

	"github.com/caddy-mailbucket/mailbucket/store"
)

// putFormat makes a file whose format has that number.
func putFormat(t *testing.T, path string, format uint32) {
	t.Helper()
	db, err := openBolt(path, 0)
	if err == nil {
		err = createBuckets(db, 1)
	}
	if err == nil {
		err = db.Update(func(tx *bbolt.Tx) error {
			return tx.Bucket(aboutName).Put(formatKey, binary.BigEndian.AppendUint32(nil, format))
		})
	}
	if err == nil {
		err = db.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
}

// makeForeign makes a database that is not ours.
func makeForeign(t *testing.T, path string) {
	t.Helper()
	db, err := openBolt(path, 0)
	if err == nil {
		err = db.Update(func(tx *bbolt.Tx) error { _, err := tx.CreateBucket([]byte("theirs")); return err })
	}
	if err == nil {
		err = db.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
}

// filled is the bytes of a file with so many records, of which the first were removed, and
// the texts of those that it holds.
func filled(t testing.TB, records int) (file []byte, held []string) {
	t.Helper()
	o := inFile(t)
	o.Sync = Never // so that pages of what was removed are used again at once
	j := open(t, o)
	random := rand.New(rand.NewPCG(1, 2))
	for i := range records {
		size := random.IntN(1500)
		if i%20 == 0 {
			size = 10_000
		}
		at := j.came(fmt.Sprint(i, " ", strings.Repeat("x", size)))
		if i == records/4 {
			j.Trim(store.Trim{Before: at})
		}
	}
	waitFor(t, func() bool { return !j.trim.due() })
	j.close()
	file, err := os.ReadFile(o.Path)
	if err != nil {
		t.Fatal(err)
	}
	return file, texts(open(t, o).entries())
}

// openDamaged opens a journal from the bytes of a file, and checks that it goes on: with
// records that were in it, in their order, and none twice.
func openDamaged(t testing.TB, file []byte, held []string) (found []string, err error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "mail.db")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	j, err := tryOpen(t, Options{Path: path})
	if err != nil {
		if !strings.Contains(err.Error(), path) {
			t.Errorf("the error does not name the file: %v", err)
		}
		return nil, err
	}
	found = texts(j.entries())
	rest := held
	for _, text := range found {
		i := slices.Index(rest, text)
		if i < 0 {
			t.Fatalf("%.20q is not what was written, or not in order", text)
		}
		rest = rest[i+1:]
	}
	if len(found) < len(held) && j.logs.Len() == 0 {
		t.Error("what is lost is not logged")
	}
	j.came("next")
	j.close()
	if again := texts(open(t, Options{Path: path}).entries()); !slices.Equal(again, append(found, "next")) {
		t.Errorf("opened again there are %d records, want %d", len(again), len(found)+1)
	}
	return found, nil
}

// TestAFlippedByteCostsAPageAtMost flips bytes anywhere, also in what leads to the records.
func TestAFlippedByteCostsAPageAtMost(t *testing.T) {
	file, held := filled(t, 120)
	random := rand.New(rand.NewPCG(3, 4))
	offsets := []int{0, 8, pageHeadSize, pageHeadSize + 8, pageHeadSize + 16, pageSize + pageHeadSize, pageSize + pageHeadSize + 40}
	for at := 0; at < len(file); at += pageSize {
		within := [...]int{pageHeadSize, pageHeadSize + 2*elementSize, pageSize}[at/pageSize%3]
		offsets = append(offsets, at+random.IntN(within))
	}
	for _, at := range offsets {
		damaged := slices.Clone(file)
		damaged[at] ^= 1 << random.IntN(8)
		found, err := openDamaged(t, damaged, held)
		if err != nil {
			t.Errorf("byte %d: %v", at, err)
		} else if lost := len(held) - len(found); lost > 8 {
			t.Errorf("byte %d: %d of %d records are lost", at, lost, len(held))
		}
	}
}

func TestADamagedRecordIsLeftOut(t *testing.T) {
	file, held := filled(t, 60)
	victim := held[len(held)-5]
	at := strings.Index(string(file), victim)
	if at < 0 {
		t.Fatal("the record is not in the file as it is")
	}
	// It may be in pages that are not in use as well.
	for i := at; i >= 0; i = next(file, victim, i) {
		file[i] ^= 1
	}
	found, err := openDamaged(t, file, held)
	if err != nil {
		t.Fatal(err)
	}
	want := slices.Clone(held)
	if i := slices.Index(want, victim); !slices.Equal(found, slices.Delete(want, i, i+1)) {
		t.Errorf("%d of %d records are left", len(found), len(held))
	}
}

func next(file []byte, text string, at int) int {
	if i := strings.Index(string(file[at+1:]), text); i >= 0 {
		return at + 1 + i
	}
	return -1
}

func TestATornEndIsCutOff(t *testing.T) {
	file, held := filled(t, 120)
	for cut := 0; cut < len(file)/pageSize-4; cut += 3 {
		size := len(file) - cut*pageSize - cut*37%pageSize
		if found, err := openDamaged(t, file[:size], held); err != nil {
			t.Errorf("cut off to %d bytes of %d: %v", size, len(file), err)
		} else if len(found) < len(held)-8*(cut+2) {
			t.Errorf("cut off to %d bytes of %d: %d of %d records are left", size, len(file), len(found), len(held))
		}
	}
}

// damagedFile is a file with a page that leads nowhere, and its bytes.
func damagedFile(t *testing.T) (path string, file []byte) {
	t.Helper()
	file, _ = filled(t, 60)
	path = filepath.Join(t.TempDir(), "mail.db")
	damage(t, path, file)
	return path, file
}

// damage writes a file of those bytes with a page that leads nowhere.
func damage(t *testing.T, path string, file []byte) {
	t.Helper()
	m, err := readMeta(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	file[m.root*pageSize] ^= 1
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
}

// damagedFiles are those that were put aside.
func damagedFiles(t *testing.T, path string) []string {
	t.Helper()
	kept, err := filepath.Glob(path + damagedSuffix + "*")
	if err != nil {
		t.Fatal(err)
	}
	return kept
}

func TestDamageIsPutAside(t *testing.T) {
	path, file := damagedFile(t)
	j := open(t, Options{Path: path})
	kept := damagedFiles(t, path)
	if len(kept) != 1 {
		t.Fatalf("kept is %v", kept)
	}
	if content, err := os.ReadFile(kept[0]); err != nil || string(content) != string(file) {
		t.Errorf("what is kept is not what was there: %v", err)
	}
	logs := j.logs.FilterField(zapFile(path)).All()
	if len(logs) != 1 || logs[0].ContextMap()["damaged_file"] != kept[0] || !strings.Contains(fmt.Sprint(logs[0].ContextMap()["error"]), "page") {
		t.Errorf("it logs %v", j.logs.All())
	}
}

func TestTheOldestDamagedFilesAreRemoved(t *testing.T) {
	path, _ := damagedFile(t)
	var first string
	for round := range maxDamaged + 1 {
		j := open(t, Options{Path: path})
		if round == 0 {
			first = damagedFiles(t, path)[0]
		}
		if removed := j.logs.FilterMessageSnippet("removed the oldest").Len(); removed != 0 && round < maxDamaged || removed != 1 && round == maxDamaged {
			t.Errorf("round %d logs %v", round, j.logs.All())
		}
		j.close()
		damage(t, path, fileOf(t, path))
	}
	if kept := damagedFiles(t, path); len(kept) != maxDamaged || slices.Contains(kept, first) {
		t.Errorf("after %s there are %q, want the last %d", first, kept, maxDamaged)
	}
}

func TestTwoProcessesFindDamage(t *testing.T) {
	path, file := damagedFile(t)
	if err := os.WriteFile(path+salvageSuffix, file[:3*pageSize], 0o600); err != nil { // of one that ended early
		t.Fatal(err)
	}
	var journals [2]*opened
	var errs [2]error
	var wg sync.WaitGroup
	for i := range journals {
		wg.Go(func() { journals[i], errs[i] = tryOpen(t, Options{Path: path}) })
	}
	wg.Wait()
	if errs[0] != nil {
		journals[0], journals[1], errs[0], errs[1] = journals[1], journals[0], errs[1], errs[0]
	}
	if errs[0] != nil || errs[1] == nil {
		t.Fatalf("the errors are %v and %v, want that one of them opens it", errs[0], errs[1])
	}
	journals[0].came("next")
	journals[0].close()
	if kept := damagedFiles(t, path); len(kept) != 1 {
		t.Errorf("there are %q, want one", kept)
	}
	if found := texts(open(t, Options{Path: path}).entries()); len(found) < 30 || found[len(found)-1] != "next" {
		t.Errorf("%d records are found", len(found))
	}
	if _, err := os.Stat(path + salvageSuffix); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("what one of them had begun is still there: %v", err)
	}
}

// FuzzOpen opens files with bytes that are not what was written. No such file may stop
// the process, or show a record that was not written.
func FuzzOpen(f *testing.F) {
	file, held := filled(f, 40)
	f.Add(uint32(0), []byte{1})
	f.Add(uint32(pageSize), []byte{0, 0, 0, 0, 1})
	f.Add(uint32(2*pageSize+8), []byte{1, 0, 200})
	f.Fuzz(func(t *testing.T, at uint32, change []byte) {
		damaged := slices.Clone(file)
		for i, c := range change {
			damaged[(int(at)+i)%len(damaged)] ^= c
		}
		_, _ = openDamaged(t, damaged, held)
	})
}

func zapFile(path string) zap.Field { return zap.String("file", path) }
