package smtp

import (
	"bytes"
	"strings"
)

// masked stands in a transcript for what may be a secret.
const masked = "***"

// maskSecrets returns a line from the client, whose command is verb if it has one, without
// what may be a secret. That is: what follows the mechanism of AUTH (RFC 4954 section 4);
// any line after AUTH up to the next command, as clients go on with their name and
// password even if AUTH was refused or has ended; and any line that is not a command but
// contains a word about logins, such as AUTH with a blank before it.
func (t *transcript) maskSecrets(text []byte, verb string) []byte {
	switch {
	case verb == "AUTH":
		t.afterAuth = true
		return maskAuth(text)
	case verb != "" && !bytes.ContainsAny(text, "\r\x00"):
		t.afterAuth = false
		return text
	case t.afterAuth:
		return []byte(masked)
	case isAboutLogins(text):
		t.afterAuth = true
		return []byte(masked)
	}
	return text
}

// maskAuth leaves of a line of AUTH only the name of a known mechanism. Anything else in
// its place may be a secret.
func maskAuth(text []byte) []byte {
	const auth = len("AUTH")
	mechanism := bytes.TrimLeft(text[auth:], " \t")
	if len(mechanism) == 0 {
		return text
	}
	blanks := len(text) - auth - len(mechanism)
	rest := ""
	if i := bytes.IndexAny(mechanism, " \t\r\x00"); i >= 0 {
		mechanism, rest = mechanism[:i], " "+masked
	}
	if !isMechanism(string(mechanism)) {
		return append(text[:auth:auth], " "+masked...)
	}
	end := auth + blanks + len(mechanism)
	return append(text[:end:end], rest...)
}

// isMechanism reports whether name is one of the SASL mechanisms that mail clients use.
func isMechanism(name string) bool {
	switch name = strings.ToUpper(name); name {
	case "PLAIN", "LOGIN", "CRAM-MD5", "XOAUTH", "XOAUTH2", "OAUTHBEARER", "NTLM", "GSSAPI", "GSS-SPNEGO", "DIGEST-MD5",
		"SCRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS", "SCRAM-SHA-512", "SCRAM-SHA-512-PLUS",
		"EXTERNAL", "ANONYMOUS", "KERBEROS_V4", "OTP", "SKEY", "MSN":
		return true
	}
	return false
}

// isAboutLogins reports whether text contains a word that usually stands next to a
// secret, in SMTP or in a protocol that the client may be speaking instead.
func isAboutLogins(text []byte) bool {
	upper := bytes.ToUpper(text)
	for _, word := range []string{"AUTH", "PASS", "PWD", "LOGIN", "USER", "TOKEN", "BEARER", "SECRET"} {
		if bytes.Contains(upper, []byte(word)) {
			return true
		}
	}
	return false
}
