// Package check reports what a sender should know about a mail before it is sent to people:
// what is wrong with it, which of its images will not be shown, what spam filters and
// readers will object to, and which mail clients do not support the HTML and CSS that it
// uses. Nothing is fetched for that.
//
//	report := check.Run(check.Input{Mail: message.Parse(raw)})
//	for _, f := range report.Findings {
//		fmt.Println(f.Severity, f.Code, f.Text)
//	}
//
// A reader goes through the files in this order: check.go (this one), finding.go,
// problems.go (what package message and the SMTP session found), sender.go, bulk.go and
// body.go (the header, and the bodies compared with each other), page.go and element.go
// (the walk over the HTML), link.go, image.go, style.go, color.go, and then use.go,
// signs.go and data.go (which clients support the features that were found).
//
// Everything is bounded: the HTML by maxPage, the CSS by the same, the findings by
// [MaxFindings], and the places of each by [MaxPlaces]. The work is linear in the size of
// the mail.
package check

import (
	"time"

	"github.com/caddy-mailbucket/mailbucket/message"
)

// Limits of a report.
const (
	// MaxFindings is how many findings a report has at most.
	MaxFindings = 300
	// MaxPlaces is how many places of a finding, or of a feature, are given.
	MaxPlaces = 10
	// MaxHTML is the size of HTML, in bytes, from which on Gmail shows a part of it only.
	MaxHTML = 102 << 10
)

// Input is what is checked.
type Input struct {
	Mail *message.Message
	// Sender is the envelope's, "" if it is empty or not known.
	Sender string
	// Arrived is when the mail came; zero if that is not known.
	Arrived time.Time
	// Problems are those of the SMTP session, as sentences.
	Problems []string
}

// Report is what was found out about a mail.
type Report struct {
	// Findings are in the order of their groups, the gravest of each first.
	Findings []Finding `json:"findings"`
	// More is how many findings were left out.
	More int `json:"more"`
	// Preview is what lists of mails show next to the subject, at most 250 characters.
	Preview string `json:"preview"`
	// HTMLSize is the size of the HTML, decoded, in bytes; 0 without HTML. Gmail shows
	// [MaxHTML] bytes.
	HTMLSize int `json:"htmlSize"`
	// Support is nil without HTML.
	Support *ClientSupport `json:"support"`
}

// Run checks a mail. It never fails.
func Run(in Input) *Report {
	c := &checker{Input: in}
	text, html := in.Mail.Bodies()
	if len(html) > 0 {
		c.page, c.htmlPart = in.Mail.HTML(), html[0]
	}
	for _, p := range text {
		if p.MediaType != "text/html" {
			c.textPart = p
			break
		}
	}
	c.problems()
	c.sender()
	c.bulk()
	c.bodies()
	report := &Report{Preview: c.preview, HTMLSize: len(c.page)}
	if c.htmlPart != nil {
		w := newWalker(c)
		w.walk()
		report.Support = w.uses.report(w.elements)
	}
	c.textLinks()
	report.Findings, report.More = c.list()
	return report
}

// checker looks at one mail.
type checker struct {
	Input
	findings

	page     string        // the HTML, "" if there is none
	htmlPart *message.Part // the first part of the HTML; nil if there is none
	textPart *message.Part // the first part of the text; nil if there is none
	preview  string
}
