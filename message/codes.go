package message

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits of Codes.
const (
	// MaxCodes is how many codes are given.
	MaxCodes = 20
	// maxCodeText is how much of each body is searched, in bytes.
	maxCodeText = 256 << 10
	// maxCodePage is how much of the HTML is read for that.
	maxCodePage = 4 << 20
	// maxCodeSubject is how much of the subject is searched.
	maxCodeSubject = 1000
)

// Codes gives what look like one-time codes in the subject, the text and the HTML of a
// mail, the most likely first, each once. A code is 4 to 8 digits of any script, given in
// ASCII and without the blanks or hyphens that group them; 6 to 8 capital letters and
// digits; or such digits after a short prefix, as in "G-123456". A word such as code, PIN
// or verification must stand near it, in one of some thirty languages. Years, prices,
// dates, telephone and order numbers, and parts of a URL or of a longer word, are not
// codes.
func Codes(subject, text, page string) []string {
	var found []scoredCode
	bodies := []string{text}
	if page != "" {
		if shown := TextFromHTML(cutText(page, maxCodePage)); text == "" {
			bodies[0] = shown
		} else {
			bodies = append(bodies, shown)
		}
	}
	for _, body := range bodies {
		in := newCodeText(subject, body)
		f := codeFinder{codeText: in, words: splitWords(in.text)}
		for _, code := range f.find() {
			at := slices.IndexFunc(found, func(c scoredCode) bool { return c.value == code.value })
			if at >= 0 {
				found[at].score = max(found[at].score, code.score)
			} else if len(found) < 10*MaxCodes {
				found = append(found, code)
			}
		}
	}
	slices.SortStableFunc(found, func(a, b scoredCode) int { return b.score - a.score })
	var codes []string
	for _, c := range found[:min(len(found), MaxCodes)] {
		codes = append(codes, c.value)
	}
	return codes
}

type scoredCode struct {
	value string
	score int
}

// word is a run of letters and digits.
type word struct {
	start, end int
	line       int // lines without words are not counted
	inURL      bool
	strength   int // of a keyword, else 0
}

// splitWords splits a text into words, and rates those that are keywords.
func splitWords(s string) []word {
	var words []word
	line, start, urlTo := 0, -1, 0
	broken := false // a line end came after the last word
	before := ""    // the last word, in lower case
	end := func(at int) {
		if start < 0 {
			return
		}
		if broken && len(words) > 0 {
			line++
		}
		w := word{start: start, end: at, line: line}
		if at >= urlTo && strings.HasPrefix(s[at:], "://") {
			urlTo = urlEnd(s, at)
		}
		w.inURL = start < urlTo
		name := ""
		if !w.inURL {
			if name = keyword(s[start:at]); afterOtherCodes[name] {
				takeBack(words)
			}
			w.strength = keywordStrength(name, before)
		}
		words, before, start, broken = append(words, w), name, -1, false
	}
	last := rune(0)
	for i, r := range s {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) {
			if start >= 0 && splits(last, r) {
				end(i)
			}
			if start < 0 {
				start = i
			}
			last = r
			continue
		}
		end(i)
		broken = broken || r == '\n'
	}
	end(len(s))
	return words
}

// codeFinder goes over the words of a text once, and looks at a bounded number of words
// around each candidate.
type codeFinder struct {
	codeText
	words []word
	used  int // keywords before this word already belong to a code

	last      candidate // the code found before
	haveFound bool
}

func (f *codeFinder) find() []scoredCode {
	var found []scoredCode
	for i := 0; i < len(f.words); {
		c, ok := f.candidate(i)
		if !ok {
			i++
			continue
		}
		i = c.to
		if score := f.score(c); score > 0 {
			found = append(found, scoredCode{c.value, score})
			f.last, f.haveFound = c, true
		}
	}
	return found
}

func (f *codeFinder) str(i int) string { return f.text[f.words[i].start:f.words[i].end] }

// lower gives a word in lower case, "" when there is none at i.
func (f *codeFinder) lower(i int) string {
	if i < 0 || i >= len(f.words) || f.words[i].end-f.words[i].start > maxKeyword {
		return ""
	}
	return strings.ToLower(f.str(i))
}

// gap gives what stands between word i and the next.
func (f *codeFinder) gap(i int) string {
	if i < 0 || i+1 >= len(f.words) {
		return ""
	}
	return f.text[f.words[i].end:f.words[i+1].start]
}

// The reach of a keyword, in words.
const (
	reachBefore = 25
	reachAfter  = 10
)

// score rates how likely a candidate is to be a code; 0 means that it is not one.
func (f *codeFinder) score(c candidate) int {
	best, place := 0, -1
	listed := c.alone && f.haveFound && f.last.alone && f.words[c.from].line-f.words[f.last.to-1].line <= 2
	if listed {
		best = 5 // one more of a list, such as recovery codes
	}
	for k := c.from - 1; k >= max(f.used, c.from-reachBefore); k-- {
		if labels[f.lower(k)] && f.words[k].line == f.words[c.from].line {
			break
		}
		w := f.words[k]
		distance, lines := c.from-1-k, f.words[c.from].line-w.line
		if w.strength == 0 || lines > 3 || c.year && (lines > 0 || distance > 1 || w.strength < strong) {
			continue
		}
		if lines > 0 && w.strength < strong && w.start < f.head && !c.alone {
			continue // the subject says what the mail is about, not every number in it
		}
		score := w.strength - distance - 3*lines
		if lines > 0 && !c.alone {
			score -= 6
		}
		if score > best {
			best, place = score, k
		}
	}
	labelled := c.from > 0 && labels[f.lower(c.from-1)] && f.words[c.from-1].line == f.words[c.from].line
	for k := c.to; k < min(len(f.words), c.to+reachAfter) && !c.year && !labelled; k++ {
		if strings.ContainsAny(f.gap(k-1), ".!?\u3002") {
			break // another sentence
		}
		w := f.words[k]
		if w.strength == 0 || w.line != f.words[c.from].line && !c.alone || w.line > f.words[c.from].line+1 {
			continue
		}
		if score := w.strength - (k - c.to) - 4; score > best {
			best, place = score, k
		}
	}
	if best <= 0 {
		return 0
	}
	f.use(max(place, c.to-1))
	return best + f.bonus(c)
}

// use marks the keywords up to a place, and those right after it, as belonging to the code
// just found, so that they do not make a later number look like a code.
func (f *codeFinder) use(place int) {
	next := place + 1
	for next < len(f.words) && next <= place+3 && f.words[next].line == f.words[place].line && f.words[next].strength > 0 {
		next++
	}
	f.used = next
}

// bonus rates a candidate higher if it looks as codes usually do.
func (f *codeFinder) bonus(c candidate) int {
	bonus := 0
	if c.alone {
		bonus += 5
	}
	if len(c.value) == 6 {
		bonus += 3
	}
	if strings.Contains(f.gap(c.from-1), ":") || copulas[f.lower(c.from-1)] {
		bonus += 3
	}
	return bonus
}

// candidate is a word, or some, that may be a code.
type candidate struct {
	from, to int // its words
	value    string
	year     bool // it may be a year: the keyword must stand right before it
	alone    bool // on its line
}

// candidate looks at the word i and those that belong to it.
func (f *codeFinder) candidate(i int) (c candidate, ok bool) {
	w := f.words[i]
	if w.inURL || w.end-w.start > 8 {
		return c, false
	}
	s := f.str(i)
	c = candidate{from: i, to: i + 1, value: s}
	switch digits := allDigits(s); {
	case digits && len(s) == 1:
		f.spacedDigits(&c)
	case digits && len(s) <= 4 && f.groupsWith(i):
		c.to, c.value = i+2, s+f.str(i+1)
	case digits:
		c.year = len(s) == 4 && slices.Contains(f.years, s[:2])
	case len(s) <= 3 && isUpper(s) && f.prefixes(i):
		c.to, c.value = i+2, s+"-"+f.str(i+1)
	case !mixedCapitals(s):
		return c, false
	}
	if n := len(c.value); n < 4 || n > 12 || c.to == i+1 && n > 8 {
		return c, false
	}
	c.alone = (i == 0 || f.words[i-1].line != w.line) && (c.to == len(f.words) || f.words[c.to].line != w.line)
	return c, f.standsFree(c)
}

// spacedDigits joins 4 to 8 single digits with white space in between, as in a table with a
// cell for each digit.
func (f *codeFinder) spacedDigits(c *candidate) {
	for c.to < len(f.words) && c.to-c.from < 9 {
		s := f.str(c.to)
		if len(s) != 1 || !isDigit(s[0]) || strings.TrimSpace(f.gap(c.to-1)) != "" {
			break
		}
		c.value += s
		c.to++
	}
	if len(c.value) > 8 {
		c.value = ""
	}
}

// groupsWith reports whether words i and i+1 are two halves of a code: 123-456, 1234 5678.
func (f *codeFinder) groupsWith(i int) bool {
	gap := f.gap(i)
	if gap != "-" && gap != " " && gap != "\u00a0" && gap != "\u2013" && gap != "\u2011" {
		return false
	}
	a, b := f.str(i), f.str(i+1)
	if len(a) != len(b) || len(a) < 3 || !allDigits(b) {
		return false
	}
	return len(a) == 3 || a[:2] != "20" || b[:2] != "20"
}

// prefixes reports whether word i is the prefix of the digits after it: G-123456.
func (f *codeFinder) prefixes(i int) bool {
	if f.gap(i) != "-" || labels[f.lower(i)] {
		return false
	}
	digits := f.str(i + 1)
	return len(digits) >= 4 && len(digits) <= 8 && allDigits(digits)
}

// standsFree reports whether a candidate is not part of something longer, such as a price,
// a date, a telephone number or an address.
func (f *codeFinder) standsFree(c candidate) bool {
	start, end := f.words[c.from].start, f.words[c.to-1].end
	before, size := utf8.DecodeLastRuneInString(f.text[:start])
	further, _ := utf8.DecodeLastRuneInString(f.text[:start-size])
	after, size := utf8.DecodeRuneInString(f.text[end:])
	beyond, _ := utf8.DecodeRuneInString(f.text[min(len(f.text), end+size):])
	switch {
	case strings.ContainsRune("#$+=@/\\_&%~", before), unicode.Is(unicode.Sc, before),
		before == ' ' && unicode.Is(unicode.Sc, further),
		strings.ContainsRune(".,'-\u2013", before) && isWordRune(further),
		strings.ContainsRune(":)", before) && unicode.IsDigit(further):
		return false
	case strings.ContainsRune("%@/\\_=&~", after), unicode.Is(unicode.Sc, after),
		after == ' ' && unicode.Is(unicode.Sc, beyond),
		strings.ContainsRune(".,:-\u2013", after) && isWordRune(beyond),
		after == '\'' && unicode.IsDigit(beyond): // letters after an apostrophe are a suffix, as in Turkish
		return false
	}
	if f.beside(c.from-1, c.from-1) || f.beside(c.to, c.to-1) {
		return false
	}
	return !currencies[f.lower(c.from-1)] && !currencies[f.lower(c.to)] && !units[f.lower(c.to)]
}

// beside reports whether word i, across the gap after word g, continues the same number, as
// in telephone and card numbers.
func (f *codeFinder) beside(i, g int) bool {
	if i < 0 || i >= len(f.words) || !allDigits(f.str(i)) {
		return false
	}
	switch f.gap(g) {
	case " ", "-", "\u00a0", ") ", ")", ".", " - ", "\u2013", "\u2011":
		return true
	}
	return false
}

func isWordRune(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

func allDigits(s string) bool {
	for i := 0; i < len(s); i++ {
		if !isDigit(s[i]) {
			return false
		}
	}
	return s != ""
}

func isUpper(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < 'A' || s[i] > 'Z' {
			return false
		}
	}
	return s != ""
}

// mixedCapitals reports whether s is 6 to 8 capital letters and digits, some of both.
func mixedCapitals(s string) bool {
	if len(s) < 6 || len(s) > 8 {
		return false
	}
	digits := 0
	for i := 0; i < len(s); i++ {
		switch {
		case isDigit(s[i]):
			digits++
		case s[i] < 'A' || s[i] > 'Z':
			return false
		}
	}
	return digits > 0 && digits < len(s)
}
