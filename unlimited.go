package mailbucket

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
)

// MessageLimit is a number of messages, or [Unlimited]. In JSON that is "unlimited".
type MessageLimit int

// Unlimited is no limit on how many messages a bucket holds.
const Unlimited MessageLimit = -1

const unlimited = "unlimited"

// MarshalJSON implements json.Marshaler.
func (l MessageLimit) MarshalJSON() ([]byte, error) {
	if l == Unlimited {
		return json.Marshal(unlimited)
	}
	return json.Marshal(int(l))
}

// UnmarshalJSON implements json.Unmarshaler.
func (l *MessageLimit) UnmarshalJSON(text []byte) error {
	var word string
	if json.Unmarshal(text, &word) == nil {
		if word != unlimited {
			return fmt.Errorf("max_messages %q: expected a number or %s", word, unlimited)
		}
		*l = Unlimited
		return nil
	}
	var n int
	if err := json.Unmarshal(text, &n); err != nil {
		return fmt.Errorf("max_messages: expected a number or %q: %w", unlimited, err)
	}
	if n < 0 {
		return errors.New("max_messages must be positive")
	}
	*l = MessageLimit(n)
	return nil
}

// messageLimitArg reads an option whose argument is a number of messages or "unlimited".
func messageLimitArg(d *caddyfile.Dispenser, to *MessageLimit) error {
	option, value := d.Val(), ""
	if err := oneArg(d, &value); err != nil {
		return err
	}
	if value == unlimited {
		*to = Unlimited
		return nil
	}
	n, err := strconv.Atoi(value)
	if err != nil || n <= 0 {
		return d.Errf("%s %q: expected a positive number or %s", option, value, unlimited)
	}
	*to = MessageLimit(n)
	return nil
}
