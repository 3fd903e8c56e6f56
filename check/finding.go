package check

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"
)

// Finding is something that a sender should know about a mail.
type Finding struct {
	Code     Code     `json:"code"`
	Group    Group    `json:"group"`
	Severity Severity `json:"severity"`
	Text     string   `json:"text"`  // a sentence, without its full stop
	Count    int      `json:"count"` // how often it was found
	// Places are the first places that it was found at, at most MaxPlaces.
	Places []Place `json:"places"`
}

// Place is where in a mail something was found.
type Place struct {
	Part int `json:"part"` // the index of the part
	// Line is the line in the decoded HTML, counted from 1; 0 if the place has no line.
	Line int `json:"line,omitempty"`
	// Element is the beginning of a tag, a rule of CSS, or a URL; it may be empty.
	Element string `json:"element,omitempty"`
}

// Code names a kind of finding. Codes never change, so that tests can compare them. Codes
// of package message are taken over as they are.
type Code string

// Group says what a finding is about.
type Group string

// The groups, in the order of a report.
const (
	SMTP          Group = "smtp"          // how the mail was sent
	MIME          Group = "mime"          // how the mail is structured and encoded
	Sender        Group = "sender"        // who sent it, and when
	Bulk          Group = "bulk"          // what is required of bulk mail
	Text          Group = "text"          // the text compared with the HTML, and the preview
	HTML          Group = "html"          // the page as a whole
	Images        Group = "images"        // images that will not be shown, and why
	Links         Group = "links"         // links that do not lead where they should
	Accessibility Group = "accessibility" // what readers with disabilities miss
)

var groups = []Group{SMTP, MIME, Sender, Bulk, Text, HTML, Images, Links, Accessibility}

// Severity tells how much a finding matters.
type Severity string

// The severities, the gravest first.
const (
	Error   Severity = "error"   // readers will not see what was meant
	Warning Severity = "warning" // some readers will not, or spam filters may object
	Note    Severity = "note"    // it may well be intended
)

var severities = []Severity{Error, Warning, Note}

// rule is what is known about a code.
type rule struct {
	group    Group
	severity Severity
	text     string
}

// findings collects them.
type findings struct {
	all    []*Finding
	byKind map[string]*Finding
	more   int
}

// found records something of the kind that a code stands for. The details, if any, are
// added to the rule's sentence. There is one finding for each code, with the details of its
// first occurrence.
func (l *findings) found(code Code, details string, at func() Place) {
	l.foundKind(code, "", details, at)
}

// foundKind is found for codes that have several findings, one for each kind.
func (l *findings) foundKind(code Code, kind, details string, at func() Place) {
	key := string(code) + " " + kind
	f := l.byKind[key]
	if f == nil {
		r := rules[code]
		text := r.text
		if details != "" {
			text += ": " + details
		}
		if l.byKind == nil {
			l.byKind = make(map[string]*Finding)
		}
		f = l.add(Finding{Code: code, Group: r.group, Severity: r.severity, Text: text})
		l.byKind[key] = f
	}
	f.Count++
	if len(f.Places) < MaxPlaces {
		f.Places = append(f.Places, at())
	}
}

// add adds a separate finding. Beyond MaxFindings, it is only counted.
func (l *findings) add(f Finding) *Finding {
	if len(l.all) < MaxFindings {
		l.all = append(l.all, &f)
	} else {
		l.more++
	}
	return &f
}

// list gives the findings in their order, and how many were left out.
func (l *findings) list() ([]Finding, int) {
	list := make([]Finding, len(l.all))
	for i, f := range l.all {
		list[i] = *f
	}
	slices.SortStableFunc(list, func(a, b Finding) int {
		return cmp.Or(
			slices.Index(groups, a.Group)-slices.Index(groups, b.Group),
			slices.Index(severities, a.Severity)-slices.Index(severities, b.Severity),
		)
	})
	return list, l.more
}

// whole is the place of a finding about the mail as a whole.
func whole() Place { return Place{} }

// in gives the place of what is in a part.
func in(part int) func() Place { return func() Place { return Place{Part: part} } }

// maxExcerpt is the longest excerpt of a mail in a finding, in bytes.
const maxExcerpt = 120

// excerpt gives the beginning of something in the mail, on one line.
func excerpt(s string) string {
	cut := len(s) > maxExcerpt
	s = strings.ToValidUTF8(s[:min(len(s), maxExcerpt)], "")
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == utf8.RuneError {
			return ' '
		}
		return r
	}, s)
	s = strings.Join(strings.Fields(s), " ")
	if cut {
		s += "…"
	}
	return s
}
