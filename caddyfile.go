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
	"github.com/dustin/go-humanize"
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
	})
}

// UnmarshalCaddyfile sets up the handler of a layer4 route:
//
//	mailbucket [<bucket>] {
//	    hostname         <name>
//	    max_message_size <size>
//	    max_recipients   <number>
//	    idle_timeout     <duration>
//	    extensions       on|off
//	}
func (h *L4Handler) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next() // the handler's name
	if err := optionalBucketArg(d, &h.Bucket); err != nil {
		return err
	}
	return eachOption(d, "mailbucket", map[string]func() error{
		"hostname":         func() error { return h.unmarshalHostname(d) },
		"max_message_size": func() error { return sizeArg(d, &h.MaxMessageSize) },
		"max_recipients":   func() error { return countArg(d, &h.MaxRecipients) },
		"idle_timeout":     func() error { return durationArg(d, &h.IdleTimeout) },
		"extensions":       func() error { return switchArg(d, &h.Extensions) },
	})
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
//	mailbucket [<matcher>] [<bucket>]
func (h *HTTPHandler) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next() // the directive's name
	if err := optionalBucketArg(d, &h.Bucket); err != nil {
		return err
	}
	return eachOption(d, "mailbucket", nil)
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
	if len(options) == 0 {
		return "none"
	}
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
