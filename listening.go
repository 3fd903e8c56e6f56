package mailbucket

import (
	"encoding/json"
	"slices"

	"github.com/caddyserver/caddy/v2"
	"github.com/mholt/caddy-l4/layer4"
)

// noteListeners remembers at which addresses plain SMTP into a bucket is spoken, for
// the website to tell. It is called while a handler of the layer4 app is being
// provisioned: of its server, and those after it, the routes are still there as
// they were written, and those before it have called this themselves.
func (a *App) noteListeners(ctx caddy.Context, bucket string) {
	for _, module := range ctx.Modules() {
		app, ok := module.(*layer4.App)
		if !ok {
			continue
		}
		for _, server := range app.Servers {
			if slices.ContainsFunc(server.Routes, func(r *layer4.Route) bool { return speaksPlainly(r, bucket) }) {
				a.noteAddresses(bucket, server.Listen)
			}
		}
	}
}

func (a *App) noteAddresses(bucket string, addresses []string) {
	for _, address := range addresses {
		addr, err := caddy.ParseNetworkAddress(caddy.NewReplacer().ReplaceAll(address, ""))
		if err != nil {
			continue // the layer4 app says so
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

// speaksPlainly is whether a route leads to a handler of ours for that bucket, and
// the client need not begin with something else than SMTP.
func speaksPlainly(route *layer4.Route, bucket string) bool {
	handlers := make(map[string]bool)
	for _, raw := range route.HandlersRaw {
		var config any
		if json.Unmarshal(raw, &config) == nil {
			collectHandlers(config, bucket, handlers)
		}
	}
	return handlers[appName] && !handlers["tls"] && !handlers["proxy_protocol"]
}

// collectHandlers finds the names of handlers at any depth, without ours for other
// buckets.
func collectHandlers(config any, bucket string, names map[string]bool) {
	switch config := config.(type) {
	case []any:
		for _, element := range config {
			collectHandlers(element, bucket, names)
		}
	case map[string]any:
		name, _ := config["handler"].(string)
		its, _ := config["bucket"].(string)
		if name != appName || bucketName(its) == bucket {
			names[name] = true
		}
		for _, element := range config {
			collectHandlers(element, bucket, names)
		}
	}
}
