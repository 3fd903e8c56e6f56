package web

import (
	"fmt"
	"strings"
)

// phrases are the texts of the site by their keys.
type phrases map[string]string

// english has all texts of the site. Keys that end in .one and .other are texts for the
// number 1 and for any other, which takes the place of %s.
var english = phrases{
	"brand":        "mailbucket",
	"title.list":   "mailbucket",
	"title.arrive": "mailbucket",
	"arrive.go":    "Continue to the mail",
	"skip":         "Skip to the mail",
	"search":       "Search",
	"search.try":   "Search: words, from:ann, subject:\"your order\", has:attachment",
	"clear":        "Show all mail",
	"api":          "API",
	"keys":         "Keys",
	"theme":        "Colours of this page: the system's, light or dark",
	"user":         "Who you are here",
	"smtp.at":      "SMTP",
	"live":         "Live",
	"interrupted":  "Reconnecting…",
	"undo":         "Undo",

	"list":              "Emails",
	"held.one":          "%s email",
	"held.other":        "%s emails",
	"match.one":         "%s email matches",
	"match.other":       "%s emails match",
	"range":             "%s–%s of %s",
	"newer":             "Newer",
	"older":             "Older",
	"pages":             "Pages",
	"news.one":          "%s new email",
	"news.other":        "%s new emails",
	"density":           "One line for each email",
	"unread":            "Unread:",
	"attachments.one":   "%s attachment",
	"attachments.other": "%s attachments",
	"problems.has":      "Has problems",
	"subject.none":      "(no subject)",
	"select.all":        "Select all on this page",
	"select.word":       "All",
	"select.one":        "Select %s",
	"chips":             "What the list is narrowed down to",
	"chip.without":      "Without %s",
	"boxes":             "Boxes",
	"boxby.login":       "By login",
	"boxby.domain":      "By recipient domain",
	"boxby.recipient":   "By recipient",
	"boxes.unread":      "Unread",
	"more":              "More for this list",
	"mbox":              "Download all as one mbox file",
	"notify":            "Notify me of new emails",
	"notify.denied":     "The browser does not allow notifications of this site.",

	"delete":          "Delete",
	"read.all":        "Mark all as read",
	"read.match":      "Mark all that match as read",
	"deleted.one":     "%s email deleted",
	"deleted.other":   "%s emails deleted",
	"delete.this":     "Delete this email",
	"delete.selected": "Delete selected",
	"delete.all":      "Delete all %s",
	"delete.match":    "Delete all %s that match",
	"delete.sure":     "Yes, delete them",

	"empty.title":      "No mail yet",
	"empty.send":       "Send an email to %s by SMTP, and it will appear here.",
	"empty.nowhere":    "Send an email by SMTP, and it will appear here.",
	"empty.try":        "To try it:",
	"nomatch.title":    "No email matches",
	"nomatch.text":     "New emails that match will appear here.",
	"nomatch.without":  "Without %s",
	"choose":           "Choose an email to read it here.",
	"copy":             "Copy",
	"copied":           "Copied",
	"copy.of":          "Copy %s",
	"copy.page":        "Copy the address of this page",
	"copy.api":         "Copy the URL in the API",
	"copy.curl":        "Copy a curl command for it",
	"copy.wait":        "Copy a curl command that waits for such an email",
	"copy.playwright":  "Copy a line of Playwright that waits for such an email",
	"copy.pytest":      "Copy a line of Python that waits for such an email",
	"back":             "All mail",
	"mail":             "Email",
	"gone.here":        "This email has been deleted or removed to make room. It stays on this page until you leave it.",
	"neighbours":       "Other emails",
	"more.mail":        "More for this email",
	"alone":            "Open the HTML alone, as for printing",
	"views":            "Views of this email",
	"view.html":        "HTML",
	"view.text":        "Text",
	"view.html-source": "HTML source",
	"view.source":      "Source",
	"view.headers":     "Headers",
	"view.parts":       "Parts",
	"view.links":       "Links",
	"view.check":       "Check",
	"view.session":     "Session",

	"field.subject":         "Subject",
	"field.to":              "To",
	"field.cc":              "Cc",
	"field.bcc":             "Bcc",
	"field.replyto":         "Reply-To",
	"field.messageid":       "Message-ID",
	"date":                  "Date",
	"size":                  "Size",
	"id":                    "Id",
	"envelope":              "Envelope",
	"more.recipients.one":   "and %s other",
	"more.recipients.other": "and %s others",
	"download.raw":          "Download the source",
	"cut":                   "Only the beginning is shown.",
	"cut.whole":             "Show all of it",

	"html.none":           "This email has no HTML.",
	"html.frame":          "HTML of this email, %s, %s",
	"width":               "Width",
	"width.full":          "Full",
	"width.375":           "375",
	"width.768":           "768",
	"width.1280":          "1280",
	"width.both":          "375 + full",
	"scheme":              "Colours",
	"scheme.light":        "Light",
	"scheme.dark":         "Dark",
	"scheme.both":         "Both",
	"remote.one":          "Load %s blocked item",
	"remote.other":        "Load %s blocked items",
	"remote.loaded.one":   "Block %s remote item",
	"remote.loaded.other": "Block %s remote items",

	"text.none":            "This email has no text.",
	"text.fromhtml":        "This email has no plain text. The text below was made from its HTML.",
	"header.name":          "Field",
	"header.value":         "Value",
	"header.raw":           "As sent",
	"part.save":            "Save",
	"calendar.method":      "Says",
	"calendar.request":     "Invitation",
	"calendar.cancel":      "Cancelled",
	"calendar.reply":       "Answer to an invitation",
	"calendar.publish":     "Announcement",
	"calendar.summary":     "What",
	"calendar.start":       "From",
	"calendar.end":         "To",
	"calendar.due":         "Due",
	"calendar.duration":    "Lasts",
	"calendar.location":    "Where",
	"calendar.organizer":   "Organizer",
	"calendar.attendee":    "Attendee",
	"calendar.status":      "Status",
	"calendar.repeats":     "Repeats",
	"calendar.description": "Description",
	"calendar.url":         "Link",
	"links.none":           "This email has no links.",
	"links.more":           "Only the first 1,000 links are shown.",
	"session.none":         "This email was not received by SMTP.",
	"session.client":       "Client",
	"session.hello":        "Greeting",
	"session.tls":          "TLS",
	"session.plain":        "none",
	"session.login":        "Login",
	"session.transcript":   "Transcript",
	"check.none":           "Nothing was found that its sender should know.",
	"check.fine":           "Nothing was found that its readers would miss.",
	"check.notes.one":      "%s note",
	"check.notes.other":    "%s notes",
	"check.more.one":       "%s other finding is not shown.",
	"check.more.other":     "%s other findings are not shown.",
	"severity.error":       "Error",
	"severity.warning":     "Warning",
	"severity.note":        "Note",
	"support":              "Support in mail clients",
	"support.from":         "Of what this email uses, by %s as of %s (%s). A client is a mail program on one platform, as last tested.",
	"support.feature":      "Feature",
	"support.clients":      "Supported by",
	"support.share":        "%d of %d clients",
	"support.partly":       "and partly by %d",
	"support.not":          "Not supported by",
	"support.count.one":    "%s client",
	"support.count.other":  "%s clients",

	"release.link":    "Release…",
	"release.hint":    "Release to a real address",
	"release.title":   "Release this email",
	"release.to":      "To",
	"release.allowed": "Allowed: %s. Several addresses are separated by commas.",
	"release.ask":     "Really send it? It goes as it is, by %s and from %s, and cannot be taken back.",
	"release.do":      "Yes, send it",
	"release.not":     "Back to the email",
	"release.failed":  "Nothing was sent: %s.",
	"released":        "Released",
	"released.by":     "by %s",

	"failed.link":  "Sessions without mail",
	"failed.title": "Sessions without mail",
	"failed.text":  "The last SMTP sessions from which no email came, and why.",
	"failed.none":  "There are none.",
	"failed.one":   "%s session ended without a mail",
	"failed.other": "%s sessions ended without a mail",

	"help.title":  "Keys",
	"help.close":  "Close",
	"help.jk":     "the next older and newer email",
	"help.o":      "open the email",
	"help.x":      "select the email",
	"help.u":      "back to the list",
	"help.search": "search",
	"help.d":      "delete the email, or those selected",
	"help.help":   "these keys",

	"error.gone":      "This email is no longer here: it was deleted, expired, or was removed to make room for newer ones.",
	"error.readonly":  "Nothing can be changed here.",
	"error.path":      "There is no page at this address.",
	"error.method":    "This page does not support that method.",
	"error.origin":    "A page of another site may not change anything here.",
	"error.site":      "A page of another site may not load this.",
	"error.host":      "This site does not answer to that name on this machine. Use localhost or an address, or add the name to the site's addresses in the Caddyfile.",
	"error.busy":      "The server is busy with other searches and large pages. Please try again.",
	"error.address":   "The address of this page is malformed: %s.",
	"error.query":     "what follows the question mark is malformed",
	"error.parameter": "there is no parameter %q",
	"error.unknown":   "there is no such filter",
	"error.twice":     "%s is given more than once",
	"error.page":      "page has to be a number from 1 to 1048576",
	"error.value":     "%s has to be one of %s",
	"error.filter":    "This search cannot be done: %s.",
	"stuck":           "The mail's journal cannot be used at the moment: no mail is taken, and nothing can be changed. What is here is what there was before.",
	"error.journal":   "The mail's journal cannot be written at the moment, so nothing can be changed. Please try again later.",
	"error.ended":     "This could not be finished, as the server is stopping or reloading its configuration. Please try again.",
	"error.form":      "This form could not be read: %s.",
}

// text is the text for a key, with the arguments filled in.
func (p phrases) text(key string, args ...any) string {
	words, ok := p[key]
	if !ok {
		panic("there is no text for the key " + key)
	}
	if len(args) == 0 {
		return words
	}
	return fmt.Sprintf(words, args...)
}

// count is the text for a number of things.
func (p phrases) count(key string, n int) string {
	if n == 1 {
		return p.text(key+".one", formatNumber(n))
	}
	return p.text(key+".other", formatNumber(n))
}

// formatNumber groups the digits: 1,234,567.
func formatNumber(n int) string {
	digits := fmt.Sprint(n)
	var b strings.Builder
	for i, digit := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(digit)
	}
	return b.String()
}
