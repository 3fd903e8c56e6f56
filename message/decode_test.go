package message

import (
	"bytes"
	"encoding/base64"
	"io"
	"mime/quotedprintable"
	"strings"
	"testing"
	"testing/iotest"
)

func TestTransferEncodings(t *testing.T) {
	tests := []struct {
		name, encoding, in, want string
		fault                    decodeFault
	}{
		{"none", "", "a\r\nb\x00\xff", "a\r\nb\x00\xff", faultNone},
		{"7bit", "7bit", "a=41", "a=41", faultNone},
		{"unknown", "x-rot13", "abc", "abc", faultUnknownCoding},
		{"empty", "base64", "", "", faultNone},

		{"base64", "base64", "SGVsbG8=\r\n", "Hello", faultNone},
		{"base64 with breaks and blanks", "base64", "S GV\r\ns\tbG\n8=\n", "Hello", faultNone},
		{"base64 without padding", "base64", "SGVsbG8", "Hello", faultBase64End},
		{"base64 cut short", "base64", "SGVsbG8sI", "Hello,", faultBase64},
		{"base64 with junk", "base64", "SG*V!sbG8=", "Hello", faultBase64},
		{"base64 joined", "base64", "SGVsbG8=IQ==", "Hello!", faultBase64},
		{"base64 too much padding", "base64", "SGVsbG8====", "Hello", faultNone},
		{"base64, then a footer", "base64", "SGVsbG8=\r\n\r\n____\r\nadded by a list\r\n", "Hello\r\n____\r\nadded by a list\r\n", faultBase64Tail},
		{"base64, then words", "base64", "SGVsbG8=\r\nadded by a list\r\n", "Helloadded by a list\r\n", faultBase64Tail},
		{"base64, blanks, then words", "base64", "SGVsbG8= \t\r\n \r\n a b", "Hello \r\n a b", faultBase64Tail},
		{"base64, then a word", "base64", "SGVsbG8=\r\n\r\nRegards\r\nBob", "Hello\r\nRegards\r\nBob", faultBase64Tail},
		{"base64, then something on its line", "base64", "SGVsbG8= (end)", "Hello (end)", faultBase64Tail},
		{"base64 without need of padding, then a footer", "base64", "SGVsbG8h\r\n\r\n-- \r\na list", "Hello!\r\n-- \r\na list", faultBase64Tail},
		{"base64, then at once a footer", "base64", "SGVsbG8h\r\n____\r\na list", "Hello!____\r\na list", faultBase64Tail},
		{"base64, then at once words", "base64", "SGVsbG8h\r\nadded by a list", "Hello!added by a list", faultBase64Tail},
		{"base64 without padding, then a signature", "base64", "SGVsbG8\r\n-- \r\na list", "Hello-- \r\na list", faultBase64Tail},
		{"base64 with an empty line", "base64", "SGVs\r\n\r\nbG8=\r\n\r\n", "Hello", faultNone},
		{"words for base64", "base64", "this is no base64\r\nat all", "this is no base64\r\nat all", faultBase64Tail},
		{"base64 joined on lines", "base64", "SGVsbG8=\r\nIQ==\r\n\r\nSGVsbG8h\r\n", "Hello!Hello!", faultBase64},
		{"base64 of one character", "base64", "S", "", faultBase64},
		{"base64 of padding", "base64", "====", "", faultNone},

		{"quoted-printable", "quoted-printable", "caf=C3=A9 =3D x", "café = x", faultNone},
		{"soft break", "quoted-printable", "a=\r\nb=\nc= \t\r\nd=", "abcd", faultNone},
		{"hard breaks", "quoted-printable", "a\r\nb\nc", "a\r\nb\nc", faultNone},
		{"CR CR LF", "quoted-printable", "a=\r\r\nb \r\r\nc", "ab\r\r\nc", faultNone},
		{"blanks at line ends", "quoted-printable", "a \t\r\n  b  c \n d\t", "a\r\n  b  c\n d", faultNone},
		{"lower-case digits", "quoted-printable", "=c3=a9", "é", faultNone},
		{"bad digits", "quoted-printable", "1=ZZ 2=4 =", "1=ZZ 2=4 ", faultQuoted},
		{"raw 8-bit", "quoted-printable", "caf\xe9", "caf\xe9", faultNone},
		{"bare CR", "quoted-printable", "a=\rb\rc", "a=\rb\rc", faultQuoted},

		{"uuencode", "x-uuencode", "text\nbegin 644 a\n%2&5L;&\\\n`\nend\nmore", "Hello", faultNone},
		{"uuencode with CRLF", "x-uuencode", "begin 644 a\r\n%2&5L;&\\\r\n \r\nend\r\n", "Hello", faultNone},
		{"uuencode cut short", "x-uuencode", "begin 644 a\n%2&5L;&\\", "Hello", faultUUEnd},
		{"uuencode without begin", "x-uuencode", "Hello", "Hello", faultUUBegin},
		{"uuencode with blanks stripped", "x-uuencode", "begin 644 a\n#\nend", "", faultNone},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := newDecoder(tt.encoding, tt.in, true)
			got, err := io.ReadAll(iotest.OneByteReader(&decodeReader{decoder: d}))
			if err != nil || string(got) != tt.want || d.fault() != tt.fault {
				t.Errorf("%q gave %q, fault %d (%v), want %q, fault %d", tt.in, got, d.fault(), err, tt.want, tt.fault)
			}
		})
	}
}

// What the standard library encodes is decoded to the same, at every size around the sizes
// of the buffers.
func TestDecodingUndoesEncoding(t *testing.T) {
	var data []byte
	for i := range 4000 {
		data = append(data, byte(i*i>>3))
	}
	for _, n := range []int{0, 1, 2, 3, 56, 57, 58, 766, 767, 768, 769, 770, 1023, 1024, 1025, 1535, 1536, 1537, 4000} {
		want := data[:n]
		encoded := base64.StdEncoding.EncodeToString(want)
		for _, width := range []int{4, 60, 76, 1 << 20} {
			var lines strings.Builder
			for s := encoded; s != ""; {
				cut := min(width, len(s))
				lines.WriteString(s[:cut] + "\r\n")
				s = s[cut:]
			}
			d := newDecoder("base64", lines.String(), true)
			if got, _ := decodeAtMost(nil, d, 1<<20); !bytes.Equal(got, want) || d.fault() != faultNone {
				t.Errorf("base64 of %d bytes in lines of %d: %d bytes, fault %d", n, width, len(got), d.fault())
			}
		}
		var quoted strings.Builder
		w := quotedprintable.NewWriter(&quoted)
		w.Binary = true
		w.Write(want)
		w.Close()
		d := newDecoder("quoted-printable", quoted.String(), true)
		if got, _ := decodeAtMost(nil, d, 1<<20); !bytes.Equal(got, want) || d.fault() != faultNone {
			t.Errorf("quoted-printable of %d bytes: %d bytes, fault %d", n, len(got), d.fault())
		}
	}
}
