package check

import (
	"strings"

	"github.com/tdewolff/parse/v2"
	"github.com/tdewolff/parse/v2/css"
)

// styleReader reads a style sheet, or the declarations of one element.
type styleReader struct {
	*walker
	text   string
	begin  int // where the piece that was read last begins
	end    int // where it ends
	line   int // the line that begin is in
	inside []styleBlock
	colors colors
}

// styleBlock is a block that is open: of an at-rule or, with no name, of declarations.
type styleBlock struct {
	atRule string
	dark   bool // it is for the dark scheme
}

// sheet looks at a style sheet.
func (w *walker) sheet(text string) { w.style(text, false) }

// declarations looks at the style attribute of the element.
func (w *walker) declarations(text string) { w.style(text, true) }

func (w *walker) style(text string, inline bool) {
	if text == "" {
		return
	}
	s := &styleReader{walker: w, text: text, line: w.line}
	if inline {
		s.colors.background = readColorName(w.attribute("bgcolor"))
	}
	for range strings.Count(text, "/*") {
		w.uses.see("x:css-comment", s.place)
	}
	p := css.NewParser(parse.NewInputString(text), inline)
	for {
		kind, _, data := p.Next()
		if kind == css.ErrorGrammar && !p.HasParseError() {
			break
		}
		s.line += strings.Count(text[s.begin:s.end], "\n")
		s.begin, s.end = s.end, min(len(text), max(s.end, p.Offset()))
		s.piece(kind, string(data), p.Values())
	}
	if inline {
		s.contrast(LowContrast)
	}
}

// place is where the piece is that was read last.
func (s *styleReader) place() Place {
	piece := s.text[s.begin:s.end]
	blank := piece[:len(piece)-len(strings.TrimLeft(piece, " \t\r\n"))]
	return Place{Part: s.htmlPart.Index, Line: s.line + strings.Count(blank, "\n"), Element: excerpt(strings.TrimRight(piece, " \t\r\n{;}"))}
}

// piece looks at a rule, a declaration, or the end of a block.
func (s *styleReader) piece(kind css.GrammarType, name string, values []css.Token) {
	switch kind {
	case css.AtRuleGrammar:
		s.atRule(name, values)
	case css.BeginAtRuleGrammar:
		s.inside = append(s.inside, s.atRule(name, values))
	case css.BeginRulesetGrammar:
		if block := s.block(); block.atRule != "keyframes" {
			s.selectors(values)
		}
		for _, block := range s.inside {
			if block.atRule == "" {
				s.uses.see("x:nesting", s.place)
				break
			}
		}
		s.inside = append(s.inside, styleBlock{dark: s.block().dark})
		s.colors = colors{}
	case css.EndAtRuleGrammar:
		s.leave()
	case css.EndRulesetGrammar:
		if s.block().dark {
			s.contrast(LowContrastDark)
		} else {
			s.contrast(LowContrast)
		}
		s.leave()
	case css.DeclarationGrammar:
		s.declaration(name, values)
	case css.CustomPropertyGrammar:
		s.uses.see("x:custom-property", s.place)
	}
}

// block is the innermost block that is open.
func (s *styleReader) block() styleBlock {
	if n := len(s.inside); n > 0 {
		return s.inside[n-1]
	}
	return styleBlock{}
}

func (s *styleReader) leave() {
	if n := len(s.inside); n > 0 {
		s.inside = s.inside[:n-1]
	}
}

// atRule looks at the beginning of an at-rule, and gives the block that it opens.
func (s *styleReader) atRule(name string, values []css.Token) styleBlock {
	name = strings.TrimPrefix(name, "@")
	for _, vendor := range []string{"-webkit-", "-moz-", "-o-", "-ms-"} {
		name = strings.TrimPrefix(name, vendor)
	}
	s.uses.see(sign("@:"+name), s.place)
	block := styleBlock{atRule: name, dark: s.block().dark}
	scheme := false
	for i, t := range values {
		if t.TokenType != css.IdentToken {
			continue
		}
		word := strings.ToLower(string(t.Data))
		if name == "media" && i > 0 && values[i-1].TokenType == css.LeftParenthesisToken {
			s.uses.see(sign("m:"+word), s.place)
			scheme = word == "prefers-color-scheme"
		}
		if scheme && word == "dark" {
			block.dark = true
			if s.dark == nil {
				place := s.place()
				s.dark = &place
			}
		}
	}
	return block
}

// declaration looks at a property and its value.
func (s *styleReader) declaration(property string, values []css.Token) {
	s.uses.see(sign("p:"+property), s.place)
	for i, t := range values {
		switch t.TokenType {
		case css.IdentToken:
			word := strings.ToLower(string(t.Data))
			s.uses.see(sign("k:"+word), s.place)
			s.uses.see(sign("v:"+property+"="+word), s.place)
			if word == "important" && i > 0 && string(values[i-1].Data) == "!" {
				s.uses.see("x:important", s.place)
			}
		case css.FunctionToken:
			s.uses.see(sign("f:"+strings.ToLower(strings.TrimSuffix(string(t.Data), "("))), s.place)
		case css.PercentageToken:
			s.uses.see("u:%", s.place)
		case css.DimensionToken:
			s.uses.see(sign("u:"+strings.ToLower(strings.TrimLeft(string(t.Data), "+-.0123456789"))), s.place)
		case css.URLToken:
			s.image(urlOf(string(t.Data)), false)
		}
	}
	s.colors.declare(property, values)
}

// urlOf gives the URL of a URL token.
func urlOf(token string) string {
	_, inside, _ := strings.Cut(token, "(")
	return strings.Trim(strings.TrimSuffix(inside, ")"), " \t\r\n\f\"'")
}

// contrast reports colours that were declared together and have too little contrast.
func (s *styleReader) contrast(code Code) {
	if ratio, low := s.colors.low(); low {
		s.found(code, ratio, s.place)
	}
}
