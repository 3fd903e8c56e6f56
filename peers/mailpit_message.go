package peers

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"strings"
	"time"

	"github.com/caddy-mailbucket/mailbucket/message"
	"github.com/caddy-mailbucket/mailbucket/store"
)

// mailpitMail is a mail in the form of Mailpit's API.
type mailpitMail struct {
	ID              string
	MessageID       string
	From            mailpitAddress // empty where no field names an author
	To              []mailpitAddress
	Cc              []mailpitAddress
	Bcc             []mailpitAddress
	ReplyTo         []mailpitAddress
	ReturnPath      string
	Subject         string
	ListUnsubscribe mailpitUnsubscribe
	Date            time.Time // of the Date field, or else of the arrival
	Tags            []string
	Username        string
	Text            string
	HTML            string
	Size            int
	Inline          []mailpitFile // that the HTML shows
	Attachments     []mailpitFile // that it does not
}

// mailpitUnsubscribe is what the fields of RFC 2369 and RFC 8058 say.
type mailpitUnsubscribe struct {
	Header     string
	Links      []string
	Errors     string
	HeaderPost string
}

// mailpitFile is a part that Mailpit lists.
type mailpitFile struct {
	PartID      string
	FileName    string
	ContentType string
	ContentID   string
	Size        int64
	Checksums   mailpitChecksums
}

// mailpitChecksums are hexadecimal, of the decoded bytes.
type mailpitChecksums struct{ MD5, SHA1, SHA256 string }

func newMailpitMail(m *store.Message, mail *message.Message, tags []string) *mailpitMail {
	shown := &mailpitMail{
		ID: m.ID.String(), MessageID: mail.MessageID(),
		To: mailpitAddresses(mail.To()), Cc: mailpitAddresses(mail.Cc()), ReplyTo: mailpitAddresses(mail.ReplyTo()),
		Bcc:        mailpitAddresses(allBcc(m, mail.Bcc(), mail.To(), mail.Cc())),
		ReturnPath: m.Sender, Subject: mail.Subject(), ListUnsubscribe: newMailpitUnsubscribe(mail.Header()),
		Date: m.Time().UTC(), Tags: append([]string{}, tags...), Username: m.Login(),
		Text: mailpitBody(mail), HTML: mail.HTML(), Size: len(m.Raw), Inline: []mailpitFile{}, Attachments: []mailpitFile{},
	}
	if from := mail.From(); len(from) > 0 {
		shown.From = mailpitAddress(from[0])
	}
	if date, ok := mail.Date(); ok && date.Year() > 0 {
		shown.Date = date
	}
	if sentWithCRLF(mail) {
		shown.HTML = strings.ReplaceAll(shown.HTML, "\n", "\r\n")
	}
	ids := partIDs(mail)
	for _, part := range mail.Attachments() {
		if file := newMailpitFile(part, ids[part]); mail.Shows(part) {
			shown.Inline = append(shown.Inline, file)
		} else {
			shown.Attachments = append(shown.Attachments, file)
		}
	}
	return shown
}

// mailpitBody is the text of a mail, or else that of its HTML, in which tests look for the
// URLs of links.
func mailpitBody(mail *message.Message) string {
	if !mail.HasText() {
		return message.TextAndLinks(mail.HTML())
	}
	if sentWithCRLF(mail) {
		return strings.ReplaceAll(mail.Text(), "\n", "\r\n")
	}
	return mail.Text()
}

// sentWithCRLF is whether the lines of the bodies end in CRLF, as they do unless they were
// encoded with other line ends. Mailpit returns line ends unchanged, and tests may rely on
// that.
func sentWithCRLF(mail *message.Message) bool {
	for _, part := range mail.Parts() {
		if len(part.Parts) > 0 || !strings.HasPrefix(part.MediaType, "text/") {
			continue
		}
		const enough = 64 << 10
		start, _ := io.ReadAll(io.LimitReader(part.Open(), enough)) // which never fails
		if end := strings.IndexByte(string(start), '\n'); end >= 0 {
			return end > 0 && start[end-1] == '\r'
		}
	}
	return true
}

// maxUnsubscribe bounds the links of a List-Unsubscribe field that are read.
const maxUnsubscribe = 50

func newMailpitUnsubscribe(h message.Header) mailpitUnsubscribe {
	u := mailpitUnsubscribe{Header: h.Get("List-Unsubscribe"), Links: []string{}, HeaderPost: h.Get("List-Unsubscribe-Post")}
	rest := u.Header
	for rest != "" && len(u.Links) < maxUnsubscribe {
		_, after, opened := strings.Cut(rest, "<")
		link, after, closed := strings.Cut(after, ">")
		if !opened || !closed {
			break
		}
		u.Links, rest = append(u.Links, strings.TrimSpace(link)), after
	}
	switch {
	case u.Header != "" && len(u.Links) == 0:
		u.Errors = "there is no link in angle brackets"
	case u.HeaderPost != "" && !strings.EqualFold(u.HeaderPost, "List-Unsubscribe=One-Click"):
		u.Errors = "List-Unsubscribe-Post: expected List-Unsubscribe=One-Click"
	}
	return u
}

func newMailpitFile(part *message.Part, id string) mailpitFile {
	md5Sum, sha1Sum, sha256Sum := md5.New(), sha1.New(), sha256.New()
	size, _ := io.Copy(io.MultiWriter(md5Sum, sha1Sum, sha256Sum), part.Open()) // none of them fails
	return mailpitFile{
		PartID: id, FileName: part.SaveName(), ContentType: part.MediaType, ContentID: part.ContentID(), Size: size,
		Checksums: mailpitChecksums{hex.EncodeToString(md5Sum.Sum(nil)), hex.EncodeToString(sha1Sum.Sum(nil)), hex.EncodeToString(sha256Sum.Sum(nil))},
	}
}
