package mailbucket

import (
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddy-mailbucket/mailbucket/guard"
	"github.com/caddy-mailbucket/mailbucket/smtp"
)

func init() {
	httpcaddyfile.RegisterGlobalOption("mailbucket", parseGlobalOption)
	httpcaddyfile.RegisterHandlerDirective("mailbucket", parseDirective)
	httpcaddyfile.RegisterDirectiveOrder("mailbucket", httpcaddyfile.Before, "respond")
}

func parseGlobalOption(d *caddyfile.Dispenser, existing any) (any, error) {
	if existing != nil {
		d.Next()
		return nil, d.Err("the global option mailbucket is already given: expected one")
	}
	app := new(App)
	if err := app.UnmarshalCaddyfile(d); err != nil {
		return nil, err
	}
	return httpcaddyfile.App{Name: appName, Value: caddyconfig.JSON(app, nil)}, nil
}

func parseDirective(h httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
	handler := new(HTTPHandler)
	return handler, handler.UnmarshalCaddyfile(h.Dispenser)
}

// UnmarshalCaddyfile sets up the app from the global option:
//
//	mailbucket [<listen addresses...>] {
//	    shutdown_grace <duration>
//	    bucket <name> {
//	        max_messages <number>|unlimited
//	        max_bytes    <size>
//	        max_age      <duration>
//	        max_messages_per login|recipient|sender <number>
//	        journal <module> …
//	        fault <step> {
//	            sender      <pattern>
//	            recipient   <pattern>
//	            client      <IP address or range>
//	            probability <0 to 1>
//	            times       <number>
//	            delay       <duration>
//	            reply       <code> <text...>
//	            drop
//	            stall
//	        }
//	        webhook <url> {
//	            secret <secret>
//	            only   <filter> <values...>
//	        }
//	        release <server>[:<port>] {
//	            allow          <patterns...>
//	            user           <name> <password>
//	            tls            on|starttls|off
//	            tls_trust      <PEM files...>
//	            from           <address>
//	            max_size       <size>
//	            max_per_minute <number>
//	            forward        <pattern> to <address>
//	        }
//	    }
//	}
func (a *App) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next() // the option's name
	for d.NextArg() {
		if !hasPlaceholder(d.Val()) {
			if err := checkListenAddress(d.Val()); err != nil {
				return d.WrapErr(err)
			}
		}
		a.Listen = append(a.Listen, d.Val())
	}
	return eachOption(d, "mailbucket", map[string]func() error{
		"shutdown_grace": func() error { return durationArg(d, &a.ShutdownGrace) },
		"bucket":         func() error { return a.unmarshalBucket(d) },
	}, "bucket")
}

func (a *App) unmarshalBucket(d *caddyfile.Dispenser) error {
	var name string
	if err := oneArg(d, &name); err != nil {
		return err
	}
	if !isBucketName(name) {
		return d.Errf("bucket name %q: expected letters, digits, '.', '-' and '_'", name)
	}
	if a.Buckets[name] != nil {
		return d.Errf("bucket %s is already given: expected each name once", name)
	}
	if a.Buckets == nil {
		a.Buckets = make(map[string]*BucketConfig)
	}
	config := new(BucketConfig)
	a.Buckets[name] = config
	return eachOption(d, "bucket", map[string]func() error{
		"max_messages": func() error { return messageLimitArg(d, &config.MaxMessages) },
		"max_bytes":    func() error { return sizeArg(d, &config.MaxBytes) },
		"max_age":      func() error { return durationArg(d, &config.MaxAge) },
		"journal":      func() error { return config.unmarshalJournal(d) },
		"fault":        func() error { return config.unmarshalFault(d) },
		"webhook":      func() error { return config.unmarshalWebhook(d) },
		"release":      func() error { return config.unmarshalRelease(d) },

		"max_messages_per": func() error { return config.MaxMessagesPer.unmarshal(d) },
	}, "fault", "max_messages_per", "webhook")
}

func (m *MaxMessagesPer) unmarshal(d *caddyfile.Dispenser) error {
	if !d.NextArg() {
		return d.Err("max_messages_per: expected login, recipient or sender, and a number")
	}
	limits := map[string]*int{"login": &m.Login, "recipient": &m.Recipient, "sender": &m.Sender}
	limit := limits[d.Val()]
	switch {
	case limit == nil:
		return d.Errf("max_messages_per %q: expected login, recipient or sender", d.Val())
	case *limit != 0:
		return d.Errf("max_messages_per %s is already given: expected each once", d.Val())
	}
	return countArg(d, limit)
}

func (c *BucketConfig) unmarshalFault(d *caddyfile.Dispenser) error {
	var fault smtp.Fault
	if err := oneArg(d, &fault.Step); err != nil {
		return err
	}
	if err := eachOption(d, "fault", map[string]func() error{
		"sender":      func() error { return oneArg(d, &fault.Sender) },
		"recipient":   func() error { return oneArg(d, &fault.Recipient) },
		"client":      func() error { return oneArg(d, &fault.Client) },
		"probability": func() error { return probabilityArg(d, &fault.Probability) },
		"times":       func() error { return countArg(d, &fault.Times) },
		"delay":       func() error { return durationArg(d, (*caddy.Duration)(&fault.Delay)) },
		"reply": func() error {
			if fault.Reply = strings.Join(d.RemainingArgs(), " "); fault.Reply == "" {
				return d.Err("reply: expected a code and a text after it")
			}
			return nil
		},
		"drop":  func() error { return flagArg(d, &fault.Drop) },
		"stall": func() error { return flagArg(d, &fault.Stall) },
	}); err != nil {
		return err
	}
	if err := fault.Check(); err != nil {
		return d.Errf("fault %s: %w", fault.Step, err)
	}
	c.Faults = append(c.Faults, fault)
	return nil
}

// UnmarshalCaddyfile sets up the handler from the directive:
//
//	mailbucket [<matcher>] [<bucket>] {
//	    cors_origins <origins...>
//	    peer_apis    on|off
//	    only         <filter> <values...>
//	    read_only
//	    faults       on|off
//	}
func (h *HTTPHandler) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next() // the directive's name
	if err := optionalBucketArg(d, &h.Bucket); err != nil {
		return err
	}
	return eachOption(d, "mailbucket", map[string]func() error{
		"cors_origins": func() error { return h.unmarshalOrigins(d) },
		"peer_apis":    func() error { return switchArg(d, &h.PeerAPIs) },
		"only":         func() error { return unmarshalOnly(d, &h.Only) },
		"read_only":    func() error { return flagArg(d, &h.ReadOnly) },
		"faults":       func() error { return switchArg(d, &h.Faults) },
	}, "only")
}

func (h *HTTPHandler) unmarshalOrigins(d *caddyfile.Dispenser) error {
	if h.CORSOrigins = d.RemainingArgs(); len(h.CORSOrigins) == 0 {
		return d.Err("cors_origins: expected origins such as https://app.example.com, or *")
	}
	known := slices.DeleteFunc(slices.Clone(h.CORSOrigins), hasPlaceholder)
	if err := guard.CheckOrigins(known); err != nil {
		return d.Errf("cors_origins: %w", err)
	}
	return nil
}

var (
	_ caddyfile.Unmarshaler = (*App)(nil)
	_ caddyfile.Unmarshaler = (*HTTPHandler)(nil)
)
