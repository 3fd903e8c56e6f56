package mailbucket

import (
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/caddyserver/caddy/v2/modules/caddytls"
	"github.com/dustin/go-humanize"

	"github.com/caddy-mailbucket/mailbucket/rest"
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
//	        max_messages <number>
//	        max_bytes    <size>
//	        max_age      <duration>
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
//	    }
//	}
func (a *App) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next() // the option's name
	for d.NextArg() {
		if err := checkListenAddress(d.Val()); err != nil {
			return d.WrapErr(err)
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
		"max_messages": func() error { return countArg(d, &config.MaxMessages) },
		"max_bytes":    func() error { return sizeArg(d, &config.MaxBytes) },
		"max_age":      func() error { return durationArg(d, &config.MaxAge) },
		"fault":        func() error { return config.unmarshalFault(d) },
	}, "fault")
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
//	    starttls               on|off
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
		"starttls":               func() error { return h.unmarshalStartTLS(d) },
		"connection_policy":      func() error { return h.unmarshalConnectionPolicy(d) },
		"auth":                   func() error { return h.unmarshalAuth(d) },
	})
}

func (h *L4Handler) unmarshalStartTLS(d *caddyfile.Dispenser) error {
	var on *bool
	if err := switchArg(d, &on); err != nil {
		return err
	}
	h.StartTLS = *on
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
			if _, err := newUsers(map[string]string{args[0]: args[1]}); err != nil {
				return d.WrapErr(err)
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

// UnmarshalCaddyfile sets up the handler from the directive:
//
//	mailbucket [<matcher>] [<bucket>] {
//	    cors_origins <origins...>
//	}
func (h *HTTPHandler) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next() // the directive's name
	if err := optionalBucketArg(d, &h.Bucket); err != nil {
		return err
	}
	return eachOption(d, "mailbucket", map[string]func() error{
		"cors_origins": func() error { return h.unmarshalOrigins(d) },
	})
}

func (h *HTTPHandler) unmarshalOrigins(d *caddyfile.Dispenser) error {
	if h.CORSOrigins = d.RemainingArgs(); len(h.CORSOrigins) == 0 {
		return d.Err("cors_origins: expected origins such as https://app.example.com, or *")
	}
	if err := rest.CheckOrigins(h.CORSOrigins); err != nil {
		return d.Errf("cors_origins: %w", err)
	}
	return nil
}

// eachOption reads a block of options, each of which may stand there once unless
// it is named in repeatable.
func eachOption(d *caddyfile.Dispenser, block string, options map[string]func() error, repeatable ...string) error {
	seen := make(map[string]bool)
	for nesting := d.Nesting(); d.NextBlock(nesting); {
		name := d.Val()
		read, ok := options[name]
		if !ok {
			return d.Errf("unrecognized option %q in %s: expected %s", name, block, names(options))
		}
		if seen[name] && !slices.Contains(repeatable, name) {
			return d.Errf("option %s is already given in %s: expected it once", name, block)
		}
		seen[name] = true
		if err := read(); err != nil {
			return err
		}
	}
	return nil
}

func names(options map[string]func() error) string {
	return strings.Join(slices.Sorted(maps.Keys(options)), ", ")
}

func optionalBucketArg(d *caddyfile.Dispenser, to *string) error {
	if !d.NextArg() {
		return nil
	}
	if *to = d.Val(); !isBucketName(*to) {
		return d.Errf("bucket name %q: expected letters, digits, '.', '-' and '_'", *to)
	}
	if d.NextArg() {
		return d.Errf("unexpected %q: expected nothing after the name of a bucket", d.Val())
	}
	return nil
}

// oneArg reads the only argument of an option.
func oneArg(d *caddyfile.Dispenser, to *string) error {
	option := d.Val()
	if !d.NextArg() {
		return d.Errf("%s: expected a value after it", option)
	}
	if *to = d.Val(); d.NextArg() {
		return d.Errf("%s: unexpected %q: expected one value", option, d.Val())
	}
	return nil
}

func countArg(d *caddyfile.Dispenser, to *int) error {
	option, value := d.Val(), ""
	if err := oneArg(d, &value); err != nil {
		return err
	}
	n, err := strconv.Atoi(value)
	if err != nil || n <= 0 {
		return d.Errf("%s %q: expected a positive number", option, value)
	}
	*to = n
	return nil
}

func sizeArg(d *caddyfile.Dispenser, to *int64) error {
	option, value := d.Val(), ""
	if err := oneArg(d, &value); err != nil {
		return err
	}
	n, err := humanize.ParseBytes(value)
	if err != nil || n == 0 || n > math.MaxInt64 {
		return d.Errf("%s %q: expected a size such as 25MiB", option, value)
	}
	*to = int64(n)
	return nil
}

func durationArg(d *caddyfile.Dispenser, to *caddy.Duration) error {
	option, value := d.Val(), ""
	if err := oneArg(d, &value); err != nil {
		return err
	}
	n, err := caddy.ParseDuration(value)
	if err != nil || n < time.Millisecond {
		return d.Errf("%s %q: expected a duration such as 10s, 5m or 7d", option, value)
	}
	*to = caddy.Duration(n)
	return nil
}

func probabilityArg(d *caddyfile.Dispenser, to *float64) error {
	option, value := d.Val(), ""
	if err := oneArg(d, &value); err != nil {
		return err
	}
	p, err := strconv.ParseFloat(value, 64)
	if err != nil || !(p > 0 && p <= 1) {
		return d.Errf("%s %q: expected a number above 0 and up to 1", option, value)
	}
	*to = p
	return nil
}

// flagArg reads an option that has no argument.
func flagArg(d *caddyfile.Dispenser, to *bool) error {
	option := d.Val()
	if d.NextArg() {
		return d.Errf("%s: unexpected %q: expected nothing after it", option, d.Val())
	}
	*to = true
	return nil
}

func switchArg(d *caddyfile.Dispenser, to **bool) error {
	option, value := d.Val(), ""
	if err := oneArg(d, &value); err != nil {
		return err
	}
	if value != "on" && value != "off" {
		return d.Errf("%s %q: expected on or off", option, value)
	}
	on := value == "on"
	*to = &on
	return nil
}

var (
	_ caddyfile.Unmarshaler = (*App)(nil)
	_ caddyfile.Unmarshaler = (*L4Handler)(nil)
	_ caddyfile.Unmarshaler = (*HTTPHandler)(nil)
)
