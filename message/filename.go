package message

import (
	"path"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxFilename is the longest file name given, in bytes.
const MaxFilename = 255

// Filename gives the name that the sender proposes for the part, "" when there
// is none: the last element of a path, without control characters and
// characters that turn the direction of writing, at most [MaxFilename] bytes.
// It may begin with a dot, and need not be unique.
func (p *Part) Filename() string {
	name := p.Disposition().Param("filename")
	if name == "" {
		name = p.ContentType().Param("name")
	}
	return safeFilename(name)
}

// safeFilename removes from a name what could do harm.
func safeFilename(name string) string {
	if i := strings.LastIndexAny(name, `/\`); i >= 0 {
		name = name[i+1:]
	}
	name = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029' {
			return -1
		}
		return r
	}, name)
	name = strings.TrimRight(strings.TrimSpace(name), ". ")
	if len(name) <= MaxFilename {
		return name
	}
	extension := path.Ext(name)
	if len(extension) > 20 {
		extension = ""
	}
	return strings.TrimRight(cutText(name, MaxFilename-len(extension)), ". ") + extension
}

// cutText gives the first bytes of valid UTF-8, not splitting a character.
func cutText(s string, most int) string {
	if len(s) <= most {
		return s
	}
	for most > 0 && !utf8.RuneStart(s[most]) {
		most--
	}
	return s[:most]
}

// SaveName gives a name to save the part under; it is never empty. It is
// Filename where the sender proposed a name. Otherwise it is made of the subject
// of an attached message, or of the part's index, and has the extension of the
// part's type. It is at most [MaxFilename] bytes long and need not be unique.
func (p *Part) SaveName() string {
	if name := p.Filename(); name != "" {
		return name
	}
	extension := p.extension()
	name := ""
	if p.isMessage() && len(p.Parts) > 0 {
		subject := strings.Map(portable, p.Parts[0].Header.Get("Subject"))
		name = strings.Trim(cutText(safeFilename(subject), MaxFilename-len(extension)), ". ")
	}
	if name == "" {
		name = "part-" + strconv.Itoa(p.Index)
	}
	return name + extension
}

// portable replaces characters that some file systems do not allow in a name.
func portable(r rune) rune {
	if strings.ContainsRune(`/\:*?"<>|`, r) {
		return '_'
	}
	return r
}

// extension gives the usual extension of files of the part's type, with its dot.
func (p *Part) extension() string {
	kind := p.MediaType
	if image := p.ImageType(); image != "" {
		kind = image
	}
	if extension, ok := extensions[kind]; ok {
		return "." + extension
	}
	switch {
	case p.isMessage():
		return ".eml"
	case strings.HasPrefix(kind, "text/"):
		return ".txt"
	case strings.HasPrefix(kind, "multipart/"):
		return ".mime"
	case strings.HasSuffix(kind, "+xml"):
		return ".xml"
	case strings.HasSuffix(kind, "+json"):
		return ".json"
	case strings.HasSuffix(kind, "+zip"):
		return ".zip"
	}
	return ".bin"
}

// extensions has the types that are common in mail. The tables of operating systems are not
// used, as they differ.
var extensions = map[string]string{
	"application/calendar+json": "json", "application/gzip": "gz", "application/java-archive": "jar",
	"application/javascript": "js", "application/json": "json", "application/msword": "doc", "application/ms-tnef": "dat",
	"application/ogg": "ogg", "application/pdf": "pdf", "application/pgp-encrypted": "asc", "application/pgp-keys": "asc",
	"application/pgp-signature": "asc", "application/pkcs7-mime": "p7m", "application/pkcs7-signature": "p7s",
	"application/pkix-cert": "cer", "application/postscript": "ps", "application/rtf": "rtf", "application/sql": "sql",
	"application/vnd.ms-excel": "xls", "application/vnd.ms-outlook": "msg", "application/vnd.ms-powerpoint": "ppt",
	"application/vnd.ms-tnef": "dat", "application/vnd.oasis.opendocument.presentation": "odp",
	"application/vnd.oasis.opendocument.spreadsheet": "ods", "application/vnd.oasis.opendocument.text": "odt",
	"application/vnd.openxmlformats-officedocument.presentationml.presentation": "pptx",
	"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet":         "xlsx",
	"application/vnd.openxmlformats-officedocument.wordprocessingml.document":   "docx",
	"application/vnd.rar": "rar", "application/x-7z-compressed": "7z", "application/x-bzip2": "bz2", "application/x-gtar": "tar",
	"application/x-gzip": "gz", "application/x-javascript": "js", "application/x-pdf": "pdf",
	"application/x-pkcs7-mime": "p7m", "application/x-pkcs7-signature": "p7s", "application/x-rar-compressed": "rar",
	"application/x-sh": "sh", "application/x-tar": "tar", "application/x-x509-ca-cert": "crt", "application/x-yaml": "yaml",
	"application/x-zip-compressed": "zip", "application/xhtml+xml": "xhtml", "application/xml": "xml",
	"application/yaml": "yaml", "application/zip": "zip", "application/zstd": "zst",
	"audio/aac": "aac", "audio/amr": "amr", "audio/flac": "flac", "audio/midi": "mid", "audio/mp3": "mp3", "audio/mp4": "m4a",
	"audio/mpeg": "mp3", "audio/ogg": "ogg", "audio/opus": "opus", "audio/wav": "wav", "audio/webm": "weba", "audio/x-m4a": "m4a",
	"audio/x-wav": "wav", "font/otf": "otf", "font/ttf": "ttf", "font/woff": "woff", "font/woff2": "woff2",
	"image/avif": "avif", "image/bmp": "bmp", "image/gif": "gif", "image/heic": "heic", "image/heif": "heif", "image/jpeg": "jpg",
	"image/png": "png", "image/svg+xml": "svg", "image/tiff": "tiff", "image/webp": "webp", "image/x-icon": "ico",
	"message/delivery-status": "txt", "message/disposition-notification": "txt", "message/feedback-report": "txt",
	"text/calendar": "ics", "text/css": "css", "text/csv": "csv", "text/directory": "vcf", "text/enriched": "rtx", "text/html": "html",
	"text/javascript": "js", "text/markdown": "md", "text/richtext": "rtx", "text/rtf": "rtf", "text/tab-separated-values": "tsv",
	"text/vcard": "vcf", "text/x-amp-html": "html", "text/x-vcard": "vcf", "text/xml": "xml", "text/yaml": "yaml",
	"video/mp4": "mp4", "video/mpeg": "mpg", "video/ogg": "ogv", "video/quicktime": "mov", "video/webm": "webm",
}
