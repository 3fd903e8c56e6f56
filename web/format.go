package web

import (
	"net"
	"strings"

	"github.com/dustin/go-humanize"
)

// formatSize formats a number of bytes, as in 1.2 kB.
func formatSize(n int) string { return humanize.Bytes(uint64(n)) }

// maxShortened is the greatest length of a text in a list, in bytes.
const maxShortened = 2000

// shorten cuts what is too long for a list.
func shorten(text string) string {
	if len(text) <= maxShortened {
		return text
	}
	return strings.ToValidUTF8(text[:maxShortened], "") + "…"
}

// tryCommand is a shell command that sends an example mail to an SMTP address.
func tryCommand(address string) string {
	return `printf 'Subject: Hello\n\nIt works.\n' | curl --crlf -T - --mail-from app@example.com --mail-rcpt you@example.com smtp://` + address
}

// completeAddress is a listen address as a client on the reader's machine would write
// it: one without a host gets the host of the page.
func completeAddress(address, pageHost string) string {
	if strings.Contains(address, "/") {
		return address // it has a network and a path, as for a unix socket
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	if host == "" || net.ParseIP(host).IsUnspecified() {
		host = pageHost
		if name, _, err := net.SplitHostPort(pageHost); err == nil {
			host = name
		}
		host = strings.Trim(host, "[]")
	}
	return net.JoinHostPort(host, port)
}
