package web

import (
	"sync"

	"github.com/caddy-mailbucket/mailbucket/message"
	"github.com/caddy-mailbucket/mailbucket/store"
)

// facts remembers what rows show of emails that takes reading them whole, as lists are
// drawn often.
type facts struct {
	mu         sync.Mutex
	young, old map[store.ID]fact
}

// fact is the likeliest code of an email, "" if there is none, and the number of its
// problems.
type fact struct {
	code     string
	problems int
}

const (
	// maxFacts is how many facts are remembered before the old ones are forgotten.
	maxFacts = 5000
	// maxRead is up to which size emails are read for a row, in bytes.
	maxRead = 256 << 10
)

func (k *facts) of(m *store.Message) fact {
	if len(m.Raw) > maxRead {
		return fact{problems: len(m.Problems())}
	}
	k.mu.Lock()
	f, known := k.young[m.ID]
	if !known {
		f, known = k.old[m.ID]
	}
	k.mu.Unlock()
	if known {
		return f
	}
	f = readFact(m)
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.young == nil || len(k.young) >= maxFacts {
		k.old, k.young = k.young, make(map[store.ID]fact)
	}
	k.young[m.ID] = f
	return f
}

func readFact(m *store.Message) fact {
	mail := message.Parse(m.Raw)
	f := fact{problems: len(m.Problems()) + len(mail.Problems())}
	if codes := message.Codes(mail.Subject(), mail.Text(), mail.HTML()); len(codes) > 0 {
		f.code = codes[0]
	}
	return f
}
