package content

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
	PolicyHTML = "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'; " +
		"font-src data:; base-uri 'none'; form-action 'none'"
	policyRemote = "sandbox; default-src 'none'; img-src data: https: http:; style-src 'unsafe-inline' https: http:; " +
		"font-src data: https: http:; base-uri 'none'; form-action 'none'"
	previewSandbox = "sandbox allow-popups allow-popups-to-escape-sandbox"
)

// HTMLForm says how the HTML of a mail is shown.
type HTMLForm struct {
	Scheme string // colour scheme of a preview: light or dark
	Remote bool   // content on other sites may be loaded
}

// Name is unique to this form.
func (f HTMLForm) Name() string {
	name := "html"
	if f.Remote {
		name += "-remote"
	}
	if f.Scheme != "" {
		name += "-" + f.Scheme
	}
	return name
}

// Policy is the Content-Security-Policy of the answer.
func (f HTMLForm) Policy() string {
	policy := PolicyHTML
	if f.Remote {
		policy = policyRemote
	}
	if f.Scheme == "" {
		return policy + "; frame-ancestors 'none'"
	}
	return strings.Replace(policy, "sandbox", previewSandbox, 1) + "; frame-ancestors 'self'"
}

// Render is the HTML of a mail, rewritten so that only what is safe remains: see
// [message.Message.Page]. The policy is the second line of defence.
func (f HTMLForm) Render(mail *message.Message) []byte {
	return mail.Page(message.PageOptions{Scheme: f.Scheme, Remote: f.Remote, NewTab: f.Scheme != ""})
}

// PolicyNothing is the content security policy for parts of a mail: a browser that
// shows one runs and loads nothing for it.
const PolicyNothing = "sandbox; default-src 'none'; frame-ancestors 'none'"
