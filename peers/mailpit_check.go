package peers

import (
	"net/http"
	"strings"

	"golang.org/x/net/html"

	"github.com/caddy-mailbucket/mailbucket/message"
)

// mailpitCheck is what Mailpit's check of the HTML answers with. Scores are in percent.
type mailpitCheck struct {
	Warnings  []mailpitWarning
	Platforms map[string][]string // of which nothing is known here
	Total     struct {
		Tests       int
		Nodes       int
		Supported   float64
		Partial     float64
		Unsupported float64
	}
}

type mailpitWarning struct {
	Slug          string
	Title         string
	Description   string
	URL           string
	Category      string
	Tags          []string
	Keywords      string
	Results       []struct{}
	NotesByNumber map[string]string
	Score         struct {
		Found       int
		Supported   float64
		Partial     float64
		Unsupported float64
	}
}

// htmlTests are the problems of messages that keep mail readers from showing HTML as it
// was meant: true for those that only some readers have.
var htmlTests = map[message.Code]bool{
	message.MissingInline: false, message.RelativeImage: false, message.InsecureImage: true, message.LargeHTML: true,
}

// mailpitHTMLCheck answers GET /api/v1/message/{ID}/html-check with the problems of the
// message that concern its HTML.
func (a *API) mailpitHTMLCheck(w http.ResponseWriter, r *http.Request, names []string) *failure {
	m, f := a.named(r, names[0])
	if f != nil {
		return f
	}
	if !a.contents.Mail(m).Parsed().HasHTML() {
		return badRequest("message does not contain HTML")
	}
	return a.sendMade(w, r, m, made{name: "mailpit-check", contentType: "application/json", most: documentMemory(m), build: func(mail *message.Message) []byte {
		return encode(newMailpitCheck(mail))
	}})
}

func newMailpitCheck(mail *message.Message) *mailpitCheck {
	check := &mailpitCheck{Warnings: []mailpitWarning{}, Platforms: map[string][]string{}}
	share := 100 / float64(len(htmlTests))
	total := &check.Total
	total.Tests, total.Nodes, total.Supported = len(htmlTests), countElements(mail.HTML()), 100
	for _, problem := range mail.Problems() {
		partly, tested := htmlTests[problem.Code]
		if !tested {
			continue
		}
		warning := mailpitWarning{
			Slug: string(problem.Code), Title: problem.Code.Meaning(), Description: problem.String(), Category: "html",
			Tags: []string{}, Results: []struct{}{}, NotesByNumber: map[string]string{},
		}
		warning.Score.Found = 1
		total.Supported -= share
		if partly {
			warning.Score.Partial = 100
			total.Partial += share
		} else {
			warning.Score.Unsupported = 100
			total.Unsupported += share
		}
		check.Warnings = append(check.Warnings, warning)
	}
	return check
}

// countElements is how many elements begin in a page.
func countElements(page string) int {
	tokenizer := html.NewTokenizer(strings.NewReader(page))
	n := 0
	for {
		switch tokenizer.Next() {
		case html.ErrorToken:
			return n
		case html.StartTagToken, html.SelfClosingTagToken:
			n++
		}
	}
}
