package message

import (
	"strings"

	"github.com/tdewolff/parse/v2/css"
)

// cssFilter rewrites style sheets from the tokens that are allowed. It writes only URLs
// that the page's rules allow, and never a "<". What is left out is replaced by white
// space, so that the tokens around it do not join.
type cssFilter struct {
	urls   *pageURLs
	scheme string // the colour scheme: light, dark, or "" for the one that the reader prefers
	in     *cssTokens
	out    strings.Builder
	spaced int  // length of out when white space was written last
	sheet  bool // rules, not the declarations of one element
}

// noImage stands for an image that may not be loaded.
const noImage = `url("data:,")`

// sheetText rewrites a whole style sheet.
func (f *cssFilter) sheetText(sheet string) string { return f.run(sheet, true) }

// declarations rewrites the declarations of one element.
func (f *cssFilter) declarations(list string) string { return f.run(list, false) }

func (f *cssFilter) run(text string, sheet bool) string {
	f.in, f.sheet, f.spaced = readCSS(text), sheet, 0
	f.out.Reset()
	for token := f.in.next(); token.kind != css.ErrorToken; token = f.in.next() {
		f.token(token)
	}
	return strings.TrimSpace(f.out.String())
}

// token writes one token together with those that belong to it.
func (f *cssFilter) token(t cssToken) {
	switch t.kind {
	case css.IdentToken, css.CustomPropertyNameToken:
		f.identifier(t)
	case css.AtKeywordToken:
		f.atRule(t)
	case css.URLToken:
		f.image(t.url())
	case css.BadURLToken:
		f.out.WriteString(noImage)
	case css.FunctionToken:
		f.function(t)
	case css.LeftParenthesisToken:
		f.parentheses()
	default:
		f.plain(t)
	}
}

// plain writes a token that loads nothing in any context.
func (f *cssFilter) plain(t cssToken) {
	switch t.kind {
	case css.IdentToken, css.CustomPropertyNameToken:
		writeCSSName(&f.out, cssUnescape(t.text), true)
	case css.HashToken:
		f.out.WriteByte('#')
		writeCSSName(&f.out, cssUnescape(t.text[1:]), false)
	case css.StringToken:
		writeCSSString(&f.out, t.str())
	case css.CommentToken:
		f.out.WriteString("/**/")
	case css.NumberToken, css.PercentageToken, css.DimensionToken:
		f.verbatim(t, `\`)
	case css.DelimToken:
		f.verbatim(t, `<\`)
	case css.UnicodeRangeToken, css.IncludeMatchToken, css.DashMatchToken, css.PrefixMatchToken, css.SuffixMatchToken,
		css.SubstringMatchToken, css.ColumnToken, css.ColonToken, css.SemicolonToken, css.CommaToken,
		css.LeftParenthesisToken, css.RightParenthesisToken, css.LeftBracketToken, css.RightBracketToken,
		css.LeftBraceToken, css.RightBraceToken:
		f.out.WriteString(t.text)
	default: // white space, CDO and CDC, strings and URLs that are malformed
		f.space()
	}
}

// verbatim writes a token as it was sent, unless it contains one of the given characters.
func (f *cssFilter) verbatim(t cssToken, without string) {
	if strings.ContainsAny(t.text, without) || t.text < " " {
		f.space()
		return
	}
	f.out.WriteString(t.text)
}

// space writes white space, once.
func (f *cssFilter) space() {
	if f.out.Len() > 0 && f.out.Len() != f.spaced { // a blank may also end an escape
		f.out.WriteByte(' ')
		f.spaced = f.out.Len()
	}
}

// image writes the URL of an image or a font.
func (f *cssFilter) image(raw string) {
	to, ok := f.urls.load(raw, useStyle)
	if !ok {
		f.out.WriteString(noImage)
		return
	}
	f.out.WriteString("url(")
	writeCSSString(&f.out, to)
	f.out.WriteByte(')')
}

// colorScheme has the names of the property that says which colour schemes a page supports.
var colorScheme = wordSet("color-scheme supported-color-schemes")

// identifier writes a name. If a declaration says that the page supports both colour
// schemes, only the one that is shown is written.
func (f *cssFilter) identifier(t cssToken) {
	f.plain(t)
	if f.scheme == "" || !colorScheme[t.keyword()] {
		return
	}
	declaration, _ := f.lookAhead(css.SemicolonToken)
	named := 0
	for _, token := range declaration {
		named += b2i(token.namesScheme())
	}
	written := false
	for _, token := range declaration {
		if named > 1 && token.namesScheme() {
			if written {
				continue
			}
			token.text, written = f.scheme, true
		}
		f.plain(token)
	}
}

// namesScheme reports whether a token is the name of a scheme of colours.
func (t cssToken) namesScheme() bool {
	return t.kind == css.IdentToken && (t.keyword() == "light" || t.keyword() == "dark")
}

// maxLookAhead is how many tokens are looked at before they are written.
const maxLookAhead = 64

// lookAhead reads simple tokens up to the one that ends them, which it does not consume,
// and reports whether it reached that one.
func (f *cssFilter) lookAhead(end css.TokenType) (tokens []cssToken, ended bool) {
	for len(tokens) < maxLookAhead {
		t := f.in.next()
		switch t.kind {
		case end, css.FunctionToken, css.URLToken, css.BadURLToken, css.AtKeywordToken, css.LeftParenthesisToken,
			css.RightParenthesisToken, css.LeftBraceToken, css.RightBraceToken, css.SemicolonToken, css.ErrorToken:
			f.in.unread(t)
			return tokens, t.kind == end
		}
		tokens = append(tokens, t)
	}
	return tokens, false
}

// parentheses writes what is within a pair of parentheses. A condition on the colour scheme
// becomes one that is always or never met, and a comparison by "<" is turned into one by
// ">".
func (f *cssFilter) parentheses() {
	f.out.WriteByte('(')
	inside, ended := f.lookAhead(css.RightParenthesisToken)
	if !ended {
		f.all(inside)
		return
	}
	switch prefers, of := schemeCondition(inside); {
	case !of || f.scheme == "":
		f.all(turnComparison(inside))
	case prefers == f.scheme || prefers == "":
		f.out.WriteString("min-width: 0")
	default:
		f.out.WriteString("max-width: 0")
	}
}

// all writes plain tokens.
func (f *cssFilter) all(tokens []cssToken) {
	for _, t := range tokens {
		f.plain(t)
	}
}

// schemeCondition gives the scheme of a prefers-color-scheme condition, "" if it
// names none, and whether it is one.
func schemeCondition(tokens []cssToken) (scheme string, is bool) {
	for _, t := range tokens {
		switch {
		case t.kind == css.WhitespaceToken, t.kind == css.CommentToken, is && t.kind == css.ColonToken:
		case t.kind == css.IdentToken && !is && t.keyword() == "prefers-color-scheme":
			is = true
		case t.kind == css.IdentToken && is && scheme == "":
			scheme = t.keyword()
		default:
			return "", false
		}
	}
	return scheme, is
}

// turnComparison turns "a < b <= c" (Media Queries 4, 2.4.3) into "c >= b > a".
func turnComparison(tokens []cssToken) []cssToken {
	var sides [][]cssToken
	var by []cssToken
	begin := 0
	for i, t := range tokens {
		if t.kind == css.DelimToken && t.text == "<" {
			sides, by, begin = append(sides, tokens[begin:i]), append(by, cssToken{css.DelimToken, ">"}), i+1
		}
	}
	if len(by) == 0 {
		return tokens
	}
	sides = append(sides, tokens[begin:])
	turned := []cssToken{}
	for i := len(sides) - 1; i >= 0; i-- {
		side := sides[i]
		equals := i > 0 && len(side) > 0 && side[0].kind == css.DelimToken && side[0].text == "="
		if equals {
			side = side[1:]
		}
		turned = append(append(turned, cssToken{css.WhitespaceToken, " "}), side...)
		if i > 0 {
			turned = append(append(turned, cssToken{css.WhitespaceToken, " "}), by[i-1])
			if equals {
				turned = append(turned, cssToken{css.DelimToken, "="})
			}
		}
	}
	return turned
}
