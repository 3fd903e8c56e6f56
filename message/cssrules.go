package message

import (
	"strings"

	"github.com/tdewolff/parse/v2/css"
)

// What a style sheet may contain besides plain tokens. What is not listed is left out, as
// it may load something: new functions are added to CSS all the time.
var (
	// atRules are those that load nothing by themselves.
	atRules = wordSet(`
		media supports layer container scope starting-style page font-face font-feature-values font-palette-values
		counter-style property keyframes -webkit-keyframes -moz-keyframes -o-keyframes view-transition
		stylistic historical-forms styleset character-variant swash ornaments annotation
		top-left top-center top-right bottom-left bottom-center bottom-right
	`)

	// functions load nothing but the URL tokens in them.
	functions = wordSet(`
		rgb rgba hsl hsla hwb lab lch oklab oklch color color-mix light-dark device-cmyk contrast-color
		calc min max clamp round mod rem sin cos tan asin acos atan atan2 pow sqrt hypot log exp abs sign
		-webkit-calc -moz-calc var env attr counter counters symbols leader
		linear-gradient radial-gradient conic-gradient repeating-linear-gradient repeating-radial-gradient
		repeating-conic-gradient -webkit-linear-gradient -webkit-radial-gradient -webkit-repeating-linear-gradient
		-webkit-repeating-radial-gradient -webkit-gradient -moz-linear-gradient -moz-radial-gradient
		-moz-repeating-linear-gradient -o-linear-gradient -o-radial-gradient -ms-linear-gradient from to color-stop
		matrix matrix3d translate translate3d translatex translatey translatez scale scale3d scalex scaley scalez
		rotate rotate3d rotatex rotatey rotatez skew skewx skewy perspective
		blur brightness contrast drop-shadow grayscale hue-rotate invert opacity saturate sepia
		cubic-bezier steps linear frames
		repeat minmax fit-content anchor anchor-size
		inset circle ellipse polygon path rect shape xywh ray
		format tech local selector style font-tech font-format layer supports scroll-state
		not is where has matches any -webkit-any -moz-any nth-child nth-last-child nth-of-type nth-last-of-type
		nth-col nth-last-col lang dir host host-context slotted part cue highlight state current global
		stylistic historical-forms styleset character-variant swash ornaments annotation
		expand fade
	`)

	// imageFunctions take URLs as plain strings.
	imageFunctions = wordSet("image-set -webkit-image-set image cross-fade -webkit-cross-fade")

	// withinImages may be used in these.
	withinImages = wordSet(`
		rgb rgba hsl hsla hwb lab lch oklab oklch color calc
		linear-gradient radial-gradient conic-gradient repeating-linear-gradient repeating-radial-gradient
		-webkit-linear-gradient -webkit-radial-gradient
	`)
)

// maxNestedImages is how deep functions may be nested in one of imageFunctions.
const maxNestedImages = 8

// atRule writes the beginning of a rule that is allowed, and skips any other.
func (f *cssFilter) atRule(t cssToken) {
	name := strings.TrimPrefix(t.keyword(), "@")
	switch {
	case !f.sheet:
		f.in.skipRule()
	case name == "import":
		f.importRule()
	case atRules[name]:
		f.out.WriteString("@" + name)
		return
	default:
		f.in.skipRule()
	}
	f.space()
}

// importRule writes an @import whose URL may be loaded.
func (f *cssFilter) importRule() {
	raw, ok := "", false
	switch t := f.in.skipSpace(); t.kind {
	case css.StringToken:
		raw, ok = t.str(), true
	case css.URLToken:
		raw, ok = t.url(), true
	case css.FunctionToken:
		if t.function() == "url" || t.function() == "src" {
			raw, ok = f.onlyString()
		} else {
			f.in.unread(t)
		}
	default:
		f.in.unread(t)
	}
	to, load := "", false
	if ok {
		to, load = f.urls.load(raw, useSheet)
	}
	if !load {
		f.in.skipRule()
		return
	}
	f.out.WriteString("@import url(")
	writeCSSString(&f.out, to)
	f.out.WriteString(")")
	f.space()
	for t := f.in.next(); ; t = f.in.next() {
		switch t.kind {
		case css.ErrorToken, css.SemicolonToken:
			f.out.WriteByte(';')
			return
		case css.LeftBraceToken, css.RightBraceToken, css.AtKeywordToken:
			f.in.unread(t)
			f.out.WriteByte(';')
			return
		}
		f.token(t)
	}
}

// function writes a function that is allowed, and skips any other with all that is in it.
func (f *cssFilter) function(t cssToken) {
	switch name := t.function(); {
	case name == "url", name == "src":
		if raw, ok := f.onlyString(); ok {
			f.image(raw)
		} else {
			f.out.WriteString(noImage)
		}
	case imageFunctions[name]:
		var b strings.Builder
		if f.imageFunction(&b, name, 0) {
			f.out.WriteString(b.String())
		} else {
			f.out.WriteString(noImage)
		}
	case functions[name]:
		f.out.WriteString(name + "(")
	default:
		f.in.skipBlock()
		f.space()
	}
}

// onlyString reads to the end of a function whose only argument is a string;
// anything else in it is skipped.
func (f *cssFilter) onlyString() (string, bool) {
	t := f.in.skipSpace()
	if t.kind != css.StringToken {
		f.in.unread(t)
		f.in.skipBlock()
		return "", false
	}
	f.in.skipBlock()
	return t.str(), true
}

// imageFunction writes a function that takes URLs as strings. All its arguments must be of
// known kinds, as a string from a variable would be a URL that was not checked. Otherwise
// the whole function is skipped.
func (f *cssFilter) imageFunction(b *strings.Builder, name string, depth int) bool {
	if depth == maxNestedImages {
		f.in.skipBlock()
		return false
	}
	ok := true
	b.WriteString(name + "(")
	images := imageFunctions[name]
	for {
		switch t := f.in.next(); t.kind {
		case css.ErrorToken, css.RightParenthesisToken:
			b.WriteByte(')')
			return ok
		case css.WhitespaceToken, css.CommentToken:
			b.WriteByte(' ')
		case css.CommaToken, css.NumberToken, css.PercentageToken, css.DimensionToken, css.IdentToken, css.HashToken:
			ok = ok && !strings.Contains(t.text, `\`)
			b.WriteString(t.text)
		case css.StringToken:
			f.nestedImage(b, t.str(), images)
		case css.URLToken:
			f.nestedImage(b, t.url(), true)
		case css.FunctionToken:
			nested := t.function()
			switch {
			case nested == "url" || nested == "src":
				raw, _ := f.onlyString()
				f.nestedImage(b, raw, true)
			case nested == "type", imageFunctions[nested], withinImages[nested]:
				ok = f.imageFunction(b, nested, depth+1) && ok
			default:
				f.in.skipBlock()
				ok = false
			}
		default:
			f.in.unread(t)
			f.in.skipBlock()
			return false
		}
	}
}

// nestedImage writes a URL, or a string that is none, within an image function.
func (f *cssFilter) nestedImage(b *strings.Builder, s string, isURL bool) {
	if !isURL {
		writeCSSString(b, s)
		return
	}
	to, ok := f.urls.load(s, useStyle)
	if !ok {
		to = "data:,"
	}
	if last := b.String()[b.Len()-1]; last != '(' && last != ' ' {
		b.WriteByte(' ') // a string may follow a number or name directly, a function may not
	}
	b.WriteString("url(")
	writeCSSString(b, to)
	b.WriteByte(')')
}
