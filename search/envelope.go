package search

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/caddy-mailbucket/mailbucket/pattern"
	"github.com/caddy-mailbucket/mailbucket/store"
)

var tooManyStars = "at most " + strconv.Itoa(pattern.MaxStars) + " asterisks"

// envelopeKeys are the index keys of a query for the sender or for the recipients of the
// envelope, and how to read those of a message.
type envelopeKeys struct {
	address func(q *store.Query, address string) bool
	domain  func(q *store.Query, domain string) bool
	any     func(c *candidate, matches func(string) bool) bool
}

var senderKeys = envelopeKeys{
	address: func(q *store.Query, address string) bool {
		if q.Sender == nil {
			q.Sender = &address
		}
		return sameKey(*q.Sender, address)
	},
	domain: func(q *store.Query, domain string) bool { return setKey(&q.SenderDomain, domain) },
	any:    func(c *candidate, matches func(string) bool) bool { return matches(c.Sender) },
}

var recipientKeys = envelopeKeys{
	address: func(q *store.Query, address string) bool { return setKey(&q.Recipient, address) },
	domain:  func(q *store.Query, domain string) bool { return setKey(&q.RecipientDomain, domain) },
	any: func(c *candidate, matches func(string) bool) bool {
		return slices.ContainsFunc(c.Recipients, matches)
	},
}

// setKey makes value a key of a query, unless another one is there already.
func setKey(key *string, value string) bool {
	if value == "" {
		return false // which cannot be a key
	}
	if *key == "" {
		*key = value
	}
	return sameKey(*key, value)
}

// sameKey reports whether two texts are one key for the store, which has keys in lower
// case. That is stricter than folding: \u017f is not s.
func sameKey(a, b string) bool {
	key := strings.ToLower(a)
	return key == strings.ToLower(b)
}

// envelopeFilter reads a whole address, or a pattern, for which an index of the store can
// find at least the domain.
func envelopeFilter(value string, keys envelopeKeys) (Expression, string) {
	value = WithPlus(value)
	p := pattern.New(value)
	if p.Stars() > pattern.MaxStars {
		return Expression{}, tooManyStars
	}
	return one(envelopeCondition(value, p, keys)), ""
}

func recipientFilter(value string) (Expression, string) {
	if value == "" {
		return Expression{}, "an address"
	}
	return envelopeFilter(value, recipientKeys)
}

func envelopeCondition(value string, p pattern.Pattern, keys envelopeKeys) condition {
	c := condition{matches: func(c *candidate) bool { return keys.any(c, p.Matches) }}
	if p.Stars() == 0 {
		c.narrow = func(q *store.Query) bool { return keys.address(q, value) }
	} else if domain, whole := p.Domain(); domain != "" {
		c.narrow = func(q *store.Query) bool { return keys.domain(q, domain) && whole }
	}
	return c
}

// clientCondition matches messages from clients with one of those IP addresses.
func clientCondition(clients netip.Prefix) condition {
	return condition{matches: func(c *candidate) bool {
		if c.Session == nil {
			return false
		}
		client, err := netip.ParseAddrPort(c.Session.Client)
		if err != nil {
			return false
		}
		return clients.Contains(client.Addr().Unmap().WithZone(""))
	}}
}

// readCondition matches messages that have been read, or those that have not.
func readCondition(wanted bool) condition {
	return condition{
		matches: func(c *candidate) bool { return c.Read() == wanted },
		narrow: func(q *store.Query) bool {
			if q.Read == nil {
				q.Read = &wanted
			}
			return *q.Read == wanted
		},
	}
}
