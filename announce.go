package mailbucket

import (
	"maps"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"
)

// announce logs where mail is caught and shown. It is called when the configuration is
// in force.
func (a *App) announce() {
	if len(a.handlers) == 0 {
		a.logger.Warn("this configuration catches no mail, as nothing listens for SMTP: " +
			"write `mailbucket 127.0.0.1:1025` among the global options of the Caddyfile, or a `mailbucket` handler in a layer4 route")
	} else {
		a.logger.Info("catching mail", zap.Strings("urls", a.smtpURLs))
	}
	if urls := siteURLs(a.sites); len(urls) > 0 {
		a.logger.Info("showing mail", zap.Strings("urls", urls))
	}
}

// noteURLs remembers where SMTP is spoken, for announce.
func (a *App) noteURLs(scheme string, addresses []string) {
	for _, address := range addresses {
		addr, err := caddy.ParseNetworkAddress(caddy.NewReplacer().ReplaceAll(address, ""))
		if err != nil {
			continue // the app that listens reports the error
		}
		url := scheme + "://" + addr.String()
		if !addr.IsUnixNetwork() {
			url = scheme + "://" + net.JoinHostPort(reachableHost(addr.Host), strconv.Itoa(int(addr.StartPort)))
		}
		if !slices.Contains(a.smtpURLs, url) {
			a.smtpURLs = append(a.smtpURLs, url)
		}
	}
}

// reachableHost is the name or address at which this machine can connect to what listens
// on host, which may stand for all of its addresses.
func reachableHost(host string) string {
	if ip, err := netip.ParseAddr(host); host == "" || err == nil && ip.IsUnspecified() {
		return "localhost"
	}
	return host
}

// siteURLs are the URLs at which mailbucket handlers answer.
func siteURLs(apps []*caddyhttp.App) []string {
	var urls []string
	for _, app := range apps {
		for _, name := range slices.Sorted(maps.Keys(app.Servers)) {
			server := app.Servers[name]
			for _, m := range mountsIn(server.Routes, mount{path: "/"}) {
				for _, address := range server.Listen {
					for _, url := range m.urls(app, server, address) {
						if !slices.Contains(urls, url) {
							urls = append(urls, url)
						}
					}
				}
			}
		}
	}
	return urls
}

// mount is the place of a mailbucket handler in a server.
type mount struct {
	hosts []string // any host if there are none
	path  string   // begins and ends with a slash
}

// mountsIn finds the mailbucket handlers in routes.
func mountsIn(routes caddyhttp.RouteList, at mount) (found []mount) {
	for _, route := range routes {
		here := at
		for _, set := range route.MatcherSets {
			for _, matcher := range set {
				here.narrow(matcher, at)
			}
		}
		for _, handler := range route.Handlers {
			switch handler := handler.(type) {
			case *HTTPHandler:
				found = append(found, here)
			case *caddyhttp.Subroute:
				found = append(found, mountsIn(handler.Routes, here)...)
			}
		}
	}
	return found
}

// narrow applies a matcher of a route to the mount: that of a site or of handle_path.
func (m *mount) narrow(matcher any, outer mount) {
	switch matcher := matcher.(type) {
	case *caddyhttp.MatchHost:
		m.hosts = append(m.hosts[:len(m.hosts):len(m.hosts)], *matcher...)
	case *caddyhttp.MatchPath:
		if len(*matcher) == 1 && strings.HasSuffix((*matcher)[0], "/*") {
			m.path = strings.TrimSuffix(outer.path, "/") + strings.TrimSuffix((*matcher)[0], "*")
		}
	}
}

// urls are those of the mount at one of the addresses that its server listens on.
func (m *mount) urls(app *caddyhttp.App, server *caddyhttp.Server, address string) []string {
	addr, err := caddy.ParseNetworkAddress(caddy.NewReplacer().ReplaceAll(address, ""))
	if err != nil || addr.IsUnixNetwork() {
		return nil
	}
	httpPort, port := uint(caddyhttp.DefaultHTTPPort), addr.StartPort
	if app.HTTPPort != 0 {
		httpPort = uint(app.HTTPPort)
	}
	scheme, usual := "http", uint(80)
	if len(server.TLSConnPolicies) > 0 && port != httpPort {
		scheme, usual = "https", 443
	}
	hosts := m.hosts
	if len(hosts) == 0 {
		hosts = []string{reachableHost(addr.Host)}
	}
	var urls []string
	for _, host := range hosts {
		if strings.Contains(host, ":") {
			host = "[" + host + "]"
		}
		if port != usual {
			host += ":" + strconv.FormatUint(uint64(port), 10)
		}
		urls = append(urls, scheme+"://"+host+m.path)
	}
	return urls
}
