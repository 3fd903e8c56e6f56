package bolt

import (
	"encoding/binary"
	"hash/crc32"
)

// A record is kept as one or more chunks, each a key with its value. Chunks are so small
// that every page of the file is on its own: the space of one that was removed can be used
// for any other, and no page begins with what somebody sent, which salvage might take for
// the head of a page.
//
// The key is the position of the record and the number of the chunk in it. The value
// begins with a head: the checksum of the key and of the rest of the value, flags with the
// format's version, and then what a stamp has. Numbers are big-endian.
const (
	keySize  = 8 + 4
	headSize = 4 + 1 + 3*8

	// chunkSize is how many bytes of a record are in a chunk at most. bbolt puts up to four
	// elements into one page without looking at their size.
	chunkSize = (pageSize-pageHeadSize)/4 - elementSize - keySize - headSize

	// formatVersion is that of the file, and of each chunk in it, from 1 to 63.
	formatVersion = 1

	// The flags of a chunk, beside the version.
	moreFollows = 0x80 // it is not the record's last
	stays       = 0x40 // it may be needed even though its position is no longer
)

// stamp is what the head of a chunk says of its log and its record. The log's part is there
// so that a damaged file can be made anew of its chunks alone.
type stamp struct {
	log   int64  // when the log was made, in milliseconds since 1970
	floor uint64 // no record before this position was needed when the chunk was written
	time  int64  // when the record came into the log, in milliseconds since 1970
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// cut cuts up a record, which begins after the head of its first chunk, into the values of
// its chunks. Their heads are not filled in yet.
func cut(record []byte) [][]byte {
	if len(record) <= headSize+chunkSize {
		return [][]byte{record}
	}
	data := record[headSize:]
	count := (len(data) + chunkSize - 1) / chunkSize
	room := make([]byte, 0, len(data)+count*headSize)
	values := make([][]byte, 0, count)
	for len(data) > 0 {
		size := min(chunkSize, len(data))
		begin := len(room)
		room = append(room[:begin+headSize], data[:size]...)
		values = append(values, room[begin:len(room):len(room)])
		data = data[size:]
	}
	return values
}

// newKey is the key of a record's chunk.
func newKey(position uint64, chunk int) []byte {
	key := make([]byte, 0, keySize)
	key = binary.BigEndian.AppendUint64(key, position)
	return binary.BigEndian.AppendUint32(key, uint32(chunk))
}

// splitKey is the reverse of newKey. The key must have keySize bytes.
func splitKey(key []byte) (position uint64, chunk uint32) {
	return binary.BigEndian.Uint64(key), binary.BigEndian.Uint32(key[8:])
}

// seal fills in the head of a value.
func seal(key, value []byte, flags byte, s stamp) {
	value[4] = formatVersion | flags
	binary.BigEndian.PutUint64(value[5:], uint64(s.log))
	binary.BigEndian.PutUint64(value[13:], s.floor)
	binary.BigEndian.PutUint64(value[21:], uint64(s.time))
	binary.BigEndian.PutUint32(value, checksum(key, value))
}

func checksum(key, value []byte) uint32 {
	return crc32.Update(crc32.Checksum(key, castagnoli), castagnoli, value[4:])
}

// unseal checks a value and takes it apart. The data is part of the value.
func unseal(key, value []byte) (data []byte, flags byte, s stamp, valid bool) {
	if len(key) != keySize || len(value) < headSize || binary.BigEndian.Uint32(value) != checksum(key, value) {
		return nil, 0, stamp{}, false
	}
	flags = value[4] & (moreFollows | stays)
	s = stamp{
		log: int64(binary.BigEndian.Uint64(value[5:])), floor: binary.BigEndian.Uint64(value[13:]), time: int64(binary.BigEndian.Uint64(value[21:])),
	}
	return value[headSize:], flags, s, value[4]^flags == formatVersion
}

// assembler puts records together again from their chunks, which are given in the order of
// their keys.
type assembler struct {
	position uint64
	next     uint32 // the number of the chunk to come, 0 between records
	data     []byte // of the chunks before it

	damaged    uint64 // records that are left out
	lastDamage uint64 // the position of the last one of them
}

// assembled is a record in binary form with its place in the log.
type assembled struct {
	position uint64
	time     int64
	bytes    []byte
}

// add takes a chunk, and returns the record that it completes, if it does.
func (a *assembler) add(key, value []byte) (assembled, bool) {
	if len(key) != keySize {
		a.damage(0)
		return assembled{}, false
	}
	position, chunk := splitKey(key)
	if position != a.position {
		a.end()
	}
	data, flags, stamp, valid := unseal(key, value)
	if !valid || chunk != a.next {
		a.damage(position)
		a.next, a.data = 0, nil
		return assembled{}, false
	}
	a.position, a.next = position, chunk+1
	a.data = append(a.data, data...)
	if flags&moreFollows != 0 {
		return assembled{}, false
	}
	r := assembled{position, stamp.time, a.data}
	a.data, a.next = nil, 0
	return r, true
}

// end says that no more chunks follow, at least none of the last record.
func (a *assembler) end() {
	if a.next != 0 {
		a.damage(a.position)
		a.next, a.data = 0, nil
	}
}

// damage counts a record as damaged, once for all of its chunks.
func (a *assembler) damage(position uint64) {
	if a.damaged == 0 || position != a.lastDamage {
		a.damaged++
		a.lastDamage = position
	}
}
