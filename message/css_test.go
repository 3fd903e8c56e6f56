package message

import "testing"

// cleanCSS gives a style sheet as a page shown in dark has it.
func cleanCSS(sheet string, remote bool) string {
	urls := newPageURLs(withImage("<p>"))
	urls.remote, urls.room = remote, minRoom
	f := cssFilter{urls: urls, scheme: "dark"}
	return f.sheetText(sheet)
}

func TestStyleSheetsLoadNothing(t *testing.T) {
	const no = `url("data:,")`
	for _, tt := range []struct{ sheet, want string }{
		{"a { color: red; margin: 0 -1px .5em !important } /* b */ .c > d ~ e + f, #g:not(.h)::before { width: calc(100% - 2px) }",
			"a { color: red; margin: 0 -1px .5em !important } /**/ .c > d ~ e + f, #g:not(.h)::before { width: calc(100% - 2px) }"},
		{"u+.body .x,[class~=y],[a|=b],*[c^='d'] { e: f }", `u+.body .x,[class~=y],[a|=b],*[c^="d"] { e: f }`},
		{"<!-- a{b:c} -->", "a{b:c}"},
		{"a { background: URL( 'http://x' ) } b { c: url(cid:logo@x) } d { e: url(#f) }", "a { background: " + no + " } b { c: url(\"" + pixel + "\") } d { e: url(\"#f\") }"},
		{`a { b: u\72 l(//x); c: \000055rl(//x); d: \uRL(//x); e: url(//x y) }`, "a { b: " + no + "; c: " + no + "; d: " + no + "; e: " + no + " }"},
		{`.md\:e, .\31 0 { content: "\201C \"\3c /style>" }`, `.md\3a e, .\31 0 { content: "“\22 \3c /style\3e " }`},
		{`a { b: image-set("//x" 1x, url(//y) 2x) } c { d: -webkit-image-set("cid:logo@x" type("image/gif") 1x) }`,
			`a { b: image-set(` + no + ` 1x, ` + no + ` 2x) } c { d: -webkit-image-set(url("` + pixel + `") type("image/gif") 1x) }`},
		{`a { --b: "//x"; c: image-set(var(--b) 1x) } d { e: cross-fade("//x", linear-gradient(red, blue)) }`,
			`a { --b: "//x"; c: ` + no + ` } d { e: cross-fade(` + no + `, linear-gradient(red, blue)) }`},
		{`a { b: src("//x"); c: src(var(--d)); e: element(#f) paint(g, "//x"); h: expression(alert("//x")) i }`, `a { b: ` + no + `; c: ` + no + `; e: ; h: i }`},
		{`@import "//x"; @\69mport url(//x) screen; @import/**/'//x'; a { b: c }`, "a { b: c }"},
		{`@charset "utf-8"; @namespace url(//x); @document url(//x) { a { b: c } } @-ms-viewport { width: 1px } d { e: f }`, "d { e: f }"},
		{"@font-face { font-family: a; src: local('b'), url(//x) format('woff2') }", `@font-face { font-family: a; src: local("b"), ` + no + ` format("woff2") }`},
		{"@media (Prefers-Color-Scheme: dark) { a { b: c } } @media screen and ( prefers-color-scheme:light ) {}",
			"@media (min-width: 0) { a { b: c } } @media screen and (max-width: 0) {}"},
		{":root { color-scheme: light dark; supported-color-schemes: dark } a { color-scheme: light }", ":root { color-scheme: dark ; supported-color-schemes: dark } a { color-scheme: light }"},
		{"@media (400px<=width<700px) and (height > 3px) { a { b: c } }", "@media ( 700px > width >= 400px) and (height > 3px) { a { b: c } }"},
		{"@media only screen and (max-width:600px){.a{width:100%!important}}", "@media only screen and (max-width:600px){.a{width:100%!important}}"},
		{"@media (url<('//x')) { a { b: c } }", `@media (url ("//x")) { a { b: c } }`},
		{"@keyframes a { from { b: c } 50% { d: e } }", "@keyframes a { from { b: c } 50% { d: e } }"},
		{"a { b: 'c\n; d: e }", "a { b: ; d: e }"},
		{"a { b: url(c\"d); e: f } g { h: url(//x", "a { b: " + no + "; e: f } g { h: " + no},
		{"a{b:c\\", "a{b:c"},
		{"", ""},
	} {
		got := cleanCSS(tt.sheet, false)
		if got != tt.want {
			t.Errorf("%s\ngot  %s\nwant %s", tt.sheet, got, tt.want)
		}
		checkCSS(t, tt.sheet, got)
		if again := cleanCSS(got, false); again != got {
			t.Errorf("%s becomes %s, and that %s", tt.sheet, got, again)
		}
	}
	if got, want := cleanCSS(`@import "//x" screen; @import url(/y); a { b: image-set("//x" 1x) url(/z) url(http:w) }`, true),
		`@import url("//x") screen; a { b: image-set(url("//x") 1x) `+no+` url("http://w") }`; got != want {
		t.Errorf("with remote content: %s, want %s", got, want)
	}
}

// FuzzStyleSheet checks that any sheet loads nothing, and that cleaning it twice does not
// change it further.
func FuzzStyleSheet(f *testing.F) {
	f.Add(`a { b: image-set("//x" 1x) url( 'c' ) u\72 l(d) } @import/**/"//x"; @media (a<b) { /* c */ } <!-- e`)
	f.Add("(A<(")
	f.Add("image(00\"\"")
	f.Add("00 \\  (")
	f.Add(`@font-face{src:url(x)} .\31 0{--a:'\3c';b:c(} url("d"e) "f`)
	f.Fuzz(func(t *testing.T, sheet string) {
		got := cleanCSS(sheet, false)
		checkCSS(t, sheet, got)
		if again := cleanCSS(got, false); again != got {
			t.Errorf("%q becomes %q, and that %q", sheet, got, again)
		}
	})
}
