package mailbucket

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"golang.org/x/crypto/bcrypt"
)

// wrongWord is a case of [TestWrongWordsAreErrorsWithTheirPlace].
type wrongWord struct {
	config string
	line   int
	want   string
}

func wrongWords() []wrongWord {
	option := func(line string) string { return "{\n mailbucket {\n  " + line + "\n }\n}\n" }
	bucket := func(line string) string { return "{\n mailbucket { \n bucket b {\n " + line + "\n }\n }\n}\n" }
	fault := func(line string) string { return bucket("fault rcpt {\n " + line + "\n }") }
	outlet := func(line string) string {
		return bucket("release smtp.example.com {\n allow *@ours.test\n " + line + "\n }")
	}
	handler := func(line string) string {
		return "{\n layer4 {\n :1025 { \n route {\n mailbucket {\n " + line + "\n }\n }\n }\n }\n}\n"
	}
	return []wrongWord{
		{"{\n mailbuckets\n}\n", 2, "unrecognized"},
		{"{\n mailbucket 8025\n}\n", 2, "expected a port"},
		{"{\n mailbucket udp/:8025\n}\n", 2, "tcp or unix"},
		{"{\n mailbucket\n mailbucket\n}\n", 3, "already given"},
		{option("shutdown_grase 10s"), 3, "expected bucket, shutdown_grace"},
		{option("shutdown_grace"), 3, "expected a value"},
		{option("shutdown_grace ten"), 3, "expected a duration"},
		{option("shutdown_grace 1s 2s"), 3, "expected one value"},
		{option("shutdown_grace 1s\n  shutdown_grace 1s"), 4, "already given"},
		{option("bucket"), 3, "expected a value"},
		{option("bucket a/b"), 3, "bucket name"},
		{option("bucket a b"), 3, "expected one value"},
		{option("bucket a\n  bucket a"), 4, "already given"},
		{bucket("max_message 1"), 4, "expected fault, journal, max_age, max_bytes, max_messages, max_messages_per, release, webhook"},
		{bucket("max_messages 0"), 4, "expected a positive number"},
		{bucket("max_messages many"), 4, "expected a positive number"},
		{bucket("max_messages -1"), 4, "expected a positive number or unlimited"},
		{bucket("max_messages unlimited 5"), 4, "expected one value"},
		{bucket("max_bytes unlimited"), 4, "expected a size"},
		{bucket("max_age unlimited"), 4, "expected a duration"},
		{bucket("webhook"), 4, "expected a value"},
		{bucket("webhook ftp://x/"), 4, "expected a URL such as https://"},
		{bucket("webhook x.test/mail"), 4, "expected a URL such as https://"},
		{bucket("webhook https://x.test/ {\n sekret x\n }"), 5, "expected only, secret"},
		{bucket("webhook https://x.test/ {\n secret x\n }"), 5, "secret: expected 24 to 64 bytes in base64"},
		{bucket("webhook https://x.test/ {\n only logins a\n }"), 5, `unknown filter "logins"`},
		{bucket("webhook https://x.test/ {\n secret\n }"), 5, "expected a value"},
		{bucket("max_messages_per"), 4, "expected login, recipient or sender, and a number"},
		{bucket("max_messages_per domain 5"), 4, "expected login, recipient or sender"},
		{bucket("max_messages_per login"), 4, "expected a value"},
		{bucket("max_messages_per login 0"), 4, "expected a positive number"},
		{bucket("max_messages_per login 5\n max_messages_per login 6"), 5, "already given"},
		{bucket("max_bytes 1XB"), 4, "expected a size"},
		{bucket("max_bytes"), 4, "expected a value"},
		{bucket("max_age -1s"), 4, "expected a duration"},
		{bucket("journal"), 4, "expected one of"},
		{bucket("journal paper"), 4, "expected one of"},
		{bucket("journal bolt mail.db"), 4, "expected its path in a block"},
		{bucket("journal bolt {\n file mail.db\n }"), 5, "expected path, sync"},
		{bucket("journal bolt {\n path\n }"), 5, "expected a value"},
		{bucket("journal bolt {\n sync sometimes\n }"), 5, "expected always, never or a time"},
		{bucket("journal bolt {\n sync 1ms\n }"), 5, "expected always, never or a time"},
		{bucket("journal test"), 4, "expected a value"},
		{bucket("journal test a b"), 4, "expected one value"},
		{bucket("journal test a\n journal test b"), 5, "already given"},
		{bucket("release"), 4, "expected a value"},
		{bucket("release a b"), 4, "expected one value"},
		{bucket("release smtp.example.com"), 4, "there is no allow: expected the addresses"},
		{bucket("release smtp.example.com {\n from a@b.test\n }"), 6, "there is no allow"},
		{bucket("release smtp://example.com {\n allow *@ours.test\n }"), 6, "expected a host, or host:port"},
		{bucket("release smtp.example.com:0 {\n allow *@ours.test\n }"), 6, "expected a host, or host:port"},
		{bucket("release :25 {\n allow *@ours.test\n }"), 6, "expected a host, or host:port"},
		{bucket("release a {\n allow *@ours.test\n }\n release b {\n allow *@ours.test\n }"), 7, "already given"},
		{outlet("allow"), 6, "expected a value"},
		{outlet("allow *"), 7, "pattern \"*\": expected one such as *@example.com"},
		{outlet("allow *@*"), 7, "expected one such as"},
		{outlet("allowed a@b.test"), 6, "expected allow, forward, from, max_per_minute, max_size, tls, tls_trust, user"},
		{outlet("user robot"), 6, "expected a name and a password"},
		{outlet("user robot a b"), 6, "expected a name and a password"},
		{outlet("user robot secret\n tls off"), 8, "the password is not sent to smtp.example.com without TLS"},
		{outlet("tls maybe"), 7, "expected on, starttls or off"},
		{outlet("from ann"), 7, "expected a plain address"},
		{outlet("from \"a@b.test>\\r\""), 7, "expected a plain address"},
		{outlet("max_per_minute 0"), 6, "expected a positive number"},
		{outlet("max_per_minute 10001"), 7, "expected 1 to 10000"},
		{outlet("max_size big"), 6, "expected a size"},
		{outlet("tls_trust"), 6, "expected a value"},
		{outlet("forward *@a.test"), 6, "expected a pattern of recipients, the word to"},
		{outlet("forward *@a.test ann@ours.test"), 6, "expected a pattern of recipients, the word to"},
		{outlet("forward *@a.test to ann@theirs.test"), 7, "forward *@a.test to ann@theirs.test: expected an address that allow has"},
		{outlet("forward *@a.test to ann"), 7, "expected a plain address"},
		{handler("hostnam x"), 6, "expected accept_recipients, addresses, auth, connection_policy, extensions, first_command_timeout, hostname, idle_timeout,"},
		{handler(`hostname "a b"`), 6, "expected a domain name"},
		{handler("max_message_size big"), 6, "expected a size"},
		{handler("max_recipients -1"), 6, "expected a positive number"},
		{handler("idle_timeout 5"), 6, "expected a duration"},
		{handler("extensions maybe"), 6, "expected on or off"},
		{handler("addresses loose"), 6, "expected strict or lenient"},
		{handler("accept_recipients"), 6, "expected patterns of addresses"},
		{handler(`accept_recipients a ""`), 6, "empty pattern"},
		{handler("accept_recipients {env.X} *a*a*a*a*a*a*a*a*a"), 6, "at most 8 asterisks"},
		{handler("addresses"), 6, "expected a value"},
		{bucket("fault later {\n drop\n }"), 6, "expected one of connect"},
		{fault("drop now"), 5, "expected nothing after"},
		{fault("reply"), 5, "expected a code"},
		{fault("reply 250 fine"), 6, "expected a code from 400 to 599"},
		{fault("times 0"), 5, "expected a positive number"},
		{fault("probability 0"), 5, "expected a number above 0 and up to 1"},
		{fault("probability 2"), 5, "expected a number above 0 and up to 1"},
		{fault("recipients a"), 5, "expected client, delay, drop, probability, recipient, reply, sender, stall, times"},
		{handler("starttls"), 6, "expected a value"},
		{handler("starttls yes"), 6, "expected on or off"},
		{handler("connection_policy {\n x\n }"), 7, "x"},
		{handler("max_header_size x"), 6, "expected a size"},
		{handler("max_data_line x"), 6, "expected a size"},
		{handler("max_transactions x"), 6, "expected a positive number"},
		{handler("max_connections x"), 6, "expected a positive number"},
		{handler("max_client_connections x"), 6, "expected a positive number"},
		{handler("first_command_timeout x"), 6, "expected a duration"},
		{handler("min_data_rate x"), 6, "expected a size"},
		{handler("auth"), 6, "expected a value"},
		{handler("auth maybe"), 6, "expected optional, required or off"},
		{handler("auth required {\n users a\n }"), 7, "expected user"},
		{handler("auth required {\n user a\n }"), 7, "expected a name and the bcrypt hash"},
		{handler("auth required {\n user a secret\n }"), 7, "expected a bcrypt hash"},
		{"{\n layer4 {\n :1025 {\n route {\n mailbucket a b\n }\n }\n }\n}\n", 5, "expected nothing after"},
		{":80 {\n mailbucket a b\n}\n", 2, "expected nothing after"},
		{":80 {\n mailbucket a {\n b\n }\n}\n", 3, "expected cors_origins, faults, only, peer_apis, read_only"},
		{":80 {\n mailbucket {\n peer_apis\n }\n}\n", 3, "expected a value"},
		{":80 {\n mailbucket {\n peer_apis no\n }\n}\n", 3, "expected on or off"},
		{":80 {\n mailbucket {\n peer_apis on\n peer_apis off\n }\n}\n", 4, "already given"},
		{":80 {\n mailbucket {\n cors_origins\n }\n}\n", 3, "expected origins"},
		{":80 {\n mailbucket {\n only\n }\n}\n", 3, "expected a filter and values"},
		{":80 {\n mailbucket {\n only login\n }\n}\n", 3, "expected a filter and values"},
		{":80 {\n mailbucket {\n only login a\n only logins a\n }\n}\n", 4, `only logins: unknown filter "logins": expected one of after, client,`},
		{":80 {\n mailbucket {\n only client 10.0.0\n }\n}\n", 3, "only client: expected an address"},
		{":80 {\n mailbucket {\n only recipient *a*b*c*d*e*f*g*h*\n }\n}\n", 3, "at most 8 asterisks"},
		{":80 {\n mailbucket {\n only subject \"\"\n }\n}\n", 3, "expected a text"},
		{":80 {\n mailbucket {\n only q from:{http.auth.user.id}\n }\n}\n", 3, "without placeholders"},
		{":80 {\n mailbucket {\n only header {http.auth.user.id}\n }\n}\n", 3, "expected a field's name"},
		{":80 {\n mailbucket {\n read_only on\n }\n}\n", 3, "expected nothing after"},
		{":80 {\n mailbucket {\n faults maybe\n }\n}\n", 3, "expected on or off"},
		{":80 {\n mailbucket {\n cors_origins app.test\n }\n}\n", 3, "app.test"},
	}
}

// TestWrongWordsAreErrorsWithTheirPlace has each word of the configuration
// misspelt or misplaced; line 3 is the wrong one.
func TestWrongWordsAreErrorsWithTheirPlace(t *testing.T) {
	for _, test := range wrongWords() {
		t.Run(test.want+" "+test.config, func(t *testing.T) {
			_, err := adapt(test.config)
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range []string{test.want, fmt.Sprintf("Caddyfile:%d", test.line)} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error: %v; want %q in it", err, want)
				}
			}
		})
	}
}

func TestConfigurationsThatCannotRunAreRefused(t *testing.T) {
	layer4 := func(fields string) string {
		return `{"apps":{"layer4":{"servers":{"a":{"listen":["127.0.0.1:0"],"routes":[{"handle":[{"handler":"mailbucket",` + fields + `}]}]}}}}}`
	}
	for name, config := range map[string]string{
		`no bucket is named \"stagin\"; the global option mailbucket has: default, staging`: `{"apps":{"mailbucket":{"buckets":{"staging":{}}},"layer4":{"servers":{"a":{"listen":["127.0.0.1:0"],"routes":[{"handle":[{"handler":"mailbucket","bucket":"stagin"}]}]}}}}}`,
		"max_messages must be positive":                       `{"apps":{"mailbucket":{"buckets":{"a":{"max_messages":-1}}}}}`,
		"bucket a: webhook 2: expected a URL":                 `{"apps":{"mailbucket":{"buckets":{"a":{"webhooks":[{"url":"http://x"},{}]}}}}}`,
		"bucket a: webhook 1: secret: expected 24 to 64":      `{"apps":{"mailbucket":{"buckets":{"a":{"webhooks":[{"url":"http://x","secret":"x"}]}}}}}`,
		"bucket a: webhook 1: unrecognized placeholder":       `{"apps":{"mailbucket":{"buckets":{"a":{"webhooks":[{"url":"http://{x}/"}]}}}}}`,
		"max_messages_per must be positive":                   `{"apps":{"mailbucket":{"buckets":{"a":{"max_messages_per":{"login":-1}}}}}}`,
		`max_messages "many": expected a number or unlimited`: `{"apps":{"mailbucket":{"buckets":{"a":{"max_messages":"many"}}}}}`,
		"max_recipients must be positive":                     `{"apps":{"layer4":{"servers":{"a":{"listen":["127.0.0.1:0"],"routes":[{"handle":[{"handler":"mailbucket","max_recipients":-1}]}]}}}}}`,
		"expected a domain name":                              `{"apps":{"layer4":{"servers":{"a":{"listen":["127.0.0.1:0"],"routes":[{"handle":[{"handler":"mailbucket","hostname":"a\r\nb"}]}]}}}}}`,
		"expected starttls on":                                layer4(`"connection_policy":{}`),
		"expected optional, required":                         layer4(`"auth":{"mode":"x"}`),
		"expected a bcrypt hash":                              layer4(`"auth":{"users":{"a":"x"}}`),
		"expected no users":                                   layer4(`"auth":{"mode":"off","users":{"a":"x"}}`),
		"expected strict or lenient":                          layer4(`"addresses":"loose"`),
		"accept_recipients: empty pattern":                    layer4(`"accept_recipients":[""]`),
		"accept_recipients: unrecognized placeholder":         layer4(`"accept_recipients":["{nosuch}"]`),
		"no STARTTLS and no AUTH":                             layer4(`"extensions":false,"starttls":true`),
		"sync: expected always, never or a time":              `{"apps":{"mailbucket":{"buckets":{"a":{"journal":{"module":"bolt","sync":"often"}}}}}}`,
		"expected one of connect":                             `{"apps":{"mailbucket":{"buckets":{"a":{"faults":[{"step":"x"}]}}}}}`,
		"bucket a: release: there is no allow":                `{"apps":{"mailbucket":{"buckets":{"a":{"release":{"server":"relay.test"}}}}}}`,
		"release: tls_trust: open /nonexistent":               `{"apps":{"mailbucket":{"buckets":{"a":{"release":{"server":"relay.test","allow":["*@ours.test"],"tls_trust":["/nonexistent"]}}}}}}`,
		"release: unrecognized placeholder":                   `{"apps":{"mailbucket":{"buckets":{"a":{"release":{"server":"relay.test","allow":["*@ours.test"],"password":"{nosuch}"}}}}}}`,
		"release: max_per_minute -1":                          `{"apps":{"mailbucket":{"buckets":{"a":{"release":{"server":"relay.test","allow":["*@ours.test"],"max_per_minute":-1}}}}}}`,
		"expected a port":                                     `{"apps":{"mailbucket":{"listen":["localhost"]}}}`,
	} {
		var parsed caddy.Config
		must(t, json.Unmarshal([]byte(config), &parsed))
		err := caddy.Validate(&parsed)
		if err == nil || !strings.Contains(err.Error(), strings.ReplaceAll(name, `\"`, `"`)) {
			t.Errorf("error %v, want %s", err, name)
		}
	}
}

func TestExampleIsValid(t *testing.T) {
	example, err := os.ReadFile("Caddyfile.example")
	must(t, err)
	adapted, err := adapt(string(example))
	must(t, err)
	var config caddy.Config
	must(t, json.Unmarshal(adapted, &config))
	must(t, caddy.Validate(&config))
}

// TestPlaceholdersAreResolvedWhereTheConfigurationRuns adapts without the environment.
func TestPlaceholdersAreResolvedWhereTheConfigurationRuns(t *testing.T) {
	const config = "{\nLOGOFF\nmailbucket {env.MB_ADDRESS}\nlayer4 {\nTLS {\nroute {\nmailbucket {\nhostname {env.MB_HOST}\nauth required {\nuser {env.MB_USER} {env.MB_HASH}\n}\n}\n}\n}\n}\n}\n" +
		"HTTP {\nmailbucket {\ncors_origins https://known.test {env.MB_ORIGIN}\n}\n}\n"
	s := start(t, shortest)
	if err := s.load(config); err == nil || !strings.Contains(err.Error(), "provision") {
		t.Errorf("without the environment: %v, want an error of provisioning", err)
	}
	t.Setenv("MB_ADDRESS", s.smtp)
	t.Setenv("MB_HOST", "mail.env.test")
	t.Setenv("MB_USER", "alice")
	t.Setenv("MB_HASH", bcryptOf(t, "right", bcrypt.MinCost))
	for origin, want := range map[string]bool{"https://app.test": true, "app.test": false} {
		t.Setenv("MB_ORIGIN", origin)
		if err := s.load(config); (err == nil) != want {
			t.Errorf("origin %s: %v", origin, err)
		}
	}
	must(t, s.dial().talk("", "220"))
	conn, err := net.Dial("tcp", s.https)
	must(t, err)
	defer conn.Close()
	c := &client{conn, bufio.NewReader(conn)}
	must(t, c.talk("", "220 mail.env.test", "EHLO x", "250-"))
	must(t, skipTo(c.r, "250 AUTH"))
	must(t, c.talk("AUTH PLAIN "+base64.StdEncoding.EncodeToString([]byte("\x00alice\x00right")), "235"))
}
