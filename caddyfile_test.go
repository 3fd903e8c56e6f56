package mailbucket

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"slices"
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

// The configurations with a line in the place of its kind.
func inOption(line string) string { return "{\n mailbucket {\n  " + line + "\n }\n}\n" }

func inBucket(line string) string {
	return "{\n mailbucket { \n bucket b {\n " + line + "\n }\n }\n}\n"
}

func inFault(line string) string { return inBucket("fault rcpt {\n " + line + "\n }") }

func inRelease(line string) string {
	return inBucket("release smtp.example.com {\n allow *@ours.test\n " + line + "\n }")
}

func inHandler(line string) string {
	return "{\n layer4 {\n :1025 { \n route {\n mailbucket {\n " + line + "\n }\n }\n }\n }\n}\n"
}

// wrongBucketWords are those of the global option and its buckets.
var wrongBucketWords = []wrongWord{
	{"{\n mailbuckets\n}\n", 2, "unrecognized"},
	{"{\n mailbucket 8025\n}\n", 2, "expected a port"},
	{"{\n mailbucket udp/:8025\n}\n", 2, "tcp or unix"},
	{"{\n mailbucket\n mailbucket\n}\n", 3, "already given"},
	{inOption("shutdown_grase 10s"), 3, "expected bucket, shutdown_grace"},
	{inOption("shutdown_grace"), 3, "expected a value"},
	{inOption("shutdown_grace ten"), 3, "expected a duration"},
	{inOption("shutdown_grace 1s 2s"), 3, "expected one value"},
	{inOption("shutdown_grace 1s\n  shutdown_grace 1s"), 4, "already given"},
	{inOption("bucket"), 3, "expected a value"},
	{inOption("bucket a/b"), 3, "bucket name"},
	{inOption("bucket a b"), 3, "expected one value"},
	{inOption("bucket a\n  bucket a"), 4, "already given"},
	{inBucket("max_message 1"), 4, "expected fault, journal, max_age, max_bytes, max_messages, max_messages_per, release, webhook"},
	{inBucket("max_messages 0"), 4, "expected a positive number"},
	{inBucket("max_messages many"), 4, "expected a positive number"},
	{inBucket("max_messages -1"), 4, "expected a positive number or unlimited"},
	{inBucket("max_messages unlimited 5"), 4, "expected one value"},
	{inBucket("max_bytes unlimited"), 4, "expected a size"},
	{inBucket("max_age unlimited"), 4, "expected a duration"},
	{inBucket("webhook"), 4, "expected a value"},
	{inBucket("webhook ftp://x/"), 4, "expected a URL such as https://"},
	{inBucket("webhook x.test/mail"), 4, "expected a URL such as https://"},
	{inBucket("webhook https://x.test/ {\n sekret x\n }"), 5, "expected only, secret"},
	{inBucket("webhook https://x.test/ {\n secret x\n }"), 5, "secret: expected 24 to 64 bytes in base64"},
	{inBucket("webhook https://x.test/ {\n only logins a\n }"), 5, `unknown filter "logins"`},
	{inBucket("webhook https://x.test/ {\n secret\n }"), 5, "expected a value"},
	{inBucket("max_messages_per"), 4, "expected login, recipient or sender, and a number"},
	{inBucket("max_messages_per domain 5"), 4, "expected login, recipient or sender"},
	{inBucket("max_messages_per login"), 4, "expected a value"},
	{inBucket("max_messages_per login 0"), 4, "expected a positive number"},
	{inBucket("max_messages_per login 5\n max_messages_per login 6"), 5, "already given"},
	{inBucket("max_bytes 1XB"), 4, "expected a size"},
	{inBucket("max_bytes"), 4, "expected a value"},
	{inBucket("max_age -1s"), 4, "expected a duration"},
	{inBucket("journal"), 4, "expected one of"},
	{inBucket("journal paper"), 4, "expected one of"},
	{inBucket("journal bolt mail.db"), 4, "expected its path in a block"},
	{inBucket("journal bolt {\n file mail.db\n }"), 5, "expected path, sync"},
	{inBucket("journal bolt {\n path\n }"), 5, "expected a value"},
	{inBucket("journal bolt {\n sync sometimes\n }"), 5, "expected always, never or a time"},
	{inBucket("journal bolt {\n sync 1ms\n }"), 5, "expected always, never or a time"},
	{inBucket("journal test"), 4, "expected a value"},
	{inBucket("journal test a b"), 4, "expected one value"},
	{inBucket("journal test a\n journal test b"), 5, "already given"},
	{inBucket("fault later {\n drop\n }"), 6, "expected one of connect"},
	{inFault("drop now"), 5, "expected nothing after"},
	{inFault("reply"), 5, "expected a code"},
	{inFault("reply 250 fine"), 6, "expected a code from 400 to 599"},
	{inFault("times 0"), 5, "expected a positive number"},
	{inFault("probability 0"), 5, "expected a number above 0 and up to 1"},
	{inFault("probability 2"), 5, "expected a number above 0 and up to 1"},
	{inFault("recipients a"), 5, "expected client, delay, drop, probability, recipient, reply, sender, stall, times"},
}

// wrongReleaseWords are those of the options release and forward.
var wrongReleaseWords = []wrongWord{
	{inBucket("release"), 4, "expected a value"},
	{inBucket("release a b"), 4, "expected one value"},
	{inBucket("release smtp.example.com"), 4, "there is no allow: expected the addresses"},
	{inBucket("release smtp.example.com {\n from a@b.test\n }"), 6, "there is no allow"},
	{inBucket("release smtp://example.com {\n allow *@ours.test\n }"), 6, "expected a host, or host:port"},
	{inBucket("release smtp.example.com:0 {\n allow *@ours.test\n }"), 6, "expected a host, or host:port"},
	{inBucket("release :25 {\n allow *@ours.test\n }"), 6, "expected a host, or host:port"},
	{inBucket("release a {\n allow *@ours.test\n }\n release b {\n allow *@ours.test\n }"), 7, "already given"},
	{inRelease("allow"), 6, "expected a value"},
	{inRelease("allow *"), 7, "pattern \"*\": expected one such as *@example.com"},
	{inRelease("allow *@*"), 7, "expected one such as"},
	{inRelease("allowed a@b.test"), 6, "expected allow, forward, from, max_per_minute, max_size, tls, tls_trust, user"},
	{inRelease("user robot"), 6, "expected a name and a password"},
	{inRelease("user robot a b"), 6, "expected a name and a password"},
	{inRelease("user robot secret\n tls off"), 8, "the password is not sent to smtp.example.com without TLS"},
	{inRelease("tls maybe"), 7, "expected on, starttls or off"},
	{inRelease("from ann"), 7, "expected a plain address"},
	{inRelease("from \"a@b.test>\\r\""), 7, "expected a plain address"},
	{inRelease("max_per_minute 0"), 6, "expected a positive number"},
	{inRelease("max_per_minute 10001"), 7, "expected 1 to 10000"},
	{inRelease("max_size big"), 6, "expected a size"},
	{inRelease("tls_trust"), 6, "expected a value"},
	{inRelease("forward *@a.test"), 6, "expected a pattern of recipients, the word to"},
	{inRelease("forward *@a.test ann@ours.test"), 6, "expected a pattern of recipients, the word to"},
	{inRelease("forward *@a.test to ann@theirs.test"), 7, "forward *@a.test to ann@theirs.test: expected an address that allow has"},
	{inRelease("forward *@a.test to ann"), 7, "expected a plain address"},
}

// wrongHandlerWords are those of the handler of layer4.
var wrongHandlerWords = []wrongWord{
	{inHandler("hostnam x"), 6, "expected accept_recipients, addresses, auth, connection_policy, extensions, first_command_timeout, hostname, idle_timeout,"},
	{inHandler(`hostname "a b"`), 6, "expected a domain name"},
	{inHandler("max_message_size big"), 6, "expected a size"},
	{inHandler("max_recipients -1"), 6, "expected a positive number"},
	{inHandler("idle_timeout 5"), 6, "expected a duration"},
	{inHandler("extensions maybe"), 6, "expected on or off"},
	{inHandler("addresses loose"), 6, "expected strict or lenient"},
	{inHandler("accept_recipients"), 6, "expected patterns of addresses"},
	{inHandler(`accept_recipients a ""`), 6, "empty pattern"},
	{inHandler("accept_recipients {env.X} *a*a*a*a*a*a*a*a*a"), 6, "at most 8 asterisks"},
	{inHandler("addresses"), 6, "expected a value"},
	{inHandler("starttls"), 6, "expected a value"},
	{inHandler("starttls yes"), 6, "expected on or off"},
	{inHandler("connection_policy {\n x\n }"), 7, "x"},
	{inHandler("max_header_size x"), 6, "expected a size"},
	{inHandler("max_data_line x"), 6, "expected a size"},
	{inHandler("max_transactions x"), 6, "expected a positive number"},
	{inHandler("max_connections x"), 6, "expected a positive number"},
	{inHandler("max_client_connections x"), 6, "expected a positive number"},
	{inHandler("first_command_timeout x"), 6, "expected a duration"},
	{inHandler("min_data_rate x"), 6, "expected a size"},
	{inHandler("auth"), 6, "expected a value"},
	{inHandler("auth maybe"), 6, "expected optional, required or off"},
	{inHandler("auth required {\n users a\n }"), 7, "expected user"},
	{inHandler("auth required {\n user a\n }"), 7, "expected a name and the bcrypt hash"},
	{inHandler("auth required {\n user a secret\n }"), 7, "expected a bcrypt hash"},
	{"{\n layer4 {\n :1025 {\n route {\n mailbucket a b\n }\n }\n }\n}\n", 5, "expected nothing after"},
}

// wrongSiteWords are those of the directive in a site.
var wrongSiteWords = []wrongWord{
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

// TestWrongWordsAreErrorsWithTheirPlace has each word of the configuration
// misspelt or misplaced; line 3 is the wrong one.
func TestWrongWordsAreErrorsWithTheirPlace(t *testing.T) {
	for _, test := range slices.Concat(wrongBucketWords, wrongReleaseWords, wrongHandlerWords, wrongSiteWords) {
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
