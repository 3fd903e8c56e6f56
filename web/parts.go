package web

import (
	"strconv"
	"strings"

	"github.com/caddy-mailbucket/mailbucket/message"
)

// part is one of the tree of parts.
type part struct {
	Name, Type, Size string
	URL              string // of the part alone
	Save             string // URL of its bytes; empty of those that have none of their own
	Image            string // URL, if it is one that browsers show
	Depth            int    // in the tree, 7 at most
	Current          bool
}

// openPart is a part that is shown: its text, or the mail in it.
type openPart struct {
	Type   string
	Fields []field
	Groups [][]field // what it says: an event, or the fields of a report
	Text   string
	Cut    bool
	Image  string // URL
}

// maxDepth is how deep the tree is drawn.
const maxDepth = 7

// maxParts is how many parts are listed.
const maxParts = 500

func (v *mailPane) gatherParts() {
	parts := v.mail.Parts()
	open, err := strconv.Atoi(v.query.Get("part"))
	if err != nil || open < 0 || open >= len(parts) {
		open = -1
	}
	depth := make(map[*message.Part]int)
	for i, p := range parts {
		for _, child := range p.Parts {
			depth[child] = depth[p] + 1
		}
		if i == maxParts {
			v.Cut = true
			break
		}
		entry := part{Name: partName(p), Type: p.MediaType, URL: v.url("parts", "part", strconv.Itoa(i)) + "#part", Depth: min(depth[p], maxDepth), Current: i == open}
		if !strings.HasPrefix(p.MediaType, "multipart/") {
			entry.Save, entry.Size = v.API+"/parts/"+strconv.Itoa(i), formatSize(p.Size())
		}
		if p.Image() {
			entry.Image = entry.Save
		}
		v.Parts = append(v.Parts, entry)
	}
	if open >= 0 {
		v.Part = v.openPart(parts[open])
	}
}

// partName is what a part goes by: its file name, or the subject of the mail in it.
func partName(p *message.Part) string {
	if p.MediaType == "message/rfc822" && len(p.Parts) > 0 {
		if subject := p.Parts[0].Header.Get("Subject"); subject != "" {
			return subject
		}
	}
	return p.Filename()
}

// openPart shows what a part says.
func (v *mailPane) openPart(p *message.Part) *openPart {
	o := &openPart{Type: p.MediaType}
	for _, f := range p.Header {
		if strings.HasPrefix(strings.ToLower(f.Name), "content-") {
			o.Fields = append(o.Fields, field{Name: f.Name, Value: f.Value()})
		}
	}
	switch {
	case p.Image():
		o.Image = v.API + "/parts/" + strconv.Itoa(p.Index)
	case p.MediaType == "message/rfc822":
		inner := message.Parse(string(p.Decode()))
		o.Fields = nil
		for _, name := range []string{"From", "To", "Cc", "Date", "Subject"} {
			if value := inner.Header().Get(name); value != "" {
				o.Fields = append(o.Fields, field{Name: name, Value: value})
			}
		}
		text := inner.Text()
		if text == "" && inner.HasHTML() {
			text = message.TextAndLinks(inner.HTML())
		}
		o.Text, o.Cut = cut(text, maxShownText)
	case p.MediaType == "text/calendar":
		o.Groups = calendarGroups(p.Text())
		o.Text, o.Cut = cut(p.Text(), maxShownText)
	case reports[p.MediaType]:
		o.Groups = reportGroups(p.Text())
		o.Text, o.Cut = cut(p.Text(), maxShownText)
	case strings.HasPrefix(p.MediaType, "text/"), strings.HasPrefix(p.MediaType, "message/"), isTextType(p.MediaType):
		o.Text, o.Cut = cut(p.Text(), maxShownText)
	}
	return o
}

// isTextType tells that a part of a type that is not text can be read as one.
func isTextType(mediaType string) bool {
	_, subtype, _ := strings.Cut(mediaType, "/")
	for _, suffix := range []string{"json", "xml", "yaml", "javascript", "sql"} {
		if strings.HasSuffix(subtype, suffix) {
			return true
		}
	}
	return false
}

// file is an attachment.
type file struct {
	Name, URL string
	Size      int
	Image     string // URL, if it is one that browsers show and small
}

// maxThumbnail is up to which size an image is loaded to be shown small, in bytes.
const maxThumbnail = 1 << 20

// files are the attachments that the HTML does not show.
func (v *mailPane) files() []file {
	var list []file
	for i, part := range v.mail.Attachments() {
		if !v.mail.Shows(part) {
			f := file{Name: part.SaveName(), URL: v.API + "/attachments/" + strconv.Itoa(i), Size: part.Size()}
			if part.Image() && f.Size <= maxThumbnail {
				f.Image = v.API + "/parts/" + strconv.Itoa(part.Index)
			}
			list = append(list, f)
		}
	}
	return list
}
