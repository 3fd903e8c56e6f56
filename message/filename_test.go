package message

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestFilenamesAreSafe(t *testing.T) {
	for in, want := range map[string]string{
		"a.txt": "a.txt", "../../etc/passwd": "passwd", `C:\x\y.doc`: "y.doc", "a\x00b\r\n.txt": "ab.txt", "..": "", ".": "", " x. ": "x",
		"gpj\u202eexe.txt": "gpjexe.txt", "dir/": "", ".profile": ".profile",
		strings.Repeat("é", 200) + ".txt": strings.Repeat("é", 125) + ".txt",
	} {
		if got := safeFilename(in); got != want {
			t.Errorf("safeFilename(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestSaveName(t *testing.T) {
	message := func(fields string) string { return "Content-Type: message/rfc822\r\n\r\n" + fields + "\r\n\r\nx" }
	for raw, want := range map[string]string{
		"Content-Type: application/octet-stream; name=\"Doe, , Jane_364524.pdf\"\r\n\r\nx":            "Doe, , Jane_364524.pdf",
		"Content-Type: application/pdf; name=invoice\r\n\r\nx":                                        "invoice",
		"Content-Type: application/pdf\r\n\r\nx":                                                      "part-0.pdf",
		"Content-Type: text/csv\r\nContent-Disposition: attachment; filename=\"\"\r\n\r\nx":           "part-0.csv",
		"Content-Type: text/calendar; method=REQUEST\r\n\r\nx":                                        "part-0.ics",
		"Content-Type: text/x-log\r\n\r\nx":                                                           "part-0.txt",
		"Content-Type: application/octet-stream\r\n\r\nx":                                             "part-0.bin",
		"Content-Type: application/octet-stream\r\n\r\n" + pngHead:                                    "part-0.png",
		"Content-Type: image/jpg\r\n\r\nx":                                                            "part-0.jpg",
		"Content-Type: image/svg+xml\r\n\r\n<svg/>":                                                   "part-0.svg",
		"Content-Type: application/atom+xml\r\n\r\nx":                                                 "part-0.xml",
		"Content-Type: application/vnd.x\r\nContent-Disposition: attachment; filename=\"..\"\r\n\r\n": "part-0.bin",
		message("Subject: inner mail"):                                                                "inner mail.eml",
		message("Subject: =?utf-8?Q?a/b=0D=0A=5Cc:_d?="):                                              "a_b _c_ d.eml",
		message("Subject: " + strings.Repeat("é", 200)):                                               strings.Repeat("é", 125) + ".eml",
		message("Subject: ..."):                                                                       "part-0.eml",
		message("X: y"):                                                                               "part-0.eml",
		"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\nQQ==":               "part-0.eml",
	} {
		got := Parse(raw).Root.SaveName()
		if got != want || len(got) > MaxFilename || !utf8.ValidString(got) {
			t.Errorf("%q: %q, want %q", raw, got, want)
		}
	}
}
