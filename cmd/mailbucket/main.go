// Command mailbucket is Caddy with its standard modules, caddy-l4 and mailbucket.
package main

import (
	caddycmd "github.com/caddyserver/caddy/v2/cmd"

	_ "github.com/caddyserver/caddy/v2/modules/standard"
	_ "github.com/mholt/caddy-l4"

	_ "github.com/caddy-mailbucket/mailbucket"
)

func main() { caddycmd.Main() }
