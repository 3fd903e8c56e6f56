package check

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// img looks at an img element.
func (w *walker) img() {
	if alt := w.attribute("alt"); alt != "" {
		w.link.show(" " + alt)
	}
	if !w.has("alt") {
		w.found(AltMissing, "", w.here)
	}
	src := strings.TrimSpace(w.attribute("src"))
	if src == "" {
		if !w.has("srcset") {
			w.found(ImageWithoutSource, "", w.here)
		}
		return
	}
	w.image(src, isPixel(w.attribute("width")) && isPixel(w.attribute("height")))
}

// isPixel reports whether a width or height is at most one pixel.
func isPixel(length string) bool {
	length = strings.TrimSuffix(strings.TrimSpace(length), "px")
	return length == "0" || length == "1"
}

// image looks at the URL of an image, which may be as small as a pixel.
func (w *walker) image(src string, pixel bool) {
	src = strings.TrimSpace(src)
	switch scheme := schemeOf(src); {
	case scheme == "data":
		w.uses.see("i:data", w.here)
		w.found(DataImage, refusal("image-base64"), w.here)
		kind, _, _ := strings.Cut(src[len("data:"):min(len(src), maxExcerpt)], ",")
		kind, _, _ = strings.Cut(kind, ";")
		w.format(strings.ToLower(kind))
	case scheme == "cid":
		if p := w.Mail.InlinePart(src[len("cid:"):]); p != nil {
			kind := p.ImageType()
			if kind == "" {
				kind = p.MediaType
			}
			w.format(kind)
		}
	case scheme == "http", scheme == "https", strings.HasPrefix(src, "//"):
		if pixel {
			w.found(TrackingPixel, excerpt(hostOf(src)), w.here)
		} else {
			w.found(RemoteImage, "", w.here)
		}
		src, _, _ = strings.Cut(src, "#")
		src, _, _ = strings.Cut(src, "?")
		w.format("image/" + strings.ToLower(strings.TrimPrefix(path.Ext(src[max(0, len(src)-maxExcerpt):]), ".")))
	}
}

// format notes the format of an image by its media type or its file name's ending.
func (w *walker) format(kind string) {
	_, name, _ := strings.Cut(kind, "/")
	switch name = strings.TrimPrefix(name, "x-"); name {
	case "svg+xml":
		name = "svg"
	case "vnd.microsoft.icon", "icon":
		name = "ico"
	case "ms-bmp":
		name = "bmp"
	}
	s := sign("i:" + name)
	w.uses.see(s, w.here)
	for _, i := range featuresBySign()[s] {
		if f := Clients().Features[i]; name != "data" && f.totals().Unsupported > 0 {
			w.foundKind(ImageFormat, name, strings.ToUpper(name)+", "+refusal(f.Slug), w.here)
		}
	}
}

// maxNamed is how many clients a sentence names.
const maxNamed = 6

// refusal says in words how many clients do not support a feature, and which.
func refusal(slug string) string {
	k := Clients()
	i := slices.IndexFunc(k.Features, func(f *Feature) bool { return f.Slug == slug })
	if i < 0 {
		return ""
	}
	t := k.Features[i].totals()
	var names []string
	for _, c := range k.clientsOf(k.Features[i], Unsupported) {
		if !slices.Contains(names, c.Family) {
			names = append(names, c.Family)
		}
	}
	more := ""
	if n := len(names) - maxNamed; n > 0 {
		names, more = names[:maxNamed], fmt.Sprintf(" and %d more", n)
	}
	tested := t.Supported + t.Partly + t.Unsupported
	return fmt.Sprintf("%d of %d clients do not show them, among them %s%s", t.Unsupported, tested, strings.Join(names, ", "), more)
}

// sourceSet gives the URLs in a srcset attribute, at most [MaxPlaces].
func sourceSet(list string) []string {
	var urls []string
	for candidate := range strings.SplitSeq(list, ", ") {
		if words := strings.Fields(candidate); len(words) > 0 {
			urls = append(urls, strings.TrimRight(words[0], ","))
		}
		if len(urls) == MaxPlaces {
			break
		}
	}
	return urls
}
