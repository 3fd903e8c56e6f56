package message

import "strings"

// unflow joins the lines of format=flowed (RFC 3676 4): a line that ends in a space
// goes on in the next one if that has the same quote depth. With delSp that space
// is not part of the text. The time is linear in len(s).
func unflow(s string, delSp bool) string {
	var b strings.Builder
	b.Grow(len(s))
	open, depth := false, 0 // a paragraph was begun, and its quote depth
	for more := true; more; {
		var line string
		line, s, more = strings.Cut(s, "\n")
		quotes := 0
		for quotes < len(line) && line[quotes] == '>' {
			quotes++
		}
		text := strings.TrimPrefix(line[quotes:], " ") // undo space-stuffing
		signature := text == "-- "
		if open && (quotes != depth || signature || !more && line == "") {
			b.WriteByte('\n') // it lacks its last line
			open = false
		}
		if !open {
			b.WriteString(strings.Repeat(">", quotes))
			if quotes > 0 && text != "" {
				b.WriteByte(' ')
			}
		}
		depth, open = quotes, strings.HasSuffix(text, " ") && !signature && more
		if open && delSp {
			text = text[:len(text)-1]
		}
		b.WriteString(text)
		if !open && more {
			b.WriteByte('\n')
		}
	}
	return b.String()
}

// flowed reports whether the part is text in format=flowed, and whether it has DelSp=yes.
func (p *Part) flowed() (flowed, delSp bool) {
	if p.MediaType != "text/plain" {
		return false, false
	}
	kind := p.ContentType()
	return strings.EqualFold(trimBlanks(kind.Param("format")), "flowed"), strings.EqualFold(trimBlanks(kind.Param("delsp")), "yes")
}
