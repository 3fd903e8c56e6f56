// Package mailbucket is a Caddy plugin that catches mail: applications send to
// it over SMTP, nothing is delivered, and people and tests read the mail back
// over HTTP.
//
// A message comes in through [L4Handler] and an SMTP session of package smtp,
// is kept in a bucket of package store, and is read through [HTTPHandler], the API
// of package rest and the website of package web. [App] owns the buckets that all
// share.
package mailbucket

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddytls"
	"go.uber.org/zap"

	// The modules of caddy-l4 that our documentation uses, so that building with this
	// module alone is enough.
	_ "github.com/mholt/caddy-l4/modules/l4proxyprotocol"
	_ "github.com/mholt/caddy-l4/modules/l4subroute"
	_ "github.com/mholt/caddy-l4/modules/l4tls"

	// The subcommands, for every Caddy that has this plugin.
	_ "github.com/caddy-mailbucket/mailbucket/command"
	"github.com/caddy-mailbucket/mailbucket/release"
	"github.com/caddy-mailbucket/mailbucket/smtp"
	"github.com/caddy-mailbucket/mailbucket/store"
)

const (
	appName       = "mailbucket"
	defaultBucket = "default"

	defaultMaxMessages   = 10_000
	defaultMaxBytes      = 256 << 20
	defaultShutdownGrace = 10 * time.Second
)

func init() {
	caddy.RegisterModule(new(App))
	caddy.RegisterModule(new(L4Handler))
	caddy.RegisterModule(new(HTTPHandler))
	caddy.RegisterModule(new(BoltJournal))
}

// App catches mail in buckets, which the `mailbucket` handlers of the layer4 app
// fill and those of the http app show. A bucket holds its messages in memory, and in a
// journal if it has one. It keeps them over a reload if the new configuration has a bucket
// of the same name.
type App struct {
	// The addresses to catch mail on by plain SMTP, with default settings, into
	// the bucket `default`. For anything else use the layer4 app and its
	// `mailbucket` handler. Default: none.
	Listen []string `json:"listen,omitempty"`

	// The buckets by name. There always is one named `default`.
	Buckets map[string]*BucketConfig `json:"buckets,omitempty"`

	// How long mail transactions that are under way may go on when Caddy
	// exits. Idle sessions end at once. Default: 10s.
	ShutdownGrace caddy.Duration `json:"shutdown_grace,omitempty"`

	buckets      map[string]*bucket
	outlets      map[string]*release.Outlet // of the buckets from which mails may be released
	listening    map[string][]string        // addresses of plain SMTP, by bucket
	certificates map[string]struct{}        // names, for the tls app to manage
	tls          *caddytls.TLS              // nil if certificates is empty
	logger       *zap.Logger
	running
}

// BucketConfig bounds what a bucket holds. The oldest messages make room for new
// ones, whichever bound is reached first.
type BucketConfig struct {
	// How many messages the bucket holds, or "unlimited". Default: 10000.
	MaxMessages MessageLimit `json:"max_messages,omitempty"`

	// How many bytes the bucket holds: messages, envelopes and index.
	// Default: 268435456 (256 MiB).
	MaxBytes int64 `json:"max_bytes,omitempty"`

	// How long a message is held. Default: no limit.
	MaxAge caddy.Duration `json:"max_age,omitempty"`

	// How many messages of one login, of one recipient and of one sender the bucket
	// holds, so that a flood into one box does not push out the messages of others.
	// Default: no limit.
	MaxMessagesPer MaxMessagesPer `json:"max_messages_per,omitzero"`

	// What goes wrong on purpose in the SMTP sessions into the bucket, so that
	// applications can be tested with it. Others can be set through the API.
	Faults []smtp.Fault `json:"faults,omitempty"`

	// Where the bucket keeps its mail, so that it outlives the process. Default: nowhere but
	// in memory.
	Journal json.RawMessage `json:"journal,omitempty" caddy:"namespace=mailbucket.journals inline_key=module"`

	// To whom mails may be sent on from the bucket, one by one. Default: to nobody.
	Release *ReleaseConfig `json:"release,omitempty"`

	// Who is told of each message that the bucket receives. Default: nobody.
	Webhooks []WebhookConfig `json:"webhooks,omitempty"`

	outlet *release.Outlet // nil without Release
}

// MaxMessagesPer bounds how many messages of one box a bucket holds. Beyond that, the oldest
// ones of that box make room. A message to several recipients counts in the box of each.
type MaxMessagesPer struct {
	// The limit of each login, and of the messages without one. Default: no limit.
	Login int `json:"login,omitempty"`

	// The limit of each recipient's address. Default: no limit.
	Recipient int `json:"recipient,omitempty"`

	// The limit of each sender's address. Default: no limit.
	Sender int `json:"sender,omitempty"`
}

// CaddyModule returns the Caddy module information.
func (*App) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  appName,
		New: func() caddy.Module { return new(App) },
	}
}

// Provision opens the buckets, or takes over those of a configuration that runs
// already, and sets up the listeners.
func (a *App) Provision(ctx caddy.Context) error {
	a.logger = ctx.Logger()
	a.setDefaults()
	if err := a.check(); err != nil {
		return err
	}
	a.buckets, a.certificates = make(map[string]*bucket), make(map[string]struct{})
	a.listening, a.outlets = make(map[string][]string), make(map[string]*release.Outlet)
	a.first, a.hooks, a.ctx = make(map[string]place), make(map[string][]hook), ctx
	a.inForce, a.leave = context.WithCancel(ctx)
	var err error
	if a.events, err = eventsApp(ctx); err != nil {
		return err
	}
	for name, config := range a.Buckets {
		module, key, err := config.loadJournal(ctx)
		if err != nil {
			return fmt.Errorf("bucket %s: %w", name, err)
		}
		b, err := openBucket(name, config.limits(), module, key)
		if err != nil {
			return fmt.Errorf("opening bucket %q: %w", name, err)
		}
		a.buckets[name], a.first[name] = b, b.here()
		if config.outlet, err = config.Release.newOutlet(b, a.logger); err != nil {
			return fmt.Errorf("bucket %s: %w", name, err)
		}
		a.outlets[name] = config.outlet
		b.configs.add(b, config)
		if a.hooks[name], err = config.newHooks(b, a.logger); err != nil {
			return fmt.Errorf("bucket %s: %w", name, err)
		}
	}
	if err := ctx.GetMetricsRegistry().Register(&collector{a.buckets}); err != nil {
		return fmt.Errorf("registering metrics: %w", err)
	}
	for event, do := range map[string]func(){"started": a.inForceNow, "stopping": a.handOver} {
		if err := onEvent(ctx, event, do); err != nil {
			return err
		}
	}
	return a.provisionListeners(ctx)
}

func (a *App) setDefaults() {
	if a.ShutdownGrace == 0 {
		a.ShutdownGrace = caddy.Duration(defaultShutdownGrace)
	}
	if a.Buckets == nil {
		a.Buckets = make(map[string]*BucketConfig)
	}
	if a.Buckets[defaultBucket] == nil {
		a.Buckets[defaultBucket] = new(BucketConfig)
	}
	for name, config := range a.Buckets {
		if config == nil {
			a.Buckets[name] = new(BucketConfig)
		}
	}
}

// check checks the settings before anything is opened. Validate would be too late.
func (a *App) check() error {
	if a.ShutdownGrace < 0 {
		return fmt.Errorf("shutdown_grace must not be negative")
	}
	for name, config := range a.Buckets {
		switch {
		case !isBucketName(name):
			return fmt.Errorf("bucket name %q: expected letters, digits, '.', '-' and '_'", name)
		case config.MaxMessages < 0 && config.MaxMessages != Unlimited:
			return fmt.Errorf("bucket %s: max_messages must be positive", name)
		case config.MaxBytes < 0:
			return fmt.Errorf("bucket %s: max_bytes must be positive", name)
		case config.MaxAge < 0:
			return fmt.Errorf("bucket %s: max_age must be positive", name)
		case min(config.MaxMessagesPer.Login, config.MaxMessagesPer.Recipient, config.MaxMessagesPer.Sender) < 0:
			return fmt.Errorf("bucket %s: max_messages_per must be positive", name)
		}
		// This only checks the rules: no session uses this list.
		if err := new(smtp.Faults).Configure(config.Faults); err != nil {
			return fmt.Errorf("bucket %s: %w", name, err)
		}
	}
	for _, address := range a.Listen {
		if err := checkListenAddress(address); err != nil {
			return err
		}
	}
	return nil
}

// findBucket finds the app and the bucket of a handler: the bucket of that name, or the
// default one for "".
func findBucket(ctx caddy.Context, name string) (*App, *bucket, error) {
	a, err := appFrom(ctx)
	if err != nil {
		return nil, nil, err
	}
	b, ok := a.buckets[bucketName(name)]
	if !ok {
		names := slices.Sorted(maps.Keys(a.buckets))
		return nil, nil, fmt.Errorf("no bucket is named %q; the global option mailbucket has: %s", name, strings.Join(names, ", "))
	}
	return a, b, nil
}

// bucketName is the name of a handler's bucket: the given one, or the default.
func bucketName(name string) string {
	if name == "" {
		return defaultBucket
	}
	return name
}

type appKey struct{}

// appFrom is the app of the configuration that ctx belongs to. The handler of the app's
// own listeners is provisioned while the app itself still is, and finds it in ctx.
func appFrom(ctx caddy.Context) (*App, error) {
	if a, ok := ctx.Value(appKey{}).(*App); ok {
		return a, nil
	}
	a, err := ctx.App(appName)
	if err != nil {
		return nil, fmt.Errorf("getting the %s app: %w", appName, err)
	}
	return a.(*App), nil
}

func (c *BucketConfig) limits() store.Limits {
	l := store.Limits{
		MaxMessages: int(c.MaxMessages), MaxBytes: c.MaxBytes, MaxAge: time.Duration(c.MaxAge),
		PerBox: store.BoxLimits(c.MaxMessagesPer),
	}
	switch c.MaxMessages {
	case 0:
		l.MaxMessages = defaultMaxMessages
	case Unlimited:
		l.MaxMessages = 0
	}
	if l.MaxBytes == 0 {
		l.MaxBytes = defaultMaxBytes
	}
	return l
}

func isBucketName(name string) bool {
	return name != "" && strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_") == ""
}

// checkListenAddress refuses all but stream sockets, and TCP addresses without a port.
func checkListenAddress(address string) error {
	address = caddy.NewReplacer().ReplaceAll(address, "")
	addr, err := caddy.ParseNetworkAddress(address)
	if err != nil {
		return fmt.Errorf("listen address %q: %w", address, err)
	}
	switch {
	case addr.IsUnixNetwork() && addr.Network == "unix":
		return nil
	case !strings.HasPrefix(addr.Network, "tcp"):
		return fmt.Errorf("listen address %q: SMTP takes tcp or unix, not %s", address, addr.Network)
	case addr.EndPort == 0 && !strings.HasSuffix(address, ":0"):
		return fmt.Errorf("listen address %q: expected a port, as in :8025", address)
	}
	return nil
}

var (
	_ caddy.App          = (*App)(nil)
	_ caddy.Provisioner  = (*App)(nil)
	_ caddy.CleanerUpper = (*App)(nil)
)
