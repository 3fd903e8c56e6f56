package message

import (
	"strconv"
	"strings"
)

// maxGmail is the size of HTML, in bytes, from which on Gmail shows a part of it only.
const maxGmail = 102 << 10

// html checks the links of the bodies, and the HTML.
func (c *checker) html() {
	page := c.m.HTML()
	c.links(page)
	chosen := c.m.choice().html
	if len(chosen) == 0 {
		return
	}
	part := chosen[0].Index
	if !c.m.HasText() {
		c.found.add(part, HTMLOnly, "")
	}
	if size := len(page); size > maxGmail {
		c.found.add(part, LargeHTML, strconv.Itoa(size)+" bytes")
	}
	r := c.m.resourcesIn(func() string { return page })
	c.references(part, MissingInline, r.Missing)
	c.references(part, RelativeImage, r.Relative)
	c.references(part, InsecureImage, r.Insecure)
}

// links reports more links than are listed. It counts them only if the bodies are large
// enough to have so many.
func (c *checker) links(page string) {
	text := c.m.Text()
	if strings.Count(text, ":")+strings.Count(text, ".")/2+strings.Count(page, "<a")+strings.Count(page, "<A") < MaxLinks {
		return
	}
	if _, more := findLinks(text, page); more {
		c.found.add(0, TooManyLinks, strconv.Itoa(MaxLinks)+" are listed")
	}
}

// references reports URLs in the HTML.
func (c *checker) references(part int, code Code, urls []string) {
	if len(urls) == 0 {
		return
	}
	text := excerpt(urls[0])
	if more := len(urls) - 1; more > 0 {
		text += " and " + strconv.Itoa(more) + " more"
	}
	c.found.add(part, code, text)
}

// body decodes a leaf to see what is wrong with its encoding and charset.
func (c *checker) body(p *Part) {
	d := newDecoder(p.encoding, p.Body(), p.isText())
	var text []byte
	if p.isText() {
		var whole bool
		if text, whole = decodeAtMost(nil, d, MaxText); !whole {
			c.found.add(p.Index, BodyTooLarge, "")
		}
	}
	for len(d.next()) > 0 { // the rest, for its faults
	}
	c.encoding(p, d.fault())
	if text != nil {
		c.charset(p, text)
	}
}

// encoding reports what was wrong with the transfer encoding of a leaf.
func (c *checker) encoding(p *Part, fault decodeFault) {
	switch fault {
	case faultBase64:
		c.found.add(p.Index, MalformedBase64, "")
	case faultBase64Tail:
		c.found.add(p.Index, MalformedBase64, "something else is in its place or follows it, and is taken as it stands")
	case faultBase64End:
		c.found.add(p.Index, TruncatedBase64, "")
	case faultQuoted:
		c.found.add(p.Index, MalformedQuoted, "")
	case faultUUBegin, faultUUEnd:
		c.found.add(p.Index, MalformedUU, "")
	case faultUnknownCoding:
		c.found.add(p.Index, UnknownEncoding, excerpt(p.encoding))
	}
	switch p.encoding {
	case "", "7bit", "quoted-printable":
		if !isASCII(p.Body()) {
			text := p.encoding
			if text == "" {
				text = "no Content-Transfer-Encoding, so 7bit"
			}
			c.found.add(p.Index, EightBitBody, text)
		}
	}
}

// charset reports what was wrong with the charset of a text.
func (c *checker) charset(p *Part, raw []byte) {
	charset := p.charset(raw)
	text, fault := decodeCharset(string(raw), charset)
	switch {
	case fault == charsetUnknown:
		c.found.add(p.Index, UnknownCharset, excerpt(charset))
	case fault == charsetMalformed && charset != "":
		c.found.add(p.Index, MalformedCharset, excerpt(charset))
	case fault == charsetMalformed:
		if bodies := chooseLeaf(p, true); len(bodies.text)+len(bodies.html) > 0 {
			c.found.add(p.Index, MalformedCharset, "none named, so US-ASCII")
		}
	case mojibake(string(raw), charset):
		c.found.add(p.Index, Mojibake, "named "+excerpt(charset))
	case encodedTwice(text):
		c.found.add(p.Index, Mojibake, "encoded twice")
	}
}
