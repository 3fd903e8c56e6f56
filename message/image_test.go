package message

import (
	"encoding/base64"
	"testing"
)

// Beginnings of images of each kind.
const (
	pngHead  = "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
	jpegHead = "\xff\xd8\xff\xe0\x00\x10JFIF\x00"
	bmpHead  = "BM\x46\x00\x00\x00\x00\x00\x00\x00\x36\x00\x00\x00\x28\x00\x00\x00\x02\x00\x00\x00"
	icoHead  = "\x00\x00\x01\x00\x01\x00\x10\x10\x00\x00\x01\x00\x20\x00"
)

func TestImageType(t *testing.T) {
	for _, tt := range []struct{ fields, content, want string }{
		{"Content-Type: image/png", pngHead, "image/png"},
		{"Content-Type: image/png", "broken", "image/png"},
		{"Content-Type: image/png", jpegHead, "image/jpeg"},
		{"Content-Type: IMAGE/JPG; name=a.jpg", "broken", "image/jpeg"},
		{"Content-Type: image/pjpeg", jpegHead, "image/jpeg"},
		{"Content-Type: image/svg+xml", "<svg/>", ""},
		{"Content-Type: image/tiff; name=a.png", "II*\x00", ""},
		{"Content-Type: image/unknown; name=a.gif", "broken", "image/gif"},
		{"Content-Type: application/octet-stream", pngHead, "image/png"},
		{"Content-Type: application/octet-stream; name=logo.PNG", "broken", "image/png"},
		{"Content-Type: application/octet-stream\r\nContent-Disposition: inline; filename=logo.jpeg", "broken", "image/jpeg"},
		{"Content-Type: application/octet-stream; name=logo.svg", "<svg/>", ""},
		{"Content-Type: application/octet-stream; name=a.pdf", "%PDF-1.5", ""},
		{"Content-Type: application/pdf; name=a.png", "%PDF-1.5", ""},
		{"Content-Type: application/x-unknown", "GIF89a\x01\x00", "image/gif"},
		{"Content-Type: binary/octet-stream", "RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"},
		{"Content-Type: application/octet-stream", "\x00\x00\x00\x20ftypavif", "image/avif"},
		{"Content-Type: application/octet-stream", bmpHead, "image/bmp"},
		{"Content-Type: application/octet-stream", icoHead, "image/x-icon"},
		{"Content-Type: application/octet-stream", "BMW builds cars, and motorcycles too", ""},
		{"Content-ID: <logo>", pngHead, "image/png"},
		{"Content-Type: text/plain; name=logo.png", pngHead, "image/png"},
		{"Content-Type: text/plain; name=about-gif.txt", "GIF89a is a format", ""},
		{"Content-Type: text/plain", "GIF89a is a format", ""},
		{"Content-Type: text/html", "<p>x</p>", ""},
		{"Content-Type: message/rfc822; name=a.png", "Subject: x\r\n\r\n", ""},
		{"Content-Type: multipart/mixed; name=a.png", "x", ""},
	} {
		body := base64.StdEncoding.EncodeToString([]byte(tt.content))
		if got := Parse(tt.fields + "\r\nContent-Transfer-Encoding: base64\r\n\r\n" + body).Root.ImageType(); got != tt.want {
			t.Errorf("%q with %q: %q, want %q", tt.fields, tt.content, got, tt.want)
		}
	}
}

func TestWrongImageTypeIsSaid(t *testing.T) {
	for raw, want := range map[string]bool{
		"Content-Type: application/octet-stream; name=a.png\r\n\r\nx": true,
		"Content-Type: image/jpg\r\n\r\nx":                            false,
		"Content-Type: application/octet-stream; name=a.pdf\r\n\r\nx": false,
	} {
		if got := codes(Parse(raw))[WrongImageType]; got != want {
			t.Errorf("%q: %v", raw, got)
		}
	}
}

func TestContentLocation(t *testing.T) {
	for field, want := range map[string]string{
		"Content-Location: https://a.test/logo.png":             "https://a.test/logo.png",
		"Content-Location:\r\n https://a.test/\r\n very/long":   "https://a.test/very/long",
		"content-location: =?utf-8?Q?logo.png?=":                "logo.png",
		"Content-ID: <a>":                                       "",
		"Content-Location: logo 2.png\r\nContent-Location: two": "logo2.png",
	} {
		if got := Parse(field + "\r\n\r\nx").Root.ContentLocation(); got != want {
			t.Errorf("%q: %q, want %q", field, got, want)
		}
	}
}
