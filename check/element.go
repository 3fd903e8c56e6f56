package check

import (
	"strings"
)

// maxAttributes is how many attributes of an element are read.
const maxAttributes = 100

// element looks at a start tag.
func (w *walker) element() {
	name := w.readTag()
	w.uses.see(sign("e:"+name), w.here)
	for _, a := range w.attributes {
		w.uses.see(sign("a:"+a.key), w.here)
		switch {
		case strings.HasPrefix(a.key, "on") && len(a.key) > 3:
			w.found(Script, a.key, w.here)
		case a.key == "background":
			w.image(a.value, false)
		case a.key == "srcset":
			for _, url := range sourceSet(a.value) {
				w.image(url, false)
			}
		case a.key == "style":
			w.declarations(a.value)
		}
	}
	switch name {
	case "html":
		w.lang = w.attribute("lang") != "" || w.attribute("xml:lang") != ""
		if w.has("⚡4email") || w.has("amp4email") {
			w.uses.see("x:amp", w.here)
		}
	case "body":
		w.lang = w.lang || w.attribute("lang") != ""
	case "base":
		w.based = w.based || w.attribute("href") != ""
	case "meta":
		w.meta()
	case "script":
		w.found(Script, "", w.here)
	case "iframe", "frame", "object", "embed", "applet":
		w.found(Frame, "", w.here)
	case "style", "title":
		w.raw = name
	case "noscript":
		w.z.NextIsNotRawText() // its content is parsed as HTML where scripts do not run
	case "a":
		w.openLink()
	case "area":
		w.target()
	case "img":
		w.img()
	case "input", "button":
		kind := strings.ToLower(excerpt(w.attribute("type")))
		if kind == "" {
			kind = map[string]string{"input": "text", "button": "submit"}[name]
		}
		w.uses.see(sign("t:"+name+"="+kind), w.here)
	}
}

// readTag reads the name and the attributes of a start tag. Of attributes with the
// same name the first counts, as in browsers.
func (w *walker) readTag() string {
	name, more := w.z.TagName()
	tag := string(name)
	w.attributes = w.attributes[:0]
	for more && len(w.attributes) < maxAttributes {
		var key, value []byte
		key, value, more = w.z.TagAttr()
		if !w.has(string(key)) {
			w.attributes = append(w.attributes, attribute{string(key), string(value)})
		}
	}
	return tag
}

// attribute gives the value of an attribute; "" if there is none.
func (w *walker) attribute(key string) string {
	for _, a := range w.attributes {
		if a.key == key {
			return a.value
		}
	}
	return ""
}

func (w *walker) has(key string) bool {
	for _, a := range w.attributes {
		if a.key == key {
			return true
		}
	}
	return false
}

// meta looks at a meta element.
func (w *walker) meta() {
	switch name := strings.ToLower(w.attribute("name")); name {
	case "color-scheme", "supported-color-schemes":
		w.scheme = true
		if name == "color-scheme" {
			w.uses.see("x:meta-color-scheme", w.here)
		}
	}
	charset := w.attribute("charset")
	if strings.EqualFold(w.attribute("http-equiv"), "content-type") {
		_, after, _ := strings.Cut(strings.ToLower(w.attribute("content")), "charset=")
		charset, _, _ = strings.Cut(after, ";")
	}
	if w.charset == "" {
		w.charset = charset
	}
}
