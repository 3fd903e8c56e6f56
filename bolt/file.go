package bolt

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"syscall"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
	"go.uber.org/zap"
)

// The buckets of a file, in bbolt's sense, and the keys in the first: the format's version,
// when the log was made, and the contents of the log. The sequence of the log is the position
// of its last record.
var (
	aboutName   = []byte("mailbucket")
	logName     = []byte("log")
	formatKey   = []byte("format")
	madeKey     = []byte("made")
	contentsKey = []byte("contents")

	formatNumber = binary.BigEndian.AppendUint32(nil, formatVersion)
)

// lockTimeout is how long a file is waited for that another process has open. A process that
// ends while its successor starts needs a moment.
const lockTimeout = 2 * time.Second

// file is the journal's file while it is open.
type file struct {
	*bbolt.DB
	path string

	// mapped is how much address space is mapped for it, 0 if no more than it needs.
	mapped int64

	info os.FileInfo  // of the file that has been opened
	sync func() error // puts on disk what has been committed
}

// openFile opens the file, or makes it. What is damaged in it is left out, which is logged.
func openFile(path string, logger *zap.Logger) (*file, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("making the folder of %s: %w", path, err)
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, err // which names the file
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is not a regular file", path)
	case info.Size() > 0:
		if err := mend(path, logger); err != nil {
			return nil, err
		}
	}
	f := &file{path: path}
	if err := f.open(); err != nil {
		return nil, err
	}
	for _, suffix := range []string{salvageSuffix, compactSuffix} {
		_ = os.Remove(path + suffix) // of a process that ended early, as the file is locked
	}
	err = prepare(f.DB, path)
	if err == nil {
		err = f.compactIfSparse(logger)
	}
	if err != nil {
		_ = f.Close() // the error says more
		return nil, err
	}
	return f, nil
}

// open opens the file, which must be whole, to write it.
func (f *file) open() error {
	size := int64(0)
	if info, err := os.Stat(f.path); err == nil {
		size = info.Size()
	}
	f.mapped = mapSize(size)
	db, err := openBolt(f.path, f.mapped)
	if errors.Is(err, syscall.ENOMEM) { // the address space is limited, see setrlimit(2)
		f.mapped = 0
		db, err = openBolt(f.path, 0)
	}
	if err != nil {
		return err
	}
	if f.info, err = os.Stat(f.path); err != nil {
		_ = db.Close() // nothing was written
		return err
	}
	f.DB, f.sync = db, db.Sync
	return nil
}

// inPlace returns an error if the file is no longer there under its name, but perhaps another
// one: what is written is then lost with the process.
func (f *file) inPlace() error {
	if info, err := os.Stat(f.path); err == nil && os.SameFile(info, f.info) {
		return nil
	}
	return fmt.Errorf("%s has been removed or replaced since it was opened: put it back, or restart", f.path)
}

// prepare makes sure that the file is what we read and write.
func prepare(db *bbolt.DB, path string) error {
	return guarded(path, func() error {
		isNew, err := checkFormat(db, path)
		if err != nil || !isNew {
			return err
		}
		if err := createBuckets(db, time.Now().UnixMilli()); err != nil {
			return fmt.Errorf("writing %s: %w", path, err)
		}
		return errors.Join(db.Sync(), syncFolder(path))
	})
}

// mend looks for damage in a file, and replaces it by what can be read of it if there is some.
func mend(path string, logger *zap.Logger) error {
	damage, err := inspect(path)
	if err != nil || damage == nil {
		return err
	}
	kept, err := salvage(path)
	if errors.Is(err, errReplaced) {
		_, err = inspect(path)
		return err
	}
	if err != nil {
		return fmt.Errorf("%s is damaged, or no journal (%w), and cannot be repaired: %w", path, damage, err)
	}
	logger.Error("a journal was damaged: went on with the records that could be read of it",
		zap.String("file", path), zap.Error(damage), zap.String("damaged_file", kept))
	removed, err := tidyDamaged(path)
	if len(removed) > 0 || err != nil {
		logger.Warn("removed the oldest of the damaged files beside a journal", zap.Strings("files", removed), zap.Error(err))
	}
	return nil
}

// inspect opens a file only to read it. Damage is what is wrong with it, err why it cannot be
// opened.
func inspect(path string) (damage, err error) {
	err = guarded(path, func() error {
		var file *os.File
		db, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true, Timeout: lockTimeout, OpenFile: keepFile(&file)})
		if system := new(fs.PathError); errors.Is(err, berrors.ErrTimeout) || errors.As(err, &system) {
			return openError(path, err)
		}
		if err != nil {
			damage = err
			return nil
		}
		defer db.Close()
		info, err := file.Stat()
		if err != nil {
			return err
		}
		if damage = checkFile(file, info.Size()); damage != nil {
			return nil
		}
		_, err = checkFormat(db, path)
		return err
	})
	return damage, err
}

// keepFile gives bbolt a function to open a file with, and keeps the file.
func keepFile(kept **os.File) func(string, int, os.FileMode) (*os.File, error) {
	return func(name string, flag int, mode os.FileMode) (file *os.File, err error) {
		file, err = os.OpenFile(name, flag, mode)
		*kept = file
		return file, err
	}
}

// openBolt opens a file to write it, which must be whole, and maps so much address space for
// it, or as much as it needs. Commits are not put on disk.
func openBolt(path string, mapped int64) (db *bbolt.DB, err error) {
	err = guarded(path, func() error {
		for {
			var file *os.File
			db, err = bbolt.Open(path, 0o600, &bbolt.Options{
				Timeout: lockTimeout, NoSync: true, NoGrowSync: true, PageSize: pageSize,
				InitialMmapSize: int(mapped), OpenFile: keepFile(&file),
				// The list of free pages is made from the tree at the start, as a damaged one
				// would let pages be written over that are in use.
				NoFreelistSync: true, FreelistType: bbolt.FreelistMapType,
			})
			if err != nil {
				return openError(path, err)
			}
			replaced, err := isReplaced(path, file)
			if err == nil && !replaced {
				return nil
			}
			_ = db.Close() // nothing was written
			if err != nil {
				return err
			}
		}
	})
	return db, err
}

// isReplaced is whether another file has that name by now, or none: another process may have
// compacted the file while this one waited for it.
func isReplaced(path string, file *os.File) (bool, error) {
	is, err := file.Stat()
	if err != nil {
		return false, err
	}
	named, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return true, nil
	}
	return !os.SameFile(is, named), err
}

// openError says why a file could not be opened.
func openError(path string, err error) error {
	if errors.Is(err, berrors.ErrTimeout) {
		return inUseError(path)
	}
	return fmt.Errorf("opening %s: %w", path, err)
}

// inUseError is the error of opening a file of that name that is open already.
type inUseError string

func (path inUseError) Error() string {
	return "another process, or another bucket of this one, uses " + string(path)
}

// checkFormat returns an error if the file is not of our format, and whether it is new and
// empty.
func checkFormat(db *bbolt.DB, path string) (isNew bool, err error) {
	err = db.View(func(tx *bbolt.Tx) error {
		about := tx.Bucket(aboutName)
		if about == nil {
			if name, _ := tx.Cursor().First(); name != nil {
				return fmt.Errorf("%s is a database of another program", path)
			}
			isNew = true
			return nil
		}
		text := about.Get(formatKey)
		if len(text) != 4 {
			return fmt.Errorf("%s is a database of another program", path)
		}
		switch version := binary.BigEndian.Uint32(text); {
		case version > formatVersion:
			return fmt.Errorf("%s was written by a newer version: it has format %d, and this version reads format %d", path, version, formatVersion)
		case version < formatVersion:
			return fmt.Errorf("%s was written by an older version: it has format %d, and this version reads format %d", path, version, formatVersion)
		case len(about.Get(madeKey)) != 8 || tx.Bucket(logName) == nil:
			return fmt.Errorf("%s is incomplete", path)
		}
		return nil
	})
	return isNew, err
}

// createBuckets makes a file into an empty log that was made then.
func createBuckets(db *bbolt.DB, made int64) error {
	return db.Update(func(tx *bbolt.Tx) error {
		about, err := tx.CreateBucket(aboutName)
		if err != nil {
			return err
		}
		if _, err := tx.CreateBucket(logName); err != nil {
			return err
		}
		if err := about.Put(madeKey, binary.BigEndian.AppendUint64(nil, uint64(made))); err != nil {
			return err
		}
		if err := about.Put(formatKey, formatNumber); err != nil {
			return err
		}
		return new(contents).write(tx)
	})
}

// guarded calls f, and turns panics of bbolt into errors, as well as access to memory that
// cannot be read because the file has become shorter, or its disk has failed.
func guarded(path string, f func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%s is damaged: %w: %v", path, errPanic, p)
		}
	}()
	return f()
}

// errPanic is wrapped by errors after which a database cannot be used any more.
var errPanic = errors.New("bbolt failed")

// syncFolder makes sure that the file's name is on disk.
func syncFolder(path string) error {
	if runtime.GOOS == "windows" {
		return nil // it cannot open folders, and has no need to
	}
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return fmt.Errorf("syncing the folder of %s: %w", path, err)
	}
	defer folder.Close()
	if err := folder.Sync(); err != nil {
		return fmt.Errorf("syncing the folder of %s: %w", path, err)
	}
	return nil
}
