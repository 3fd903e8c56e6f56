package message

import "testing"

func TestTransferEncodingNames(t *testing.T) {
	for _, tt := range []struct {
		field, want string
		loose       bool
	}{
		{"base64", "base64", false}, {" Quoted-Printable ", "quoted-printable", false}, {"7BIT (plain)", "7bit", false}, {"binary", "binary", false},
		{"base64; x=y", "base64", false}, {"x-uue", "x-uuencode", false}, {"", "", false}, {"\r\n base64", "base64", false},
		{`"base64"`, "base64", true}, {"'base64'", "base64", true}, {"<base64>", "base64", true}, {"=?utf-8?Q?base64?=", "base64", true},
		{"=?us-ascii?B?cXVvdGVkLXByaW50YWJsZQ==?=", "quoted-printable", true},
		{"b64", "base64", true}, {"base-64", "base64", true}, {"base 64", "base64", true}, {"BASE_64", "base64", true}, {"B", "base64", true},
		{"quotedprintable", "quoted-printable", true}, {"quoted_printable", "quoted-printable", true}, {"quoted printable", "quoted-printable", true},
		{"Quoted-Printable.", "quoted-printable", true}, {"qp", "quoted-printable", true}, {"quoted", "quoted-printable", true}, {`"quoted-printable" ;`, "quoted-printable", true},
		{"8-bit", "8bit", true}, {"8 bit", "8bit", true}, {"7-bit", "7bit", true}, {"8bits", "8bit", true}, {"base64, 7bit", "base64", true}, {"base64 charset=utf-8", "base64", false},
		{"(none) base64", "base64", false}, {"x-rot13", "x-rot13", false}, {"utf-8", "utf-8", false}, {"ISO-8859-1", "iso-8859-1", false},
	} {
		if got, loose := transferEncoding(tt.field); got != tt.want || loose != tt.loose {
			t.Errorf("%q: %q, loose %v", tt.field, got, loose)
		}
	}
}

func TestLooseEncodingIsUndoneAndSaid(t *testing.T) {
	m := Parse("Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: \"base64\"\r\n\r\nR3LDvMOfZQ==\r\n")
	if m.Text() != "Grüße" || !codes(m)[LooseEncoding] {
		t.Errorf("text %q, problems %v", m.Text(), m.Problems())
	}
}
