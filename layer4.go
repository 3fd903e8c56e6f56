package mailbucket

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"

	"github.com/caddyserver/caddy/v2"
	"github.com/mholt/caddy-l4/layer4"
)

// adopt takes over the servers of the layer4 app for which a mailbucket handler is being
// provisioned. From then on they are started and stopped with this app, since the layer4
// app (of caddy-l4 0.1.2) does not close the listeners that it has opened when a later
// address fails, so that a rejected configuration would go on serving. It also notes what
// depends on the routes that lead to our handlers: their certificates, and the addresses
// that the website shows.
func (a *App) adopt(ctx caddy.Context) error {
	for _, module := range ctx.Modules() {
		app, ok := module.(*layer4.App)
		if !ok || app.Servers == nil {
			continue
		}
		ways, err := waysIn(layer4Config(ctx, app))
		if err != nil {
			return err
		}
		// The app goes on provisioning them, but will find none to start.
		a.taken, app.Servers = app.Servers, nil
		for _, w := range ways {
			a.addresses = append(a.addresses, w.listen...)
			a.noteURLs(w.scheme(), w.listen)
			if w.isPlain() {
				a.noteAddresses(bucketName(w.handler.Bucket), w.listen)
			}
			if !w.passes("tls") {
				continue
			}
			hostname, err := w.handler.hostname()
			if err != nil {
				return err
			}
			if err := a.manageCertificates(ctx, hostname, w.handler.Hostname != ""); err != nil {
				return err
			}
		}
	}
	return nil
}

// layer4Config is the configuration of the layer4 app that is being provisioned. The app
// itself no longer has that of routes which are already provisioned.
func layer4Config(ctx caddy.Context, app *layer4.App) json.RawMessage {
	cfg := reflect.ValueOf(ctx).FieldByName("cfg")
	if cfg.Kind() == reflect.Pointer && !cfg.IsNil() {
		if apps := cfg.Elem().FieldByName("AppsRaw"); apps.Kind() == reflect.Map {
			if raw := apps.MapIndex(reflect.ValueOf("layer4")); raw.IsValid() && raw.Len() > 0 {
				return raw.Bytes()
			}
		}
	}
	raw, _ := json.Marshal(app)
	return raw
}

// noteAddresses remembers addresses of plain SMTP into a bucket, for the website.
func (a *App) noteAddresses(bucket string, addresses []string) {
	for _, address := range addresses {
		addr, err := caddy.ParseNetworkAddress(caddy.NewReplacer().ReplaceAll(address, ""))
		if err != nil {
			continue // the layer4 app reports the error
		}
		if !addr.IsUnixNetwork() {
			address = addr.JoinHostPort(0)
		}
		if !slices.Contains(a.listening[bucket], address) {
			a.listening[bucket] = append(a.listening[bucket], address)
		}
	}
	slices.Sort(a.listening[bucket])
}

// way is a way on which connections reach a mailbucket handler.
type way struct {
	listen  []string
	handler L4Handler
	through passed
}

// passed has the handlers, by name, that a connection has gone through: true if it
// certainly has, false if that depends on matchers.
type passed map[string]bool

func (w *way) passes(handler string) bool {
	_, ok := w.through[handler]
	return ok
}

// isPlain reports whether a client can speak SMTP right away, without TLS or anything
// else before it.
func (w *way) isPlain() bool {
	return !w.handler.ImplicitTLS && !w.through["tls"] && !w.through["proxy_protocol"]
}

// scheme is the scheme of the way's URLs.
func (w *way) scheme() string {
	if w.handler.ImplicitTLS || w.through["tls"] {
		return "smtps"
	}
	return "smtp"
}

// waysIn finds the mailbucket handlers in a layer4 app's configuration, at any depth.
func waysIn(config json.RawMessage) ([]way, error) {
	var app struct {
		Servers map[string]struct {
			Listen []string `json:"listen"`
			Routes []any    `json:"routes"`
		} `json:"servers"`
	}
	if err := json.Unmarshal(config, &app); err != nil {
		return nil, fmt.Errorf("reading the routes of the layer4 app: %w", err)
	}
	var ways []way
	for _, name := range slices.Sorted(maps.Keys(app.Servers)) {
		w := walker{way: way{listen: app.Servers[name].Listen}}
		w.routes(app.Servers[name].Routes, nil)
		ways = append(ways, w.found...)
	}
	return ways, nil
}

// walker follows connections through the routes of one server.
type walker struct {
	way   way
	found []way
}

// routes follows a list of routes. It returns what connections that leave the list have
// passed, and whether no connection leaves it.
func (w *walker) routes(list []any, before passed) (after passed, end bool) {
	after = before
	for _, element := range list {
		route, _ := element.(map[string]any)
		handlers, _ := route["handle"].([]any)
		matchers, _ := route["match"].([]any)
		through, end := w.handlers(handlers, after)
		switch {
		case end && len(matchers) == 0:
			return nil, true
		case end: // connections that do not match go on as before
		case len(matchers) == 0:
			after = through
		default:
			after = after.or(through)
		}
	}
	return after, false
}

// handlers follows the handlers of one route.
func (w *walker) handlers(list []any, before passed) (after passed, end bool) {
	after = before
	for _, element := range list {
		config, _ := element.(map[string]any)
		switch name, _ := config["handler"].(string); name {
		case appName:
			w.note(config, after)
			return nil, true
		case "close", "echo", "proxy", "socks5":
			return nil, true
		case "subroute":
			routes, _ := config["routes"].([]any)
			if after, end = w.routes(routes, after); end {
				return nil, true
			}
		default:
			w.branches(config, after)
			after = after.and(name)
		}
	}
	return after, false
}

// branches follows the routes within a handler, such as tee, that connections do not
// leave.
func (w *walker) branches(config any, before passed) {
	switch config := config.(type) {
	case map[string]any:
		for _, value := range config {
			w.branches(value, before)
		}
	case []any:
		if isListOf(config, "handle") {
			w.routes(config, before)
		} else if isListOf(config, "handler") {
			w.handlers(config, before)
		} else {
			for _, value := range config {
				w.branches(value, before)
			}
		}
	}
}

func isListOf(list []any, key string) bool {
	return slices.ContainsFunc(list, func(element any) bool {
		object, _ := element.(map[string]any)
		_, ok := object[key]
		return ok
	})
}

func (w *walker) note(config map[string]any, through passed) {
	found := w.way
	found.through = through
	found.handler.Bucket, _ = config["bucket"].(string)
	found.handler.Hostname, _ = config["hostname"].(string)
	found.handler.ImplicitTLS, _ = config["implicit_tls"].(bool)
	w.found = append(w.found, found)
}

// and is p with one more handler.
func (p passed) and(handler string) passed {
	all := passed{handler: true}
	maps.Copy(all, p)
	all[handler] = true
	return all
}

// or is what a connection has passed that has passed p or others: what only one of them
// has is not certain.
func (p passed) or(others passed) passed {
	all := make(passed)
	for name, certain := range others {
		all[name] = certain && p[name]
	}
	for name, certain := range p {
		all[name] = certain && others[name]
	}
	return all
}
