package rest

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/html"
)

// preview says how the HTML of a mail is changed for being shown in a frame. The
// response's policy is what keeps the mail harmless; this spares the browser from
// trying what the policy would block, and has links open in a new tab.
type preview struct {
	scheme string // of colours: light or dark
	remote bool   // content from other sites is wanted
}

// dropped is whether an element has no place in a preview.
func (p *preview) dropped(token html.Token) bool {
	switch token.Data {
	case "script", "animate", "set":
		return true
	case "link":
		return !p.remote
	}
	return false
}

// markup finds what could begin a tag.
var markup = regexp.MustCompile(`<([a-zA-Z/!?])`)

// text keeps what is text here from being markup for a browser, which reads some
// elements in another way within svg and math.
func (p *preview) text(inside, raw string) string {
	switch inside {
	case "script":
		return ""
	case "style":
		return markup.ReplaceAllString(raw, "$1")
	}
	return strings.ReplaceAll(raw, "<", "&lt;")
}

// attributes removes those that run something or load what may not be loaded.
func (p *preview) attributes(token *html.Token) (changed bool) {
	changed = removeAttributes(token, func(a html.Attribute) bool {
		return strings.HasPrefix(a.Key, "on") || a.Key == "srcdoc" || a.Key == "ping" || a.Key == "target" || p.loads(token.Data, a)
	})
	if token.Data == "a" || token.Data == "area" {
		token.Attr, changed = append(token.Attr, html.Attribute{Key: "target", Val: "_blank"}), true
	}
	return changed
}

// loads is whether an attribute has the browser load what a preview may not.
func (p *preview) loads(element string, a html.Attribute) bool {
	switch a.Key {
	case "src", "data", "href", "xlink:href", "srcset", "poster", "background":
	default:
		return false
	}
	switch element {
	case "a", "area":
		return false
	case "object", "embed":
		return true
	case "use":
		return !hasScheme(a.Val, "#")
	}
	return !p.remote && !hasScheme(a.Val, "data:", "cid:", "#")
}

func hasScheme(url string, schemes ...string) bool {
	url = strings.ToLower(strings.TrimSpace(url))
	return slices.ContainsFunc(schemes, func(scheme string) bool { return strings.HasPrefix(url, scheme) })
}

var (
	// What a style sheet does for one colour scheme, and that it knows both.
	// Browsers go by the reader's own, which a preview is not to.
	schemeQuery = regexp.MustCompile(`(?i)\(\s*prefers-color-scheme\s*:\s*(dark|light)\s*\)`)
	bothSchemes = regexp.MustCompile(`(?i)\b(light\s+dark|dark\s+light)\b`)

	// What a style sheet loads: by url(), or by a string as @import and image-set
	// have it.
	styleURL    = regexp.MustCompile(`(?i)\burl\(\s*["']?([^)"']*)["']?\s*\)?`)
	styleImport = regexp.MustCompile(`(?i)@import[^;]*;?`)
	styleString = regexp.MustCompile(`(?i)(["'])\s*(?:https?:)?//[^"']*["']`)

	// escapedLetter is one that no style sheet needs to escape (CSS Syntax 4.3.7).
	escapedLetter = regexp.MustCompile(`\\(?:0{0,4}([46][1-9a-fA-F]|[57][0-9aA])[ \t\r\n\f]?|([g-zG-Z]))`)
)

func unescapeLetter(escape string) string {
	m := escapedLetter.FindStringSubmatch(escape)
	if code, err := strconv.ParseUint(m[1], 16, 8); err == nil {
		return string(rune(code))
	}
	return m[2]
}

// style rewrites what stands in a style sheet, or in an attribute that tells of one.
func (p *preview) style(css string) string {
	css = escapedLetter.ReplaceAllStringFunc(css, unescapeLetter)
	css = schemeQuery.ReplaceAllStringFunc(css, func(query string) string {
		if strings.Contains(strings.ToLower(query), p.scheme) {
			return "(min-width: 0)" // always true
		}
		return "(max-width: 0)" // never
	})
	css = bothSchemes.ReplaceAllString(css, p.scheme)
	if p.remote {
		return css
	}
	css = styleImport.ReplaceAllString(css, "")
	css = styleURL.ReplaceAllStringFunc(css, func(url string) string {
		if hasScheme(styleURL.FindStringSubmatch(url)[1], "data:", "cid:", "#") {
			return url
		}
		return "url(data:,)"
	})
	return styleString.ReplaceAllString(css, "$1$1")
}
