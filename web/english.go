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
	"title.list":   "(%s) mailbucket",
	"title.arrive": "mailbucket",
	"arrive.go":    "Continue to the mail",
	"skip":         "Skip to the mail",
	"search":       "Search",
	"sender":       "Sender",
	"recipient":    "Recipient",
	"anything":     "Subject, address or text",
	"clear":        "Clear",
	"api":          "API",
	"keys":         "Keys",
	"smtp.at":      "SMTP",
	"live":         "Live",
	"interrupted":  "Reconnecting…",

	"list":            "Emails",
	"held.one":        "%s email",
	"held.other":      "%s emails",
	"match.one":       "%s email matches",
	"match.other":     "%s emails match",
	"range":           "%s–%s of %s",
	"newer":           "Newer",
	"older":           "Older",
	"pages":           "Pages",
	"subject":         "Subject",
	"subject.none":    "(no subject)",
	"size":            "Size",
	"received":        "Received",
	"attachments.has": "Has attachments",
	"select":          "Select",
	"select.all":      "Select all on this page",
	"select.one":      "Select %s",
	"attachments.col": "Attachments",

	"delete":          "Delete",
	"delete.selected": "Delete the selected",
	"delete.all":      "Delete all %s",
	"delete.match":    "Delete all %s that match",
	"delete.this":     "Delete this email",
	"delete.sure":     "This cannot be undone.",

	"empty.title":      "No mail yet",
	"empty.send":       "Send an email to %s by SMTP, and it will appear here.",
	"empty.nowhere":    "Send an email by SMTP, and it will appear here.",
	"empty.try":        "To try it:",
	"nomatch.title":    "No email matches",
	"nomatch.text":     "New emails that match will appear here.",
	"copy":             "Copy",
	"copied":           "Copied",
	"copy.of":          "Copy %s",
	"back":             "All mail",
	"neighbours":       "Other emails",
	"views":            "Views of this email",
	"view.html":        "HTML",
	"view.text":        "Text",
	"view.headers":     "Headers",
	"view.source":      "Source",
	"view.attachments": "Attachments",
	"view.links":       "Links",
	"view.session":     "Session",
	"view.problems":    "Problems",

	"from":         "From",
	"to":           "To",
	"cc":           "Cc",
	"date":         "Date",
	"envelope":     "Envelope",
	"code":         "Code",
	"codes":        "Codes",
	"download.raw": "Download the source",
	"cut":          "Only the beginning is shown.",
	"cut.whole":    "Show all of it",

	"html.none":           "This email has no HTML.",
	"html.frame":          "HTML of this email",
	"width":               "Width",
	"width.phone":         "Phone",
	"width.tablet":        "Tablet",
	"width.desktop":       "Desktop",
	"scheme":              "Colours",
	"scheme.light":        "Light",
	"scheme.dark":         "Dark",
	"remote.one":          "%s remote item is blocked.",
	"remote.other":        "%s remote items are blocked.",
	"remote.load":         "Load remote content",
	"remote.loaded.one":   "%s remote item may be loaded.",
	"remote.loaded.other": "%s remote items may be loaded.",
	"remote.block":        "Block remote content",

	"text.none":          "This email has no text.",
	"text.fromhtml":      "This email has no plain text. The text below was made from its HTML.",
	"header.name":        "Field",
	"header.value":       "Value",
	"header.raw":         "As sent",
	"attachments.none":   "This email has no attachments.",
	"attachment.inline":  "inline",
	"links.none":         "This email has no links.",
	"session.none":       "This email was not received by SMTP.",
	"session.client":     "Client",
	"session.hello":      "Greeting",
	"session.tls":        "TLS",
	"session.plain":      "none",
	"session.login":      "Login",
	"session.transcript": "Transcript",
	"problems.none":      "No problems were found in this email.",

	"help.title":  "Keys",
	"help.close":  "Close",
	"help.jk":     "the next older and newer email",
	"help.o":      "open the email",
	"help.x":      "select the email",
	"help.u":      "back to the list",
	"help.search": "search",
	"help.d":      "delete, after Enter",
	"help.help":   "these keys",

	"error.gone":      "This email is no longer here: it was deleted, expired, or was removed to make room for newer ones.",
	"error.path":      "There is no page at this address.",
	"error.method":    "This page does not support that method.",
	"error.origin":    "A page of another site may not change anything here.",
	"error.site":      "A page of another site may not load this.",
	"error.host":      "This site does not answer to that name on this machine. Use localhost or an address, or add the name to the site's addresses in the Caddyfile.",
	"error.busy":      "The server is busy with other searches and large pages. Please try again.",
	"error.address":   "The address of this page is malformed: %s.",
	"error.query":     "what follows the question mark is malformed",
	"error.parameter": "there is no parameter %q",
	"error.twice":     "%s is given more than once",
	"error.page":      "page has to be a number from 1 to 1048576",
	"error.value":     "%s has to be one of %s",
	"error.filter":    "This search cannot be done: %s.",
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
