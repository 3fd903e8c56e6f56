package bolt

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// maxDepth bounds the height of a tree: with two keys a branch it would hold 2^40 pages.
const maxDepth = 40

// checker looks at all pages that belong to the tree in a file: that they are where the
// tree says, that their elements are within them, that their keys are in order, and that
// they are of the same transaction. What is in the values is for the checksums of the chunks
// to tell.
type checker struct {
	file io.ReaderAt
	meta meta
	seen []bool // by page

	// buffers are for the pages that lead to the one that is looked at, by depth.
	buffers [maxDepth + 1][]byte

	found  contents
	noted  []byte // what the file says that should be found
	format []byte
	names  int // how many buckets there are
}

// checkFile returns an error if the tree in the file is damaged.
func checkFile(f io.ReaderAt, size int64) error {
	m, err := readMeta(f)
	if err != nil {
		return err
	}
	if m.pages > uint64(size)/pageSize {
		return fmt.Errorf("it should have %d pages of %d bytes, and has %d bytes", m.pages, pageSize, size)
	}
	c := checker{file: f, meta: m, seen: make([]bool, m.pages)}
	if err := c.tree(m.root, nil, nil, 0); err != nil {
		return err
	}
	return c.together()
}

// together returns an error if the pages do not belong together.
func (c *checker) together() error {
	const lastOfNew = 1 // the number of the last transaction of a new file
	txid, noted, ok := parseContents(c.noted)
	switch {
	case c.format != nil && !bytes.Equal(c.format, formatNumber), !ok && (c.names > 0 || c.meta.txid <= lastOfNew):
		return nil // of another version, or another program's, or new: see checkFormat
	case !ok || txid != c.meta.txid || noted != c.found:
		return errors.New("some of its pages are older than others")
	}
	return nil
}

// tree checks a page and those below it, whose keys are from low on and before high. A nil
// high is no bound.
func (c *checker) tree(id uint64, low, high []byte, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("page %d: the tree is more than %d pages high", id, maxDepth)
	}
	if id < 2 || id >= c.meta.pages || c.seen[id] {
		return fmt.Errorf("page %d is not there, or has another use", id)
	}
	c.seen[id] = true
	if c.buffers[depth] == nil {
		c.buffers[depth] = make([]byte, pageSize)
	}
	b := c.buffers[depth]
	if _, err := c.file.ReadAt(b, int64(id)*pageSize); err != nil {
		return fmt.Errorf("reading page %d: %w", id, err)
	}
	p, err := parsePage(b)
	if err != nil || p.id != id || p.overflow != 0 || p.flags != branchFlag && p.flags != leafFlag {
		return fmt.Errorf("page %d has a wrong head", id)
	}
	return c.elements(&p, low, high, depth)
}

func (c *checker) elements(p *page, low, high []byte, depth int) error {
	if p.flags == branchFlag && p.count == 0 {
		return fmt.Errorf("page %d is an empty branch", p.id)
	}
	var last []byte
	for i := range p.count {
		e, err := p.element(i)
		if err != nil {
			return fmt.Errorf("page %d: %w", p.id, err)
		}
		if i > 0 && bytes.Compare(last, e.key) >= 0 || bytes.Compare(e.key, low) < 0 || high != nil && bytes.Compare(e.key, high) >= 0 {
			return fmt.Errorf("page %d: the keys are not in order", p.id)
		}
		last = e.key
		if err := c.below(p, i, &e, high, depth); err != nil {
			return err
		}
	}
	return nil
}

// value notes what is in the log.
func (c *checker) value(e *element) {
	switch {
	case bytes.Equal(e.key, contentsKey):
		c.noted = bytes.Clone(e.value)
	case bytes.Equal(e.key, formatKey):
		c.format = bytes.Clone(e.value)
	case len(e.key) == keySize:
		c.found.add(e.key, e.value)
	}
}

// below checks what an element leads to.
func (c *checker) below(p *page, i int, e *element, high []byte, depth int) error {
	switch {
	case p.flags == branchFlag:
		if i+1 < p.count {
			next, err := p.element(i + 1)
			if err != nil {
				return fmt.Errorf("page %d: %w", p.id, err)
			}
			high = next.key
		}
		return c.tree(e.child, e.key, high, depth+1)
	case !e.bucket && depth == 0:
		return fmt.Errorf("page %d has a value that is no bucket", p.id)
	case !e.bucket:
		c.value(e)
		return nil
	}
	c.names++
	inline, root, err := e.inline()
	if err != nil {
		return fmt.Errorf("page %d: %w", p.id, err)
	}
	if root != 0 {
		return c.tree(root, nil, nil, depth+1)
	}
	if inline.id = p.id; inline.flags != leafFlag {
		return fmt.Errorf("page %d: a bucket is no leaf", p.id)
	}
	return c.elements(&inline, nil, nil, depth+1)
}
