package check

import (
	"strings"

	"github.com/tdewolff/parse/v2/css"
)

// legacyPseudoElements are those that may be written with one colon (CSS Selectors 4, 3.6).
var legacyPseudoElements = map[string]bool{"after": true, "before": true, "first-letter": true, "first-line": true}

// selectors looks at the selectors of a rule. What is in the parentheses of a pseudo-class
// is skipped.
func (s *styleReader) selectors(tokens []css.Token) {
	see := func(name string) { s.uses.see(sign("s:"+name), s.place) }
	classes, depth := 0, 0
	for i, t := range tokens {
		before := ""
		if i > 0 {
			before = string(tokens[i-1].Data)
		}
		if depth > 0 && t.TokenType != css.FunctionToken && t.TokenType != css.LeftParenthesisToken &&
			t.TokenType != css.RightParenthesisToken && t.TokenType != css.LeftBracketToken && t.TokenType != css.RightBracketToken {
			continue
		}
		switch t.TokenType {
		case css.LeftBracketToken:
			if depth == 0 {
				see("attribute")
			}
			depth++
		case css.LeftParenthesisToken:
			depth++
		case css.RightParenthesisToken, css.RightBracketToken:
			depth--
		case css.FunctionToken:
			if depth == 0 && before == ":" {
				s.pseudo(strings.TrimSuffix(string(t.Data), "("), i > 1 && string(tokens[i-2].Data) == ":")
			}
			depth++
		case css.HashToken:
			see("id")
		case css.IdentToken:
			switch before {
			case ".":
				see("class")
				if classes++; classes == 2 {
					see("chaining")
				}
			case ":":
				s.pseudo(string(t.Data), i > 1 && string(tokens[i-2].Data) == ":")
			default:
				see("type")
			}
		default:
			if name, ok := combinators[string(t.Data)]; ok {
				see(name)
				if name != "universal" {
					classes = 0
				}
			} else if string(t.Data) == "&" {
				s.uses.see("x:nesting", s.place)
			}
		}
	}
}

// combinators have the names of selectors of one character.
var combinators = map[string]string{
	" ": "descendant", ">": "child", "+": "adjacent-sibling", "~": "general-sibling", ",": "grouping", "*": "universal",
}

// pseudo notes a pseudo-class, or a pseudo-element.
func (s *styleReader) pseudo(name string, element bool) {
	name = strings.ToLower(name)
	if element || legacyPseudoElements[name] {
		name = ":" + name
	}
	s.uses.see(sign("c:"+name), s.place)
}
