package rest

import (
	"strings"

	"github.com/caddy-mailbucket/mailbucket/message"
)

// What browsers may do with the HTML of a mail: run nothing, send nothing, and
// load only images and styles that stand in it, or those of other sites too where
// remote content is asked for. Nothing is loaded from this server: the page has an
// origin of its own, so that to browsers its requests come from another site. In a
// preview a click on a link opens it in a new tab.
const (
	policyHTML = "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'; " +
		"font-src data:; base-uri 'none'; form-action 'none'"
	policyRemote = "sandbox; default-src 'none'; img-src data: https: http:; style-src 'unsafe-inline' https: http:; " +
		"font-src data: https: http:; base-uri 'none'; form-action 'none'"
	previewSandbox = "sandbox allow-popups allow-popups-to-escape-sandbox"
)

// htmlForm is in what form the HTML of a mail is shown.
type htmlForm struct {
	scheme string // of colours, for a preview: light or dark
	remote bool   // what it has on other sites may be loaded
}

// name tells this form from the others.
func (f htmlForm) name() string {
	name := "html"
	if f.remote {
		name += "-remote"
	}
	if f.scheme != "" {
		name += "-" + f.scheme
	}
	return name
}

// policy is the Content-Security-Policy of the answer.
func (f htmlForm) policy() string {
	policy := policyHTML
	if f.remote {
		policy = policyRemote
	}
	if f.scheme == "" {
		return policy + "; frame-ancestors 'none'"
	}
	return strings.Replace(policy, "sandbox", previewSandbox, 1) + "; frame-ancestors 'self'"
}

// render is the HTML of a mail, written anew from what is safe in it (see
// [message.Message.Page]). The policy is the second line of defence.
func (f htmlForm) render(mail *message.Message) []byte {
	return mail.Page(message.PageOptions{Scheme: f.scheme, Remote: f.remote, NewTab: f.scheme != ""})
}
