package smtp

import (
	"bytes"
	"fmt"
	"strings"
	"time"
)

// dataScanner finds the end of a mail's data and undoes the dot-stuffing
// (RFC 5321 sections 4.1.1.4 and 4.5.2). It ends lines only at the line end that
// the session began with: nothing else that looks like one can end the data.
type dataScanner struct {
	lineEnd   string
	lineStart bool // the next byte begins a line
	afterCR   bool // the last byte was a CR

	lineEnds  int // seen so far, of the session's kind
	lineFeeds int // of any kind
}

func newDataScanner(lineEnd string) dataScanner {
	return dataScanner{lineEnd: lineEnd, lineStart: true}
}

// scan uses up the first bytes of b and moves the data among them to its front.
// It leaves bytes unused after the end of data, or when it takes more of them to
// tell whether a dot begins that.
func (d *dataScanner) scan(b []byte) (kept, used int, end bool) {
	for used < len(b) {
		if d.lineStart && b[used] == '.' {
			rest := b[used+1:]
			if bytes.HasPrefix(rest, []byte(d.lineEnd)) {
				return kept, used + 1 + len(d.lineEnd), true
			}
			if len(rest) < len(d.lineEnd) && strings.HasPrefix(d.lineEnd, string(rest)) {
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

// see notes what line, which is never empty, ends in.
func (d *dataScanner) see(line []byte, lineFeed bool) {
	last := len(line) - 1
	if !lineFeed {
		d.lineStart = false
		d.afterCR = line[last] == '\r'
		return
	}
	d.lineFeeds++
	afterCR := d.afterCR
	if last > 0 {
		afterCR = line[last-1] == '\r'
	}
	d.lineStart = afterCR || d.lineEnd == "\n"
	if d.lineStart {
		d.lineEnds++
	}
	d.afterCR = false
}

// readData reads the data of one mail up to its end, also when it is too large:
// then the rest is read and thrown away, so that none of it is taken for commands.
func (s *session) readData() (data string, problems []string, tooLarge bool, err error) {
	scanner := newDataScanner(s.lineEnd)
	limit := s.server.maxMessageSize()
	var spilled spill
	defer spilled.release()
	for {
		kept, used, end := scanner.scan(s.in.unread())
		s.in.keep(kept, used)
		if spilled.size+int64(len(s.in.data())) > limit {
			tooLarge = true
		}
		if tooLarge {
			spilled.release()
			s.in.drop()
		}
		if end {
			break
		}
		if s.in.full() {
			spilled.add(s.in.spill())
		}
		if err := s.fill(time.Now().Add(s.server.idleTimeout())); err != nil {
			return "", nil, false, err
		}
	}
	if tooLarge {
		return "", nil, true, nil
	}
	data = spilled.join(s.in.data())
	s.in.drop()
	return data, s.dataProblems(&scanner, data), false, nil
}

// dataProblems describes line ends in data which are not the session's.
func (s *session) dataProblems(d *dataScanner, data string) (problems []string) {
	bareCR := strings.Count(data, "\r")
	if s.lineEnd == "\r\n" {
		bareCR -= d.lineEnds
		if n := d.lineFeeds - d.lineEnds; n > 0 {
			problems = append(problems, fmt.Sprintf("%d bare LF in the data: lines end in CRLF (RFC 5321 section 2.3.8)", n))
		}
	} else {
		problems = append(problems, "the session's lines end in a bare LF: lines end in CRLF (RFC 5321 section 2.3.8)")
	}
	if bareCR > 0 {
		problems = append(problems, fmt.Sprintf("%d bare CR in the data: lines end in CRLF (RFC 5321 section 2.3.8)", bareCR))
	}
	return problems
}

// spill holds the front of a mail that is larger than an input buffer.
type spill struct {
	buffers []*buffer
	data    [][]byte
	size    int64
}

func (sp *spill) add(b *buffer, data []byte) {
	sp.buffers = append(sp.buffers, b)
	sp.data = append(sp.data, data)
	sp.size += int64(len(data))
}

// join is the whole mail, tail being what was not spilled: the one copy that is
// made of a mail.
func (sp *spill) join(tail []byte) string {
	if len(sp.data) == 0 {
		return string(tail)
	}
	var whole strings.Builder
	whole.Grow(int(sp.size) + len(tail))
	for _, data := range sp.data {
		whole.Write(data)
	}
	whole.Write(tail)
	return whole.String()
}

func (sp *spill) release() {
	for _, b := range sp.buffers {
		b.release()
	}
	*sp = spill{}
}
