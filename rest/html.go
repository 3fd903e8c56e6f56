package rest

import (
	"strings"

	"github.com/caddy-mailbucket/mailbucket/message"
)

// Content security policies for the HTML of a mail. Browsers may run and send nothing,
// and may load only images and styles that the HTML itself contains or, if remote
// content is asked for, those of other sites too. Nothing is loaded from this server:
// the page has an opaque origin, so that its requests count as those of another site.
// In a preview a click on a link opens it in a new tab.
const (
	policyHTML = "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'; " +
		"font-src data:; base-uri 'none'; form-action 'none'"
	policyRemote = "sandbox; default-src 'none'; img-src data: https: http:; style-src 'unsafe-inline' https: http:; " +
		"font-src data: https: http:; base-uri 'none'; form-action 'none'"
	previewSandbox = "sandbox allow-popups allow-popups-to-escape-sandbox"
)

// htmlForm says how the HTML of a mail is shown.
type htmlForm struct {
	scheme string // colour scheme of a preview: light or dark
	remote bool   // content on other sites may be loaded
}

// name is unique to this form.
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

// render is the HTML of a mail, rewritten so that only what is safe remains: see
// [message.Message.Page]. The policy is the second line of defence.
func (f htmlForm) render(mail *message.Message) []byte {
	return mail.Page(message.PageOptions{Scheme: f.scheme, Remote: f.remote, NewTab: f.scheme != ""})
}
