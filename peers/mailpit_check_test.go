package peers

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/png"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/caddy-mailbucket/mailbucket/message"
)

func TestMailpitHTMLCheck(t *testing.T) {
	p := newPeer(t)
	p.add("a@x", []string{"b@x"}, "Content-Type: text/html\n\n<style>p { display: flex }</style><script>1</script><p>Hi<video></video></p>\n")
	got := p.get("/api/v1/message/latest/html-check").(map[string]any)
	warnings := make(map[string]map[string]any)
	var slugs []string
	for _, warning := range got["Warnings"].([]any) {
		w := warning.(map[string]any)
		slug := w["Slug"].(string)
		warnings[slug], slugs = w, append(slugs, slug)
		for _, key := range []string{"Title", "Description", "URL", "Category", "Keywords"} {
			if _, ok := w[key].(string); !ok {
				t.Errorf("%s has no %s", slug, key)
			}
		}
		score := w["Score"].(map[string]any)
		if sum := score["Supported"].(float64) + score["Partial"].(float64) + score["Unsupported"].(float64); math.Abs(sum-100) > 1e-9 || score["Found"].(float64) < 1 {
			t.Errorf("%s: score %v", slug, score)
		}
	}
	if slugs[0] != "html-script" || warnings["css-display-flex"] == nil || warnings["html-style"] == nil || warnings["html-video"] == nil || warnings["css-display-grid"] != nil {
		t.Errorf("warnings %v", slugs)
	}
	var gmail map[string]any
	for _, result := range warnings["html-video"]["Results"].([]any) {
		if r := result.(map[string]any); r["Name"] == "Gmail iOS" {
			gmail = r
		}
	}
	if !reflect.DeepEqual(gmail, map[string]any{"Name": "Gmail iOS", "Platform": "ios", "Family": "gmail", "Version": "", "Support": "no", "NoteNumber": "2"}) {
		t.Errorf("Gmail: %v", gmail)
	}
	if note := warnings["html-video"]["NotesByNumber"].(map[string]any)["4"]; note != "<code>&lt;video&gt;</code>, <code>&lt;source&gt;</code> and <code>&lt;track&gt;</code> tags are stripped. The fallback content is shown instead." {
		t.Errorf("note %v", note)
	}
	if ios := got["Platforms"].(map[string]any)["ios"].([]any); !slices.Contains(ios, any("Gmail")) || !slices.Contains(ios, any("Apple Mail")) {
		t.Errorf("platforms %v", got["Platforms"])
	}
	total := got["Total"].(map[string]any)
	if total["Nodes"] != 4.0 || total["Tests"].(float64) < 200 || total["Unsupported"] != 25.0 ||
		math.Abs(total["Supported"].(float64)+total["Partial"].(float64)+total["Unsupported"].(float64)-100) > 1e-9 {
		t.Errorf("total %v", total)
	}
	p.add("a@x", []string{"b@x"}, "Content-Type: text/html\n\nno element\n")
	if got := p.get("/api/v1/message/latest/html-check").(map[string]any)["Total"].(map[string]any)["Supported"]; got != 100.0 {
		t.Errorf("only text: %v", got)
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
