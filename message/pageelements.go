package message

import "strings"

// attributeKind says how the value of an attribute is looked at.
type attributeKind byte

const (
	attributePlain  attributeKind = iota + 1 // as it is
	attributeStyle                           // declarations
	attributeMedia                           // a media query
	attributeImage                           // the URL of an image
	attributeImages                          // URLs as a srcset has them
	attributeLink                            // a URL that a reader may follow
	attributeAnchor                          // a name within the page: #name
)

// commonAttributes may stay on every element, as may aria-* and data-*.
var commonAttributes = attributes("class dir hidden id lang role style:style title")

// pageElements are the elements that may stay, with those of their attributes that
// may. An attribute is one of these kinds, and plain if none is named.
var pageElements = map[string]map[string]attributeKind{
	"a":          attributes("coords href:link name shape"),
	"abbr":       nil,
	"acronym":    nil,
	"address":    nil,
	"area":       attributes("alt coords href:link nohref shape"),
	"article":    nil,
	"aside":      nil,
	"b":          nil,
	"basefont":   attributes("color face size"),
	"bdi":        nil,
	"bdo":        nil,
	"big":        nil,
	"blockquote": attributes("type"),
	"body":       attributes("alink background:image bgcolor bottommargin leftmargin link marginheight marginwidth rightmargin text topmargin vlink"),
	"br":         attributes("clear"),
	"button":     attributes("align height width"),
	"caption":    attributes("align valign"),
	"center":     nil,
	"cite":       nil,
	"code":       nil,
	"col":        attributes("align bgcolor char charoff span valign width"),
	"colgroup":   attributes("align bgcolor char charoff span valign width"),
	"dd":         nil,
	"del":        attributes("datetime"),
	"details":    attributes("open"),
	"dfn":        nil,
	"dir":        attributes("compact type"),
	"div":        attributes("align bgcolor height width"),
	"dl":         attributes("compact"),
	"dt":         nil,
	"em":         nil,
	"fieldset":   attributes("align"),
	"figcaption": nil,
	"figure":     nil,
	"font":       attributes("color face size"),
	"footer":     nil,
	"h1":         attributes("align"),
	"h2":         attributes("align"),
	"h3":         attributes("align"),
	"h4":         attributes("align"),
	"h5":         attributes("align"),
	"h6":         attributes("align"),
	"head":       nil,
	"header":     nil,
	"hgroup":     nil,
	"hr":         attributes("align color noshade size width"),
	"html":       nil,
	"i":          nil,
	"img":        attributes("align alt border height hspace name sizes src:image srcset:images usemap:anchor vspace width"),
	"input":      attributes("checked height maxlength name placeholder readonly size value width"),
	"ins":        attributes("datetime"),
	"kbd":        nil,
	"label":      attributes("for"),
	"legend":     attributes("align"),
	"li":         attributes("align type value"),
	"main":       nil,
	"map":        attributes("name"),
	"mark":       nil,
	"menu":       attributes("compact type"),
	"meter":      attributes("high low max min optimum value"),
	"nav":        nil,
	"nobr":       nil,
	"ol":         attributes("compact reversed start type"),
	"p":          attributes("align"),
	"picture":    nil,
	"pre":        attributes("width wrap"),
	"progress":   attributes("max value"),
	"q":          nil,
	"rp":         nil,
	"rt":         nil,
	"ruby":       nil,
	"s":          nil,
	"samp":       nil,
	"search":     nil,
	"section":    nil,
	"small":      nil,
	"source":     attributes("height media:media sizes srcset:images type width"),
	"span":       attributes("align bgcolor height width"),
	"strike":     nil,
	"strong":     nil,
	"style":      attributes("media:media"),
	"sub":        nil,
	"summary":    nil,
	"sup":        nil,
	"table":      attributes("align background:image bgcolor border bordercolor bordercolordark bordercolorlight cellpadding cellspacing cols frame height hspace rules summary valign vspace width"),
	"tbody":      attributes("align background:image bgcolor char charoff height valign width"),
	"td":         attributes("abbr align axis background:image bgcolor bordercolor char charoff colspan headers height nowrap rowspan scope valign width"),
	"tfoot":      attributes("align background:image bgcolor char charoff height valign width"),
	"th":         attributes("abbr align axis background:image bgcolor bordercolor char charoff colspan headers height nowrap rowspan scope valign width"),
	"thead":      attributes("align background:image bgcolor char charoff height valign width"),
	"time":       attributes("datetime"),
	"tr":         attributes("align background:image bgcolor bordercolor char charoff height valign width"),
	"tt":         nil,
	"u":          nil,
	"ul":         attributes("compact type"),
	"var":        nil,
	"wbr":        nil,
}

// renamedElements are written as another that looks much the same and does
// nothing. An element that is in no list here is a span.
var renamedElements = map[string]string{
	"form": "div", "image": "img", "listing": "pre", "plaintext": "pre", "textarea": "span", "xmp": "pre",
}

// droppedElements are left out with their content: they run or load something, contain what
// is not part of the text, or are parsed by special rules.
var droppedElements = wordSet(`
	applet audio datalist fencedframe frameset iframe math noembed noframes optgroup option portal
	script select selectedcontent svg template title xml
`)

// unwrappedElements are left out, but not their content.
var unwrappedElements = wordSet(`
	bgsound canvas command dialog embed frame isindex keygen nextid noscript object param rb rtc track video
`)

// voidElements have no end tag.
var voidElements = wordSet("area basefont br col hr img input link meta source wbr")

func attributes(list string) map[string]attributeKind {
	kinds := map[string]attributeKind{
		"": attributePlain, "style": attributeStyle, "media": attributeMedia, "image": attributeImage,
		"images": attributeImages, "link": attributeLink, "anchor": attributeAnchor,
	}
	set := make(map[string]attributeKind)
	for _, word := range strings.Fields(list) {
		name, kind, _ := strings.Cut(word, ":")
		set[name] = kinds[kind]
	}
	return set
}
