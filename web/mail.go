package web

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/caddy-mailbucket/mailbucket/check"
	"github.com/caddy-mailbucket/mailbucket/message"
	"github.com/caddy-mailbucket/mailbucket/store"
)

// mailParameters are those of an email's address beside the filter's, and their values:
// in what form it shows the HTML, and which part.
var mailParameters = map[string][]string{
	"width": {"full", "375", "768", "1280", "both"}, "scheme": {"light", "dark", "both"}, "remote": {"0", "1"},
	"part": nil,
}

// Bounds of what a page shows of one email, in bytes; the whole is a link away.
const (
	maxShownText   = 256 << 10
	maxShownSource = 256 << 10
)

// shows are the views of an email by their names in the path, with what gathers
// their data. The empty one is the first view: the HTML, or else the text.
var shows = map[string]func(v *mailPane){
	"":            nil,
	"html":        (*mailPane).gatherHTML,
	"text":        (*mailPane).gatherText,
	"html-source": func(v *mailPane) { v.Source, v.Cut = cut(v.html, maxShownSource) },
	"source":      func(v *mailPane) { v.Source, v.Cut = cut(v.message.Raw, maxShownSource) },
	"headers":     (*mailPane).gatherHeaders,
	"parts":       (*mailPane).gatherParts,
	"links":       func(*mailPane) {}, // all views count them
	"check":       func(*mailPane) {}, // all views count what it finds
	"session":     (*mailPane).gatherSession,
}

// mailPane is the pane with an email. Of the fields below Show, only those of that view
// are set.
type mailPane struct {
	Here, List     string // URLs of this email and of the list
	Newer, Older   string // URLs, empty at the ends
	API            string // URL of the email in the API
	Changeable     bool   // it can be deleted
	ID             store.ID
	Subject        string
	From           string
	Recipients     []string // the first of them
	More           int      // recipients beside these
	Sender         string   // of the envelope
	Fields         []field  // addresses and ids of the header
	Envelope       []string // the addresses of the envelope with their parameters
	Size           int
	Date, Received time.Time
	Codes          []string
	Actions        []shownLink // what the email asks its reader to follow
	Files          []file
	Finding        string // the gravest
	CheckURL       string // of the view that has it
	Copies         []copyText
	Release        string // URL of the page that asks to whom to release it, empty if it cannot be
	Releases       []shownRelease
	Tabs           []tab
	Show           string

	Frames       []frame
	Remote       int // how many URLs on other sites the HTML has
	RemoteLoaded bool
	RemoteURL    string // this view with remote content, or without if it is loaded
	Widths       []choice
	Schemes      []choice

	HasText  bool
	Text     []segment
	FromHTML bool // the text was made from the HTML
	Cut      bool // the text or source is longer than what is shown

	Source  string
	Headers []field
	Parts   []part
	Part    *openPart
	Links   []shownLink

	Session    *store.Session
	Transcript []line
	Report     *check.Report   // nil if the email was not checked
	Grave      []check.Finding // errors, and then warnings
	Notes      []check.Finding

	layout     *layout
	message    *store.Message
	mail       *message.Message
	text, html string // of mail
	query      url.Values
}

// tab is a link to another view.
type tab struct {
	Name, URL string
	Current   bool
	Count     int // of things in it; 0 is not shown
}

// serveMail answers with an email, beside the page of the list that it is on.
func (s *Site) serveMail(w http.ResponseWriter, r *http.Request, id store.ID, show string) {
	f, q, m, ok := s.askedFor(w, r, id)
	if !ok {
		return
	}
	newer, older, err := s.neighbours(r.Context(), q, id)
	if err != nil {
		s.failSearch(w, r, err)
		return
	}
	if r.Method == http.MethodPost {
		s.deleteFromMail(w, r, f, id, older)
		return
	}
	p := panes{layout: s.layout(r, "", f)}
	if p.List, _, err = s.list(r, f, q, id); err == nil {
		p.Mail, err = s.mailPane(r, &p.layout, m, show)
	}
	if err != nil {
		s.failSearch(w, r, err)
		return
	}
	if r.Method == http.MethodGet && !prefetches(r) {
		// Where the mark cannot be kept, the email is shown nevertheless.
		_, _ = s.Bucket.Mark(r.Context(), []store.ID{id}, true)
	}
	if p.Unread, err = s.unread(r.Context()); err != nil {
		s.failSearch(w, r, err)
		return
	}
	p.Skip = "mail"
	p.Title = cmp.Or(p.Mail.Subject, english.text("subject.none"))
	p.Mail.List = p.List.Here + "#m" + id.String()
	p.Mail.Older, p.Mail.Newer = p.Mail.neighbourURL(older), p.Mail.neighbourURL(newer)
	s.render(w, r, http.StatusOK, "page.html", &p)
}

// askedFor is the email with that ID, and the filter of the list that it is on with its
// query. If there is none, or the address cannot be read, it answers so and ok is false.
func (s *Site) askedFor(w http.ResponseWriter, r *http.Request, id store.ID) (f filter, q store.Query, m *store.Message, ok bool) {
	f, err := readFilter(r, mailParameters)
	if err != nil {
		s.fail(w, r, http.StatusBadRequest, "error.address", err)
		return f, q, nil, false
	}
	if q, err = f.query(); err != nil {
		s.fail(w, r, http.StatusBadRequest, "error.filter", err.Error())
		return f, q, nil, false
	}
	if m, ok = s.Bucket.Get(id); !ok {
		s.fail(w, r, http.StatusNotFound, "error.gone")
	}
	return f, q, m, ok
}

// prefetches tells that a browser asks for a page that nobody may ever look at.
func prefetches(r *http.Request) bool {
	return strings.Contains(r.Header.Get("Sec-Purpose")+r.Header.Get("Purpose")+r.Header.Get("X-Moz"), "prefetch")
}

// neighbours are the next emails that q matches after and before one, nil where there
// is none.
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

// largeMail is from which size on making a view is as much work as a search, in bytes.
const largeMail = 1 << 20

// mailPane gathers what the pane shows.
func (s *Site) mailPane(r *http.Request, l *layout, m *store.Message, show string) (*mailPane, error) {
	if len(m.Raw) >= largeMail {
		done, err := s.Limits.Searches.Take(r.Context())
		if err != nil {
			return nil, err
		}
		defer done()
	}
	v := newMailPane(l, m, show, r.URL.Query())
	v.Releases = shownReleases(s.Bucket.Releases(m.ID))
	if s.Outlet != nil && v.Changeable {
		v.Release = v.url(showRelease)
	}
	shows[v.Show](v)
	return v, nil
}

func newMailPane(l *layout, m *store.Message, show string, query url.Values) *mailPane {
	mail := message.Parse(m.Raw)
	text, html := mail.Text(), mail.HTML()
	v := &mailPane{
		layout: l, message: m, mail: mail, text: text, html: html, query: query,
		ID: m.ID, Show: show, API: l.Root + "emails/" + m.ID.String(), Changeable: !l.ReadOnly,
		Subject: mail.Subject(), From: addresses(mail.From()), Sender: cmp.Or(m.Sender, nullSender),
		Size: len(m.Raw), Received: m.Time(), Codes: message.Codes(mail.Subject(), text, html),
	}
	v.Here = l.Filter.with(l.Root + "view/" + m.ID.String())
	v.Date, _ = mail.Date()
	v.gatherFacts()
	links := message.Links(text, html)
	v.Links, v.Actions = shownLinks(links), shownLinks(message.Actions(links))
	if v.Show == "" {
		v.Show = "text"
		if html != "" {
			v.Show = "html"
		}
	}
	v.Files = v.files()
	v.Copies = v.copies()
	v.check()
	v.CheckURL = v.url("check", v.form()...)
	v.gatherTabs(len(links))
	return v
}

// gatherTabs gathers the links to all views. Those of the HTML are there if there is some,
// or one of them is shown.
func (v *mailPane) gatherTabs(links int) {
	for _, t := range []tab{
		{Name: "html"}, {Name: "text"}, {Name: "html-source"}, {Name: "source"}, {Name: "headers"}, {Name: "parts", Count: len(v.mail.Parts()) - 1},
		{Name: "links", Count: links}, {Name: "check", Count: len(v.Grave)}, {Name: "session"},
	} {
		t.URL, t.Current = v.url(t.Name, v.form()...), t.Name == v.Show
		if v.html != "" || t.Current || !strings.HasPrefix(t.Name, "html") {
			v.Tabs = append(v.Tabs, t)
		}
	}
}

// url is that of a view of the email.
func (v *mailPane) url(show string, more ...string) string {
	return v.layout.Filter.with(v.layout.Root+"view/"+v.ID.String()+"/"+show, more...)
}

// form are the parameters by which the HTML is shown in another than the usual form.
func (v *mailPane) form() (more []string) {
	for _, name := range []string{"width", "scheme"} {
		if value := v.query.Get(name); value != "" && value != mailParameters[name][0] {
			more = append(more, name, value)
		}
	}
	return more
}

// neighbourURL is that of another email in the same view, "" for none.
func (v *mailPane) neighbourURL(m *store.Message) string {
	if m == nil {
		return ""
	}
	path := v.layout.Root + "view/" + m.ID.String()
	if v.Show != "html" && v.Show != "text" || v.Show == "text" && v.html != "" {
		path += "/" + v.Show
	}
	return v.layout.Filter.onPage(0).with(path, v.form()...)
}

// maxNamed is how many recipients are shown at once.
const maxNamed = 3

// gatherFacts gathers who and when.
func (v *mailPane) gatherFacts() {
	m := v.message
	v.Recipients = m.Recipients
	if len(v.Recipients) > maxNamed+1 {
		v.Recipients, v.More = m.Recipients[:maxNamed], len(m.Recipients)-maxNamed
	}
	for _, f := range []field{
		{Name: "subject", Value: v.Subject}, {Name: "to", Value: addresses(v.mail.To())}, {Name: "cc", Value: addresses(v.mail.Cc())}, {Name: "bcc", Value: addresses(v.mail.Bcc())},
		{Name: "replyto", Value: addresses(v.mail.ReplyTo())}, {Name: "messageid", Value: v.mail.MessageID()},
	} {
		if f.Value != "" {
			v.Fields = append(v.Fields, f)
		}
	}
	v.Envelope = append(v.Envelope, strings.TrimSpace("MAIL FROM:<"+m.Sender+"> "+m.MailParameters))
	for i, recipient := range m.Recipients {
		v.Envelope = append(v.Envelope, strings.TrimSpace("RCPT TO:<"+recipient+"> "+m.RecipientParameters(i)))
	}
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

// copyText is what can be copied to read the email by a program. The site's own URL takes
// the place of {base}.
type copyText struct{ Name, Text string }

func (v *mailPane) copies() []copyText {
	recipient := ""
	if len(v.message.Recipients) > 0 {
		recipient = v.message.Recipients[0]
	}
	wait := "{base}emails?" + url.Values{"recipient": {recipient}, "wait": {"30s"}}.Encode()
	latest := "{base}emails/latest?" + url.Values{"recipient": {recipient}, "wait": {"30s"}}.Encode()
	return []copyText{
		{"page", "{base}view/" + v.ID.String()},
		{"api", "{base}emails/" + v.ID.String()},
		{"curl", "curl -sS " + shellQuote("{base}emails/"+v.ID.String())},
		{"wait", "curl -sS " + shellQuote(wait)},
		{"playwright", "const mail = await (await request.get(" + strconv.Quote(latest) + ")).json();"},
		{"pytest", "mail = requests.get(" + strconv.Quote(latest) + ").json()"},
	}
}

// shellQuote quotes a word for a shell.
func shellQuote(word string) string { return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'" }

// deleteFromMail deletes the email and shows the next older one, or the list.
func (s *Site) deleteFromMail(w http.ResponseWriter, r *http.Request, f filter, id store.ID, older *store.Message) {
	if _, err := s.Bucket.Delete(r.Context(), id); err != nil {
		s.failChange(w, r, err)
		return
	}
	path := root(r)
	if older != nil {
		path += "view/" + older.ID.String()
	}
	redirect(w, f.onPage(0).with(path))
}

// choice is a link to the same view in another form.
type choice struct {
	Name, URL string
	Current   bool
}

// choices are those that a parameter has.
func (v *mailPane) choices(show, name string, more ...string) (list []choice, current string) {
	values := mailParameters[name]
	current = values[0]
	if given := v.query.Get(name); slices.Contains(values, given) {
		current = given
	}
	for _, value := range values {
		parameters := more
		if value != values[0] {
			parameters = append(slices.Clone(more), name, value)
		}
		list = append(list, choice{value, v.url(show, parameters...), value == current})
	}
	return list, current
}
