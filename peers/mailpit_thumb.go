package peers

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	_ "image/gif" // to decode
	"image/jpeg"
	_ "image/png" // to decode
	"net/http"

	scale "golang.org/x/image/draw"
	_ "golang.org/x/image/webp" // to decode

	"github.com/caddy-mailbucket/mailbucket/content"
	"github.com/caddy-mailbucket/mailbucket/message"
)

// The size of Mailpit's thumbnails, in pixels, and the most pixels that their image may
// have. Decoding an image takes up to pixelMemory bytes per pixel.
const (
	thumbWidth, thumbHeight = 180, 120
	thumbQuality            = 70
	maxPixels               = 8 << 20
	pixelMemory             = 8
)

// mailpitThumb answers GET /api/v1/message/{ID}/part/{PartID}/thumb with a small JPEG of an
// image, or a white one if the part is not an image that can be decoded.
func (a *API) mailpitThumb(w http.ResponseWriter, r *http.Request, names []string) *failure {
	m, f := a.named(r, names[0])
	if f != nil {
		return f
	}
	part := partWithID(a.contents.Mail(m).Parsed(), names[1])
	if part == nil {
		return badRequest("this message has no such part")
	}
	pixels := pixelsOf(part)
	w.Header().Set("Content-Disposition", content.Disposition("inline", part.SaveName()))
	return a.sendMade(w, r, m, made{
		name: "mailpit-thumb-" + names[1], contentType: "image/jpeg", most: pixelMemory * (pixels + 2*thumbWidth*thumbHeight), heavy: true,
		build: func(*message.Message) []byte { return thumbnail(part, pixels > 0) },
	})
}

// thumbnail draws the image of a part, scaled to fit, on a white background. It leaves it
// white if the image cannot be decoded.
func thumbnail(part *message.Part, readable bool) []byte {
	canvas := image.NewRGBA(image.Rect(0, 0, thumbWidth, thumbHeight))
	draw.Draw(canvas, canvas.Bounds(), image.NewUniform(color.White), image.Point{}, draw.Src)
	if readable {
		if source, _, err := image.Decode(part.Open()); err == nil && !source.Bounds().Empty() {
			scale.ApproxBiLinear.Scale(canvas, fit(source.Bounds()), source, source.Bounds(), draw.Over, nil)
		}
	}
	var out bytes.Buffer
	if err := jpeg.Encode(&out, canvas, &jpeg.Options{Quality: thumbQuality}); err != nil {
		panic(err) // a buffer takes everything, and the size is fixed
	}
	return out.Bytes()
}

// fit is the area of a thumbnail that an image of that size is scaled to.
func fit(size image.Rectangle) image.Rectangle {
	width, height := thumbWidth, size.Dy()*thumbWidth/size.Dx()
	if height > thumbHeight {
		width, height = size.Dx()*thumbHeight/size.Dy(), thumbHeight
	}
	width, height = max(1, width), max(1, height)
	at := image.Pt((thumbWidth-width)/2, (thumbHeight-height)/2)
	return image.Rectangle{at, at.Add(image.Pt(width, height))}
}

// pixelsOf is how many pixels the image of a part has, 0 if it cannot be decoded or is too
// large.
func pixelsOf(part *message.Part) int {
	if part.ImageType() == "" {
		return 0
	}
	config, _, err := image.DecodeConfig(part.Open())
	if err != nil || config.Width <= 0 || config.Height <= 0 || config.Height > maxPixels/config.Width {
		return 0
	}
	return config.Width * config.Height
}
