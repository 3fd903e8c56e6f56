package message

import (
	"bytes"
	"io"
	"strings"
)

// MaxText is how many decoded bytes Text and HTML read of the bodies, and how
// many bytes of UTF-8 they give at most.
const MaxText = 16 << 20

// Part is one MIME entity (RFC 2045 2.4): the message itself, a leaf with
// content, a multipart, or a message/rfc822, whose only child is the message in
// it. The exported fields must not be changed.
type Part struct {
	Index     int    // place in [Message.Parts], 0 for the message itself
	Header    Header // the part's own fields
	MediaType string // lower-case type/subtype; the default when missing or malformed
	Parts     []*Part

	message *Message
	parent  *Part

	// Places in the raw message.
	start, headerEnd, bodyStart, end int

	encoding      string // see transferEncoding
	looseEncoding bool   // the field does not have the encoding's exact name
	headerFull    bool   // fields were left out
	closed        bool   // a multipart whose closing delimiter was there
	epilogue      int    // place after that

	// The results of words and blank.
	wordSum             wordSum
	isBlank, blankKnown bool
}

// setType fills in what the Content-* fields say.
func (p *Part) setType(byDefault string) {
	p.MediaType = byDefault
	if raw, ok := p.Header.raw("Content-Type"); ok {
		if p.MediaType = mediaType(raw); p.MediaType == "" {
			p.MediaType = "text/plain"
		}
	}
	if raw, ok := p.Header.raw("Content-Transfer-Encoding"); ok {
		p.encoding, p.looseEncoding = transferEncoding(raw)
	}
}

// ContentType gives the part's Content-Type field; its value is MediaType.
func (p *Part) ContentType() ParamValue {
	raw, _ := p.Header.raw("Content-Type")
	v := parseParams(raw)
	v.Value = p.MediaType
	return v
}

// Disposition gives the part's Content-Disposition field (RFC 2183), with an
// empty value when it is missing.
func (p *Part) Disposition() ParamValue {
	raw, _ := p.Header.raw("Content-Disposition")
	return parseParams(raw)
}

// ContentID gives the part's Content-ID without angle brackets, as URLs with
// the cid scheme name it (RFC 2392).
func (p *Part) ContentID() string { return identifier(p.Header.Get("Content-ID")) }

// ContentLocation gives the URL that the part's Content-Location names, absolute
// or relative (RFC 2557 4.2), "" when there is none. Blanks at which a long URL
// was folded are left out.
func (p *Part) ContentLocation() string {
	return strings.Join(strings.Fields(p.Header.Get("Content-Location")), "")
}

// identifier strips blanks and angle brackets from a message or content ID.
func identifier(s string) string {
	if open := strings.IndexByte(s, '<'); open >= 0 {
		s = s[open+1:]
		if end := strings.IndexByte(s, '>'); end >= 0 {
			s = s[:end]
		}
	}
	return strings.TrimSpace(s)
}

// Inline reports whether the part is meant to be shown within the text: its disposition is
// inline, or it has a Content-ID and is no attachment.
func (p *Part) Inline() bool {
	switch p.Disposition().Value {
	case "inline":
		return true
	case "":
		return p.ContentID() != ""
	}
	return false
}

// RawHeader gives the part's header as sent, without the empty line.
func (p *Part) RawHeader() string { return p.message.raw[p.start:p.headerEnd] }

// Body gives the part's body as sent: still encoded, with all of its parts.
func (p *Part) Body() string { return p.message.raw[p.bodyStart:p.end] }

// Open reads the body with its transfer encoding undone: base64,
// quoted-printable, uuencode or none. Reading never fails before io.EOF: what is
// malformed is skipped or kept as it is, see [Message.Problems]. The body of a
// multipart, and of a message whose parts were read, comes as sent.
func (p *Part) Open() io.Reader {
	if encoding := p.leafEncoding(); encoding != "" {
		return &decodeReader{decoder: newDecoder(encoding, p.Body(), p.isText())}
	}
	return strings.NewReader(p.Body())
}

// Decode gives all that Open reads.
func (p *Part) Decode() []byte {
	if p.leafEncoding() == "" {
		return []byte(p.Body())
	}
	var b bytes.Buffer
	b.Grow(len(p.Body()))
	b.ReadFrom(p.Open())
	return b.Bytes()
}

// Size gives the count of bytes that Open reads. It decodes the body.
func (p *Part) Size() int {
	encoding := p.leafEncoding()
	if encoding == "" {
		return len(p.Body())
	}
	n := 0
	d := newDecoder(encoding, p.Body(), p.isText())
	for piece := d.next(); len(piece) > 0; piece = d.next() {
		n += len(piece)
	}
	return n
}

// leafEncoding gives the encoding to undo, "" for none.
func (p *Part) leafEncoding() string {
	if len(p.Parts) > 0 || !p.encoded() {
		return ""
	}
	return p.encoding
}

// encoded reports whether the body has a transfer encoding that changes its bytes.
func (p *Part) encoded() bool {
	switch p.encoding {
	case "", "7bit", "8bit", "binary":
		return false
	}
	return true
}

// isMessage reports whether the part holds a message (RFC 2046 5.2.1, RFC 6532 3.7).
func (p *Part) isMessage() bool {
	return p.MediaType == "message/rfc822" || p.MediaType == "message/global" || p.MediaType == "message/news"
}

// isText reports whether the body is text in a charset. A multipart in which no part was
// found is shown as text, so that its content can be seen.
func (p *Part) isText() bool {
	return strings.HasPrefix(p.MediaType, "text/") || strings.HasPrefix(p.MediaType, "multipart/") && len(p.Parts) == 0
}

// Text gives the decoded body of a text part in UTF-8, at most [MaxText] bytes,
// with "\n" as line end. The lines of format=flowed (RFC 3676) are joined. Any other
// part is read as text of an unknown charset.
func (p *Part) Text() string {
	text, _ := p.text(MaxText)
	return text
}

// text is Text with a limit; whole reports whether nothing was cut.
func (p *Part) text(limit int) (text string, whole bool) {
	raw, whole := decodeAtMost(nil, newDecoder(p.leafEncoding(), p.Body(), p.isText()), limit)
	text, _ = decodeCharset(string(raw), p.charset(raw))
	text = plainLineEnds(text)
	if flowed, delSp := p.flowed(); flowed {
		text = unflow(text, delSp)
	}
	return cutText(text, limit), whole && len(text) <= limit
}

// plainLineEnds makes "\n" of each line end: CR LF, LF, CR, and CR CR LF, which
// some programs make of CR LF.
func plainLineEnds(s string) string {
	at := strings.IndexByte(s, '\r')
	if at < 0 {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	for ; at >= 0; at = strings.IndexByte(s, '\r') {
		b.WriteString(s[:at])
		b.WriteByte('\n')
		s = s[at+lineEnd(s[at:]):]
	}
	b.WriteString(s)
	return b.String()
}

// lineEnd returns the length of the line end at the beginning of s, whose first byte is a
// CR.
func lineEnd(s string) int {
	switch {
	case strings.HasPrefix(s, "\r\n"):
		return 2
	case strings.HasPrefix(s, "\r\r\n"):
		return 3
	}
	return 1
}

// charset gives the charset named for the part's decoded text, "" when there is
// none. HTML may name it itself.
func (p *Part) charset(decoded []byte) string {
	if name := p.ContentType().Param("charset"); name != "" {
		return name
	}
	if p.MediaType == "text/html" {
		return metaCharset(decoded)
	}
	return ""
}

// metaCharset finds the charset that an HTML page names in a meta element, near
// its beginning, where browsers look for it.
func metaCharset(page []byte) string {
	head := bytes.ToLower(page[:min(len(page), 1024)])
	if i := bytes.Index(head, []byte("<meta")); i < 0 {
		return ""
	}
	_, after, found := bytes.Cut(head, []byte("charset="))
	if !found {
		return ""
	}
	after = bytes.TrimLeft(after, `"' `)
	end := bytes.IndexAny(after, "\"'>/; \t\r\n")
	if end < 0 || bytes.HasPrefix(after, []byte("utf-16")) {
		return "" // the element could be read, so it is not UTF-16
	}
	return string(after[:end])
}
