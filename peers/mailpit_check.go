package peers

import (
	"bytes"
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/yuin/goldmark"

	"github.com/caddy-mailbucket/mailbucket/check"
	"github.com/caddy-mailbucket/mailbucket/message"
	"github.com/caddy-mailbucket/mailbucket/store"
)

// mailpitCheck is what Mailpit's check of the HTML answers with. Scores are in percent.
type mailpitCheck struct {
	Warnings  []mailpitWarning
	Platforms map[string][]string // the names of the clients on each platform
	Total     struct {
		Tests       int // features that are looked for
		Nodes       int // elements of the HTML
		Supported   float64
		Partial     float64
		Unsupported float64
	}
}

// mailpitWarning is a feature that the HTML uses and that not all clients support. Texts
// are HTML.
type mailpitWarning struct {
	Slug          string
	Title         string
	Description   string
	URL           string
	Category      string
	Tags          []string // always empty
	Keywords      string   // always empty
	Results       []mailpitResult
	NotesByNumber map[string]string
	Score         mailpitScore
}

// mailpitResult is how far one client supports a feature.
type mailpitResult struct {
	Name       string
	Platform   string
	Family     string
	Version    string // always empty: it is the one that was tested last
	Support    string // yes, no or partial
	NoteNumber string
}

type mailpitScore struct {
	Found       int // how often the feature is used
	Supported   float64
	Partial     float64
	Unsupported float64
}

// htmlCheckMemory is how many bytes a check of HTML takes at most while it is made,
// roughly, beside the text and the HTML of the mail.
const htmlCheckMemory = 8 << 20

// mailpitHTMLCheck answers GET /api/v1/message/{ID}/html-check with what mail clients do
// not support of the HTML.
func (a *API) mailpitHTMLCheck(w http.ResponseWriter, r *http.Request, m *store.Message) *failure {
	if !a.contents.Mail(m).Parsed().HasHTML() {
		return badRequest("message does not contain HTML")
	}
	return a.sendMade(w, r, m, made{
		name: "mailpit-check", contentType: jsonType, most: documentMemory(m) + htmlCheckMemory,
		build: func(mail *message.Message) []byte {
			return encode(newMailpitCheck(check.Run(check.Input{Mail: mail})))
		},
	})
}

func newMailpitCheck(report *check.Report) *mailpitCheck {
	knowledge := check.Clients()
	shown := &mailpitCheck{Warnings: []mailpitWarning{}, Platforms: mailpitPlatforms(knowledge.Clients)}
	for _, finding := range report.Findings {
		if finding.Code == check.Script {
			shown.Warnings = append(shown.Warnings, scriptWarning(finding.Count))
		}
	}
	if report.Support != nil {
		shown.Total.Nodes = report.Support.Elements
		for _, use := range report.Support.Features {
			if use.Unsupported+use.Partly > 0 {
				shown.Warnings = append(shown.Warnings, newMailpitWarning(use, knowledge.Clients))
			}
		}
	}
	total := &shown.Total
	total.Tests = knowledge.Tests()
	// A feature counts by how many of the elements use it, and of all the worst one counts.
	share := func(s mailpitScore) float64 { return min(1, float64(s.Found)/float64(max(1, total.Nodes))) }
	for _, warning := range shown.Warnings {
		total.Partial = max(total.Partial, warning.Score.Partial*share(warning.Score))
		total.Unsupported = max(total.Unsupported, warning.Score.Unsupported*share(warning.Score))
	}
	total.Partial = min(total.Partial, 100-total.Unsupported)
	total.Supported = 100 - total.Partial - total.Unsupported
	slices.SortStableFunc(shown.Warnings, func(a, b mailpitWarning) int {
		return cmp.Compare((b.Score.Unsupported+b.Score.Partial)*share(b.Score), (a.Score.Unsupported+a.Score.Partial)*share(a.Score))
	})
	return shown
}

// scriptWarning is that of scripts, which no client runs.
func scriptWarning(found int) mailpitWarning {
	return mailpitWarning{
		Slug: "html-script", Title: "<script> element", Category: "html",
		Description: "No mail client runs scripts.", Tags: []string{}, Results: []mailpitResult{},
		NotesByNumber: map[string]string{}, Score: mailpitScore{Found: found, Unsupported: 100},
	}
}

func newMailpitWarning(use check.Use, clients []check.Client) mailpitWarning {
	percent := func(n int) float64 { return 100 * float64(n) / float64(use.Supported+use.Partly+use.Unsupported) }
	warning := mailpitWarning{
		Slug: use.Slug, Title: use.Title, Description: markdown(use.Description), URL: use.URL, Category: use.Category,
		Tags: []string{}, Results: []mailpitResult{}, NotesByNumber: make(map[string]string, len(use.Notes)),
		Score: mailpitScore{use.Count, percent(use.Supported), percent(use.Partly), percent(use.Unsupported)},
	}
	for i, note := range use.Notes {
		warning.NotesByNumber[strconv.Itoa(i+1)] = markdown(note)
	}
	for i, result := range use.Feature.Results {
		shown := mailpitResult{Name: clients[i].String()}
		shown.Family, shown.Platform, _ = strings.Cut(clients[i].Slug, "/")
		switch result.Support {
		case check.Supported:
			shown.Support = "yes"
		case check.Partly:
			shown.Support = "partial"
		case check.Unsupported:
			shown.Support = "no"
		default:
			continue
		}
		if n := len(result.Notes); n > 0 {
			shown.NoteNumber = strconv.Itoa(result.Notes[n-1])
		}
		warning.Results = append(warning.Results, shown)
	}
	return warning
}

func mailpitPlatforms(clients []check.Client) map[string][]string {
	platforms := make(map[string][]string)
	for _, client := range clients {
		_, platform, _ := strings.Cut(client.Slug, "/")
		platforms[platform] = append(platforms[platform], client.Family)
	}
	for _, families := range platforms {
		slices.Sort(families)
	}
	return platforms
}

// markdown is a line of Markdown as HTML.
func markdown(line string) string {
	var out bytes.Buffer
	if err := goldmark.Convert([]byte(line), &out); err != nil {
		panic(err) // a buffer takes everything
	}
	text := strings.TrimPrefix(strings.TrimSpace(out.String()), "<p>")
	return strings.TrimSuffix(text, "</p>")
}
