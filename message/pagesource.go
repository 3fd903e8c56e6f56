package message

import "strings"

// HasAttachments reports whether a raw message has any. It parses only those that can
// have some.
func HasAttachments(raw string) bool {
	if _, _, plain := Plain(raw); plain {
		return false
	}
	return len(Parse(raw).Attachments()) > 0
}

// HTMLSource returns the HTML, and whether it is also found in the raw message, as a single
// part in ASCII in which only the line ends differ. Raw is then that part.
func (m *Message) HTMLSource() (page, raw string, same bool) {
	page = m.HTML()
	if parts := m.choice().html; len(parts) == 1 {
		raw = parts[0].Body()
		same = isASCII(raw) && sameButLineEnds(raw, page)
	}
	return page, raw, same
}

// sameButLineEnds reports whether text is raw with plain line ends.
func sameButLineEnds(raw, text string) bool {
	for at := strings.IndexByte(raw, '\r'); at >= 0; at = strings.IndexByte(raw, '\r') {
		if len(text) <= at || text[:at] != raw[:at] || text[at] != '\n' {
			return false
		}
		raw, text = raw[at+lineEnd(raw[at:]):], text[at+1:]
	}
	return raw == text
}

// PageText reads what HTML shows, for searches: the words that [TextFromHTML] gives, with
// the white space between them unchanged. References has the start tags that have character
// references in them, such as those in URLs, each replaced by what it stands for. It reads
// at most [MaxText] bytes of the page.
func PageText(page string) (text, references string) {
	read := readPageText(page)
	return read.text.String(), read.tags.String()
}

// PageSource returns the pieces of HTML that are not the content of style sheets or
// scripts, in order.
func PageSource(page string) []string {
	var pieces []string
	for {
		tag, name := nextRawText(page)
		if tag < 0 {
			return append(pieces, page)
		}
		text := strings.IndexByte(page[tag:], '>')
		if text < 0 {
			return append(pieces, page)
		}
		text += tag + 1
		pieces = append(pieces, page[:text])
		end := indexFold(page[text:], "</"+name)
		if end < 0 {
			return pieces
		}
		page = page[text+end:]
	}
}

// nextRawText gives the place of the next start tag of a style sheet or a script,
// -1 if there is none, and its name.
func nextRawText(page string) (at int, name string) {
	for at := range placesFold(page, "<s") {
		for _, name := range []string{"style", "script"} {
			after := at + 1 + len(name)
			if after <= len(page) && equalFold(page[at+1:after], name) && (after == len(page) || isSpaceByte(page[after]) || page[after] == '>' || page[after] == '/') {
				return at, name
			}
		}
	}
	return -1, ""
}
