package main

import (
	"context"
	"fmt"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyevents"
)

func init() { caddy.RegisterModule(new(notice)) }

// notice warns when a configuration without mailbucket has started, as this program would
// then silently catch no mail. (With mailbucket, but without a listener, the plugin itself
// warns.) Caddy loads it as a module of the admin API with every configuration that has
// one. It adds no routes to the API.
type notice struct{}

// CaddyModule returns the Caddy module information.
func (*notice) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "admin.api.mailbucket_notice", New: func() caddy.Module { return new(notice) }}
}

// Routes implements caddy.AdminRouter.
func (*notice) Routes() []caddy.AdminRoute { return nil }

// Provision arranges that the configuration is checked once its apps have started.
func (*notice) Provision(ctx caddy.Context) error {
	events, err := ctx.App("events")
	if err != nil {
		return fmt.Errorf("getting the events app: %w", err)
	}
	if err := events.(*caddyevents.App).On("started", &started{ctx}); err != nil {
		return fmt.Errorf("subscribing to the event started: %w", err)
	}
	return nil
}

// started handles the event of that name.
type started struct{ ctx caddy.Context }

// Handle implements caddyevents.Handler.
func (s *started) Handle(context.Context, caddy.Event) error {
	if _, err := s.ctx.AppIfConfigured("mailbucket"); err != nil {
		s.ctx.Logger().Warn("this configuration catches no mail: run `mailbucket` without arguments, " +
			"or write `mailbucket 127.0.0.1:1025` among the global options of the Caddyfile and `mailbucket` in a site")
	}
	return nil
}

var (
	_ caddy.AdminRouter   = (*notice)(nil)
	_ caddy.Provisioner   = (*notice)(nil)
	_ caddyevents.Handler = (*started)(nil)
)
