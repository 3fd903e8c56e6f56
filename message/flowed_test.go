package message

import (
	"strings"
	"testing"
)

func TestFlowedTextIsJoined(t *testing.T) {
	for _, tt := range []struct {
		name, in string
		delSp    bool
		want     string
	}{
		{"fixed", "a\nb\n", false, "a\nb\n"},
		{"joined", "a \nb \nc\nd\n", false, "a b c\nd\n"},
		{"joined with DelSp", "a \nb  \nc\n", true, "ab c\n"},
		{"empty lines", "a \n\nb\n", false, "a \nb\n"},
		{"paragraphs", "a \nb\n\nc \nd\n", false, "a b\n\nc d\n"},
		{"space-stuffed", " From here\n  a\n >b\n", false, "From here\n a\n>b\n"},
		{"quoted", "> a \n> b\n>> c \n>> d\ne\n", false, "> a b\n>> c d\ne\n"},
		{"quote depth changes within a paragraph", "> a \nb\n>> c \n> d\n", false, "> a \nb\n>> c \n> d\n"},
		{"quoted empty line", ">\n> a\n", false, ">\n> a\n"},
		{"signature", "a \n-- \nb \nc\n", false, "a \n-- \nb c\n"},
		{"quoted signature", "> a\n> -- \n> b\n", false, "> a\n> -- \n> b\n"},
		{"no last line end", "a \nb", false, "a b"},
		{"paragraph without end", "a \n", false, "a \n"},
		{"paragraph without line end", "a ", false, "a "},
		{"paragraph without end and DelSp", "a \n", true, "a\n"},
		{"only a blank", " \na\n", false, "\na\n"},
		{"empty", "", false, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := unflow(tt.in, tt.delSp); got != tt.want {
				t.Errorf("%q gave %q, want %q", tt.in, got, tt.want)
			}
		})
	}
}

func TestOnlyFlowedPlainTextIsJoined(t *testing.T) {
	for kind, want := range map[string]string{
		"text/plain; format=flowed": "a b\n", "text/plain; Format=\"Flowed\"; DelSp=Yes": "ab\n", "text/plain; format=fixed": "a \nb\n",
		"text/plain": "a \nb\n", "text/html; format=flowed": "a \nb\n",
	} {
		p := Parse("Content-Type: " + kind + "\r\n\r\na \r\nb\r\n").Root
		if p.Text() != want || p.Body() != "a \r\nb\r\n" || string(p.Decode()) != "a \r\nb\r\n" {
			t.Errorf("%s: text %q, decoded %q", kind, p.Text(), p.Decode())
		}
	}
}

func FuzzFlowed(f *testing.F) {
	f.Add("> a \n>> b\n-- \nc ", true)
	f.Fuzz(func(t *testing.T, s string, delSp bool) {
		got := unflow(s, delSp)
		if len(got) > 2*len(s)+2 {
			t.Errorf("%q gave %d bytes", s, len(got))
		}
		keep := func(r rune) rune {
			if r == ' ' || r == '\n' || r == '>' {
				return -1
			}
			return r
		}
		if strings.Map(keep, got) != strings.Map(keep, s) {
			t.Errorf("%q gave %q", s, got)
		}
	})
}
