package message

import "strings"

// HeaderFields are the fields of a message that lists of messages show: of each
// the first one, unfolded and without blanks around it, but not decoded; "" when
// it is missing. See [DecodeHeader].
type HeaderFields struct {
	Subject, From, To string
}

// ScanHeader reads a few fields of a message without parsing the rest of it. It
// finds the same fields as [Parse], in time linear in the size of the header
// section, and keeps references to raw instead of copies unless a field is folded.
func ScanHeader(raw string) HeaderFields {
	var found, sure HeaderFields
	var seen [3]bool
	unsure := false
	h := newHeaderScanner(raw, 0, nil)
	h.skipMboxLine()
	for left := len(seen); left > 0 || unsure; {
		f, ok := h.next()
		if !ok {
			break
		}
		if h.skipped >= 0 && !unsure {
			unsure, sure = true, found
		}
		place, value := found.field(f.name)
		if value != nil && !seen[place] && !f.beyondLimit {
			*value = trimBlanks(unfold(raw[f.start:f.end]))
			seen[place] = true
			left--
		}
	}
	if h.tookBack {
		return sure
	}
	return found
}

// field gives the place and the value of the field with a name in any case, nil
// for a name that is none of them.
func (f *HeaderFields) field(name string) (place int, value *string) {
	switch len(name) {
	case len("To"):
		if strings.EqualFold(name, "To") {
			return 0, &f.To
		}
	case len("From"):
		if strings.EqualFold(name, "From") {
			return 1, &f.From
		}
	case len("Subject"):
		if strings.EqualFold(name, "Subject") {
			return 2, &f.Subject
		}
	}
	return 0, nil
}

// headerScanner reads a header section (RFC 5322 2.2) field by field. Every header section
// is read by it, so that all parts of the program agree on what the fields of a mail are.
// It accepts malformed lines that can mean only one thing.
type headerScanner struct {
	raw    string
	start  int     // of the section
	at     int     // the line to read next
	mapper *mapper // whose delimiter lines end the section too; nil for none

	kind     rawField // the first Content-Type
	boundary string   // its boundary after "--", once it was asked for
	asked    bool

	fields   int    // that were found
	junk     int    // place of the first line since the last field that is no field, or -1
	skipped  int    // place of the first line that is no field but has fields after it, or -1
	sure     int    // fields before that line
	unfolded string // the name of the first field that goes on without a blank

	// What next found when it gave no more fields.
	end, body int  // of the section, and where the body begins
	noBlank   bool // no empty line is between the two
	tookBack  bool // what came after the first sure fields turned out to be the body
}

// rawField is a field by its place in raw.
type rawField struct {
	name        string
	start, end  int  // of what follows the colon, without the last line end
	beyondLimit bool // MaxHeaderBytes or MaxHeaderFields was reached
}

func newHeaderScanner(raw string, at int, mp *mapper) headerScanner {
	return headerScanner{raw: raw, start: at, at: at, mapper: mp, junk: -1, skipped: -1}
}

// skipMboxLine skips the line that separates messages in an mbox file.
func (h *headerScanner) skipMboxLine() {
	if !strings.HasPrefix(h.raw[h.at:], "From ") {
		return
	}
	after := nextLine(h.raw, h.at)
	if name, _ := fieldName(h.raw[after:nextLine(h.raw, after)]); name != "" {
		h.at = after
	}
}

// next gives the next field; ok is false at the end of the section. A line that is
// no field is skipped when fields go on after it; otherwise the body begins there.
func (h *headerScanner) next() (f rawField, ok bool) {
	for h.at < len(h.raw) {
		start := h.at
		after := nextLine(h.raw, start)
		if h.delimits(start, after) {
			h.finish(start, start)
			return rawField{}, false
		}
		end := lineContentEnd(h.raw, start, after)
		if end == start {
			h.finish(start, after)
			return rawField{}, false
		}
		name, colon := fieldName(h.raw[start:end])
		if name == "" && h.ownDelimiter(h.raw[start:end]) {
			h.finish(start, start)
			return rawField{}, false
		}
		h.at = after
		if name == "" {
			if h.junk < 0 {
				h.junk = start
			}
			continue
		}
		if h.junk >= 0 {
			if h.skipped < 0 {
				h.skipped, h.sure = h.junk, h.fields
			}
			h.junk = -1
		}
		f = rawField{name: name, start: start + colon + 1, end: end}
		h.goOn(&f)
		h.fields++
		if len(name) == len("Content-Type") && h.kind.name == "" && strings.EqualFold(name, "Content-Type") {
			h.kind = f
		}
		f.beyondLimit = f.end-h.start > MaxHeaderBytes || h.fields > MaxHeaderFields
		return f, true
	}
	h.finish(len(h.raw), len(h.raw))
	return rawField{}, false
}

// goOn adds the lines that continue a field: those that begin with a blank, and those that
// cannot be anything else.
func (h *headerScanner) goOn(f *rawField) {
	for h.at < len(h.raw) {
		if isBlank(h.raw[h.at]) {
			h.extend(f)
			continue
		}
		value := h.raw[f.start:f.end]
		if !mayContinue(value, f.name) {
			return
		}
		after := nextLine(h.raw, h.at)
		line := h.raw[h.at:lineContentEnd(h.raw, h.at, after)]
		if line == "" || h.delimits(h.at, after) || !continues(value, f.name, line) {
			return
		}
		if h.unfolded == "" {
			h.unfolded = f.name
		}
		h.extend(f)
	}
}

// extend makes the next line a part of the field.
func (h *headerScanner) extend(f *rawField) {
	after := nextLine(h.raw, h.at)
	f.end = lineContentEnd(h.raw, h.at, after)
	h.at = after
}

func (h *headerScanner) delimits(start, after int) bool {
	if h.mapper == nil || h.raw[start] != '-' {
		return false
	}
	_, ok := h.mapper.delimiterAt(start, after)
	return ok
}

// ownDelimiter reports whether a line is the first delimiter of the multipart that this
// header section belongs to, although no empty line ended the section.
func (h *headerScanner) ownDelimiter(line string) bool {
	if h.kind.name == "" || !strings.HasPrefix(line, "--") {
		return false
	}
	if !h.asked {
		h.asked = true
		kind := parseParams(h.raw[h.kind.start:h.kind.end])
		if boundary := usableBoundary(kind); boundary != "" && strings.HasPrefix(kind.Value, "multipart/") {
			h.boundary = "--" + boundary
		}
	}
	return h.boundary != "" && strings.TrimRight(line, " \t") == h.boundary
}

// finish notes where the section ends and the body begins. When that would leave
// nothing for the body, it begins at the first line that is no field, even if
// lines that look like fields come after it.
func (h *headerScanner) finish(end, body int) {
	h.end, h.body = end, body
	h.noBlank = end == body && end < len(h.raw)
	switch {
	case h.junk >= 0:
		h.end, h.body, h.noBlank = h.junk, h.junk, true
	case h.skipped >= 0 && end == body:
		h.end, h.body, h.noBlank = h.skipped, h.skipped, true
		h.tookBack, h.fields = true, h.sure
	}
}

// fieldName gives the name of the field that a line begins, and the place of its colon; the
// name is "" when the line is no field. A name is printable ASCII without some signs that
// occur in markup and parameters but not in real field names; blanks may stand before the
// colon (RFC 5322 2.2 and 4.5.8). URLs are not fields.
func fieldName(line string) (name string, colon int) {
	colon = strings.IndexByte(line, ':')
	end := colon
	for end > 0 && isBlank(line[end-1]) {
		end--
	}
	if end <= 0 || strings.HasPrefix(line[colon:], "://") {
		return "", 0
	}
	name = line[:end]
	for i := 0; i < len(name); i++ {
		switch c := name[i]; {
		case c <= ' ', c >= 0x7f, c == '<', c == '>', c == '"', c == '=':
			return "", 0
		}
	}
	return name, colon
}

// mayContinue is a quick check before continues: it is false for most fields, which no line
// can continue.
func mayContinue(value, name string) bool {
	if len(value) > 0 {
		switch value[len(value)-1] {
		case '=', ',', ' ', '\t':
			return true
		}
	}
	return len(name) >= len("Content-Type") && name[0]|0x20 == 'c'
}

// continues reports whether a line that begins with no blank can only be the rest of the
// field before it: a MIME parameter, the type itself, one more encoded word after another,
// or one more address after a comma.
func continues(value, name, line string) bool {
	switch {
	case strings.HasPrefix(line, "=?"):
		return strings.HasSuffix(trimBlanks(line), "?=") && strings.HasSuffix(trimBlanks(value), "?=")
	case strings.EqualFold(name, "Content-Type"), strings.EqualFold(name, "Content-Disposition"):
		return isParameter(line) || trimBlanks(value) == "" && mediaType(line) != ""
	case strings.EqualFold(name, "To"), strings.EqualFold(name, "Cc"), strings.EqualFold(name, "Bcc"),
		strings.EqualFold(name, "From"), strings.EqualFold(name, "Reply-To"):
		field, _ := fieldName(line)
		return field == "" && strings.HasSuffix(trimBlanks(value), ",") && strings.IndexByte(line, '@') >= 0
	}
	return false
}

// knownParameters are those of Content-Type and Content-Disposition that are
// common in mail.
var knownParameters = wordSet(`
	boundary charset name filename format delsp type start start-info report-type protocol micalg method
	creation-date modification-date read-date size
`)

// isParameter reports whether a line begins with a parameter that mail has, which may be
// one segment of it (RFC 2231 3).
func isParameter(line string) bool {
	const longest = 40
	name, _, ok := strings.Cut(line[:min(len(line), longest)], "=")
	if !ok {
		return false
	}
	name, _, _ = strings.Cut(strings.TrimRight(name, " \t"), "*")
	return knownParameters[strings.ToLower(name)]
}

// lineContentEnd gives the end of the content of a line: the place before its line
// end. CR CR LF, which some programs make of CR LF, is one line end.
func lineContentEnd(s string, start, after int) int {
	end := after
	if end > start && s[end-1] == '\n' {
		end--
		for end > start && s[end-1] == '\r' {
			end--
		}
	}
	return end
}
