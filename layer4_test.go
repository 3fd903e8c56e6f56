package mailbucket

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// TestWaysThatLeadToMailHandlers reads routes as connections go through them.
func TestWaysThatLeadToMailHandlers(t *testing.T) {
	const mail = `{"handler":"mailbucket"}`
	route := func(handlers ...string) string { return `{"handle":[` + strings.Join(handlers, ",") + `]}` }
	some := func(handlers ...string) string {
		return `{"match":[{"remote_ip":{}}],"handle":[` + strings.Join(handlers, ",") + `]}`
	}
	h := func(name string) string { return `{"handler":"` + name + `"}` }
	sub := func(routes ...string) string {
		return `{"handler":"subroute","routes":[` + strings.Join(routes, ",") + `]}`
	}
	for name, test := range map[string]struct {
		routes string
		want   string // for each way, whether it is plain, and whether it may pass tls
	}{
		"alone":                           {route(mail), "plain"},
		"nothing of ours":                 {route(h("tls"), h("proxy")), ""},
		"after tls":                       {route(h("tls"), mail), "tls"},
		"after tls and others":            {route(h("tls"), h("throttle"), mail), "tls"},
		"tls, then a subroute":            {route(h("tls"), sub(route(mail))), "tls"},
		"both in a subroute":              {route(sub(route(h("tls"), mail))), "tls"},
		"tls in a subroute":               {route(sub(route(h("tls"))), mail), "tls"},
		"tls in a route of its own":       {route(h("tls")) + "," + route(mail), "tls"},
		"tls in routes of a subroute":     {route(sub(route(h("tls")), route(mail))), "tls"},
		"deep":                            {route(h("tls")) + "," + route(sub(route(sub(route(mail))))), "tls"},
		"tls for some":                    {some(h("tls")) + "," + route(mail), "plain tls"},
		"tls for some, by a subroute":     {route(sub(some(h("tls")))) + "," + route(mail), "plain tls"},
		"tls for some in a way of theirs": {some(h("tls"), mail) + "," + route(mail), "tls, plain"},
		"others are turned away":          {some(h("close")) + "," + route(mail), "plain"},
		"tls goes elsewhere":              {some(h("tls"), h("proxy")) + "," + route(mail), "plain"},
		"never reached":                   {route(h("proxy")) + "," + route(mail), ""},
		"proxy protocol":                  {route(h("proxy_protocol"), mail), "other"},
		"proxy protocol for some":         {some(h("proxy_protocol")) + "," + route(mail), "plain"},
		"implicit TLS":                    {route(`{"handler":"mailbucket","implicit_tls":true}`), "other"},
		"in a branch":                     {route(`{"handler":"tee","branch":[`+h("tls")+`,`+mail+`]}`, mail), "tls, plain"},
		"in what nobody knows":            {route(`{"handler":"new","what":{"ever":[` + route(h("tls"), mail) + `]}}`), "tls"},
		"odd values":                      {`1,null,{"handle":3},{"handle":[4,{"handler":5}]},` + route(mail), "plain"},
	} {
		t.Run(name, func(t *testing.T) {
			ways, err := waysIn(json.RawMessage(`{"servers":{"a":{"listen":[":25"],"routes":[` + test.routes + `]}}}`))
			must(t, err)
			var got []string
			for _, w := range ways {
				kinds := []string{}
				if w.isPlain() {
					kinds = append(kinds, "plain")
				}
				if w.passes("tls") {
					kinds = append(kinds, "tls")
				}
				if len(kinds) == 0 {
					kinds = append(kinds, "other")
				}
				got = append(got, strings.Join(kinds, " "))
			}
			if got := strings.Join(got, ", "); got != test.want {
				t.Errorf("%q, want %q", got, test.want)
			}
		})
	}
}

// TestCertificatesWhateverTheLayoutOfRoutes also looks at what the website tells.
func TestCertificatesWhateverTheLayoutOfRoutes(t *testing.T) {
	for name, routes := range map[string]string{
		"in one route":              "route {\ntls\nmailbucket\n}",
		"tls in a route of its own": "route {\ntls\n}\nroute {\nmailbucket\n}",
		"tls, then a subroute":      "route {\ntls\nsubroute {\nroute {\nmailbucket\n}\n}\n}",
		"both in a subroute":        "route {\nsubroute {\nroute {\ntls\nmailbucket\n}\n}\n}",
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, "{\nLOGOFF\nlayer4 {\nSMTP {\n"+routes+"\n}\n}\n}\nHTTP {\nmailbucket\n}\n")
			s.waitForCertificate("localhost", "localhost", false)
			if page := s.page("/"); strings.Contains(page, s.smtp) {
				t.Errorf("the website offers the address for plain SMTP")
			}
		})
	}
}

// TestWebsiteNamesPlainAddressesOnly has one of each.
func TestWebsiteNamesPlainAddressesOnly(t *testing.T) {
	s := start(t, "{\nLOGOFF\nlayer4 {\nSMTP {\nroute {\nproxy_protocol\nmailbucket\n}\n}\nTLS {\nroute {\nmailbucket\n}\n}\n}\n}\nHTTP {\nmailbucket\n}\n")
	page := s.page("/")
	if strings.Contains(page, s.smtp) || !strings.Contains(page, s.https) {
		t.Errorf("not %s alone is named:\n%s", s.https, page)
	}
}

// page is what a GET of the site answers.
func (s *site) page(path string) string {
	s.t.Helper()
	response, err := http.Get("http://" + s.http + path)
	must(s.t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	must(s.t, err)
	return string(body)
}

// TestTheSameNamesGetCertificatesAtEachLoad does not depend on the order in which Caddy
// provisions apps and servers.
func TestTheSameNamesGetCertificatesAtEachLoad(t *testing.T) {
	config := "{\nLOGOFF\nmailbucket SMTP\nlayer4 {\nTLS {\nroute {\ntls\nmailbucket {\nhostname mail.example.test\n}\n}\n}\n}\n}\nHTTP {\nmailbucket\n}\n"
	s := start(t, config)
	for range 30 {
		must(t, s.load(config))
		if names, want := s.certificates(), []string{"127.0.0.1", "::1", "localhost", "mail.example.test"}; !slices.Equal(names, want) {
			t.Fatalf("certificates for %q, want %q", names, want)
		}
	}
}
