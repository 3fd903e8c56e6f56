package rest

import (
	"bytes"
	"strconv"
	"unicode/utf8"

	"github.com/caddy-mailbucket/mailbucket/internal/jsonstream"
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

func (e entry) write(s *jsonstream.Stream) {
	s.Plain(`{"id":"`)
	s.Plain(e.mail.ID.String())
	s.Plain(`","sender":`)
	s.Text(e.mail.Sender)
	s.Key("recipients")
	jsonstream.Array(s, e.mail.Recipients, s.Text)
	s.Key("subject")
	s.Text(e.shown.Subject)
	s.Key("timeCreated")
	s.Number(e.mail.Arrived)
	s.Key("from")
	if e.shown.From == nil {
		s.Plain("null")
	} else {
		s.Pair("name", e.shown.From.Name, "address", e.shown.From.Address)
	}
	s.Key("snippet")
	s.Text(firstCharacters(e.shown.Snippet, maxSnippet))
	s.Key("attachments")
	s.Number(int64(e.shown.Attachments))
	s.Key("read")
	s.Plain(strconv.FormatBool(e.mail.Read()))
	s.Key("login")
	s.Text(e.mail.Login())
	s.Plain("}")
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
