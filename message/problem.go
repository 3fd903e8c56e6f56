package message

import "slices"

// MaxProblems is how many problems are listed of one message.
const MaxProblems = 200

// Problem is something wrong with a message that did not keep it from being
// read.
type Problem struct {
	Code Code
	Text string // details: a name or an excerpt, at most a few hundred bytes; may be empty
	Part int    // index of the part it is in, see [Message.Parts]
}

// String gives the meaning of the code, and the details.
func (p Problem) String() string {
	if p.Text == "" {
		return p.Code.Meaning()
	}
	return p.Code.Meaning() + ": " + p.Text
}

// Code names a kind of problem. Codes never change, so that tests can compare them.
type Code string

// The kinds of problems, those of the structure first.
const (
	TooManyParts          Code = "too-many-parts"
	TooDeep               Code = "too-deep"
	HeaderTooLarge        Code = "header-too-large"
	TooManyParameters     Code = "too-many-parameters"
	MissingBoundary       Code = "missing-boundary"
	NoParts               Code = "no-parts"
	UnterminatedMultipart Code = "unterminated-multipart"
	EncodedContainer      Code = "encoded-container"
	NoBlankLine           Code = "no-blank-line"
	MalformedField        Code = "malformed-field"
	UnfoldedField         Code = "unfolded-field"
	MalformedType         Code = "malformed-content-type"
	Epilogue              Code = "text-after-last-part"

	MissingField     Code = "missing-field"
	RepeatedField    Code = "repeated-field"
	MalformedDate    Code = "malformed-date"
	UnknownZone      Code = "unknown-zone"
	UTF8Header       Code = "utf8-header"
	EightBitHeader   Code = "8bit-header"
	UnknownEncoding  Code = "unknown-encoding"
	LooseEncoding    Code = "loose-encoding"
	MalformedBase64  Code = "malformed-base64"
	TruncatedBase64  Code = "truncated-base64"
	MalformedQuoted  Code = "malformed-quoted-printable"
	MalformedUU      Code = "malformed-uuencode"
	UnknownCharset   Code = "unknown-charset"
	MalformedCharset Code = "malformed-charset"
	BodyTooLarge     Code = "body-too-large"
	WrongImageType   Code = "wrong-image-type"

	NULByte      Code = "nul"
	BareCR       Code = "bare-cr"
	BareLF       Code = "bare-lf"
	LongLine     Code = "long-line"
	MoreProblems Code = "more-problems"
)

// What is wrong with the content of bodies, and limits that cut.
const (
	EightBitBody     Code = "8bit-body"
	Mojibake         Code = "mojibake"
	HTMLOnly         Code = "html-only"
	LargeHTML        Code = "large-html"
	MissingInline    Code = "missing-inline-part"
	RelativeImage    Code = "relative-image"
	InsecureImage    Code = "insecure-image"
	TooManyAddresses Code = "too-many-addresses"
	TooManyLinks     Code = "too-many-links"
)

var meanings = map[Code]string{
	TooManyParts:          "too many parts",
	TooDeep:               "parts nested too deeply",
	HeaderTooLarge:        "header too large",
	TooManyParameters:     "too many parameters in a header field",
	MissingBoundary:       "multipart without a usable boundary",
	NoParts:               "multipart whose boundary never appears",
	UnterminatedMultipart: "multipart without its closing delimiter",
	EncodedContainer:      "message or multipart in a transfer encoding that is not allowed for it",
	NoBlankLine:           "no empty line between header and body",
	MalformedField:        "header line that is no field",
	UnfoldedField:         "header field continued on a line that does not begin with a blank",
	MalformedType:         "malformed Content-Type",
	Epilogue:              "text after the closing delimiter, which mail readers do not show",
	MissingField:          "required header field missing",
	RepeatedField:         "header field that may appear only once is repeated",
	MalformedDate:         "malformed date",
	UnknownZone:           "date in a time zone that nobody knows",
	UTF8Header:            "raw UTF-8 in a header field, which needs SMTPUTF8",
	EightBitHeader:        "8-bit bytes in a header field that are not UTF-8",
	UnknownEncoding:       "unknown Content-Transfer-Encoding",
	LooseEncoding:         "Content-Transfer-Encoding written in a way that few mail readers understand",
	MalformedBase64:       "malformed base64",
	TruncatedBase64:       "base64 cut short or without padding",
	MalformedQuoted:       "malformed quoted-printable",
	MalformedUU:           "malformed uuencode",
	UnknownCharset:        "unknown charset",
	MalformedCharset:      "bytes that are not in the charset named",
	BodyTooLarge:          "text too large, cut",
	WrongImageType:        "image sent under another type, which some mail readers do not show",
	EightBitBody:          "8-bit bytes in a body that is said to have none",
	Mojibake:              "UTF-8 that is taken for another charset, so that readers see wrong characters",
	HTMLOnly:              "HTML without a text part, which text-only readers and spam filters expect",
	LargeHTML:             "HTML of more than 102 KB, of which Gmail shows a part only",
	MissingInline:         "cid: URL of a part that is not there",
	RelativeImage:         "image with a relative URL, which no mail reader can load",
	InsecureImage:         "image with an http: URL, which many mail readers do not load",
	TooManyAddresses:      "more addresses than are read",
	TooManyLinks:          "more links than are listed",
	NULByte:               "NUL bytes",
	BareCR:                "CR without LF",
	BareLF:                "LF without CR",
	LongLine:              "line longer than 998 bytes",
	MoreProblems:          "more problems than are listed",
}

// Meaning explains the code in a few words.
func (c Code) Meaning() string { return meanings[c] }

// problemList collects problems: each kind once per part, and at most MaxProblems.
type problemList struct {
	list []Problem
	seen map[problemKey]bool
}

type problemKey struct {
	code Code
	part int
}

func (l *problemList) add(part int, code Code, text string) {
	key := problemKey{code, part}
	if l.seen[key] || len(l.list) >= MaxProblems {
		return
	}
	if len(l.list) == MaxProblems-1 {
		code, text = MoreProblems, ""
	}
	if l.seen == nil {
		l.seen = make(map[problemKey]bool)
	}
	l.seen[key] = true
	l.list = append(l.list, Problem{Code: code, Text: text, Part: part})
}

// report notes a problem of the structure.
func (m *Message) report(p *Part, code Code, text string) {
	m.structural.add(p.Index, code, text)
}

// Problems gives what is wrong with the message, by part, each kind at most
// once a part and at most [MaxProblems] in all; none for a message that is
// well formed. The first call decodes every part once, in time linear in the
// size of the message.
func (m *Message) Problems() []Problem {
	m.checkOnce.Do(func() {
		found := problemList{list: slices.Clone(m.structural.list), seen: m.structural.seen}
		c := checker{m: m, found: &found}
		c.check()
		slices.SortStableFunc(found.list, func(a, b Problem) int {
			if more := b2i(a.Code == MoreProblems) - b2i(b.Code == MoreProblems); more != 0 {
				return more
			}
			return a.Part - b.Part
		})
		m.problems = found.list
	})
	return slices.Clone(m.problems)
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}
