package message

import (
	"strings"
	"testing"
)

// problem gives the details of the first problem of a kind, and whether there is one.
func problem(m *Message, code Code) (text string, found bool) {
	for _, p := range m.Problems() {
		if p.Code == code {
			return p.Text, true
		}
	}
	return "", false
}

func TestBodiesAreChecked(t *testing.T) {
	const plain, page = "Content-Type: text/plain; charset=utf-8\r\n", "Content-Type: text/html; charset=utf-8\r\n"
	long := strings.Repeat("<p>long</p>\r\n", 9000)
	for _, tt := range []struct {
		name, raw string
		code      Code
		want      string // details; "" for no such problem
	}{
		{"8-bit in 7bit", plain + "Content-Transfer-Encoding: 7bit\r\n\r\né", EightBitBody, "7bit"},
		{"8-bit in nothing", plain + "\r\né", EightBitBody, "no Content-Transfer-Encoding, so 7bit"},
		{"8-bit in quoted-printable", plain + "Content-Transfer-Encoding: quoted-printable\r\n\r\né", EightBitBody, "quoted-printable"},
		{"8-bit in 8bit", plain + "Content-Transfer-Encoding: 8bit\r\n\r\né", EightBitBody, ""},
		{"8-bit in binary", "Content-Type: image/png\r\nContent-Transfer-Encoding: binary\r\n\r\n\xff", EightBitBody, ""},
		{"7-bit", plain + "\r\ne", EightBitBody, ""},

		{"UTF-8 named ISO-8859-1", "Content-Type: text/plain; charset=ISO-8859-1\r\n\r\nGrüße", Mojibake, "named ISO-8859-1"},
		{"UTF-8 encoded twice", plain + "\r\nGrÃ¼ÃŸe", Mojibake, "encoded twice"},
		{"ISO-8859-1", "Content-Type: text/plain; charset=iso-8859-1\r\n\r\nGr\xfc\xdfe", Mojibake, ""},
		{"UTF-8", plain + "\r\nGrüße", Mojibake, ""},
		{"UTF-8 named ISO-8859-1 in a subject", "Subject: =?iso-8859-1?Q?Gr=C3=BC=C3=9Fe?=\r\n\r\n", Mojibake, "Subject"},
		{"UTF-8 subject", "Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\r\n\r\n", Mojibake, ""},

		{"large HTML", page + "\r\n" + long, LargeHTML, "108000 bytes"},
		{"large text", plain + "\r\n" + long, LargeHTML, ""},
		{"many addresses", "To: " + strings.Repeat("a@b.test,\r\n ", MaxAddresses+1) + "\r\n\r\n", TooManyAddresses, "10000 are read of To"},
		{"many addresses in two fields", strings.Repeat("Cc: "+strings.Repeat("a@b.test,\r\n ", MaxAddresses/2+1)+"\r\n", 2) + "\r\n", TooManyAddresses, "10000 are read of Cc"},
		{"as many addresses as are read", "To: " + strings.Repeat("a@b.test,\r\n ", MaxAddresses) + "(end)\r\n\r\n", TooManyAddresses, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, found := problem(Parse(tt.raw), tt.code)
			if got != tt.want || found != (tt.want != "") {
				t.Errorf("%q, %v, want %q", got, found, tt.want)
			}
		})
	}
}

func TestHTMLWithoutTextIsSaid(t *testing.T) {
	for raw, want := range map[string]bool{
		entity("Content-Type: text/html", "h"): true,
		entity("Content-Type: multipart/mixed", entity("Content-Type: text/html", "h"), entity("Content-Type: application/pdf", "p")):  true,
		entity("Content-Type: multipart/alternative", entity("Content-Type: text/plain", "t"), entity("Content-Type: text/html", "h")): false,
		entity("Content-Type: text/plain", "t"): false,
	} {
		if _, got := problem(Parse(raw), HTMLOnly); got != want {
			t.Errorf("%v of\n%s", got, raw)
		}
	}
}
