package smtp

import (
	"math/bits"
	"strconv"
)

// oddity is a set of things that are wrong with an address that is accepted nevertheless.
type oddity uint16

const (
	oddBrackets oddity = 1 << iota
	oddName
	oddBlanks
	oddNoDomain
	oddDots
	oddSpecials
	oddFinalDot
	oddDomain
	oddUTF8
)

// oddityTexts describe each oddity. They follow the word "address".
var oddityTexts = [...]string{
	"that does not stand between one < and one > (RFC 5321 section 4.1.2)",
	"with a name before it (RFC 5321 section 4.1.2)",
	"with blanks around it or around its @ (RFC 5321 section 4.1.2)",
	"without a domain (RFC 5321 section 2.3.5)",
	"whose local part begins or ends with a dot or has two in a row (RFC 5321 section 4.1.2)",
	"whose local part has characters that need quotes (RFC 5321 section 4.1.2)",
	"whose domain ends with a dot (RFC 5321 section 4.1.2)",
	"whose domain is malformed (RFC 5321 section 4.1.2)",
	"that is not ASCII, without SMTPUTF8 (RFC 6531 section 3.4)",
}

// maxShownAddress is how many bytes of an address a problem shows.
const maxShownAddress = 100

// oddAddresses counts the malformed addresses of one mail: for each oddity how many, and
// the first.
type oddAddresses [len(oddityTexts)]struct {
	count int
	first string
}

func (o *oddAddresses) add(odd oddity, address []byte) {
	for ; odd != 0; odd &= odd - 1 {
		kind := &o[bits.TrailingZeros16(uint16(odd))]
		if kind.count++; kind.count == 1 {
			kind.first = string(cutText(address, maxShownAddress))
		}
	}
}

// problems describes them, with a line for each oddity.
func (o *oddAddresses) problems() []string {
	if o == nil {
		return nil
	}
	var problems []string
	for i, kind := range o {
		if kind.count == 0 {
			continue
		}
		text := "address " + oddityTexts[i] + ": " + kind.first
		if kind.count > 1 {
			text += ", and " + strconv.Itoa(kind.count-1) + " more"
		}
		problems = append(problems, text)
	}
	return problems
}
