package check

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/publicsuffix"

	"github.com/caddy-mailbucket/mailbucket/message"
)

// maxOff is how far the Date field may differ from the time of arrival.
const maxOff = 3 * time.Hour

// sender checks the fields that say who sent the mail, and when.
func (c *checker) sender() {
	h := c.Mail.Header()
	if strings.TrimSpace(c.Mail.Subject()) == "" {
		c.found(SubjectMissing, "", whole)
	}
	c.messageID(h)
	if date, ok := c.Mail.Date(); ok && !c.Arrived.IsZero() {
		if off := date.Sub(c.Arrived).Round(time.Minute); off > maxOff {
			c.found(DateOff, fmt.Sprintf("%s later", spell(off)), whole)
		} else if -off > maxOff {
			c.found(DateOff, fmt.Sprintf("%s earlier", spell(-off)), whole)
		}
	}
	from := c.Mail.From()
	if !anyMailbox(from) && len(h.All("From")) > 0 {
		c.found(FromUnreadable, excerpt(h.Get("From")), whole)
	}
	if len(from) > 1 && len(h.All("Sender")) == 0 {
		c.found(SenderMissing, "", whole)
	}
	c.domains(from, FromLocal, FromReserved)
	replyTo := c.Mail.ReplyTo()
	if !anyMailbox(replyTo) && len(h.All("Reply-To")) > 0 {
		c.found(ReplyToUnreadable, excerpt(h.Get("Reply-To")), whole)
	}
	c.domains(replyTo, ReplyToLocal, ReplyToReserved)
	if len(from) > 0 {
		theirs, ours := organization(domainOf(c.Sender)), organization(domainOf(from[0].Address))
		if theirs != "" && ours != "" && theirs != ours {
			c.found(EnvelopeUnaligned, excerpt(theirs)+" and "+excerpt(ours), whole)
		}
	}
}

func (c *checker) messageID(h message.Header) {
	all := h.All("Message-ID")
	if len(all) == 0 {
		c.found(MessageIDMissing, "", whole)
		return
	}
	id := strings.TrimSpace(all[0])
	inner, ok := strings.CutPrefix(id, "<")
	inner, closed := strings.CutSuffix(inner, ">")
	name, host, at := strings.Cut(inner, "@")
	if !ok || !closed || !at || name == "" || host == "" || strings.ContainsAny(host, "@<>") || strings.ContainsAny(inner, " \t") {
		c.found(MessageIDOdd, excerpt(id), whole)
	}
}

// anyMailbox reports whether one of the addresses has a domain.
func anyMailbox(list []message.Address) bool {
	return slices.ContainsFunc(list, func(a message.Address) bool { return domainOf(a.Address) != "" })
}

// domains checks the domains of addresses.
func (c *checker) domains(list []message.Address, local, reserved Code) {
	for _, a := range list {
		switch domain := domainOf(a.Address); hostKind(domain) {
		case localHost:
			c.found(local, excerpt(a.Address), whole)
		case reservedHost:
			c.found(reserved, excerpt(domain), whole)
		}
	}
}

// domainOf gives the domain of an address in lower case, "" if it has none.
func domainOf(address string) string {
	i := strings.LastIndexByte(address, '@')
	if i < 0 {
		return ""
	}
	return strings.ToLower(address[i+1:])
}

// organization returns the organizational domain of a domain (RFC 7489 3.2), or the domain
// itself if that is not known.
func organization(domain string) string {
	domain = strings.TrimSuffix(domain, ".")
	if registered, err := publicsuffix.EffectiveTLDPlusOne(domain); err == nil {
		return registered
	}
	return domain
}

// spell returns a duration in words, in its largest units.
func spell(d time.Duration) string {
	if days := d / (24 * time.Hour); days >= 2 {
		return fmt.Sprintf("%d days", days)
	}
	return fmt.Sprintf("%d hours", d/time.Hour)
}
