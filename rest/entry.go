package rest

import (
	"bytes"
	"strconv"
	"unicode/utf8"

	"github.com/caddy-mailbucket/mailbucket/search"
	"github.com/caddy-mailbucket/mailbucket/store"
)

// entry is an email as lists and events show it.
type entry struct {
	mail  *store.Message
	shown *search.ListEntry
}

func (a *API) entry(m *store.Message) entry { return entry{m, search.Entry(a.bucket, m)} }

// EntryJSON is the entry of a message of b, as lists have it.
func EntryJSON(b *store.Bucket, m *store.Message) []byte {
	e := entry{m, search.Entry(b, m)}
	return bytes.TrimSuffix(bufferJSON(e.size(), e.write), []byte("\n"))
}

// maxSnippet is how many characters of the text an entry has at most.
const maxSnippet = 200

// size is about how many bytes the entry takes as JSON.
func (e entry) size() int {
	size := 300 + len(e.mail.Sender) + 2*len(e.shown.Subject) + len(e.shown.Snippet) + len(e.mail.Login())
	if e.shown.From != nil {
		size += len(e.shown.From.Name) + len(e.shown.From.Address)
	}
	for _, recipient := range e.mail.Recipients {
		size += len(recipient) + 3
	}
	return size
}

func (e entry) write(s *jsonStream) {
	s.plain(`{"id":"`)
	s.plain(e.mail.ID.String())
	s.plain(`","sender":`)
	s.text(e.mail.Sender)
	s.key("recipients")
	array(s, e.mail.Recipients, s.text)
	s.key("subject")
	s.text(e.shown.Subject)
	s.key("timeCreated")
	s.number(e.mail.Arrived)
	s.key("from")
	if e.shown.From == nil {
		s.plain("null")
	} else {
		s.pair("name", e.shown.From.Name, "address", e.shown.From.Address)
	}
	s.key("snippet")
	s.text(firstCharacters(e.shown.Snippet, maxSnippet))
	s.key("attachments")
	s.number(int64(e.shown.Attachments))
	s.key("read")
	s.plain(strconv.FormatBool(e.mail.Read()))
	s.key("login")
	s.text(e.mail.Login())
	s.plain("}")
}

// firstCharacters are the first n characters of a text, or all of it.
func firstCharacters(text string, n int) string {
	if utf8.RuneCountInString(text) <= n {
		return text
	}
	for i := range text {
		if n == 0 {
			return text[:i]
		}
		n--
	}
	return text
}
