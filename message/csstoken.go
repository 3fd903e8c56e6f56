package message

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/tdewolff/parse/v2"
	"github.com/tdewolff/parse/v2/css"
)

// cssToken is a token of a style sheet as it was written (CSS Syntax 3).
type cssToken struct {
	kind css.TokenType
	text string
}

// cssTokens returns the tokens of a style sheet one by one, and can take some back.
type cssTokens struct {
	lexer *css.Lexer
	back  []cssToken // the next one last
}

// cssInput is the preprocessing of a style sheet (CSS Syntax 3.3).
var cssInput = strings.NewReplacer("\x00", "\ufffd", "\r\n", "\n", "\r", "\n", "\f", "\n")

func readCSS(sheet string) *cssTokens {
	sheet = cssInput.Replace(strings.ToValidUTF8(sheet, "\ufffd"))
	return &cssTokens{lexer: css.NewLexer(parse.NewInputString(sheet))}
}

// next gives the next token; css.ErrorToken at the end.
func (t *cssTokens) next() cssToken {
	if n := len(t.back); n > 0 {
		token := t.back[n-1]
		t.back = t.back[:n-1]
		return token
	}
	kind, text := t.lexer.Next()
	return cssToken{kind, string(text)}
}

// unread takes tokens back, so that they are read again in their order.
func (t *cssTokens) unread(tokens ...cssToken) {
	for i := len(tokens) - 1; i >= 0; i-- {
		t.back = append(t.back, tokens[i])
	}
}

// skipSpace gives the next token that is neither white space nor a comment.
func (t *cssTokens) skipSpace() cssToken {
	for {
		token := t.next()
		if token.kind != css.WhitespaceToken && token.kind != css.CommentToken {
			return token
		}
	}
}

// skipBlock reads to the end of the block or function whose beginning was read.
func (t *cssTokens) skipBlock() {
	for depth := 1; depth > 0; {
		switch t.next().kind {
		case css.ErrorToken:
			return
		case css.FunctionToken, css.LeftParenthesisToken, css.LeftBracketToken, css.LeftBraceToken:
			depth++
		case css.RightParenthesisToken, css.RightBracketToken, css.RightBraceToken:
			depth--
		}
	}
}

// skipRule reads to the end of an at-rule: a semicolon, or its block. In
// declarations, the end of the block around them ends it too.
func (t *cssTokens) skipRule() {
	for {
		switch token := t.next(); token.kind {
		case css.ErrorToken, css.SemicolonToken:
			return
		case css.RightBraceToken:
			t.unread(token)
			return
		case css.LeftBraceToken:
			t.skipBlock()
			return
		case css.FunctionToken, css.LeftParenthesisToken, css.LeftBracketToken:
			t.skipBlock()
		}
	}
}

// function gives the name of a function token, in lower case.
func (t cssToken) function() string {
	return strings.ToLower(cssUnescape(strings.TrimSuffix(t.text, "(")))
}

// keyword gives the name of an identifier or at-keyword, in lower case.
func (t cssToken) keyword() string { return strings.ToLower(cssUnescape(t.text)) }

// str gives the content of a string token. A string may end with the sheet.
func (t cssToken) str() string {
	quote := t.text[0]
	s := t.text[1:]
	if n := len(s); n > 0 && s[n-1] == quote && !endsEscaped(s[:n-1]) {
		s = s[:n-1]
	}
	return cssUnescape(s)
}

// endsEscaped reports whether a character after s would be escaped.
func endsEscaped(s string) bool {
	n := len(s)
	return (n-len(strings.TrimRight(s, `\`)))%2 == 1
}

// url gives the URL of a URL token.
func (t cssToken) url() string {
	_, s, _ := strings.Cut(t.text, "(")
	s = strings.Trim(strings.TrimSuffix(s, ")"), " \t\n")
	if s != "" && (s[0] == '"' || s[0] == '\'') {
		return cssToken{css.StringToken, s}.str()
	}
	return cssUnescape(s)
}

// cssUnescape undoes escapes (CSS Syntax 4.3.7); a line end that is escaped in a
// string is left out.
func cssUnescape(s string) string {
	i := strings.IndexByte(s, '\\')
	if i < 0 {
		return s
	}
	var b strings.Builder
	for i >= 0 {
		b.WriteString(s[:i])
		s = s[i+1:]
		digits := 0
		for digits < min(len(s), 6) && isHex(s[digits]) {
			digits++
		}
		switch {
		case digits > 0:
			code, _ := strconv.ParseUint(s[:digits], 16, 32) // it cannot fail
			r := rune(code)
			if r == 0 || !utf8.ValidRune(r) {
				r = utf8.RuneError
			}
			b.WriteRune(r)
			if s = s[digits:]; s != "" && (s[0] == ' ' || s[0] == '\t' || s[0] == '\n') {
				s = s[1:]
			}
		case s != "" && s[0] == '\n':
			s = s[1:]
		case s != "":
			_, size := utf8.DecodeRuneInString(s)
			b.WriteString(s[:size])
			s = s[size:]
		}
		i = strings.IndexByte(s, '\\')
	}
	b.WriteString(s)
	return b.String()
}

func isHex(c byte) bool { return isDigit(c) || 'a' <= c|0x20 && c|0x20 <= 'f' }

// writeCSSName writes an identifier, or what follows the # of a hash, escaped so that it is
// read as the same again and has no character that is special in HTML.
func writeCSSName(b *strings.Builder, name string, identifier bool) {
	for i, r := range name {
		switch {
		case r == '_', r == '-' && len(name) > 1, r >= utf8.RuneSelf, r < utf8.RuneSelf && isLetter(byte(r)):
			b.WriteRune(r)
		case '0' <= r && r <= '9' && !(identifier && (i == 0 || i == 1 && name[0] == '-')):
			b.WriteRune(r)
		default:
			b.WriteString(`\` + strconv.FormatInt(int64(r), 16) + " ")
		}
	}
}

// writeCSSString writes a string so that nothing in it can end it, nor the style
// element that it is in.
func writeCSSString(b *strings.Builder, s string) {
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r < ' ', r == '"', r == '\\', r == '<', r == '>', r == 0x7f:
			b.WriteString(`\` + strconv.FormatInt(int64(r), 16) + " ")
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
}
