package web

import (
	"cmp"
	"html/template"
	"slices"
	"strings"

	"github.com/caddy-mailbucket/mailbucket/check"
	"github.com/caddy-mailbucket/mailbucket/message"
)

type (
	// segment is a piece of text, and where it links to, if anywhere. Package
	// message gives no URLs that run anything, but others than html/template takes.
	segment struct {
		Text string
		URL  template.URL
	}
	// shownLink is a link of the mail.
	shownLink struct {
		Text, URL string
		Href      template.URL
	}
	// field is one of the header.
	field struct{ Name, Value, Raw string }
	// line is one of a transcript.
	line struct {
		Client bool
		Text   string
	}
	// frame is a frame with the HTML.
	frame struct {
		URL, Width, Scheme string
		Pages              int // of paper that it may take in print
	}
)

// gatherHTML shows the HTML in frames: their widths and colour schemes, and whether
// they load remote content, are in the URL.
func (v *mailPane) gatherHTML() {
	if v.html == "" {
		return
	}
	v.Remote = len(v.mail.Resources().Remote)
	v.RemoteLoaded = v.query.Get("remote") == "1"
	remote := []string{"remote", "1"}
	form := v.form()
	if v.RemoteURL = v.url("html", form...); !v.RemoteLoaded {
		v.RemoteURL = v.url("html", append(form, remote...)...)
		remote = nil
	}
	var width, scheme string
	v.Widths, width = v.choices("html", "width", append(pick(form, "scheme"), remote...)...)
	v.Schemes, scheme = v.choices("html", "scheme", append(pick(form, "width"), remote...)...)
	widths, schemes := []string{width}, []string{scheme}
	if width == "both" {
		widths = []string{"375", "full"}
	}
	if scheme == "both" {
		schemes = []string{"light", "dark"}
	}
	for i := range max(len(widths), len(schemes)) {
		f := frame{Width: widths[i%len(widths)], Scheme: schemes[i%len(schemes)], Pages: printedPages(v.html)}
		f.URL = v.API + "/html?preview=" + f.Scheme
		if v.RemoteLoaded {
			f.URL += "&remote=1"
		}
		v.Frames = append(v.Frames, f)
	}
}

// Bounds and sizes of an email in print: the pages that a frame has at most, the lines
// of a page, the characters of a line, and the lines that an image takes. Pages rather
// stay empty than that the end is missing.
const (
	maxPrinted = 10
	pageLines  = 30
	lineLength = 60
	imageLines = 10
)

// printedPages estimates how many pages of paper some HTML takes.
func printedPages(html string) int {
	lines := imageLines * (strings.Count(html, "<img") + strings.Count(html, "<IMG"))
	for line := range strings.Lines(message.TextFromHTML(html)) {
		lines += 1 + len(line)/lineLength
	}
	return min(maxPrinted, 1+lines/pageLines)
}

// pick is the parameter of that name among names and values, if it is there.
func pick(parameters []string, name string) []string {
	for i := 0; i+1 < len(parameters); i += 2 {
		if parameters[i] == name {
			return []string{name, parameters[i+1]}
		}
	}
	return nil
}

func (v *mailPane) gatherText() {
	text := v.text
	if text == "" && v.html != "" {
		text, v.FromHTML = message.TextAndLinks(v.html), true
	}
	text, v.Cut = cut(text, maxShownText)
	v.HasText, v.Text = text != "", linkify(text)
}

// cut gives the first bytes of a text, as valid UTF-8, and whether there are more.
func cut(text string, most int) (string, bool) {
	more := len(text) > most
	return strings.ToValidUTF8(text[:min(len(text), most)], "\uFFFD"), more
}

// linkify splits a text at the links in it.
func linkify(text string) []segment {
	var segments []segment
	at := 0
	for _, link := range message.TextLinks(text) {
		segments = append(segments, segment{Text: text[at:link.Start]}, segment{text[link.Start:link.End], template.URL(link.URL)})
		at = link.End
	}
	return append(segments, segment{Text: text[at:]})
}

func shownLinks(links []message.Link) []shownLink {
	var list []shownLink
	for _, link := range links {
		list = append(list, shownLink{link.Text, link.URL, template.URL(link.URL)})
	}
	return list
}

func (v *mailPane) gatherHeaders() {
	size := 0
	for _, f := range v.mail.Header() {
		if size += len(f.Name) + len(f.Raw); size > maxShownSource {
			v.Cut = true
			return
		}
		value := f.Value()
		raw := strings.TrimSpace(strings.ToValidUTF8(f.Raw, "\uFFFD"))
		if raw == value {
			raw = ""
		}
		v.Headers = append(v.Headers, field{f.Name, value, raw})
	}
}

func (v *mailPane) gatherSession() {
	if v.Session = v.message.Session; v.Session == nil {
		return
	}
	v.Transcript = transcript(v.Session.Preamble + v.message.Exchange.String())
}

// transcript is a transcript by its lines.
func transcript(text string) []line {
	var lines []line
	for text := range strings.Lines(text) {
		lines = append(lines, line{strings.HasPrefix(text, "C:"), strings.TrimRight(text, "\n")})
	}
	return lines
}

// largeCheck is from which size on an email is checked only when its check is shown, in
// bytes.
const largeCheck = 128 << 10

// check checks the email, unless that is too much work for what is shown.
func (v *mailPane) check() {
	if v.Show != "check" && len(v.message.Raw) > largeCheck {
		return
	}
	v.Report = check.Run(check.Input{
		Mail: v.mail, Sender: v.message.Sender, Arrived: v.Received, Problems: v.message.Problems(),
	})
	for _, f := range v.Report.Findings {
		if f.Severity == check.Note {
			v.Notes = append(v.Notes, f)
		} else {
			v.Grave = append(v.Grave, f)
		}
	}
	// An error comes before a warning, by its name too.
	slices.SortStableFunc(v.Grave, func(a, b check.Finding) int { return cmp.Compare(a.Severity, b.Severity) })
	if len(v.Grave) > 0 {
		v.Finding = v.Grave[0].Text
	}
}
