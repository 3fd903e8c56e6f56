package bolt

import (
	"context"
	"encoding/binary"
	"fmt"

	"go.etcd.io/bbolt"
	"go.uber.org/zap"

	"github.com/caddy-mailbucket/mailbucket/store"
)

// replay feeds all records of the file.
func (j *Journal) replay(ctx context.Context) error {
	var a assembler
	err := guarded(j.options.Path, func() error {
		return j.db.View(func(tx *bbolt.Tx) error {
			c, err := readContents(tx)
			if err != nil {
				return err
			}
			j.state.records.Store(c.records)
			j.made = int64(binary.BigEndian.Uint64(tx.Bucket(aboutName).Get(madeKey)))
			return j.replayFrom(ctx, tx.Bucket(logName), &a)
		})
	})
	if err != nil {
		return err
	}
	if a.damaged > 0 {
		j.options.Logger.Error("records of a journal are damaged and were left out",
			zap.String("file", j.options.Path), zap.Uint64("records", a.damaged), zap.Uint64("last_position", a.lastDamage))
	}
	return nil
}

func (j *Journal) replayFrom(ctx context.Context, log *bbolt.Bucket, a *assembler) error {
	c := log.Cursor()
	for key, value := c.First(); key != nil; key, value = c.Next() {
		r, complete := a.add(key, value)
		if !complete {
			continue
		}
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("reading %s: %w", j.options.Path, err)
		}
		record, err := store.ParseRecord(r.bytes)
		if err != nil {
			return fmt.Errorf("%s: the record at position %d: %w", j.options.Path, r.position, err)
		}
		j.tell(r.position, r.time, record)
	}
	a.end()
	j.position = max(j.fed, log.Sequence())
	if last, _ := c.Last(); len(last) == keySize {
		position, _ := splitKey(last)
		j.position = max(j.position, position) // a damaged one
	}
	j.fed = j.position
	return nil
}

// tell feeds a record that the file has.
func (j *Journal) tell(position uint64, time int64, r store.Record) {
	j.fed = position
	if r.Kind == store.FaultsSet {
		j.faults = position
	}
	j.feed(store.Entry{Log: j.made, Position: position, Time: time, Record: r})
}
