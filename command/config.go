package command

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"

	"github.com/caddyserver/caddy/v2"
)

// object is a part of a configuration. It is written as plain JSON, since the types of some
// modules are in packages that import this one.
type object map[string]any

// newConfig is Caddy's configuration for catch-mail. Nothing in it writes a file but the
// journal, whose file that is unless it is "".
func newConfig(smtp, http []address, journal string) ([]byte, error) {
	mailbucket := object{"listen": texts(smtp), "shutdown_grace": "1ms"}
	if journal != "" {
		mailbucket["buckets"] = object{"default": object{"journal": object{"module": "bolt", "path": journal}}}
	}
	config, err := json.Marshal(object{
		"admin": object{"disabled": true, "config": object{"persist": false}},
		"logging": object{"logs": object{"default": object{
			"level":   "WARN",
			"encoder": object{"format": "console"},
			"exclude": []string{"admin"}, // which would warn that it is disabled
		}}},
		"apps": object{
			"mailbucket": mailbucket,
			"http":       object{"grace_period": "1ms", "servers": object{"mailbucket": newServer(http)}},
			"tls":        object{"disable_storage_check": true, "disable_storage_clean": true, "disable_ocsp_stapling": true},
		},
	})
	if err != nil {
		return nil, fmt.Errorf("encoding the configuration: %w", err)
	}
	return config, nil
}

// newServer serves the website and the API. On loopback it answers only requests for this
// machine's own names, as the name of a hostile site could resolve to 127.0.0.1 (DNS
// rebinding).
func newServer(addresses []address) object {
	site := object{"terminal": true, "handle": []object{
		{"handler": "encode", "encodings": object{"gzip": object{}, "zstd": object{}}, "prefer": []string{"zstd", "gzip"}},
		{"handler": "mailbucket"},
	}}
	routes := []object{site}
	if !slices.ContainsFunc(addresses, func(a address) bool { return !a.loopback() }) {
		names := ownNames(addresses)
		site["match"] = []object{{"host": names}}
		routes = append(routes, object{"handle": []object{{
			"handler": "static_response", "status_code": "421",
			"headers": object{"Content-Type": []string{"text/plain; charset=utf-8"}},
			"body":    fmt.Sprintf("mailbucket answers to %q here, and to no other name.\n", names),
		}}})
	}
	return object{
		"listen":          texts(addresses),
		"routes":          routes,
		"automatic_https": object{"disable": true},
		"protocols":       []string{"h1"},
	}
}

// ownNames are the host names that requests to this machine over loopback have.
func ownNames(addresses []address) []string {
	names := []string{"localhost", "*.localhost", "127.0.0.1", "::1"}
	if name, err := os.Hostname(); err == nil && name != "" {
		names = append(names, name)
	}
	for _, a := range addresses {
		if !slices.Contains(names, a.host) {
			names = append(names, a.host)
		}
	}
	return names
}

// texts are the addresses as Caddy reads them.
func texts(addresses []address) []string {
	list := make([]string, len(addresses))
	for i, a := range addresses {
		list[i] = a.String()
	}
	return list
}

// programName is the name of this program: Caddy, or one that is built from it.
func programName() string {
	if caddy.CustomBinaryName != "" {
		return caddy.CustomBinaryName
	}
	return "caddy"
}
