package mailbucket

import (
	"slices"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddytls"

	"github.com/caddy-mailbucket/mailbucket/pattern"
)

// UnmarshalCaddyfile sets up the handler of a layer4 route:
//
//	mailbucket [<bucket>] {
//	    hostname               <name>
//	    max_message_size       <size>
//	    max_header_size        <size>
//	    max_data_line          <size>
//	    max_recipients         <number>
//	    max_transactions       <number>
//	    max_connections        <number>
//	    max_client_connections <number>
//	    first_command_timeout  <duration>
//	    idle_timeout           <duration>
//	    min_data_rate          <size a second>
//	    extensions             on|off
//	    addresses              strict|lenient
//	    accept_recipients      <patterns...>
//	    starttls               on|off
//	    implicit_tls           on|off
//	    connection_policy {
//	        ...
//	    }
//	    auth optional|required|off {
//	        user <name> <bcrypt hash>
//	    }
//	}
func (h *L4Handler) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next() // the handler's name
	if err := optionalBucketArg(d, &h.Bucket); err != nil {
		return err
	}
	return eachOption(d, "mailbucket", map[string]func() error{
		"hostname":               func() error { return h.unmarshalHostname(d) },
		"max_message_size":       func() error { return sizeArg(d, &h.MaxMessageSize) },
		"max_header_size":        func() error { return sizeArg(d, &h.MaxHeaderSize) },
		"max_data_line":          func() error { return sizeArg(d, &h.MaxDataLine) },
		"max_recipients":         func() error { return countArg(d, &h.MaxRecipients) },
		"max_transactions":       func() error { return countArg(d, &h.MaxTransactions) },
		"max_connections":        func() error { return countArg(d, &h.MaxConnections) },
		"max_client_connections": func() error { return countArg(d, &h.MaxClientConnections) },
		"first_command_timeout":  func() error { return durationArg(d, &h.FirstCommandTimeout) },
		"idle_timeout":           func() error { return durationArg(d, &h.IdleTimeout) },
		"min_data_rate":          func() error { return sizeArg(d, &h.MinDataRate) },
		"extensions":             func() error { return switchArg(d, &h.Extensions) },
		"addresses":              func() error { return h.unmarshalAddresses(d) },
		"accept_recipients":      func() error { return h.unmarshalRecipients(d) },
		"starttls":               func() error { return boolArg(d, &h.StartTLS) },
		"implicit_tls":           func() error { return boolArg(d, &h.ImplicitTLS) },
		"connection_policy":      func() error { return h.unmarshalConnectionPolicy(d) },
		"auth":                   func() error { return h.unmarshalAuth(d) },
	})
}

func (h *L4Handler) unmarshalAddresses(d *caddyfile.Dispenser) error {
	if err := oneArg(d, &h.Addresses); err != nil {
		return err
	}
	if err := checkAddresses(h.Addresses); err != nil {
		return d.WrapErr(err)
	}
	return nil
}

func (h *L4Handler) unmarshalRecipients(d *caddyfile.Dispenser) error {
	if h.AcceptRecipients = d.RemainingArgs(); len(h.AcceptRecipients) == 0 {
		return d.Err("accept_recipients: expected patterns of addresses such as *@example.com")
	}
	known := slices.DeleteFunc(slices.Clone(h.AcceptRecipients), hasPlaceholder)
	if _, err := pattern.NewList(known...); err != nil {
		return d.Errf("accept_recipients: %w", err)
	}
	return nil
}

func (h *L4Handler) unmarshalConnectionPolicy(d *caddyfile.Dispenser) error {
	h.ConnectionPolicy = new(caddytls.ConnectionPolicy)
	if err := h.ConnectionPolicy.UnmarshalCaddyfile(d.NewFromNextSegment()); err != nil {
		return err
	}
	return nil
}

func (h *L4Handler) unmarshalAuth(d *caddyfile.Dispenser) error {
	h.Auth = &AuthConfig{Users: make(map[string]string)}
	if err := oneArg(d, &h.Auth.Mode); err != nil {
		return err
	}
	if _, ok := authModes[h.Auth.Mode]; !ok {
		return d.Errf("auth %q: expected optional, required or off", h.Auth.Mode)
	}
	return eachOption(d, "auth", map[string]func() error{
		"user": func() error {
			args := d.RemainingArgs()
			if len(args) != 2 {
				return d.Err("user: expected a name and the bcrypt hash of a password")
			}
			if _, given := h.Auth.Users[args[0]]; given {
				return d.Errf("user %s is already given: expected each name once", args[0])
			}
			if !hasPlaceholder(args[1]) {
				if _, err := newUsers(map[string]string{args[0]: args[1]}); err != nil {
					return d.WrapErr(err)
				}
			}
			h.Auth.Users[args[0]] = args[1]
			return nil
		},
	}, "user")
}

func (h *L4Handler) unmarshalHostname(d *caddyfile.Dispenser) error {
	if err := oneArg(d, &h.Hostname); err != nil {
		return err
	}
	if err := checkHostname(h.Hostname); err != nil {
		return d.WrapErr(err)
	}
	return nil
}

var _ caddyfile.Unmarshaler = (*L4Handler)(nil)
