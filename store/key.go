package store

import (
	"slices"
	"strings"
)

// key is what messages are found by without looking at them: an address, a domain or a
// login in lower case.
type key struct {
	kind keyKind
	text string
}

type keyKind uint8

const (
	bySender keyKind = iota
	byRecipient
	bySenderDomain
	byRecipientDomain
	byLogin    // with an empty text for messages without a login
	indexKinds // how many kinds have an index

	anyMessage = indexKinds // the key of watches for any message; its text is empty
	watchKinds = anyMessage + 1
)

// eachKey calls f for each key that m has, for some perhaps more than once.
func (m *Message) eachKey(f func(key)) {
	address := strings.ToLower(m.Sender)
	f(key{bySender, address})
	if d := domainOf(address); d != "" {
		f(key{bySenderDomain, d})
	}
	for _, r := range m.Recipients {
		address := strings.ToLower(r)
		f(key{byRecipient, address})
		if d := domainOf(address); d != "" {
			f(key{byRecipientDomain, d})
		}
	}
	f(key{byLogin, strings.ToLower(m.Login())})
}

// domainOf is what follows the last at sign of an address, or nothing.
func domainOf(address string) string {
	at := strings.LastIndexByte(address, '@')
	if at < 0 {
		return ""
	}
	return address[at+1:]
}

func (m *Message) has(k key) bool {
	has := false
	m.eachKey(func(other key) { has = has || other == k })
	return has
}

func (m *Message) hasAll(keys []key) bool {
	for _, k := range keys {
		if !m.has(k) {
			return false
		}
	}
	return true
}

// keys are those of which a message must have all, the most selective kind first.
func (q *Query) keys() []key {
	var keys []key
	if q.Recipient != "" {
		keys = append(keys, key{byRecipient, strings.ToLower(q.Recipient)})
	}
	if q.Sender != nil {
		keys = append(keys, key{bySender, strings.ToLower(*q.Sender)})
	}
	if q.Login != nil {
		keys = append(keys, key{byLogin, strings.ToLower(*q.Login)})
	}
	if q.RecipientDomain != "" {
		keys = append(keys, key{byRecipientDomain, strings.ToLower(q.RecipientDomain)})
	}
	if q.SenderDomain != "" {
		keys = append(keys, key{bySenderDomain, strings.ToLower(q.SenderDomain)})
	}
	for _, k := range q.more {
		if !slices.Contains(keys, k) {
			keys = append(keys, k)
		}
	}
	return keys
}
