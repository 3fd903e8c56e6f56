package content

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/caddy-mailbucket/mailbucket/message"
)

// PartType returns the Content-Type with which a part is sent, and its disposition:
// browsers show images, and offer to save anything else.
func PartType(part *message.Part) (contentType, disposition string) {
	contentType, disposition = part.MediaType, "attachment"
	if image := part.ImageType(); image != "" {
		contentType, disposition = image, "inline"
	}
	if charset := part.ContentType().Param("charset"); charset != "" && isToken(charset) && strings.HasPrefix(contentType, "text/") {
		contentType += "; charset=" + charset
	}
	return contentType, disposition
}

// Open returns a reader of a part of the email, which decodes it while it is read.
func (m *Mail) Open(part *message.Part) io.ReadSeeker {
	return &partReader{part: part, size: m.SizeOf(part)}
}

// partReader reads a part and decodes it while it is read. To read from the middle, it
// decodes what comes before and discards that.
type partReader struct {
	part     *message.Part
	size     int64
	offset   int64 // of the next byte to read
	reader   io.Reader
	position int64 // of reader
}

// Seek implements io.Seeker.
func (p *partReader) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += p.offset
	case io.SeekEnd:
		offset += p.size
	}
	if offset < 0 {
		return 0, fmt.Errorf("seeking to %d in a part", offset)
	}
	p.offset = offset
	return offset, nil
}

// Read implements io.Reader.
func (p *partReader) Read(b []byte) (int, error) {
	if p.reader == nil || p.position > p.offset {
		p.reader, p.position = p.part.Open(), 0
	}
	if skip := p.offset - p.position; skip > 0 {
		n, err := io.CopyN(io.Discard, p.reader, skip)
		if p.position += n; err != nil {
			return 0, err
		}
	}
	n, err := p.reader.Read(b)
	p.position += int64(n)
	p.offset = p.position
	return n, err
}

// Disposition returns the value of the Content-Disposition field with a file name (RFC
// 6266): in ASCII for old programs, and in full in the encoding of RFC 8187.
func Disposition(disposition, filename string) string {
	if filename == "" {
		return disposition
	}
	plain := strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' || r == '"' || r == '\\' || r == '%' {
			return '_'
		}
		return r
	}, filename)
	value := disposition + `; filename="` + plain + `"`
	if plain != filename {
		value += "; filename*=UTF-8''" + extValue(filename)
	}
	return value
}

// extValue encodes a string as an ext-value (RFC 8187 section 3.2.1).
func extValue(s string) string {
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; isAttrChar(c) {
			b.WriteByte(c)
		} else {
			b.WriteString("%" + strings.ToUpper(strconv.FormatUint(uint64(c)+0x100, 16)[1:]))
		}
	}
	return b.String()
}

func isAttrChar(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("!#$&+-.^_`|~", c) >= 0
}

func isToken(s string) bool {
	for i := range len(s) {
		if !isAttrChar(s[i]) {
			return false
		}
	}
	return s != ""
}
