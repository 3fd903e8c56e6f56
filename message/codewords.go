package message

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// Bounds of the words that are looked up, in bytes: of a word in ASCII, and of one in a
// script without blanks, of which only the end is looked up.
const (
	maxKeyword  = 60
	maxSentence = 300
)

// How much a keyword says about a number near it.
const (
	strong = 24 // names a code
	weak   = 14 // is about identifying oneself
)

// keyword returns a word in the form in which it is looked up.
func keyword(s string) string {
	if len(s) > maxKeyword {
		if isASCII(s) {
			return ""
		}
		for len(s) > maxSentence || s != "" && !utf8.RuneStart(s[0]) {
			s = s[max(1, len(s)-maxSentence):]
		}
	}
	return strings.ToLower(s)
}

// keywordStrength returns the strength of a lower-case word as a keyword, given the word
// before it; 0 if it is not one.
func keywordStrength(s, before string) int {
	switch {
	case strongWords[s]:
		if otherCodes[before] {
			return 0
		}
		return strong
	case weakWords[s]:
		return weak
	}
	if len(s) < 6 || notCodes[s] || containsAny(s, notCodeParts) {
		return 0
	}
	if containsAny(s, codeParts) {
		if otherCodes[before] {
			return 0
		}
		return strong
	}
	for _, suffix := range codeSuffixes {
		if strings.HasSuffix(s, suffix) {
			return strong
		}
	}
	if containsAny(s, weakParts) {
		return weak
	}
	return 0
}

func containsAny(s string, parts []string) bool {
	return !isASCII(s) && slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(s, part) })
}

// takeBack removes the strength of the keyword before the last words if a word after it
// gives it another meaning: "code postal", "código de descuento".
func takeBack(words []word) {
	for i := len(words) - 1; i >= max(0, len(words)-2); i-- {
		if words[i].strength == strong {
			words[i].strength = 0
		}
	}
}

func wordSet(list string) map[string]bool {
	set := make(map[string]bool)
	for _, s := range strings.Fields(list) {
		set[s] = true
	}
	return set
}
