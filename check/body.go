package check

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/caddy-mailbucket/mailbucket/message"
)

// bodies compares the text with the HTML, and checks the content of both.
func (c *checker) bodies() {
	text := c.Mail.Text()
	shown := message.TextFromHTML(c.page)
	c.preview = message.Snippet(shown)
	if c.preview == "" {
		c.preview = message.Snippet(text)
	}
	if c.textPart != nil && c.htmlPart != nil {
		c.compare(text, shown)
	}
	if c.textPart != nil {
		if tag := tagInText.FindString(text[:min(len(text), maxScanned)]); tag != "" {
			c.found(TextMarkup, excerpt(tag), in(c.textPart.Index))
		}
	}
	c.previewText()
	c.placeholders(c.Mail.Subject(), whole)
	if c.textPart != nil {
		c.placeholders(text, in(c.textPart.Index))
	}
	if c.htmlPart != nil {
		c.placeholders(shown, in(c.htmlPart.Index))
	}
}

// tagInText finds end tags and other common HTML in plain text.
var tagInText = regexp.MustCompile(`(?i)</(p|div|a|td|tr|table|span|strong|b|body|html|style|ul|li)>|<br ?/?>|&nbsp;`)

// Comparing a text with HTML.
const (
	// leastWords is how many different words make a text long enough to compare.
	leastWords = 8
	// mostWords is how many different words of a text are compared.
	mostWords = 20_000
	// leastShared is the percentage of the words of each that the other should have.
	leastShared = 50
)

// compare reports a text whose content differs from that of the HTML. It compares how many
// of the distinct words of each are in the other too, without URLs.
func (c *checker) compare(text, shown string) {
	place := in(c.textPart.Index)
	if message.Snippet(text) == "" {
		if message.Snippet(shown) != "" {
			c.found(TextEmpty, "", place)
		}
		return
	}
	inText, inHTML := wordsOf(text), wordsOf(shown)
	if len(inHTML) < leastWords && len(inText) < leastWords {
		return
	}
	ofHTML, ofText := shared(inHTML, inText), shared(inText, inHTML)
	if ofHTML < leastShared || ofText < leastShared {
		c.found(TextUnlikeHTML, fmt.Sprintf("of the HTML's words the text has %d%%, and of the text's words the HTML has %d%%", ofHTML, ofText), place)
	}
}

// wordsOf returns the distinct words of a text in lower case. In scripts that are written
// without blanks, each character is a word.
func wordsOf(text string) map[string]bool {
	words := make(map[string]bool)
	for field := range strings.FieldsSeq(text) {
		if len(words) >= mostWords {
			break
		}
		if len(field) > maxExcerpt || strings.Contains(field, "://") {
			continue
		}
		for word := range strings.FieldsFuncSeq(strings.ToLower(field), func(r rune) bool {
			return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.Is(unicode.M, r)
		}) {
			if r, _ := utf8.DecodeRuneInString(word); !unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai) {
				words[word] = true
				continue
			}
			for _, r := range word {
				words[string(r)] = true
			}
		}
	}
	return words
}

// shared gives the percentage of words that are among others too.
func shared(words, others map[string]bool) int {
	n := 0
	for word := range words {
		if others[word] {
			n++
		}
	}
	return 100 * n / max(1, len(words))
}

// viewInBrowser finds the sentence that many templates begin with.
var viewInBrowser = regexp.MustCompile(`(?i)^.{0,60}(view|read|open|see|having trouble|can.?t (see|read)|not display).{0,40}(in|with|using) (your|a|the) (web ?)?browser|^.{0,20}view (it |this )?online`)

// previewText reports a mail whose beginning, which lists of mails show, does not say what
// it is about.
func (c *checker) previewText() {
	if c.preview == "" {
		return
	}
	place := whole
	if c.htmlPart != nil {
		place = in(c.htmlPart.Index)
	} else if c.textPart != nil {
		place = in(c.textPart.Index)
	}
	first, _, _ := strings.Cut(c.preview, " ")
	switch subject := strings.TrimSpace(c.Mail.Subject()); {
	case strings.HasPrefix(first, "http://"), strings.HasPrefix(first, "https://"):
		c.found(PreviewUnhelpful, "it begins with a URL", place)
	case viewInBrowser.MatchString(c.preview):
		c.found(PreviewUnhelpful, "it begins with a link to the email in a browser", place)
	case strings.EqualFold(c.preview, subject):
		c.found(PreviewUnhelpful, "it is the subject again, and nothing more", place)
	}
}

// placeholder finds placeholders of template languages, and similar text, that were not
// filled in.
var placeholder = regexp.MustCompile(`\{\{[^{}\n]{1,80}\}\}|\{%[^{}\n]{1,80}%\}|\*\|[A-Z0-9_:]{1,60}\|\*|%%[A-Za-z0-9_. ]{1,60}%%|<%=?[^<>\n]{1,80}%>|\$\{[A-Za-z_][A-Za-z0-9_.]{0,60}\}|%recipient[._][a-z_.]{1,60}%|\[object Object\]|(?i:\blorem ipsum\b)`)

// maxScanned is how much of a text is searched for placeholders, in bytes.
const maxScanned = 256 << 10

func (c *checker) placeholders(text string, at func() Place) {
	for _, found := range placeholder.FindAllString(text[:min(len(text), maxScanned)], MaxPlaces) {
		c.found(Placeholder, excerpt(found), func() Place {
			place := at()
			place.Element = excerpt(found)
			return place
		})
	}
}
