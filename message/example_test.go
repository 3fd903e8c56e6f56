package message_test

import (
	"fmt"

	"github.com/caddy-mailbucket/mailbucket/message"
)

func ExampleParse() {
	m := message.Parse(`From: =?utf-8?Q?Ren=C3=A9e?= <renee@example.test>
Subject: Welcome
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: quoted-printable

Your code is 483 920. See https://example.test/start.
--b
Content-Type: text/csv; name=list.csv
Content-Transfer-Encoding: base64

YSxiCg==
`)
	fmt.Println(m.From()[0].Name, m.From()[0].Address, m.Subject())
	fmt.Println(message.Codes(m.Subject(), m.Text(), m.HTML()), message.Links(m.Text(), m.HTML())[0].URL)
	for i, a := range m.Attachments() {
		fmt.Println(i, a.Filename(), a.MediaType, a.Size())
	}
	for _, p := range m.Problems() {
		fmt.Println(p.Part, p)
	}
	// Output:
	// Renée renee@example.test Welcome
	// [483920] https://example.test/start
	// 0 list.csv text/csv 4
	// 0 multipart without its closing delimiter: multipart/mixed
	// 0 LF without CR: 14 of 14 lines
	// 0 required header field missing: Date
}
