package jetstream

import (
	"strconv"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"go.uber.org/zap"

	"github.com/caddy-mailbucket/mailbucket/store"
)

func init() { caddy.RegisterModule(new(Module)) }

const moduleID = "mailbucket.journals.jetstream"

// Module keeps the log of a bucket in a stream of NATS JetStream, so that the bucket outlives
// its machine, and several machines have it in common. Placeholders are replaced in all texts.
type Module struct {
	// The addresses of NATS servers, as in nats://a:4222 or tls://b:4222. One that answers is
	// enough; the others of its cluster are learned from it.
	Servers []string `json:"servers,omitempty"`

	// The name of the stream. It is made if it is missing. Default: `mailbucket-` and the
	// name of the bucket.
	Stream string `json:"stream,omitempty"`

	// On how many servers the stream is kept, from 1 to 5, if it is made. Default: 1.
	Replicas int `json:"replicas,omitempty"`

	// A file with a user's JWT and seed, as nsc writes it.
	Credentials string `json:"credentials,omitempty"`

	// Who to log in as, where the servers have users with passwords.
	User     string `json:"user,omitempty"`
	Password string `json:"password,omitempty"`

	// A PEM file with the authorities that the servers' certificates may come from. With it
	// the connection is encrypted also to nats://. Default: those of the system.
	CA string `json:"ca,omitempty"`

	// PEM files that show the servers who this client is.
	Certificate string `json:"certificate,omitempty"`
	Key         string `json:"key,omitempty"`
}

// CaddyModule returns the Caddy module information.
func (*Module) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: moduleID, New: func() caddy.Module { return new(Module) }}
}

// Shared reports that others may write into the same log.
func (*Module) Shared() bool { return true }

// Journal makes the journal of a bucket. It is not connected before it is opened.
func (m *Module) Journal(bucket string, limits store.Limits) (store.Journal, error) {
	s := m.settings(bucket)
	s.Limits = limits
	return New(s)
}

// settings are m's with defaults, and with placeholders replaced.
func (m *Module) settings(bucket string) Settings {
	r := caddy.NewReplacer()
	text := func(s string) string { return r.ReplaceAll(s, "") }
	s := Settings{
		Stream: text(m.Stream), Replicas: m.Replicas, Credentials: text(m.Credentials),
		User: text(m.User), Password: text(m.Password),
		CA: text(m.CA), Certificate: text(m.Certificate), Key: text(m.Key),
		Name:   "mailbucket " + bucket,
		Logger: func() *zap.Logger { return caddy.Log().Named(moduleID).With(zap.String("bucket", bucket)) },
	}
	for _, server := range m.Servers {
		s.Servers = append(s.Servers, text(server))
	}
	if s.Stream == "" {
		s.Stream = "mailbucket-" + bucket
	}
	return s
}

// Provision checks the settings, before any bucket is opened.
func (m *Module) Provision(caddy.Context) error {
	s := m.settings("")
	if m.Stream == "" {
		s.Stream = "default" // the bucket's name is not known yet
	}
	return s.check()
}

// UnmarshalCaddyfile sets up the module from the option of a bucket:
//
//	journal jetstream <servers...> {
//	    stream      <name>
//	    replicas    <number>
//	    credentials <file>
//	    user        <name> <password>
//	    ca          <file>
//	    certificate <file> <key file>
//	}
func (m *Module) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next() // jetstream
	if m.Servers = d.RemainingArgs(); len(m.Servers) == 0 {
		return d.Err("journal jetstream: expected the addresses of servers, as in nats://127.0.0.1:4222")
	}
	for _, server := range m.Servers {
		if !strings.Contains(server, "{") { // a placeholder
			if err := checkServer(server); err != nil {
				return d.Errf("journal jetstream: %w", err)
			}
		}
	}
	given := make(map[string]bool)
	for nesting := d.Nesting(); d.NextBlock(nesting); {
		option := d.Val()
		if given[option] {
			return d.Errf("journal jetstream: %s is already given: expected it once", option)
		}
		given[option] = true
		if err := m.unmarshalOption(d, option); err != nil {
			return err
		}
	}
	return nil
}

// unmarshalOption reads the arguments of an option.
func (m *Module) unmarshalOption(d *caddyfile.Dispenser, option string) error {
	var replicas string
	options := map[string][]*string{
		"stream": {&m.Stream}, "replicas": {&replicas}, "credentials": {&m.Credentials},
		"user": {&m.User, &m.Password}, "ca": {&m.CA}, "certificate": {&m.Certificate, &m.Key},
	}
	arguments, ok := options[option]
	if !ok {
		return d.Errf("journal jetstream: unrecognized option %q: expected stream, replicas, credentials, user, ca or certificate", option)
	}
	given := d.RemainingArgs()
	if len(given) != len(arguments) || strings.TrimSpace(given[0]) == "" {
		return d.Errf("journal jetstream: %s: expected %s", option, map[string]string{
			"stream": "a name", "replicas": "a number", "credentials": "a file",
			"user": "a name and a password", "ca": "a file", "certificate": "a file and a file with its key",
		}[option])
	}
	for i, argument := range arguments {
		*argument = given[i]
	}
	if option == "replicas" {
		n, err := strconv.Atoi(replicas)
		if err != nil || n < 1 || n > maxReplicas {
			return d.Errf("journal jetstream: replicas %q: expected a number from 1 to %d", replicas, maxReplicas)
		}
		m.Replicas = n
	}
	return nil
}

var (
	_ caddy.Provisioner     = (*Module)(nil)
	_ caddyfile.Unmarshaler = (*Module)(nil)
)
