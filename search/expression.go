// Package search says what a query means and which messages it matches, for every part of
// the program that searches mail: the query language ([Parse]), the filters of the API
// ([Filters]), and what lists show of the messages found ([Entry]).
package search

import (
	"cmp"
	"slices"

	"github.com/caddy-mailbucket/mailbucket/store"
)

// Expression says which messages are looked for: all that meet each of its conditions.
// Its zero value matches all messages. It is safe for concurrent use.
type Expression struct{ conditions []condition }

// condition is one requirement that a message has to meet.
type condition struct {
	cost    cost
	matches func(*candidate) bool

	// narrow, if not nil, adds the condition to a query in a form that the store answers
	// without looking at each message, and reports whether that covers the whole condition.
	// If it covers only a part of it, it adds that part and reports false.
	narrow func(*store.Query) bool

	// opposite is the condition that holds where this one does not, if the store
	// answers it too.
	opposite *condition
}

// cost is how much work a condition is: cheaper ones are checked first.
type cost int

const (
	costEnvelope   cost = iota
	costField           // a field of the header is decoded
	costText            // the whole text is looked through
	costStructure       // the structure of the mail is looked at
	costAttachment      // the same, and which parts are shown
	costProblems        // all of the mail is checked
)

// And matches what both expressions match.
func (e Expression) And(other Expression) Expression {
	return Expression{slices.Concat(e.conditions, other.conditions)}
}

// Not matches what e does not match. The zero value, which matches everything, becomes
// an expression that matches nothing.
func (e Expression) Not() Expression {
	most := costEnvelope
	for _, c := range e.conditions {
		most = max(most, c.cost)
	}
	return Expression{[]condition{{cost: most, matches: func(c *candidate) bool { return !c.meets(e.conditions) }}}}
}

// Narrow makes q match only what the expression matches too. Conditions that an index of
// the store can answer become keys and bounds of q. If there are others, for which each
// message has to be looked at, they become the Match of q.
func (e Expression) Narrow(q *store.Query) {
	var left []condition
	for _, c := range e.conditions {
		if c.narrow == nil || !c.narrow(q) {
			left = append(left, c)
		}
	}
	if len(left) == 0 {
		return
	}
	slices.SortStableFunc(left, func(a, b condition) int { return cmp.Compare(a.cost, b.cost) })
	before := q.Match
	q.Match = func(b *store.Bucket, m *store.Message) bool {
		if before != nil && !before(b, m) {
			return false
		}
		c := candidate{Message: m, bucket: b}
		return c.meets(left)
	}
}
