package check

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/tdewolff/parse/v2/css"
)

// color is an opaque colour in sRGB; nil if it is not known.
type color *[3]uint8

// colors are the colours of one list of declarations.
type colors struct {
	text, background color
	large            bool // text of 24 px or more, or of a size that is not known
	hidden           bool
}

// The minimum contrast of text (WCAG 2.2, 1.4.3).
const (
	leastContrast      = 4.5
	leastLargeContrast = 3
)

// declare applies a declaration. Later ones override earlier ones, as in browsers.
func (c *colors) declare(property string, values []css.Token) {
	if n := len(values); n > 2 && string(values[n-2].Data) == "!" {
		values = values[:n-2]
		if n = len(values); values[n-1].TokenType == css.WhitespaceToken {
			values = values[:n-1]
		}
	}
	first := ""
	if len(values) > 0 {
		first = strings.ToLower(string(values[0].Data))
	}
	switch property {
	case "color":
		c.text = readColor(values)
	case "background", "background-color":
		c.background = readColor(values)
	case "display":
		c.hidden = c.hidden || first == "none"
	case "visibility":
		c.hidden = c.hidden || first == "hidden"
	case "opacity", "max-height", "height":
		c.hidden = c.hidden || strings.Trim(first, "0.px") == "" && strings.Contains(first, "0")
	case "font-size":
		size, err := strconv.ParseFloat(strings.TrimSuffix(first, "px"), 64)
		c.large = err != nil || size >= 24
		c.hidden = c.hidden || err == nil && size <= 1
	}
}

// low reports whether the contrast is too low, and returns it.
func (c *colors) low() (ratio string, is bool) {
	if c.text == nil || c.background == nil || c.hidden {
		return "", false
	}
	lighter, darker := luminance(c.text), luminance(c.background)
	if lighter < darker {
		lighter, darker = darker, lighter
	}
	contrast, least := (lighter+0.05)/(darker+0.05), leastContrast
	if c.large {
		least = leastLargeContrast
	}
	if contrast >= least {
		return "", false
	}
	return fmt.Sprintf("%s on %s, %.1f to 1", hex(c.text), hex(c.background), contrast), true
}

func hex(c color) string { return fmt.Sprintf("#%02x%02x%02x", c[0], c[1], c[2]) }

// luminance is the relative luminance of a colour (WCAG 2.2).
func luminance(c color) float64 {
	linear := func(v uint8) float64 {
		s := float64(v) / 255
		if s <= 0.04045 {
			return s / 12.92
		}
		return math.Pow((s+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(c[0]) + 0.7152*linear(c[1]) + 0.0722*linear(c[2])
}

// readColor reads a value that is one colour and nothing else.
func readColor(values []css.Token) color {
	if len(values) == 0 {
		return nil
	}
	switch first := values[0]; {
	case len(values) == 1 && (first.TokenType == css.IdentToken || first.TokenType == css.HashToken):
		return readColorName(string(first.Data))
	case first.TokenType == css.FunctionToken:
		if name := strings.ToLower(string(first.Data)); name == "rgb(" || name == "rgba(" {
			return readRGB(values[1:])
		}
	}
	return nil
}

// readRGB reads what follows "rgb(". An alpha value has to be 1, as colours are opaque
// here.
func readRGB(values []css.Token) color {
	var numbers []float64
	for i, t := range values {
		switch t.TokenType {
		case css.NumberToken:
			n, err := strconv.ParseFloat(string(t.Data), 64)
			if err != nil || len(numbers) == 4 {
				return nil
			}
			numbers = append(numbers, n)
		case css.WhitespaceToken, css.CommaToken, css.DelimToken:
		case css.RightParenthesisToken:
			if i != len(values)-1 || len(numbers) < 3 || len(numbers) == 4 && numbers[3] != 1 {
				return nil
			}
			var c [3]uint8
			for i, n := range numbers[:3] {
				c[i] = uint8(min(255, max(0, n)))
			}
			return &c
		default:
			return nil
		}
	}
	return nil
}

// readColorName reads a colour that is one word: hexadecimal, or one of the names of
// HTML 4.
func readColorName(word string) color {
	word = strings.ToLower(strings.TrimSpace(word))
	digits, ok := strings.CutPrefix(word, "#")
	if !ok {
		if digits = basicColors[word]; digits == "" {
			return nil
		}
	}
	switch len(digits) {
	case 3, 4:
		long := make([]byte, 0, 8)
		for i := range len(digits) {
			long = append(long, digits[i], digits[i])
		}
		digits = string(long)
	}
	if len(digits) == 8 && digits[6:] == "ff" {
		digits = digits[:6]
	}
	n, err := strconv.ParseUint(digits, 16, 32)
	if err != nil || len(digits) != 6 {
		return nil
	}
	return &[3]uint8{uint8(n >> 16), uint8(n >> 8), uint8(n)}
}

var basicColors = map[string]string{
	"black": "000000", "silver": "c0c0c0", "gray": "808080", "grey": "808080", "white": "ffffff", "maroon": "800000",
	"red": "ff0000", "purple": "800080", "fuchsia": "ff00ff", "green": "008000", "lime": "00ff00", "olive": "808000",
	"yellow": "ffff00", "navy": "000080", "blue": "0000ff", "teal": "008080", "aqua": "00ffff", "orange": "ffa500",
}
