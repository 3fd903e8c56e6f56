package peers

import (
	"context"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/caddy-mailbucket/mailbucket/guard"
	"github.com/caddy-mailbucket/mailbucket/internal/jsonstream"
	"github.com/caddy-mailbucket/mailbucket/message"
	"github.com/caddy-mailbucket/mailbucket/store"
)

const (
	// largeItem is from which size on, in bytes, a mail is sent at once and its client has
	// to keep up.
	largeItem = 64 << 10

	// maxNesting is how deep multiparts in multiparts are shown as parts. The body of each
	// contains all those within it, so that an item is at most so many times as long as its
	// mail.
	maxNesting = 10
)

// sendItem writes a mail as an item of MailHog's API to the writer that paced gives for a
// client, for whom so many bytes are held in memory meanwhile.
func (a *API) sendItem(ctx context.Context, out *jsonstream.Stream, m *store.Message, paced func(held int) io.Writer) error {
	done, err := a.contents.Pin(ctx, m)
	if err != nil {
		return err
	}
	defer done()
	held := 0
	if len(m.Raw) >= largeItem {
		held = len(m.Raw)
	}
	out.To(paced(held))
	writeItem(out, m, a.contents.Mail(m).Parsed())
	if held == 0 {
		return out.Err()
	}
	return out.Flush()
}

// pacedAnswer gives the writers of an answer.
func pacedAnswer(w http.ResponseWriter, r *http.Request) func(held int) io.Writer {
	return func(held int) io.Writer { return guard.Paced(w, r, held) }
}

// writeItem writes the item: the envelope and the message, whose fields and bodies are
// as they were sent, still encoded.
func writeItem(out *jsonstream.Stream, m *store.Message, mail *message.Message) {
	data := withoutLineEnd(m.Raw)
	out.Plain(`{"ID":`)
	out.Value(m.ID.String())
	out.Plain(`,"From":`)
	out.Value(newMailhogPath(m.Sender))
	out.Plain(`,"To":[`)
	for i, recipient := range m.Recipients {
		if i > 0 {
			out.Plain(",")
		}
		out.Value(newMailhogPath(recipient))
	}
	out.Plain(`],"Content":`)
	header := newItemHeader(mail.Root.Header)
	header.addTrace(m)
	writeContent(out, header, withoutLineEnd(mail.Root.Body()), len(data))
	out.Plain(`null},"Created":`)
	out.Value(m.Time().UTC())
	out.Plain(`,"MIME":`)
	writeMIME(out, mail.Root, maxNesting)
	out.Plain(`,"Raw":{"From":`)
	out.Value(m.Sender)
	out.Plain(`,"To":`)
	out.Value(append([]string{}, m.Recipients...))
	out.Plain(`,"Data":`)
	out.Text(data)
	out.Plain(`,"Helo":`)
	out.Value(hello(m))
	out.Plain("}}")
}

// withoutLineEnd is a message without its last line end, which MailHog counts as part of
// the end of data rather than of the message.
func withoutLineEnd(s string) string {
	return strings.TrimSuffix(strings.TrimSuffix(s, "\n"), "\r")
}

// writeContent writes a message or part up to its own parts, of a size in bytes.
func writeContent(out *jsonstream.Stream, header *itemHeader, body string, size int) {
	out.Plain(`{"Headers":`)
	header.write(out)
	out.Plain(`,"Body":`)
	out.Text(body)
	out.Plain(`,"Size":`)
	out.Value(size)
	out.Plain(`,"MIME":`)
}

// writeMIME writes the parts of a multipart. It writes null for anything else, and for a
// multipart that is nested too deep.
func writeMIME(out *jsonstream.Stream, p *message.Part, nesting int) {
	if !strings.HasPrefix(p.MediaType, "multipart/") || nesting == 0 || out.Err() != nil {
		out.Plain("null")
		return
	}
	out.Plain(`{"Parts":[`)
	for i, part := range p.Parts {
		if i > 0 {
			out.Plain(",")
		}
		size, body := len(part.RawHeader()), strings.TrimRight(part.Body(), "\r\n")
		if size > 0 {
			size += len("\r\n")
		}
		writeContent(out, newItemHeader(part.Header), body, size+len(body))
		writeMIME(out, part, nesting-1)
		out.Plain("}")
	}
	out.Plain("]}")
}

// mailhogPath is an address of an envelope.
type mailhogPath struct {
	Relays          []string // always nil
	Mailbox, Domain string
	Params          string // always ""
}

func newMailhogPath(address string) mailhogPath {
	at := strings.LastIndexByte(address, '@')
	if at < 0 {
		return mailhogPath{Mailbox: address}
	}
	return mailhogPath{Mailbox: address[:at], Domain: address[at+1:]}
}

// hello is the argument of the client's HELO or EHLO command, "" if the mail did not come
// by SMTP.
func hello(m *store.Message) string {
	if m.Session == nil {
		return ""
	}
	return m.Session.Hello
}

// itemHeader is a header in the form of items: the values by field name, spelled as sent.
type itemHeader struct {
	names  []string // in the order in which they first appear
	values map[string][]string
}

func newItemHeader(fields message.Header) *itemHeader {
	h := &itemHeader{values: make(map[string][]string, len(fields))}
	for _, field := range fields {
		h.add(field.Name, strings.TrimLeft(unfold(field.Raw), " \t"))
	}
	return h
}

func (h *itemHeader) add(name, value string) {
	if h.values[name] == nil {
		h.names = append(h.names, name)
	}
	h.values[name] = append(h.values[name], value)
}

// addTrace adds the fields that MailHog adds when a mail arrives: a Message-ID where
// there is none, and those of RFC 5321 section 4.4.
func (h *itemHeader) addTrace(m *store.Message) {
	if name := h.spelling("Message-ID"); h.values[name] == nil {
		h.add(name, m.ID.String()+"@"+host)
	}
	h.add(h.spelling("Received"), received(m))
	h.add(h.spelling("Return-Path"), "<"+m.Sender+">")
}

// host is the name that this server has in the fields that are added.
const host = "mailbucket"

// received is the value of the field Received for the arrival of a mail here.
func received(m *store.Message) string {
	from := hello(m)
	if from == "" {
		from = "unknown"
	}
	return "from " + from + " by " + host + "\r\n          id " + m.ID.String() + "; " + m.Time().UTC().Format(time.RFC1123Z)
}

// spelling returns the name of a field as the message spells it, or the name itself if it
// has no such field.
func (h *itemHeader) spelling(name string) string {
	for _, sent := range h.names {
		if strings.EqualFold(sent, name) {
			return sent
		}
	}
	return name
}

func (h *itemHeader) write(out *jsonstream.Stream) {
	out.Plain("{")
	for i, name := range h.names {
		if i > 0 {
			out.Plain(",")
		}
		out.Text(name)
		out.Plain(":[")
		for j, value := range h.values[name] {
			if j > 0 {
				out.Plain(",")
			}
			out.Text(value)
		}
		out.Plain("]")
	}
	out.Plain("}")
}
