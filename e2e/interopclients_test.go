package e2e

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net"
	"net/smtp"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wneessen/go-mail"
)

// client is a program that sends a mail with the subject "Grüße" and the text
// "hello" from sender to b@example.com. As user it logs in with "secret".
type client struct {
	name       string
	probe      string // a command that fails where the client is missing
	mechanisms []string
	send       func(t *testing.T, s *server, w way, sender string)
}

var clients = []client{
	{"swaks", "swaks --version && perl -MNet::SSLeay -MDigest::HMAC_MD5 -e1", []string{"PLAIN", "LOGIN", "CRAM-MD5"}, bySwaks},
	{"curl", "curl --version", []string{"PLAIN", "LOGIN", "CRAM-MD5", "OAUTHBEARER"}, byCurl},
	{"msmtp", "msmtp --version", []string{"PLAIN", "LOGIN", "CRAM-MD5", "XOAUTH2", "OAUTHBEARER"}, byMsmtp},
	{"s-nail", "s-nail -:/ -V", []string{"PLAIN", "LOGIN", "CRAM-MD5"}, bySNail},
	{"mutt", "mutt -v", []string{"PLAIN"}, byMutt},
	{"smtplib", "python3 --version", []string{"PLAIN", "LOGIN", "CRAM-MD5"}, bySmtplib},
	{"nodemailer", "node -e 'require(`./testdata/node_modules/nodemailer`)'", []string{"PLAIN", "LOGIN", "CRAM-MD5", "XOAUTH2"}, byNodemailer},
	{"Net::SMTP", "perl -MNet::SMTP -MIO::Socket::SSL -MAuthen::SASL -e1", []string{"PLAIN", "LOGIN", "CRAM-MD5"}, byNetSMTP},
	{"PHPMailer", "php -r 'exit(is_file(\"/usr/share/php/libphp-phpmailer/autoload.php\") ? 0 : 1);'", []string{"PLAIN", "LOGIN", "CRAM-MD5"}, byPHPMailer},
	{"git send-email", "test -x \"$(git --exec-path)/git-send-email\" && perl -MNet::SMTP -MIO::Socket::SSL -MAuthen::SASL -MMail::Address -e1", []string{"PLAIN", "LOGIN"}, byGit},
	{"net_smtp", "true", []string{"PLAIN", "CRAM-MD5"}, byNetSmtp},
	{"go-mail", "true", []string{"PLAIN", "LOGIN", "CRAM-MD5", "XOAUTH2"}, byGoMail},
}

func bySwaks(t *testing.T, s *server, w way, sender string) {
	args := []string{"--server", "localhost:" + s.port(w), "--from", sender, "--to", "b@example.com",
		"--header", "Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=", "--body", "hello"}
	switch w.encryption {
	case startTLS:
		args = append(args, "--tls", "--tls-verify", "--tls-ca-path", s.root())
	case implicit:
		args = append(args, "--tls-on-connect", "--tls-verify", "--tls-ca-path", s.root())
	}
	if w.mechanism != "" {
		args = append(args, "--auth", w.mechanism, "--auth-user", "user", "--auth-password", "secret")
	}
	command(t, "", "swaks", args...)
}

const rfc822 = "From: SENDER\r\nTo: b@example.com\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n\r\nhello\r\n"

func byCurl(t *testing.T, s *server, w way, sender string) {
	scheme := "smtp"
	if w.encryption == implicit {
		scheme = "smtps"
	}
	args := []string{"-sS", scheme + "://localhost:" + s.port(w), "--mail-from", sender, "--mail-rcpt", "b@example.com", "-T", "-", "--cacert", s.root()}
	if w.encryption == startTLS {
		args = append(args, "--ssl-reqd")
	}
	switch w.mechanism {
	case "":
	case "OAUTHBEARER":
		args = append(args, "--user", "user", "--oauth2-bearer", "secret", "--login-options", "AUTH="+w.mechanism)
	default:
		args = append(args, "--user", "user:secret", "--login-options", "AUTH="+w.mechanism)
	}
	command(t, strings.Replace(rfc822, "SENDER", sender, 1), "curl", args...)
}

func byMsmtp(t *testing.T, s *server, w way, sender string) {
	args := []string{"--host=localhost", "--port=" + s.port(w), "--from=" + sender}
	switch w.encryption {
	case startTLS:
		args = append(args, "--tls=on", "--tls-trust-file="+s.root())
	case implicit:
		args = append(args, "--tls=on", "--tls-starttls=off", "--tls-trust-file="+s.root())
	}
	if w.mechanism != "" {
		args = append(args, "--auth="+strings.ToLower(w.mechanism), "--user=user", "--passwordeval=echo secret")
	}
	command(t, strings.Replace(rfc822, "SENDER", sender, 1), "msmtp", append(args, "b@example.com")...)
}

func bySNail(t *testing.T, s *server, w way, sender string) {
	scheme, auth := "smtp", "none"
	if w.encryption == implicit {
		scheme = "smtps"
	}
	login := ""
	if w.mechanism != "" {
		auth, login = strings.ToLower(w.mechanism), "user:secret@"
	}
	args := []string{"-:/", "-S", "v15-compat", "-S", "mta=" + scheme + "://" + login + "localhost:" + s.port(w), "-S", "smtp-auth=" + auth,
		"-S", "tls-ca-file=" + s.root(), "-S", "tls-ca-no-defaults", "-S", "tls-verify=strict", "-S", "ttycharset=utf-8", "-r", sender, "-s", "Grüße"}
	if w.encryption == startTLS {
		args = append(args, "-S", "smtp-use-starttls")
	}
	command(t, "hello\n", "s-nail", append(args, "-S", "sendwait", "b@example.com")...)
}

func byMutt(t *testing.T, s *server, w way, sender string) {
	scheme, login := "smtp", ""
	if w.encryption == implicit {
		scheme = "smtps"
	}
	if w.mechanism != "" {
		login = "user:secret@"
	}
	rc := filepath.Join(t.TempDir(), "muttrc")
	config := `set smtp_url="` + scheme + "://" + login + "localhost:" + s.port(w) + `/"
set ssl_starttls=yes
set ssl_usesystemcerts=no
set certificate_file="` + s.root() + `"
set from="` + sender + `"
set use_envelope_from=yes
set envelope_from_address="` + sender + `"
set charset=utf-8
set copy=no
set smtp_authenticators="plain"
`
	if w.encryption == plain {
		config += "set ssl_force_tls=no\n"
	}
	if err := os.WriteFile(rc, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	command(t, "hello\n", "env", "LC_ALL=C.UTF-8", "mutt", "-n", "-F", rc, "-s", "Grüße", "--", "b@example.com")
}

func bySmtplib(t *testing.T, s *server, w way, sender string) {
	script := fmt.Sprintf(`
import smtplib, ssl
from email.message import EmailMessage
context = ssl.create_default_context(cafile=%q)
way, mechanism = %q, %q
if way == "implicit TLS":
    client = smtplib.SMTP_SSL("localhost", %[4]s, context=context)
else:
    client = smtplib.SMTP("localhost", %[4]s)
if way == "starttls":
    client.starttls(context=context)
client.ehlo()
if mechanism:
    client.user, client.password = "user", "secret"
    client.auth(mechanism, getattr(client, "auth_" + mechanism.lower().replace("-", "_")))
m = EmailMessage()
m["From"], m["To"], m["Subject"] = %[5]q, "b@example.com", "Grüße"
m.set_content("hello")
client.send_message(m)
client.quit()
`, s.root(), w.encryption, w.mechanism, s.port(w), sender)
	command(t, script, "python3", "-")
}

func byNodemailer(t *testing.T, s *server, w way, sender string) {
	options := map[string]any{
		"host": "localhost", "port": json.Number(s.port(w)), "secure": w.encryption == implicit, "requireTLS": w.encryption == startTLS,
		"tls": map[string]string{},
	}
	if w.mechanism == "XOAUTH2" {
		options["auth"] = map[string]string{"type": "OAuth2", "user": "user", "accessToken": "secret"}
	} else if w.mechanism != "" {
		options["auth"], options["authMethod"] = map[string]string{"user": "user", "pass": "secret"}, w.mechanism
	}
	text, err := json.Marshal(options)
	if err != nil {
		t.Fatal(err)
	}
	script := `require("./testdata/node_modules/nodemailer").createTransport(` + string(text) + `).sendMail({from: "` + sender +
		`", to: "b@example.com", subject: "Grüße", text: "hello"}).catch(e => { console.error(e); process.exit(1) })`
	command(t, "", "env", "NODE_EXTRA_CA_CERTS="+s.root(), "node", "-e", script)
}

func byNetSMTP(t *testing.T, s *server, w way, sender string) {
	script := fmt.Sprintf(`
use strict; use Net::SMTP;
my ($way, $mechanism, $root) = (%q, %q, %q);
my @tls = (SSL_ca_file => $root, SSL_verifycn_name => "localhost");
my $c = Net::SMTP->new("127.0.0.1", Port => %s, SSL => $way eq "implicit TLS" ? 1 : 0, @tls) or die $@;
$c->starttls(@tls) or die $c->message if $way eq "starttls";
if ($mechanism) {
	require Authen::SASL;
	$c->auth(Authen::SASL->new(mechanism => $mechanism, callback => {user => "user", authname => "", pass => "secret"})) or die $c->message;
}
$c->mail(%q) and $c->to("b\@example.com") and $c->data(
	"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\n\nhello\n") or die $c->message;
$c->quit;
`, w.encryption, w.mechanism, s.root(), s.port(w), "SENDER")
	script = strings.Replace(script, `"SENDER"`, "'"+sender+"'", 1)
	command(t, script, "perl", "-")
}

func byPHPMailer(t *testing.T, s *server, w way, sender string) {
	secure := map[string]string{plain: "", startTLS: "tls", implicit: "ssl"}[w.encryption]
	script := fmt.Sprintf(`<?php
require '/usr/share/php/libphp-phpmailer/autoload.php';
$m = new PHPMailer\PHPMailer\PHPMailer(true);
$m->isSMTP();
$m->Host = 'localhost'; $m->Port = %s; $m->SMTPSecure = '%s'; $m->SMTPAutoTLS = false;
$m->SMTPOptions = ['ssl' => ['cafile' => '%s']];
$m->CharSet = 'utf-8';
if ('%s') { $m->SMTPAuth = true; $m->AuthType = '%[4]s'; $m->Username = 'user'; $m->Password = 'secret'; }
$m->setFrom('%s'); $m->addAddress('b@example.com');
$m->Subject = 'Grüße'; $m->Body = 'hello';
$m->send();
`, s.port(w), secure, s.root(), w.mechanism, sender)
	command(t, script, "php")
}

func byGit(t *testing.T, s *server, w way, sender string) {
	patch := filepath.Join(t.TempDir(), "0001.patch")
	if err := os.WriteFile(patch, []byte("From: "+sender+"\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\n\nhello\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"send-email", "--from=" + sender, "--to=b@example.com", "--suppress-cc=all", "--confirm=never", "--smtp-server=localhost",
		"--smtp-server-port=" + s.port(w), "--smtp-ssl-cert-path=" + s.root()}
	switch w.encryption {
	case startTLS:
		args = append(args, "--smtp-encryption=tls")
	case implicit:
		args = append(args, "--smtp-encryption=ssl")
	}
	if w.mechanism != "" {
		args = append(args, "--smtp-user=user", "--smtp-pass=secret", "--smtp-auth="+w.mechanism)
	}
	command(t, "", "env", append([]string{"-C", t.TempDir(), "GIT_CONFIG_GLOBAL=/dev/null",
		"git", "-c", "user.name=a", "-c", "user.email=" + sender}, append(args, patch)...)...)
}

func (s *server) trust(t *testing.T) *tls.Config {
	root, err := os.ReadFile(s.root())
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(root)
	return &tls.Config{RootCAs: pool, ServerName: "localhost"}
}

func byNetSmtp(t *testing.T, s *server, w way, sender string) {
	address := net.JoinHostPort("localhost", s.port(w))
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	conn, err := net.Dial("tcp", address)
	check(err)
	if w.encryption == implicit {
		conn = tls.Client(conn, s.trust(t))
	}
	c, err := smtp.NewClient(conn, "localhost")
	check(err)
	if w.encryption == startTLS {
		check(c.StartTLS(s.trust(t)))
	}
	switch w.mechanism {
	case "PLAIN":
		check(c.Auth(smtp.PlainAuth("", "user", "secret", "localhost")))
	case "CRAM-MD5":
		check(c.Auth(smtp.CRAMMD5Auth("user", "secret")))
	}
	check(c.Mail(sender))
	check(c.Rcpt("b@example.com"))
	data, err := c.Data()
	check(err)
	_, err = data.Write([]byte(strings.Replace(rfc822, "SENDER", sender, 1)))
	check(err)
	check(data.Close())
	check(c.Quit())
}

func byGoMail(t *testing.T, s *server, w way, sender string) {
	var port int
	fmt.Sscan(s.port(w), &port)
	options := []mail.Option{mail.WithPort(port), mail.WithTLSConfig(s.trust(t)), mail.WithTLSPolicy(mail.NoTLS)}
	switch w.encryption {
	case startTLS:
		options = append(options, mail.WithTLSPolicy(mail.TLSMandatory))
	case implicit:
		options = append(options, mail.WithSSL())
	}
	if w.mechanism != "" {
		kind := map[string]mail.SMTPAuthType{
			"PLAIN": mail.SMTPAuthPlainNoEnc, "LOGIN": mail.SMTPAuthLoginNoEnc, "CRAM-MD5": mail.SMTPAuthCramMD5, "XOAUTH2": mail.SMTPAuthXOAUTH2,
		}[w.mechanism]
		options = append(options, mail.WithSMTPAuth(kind), mail.WithUsername("user"), mail.WithPassword("secret"))
	}
	c, err := mail.NewClient("localhost", options...)
	if err != nil {
		t.Fatal(err)
	}
	m := mail.NewMsg()
	if err := m.From(sender); err != nil {
		t.Fatal(err)
	}
	if err := m.To("b@example.com"); err != nil {
		t.Fatal(err)
	}
	m.Subject("Grüße")
	m.SetBodyString(mail.TypeTextPlain, "hello")
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := c.DialAndSendWithContext(ctx, m); err != nil {
		t.Fatal(err)
	}
}
