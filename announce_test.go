package mailbucket

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
)

func TestAddressesAreToldAsURLs(t *testing.T) {
	s := start(t, shortest)
	_, smtpPort, _ := strings.Cut(s.smtp, ":")
	_, httpsPort, _ := strings.Cut(s.https, ":")
	port := s.port()
	fill := strings.NewReplacer("$smtp", smtpPort, "$tls", httpsPort, "$http", port).Replace
	for name, c := range map[string]struct{ config, smtp, sites string }{
		"the shortest": {"{\nLOGOFF\nmailbucket :$smtp\n}\nhttp://localhost:$http {\nbind 127.0.0.1\nmailbucket\n}\n",
			"smtp://localhost:$smtp", "http://localhost:$http/"},
		"mounts and several names": {"{\nLOGOFF\nmailbucket 127.0.0.1:$smtp\n}\nhttp://localhost:$http, http://127.0.0.1:$http, http://[::1]:$http {\nbind 127.0.0.1\nhandle_path /mail/* {\nmailbucket\n}\nhandle_path /a/* {\nhandle_path /b/* {\nmailbucket\n}\n}\nrespond hello\n}\n",
			"smtp://127.0.0.1:$smtp", "http://127.0.0.1:$http/a/b/ http://127.0.0.1:$http/mail/ http://[::1]:$http/a/b/ http://[::1]:$http/mail/ http://localhost:$http/a/b/ http://localhost:$http/mail/"},
		"TLS": {"{\nLOGOFF\nlayer4 {\n127.0.0.1:$smtp {\nroute {\nmailbucket {\nimplicit_tls on\n}\n}\n}\n}\n}\nhttps://localhost:$tls {\nbind 127.0.0.1\nmailbucket\n}\n",
			"smtps://127.0.0.1:$smtp", "https://localhost:$tls/"},
		"any name": {"{\nLOGOFF\nmailbucket [::1]:$smtp\n}\nhttp://:$http {\nbind 127.0.0.1\nmailbucket\n}\n",
			"smtp://[::1]:$smtp", "http://127.0.0.1:$http/"},
		"no site": {"{\nLOGOFF\nmailbucket 127.0.0.1:$smtp\n}\nhttp://localhost:$http {\nbind 127.0.0.1\nrespond hello\n}\n",
			"smtp://127.0.0.1:$smtp", ""},
	} {
		t.Run(name, func(t *testing.T) {
			must(t, s.load(fill(c.config)))
			running, err := caddy.ActiveContext().App(appName)
			must(t, err)
			a := running.(*App)
			if got := fmt.Sprint(a.smtpURLs); got != fill("["+c.smtp+"]") {
				t.Errorf("SMTP is at %s, want %s", got, fill(c.smtp))
			}
			sites := siteURLs(a.sites)
			slices.Sort(sites)
			if got := strings.Join(sites, " "); got != fill(c.sites) {
				t.Errorf("sites are at %s, want %s", got, fill(c.sites))
			}
		})
	}
}
