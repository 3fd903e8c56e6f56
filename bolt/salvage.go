package bolt

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"go.etcd.io/bbolt"
)

var (
	errNothingFound = errors.New("it holds no record of a journal")
	errReplaced     = errors.New("another process has replaced it")
)

// The names of files beside the journal's end so: the one that is being made of a damaged one,
// and damaged ones, with the time.
const (
	salvageSuffix = ".salvage"
	damagedSuffix = ".damaged-"
)

// maxDamaged is how many damaged files are kept beside a journal.
const maxDamaged = 3

// piece is where a chunk was found in a damaged file.
type piece struct {
	position uint64
	chunk    uint32
	size     int // of the value
	at       int64
	stays    bool
}

// salvage makes a new file of all records that can still be read in a damaged one, and puts
// it in its place. The damaged file is kept under the name that is returned.
//
// Where the tree leads is not looked at, as a page near its root may be what is damaged:
// each page of the file is taken for a leaf, and each value that its checksum fits for a
// chunk. Pages that are not in use hold old records too. The floor in each chunk tells
// which of them are not needed any more.
func salvage(path string) (kept string, err error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err // which names the file
	}
	defer f.Close()
	pieces, log, err := findPieces(f)
	if err != nil {
		return "", err
	}
	temporary := path + salvageSuffix
	whole, err := openTemporary(temporary)
	if err != nil {
		return "", err
	}
	// Until the new file has its name, its lock keeps other processes from salvaging too; but
	// Windows renames no open file.
	defer whole.Close()
	if err := writePieces(f, whole.DB, pieces, log); err != nil {
		_ = os.Remove(temporary)
		return "", fmt.Errorf("writing what can be read of it to %s: %w", temporary, err)
	}
	if replaced, err := isReplaced(path, f); err != nil || replaced {
		return "", errors.Join(err, os.Remove(temporary), errReplaced)
	}
	if err := whole.inPlace(); err != nil {
		return "", errors.Join(err, errReplaced)
	}
	if runtime.GOOS == "windows" {
		_, _ = whole.Close(), f.Close()
	}
	kept = path + damagedSuffix + time.Now().UTC().Format("20060102T150405.000")
	if err := os.Rename(path, kept); err != nil {
		return "", fmt.Errorf("putting it aside: %w", err)
	}
	if err := os.Rename(temporary, path); err != nil {
		return "", fmt.Errorf("putting what could be read of it in its place: %w", err)
	}
	return kept, syncFolder(path)
}

// openTemporary makes an empty file, and locks it. What another process left there that ended
// early is removed.
func openTemporary(path string) (*file, error) {
	_, err := inspect(path) // which finds out whether it is in use
	if inUse := inUseError(""); errors.As(err, &inUse) {
		return nil, err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	f := &file{path: path}
	return f, f.open()
}

// tidyDamaged removes the oldest damaged files where there are too many.
func tidyDamaged(path string) (removed []string, err error) {
	entries, err := os.ReadDir(filepath.Dir(path)) // which sorts them
	if err != nil {
		return nil, err
	}
	var damaged []string
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), filepath.Base(path)+damagedSuffix) {
			damaged = append(damaged, filepath.Join(filepath.Dir(path), e.Name()))
		}
	}
	for ; len(damaged) > maxDamaged; damaged = damaged[1:] {
		if err := os.Remove(damaged[0]); err != nil {
			return removed, err
		}
		removed = append(removed, damaged[0])
	}
	return removed, nil
}

// findPieces finds the chunks in a file, in the order of their keys, and when their log was
// made.
func findPieces(f *os.File) (pieces []piece, log int64, err error) {
	info, err := f.Stat()
	if err != nil {
		return nil, 0, fmt.Errorf("finding its size: %w", err)
	}
	var s scanner
	b := make([]byte, pageSize)
	for at := int64(0); at < info.Size(); at += pageSize {
		n, err := f.ReadAt(b, at)
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, 0, fmt.Errorf("reading it: %w", err)
		}
		if p, err := parsePage(b[:n]); err == nil { // whatever its head says that it is
			p.flags = leafFlag
			s.elements(&p, at)
		}
	}
	if len(s.found) == 0 {
		return nil, 0, errNothingFound
	}
	slices.SortFunc(s.found, func(a, b piece) int {
		return bytes.Compare(newKey(a.position, int(a.chunk)), newKey(b.position, int(b.chunk)))
	})
	found := slices.CompactFunc(s.found, func(a, b piece) bool { return a.position == b.position && a.chunk == b.chunk })
	return slices.DeleteFunc(found, func(p piece) bool { return p.position < s.floor && !p.stays }), s.log, nil
}

// scanner collects the chunks of pages.
type scanner struct {
	found []piece
	floor uint64 // no record before it is needed
	log   int64  // when the log was made
}

// elements looks at what may be a leaf, at that place in the file.
func (s *scanner) elements(p *page, at int64) {
	for i := range p.count {
		e, err := p.element(i)
		if err != nil {
			continue // the others may be whole
		}
		offset := at + int64(e.at)
		if e.bucket {
			if inline, root, err := e.inline(); err == nil && root == 0 {
				s.elements(&inline, offset+bucketSize)
			}
			continue
		}
		if _, flags, stamp, valid := unseal(e.key, e.value); valid {
			position, chunk := splitKey(e.key)
			s.found = append(s.found, piece{position, chunk, len(e.value), offset, flags&stays != 0})
			s.floor, s.log = max(s.floor, stamp.floor), max(s.log, stamp.log)
		}
	}
}

// writePieces writes chunks that are in another file into an empty one.
func writePieces(from io.ReaderAt, db *bbolt.DB, pieces []piece, log int64) error {
	err := createBuckets(db, log)
	for err == nil && len(pieces) > 0 {
		count := min(len(pieces), 4096)
		err = db.Update(func(tx *bbolt.Tx) error { return copyPieces(tx, from, pieces[:count]) })
		pieces = pieces[count:]
	}
	if err != nil {
		return err
	}
	return db.Sync()
}

func copyPieces(tx *bbolt.Tx, from io.ReaderAt, pieces []piece) error {
	c, err := readContents(tx)
	if err != nil {
		return err
	}
	log := tx.Bucket(logName)
	log.FillPercent = 1
	for _, p := range pieces {
		key, value := newKey(p.position, int(p.chunk)), make([]byte, p.size)
		if _, err := from.ReadAt(value, p.at); err != nil {
			return fmt.Errorf("reading the damaged file: %w", err)
		}
		if err := log.Put(key, value); err != nil {
			return err
		}
		c.add(key, value)
	}
	if err := log.SetSequence(pieces[len(pieces)-1].position); err != nil {
		return err
	}
	return c.write(tx)
}
