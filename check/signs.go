package check

import (
	"strings"
	"sync"
)

// A sign shows that a mail uses a feature. It consists of a letter for its kind, a colon,
// and a name in lower case.
//
//	e:table            an element
//	a:align            an attribute of any element
//	t:input=submit     the type attribute of an element
//	p:margin           a property of CSS
//	v:display=flex     a property with one of its keywords
//	k:max-content      a keyword in the value of any property
//	f:calc             a function
//	u:rem              a unit
//	@:media            an at-rule
//	m:hover            a media feature
//	c:hover c::after   a pseudo-class, a pseudo-element
//	s:child            a kind of selector
//	i:png              the format of an image
//	x:doctype          something that the walk over the page knows by itself
type sign string

// manySigns has the signs of the features whose signs do not follow from their names.
var manySigns = map[string]string{
	"amp":  "x:amp",
	"bimi": "", // it is published in the DNS

	"css-animation": `p:animation p:animation-name p:animation-duration p:animation-delay p:animation-direction
		p:animation-fill-mode p:animation-iteration-count p:animation-play-state p:animation-timing-function`,
	"css-at-media-device-pixel-ratio": `m:-webkit-device-pixel-ratio m:-webkit-min-device-pixel-ratio
		m:-webkit-max-device-pixel-ratio`,
	"css-at-media-hover":    "m:hover m:any-hover",
	"css-block-inline-size": "p:block-size p:inline-size",
	"css-border": `p:border p:border-width p:border-style p:border-color
		p:border-top p:border-top-width p:border-top-style p:border-top-color
		p:border-bottom p:border-bottom-width p:border-bottom-style p:border-bottom-color
		p:border-left p:border-left-width p:border-left-style p:border-left-color
		p:border-right p:border-right-width p:border-right-style p:border-right-color`,
	"css-border-image": `p:border-image p:border-image-source p:border-image-slice p:border-image-width
		p:border-image-outset p:border-image-repeat`,
	"css-border-inline-block": "p:border-inline p:border-block",
	"css-border-inline-block-individual": `p:border-inline-color p:border-block-color p:border-inline-style
		p:border-block-style p:border-inline-width p:border-block-width p:border-inline-start p:border-inline-end
		p:border-block-start p:border-block-end`,
	"css-border-inline-block-longhand": `p:border-inline-start-color p:border-block-start-color
		p:border-inline-start-style p:border-block-start-style p:border-inline-start-width p:border-block-start-width
		p:border-inline-end-color p:border-block-end-color p:border-inline-end-style p:border-block-end-style
		p:border-inline-end-width p:border-block-end-width`,
	"css-border-radius": `p:border-radius p:border-top-left-radius p:border-top-right-radius
		p:border-bottom-left-radius p:border-bottom-right-radius`,
	"css-border-radius-logical": `p:border-start-start-radius p:border-start-end-radius p:border-end-start-radius
		p:border-end-end-radius`,
	"css-column-layout-properties": `p:columns p:column-count p:column-fill p:column-gap p:column-rule
		p:column-rule-color p:column-rule-style p:column-rule-width p:column-span p:column-width`,
	"css-comments":                 "x:css-comment",
	"css-conic-gradient":           "f:conic-gradient f:repeating-conic-gradient",
	"css-display-flex":             "v:display=flex v:display=inline-flex",
	"css-display-grid":             "v:display=grid v:display=inline-grid",
	"css-display-none":             "v:display=none",
	"css-flex-direction":           "v:flex-direction=column v:flex-direction=column-reverse",
	"css-flex-wrap":                "p:flex-wrap p:flex-flow",
	"css-gap":                      "p:gap p:column-gap p:row-gap",
	"css-grid-template":            "p:grid-template p:grid-template-areas p:grid-template-columns p:grid-template-rows",
	"css-important":                "x:important",
	"css-inert-attribute":          "a:inert",
	"css-inset":                    "p:inset p:inset-block p:inset-inline p:inset-inline-start p:inset-inline-end p:inset-block-start p:inset-block-end",
	"css-intrinsic-size":           "k:fit-content k:min-content k:max-content",
	"css-left-right-top-bottom":    `p:left p:right p:top p:bottom`,
	"css-linear-gradient":          "f:linear-gradient f:repeating-linear-gradient",
	"css-margin":                   "p:margin p:margin-left p:margin-right p:margin-top p:margin-bottom",
	"css-margin-block-start-end":   "p:margin-block-start p:margin-block-end",
	"css-margin-inline-block":      "p:margin-inline p:margin-block",
	"css-margin-inline-start-end":  "p:margin-inline-start p:margin-inline-end",
	"css-modern-color":             "f:lch f:oklch f:lab f:oklab",
	"css-nesting":                  "x:nesting",
	"css-outline":                  "p:outline p:outline-color p:outline-style p:outline-width",
	"css-overflow":                 "p:overflow p:overflow-x p:overflow-y p:overflow-block p:overflow-inline",
	"css-padding":                  "p:padding p:padding-left p:padding-right p:padding-top p:padding-bottom",
	"css-padding-block-start-end":  "p:padding-block-start p:padding-block-end",
	"css-padding-inline-block":     "p:padding-inline p:padding-block",
	"css-padding-inline-start-end": "p:padding-inline-start p:padding-inline-end",
	"css-radial-gradient":          "f:radial-gradient f:repeating-radial-gradient",
	"css-rgb":                      "f:rgb",
	"css-rgba":                     "f:rgba",
	"css-scroll-snap": `p:scroll-snap-type p:scroll-snap-align p:scroll-snap-stop p:scroll-margin
		p:scroll-padding`,
	"css-sytem-ui":      "k:system-ui k:ui-serif k:ui-sans-serif k:ui-rounded k:ui-monospace",
	"css-text-emphasis": "p:text-emphasis p:text-emphasis-color p:text-emphasis-style",
	"css-text-wrap":     "p:text-wrap p:text-wrap-mode p:text-wrap-style",
	"css-transition": `p:transition p:transition-property p:transition-duration p:transition-delay
		p:transition-timing-function`,
	"css-unit-calc":    "f:calc",
	"css-unit-initial": "k:initial",
	"css-unit-percent": "u:%",
	"css-variables":    "f:var x:custom-property",

	"html-align":             "a:align",
	"html-anchor-links":      "x:anchor",
	"html-background":        "a:background",
	"html-button-reset":      "t:button=reset",
	"html-button-submit":     "t:button=submit",
	"html-cellpadding":       "a:cellpadding",
	"html-cellspacing":       "a:cellspacing",
	"html-comments":          "x:html-comment",
	"html-dir":               "a:dir",
	"html-doctype":           "x:doctype",
	"html-h1-h6":             "e:h1 e:h2 e:h3 e:h4 e:h5 e:h6",
	"html-height":            "a:height",
	"html-hidden":            "a:hidden",
	"html-image-maps":        "e:map a:usemap",
	"html-lang":              "a:lang",
	"html-lists":             "e:ul e:ol e:dl",
	"html-loading-attribute": "a:loading",
	"html-mailto-links":      "x:mailto",
	"html-meta-color-scheme": "x:meta-color-scheme",
	"html-popover":           "a:popover",
	"html-required":          "a:required",
	"html-role":              "a:role",
	"html-semantics": `e:article e:aside e:details e:figcaption e:figure e:footer e:header e:main e:mark e:nav
		e:section e:summary e:time`,
	"html-srcset": "a:srcset a:sizes",
	"html-target": "a:target",
	"html-valign": "a:valign",
	"html-width":  "a:width",

	"image-base64": "i:data",
	"image-hdr":    "", // it can only be seen in the pixels
	"image-heif":   "i:heif i:heic",
	"image-jpg":    "i:jpg i:jpeg",
	"image-tiff":   "i:tiff i:tif",
}

// signKinds has the prefixes of the names of the other features, longer ones first. The
// rest of the name is the name in the sign.
var signKinds = []struct{ prefix, sign string }{
	{"css-at-media-", "m:"}, {"css-at-", "@:"}, {"css-function-", "f:"}, {"css-pseudo-class-", "c:"},
	{"css-pseudo-element-", "c::"}, {"css-selector-", "s:"}, {"css-unit-", "u:"}, {"css-", "p:"},
	{"html-aria-", "a:aria-"}, {"html-input-", "t:input="}, {"html-", "e:"}, {"image-", "i:"},
}

// signsOf gives the signs of a feature; none if no mail can have one.
func signsOf(slug string) []sign {
	if list, ok := manySigns[slug]; ok {
		var signs []sign
		for word := range strings.FieldsSeq(list) {
			signs = append(signs, sign(word))
		}
		return signs
	}
	for _, kind := range signKinds {
		if name, ok := strings.CutPrefix(slug, kind.prefix); ok {
			return []sign{sign(kind.sign + name)}
		}
	}
	return nil
}

// featuresBySign returns the features that a sign stands for, by their index in
// [Knowledge.Features].
var featuresBySign = sync.OnceValue(func() map[sign][]int {
	by := make(map[sign][]int)
	for i, f := range Clients().Features {
		for _, s := range signsOf(f.Slug) {
			by[s] = append(by[s], i)
		}
	}
	return by
})

// Tests is how many of the features a check can find in a mail.
func (k *Knowledge) Tests() int {
	n := 0
	for _, f := range k.Features {
		if len(signsOf(f.Slug)) > 0 {
			n++
		}
	}
	return n
}
