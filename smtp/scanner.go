package smtp

import "bytes"

// dataScanner finds the end of a mail's data and undoes the dot-stuffing (RFC 5321
// sections 4.1.1.4 and 4.5.2). The line of DATA itself decides what ends a line. If it
// ended in CRLF, only CRLF does: no other sequence, which another server might treat
// differently, can end the data. If it ended in a bare LF, which no server sends, lines
// end in LF, with or without a CR before it.
type dataScanner struct {
	bareLF    bool
	lineStart bool // the next byte begins a line
	afterCR   bool // the last byte was a CR
}

func newDataScanner(bareLF bool) dataScanner {
	return dataScanner{bareLF: bareLF, lineStart: true}
}

// scan uses up the first bytes of b and moves the data among them to its front.
// It leaves bytes unused after the end of data, or if only the bytes after them will
// show whether they are the end of data.
func (d *dataScanner) scan(b []byte) (kept, used int, end bool) {
	for used < len(b) {
		if d.lineStart && b[used] == '.' {
			n, known := d.lineEnd(b[used+1:])
			if n > 0 {
				return kept, used + 1 + n, true
			}
			if !known {
				return kept, used, false
			}
			used++
			d.lineStart, d.afterCR = false, false
			continue
		}
		line := b[used:]
		i := bytes.IndexByte(line, '\n')
		if i >= 0 {
			line = line[:i+1]
		}
		d.see(line, i >= 0)
		if kept != used {
			copy(b[kept:], line)
		}
		kept += len(line)
		used += len(line)
	}
	return kept, used, false
}

// lineEnd is the length of the line end that b begins with, 0 if there is none. Known is
// false if b is too short to tell.
func (d *dataScanner) lineEnd(b []byte) (n int, known bool) {
	switch {
	case len(b) == 0:
		return 0, false
	case b[0] == '\n' && d.bareLF:
		return 1, true
	case b[0] != '\r':
		return 0, true
	case len(b) == 1:
		return 0, false
	case b[1] == '\n':
		return 2, true
	}
	return 0, true
}

// see notes what line, which is never empty, ends in.
func (d *dataScanner) see(line []byte, lineFeed bool) {
	last := len(line) - 1
	if !lineFeed {
		d.lineStart = false
		d.afterCR = line[last] == '\r'
		return
	}
	afterCR := d.afterCR
	if last > 0 {
		afterCR = line[last-1] == '\r'
	}
	d.lineStart = afterCR || d.bareLF
	d.afterCR = false
}
