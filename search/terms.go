package search

import (
	"slices"
	"strings"
	"time"

	"github.com/caddy-mailbucket/mailbucket/pattern"
)

// prefix returns what matches a value after a prefix, and false if the prefix cannot have
// such a value.
type prefix func(value string, loc *time.Location) (Expression, bool)

// prefixes are those of the language, but header.NAME.
var prefixes = map[string]prefix{
	"from":       textPrefix(costField, text.inFrom),
	"to":         textPrefix(costField, text.inTo),
	"cc":         textPrefix(costStructure, inCc),
	"bcc":        textPrefix(costStructure, text.inBcc),
	"reply-to":   textPrefix(costStructure, inReplyTo),
	"addressed":  textPrefix(costStructure, text.inAddressed),
	"subject":    textPrefix(costField, text.inSubject),
	"message-id": textPrefix(costStructure, inField("Message-ID")),
	"filename":   textPrefix(costAttachment, text.inFiles),
	"login":      textPrefix(costEnvelope, text.inLogin),
	"sender":     envelopePrefix(senderKeys, text.inSender),
	"recipient":  envelopePrefix(recipientKeys, text.inRecipients),
	"client":     clientPrefix,
	"tag":        tagPrefix,
	"has":        wordPrefix(hasWords),
	"is":         wordPrefix(isWords),
	"after":      timePrefix(since, until),
	"before":     timePrefix(until, since),
	"larger":     sizePrefix(func(size, bound int64) bool { return size > bound }),
	"smaller":    sizePrefix(func(size, bound int64) bool { return size < bound }),
}

const headerPrefix = "header."

// isPrefix reports whether a name in lower case, which a colon follows, is a prefix.
func isPrefix(name string) bool {
	return prefixes[name] != nil || strings.HasPrefix(name, headerPrefix) && len(name) > len(headerPrefix)
}

// expression is what the term matches.
func (t term) expression(loc *time.Location) Expression {
	e, ok := t.positive(loc)
	if !ok {
		e = textExpression(t.name + ":" + t.value)
	}
	switch {
	case !t.negated:
		return e
	case len(e.conditions) == 0:
		return e // there was nothing to look for
	case len(e.conditions) == 1 && e.conditions[0].opposite != nil:
		return one(*e.conditions[0].opposite)
	}
	return e.Not()
}

// positive returns what the term matches without its negation, and false if its prefix
// cannot have its value.
func (t term) positive(loc *time.Location) (Expression, bool) {
	if field, ok := strings.CutPrefix(t.name, headerPrefix); ok {
		return one(headerCondition(field, newText(t.value))), true
	}
	if t.name == "" {
		return textExpression(t.value), true
	}
	if strings.TrimSpace(t.value) == "" {
		return Expression{}, true
	}
	return prefixes[t.name](t.value, loc)
}

// textExpression looks for a word or a phrase wherever a reader would.
func textExpression(value string) Expression {
	if strings.TrimSpace(value) == "" {
		return Expression{}
	}
	return one(textCondition(costText, newText(value), text.anywhere))
}

func textPrefix(cost cost, in func(text, *candidate) bool) prefix {
	return func(value string, _ *time.Location) (Expression, bool) {
		return one(textCondition(cost, newText(value), in)), true
	}
}

// envelopePrefix looks for a part of an address, or with an asterisk for all of it.
// The null reverse-path is "<>".
func envelopePrefix(keys envelopeKeys, in func(text, *candidate) bool) prefix {
	return func(value string, _ *time.Location) (Expression, bool) {
		if value == "<>" {
			return one(envelopeCondition("", pattern.New(""), keys)), true
		}
		if !strings.Contains(value, "*") {
			return one(textCondition(costEnvelope, newText(value), in)), true
		}
		e, expected := envelopeFilter(value, keys)
		return e, expected == ""
	}
}

func clientPrefix(value string, _ *time.Location) (Expression, bool) {
	e, expected := clientFilter(value)
	return e, expected == ""
}

func tagPrefix(value string, _ *time.Location) (Expression, bool) {
	value = strings.Join(strings.Fields(value), " ")
	return one(condition{cost: costStructure, matches: func(c *candidate) bool {
		return slices.ContainsFunc(c.tags(), func(tag string) bool { return strings.EqualFold(tag, value) })
	}}), true
}

// wordPrefix makes a prefix whose values are words, in the singular or the plural.
func wordPrefix(words map[string]condition) prefix {
	return func(value string, _ *time.Location) (Expression, bool) {
		value = strings.ToLower(value)
		c, ok := words[value]
		if !ok {
			c, ok = words[strings.TrimSuffix(value, "s")]
		}
		return one(c), ok
	}
}

var hasWords = map[string]condition{
	"attachment": {cost: costAttachment, matches: (*candidate).hasAttachments},
	"inline":     {cost: costAttachment, matches: (*candidate).hasInline},
	"problem":    {cost: costProblems, matches: (*candidate).hasProblem},
}

var isWords = map[string]condition{
	"read":   readCondition(true),
	"unread": readCondition(false),
	"tagged": {cost: costStructure, matches: func(c *candidate) bool { return len(c.tags()) > 0 }},
}

func timePrefix(bound, opposite func(int64) condition) prefix {
	return func(value string, loc *time.Location) (Expression, bool) {
		ms, ok := readTime(value, loc, time.Now())
		c, not := bound(ms), opposite(ms)
		c.opposite = &not
		return one(c), ok
	}
}

func sizePrefix(holds func(size, bound int64) bool) prefix {
	return func(value string, _ *time.Location) (Expression, bool) {
		bound, ok := readSize(value)
		return one(condition{matches: func(c *candidate) bool { return holds(int64(len(c.Raw)), bound) }}), ok
	}
}
