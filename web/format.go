package web

import (
	"net"
	"strings"

	"github.com/dustin/go-humanize"
)

// formatSize is a number of bytes for people: 1.2 kB.
func formatSize(n int) string { return humanize.Bytes(uint64(n)) }

// maxShortened is how long a text in a list may be, in bytes.
const maxShortened = 2000

// shorten cuts what is too long for a list.
func shorten(text string) string {
	if len(text) <= maxShortened {
		return text
	}
	return strings.ToValidUTF8(text[:maxShortened], "") + "…"
}

// tryCommand sends a mail to an address from a shell.
func tryCommand(address string) string {
	return `printf 'Subject: Hello\n\nIt works.\n' | curl --crlf -T - --mail-from app@example.com --mail-rcpt you@example.com smtp://` + address
}

// completeAddress is a listen address as a client on the reader's machine would
// use it: one without a host has that of the page.
func completeAddress(address, pageHost string) string {
	if strings.Contains(address, "/") {
		return address // a network and a path, as of a unix socket
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
