package message

import (
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// pageCleaner writes a page from those elements and texts of another that are allowed. The
// result is safe whatever their order: it has no tag or attribute that is not listed, and
// no text that a browser could take for one.
type pageCleaner struct {
	PageOptions
	urls *pageURLs
	css  cssFilter
	out  pageWriter

	moves bool // a browser would put some elements elsewhere
}

func newPageCleaner(m *Message, o PageOptions) *pageCleaner {
	c := &pageCleaner{PageOptions: o, urls: newPageURLs(m)}
	c.urls.remote = o.Remote
	c.css = cssFilter{urls: c.urls, scheme: o.Scheme}
	return c
}

// becomes gives the name that an element is written under; "" if only what is in
// it is written, and drop if not even that.
func (c *pageCleaner) becomes(name, parent string) (as string, drop bool) {
	switch {
	case droppedElements[name]:
		return "", true
	case unwrappedElements[name], strings.Contains(name, ":"):
		return "", false
	case name == "form" && (parent == "table" || parent == "tbody" || parent == "thead" || parent == "tfoot" || parent == "tr"):
		return "", false // a div would not stay there
	}
	if as, ok := renamedElements[name]; ok {
		return as, false
	}
	if _, ok := pageElements[name]; ok {
		return name, false
	}
	return "span", false
}

// start writes the start tag of an element, and returns the name that it is written under,
// if any. Inside reports whether the content of the element is to be written.
func (c *pageCleaner) start(name, parent string, attrs []html.Attribute) (as string, inside bool) {
	switch name {
	case "base":
		c.urls.setBase(valueOf(attrs, "href"))
		return "", false
	case "meta":
		c.meta(attrs)
		return "", false
	case "link":
		c.link(attrs)
		return "", false
	}
	as, drop := c.becomes(name, parent)
	if drop || as == "" {
		return "", !drop
	}
	if as == "input" && !c.input(valueOf(attrs, "type")) {
		return "", false
	}
	if as != "input" {
		c.out.open(as)
	}
	var written map[string]bool
	if len(attrs) > 0 {
		written = make(map[string]bool, len(attrs))
	}
	for _, a := range attrs {
		if a.Namespace == "" && !written[a.Key] {
			written[a.Key] = c.attribute(as, a.Key, a.Val)
		}
	}
	switch {
	case as == "button":
		c.out.attribute("type", "button")
	case written["href"]:
		if c.NewTab && !strings.HasPrefix(urlText(valueOf(attrs, "href")), "#") {
			c.out.attribute("target", "_blank")
		}
		c.out.attribute("rel", "noopener noreferrer")
	}
	c.out.close()
	return as, !voidElements[as]
}

func valueOf(attrs []html.Attribute, name string) string {
	for _, a := range attrs {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// attribute writes an attribute of an element if it is allowed.
func (c *pageCleaner) attribute(element, name, value string) bool {
	kind := commonAttributes[name]
	if kind == 0 {
		kind = pageElements[element][name]
	}
	ok := true
	switch kind {
	case 0:
		ok = plainName(name, "aria-") || plainName(name, "data-")
	case attributeStyle:
		value = c.css.declarations(value)
	case attributeMedia:
		value = c.css.declarations(value)
	case attributeImage:
		value, ok = c.urls.load(value, useImage)
	case attributeImages:
		value, ok = c.urls.sources(value)
	case attributeLink:
		value, ok = c.urls.link(value)
	case attributeAnchor:
		ok = strings.HasPrefix(value, "#")
	}
	if ok {
		c.out.attribute(name, value)
	}
	return ok
}

// plainName reports whether a name has a prefix, and nothing but lower-case letters, digits
// and hyphens after it.
func plainName(name, prefix string) bool {
	if len(name) > 60 || len(name) == len(prefix) || !strings.HasPrefix(name, prefix) {
		return false
	}
	for i := range len(name) {
		if c := name[i]; !('a' <= c && c <= 'z' || isDigit(c) || c == '-') {
			return false
		}
	}
	return true
}

// inputTypes are the types of input elements that show something and need no form.
var inputTypes = wordSet("text checkbox radio button")

// input begins an input element of a type that can do nothing; it is false where
// nothing would be shown.
func (c *pageCleaner) input(kind string) bool {
	switch kind = strings.ToLower(strings.TrimSpace(kind)); kind {
	case "hidden", "image", "file":
		return false
	case "submit", "reset":
		kind = "button"
	}
	if !inputTypes[kind] {
		kind = "text"
	}
	c.out.open("input")
	c.out.attribute("type", kind)
	return true
}

// meta writes the colour schemes that a page supports, and the width it is made for.
func (c *pageCleaner) meta(attrs []html.Attribute) {
	name, content := strings.ToLower(strings.TrimSpace(valueOf(attrs, "name"))), valueOf(attrs, "content")
	switch {
	case colorScheme[name]:
		words := strings.Fields(strings.ToLower(content))
		if light, dark := slices.Contains(words, "light"), slices.Contains(words, "dark"); c.Scheme != "" && light && dark {
			content = c.Scheme
		}
	case name != "viewport":
		return
	}
	c.out.open("meta")
	c.out.attribute("name", name)
	c.out.attribute("content", content)
	c.out.close()
}

// link writes a link element to a style sheet that may be loaded.
func (c *pageCleaner) link(attrs []html.Attribute) {
	rel := strings.Fields(strings.ToLower(valueOf(attrs, "rel")))
	if !slices.Contains(rel, "stylesheet") || slices.Contains(rel, "alternate") {
		return
	}
	to, ok := c.urls.load(valueOf(attrs, "href"), useSheet)
	if !ok {
		return
	}
	c.out.open("link")
	c.out.attribute("rel", "stylesheet")
	c.out.attribute("href", to)
	if media := valueOf(attrs, "media"); media != "" {
		c.out.attribute("media", c.css.declarations(media))
	}
	c.out.close()
}

// styleElement writes a style element with what may stay of its sheet.
func (c *pageCleaner) styleElement(attrs []html.Attribute, sheet string) {
	if kind := strings.ToLower(strings.TrimSpace(valueOf(attrs, "type"))); kind != "" && kind != "text/css" {
		return
	}
	text := c.css.sheetText(sheet)
	c.out.open("style")
	if media := valueOf(attrs, "media"); media != "" {
		c.out.attribute("media", c.css.declarations(media))
	}
	c.out.close()
	c.out.raw(text)
	c.out.end("style")
}

// Document types by the mode that browsers show a page in (HTML 13.2.6.4.1).
const (
	standardsMode     = "<!DOCTYPE html>"
	limitedQuirksMode = `<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">`
)

// doctype writes a document type with which browsers show the page in the same mode.
func (c *pageCleaner) doctype(n *html.Node) {
	public, system := strings.ToLower(valueOf(n.Attr, "public")), valueOf(n.Attr, "system")
	switch {
	case n.Data != "html":
	case public == "" && strings.Contains(strings.ToLower(system), "ibmxhtml1"):
	case public == "", strings.Contains(public, " strict//"), public == "-//w3c//dtd html 4.01//en", public == "-//w3c//dtd html 4.0//en",
		strings.HasPrefix(public, "-//w3c//dtd xhtml 1.1"), strings.HasPrefix(public, "-//w3c//dtd xhtml basic"):
		c.out.raw(standardsMode)
	case strings.HasPrefix(public, "-//w3c//dtd xhtml 1.0 "),
		strings.HasPrefix(public, "-//w3c//dtd html 4.01 ") && system != "":
		c.out.raw(limitedQuirksMode)
	}
}

// doctypeToken does the same for one that is not in a tree.
func (c *pageCleaner) doctypeToken(t html.Token) {
	if c.out.b.Len() > 0 || len(t.Data) > 1000 {
		return
	}
	if root, err := html.Parse(strings.NewReader(t.String())); err == nil && root.FirstChild.Type == html.DoctypeNode {
		c.doctype(root.FirstChild)
	}
}
