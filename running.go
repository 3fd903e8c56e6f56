package mailbucket

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyevents"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/mholt/caddy-l4/layer4"
	"go.uber.org/zap"
)

// running is what an app has to end, and how far it has come.
type running struct {
	servers   *layer4.App               // those of Listen; at Start also taken
	taken     map[string]*layer4.Server // from the layer4 app, see adopt
	addresses []string                  // at which a connection may come to a handler of ours
	started   bool                      // servers
	ending    bool                      // after having been in force
	handlers  []*L4Handler
	smtpURLs  []string
	sites     []*caddyhttp.App // that lead to handlers of ours
}

// provisionListeners makes a layer4 server whose only route is our handler.
func (a *App) provisionListeners(ctx caddy.Context) error {
	a.servers = &layer4.App{Servers: make(map[string]*layer4.Server)}
	if len(a.Listen) > 0 {
		handler, err := json.Marshal(map[string]string{"handler": appName})
		if err != nil {
			return fmt.Errorf("encoding the handler of the listeners: %w", err)
		}
		a.servers.Servers[appName] = &layer4.Server{
			Listen: a.Listen,
			Routes: layer4.RouteList{{HandlersRaw: []json.RawMessage{handler}}},
		}
		a.addresses = append(a.addresses, a.Listen...)
		a.noteAddresses(defaultBucket, a.Listen)
		a.noteURLs("smtp", a.Listen)
	}
	if err := a.servers.Provision(ctx.WithValue(appKey{}, a)); err != nil {
		return fmt.Errorf("setting up the listeners: %w", err)
	}
	return nil
}

// Start opens the listeners. When it fails, none stays open.
func (a *App) Start() error {
	if err := a.startCertificates(); err != nil {
		return err
	}
	if isFirstStart() {
		if err := checkAreFree(a.addresses); err != nil {
			return err
		}
	}
	for name, server := range a.taken {
		a.servers.Servers["layer4 "+name] = server
	}
	a.started = true
	if err := a.servers.Start(); err != nil {
		a.stopServers()
		return fmt.Errorf("listening: %w", err)
	}
	return nil
}

// startCertificates has the tls app get the certificates that the handlers need.
func (a *App) startCertificates() error {
	if len(a.certificates) == 0 {
		return nil
	}
	if err := a.tls.Manage(a.certificates); err != nil {
		return fmt.Errorf("managing TLS certificates: %w", err)
	}
	return nil
}

// Stop closes the listeners. When Caddy exits it also ends the open sessions;
// on a reload they go on.
func (a *App) Stop() error {
	a.stopServers()
	if !caddy.Exiting() {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Duration(a.ShutdownGrace))
	defer cancel()
	shutdownSessions(ctx, a.logger, slices.Collect(maps.Values(a.buckets)))
	return nil
}

// stopServers closes the listeners once: the second time, others would be counted out.
func (a *App) stopServers() {
	if a.started {
		a.started = false
		_ = a.servers.Stop() // it logs its errors, and returns none
	}
}

// giveWay is called when the configuration is about to end after it was in force: what
// the next one wants of the buckets holds from now on.
func (a *App) giveWay() {
	a.ending = true
	for name, b := range a.buckets {
		b.wanted.remove(b, a.Buckets[name])
	}
}

// Cleanup ends what there still is, which after a proper end is nothing, and gives the
// buckets up; one that no other configuration uses is freed.
func (a *App) Cleanup() error {
	if !a.ending {
		a.reject()
	}
	for name, b := range a.buckets {
		b.wanted.remove(b, a.Buckets[name])
		if err := closeBucket(name); err != nil {
			return fmt.Errorf("closing bucket %q: %w", name, err)
		}
	}
	return nil
}

// reject ends what a configuration has begun that never came in force. Caddy stops
// neither the app that failed to start nor, if what follows the start fails, any other.
func (a *App) reject() {
	a.stopServers()
	for _, h := range a.handlers {
		h.server.Sessions.EndServer(h.server)
	}
	for _, site := range a.sites {
		if isServing(site) {
			if err := site.Stop(); err != nil {
				a.logger.Error("stopping the sites of a rejected configuration", zap.Error(err))
			}
		}
	}
}

func isServing(site *caddyhttp.App) bool {
	for _, server := range site.Servers {
		if len(server.Listeners()) > 0 {
			return true
		}
	}
	return false
}

// noteSite remembers the http app that is being provisioned, if it is that.
func (a *App) noteSite(ctx caddy.Context) {
	for _, module := range ctx.Modules() {
		if site, ok := module.(*caddyhttp.App); ok && !slices.Contains(a.sites, site) {
			a.sites = append(a.sites, site)
		}
	}
}

// onEvent has do called at an event that Caddy itself emits for the configuration that
// ctx belongs to.
func onEvent(ctx caddy.Context, name string, do func()) error {
	events, err := ctx.App("events")
	if err != nil {
		return fmt.Errorf("getting the events app: %w", err)
	}
	if err := events.(*caddyevents.App).On(name, eventHandler(do)); err != nil {
		return fmt.Errorf("subscribing to the event %s: %w", name, err)
	}
	return nil
}

type eventHandler func()

// Handle implements caddyevents.Handler. Modules may emit events of the same name.
func (do eventHandler) Handle(_ context.Context, event caddy.Event) error {
	if event.Origin() == nil {
		do()
	}
	return nil
}

var _ caddyevents.Handler = (eventHandler)(nil)
