package message

import "strings"

// encodingNames are the content transfer encodings (RFC 2045 6, and uuencode) by
// what senders call them, in lower case and without anything but letters and
// digits.
var encodingNames = map[string]string{
	"7bit": "7bit", "7bits": "7bit", "7": "7bit", "sevenbit": "7bit", "usascii": "7bit", "ascii": "7bit",
	"8bit": "8bit", "8bits": "8bit", "8": "8bit", "8bitmime": "8bit", "eightbit": "8bit",
	"binary": "binary", "bin": "binary", "none": "binary", "identity": "binary", "raw": "binary",
	"base64": "base64", "b64": "base64", "b": "base64", "bas64": "base64", "base64encoded": "base64", "xbase64": "base64", "mimebase64": "base64",
	"quotedprintable": "quoted-printable", "quotedprint": "quoted-printable", "quoteprintable": "quoted-printable",
	"quoted": "quoted-printable", "qp": "quoted-printable", "q": "quoted-printable", "xquotedprintable": "quoted-printable",
	"xuuencode": "x-uuencode", "uuencode": "x-uuencode", "xuue": "x-uuencode", "uue": "x-uuencode", "xuu": "x-uuencode", "uu": "x-uuencode",
}

// exactEncodings are the names that every reader knows.
var exactEncodings = wordSet("7bit 8bit binary base64 quoted-printable x-uuencode uuencode x-uue uue")

// transferEncoding gives the encoding that a Content-Transfer-Encoding field names; loose
// reports that it is written in a way that few mail readers understand, such as in quotes,
// as an encoded word or by another name. An unknown encoding is returned as it is written.
func transferEncoding(raw string) (encoding string, loose bool) {
	token := strings.ToLower(headerToken(raw))
	if exactEncodings[token] {
		return encodingNames[alphanumeric(token)], false
	}
	if len(raw) > maxToken {
		return cutText(token, maxToken), false
	}
	text := strings.ToLower(trimBlanks(withoutComments(DecodeHeader(raw))))
	if text == "" {
		return "", false
	}
	whole, _, _ := strings.Cut(text, ";")
	first, _, _ := strings.Cut(whole, ",")
	word, _, _ := strings.Cut(trimBlanks(first), " ")
	for _, name := range []string{whole, first, word} {
		if encoding, ok := encodingNames[alphanumeric(name)]; ok {
			return encoding, true
		}
	}
	return text, false
}

// alphanumeric keeps the ASCII letters and digits of s.
func alphanumeric(s string) string {
	return strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' || '0' <= r && r <= '9' {
			return r
		}
		return -1
	}, s)
}
