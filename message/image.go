package message

import (
	"path"
	"strings"
)

// Image reports whether the part is an image of a type that browsers show without running
// anything in it; SVG is not one of these. See [Part.ImageType].
func (p *Part) Image() bool { return p.ImageType() != "" }

// ImageType gives the type under which browsers show the part as an image: png, jpeg, gif,
// webp, avif, bmp or x-icon. It is "" for anything else. The first bytes of the content
// count most, then the type that the sender wrote and, if that is generic, the extension of
// the file name: senders often call an image application/octet-stream.
func (p *Part) ImageType() string {
	if len(p.Parts) > 0 || strings.HasPrefix(p.MediaType, "multipart/") || strings.HasPrefix(p.MediaType, "message/") {
		return ""
	}
	declared := p.MediaType
	if usual, ok := imageAliases[declared]; ok {
		declared = usual
	}
	byName := imageExtensions[strings.ToLower(path.Ext(p.Filename()))]
	if strings.HasPrefix(declared, "text/") && byName == "" && p.ContentID() == "" {
		return "" // text may begin like an image
	}
	found := sniffImage(p.firstBytes(imageHead))
	switch {
	case found != "":
		return found
	case shownImages[declared]:
		return declared
	case saysNothing(declared):
		return byName
	}
	return ""
}

// shownImages are the types that ImageType gives.
var shownImages = wordSet("image/png image/jpeg image/gif image/webp image/avif image/bmp image/x-icon")

// imageAliases are other names of types that browsers show.
var imageAliases = map[string]string{
	"image/jpg": "image/jpeg", "image/pjpeg": "image/jpeg", "image/jfif": "image/jpeg", "image/x-jpeg": "image/jpeg", "image/x-jpg": "image/jpeg",
	"image/x-png": "image/png", "image/apng": "image/png", "image/x-citrix-png": "image/png", "image/x-citrix-jpeg": "image/jpeg",
	"image/x-gif": "image/gif", "image/x-citrix-gif": "image/gif", "image/x-webp": "image/webp",
	"image/x-bmp": "image/bmp", "image/x-ms-bmp": "image/bmp", "image/x-windows-bmp": "image/bmp",
	"image/vnd.microsoft.icon": "image/x-icon", "image/ico": "image/x-icon", "image/icon": "image/x-icon", "image/x-ico": "image/x-icon",
}

var imageExtensions = map[string]string{
	".png": "image/png", ".apng": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".jpe": "image/jpeg", ".jfif": "image/jpeg",
	".gif": "image/gif", ".webp": "image/webp", ".avif": "image/avif", ".bmp": "image/bmp", ".dib": "image/bmp", ".ico": "image/x-icon",
}

// saysNothing reports whether a type is one that senders write when they do not know the
// real one, or an unregistered image type such as image/unknown.
func saysNothing(mediaType string) bool {
	kind, sub, _ := strings.Cut(mediaType, "/")
	sub = strings.TrimPrefix(sub, "x-")
	switch sub {
	case "octet-stream", "octetstream", "binary", "unknown", "download", "force-download", "file", "data", "stream", "*":
		return true
	}
	return kind == "image" && sub != "svg+xml" && sub != "svg" && sub != "tiff" && sub != "heic" && sub != "heif"
}

// imageHead is how many bytes sniffImage needs.
const imageHead = 32

// sniffImage gives the type of an image by its first bytes, "" for anything else.
func sniffImage(head string) string {
	at := func(place int, s string) bool { return len(head) >= place+len(s) && head[place:place+len(s)] == s }
	switch {
	case at(0, "\x89PNG\r\n\x1a\n"):
		return "image/png"
	case at(0, "\xff\xd8\xff"):
		return "image/jpeg"
	case at(0, "GIF87a"), at(0, "GIF89a"):
		return "image/gif"
	case at(0, "RIFF") && at(8, "WEBP"):
		return "image/webp"
	case at(4, "ftypavif"), at(4, "ftypavis"):
		return "image/avif"
	case at(0, "BM") && at(6, "\x00\x00\x00\x00") && at(15, "\x00\x00\x00"):
		return "image/bmp"
	case at(0, "\x00\x00\x01\x00") && at(5, "\x00") && len(head) > 9 && head[9] == 0:
		return "image/x-icon"
	}
	return ""
}

// firstBytes gives up to n decoded bytes of a leaf.
func (p *Part) firstBytes(n int) string {
	head, _ := decodeAtMost(make([]byte, 0, n), newDecoder(p.leafEncoding(), p.Body(), p.isText()), n)
	return string(head)
}
