package peers

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/png"
	"reflect"
	"strings"
	"testing"

	"github.com/caddy-mailbucket/mailbucket/message"
)

func TestMailpitHTMLCheck(t *testing.T) {
	p := newPeer(t)
	p.add("a@x", []string{"b@x"}, "Content-Type: text/html\n\n<p>Hi<br><img src=\"cid:gone@x\"><img src=\"http://x.test/a.png\"></p>\n")
	got := p.get("/api/v1/message/latest/html-check").(map[string]any)
	if total := got["Total"]; !reflect.DeepEqual(total, map[string]any{"Tests": 4.0, "Nodes": 4.0, "Supported": 50.0, "Partial": 25.0, "Unsupported": 25.0}) {
		t.Errorf("total %v", total)
	}
	var slugs []any
	for _, warning := range got["Warnings"].([]any) {
		slugs = append(slugs, warning.(map[string]any)["Slug"])
	}
	if !reflect.DeepEqual(slugs, []any{"missing-inline-part", "insecure-image"}) {
		t.Errorf("warnings %v", slugs)
	}
	p.add("a@x", []string{"b@x"}, "Subject: x\n\ntext\n")
	if response, body := p.ask("GET", "/api/v1/message/latest/html-check", ""); response.StatusCode != 400 || body != "Error: message does not contain HTML" {
		t.Errorf("%s %s", response.Status, body)
	}
}

func TestMailpitThumbnails(t *testing.T) {
	red := image.NewRGBA(image.Rect(0, 0, 400, 100))
	for i := range red.Pix {
		red.Pix[i] = []byte{255, 0, 0, 255}[i%4]
	}
	var encoded bytes.Buffer
	if err := png.Encode(&encoded, red); err != nil {
		t.Fatal(err)
	}
	p := newPeer(t)
	p.add("a@x", []string{"b@x"}, "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: image/png\nContent-Transfer-Encoding: base64\n\n"+
		base64.StdEncoding.EncodeToString(encoded.Bytes())+"\n--b\nContent-Type: text/plain\n\nx\n--b\nContent-Type: image/png\n\nnot an image\n--b--\n")
	for id, middle := range map[string]color.RGBA{"1": {255, 0, 0, 255}, "2": {255, 255, 255, 255}, "3": {255, 255, 255, 255}} {
		response, body := p.ask("GET", "/api/v1/message/latest/part/"+id+"/thumb", "")
		shown, kind, err := image.Decode(strings.NewReader(body))
		if response.StatusCode != 200 || err != nil || kind != "jpeg" || response.Header.Get("Content-Type") != "image/jpeg" || shown.Bounds() != image.Rect(0, 0, 180, 120) {
			t.Errorf("part %s: %s, %s, %v", id, response.Status, kind, err)
			continue
		}
		r, g, b, _ := shown.At(90, 60).RGBA()
		if near := func(got uint32, want uint8) bool { return int(got>>8)-int(want) < 12 && int(want)-int(got>>8) < 12 }; !near(r, middle.R) || !near(g, middle.G) || !near(b, middle.B) {
			t.Errorf("part %s: %v in the middle", id, shown.At(90, 60))
		}
		if r, g, b, _ := shown.At(90, 2).RGBA(); r>>8 < 240 || g>>8 < 240 || b>>8 < 240 {
			t.Errorf("part %s: %v at the top", id, shown.At(90, 2))
		}
	}
	if response, _ := p.ask("GET", "/api/v1/message/latest/part/9/thumb", ""); response.StatusCode != 400 {
		t.Errorf("no part: %s", response.Status)
	}
}

func TestImagesOfMillionsOfPixelsAreNotDecoded(t *testing.T) {
	header := []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR\x00\x00\xea\x60\x00\x00\xea\x60\x08\x06\x00\x00\x00") // 60,000 by 60,000
	header = binary.BigEndian.AppendUint32(header, crc32.ChecksumIEEE(header[12:]))
	part := message.Parse("Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.StdEncoding.EncodeToString(header)).Root
	if config, err := png.DecodeConfig(part.Open()); err != nil || config.Width != 60000 {
		t.Fatalf("the header is not read: %v", err)
	}
	if n := pixelsOf(part); n != 0 {
		t.Errorf("%d pixels", n)
	}
}
