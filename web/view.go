package web

import (
	"cmp"
	"context"
	"html/template"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/caddy-mailbucket/mailbucket/message"
	"github.com/caddy-mailbucket/mailbucket/store"
)

// viewParameters are the parameters of a view in addition to the filter's, with their
// values. They say how the HTML is shown.
var viewParameters = map[string][]string{"width": {"desktop", "tablet", "phone"}, "scheme": {"light", "dark"}, "remote": {"0", "1"}}

// Bounds of what a page shows of one email, in bytes. It links to the whole.
const (
	maxShownText   = 256 << 10
	maxShownSource = 256 << 10
)

// shows are the views of an email by their names in the path, each with the function
// that gathers its data. The empty name is for the first view: the HTML, or else the
// text.
var shows = map[string]func(v *viewPage){
	"":            nil,
	"html":        (*viewPage).gatherHTML,
	"text":        (*viewPage).gatherText,
	"headers":     (*viewPage).gatherHeaders,
	"source":      (*viewPage).gatherSource,
	"attachments": (*viewPage).gatherAttachments,
	"links":       func(*viewPage) {}, // they are gathered for all views, which show their number
	"session":     (*viewPage).gatherSession,
	"problems":    (*viewPage).gatherProblems,
}

// viewPage is what a view of an email shows. Of the fields below Show, only Links and
// those of that view are set.
type viewPage struct {
	layout
	ID             store.ID
	Here, List     string // URLs of this email and of the list
	Newer, Older   string // URLs of the neighbours, empty if there are none
	API            string // URL of the email in the API
	Subject        string
	From, To, Cc   string
	Sender         string
	Recipients     []string
	Size           int
	Date, Received time.Time
	Codes          []string
	Tabs           []tab
	Show           string

	Frame         string // URL of the HTML
	Remote        int    // how many URLs on other sites the HTML loads
	RemoteLoaded  bool
	RemoteURL     string // this view with remote content
	BlockURL      string // this view without remote content
	Width, Scheme string
	Widths        []choice
	Schemes       []choice

	HasText  bool
	Text     []segment
	FromHTML bool // the text was made from the HTML
	Cut      bool // the text or source is longer than what is shown

	Headers     []field
	Source      string
	Attachments []attachment
	Links       []shownLink
	Session     *store.Session
	Envelope    []string // the envelope's addresses with their parameters
	Transcript  []line
	Problems    []string

	message    *store.Message
	mail       *message.Message
	text, html string // the bodies of mail
	query      url.Values
}

type (
	// tab is a link to another view.
	tab struct {
		Name, URL string
		Current   bool
		Count     int // how many things it shows; 0 is not displayed
	}
	// choice is a link to the same view in another form.
	choice struct {
		Name, URL string
		Current   bool
	}
	// segment is a piece of text, and the URL that it links to, if any. Package
	// message gives no URLs that run anything, but does give schemes that
	// html/template would reject.
	segment struct {
		Text string
		URL  template.URL
	}
	// shownLink is a link of the mail.
	shownLink struct {
		Text, URL string
		Href      template.URL
	}

	field struct{ Name, Value, Raw string }

	attachment struct {
		Name, Type, URL string
		Size            int
		Image, Inline   bool
	}
	// line is a line of a transcript.
	line struct {
		Client bool
		Text   string
	}
)

func (s *Site) serveView(w http.ResponseWriter, r *http.Request, id store.ID, show string) {
	f, err := readFilter(r, viewParameters)
	if err != nil {
		s.fail(w, r, http.StatusBadRequest, "error.address", err)
		return
	}
	q, err := s.query(f)
	if err != nil {
		s.fail(w, r, http.StatusBadRequest, "error.filter", err.Error())
		return
	}
	m, ok := s.Bucket.Get(id)
	if !ok {
		s.fail(w, r, http.StatusNotFound, "error.gone")
		return
	}
	newer, older, err := s.neighbours(r.Context(), q, id)
	if err != nil {
		s.failSearch(w, r, err)
		return
	}
	if r.Method == http.MethodPost {
		s.deleteFromView(w, r, f, id, older)
		return
	}
	v, err := s.newView(r, f, m, show)
	if err != nil {
		s.failSearch(w, r, err)
		return
	}
	if older != nil {
		v.Older = f.with(v.Root + "view/" + older.ID.String())
	}
	if newer != nil {
		v.Newer = f.with(v.Root + "view/" + newer.ID.String())
	}
	s.render(w, r, http.StatusOK, "view.html", v)
}

// neighbours are the next newer and the next older email that q matches, nil where
// there is none.
func (s *Site) neighbours(ctx context.Context, q store.Query, id store.ID) (newer, older *store.Message, err error) {
	done, err := s.turn(ctx, q)
	if err != nil {
		return nil, nil, err
	}
	defer done()
	before, after := q, q
	before.Before = id
	after.After, after.Ascending = id, true
	older, _ = s.Bucket.First(ctx, before)
	newer, _ = s.Bucket.First(ctx, after)
	return newer, older, ctx.Err()
}

// largeMail is the size of an email, in bytes, from which on making a view of it counts
// as much work as a search.
const largeMail = 1 << 20

// newView gathers what the page shows.
func (s *Site) newView(r *http.Request, f filter, m *store.Message, show string) (*viewPage, error) {
	if len(m.Raw) >= largeMail {
		done, err := s.Limits.Searches.Take(r.Context())
		if err != nil {
			return nil, err
		}
		defer done()
	}
	v := newViewPage(s.layout(r, "", f), m, show)
	v.query = r.URL.Query()
	shows[v.Show](v)
	return v, nil
}

func newViewPage(l layout, m *store.Message, show string) *viewPage {
	mail := message.Parse(m.Raw)
	text, html := mail.Text(), mail.HTML()
	v := &viewPage{
		layout: l, ID: m.ID, message: m, mail: mail, text: text, html: html, Show: show,
		List: l.Filter.with(l.Root) + "#m" + m.ID.String(), Here: l.Filter.with(l.Root + "view/" + m.ID.String()),
		API:     l.Root + "emails/" + m.ID.String(),
		Subject: mail.Subject(), From: addresses(mail.From()), To: addresses(mail.To()), Cc: addresses(mail.Cc()),
		Sender: sender(m), Recipients: m.Recipients, Size: len(m.Raw), Received: m.Time(),
		Codes: message.Codes(mail.Subject(), text, html), Links: shownLinks(text, html),
	}
	v.Date, _ = mail.Date()
	v.Title = v.Subject
	if v.Title == "" {
		v.Title = english.text("subject.none")
	}
	if v.Show == "" {
		v.Show = "text"
		if html != "" {
			v.Show = "html"
		}
	}
	problems := len(m.Problems()) + len(mail.Problems())
	for _, t := range []tab{
		{Name: "html"}, {Name: "text"}, {Name: "headers"}, {Name: "source"},
		{Name: "attachments", Count: len(mail.Attachments())}, {Name: "links", Count: len(v.Links)},
		{Name: "session"}, {Name: "problems", Count: problems},
	} {
		t.URL, t.Current = v.url(t.Name), t.Name == v.Show
		if t.Name != "html" || html != "" || t.Current {
			v.Tabs = append(v.Tabs, t)
		}
	}
	return v
}

// url is the URL of a view of the email.
func (v *viewPage) url(show string, more ...string) string {
	return v.Filter.with(v.Root+"view/"+v.ID.String()+"/"+show, more...)
}

func addresses(list []message.Address) string {
	var texts []string
	for _, a := range list {
		switch {
		case a.Name == "":
			texts = append(texts, a.Address)
		case a.Address == "":
			texts = append(texts, a.Name)
		default:
			texts = append(texts, a.Name+" <"+a.Address+">")
		}
	}
	return strings.Join(texts, ", ")
}

// gatherHTML shows the HTML in a frame: its width and colour scheme, and whether
// it loads remote content, are in the URL.
func (v *viewPage) gatherHTML() {
	if v.html == "" {
		return
	}
	v.Remote = len(v.mail.Resources().Remote)
	v.RemoteLoaded = v.query.Get("remote") == "1"
	v.Width = cmp.Or(v.query.Get("width"), viewParameters["width"][0])
	v.Scheme = cmp.Or(v.query.Get("scheme"), viewParameters["scheme"][0])
	for _, width := range []string{"phone", "tablet", "desktop"} {
		v.Widths = append(v.Widths, choice{width, v.htmlURL(width, v.Scheme, v.RemoteLoaded), width == v.Width})
	}
	for _, scheme := range []string{"light", "dark"} {
		v.Schemes = append(v.Schemes, choice{scheme, v.htmlURL(v.Width, scheme, v.RemoteLoaded), scheme == v.Scheme})
	}
	v.RemoteURL, v.BlockURL = v.htmlURL(v.Width, v.Scheme, true), v.htmlURL(v.Width, v.Scheme, false)
	v.Frame = v.API + "/html?preview=" + v.Scheme
	if v.RemoteLoaded {
		v.Frame += "&remote=1"
	}
}

// htmlURL is the URL of the HTML view in a form. Defaults are left out of the URL.
func (v *viewPage) htmlURL(width, scheme string, remote bool) string {
	var more []string
	if width != "desktop" {
		more = append(more, "width", width)
	}
	if scheme != "light" {
		more = append(more, "scheme", scheme)
	}
	if remote {
		more = append(more, "remote", "1")
	}
	return v.url("html", more...)
}

func (v *viewPage) gatherText() {
	text := v.text
	if text == "" && v.html != "" {
		text, v.FromHTML = message.TextFromHTML(v.html), true
	}
	text, v.Cut = cut(text, maxShownText)
	v.HasText, v.Text = text != "", linkify(text)
}

// cut gives at most the first bytes of a text, as valid UTF-8, and whether there are
// more.
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

func shownLinks(text, html string) []shownLink {
	var list []shownLink
	for _, link := range message.Links(text, html) {
		list = append(list, shownLink{link.Text, link.URL, template.URL(link.URL)})
	}
	return list
}

func (v *viewPage) gatherHeaders() {
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

func (v *viewPage) gatherSource() { v.Source, v.Cut = cut(v.message.Raw, maxShownSource) }

func (v *viewPage) gatherAttachments() {
	for i, part := range v.mail.Attachments() {
		v.Attachments = append(v.Attachments, attachment{
			Name: part.SaveName(), Type: part.MediaType, URL: v.API + "/attachments/" + strconv.Itoa(i),
			Size: part.Size(), Image: part.Image(), Inline: part.Inline(),
		})
	}
}

func (v *viewPage) gatherSession() {
	m := v.message
	if v.Session = m.Session; v.Session == nil {
		return
	}
	v.Envelope = append(v.Envelope, strings.TrimSpace("MAIL FROM:<"+m.Sender+"> "+m.MailParameters))
	for i, recipient := range m.Recipients {
		v.Envelope = append(v.Envelope, strings.TrimSpace("RCPT TO:<"+recipient+"> "+m.RecipientParameters(i)))
	}
	for text := range strings.Lines(v.Session.Preamble + m.Exchange.String()) {
		v.Transcript = append(v.Transcript, line{strings.HasPrefix(text, "C:"), strings.TrimRight(text, "\n")})
	}
}

func (v *viewPage) gatherProblems() {
	v.Problems = append(v.Problems, v.message.Problems()...)
	for _, p := range v.mail.Problems() {
		v.Problems = append(v.Problems, p.String())
	}
}
