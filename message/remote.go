package message

import (
	"regexp"
	"strings"

	"golang.org/x/net/html"
)

// MaxRemote is how many URLs Remote lists at most.
const MaxRemote = 1000

// cssURL finds what a style sheet loads from other sites.
var cssURL = regexp.MustCompile(`(?i)(?:url\(\s*["']?|@import\s+["'])\s*((?:https?:)?//[^"')\s]+)`)

// Remote gives the URLs on other sites that showing an HTML body would load, each
// once, in the order of appearance: images, style sheets, fonts, sound and video.
// The work is linear in the size of the page.
func Remote(page string) []string {
	var l remoteList
	z := html.NewTokenizer(strings.NewReader(page))
	inStyle := false
	for len(l.urls) < MaxRemote {
		switch z.Next() {
		case html.ErrorToken:
			return l.urls
		case html.TextToken:
			if inStyle {
				l.addCSS(string(z.Raw()))
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			token := z.Token()
			inStyle = token.Data == "style"
			l.addElement(token)
		default:
			inStyle = false
		}
	}
	return l.urls
}

type remoteList struct {
	urls []string
	seen map[string]bool
}

// add adds a URL with a host.
func (l *remoteList) add(url string) {
	url = strings.TrimSpace(url)
	lower := strings.ToLower(url[:min(len(url), len("https://"))])
	if !strings.HasPrefix(lower, "http://") && !strings.HasPrefix(lower, "https://") && !strings.HasPrefix(lower, "//") {
		return
	}
	if l.seen == nil {
		l.seen = make(map[string]bool)
	}
	if len(url) <= MaxURL && !l.seen[url] && len(l.urls) < MaxRemote {
		l.seen[url] = true
		l.urls = append(l.urls, url)
	}
}

func (l *remoteList) addCSS(css string) {
	for _, match := range cssURL.FindAllStringSubmatch(css, MaxRemote) {
		l.add(match[1])
	}
}

func (l *remoteList) addElement(token html.Token) {
	for _, attribute := range token.Attr {
		switch attribute.Key {
		case "background", "poster":
			l.add(attribute.Val)
		case "src":
			if token.Data != "iframe" && token.Data != "frame" && token.Data != "embed" && token.Data != "script" {
				l.add(attribute.Val)
			}
		case "href", "xlink:href":
			if token.Data == "image" || token.Data == "link" && isStyleSheet(token) {
				l.add(attribute.Val)
			}
		case "srcset":
			for candidate := range strings.SplitSeq(attribute.Val, ", ") {
				url, _, _ := strings.Cut(strings.TrimSpace(candidate), " ")
				l.add(url)
			}
		case "style":
			l.addCSS(attribute.Val)
		}
	}
}

func isStyleSheet(link html.Token) bool {
	for _, attribute := range link.Attr {
		if attribute.Key == "rel" && containsFold(attribute.Val, "stylesheet") {
			return true
		}
	}
	return false
}
