package message

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// Bounds of the words that are looked up, in bytes: one of ASCII, and one of a
// script without blanks, of which the end is.
const (
	maxKeyword  = 60
	maxSentence = 300
)

// How much a keyword says about a number near it.
const (
	strong = 24 // names a code
	weak   = 14 // is about identifying oneself
)

// keyword gives a word as it is looked up.
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

// keywordStrength tells what a lower-case word says, given the word before it.
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

// takeBack takes from the keyword before the last words what it says, as a word
// after it makes it another thing: "code postal", "código de descuento".
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
