package check

import "github.com/caddy-mailbucket/mailbucket/message"

// problems adds findings for the problems that the SMTP session and package message found.
func (c *checker) problems() {
	for _, text := range c.Problems {
		c.add(Finding{Code: "smtp", Group: SMTP, Severity: Warning, Text: text, Count: 1, Places: []Place{{}}})
	}
	for _, p := range c.Mail.Problems() {
		place := Place{Part: p.Part}
		f := Finding{Code: Code(p.Code), Group: MIME, Severity: Warning, Text: p.String(), Count: 1, Places: []Place{place}}
		if group, ok := problemGroups[p.Code]; ok {
			f.Group = group
		}
		if severity, ok := problemSeverities[p.Code]; ok {
			f.Severity = severity
		}
		c.add(f)
	}
}

// problemGroups has the problems that are not of the group [MIME].
var problemGroups = map[message.Code]Group{
	message.MissingField:     Sender,
	message.MalformedDate:    Sender,
	message.UnknownZone:      Sender,
	message.TooManyAddresses: Sender,
	message.HTMLOnly:         Text,
	message.LargeHTML:        HTML,
	message.MissingInline:    Images,
	message.RelativeImage:    Images,
	message.InsecureImage:    Images,
	message.WrongImageType:   Images,
	message.TooManyLinks:     Links,
}

// problemSeverities has the problems that are not a [Warning].
var problemSeverities = map[message.Code]Severity{
	message.MissingBoundary:  Error,
	message.NoParts:          Error,
	message.EncodedContainer: Error,
	message.MissingField:     Error,
	message.UnknownEncoding:  Error,
	message.MalformedBase64:  Error,
	message.TruncatedBase64:  Error,
	message.UnknownCharset:   Error,
	message.MalformedCharset: Error,
	message.Mojibake:         Error,
	message.LargeHTML:        Error,
	message.MissingInline:    Error,
	message.RelativeImage:    Error,
	message.TooManyAddresses: Note,
	message.TooManyLinks:     Note,
	message.MoreProblems:     Note,
	message.BodyTooLarge:     Note,
	message.Epilogue:         Note,
}
