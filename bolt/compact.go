package bolt

import (
	"errors"
	"fmt"
	"os"
	"runtime"

	"go.etcd.io/bbolt"
	"go.uber.org/zap"
)

// A file is compacted if it is larger than this and less than a quarter of it is in use.
const compactFrom = 16 << 20

// compactSuffix is how the name of the new file ends until it replaces the old one.
const compactSuffix = ".compact"

// compactIfSparse replaces the file by one without free pages if most of its pages are free.
// If there is no room for that, it goes on with the file as it is.
func (f *file) compactIfSparse(logger *zap.Logger) error {
	if isSparse, err := f.sparse(); err != nil || !isSparse {
		return err
	}
	temporary := f.path + compactSuffix
	if err := copyInto(temporary, f.DB); err != nil {
		_ = os.Remove(temporary)
		logger.Warn("a journal could not be compacted", zap.String("file", f.path), zap.Error(err))
		return nil
	}
	// Until the new file is locked, the lock of the old one keeps other processes from
	// writing to it; but Windows replaces no open file.
	defer f.DB.Close()
	if runtime.GOOS == "windows" {
		_ = f.DB.Close() // which is complete, as it was opened for compacting only
	}
	if err := os.Rename(temporary, f.path); err != nil {
		return fmt.Errorf("compacting %s: %w", f.path, err)
	}
	if err := syncFolder(f.path); err != nil {
		return err
	}
	return f.open()
}

// sparse is whether the file is large and most of it is free pages.
func (f *file) sparse() (sparse bool, err error) {
	err = f.View(func(tx *bbolt.Tx) error {
		free := int64(f.Stats().FreePageN) * int64(f.Info().PageSize)
		sparse = tx.Size() > compactFrom && free > tx.Size()/4*3
		return nil
	})
	return sparse, err
}

func copyInto(path string, from *bbolt.DB) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	to, err := openBolt(path, 0)
	if err != nil {
		return err
	}
	err = guarded(path, func() error {
		if err := bbolt.Compact(to, from, 4<<20); err != nil {
			return err
		}
		return to.Update(func(tx *bbolt.Tx) error { // whose number is not that of the old file's last
			c, err := readContents(tx)
			if err != nil {
				return err
			}
			return c.write(tx)
		})
	})
	if err == nil {
		err = to.Sync()
	}
	return errors.Join(err, to.Close())
}
