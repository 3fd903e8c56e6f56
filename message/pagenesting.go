package message

// nesting is what an element of a tree is in, as far as it matters to the HTML parser. The
// parser makes trees that it would not make again of the same elements written one after
// the other, such as a link in a link around a table.
type nesting struct {
	parent          string
	a, nobr, button bool
	p               bool
}

// closesP are start tags that end an open p (HTML 13.2.6.4.7).
var closesP = wordSet(`
	address article aside blockquote center dd details dir div dl dt fieldset figcaption figure footer
	h1 h2 h3 h4 h5 h6 header hgroup hr li main menu nav ol p pre search section summary ul
`)

// headings end each other where one is right within another.
var headings = wordSet("h1 h2 h3 h4 h5 h6")

// moves reports whether the parser would put an element elsewhere.
func (in nesting) moves(element string) bool {
	switch {
	case in.p && closesP[element]:
		return true
	case headings[element]:
		return headings[in.parent]
	case element == "a":
		return in.a
	case element == "nobr":
		return in.nobr
	case element == "button":
		return in.button
	}
	return false
}

// within gives the nesting of what is in an element.
func (in nesting) within(element string) nesting {
	in.parent = element
	switch element {
	case "a":
		in.a = true
	case "nobr":
		in.nobr = true
	case "button":
		in.button, in.p = true, false
	case "p":
		in.p = true
	case "table":
		in.p, in.button = false, false
	case "td", "th", "caption":
		in = nesting{parent: element}
	}
	return in
}
