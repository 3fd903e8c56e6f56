package message

import (
	"encoding/base64"
	"strings"
)

// urlUse is what a page does with a URL.
type urlUse int

const (
	useImage urlUse = iota // by an element that shows an image
	useStyle               // by a style sheet: an image or a font
	useSheet               // as a style sheet
)

// pageURLs decides which URLs of a page may stay. It also records what the page refers to.
type pageURLs struct {
	mail   *Message
	base   string // for relative URLs, "" if there is none
	based  bool   // a base element named it
	remote bool   // what is on other sites may be loaded
	room   int    // how many bytes of parts may still be embedded
	note   *Resources
}

// newPageURLs takes the base of relative URLs from the header of the mail, if it names one.
func newPageURLs(m *Message) *pageURLs {
	u := &pageURLs{mail: m}
	if base := m.inlineParts().base; base != noBase {
		u.base = base
	}
	return u
}

// setBase takes the href of the first base element that has one.
func (u *pageURLs) setBase(href string) {
	if to, ok := remoteURL(urlText(href)); ok && !u.based && len(to) <= MaxURL {
		u.base, u.based = to, true
	}
}

// load returns the URL that a page may load in place of one that it contains: a data: URL
// of an image, a part of the mail or, if remote content is allowed, a URL on another site.
// It is false for anything else.
func (u *pageURLs) load(raw string, use urlUse) (string, bool) {
	raw = urlText(raw)
	scheme, rest := urlScheme(raw)
	switch scheme {
	case "data":
		return raw, embeddable(rest, use)
	case "cid":
		return u.part(u.mail.InlinePart(rest), raw, use)
	}
	if raw == "" || raw[0] == '#' {
		return raw, raw != "" && use == useStyle // within the page, as url(#gradient)
	}
	if p := u.located(raw); p != nil {
		return u.part(p, raw, use)
	}
	to, ok := u.absolute(raw)
	if !ok {
		if use == useImage && scheme == "" {
			u.note.add(noteRelative, raw)
		}
		return "", false
	}
	if use == useImage && strings.HasPrefix(strings.ToLower(to), "http:") {
		u.note.add(noteInsecure, to)
	}
	u.note.add(noteRemote, to)
	return to, u.remote
}

// absolute gives the URL on another site that a page refers to.
func (u *pageURLs) absolute(raw string) (string, bool) {
	if to, ok := remoteURL(raw); ok {
		return to, true
	}
	if scheme, _ := urlScheme(raw); scheme != "" || u.base == "" {
		return "", false
	}
	return remoteURL(resolveURL(u.base, raw))
}

// located gives the part whose Content-Location is a URL of the page (RFC 2557).
func (u *pageURLs) located(raw string) *Part {
	in := u.mail.inlineParts()
	if len(in.byLocation) == 0 {
		return nil
	}
	base := in.base
	if u.base != "" {
		base = u.base
	}
	if p := in.byLocation[resolveURL(base, raw)]; p != nil {
		return p
	}
	return in.byLocation[raw]
}

// part returns a data: URL with a part of the mail. There is no room for one if the URLs of
// a page are only recorded.
func (u *pageURLs) part(p *Part, raw string, use urlUse) (string, bool) {
	if p == nil {
		u.note.add(noteMissing, raw)
		return "", false
	}
	if use == useSheet || u.room <= 0 && u.note == nil {
		return "", false
	}
	kind := p.ImageType()
	if kind == "" && use == useStyle && strings.HasPrefix(p.MediaType, "font/") {
		kind = p.MediaType
	}
	if kind == "" {
		return "", false
	}
	u.note.shows(p)
	size := base64.StdEncoding.EncodedLen(len(p.Body()))
	if size > u.room {
		return "", false
	}
	u.room -= size
	return "data:" + kind + ";base64," + base64.StdEncoding.EncodeToString(p.Decode()), true
}

// embeddable reports whether what follows the "data:" of a URL is an image or, in a style
// sheet, a font.
func embeddable(rest string, use urlUse) bool {
	kind, _, _ := strings.Cut(rest[:min(len(rest), 100)], ",")
	kind, _, _ = strings.Cut(strings.ToLower(strings.TrimSpace(kind)), ";")
	if strings.HasPrefix(kind, "image/") {
		return use != useSheet
	}
	return use == useStyle && (strings.HasPrefix(kind, "font/") || strings.HasPrefix(kind, "application/"))
}

// link gives the URL that a link may have; it is false for one that has none.
func (u *pageURLs) link(raw string) (string, bool) {
	raw = urlText(raw)
	if strings.HasPrefix(raw, "#") || linkable(raw) {
		return raw, true
	}
	if scheme, _ := urlScheme(raw); scheme != "" || u.base == "" {
		return "", false
	}
	to := resolveURL(u.base, raw)
	return to, linkable(to)
}

// sources gives a srcset anew, with the candidates that may be loaded (HTML
// 4.8.4.2.1).
func (u *pageURLs) sources(list string) (string, bool) {
	var kept []string
	for list != "" {
		list = strings.TrimLeft(list, " \t\n\f\r,")
		if list == "" {
			break
		}
		end := strings.IndexAny(list, " \t\n\f\r")
		if end < 0 {
			end = len(list)
		}
		address, descriptor := list[:end], ""
		list = list[end:]
		if trimmed := strings.TrimRight(address, ","); trimmed != address {
			address = trimmed
		} else {
			descriptor, list, _ = strings.Cut(list, ",")
		}
		to, ok := u.load(address, useImage)
		if !ok {
			continue
		}
		to = srcsetURL.Replace(to)
		if strings.HasSuffix(to, ",") {
			to = to[:len(to)-1] + "%2C"
		}
		if descriptor = strings.TrimSpace(descriptor); len(descriptor) < 40 && !strings.ContainsAny(descriptor, "()") {
			to += " " + descriptor
		}
		kept = append(kept, strings.TrimSpace(to))
	}
	return strings.Join(kept, ", "), len(kept) > 0
}

// srcsetURL keeps blanks of a URL from ending it in a srcset.
var srcsetURL = strings.NewReplacer(" ", "%20", "\t", "", "\n", "", "\r", "", "\f", "%0C")
