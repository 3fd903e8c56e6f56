package mailbucket

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyevents"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/mholt/caddy-l4/layer4"
	"go.uber.org/zap"

	"github.com/caddy-mailbucket/mailbucket/store"
)

// running is what an app has started and must end.
type running struct {
	servers   *layer4.App               // has the servers of Listen and, from Start on, those in taken
	taken     map[string]*layer4.Server // taken over from the layer4 app, see adopt
	addresses []string                  // those at which a connection can reach a mailbucket handler
	started   bool                      // the servers have been started
	ending    bool                      // the configuration ends after having been in force
	handlers  []*L4Handler
	smtpURLs  []string
	sites     []*caddyhttp.App // http apps with mailbucket handlers

	ctx     caddy.Context
	events  *caddyevents.App
	inForce context.Context    // done when the configuration is about to end
	leave   context.CancelFunc // of inForce
	hooks   map[string][]hook  // of each bucket, by its name
	first   map[string]place   // where telling of the messages of each bucket begins, by its name
}

// place is one in the order of arrival: before the message with the number next, and after
// the one with the ID.
type place struct {
	next  uint64
	after store.ID
}

// here is the place after what has arrived.
func (b *bucket) here() place {
	// A message that arrives in between is before next, but not up to after: it is told of
	// again after a restart rather than not at all.
	after := b.Newest()
	return place{b.NextNumber(), after}
}

// inForceNow is called when the configuration is in force.
func (a *App) inForceNow() {
	a.announce()
	a.emitEvents()
	a.runHooks()
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
	if err := a.openJournals(); err != nil {
		return err
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

// startCertificates makes the tls app obtain the certificates that the handlers need.
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

// stopServers closes the listeners, but only once: Caddy counts the users of a listener,
// and a second time would take away another configuration's.
func (a *App) stopServers() {
	if a.started {
		a.started = false
		_ = a.servers.Stop() // it logs its errors, and returns none
	}
}

// handOver is called when the configuration, which was in force, is about to end. From
// then on the buckets have the limits and faults of the next one.
func (a *App) handOver() {
	a.ending = true
	a.leave()
	for name, b := range a.buckets {
		b.configs.remove(b, a.Buckets[name])
	}
	a.stopOutlets()
}

// stopOutlets ends what is being sent on, as Caddy waits for requests to finish.
func (a *App) stopOutlets() {
	for _, outlet := range a.outlets {
		if outlet != nil {
			outlet.Stop()
		}
	}
}

// Cleanup ends what is still running, which is nothing after Stop, and releases the
// buckets. A bucket that no other configuration uses is freed.
func (a *App) Cleanup() error {
	if !a.ending {
		a.reject()
	}
	a.stopOutlets()
	var failed error
	for name, b := range a.buckets {
		b.configs.remove(b, a.Buckets[name])
		if err := closeBucket(name); err != nil {
			failed = errors.Join(failed, fmt.Errorf("closing bucket %q: %w", name, err))
		}
	}
	return failed
}

// reject ends what a configuration that never came into force has started. Caddy stops
// neither the app that failed to start nor, if a step after the start fails, any other.
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

// noteSite remembers the app that is being provisioned, if it is the http app.
func (a *App) noteSite(ctx caddy.Context) {
	for _, module := range ctx.Modules() {
		if site, ok := module.(*caddyhttp.App); ok && !slices.Contains(a.sites, site) {
			a.sites = append(a.sites, site)
		}
	}
}

// onEvent makes Caddy call do at an event that Caddy itself emits for the configuration
// that ctx belongs to.
func onEvent(ctx caddy.Context, name string, do func()) error {
	events, err := eventsApp(ctx)
	if err != nil {
		return err
	}
	if err := events.On(name, eventHandler(do)); err != nil {
		return fmt.Errorf("subscribing to the event %s: %w", name, err)
	}
	return nil
}

type eventHandler func()

// Handle implements caddyevents.Handler. Events of the same name that modules
// emit are ignored.
func (do eventHandler) Handle(_ context.Context, event caddy.Event) error {
	if event.Origin() == nil {
		do()
	}
	return nil
}

var _ caddyevents.Handler = (eventHandler)(nil)
