package message

import (
	"bytes"
	"io"
	"strings"

	"golang.org/x/net/html"
)

// PageOptions say how the HTML of a mail is to be shown.
type PageOptions struct {
	// Scheme is the scheme of colours to show, light or dark, whatever the
	// reader's browser prefers; "" leaves it to that.
	Scheme string
	// Remote lets images, style sheets and fonts on other sites be loaded.
	Remote bool
	// NewTab has links open in a new tab.
	NewTab bool
}

// Limits of Page.
const (
	// maxPage is how long a page may be made, in bytes.
	maxPage = 64 << 20
	// minRoom is how many bytes of inline parts a page has at least room for; a
	// larger mail has room for twice its size.
	minRoom = 8 << 20
)

// Page gives the HTML of the mail as a page that is safe to be shown: one that runs
// nothing, and has a browser look up, connect to and load nothing unless o.Remote is set.
// It is rewritten from the elements, attributes, URLs and style rules that are allowed;
// everything else is left out. Inline images are within the page as data: URLs, as long as
// there is room for them. All work is linear in the size of the mail.
//
// It is empty when the message has no HTML.
func (m *Message) Page(o PageOptions) []byte {
	page := m.HTML()
	if page == "" {
		return nil
	}
	c := newPageCleaner(m, o)
	c.urls.room = m.pageRoom()
	if !fitsTree(page) || !c.parse(strings.NewReader(page)) {
		c.tokens(page)
		return c.out.b.Bytes()
	}
	for round := 1; c.moves && round < maxRounds; round++ {
		again := newPageCleaner(m, o)
		if made := c.out.b.Bytes(); !again.parse(bytes.NewReader(made)) {
			break
		}
		c = again
	}
	return c.out.b.Bytes()
}

// PageMemory gives how many bytes Page may take at most while it makes a page,
// roughly.
func (m *Message) PageMemory() int {
	text := min(len(m.raw), MaxText)
	// A tag takes three bytes at least, and a text one.
	reopened := min(maxReopened, leastReopened+reopenedPerToken*text/2)
	return 6*text + min(maxTreeBytes, 80*text) + reopened*reopenedBytes + m.pageRoom()
}

// pageRoom is how many bytes of inline parts a page has room for.
func (m *Message) pageRoom() int { return max(minRoom, 2*len(m.raw)) }

// readResources notes what a page refers to, and writes none.
func (m *Message) readResources(page string) *Resources {
	c := newPageCleaner(m, PageOptions{})
	c.urls.note = new(Resources)
	c.out.discard = true
	c.tokens(page)
	return c.urls.note
}

// Limits of what is read as a tree. A page beyond them is written token by token, which is
// as safe, but leaves it to the browser to repair the nesting of elements.
const (
	// maxTreeBytes is how much memory the tree may take, roughly.
	maxTreeBytes = 32 << 20
	// An element such as b, which was not closed, is opened again in each block after it.
	// These bound how often, in all and in proportion to the tags and texts of the page;
	// reopenedBytes is roughly the memory that each takes.
	maxReopened      = 100_000
	reopenedPerToken = 4
	leastReopened    = 2000
	reopenedBytes    = 272
	// maxAttributes is how many attributes an element may have; they are
	// compared with each other.
	maxAttributes = 200
	// maxRounds is how often a page is read and written that browsers would
	// still nest in another way.
	maxRounds = 4
)

// formattingElements are opened again by the HTML parser where they were not
// closed (HTML 13.2.4.3).
var formattingElements = wordSet("a b big code em font i nobr s small strike strong tt u")

// fitsTree reports whether reading a page as a tree takes a bounded time and memory.
func fitsTree(page string) bool {
	const nodeBytes, attributeBytes = 2 * 112, 48
	z := html.NewTokenizer(strings.NewReader(page))
	open, memory, reopened := 0, 2*len(page), 0
	for tokens := 0; reopened < min(maxReopened, leastReopened+reopenedPerToken*tokens) && memory < maxTreeBytes; tokens++ {
		kind := z.Next()
		switch kind {
		case html.ErrorToken:
			return true
		case html.StartTagToken, html.SelfClosingTagToken, html.EndTagToken:
			name, more := z.TagName()
			formatting := formattingElements[string(name)]
			if formatting && kind == html.EndTagToken {
				open = max(0, open-1)
			} else if formatting {
				open++
			}
			count := 0
			for ; more && count <= maxAttributes; count++ {
				_, _, more = z.TagAttr()
			}
			if count > maxAttributes {
				return false
			}
			memory += nodeBytes + count*attributeBytes
		}
		reopened += open // at most
	}
	return false
}

// parse writes a page from its tree. It is false if its elements are nested too
// deep for the parser.
func (c *pageCleaner) parse(page io.Reader) bool {
	root, err := html.ParseWithOptions(page, html.ParseOptionEnableScripting(false))
	if err == nil {
		c.tree(root, nesting{})
	}
	return err == nil
}

// tree writes a node and what is in it. Its depth is bounded by the parser.
func (c *pageCleaner) tree(n *html.Node, in nesting) {
	switch {
	case n.Type == html.DocumentNode:
		c.children(n, in)
	case n.Type == html.DoctypeNode:
		c.doctype(n)
	case n.Type == html.TextNode:
		c.out.text(n.Data)
	case n.Type != html.ElementNode, n.Namespace != "":
	case n.Data == "style":
		c.styleElement(n.Attr, rawText(n))
	default:
		as, inside := c.start(n.Data, in.parent, n.Attr)
		if !inside {
			return
		}
		if as == "" {
			c.children(n, in)
			return
		}
		c.moves = c.moves || in.moves(as)
		if first := n.FirstChild; as == "pre" && first != nil && first.Type == html.TextNode && strings.HasPrefix(first.Data, "\n") {
			c.out.text("\n") // the parser leaves out the first
		}
		c.children(n, in.within(as))
		if as == "html" && n.LastChild.Data != "body" {
			c.out.raw("<body></body>") // it has frames instead
		}
		c.out.end(as)
	}
}

func (c *pageCleaner) children(n *html.Node, in nesting) {
	for child := n.FirstChild; child != nil; child = child.NextSibling {
		c.tree(child, in)
	}
}

// rawText returns the text in an element that can contain nothing but text.
func rawText(n *html.Node) string {
	var b strings.Builder
	for child := n.FirstChild; child != nil; child = child.NextSibling {
		b.WriteString(child.Data)
	}
	return b.String()
}

// breakOut are start tags that end svg and math (HTML 13.2.6.5).
var breakOut = wordSet(`
	b big blockquote body br center code dd div dl dt em embed h1 h2 h3 h4 h5 h6 head hr i img li listing menu
	meta nobr ol p pre ruby s small span strong strike sub sup table tt u ul var
`)

// tokens writes a page in the order of its tags.
func (c *pageCleaner) tokens(page string) {
	z := html.NewTokenizer(strings.NewReader(page))
	skipped, depth := "", 0 // the element that is left out, and how often it is open
	var style *html.Token
	for {
		switch kind := z.Next(); kind {
		case html.ErrorToken:
			return
		case html.DoctypeToken:
			c.doctypeToken(z.Token())
		case html.TextToken:
			switch {
			case style != nil:
				c.styleElement(style.Attr, string(z.Raw()))
			case skipped == "" && !c.out.discard:
				c.out.text(html.UnescapeString(string(z.Raw())))
			}
			style = nil
		case html.StartTagToken, html.SelfClosingTagToken:
			token := z.Token()
			style = nil
			if token.Data == "noscript" {
				z.NextIsNotRawText() // where no script runs, it is none
			}
			if skipped == token.Data {
				depth++
				continue
			}
			if (skipped == "svg" || skipped == "math") && breakOut[token.Data] {
				skipped = ""
			}
			if skipped != "" {
				continue
			}
			if token.Data == "style" {
				style = &token
				continue
			}
			if _, inside := c.start(token.Data, "", token.Attr); !inside && droppedElements[token.Data] {
				if foreign := token.Data == "svg" || token.Data == "math"; !foreign || kind == html.StartTagToken {
					skipped, depth = token.Data, 1
				}
			}
		case html.EndTagToken:
			name, _ := z.TagName()
			tag := string(name)
			style = nil
			if tag == skipped {
				if depth--; depth == 0 {
					skipped = ""
				}
			} else if as, drop := c.becomes(tag, ""); skipped == "" && as != "" && !drop && !voidElements[as] {
				c.out.end(as)
			}
		}
	}
}
