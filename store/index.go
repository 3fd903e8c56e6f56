package store

import (
	"hash/maphash"
	"strings"
)

// index finds the messages of a key, such as an address in lower case. It is cut
// into maps that can be made anew one at a time, as a map keeps the memory of what
// was deleted from it.
type index struct {
	shards [64]shard

	// What was used last is often used again: all mail of an application has one
	// sender. It is for those who hold the bucket's lock for writing.
	lastKey  string
	lastList *list
}

type shard struct {
	postings map[string]posting
	most     int // keys since the map was made
}

// posting is the sequence numbers of the messages that have a key in common. Most
// keys are in use for one message at a time, which needs no list.
type posting struct {
	only uint64
	list *list // nil if there was never more than the one
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

// add gives a message, the newest of all, a key. It may have it already.
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
			// A key is a piece of the one message that has it. From the second on, it
			// has to be the map's own, as the posting may outlive either message.
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

// remove takes a key from a message, which may not have it any more.
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
