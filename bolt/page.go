package bolt

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
)

// The layout of bbolt's files, which has been the same since 2014. bbolt itself believes
// what it reads, and a damaged file would end the process: by a panic in a goroutine of
// bbolt's, or by access to memory beyond the file. So check.go looks at a file first. The
// numbers are in the byte order of the machine.
const (
	pageHeadSize = 16 // id, flags, count of elements, count of further pages
	elementSize  = 16
	bucketSize   = 16 // the page of the bucket's root, 0 if it is inline, and its sequence
	metaSize     = 64

	branchFlag = 0x01
	leafFlag   = 0x02
	bucketFlag = 0x01 // of an element in a leaf

	metaMagic   = 0xED0CDAED
	metaVersion = 2

	// pageSize is that of our files. Each commit writes a few pages, so they are small.
	pageSize = 8 << 10
)

// meta is what a meta page says.
type meta struct {
	root  uint64 // the page of the root bucket's root
	pages uint64 // how many pages there are
	txid  uint64
}

func parseMeta(b []byte) (meta, bool) {
	b = b[pageHeadSize : pageHeadSize+metaSize]
	sum := fnv.New64a()
	sum.Write(b[:metaSize-8])
	native := binary.NativeEndian
	m := meta{root: native.Uint64(b[16:]), pages: native.Uint64(b[40:]), txid: native.Uint64(b[48:])}
	valid := native.Uint32(b) == metaMagic && native.Uint32(b[4:]) == metaVersion && native.Uint32(b[8:]) == pageSize &&
		native.Uint64(b[metaSize-8:]) == sum.Sum64()
	return m, valid
}

// readMeta is the newer of a file's two meta pages. Both are valid in a file that is whole:
// bbolt would do with one, but what the last commit wrote might be missing then.
func readMeta(f io.ReaderAt) (newest meta, err error) {
	var b [pageHeadSize + metaSize]byte
	for number := range int64(2) {
		if _, err := f.ReadAt(b[:], number*pageSize); err != nil {
			return meta{}, fmt.Errorf("reading page %d: %w", number, err)
		}
		m, ok := parseMeta(b[:])
		if !ok {
			return meta{}, fmt.Errorf("page %d is not valid", number)
		}
		if number == 0 || m.txid > newest.txid {
			newest = m
		}
	}
	return newest, nil
}

// page is a page and its head, or that of an inline bucket.
type page struct {
	id       uint64
	flags    uint16
	count    int
	overflow uint32 // further pages that belong to it, which ours have none of
	bytes    []byte
}

func parsePage(b []byte) (page, error) {
	if len(b) < pageHeadSize {
		return page{}, errBounds
	}
	native := binary.NativeEndian
	p := page{native.Uint64(b), native.Uint16(b[8:]), int(native.Uint16(b[10:])), native.Uint32(b[12:]), b}
	if pageHeadSize+p.count*elementSize > len(b) {
		return page{}, errBounds
	}
	return p, nil
}

var errBounds = errors.New("an element is not within its page")

// element is one of a page: of a leaf with a value, of a branch with a child's page.
type element struct {
	key, value []byte
	at         int // where the value is in the page
	child      uint64
	bucket     bool // whether the value describes a bucket
}

func (p *page) element(i int) (element, error) {
	at := pageHeadSize + i*elementSize
	b, native := p.bytes[at:], binary.NativeEndian
	part := func(pos, size uint64) ([]byte, error) {
		if pos < elementSize || pos+size > uint64(len(b)) { // neither is more than 33 bits
			return nil, errBounds
		}
		return b[pos : pos+size], nil
	}
	if p.flags == branchFlag {
		key, err := part(uint64(native.Uint32(b)), uint64(native.Uint32(b[4:])))
		return element{key: key, child: native.Uint64(b[8:])}, err
	}
	flags, pos := native.Uint32(b), uint64(native.Uint32(b[4:]))
	keySize, valueSize := uint64(native.Uint32(b[8:])), uint64(native.Uint32(b[12:]))
	if flags > bucketFlag {
		return element{}, fmt.Errorf("an element has flags %#x", flags)
	}
	both, err := part(pos, keySize+valueSize)
	if err != nil {
		return element{}, err
	}
	return element{key: both[:keySize], value: both[keySize:], at: at + int(pos+keySize), bucket: flags == bucketFlag}, nil
}

// inline is the page of an inline bucket, which is a leaf within the bucket's value; root
// is the bucket's own page if it has one.
func (e *element) inline() (p page, root uint64, err error) {
	if len(e.value) < bucketSize {
		return page{}, 0, errBounds
	}
	if root = binary.NativeEndian.Uint64(e.value); root != 0 {
		return page{}, root, nil
	}
	p, err = parsePage(e.value[bucketSize:])
	return p, 0, err
}
