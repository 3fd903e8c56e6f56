package peers

import (
	"bytes"
	"context"

	"github.com/caddy-mailbucket/mailbucket/store"
)

// arrivalBatch is how many arrivals are read at once.
const arrivalBatch = 100

// follower reads the mails that arrive in a bucket, in order.
type follower struct {
	bucket *store.Bucket
	after  store.ID // the last that was read
}

// next reads the mails that arrived next, and reports whether there may be more already.
func (f *follower) next(ctx context.Context) (arrived []*store.Message, more bool, err error) {
	newest := f.bucket.Newest()
	page, err := f.bucket.Find(ctx, store.Query{After: f.after, Ascending: true, Limit: arrivalBatch})
	if err != nil {
		return nil, false, err
	}
	if n := len(page.Messages); n > 0 {
		f.after = page.Messages[n-1].ID
	} else if bytes.Compare(newest[:], f.after[:]) > 0 {
		f.after = newest // past those that have been deleted already
	}
	return page.Messages, len(page.Messages) == arrivalBatch, nil
}
