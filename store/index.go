package store

import (
	"hash/maphash"
	"strings"
)

// index finds the messages of a key, such as an address in lower case. It is divided
// into several maps, which can be rebuilt one at a time: a Go map does not give back
// the memory of entries that were deleted.
type index struct {
	shards [64]shard

	// The key that was added last, as it is often the next one too: an application
	// sends all of its mail from one address. Only add and remove use it, which are
	// called with the bucket's lock held for writing.
	lastKey  string
	lastList *list
}

type shard struct {
	postings map[string]posting
	most     int // the largest number of keys since the map was made
}

// posting has the sequence numbers of the messages that have a key in common. Most
// keys belong to one message only, for which no list is needed.
type posting struct {
	only uint64
	list *list // nil if there never was more than one message
}

var hashSeed = maphash.MakeSeed()

func (x *index) shard(key string) *shard {
	return &x.shards[maphash.String(hashSeed, key)%uint64(len(x.shards))]
}

// get is the numbers of the messages that have a key, nil if there are none.
func (x *index) get(key string) *list {
	p, ok := x.shard(key).postings[key]
	if ok && p.list == nil {
		return &list{chunks: []chunk{{seqs: []uint64{p.only}}}, n: 1}
	}
	return p.list
}

// count is how many messages have a key.
func (x *index) count(key string) int {
	p, ok := x.shard(key).postings[key]
	switch {
	case !ok:
		return 0
	case p.list == nil:
		return 1
	}
	return p.list.n
}

// add adds the newest message under a key. It may have been added under it already.
func (x *index) add(key string, seq uint64) {
	if x.lastList == nil || key != x.lastKey {
		s := x.shard(key)
		p, ok := s.postings[key]
		if !ok {
			s.insert(key, seq)
			return
		}
		if p.list == nil {
			if p.only == seq {
				return
			}
			p.list = new(list)
			p.list.push(p.only, nil)
			// The key in the map still shares its memory with the first message. Now it
			// must be a copy, as the posting may outlive both messages.
			s.postings[strings.Clone(key)] = p
		}
		x.lastKey, x.lastList = key, p.list
	}
	if x.lastList.last() != seq {
		x.lastList.push(seq, nil)
	}
}

func (s *shard) insert(key string, seq uint64) {
	if s.postings == nil {
		s.postings = make(map[string]posting)
	}
	s.postings[key] = posting{only: seq}
	s.most = max(s.most, len(s.postings))
}

// remove removes a message from under a key. It may have been removed already.
func (x *index) remove(key string, seq uint64) {
	if x.lastList == nil || key != x.lastKey {
		s := x.shard(key)
		p, ok := s.postings[key]
		if !ok {
			return
		}
		if p.list == nil {
			if p.only == seq {
				s.delete(key)
			}
			return
		}
		x.lastKey, x.lastList = key, p.list
	}
	if x.lastList.remove(seq); x.lastList.n == 0 {
		x.lastKey, x.lastList = "", nil
		x.shard(key).delete(key)
	}
}

func (s *shard) delete(key string) {
	delete(s.postings, key)
	if s.most <= 64 || len(s.postings) > s.most/8 {
		return
	}
	kept := make(map[string]posting, len(s.postings))
	for key, p := range s.postings {
		kept[key] = p
	}
	s.postings, s.most = kept, len(kept)
}
