package mailbucket

import (
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/dustin/go-humanize"
)

// eachOption reads a block of options. Each may be given once, or more often if it is
// named in repeatable.
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

// someArgs reads the arguments of an option, of which there has to be one at least, and
// adds them to those before.
func someArgs(d *caddyfile.Dispenser, to *[]string) error {
	option := d.Val()
	args := d.RemainingArgs()
	if len(args) == 0 {
		return d.Errf("%s: expected a value after it", option)
	}
	*to = append(*to, args...)
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

func boolArg(d *caddyfile.Dispenser, to *bool) error {
	var on *bool
	if err := switchArg(d, &on); err != nil {
		return err
	}
	*to = *on
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

// hasPlaceholder reports whether a value contains a placeholder, so that it can only be
// checked where the configuration runs.
func hasPlaceholder(value string) bool { return strings.Contains(value, "{") }

// replaceAll replaces the placeholders in values where the configuration runs. One that is
// unknown or empty is an error.
func replaceAll(values []string) ([]string, error) {
	repl := caddy.NewReplacer()
	replaced := make([]string, len(values))
	for i, value := range values {
		var err error
		if replaced[i], err = repl.ReplaceOrErr(value, true, true); err != nil {
			return nil, err
		}
	}
	return replaced, nil
}
