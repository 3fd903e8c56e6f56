package peers

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/caddy-mailbucket/mailbucket/message"
	"github.com/caddy-mailbucket/mailbucket/search"
	"github.com/caddy-mailbucket/mailbucket/store"
)

// sendPath is that of the one call whose errors are JSON.
const sendPath = "/api/v1/send"

// mailpitRoutes are the calls of Mailpit's API v1.
var mailpitRoutes = []route{
	{path: "/api/v1/messages", calls: map[string]call{
		http.MethodGet: (*API).mailpitMessages, http.MethodPut: (*API).mailpitMark, http.MethodDelete: (*API).mailpitDelete,
	}},
	{path: "/api/v1/search", calls: map[string]call{http.MethodGet: (*API).mailpitSearch, http.MethodDelete: (*API).mailpitDeleteSearch}},
	{path: "/api/v1/message/*", calls: on(early(jsonType, (*API).mailpitMessage))},
	{path: "/api/v1/message/*/headers", calls: on(early(jsonType, (*API).mailpitHeaders))},
	{path: "/api/v1/message/*/raw", calls: on((*API).mailpitRaw)},
	{path: "/api/v1/message/*/part/*", calls: on((*API).mailpitPart)},
	{path: "/api/v1/message/*/part/*/thumb", calls: on((*API).mailpitThumb)},
	{path: "/api/v1/message/*/html-check", calls: on(early(jsonType, (*API).mailpitHTMLCheck))},
	{path: "/api/v1/message/*/release", calls: map[string]call{http.MethodPost: (*API).mailpitRelease}},
	{path: "/api/v1/message/*/link-check", calls: on((*API).mailpitNoCheck)},
	{path: "/api/v1/message/*/sa-check", calls: on((*API).mailpitNoCheck)},
	{path: sendPath, calls: map[string]call{http.MethodPost: (*API).mailpitSend}},
	{path: "/api/v1/info", calls: on((*API).mailpitInfo)},
	{path: "/api/v1/webui", calls: on((*API).mailpitWebUI)},
	{path: "/api/v1/tags", calls: map[string]call{http.MethodGet: (*API).mailpitTags, http.MethodPut: (*API).mailpitSetTags}},
	{path: "/api/v1/tags/*", calls: map[string]call{http.MethodPut: (*API).mailpitRenameTag, http.MethodDelete: (*API).mailpitDeleteTag}},
	{path: "/api/v1/chaos", calls: map[string]call{http.MethodGet: (*API).mailpitGetChaos, http.MethodPut: (*API).mailpitSetChaos}, withoutFaults: badRequest("chaos is not enabled here")},
	{path: "/api/events", calls: on((*API).mailpitEvents)},
	{path: "/view/*.html", calls: on((*API).mailpitHTML)},
	{path: "/view/*.txt", calls: on((*API).mailpitText)},
}

// mailpitAddress is a mailbox as Mailpit shows it.
type mailpitAddress struct {
	Name    string
	Address string
}

// mailpitEntry is what Mailpit's lists and events show of a mail.
type mailpitEntry struct {
	ID          string
	MessageID   string
	Read        bool
	From        mailpitAddress // empty where no field names an author
	To          []mailpitAddress
	Cc          []mailpitAddress
	Bcc         []mailpitAddress
	ReplyTo     []mailpitAddress
	Subject     string
	Created     time.Time
	Username    string
	Tags        []string
	Size        int
	Attachments int // without those that the HTML shows
	Snippet     string
}

func (a *API) mailpitEntry(m *store.Message) *mailpitEntry {
	shown := search.Entry(a.bucket, m)
	e := &mailpitEntry{
		ID: m.ID.String(), MessageID: shown.MessageID, Read: m.Read(),
		To: mailpitAddresses(shown.To), Cc: mailpitAddresses(shown.Cc), ReplyTo: mailpitAddresses(shown.ReplyTo),
		Bcc:     mailpitAddresses(allBcc(m, shown.Bcc, shown.To, shown.Cc)),
		Subject: shown.Subject, Created: m.Time().UTC(), Username: m.Login(), Tags: append([]string{}, search.Tags(a.bucket, m)...),
		Size: len(m.Raw), Attachments: shown.Attachments, Snippet: shown.Snippet,
	}
	if shown.From != nil {
		e.From = mailpitAddress(*shown.From)
	}
	return e
}

// size is about how many bytes the entry takes as JSON.
func (e *mailpitEntry) size() int {
	size := 400 + len(e.MessageID) + 2*len(e.Subject) + 2*len(e.Snippet)
	for _, list := range [][]mailpitAddress{e.To, e.Cc, e.Bcc, e.ReplyTo} {
		for _, address := range list {
			size += 30 + len(address.Name) + len(address.Address)
		}
	}
	return size
}

func mailpitAddresses(list []message.Address) []mailpitAddress {
	shown := make([]mailpitAddress, len(list))
	for i, address := range list {
		shown[i] = mailpitAddress(address)
	}
	return shown
}

// allBcc are the hidden recipients of a mail: those in its Bcc field, and those of the
// envelope that are in no field.
func allBcc(m *store.Message, bcc, to, cc []message.Address) []message.Address {
	known := make(map[string]bool)
	for _, list := range [][]message.Address{bcc, to, cc} {
		for _, address := range list {
			known[strings.ToLower(address.Address)] = true
		}
	}
	all := slices.Clip(bcc)
	for _, recipient := range m.Recipients {
		if lower := strings.ToLower(recipient); !known[lower] {
			known[lower] = true
			all = append(all, message.Address{Address: recipient})
		}
	}
	return all
}
