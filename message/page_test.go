package message

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/tdewolff/parse/v2/css"
	"golang.org/x/net/html"
)

// gif is the smallest image there is.
const gif = "GIF89a\x01\x00\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x00;"

// pixel is the URL that it becomes.
var pixel = "data:image/gif;base64," + base64.StdEncoding.EncodeToString([]byte(gif))

// withImage makes a mail of some HTML and an image with the Content-ID logo@x.
func withImage(page string) *Message {
	return Parse("Content-Type: multipart/related; boundary=rr\r\n\r\n--rr\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" + page +
		"\r\n--rr\r\nContent-Type: image/gif\r\nContent-ID: <logo@x>\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
		base64.StdEncoding.EncodeToString([]byte(gif)) + "\r\n--rr--\r\n")
}

// body gives what is in the body of a page.
func body(t *testing.T, page []byte) string {
	t.Helper()
	_, after, found := strings.Cut(string(page), "<body>")
	inside, _, ended := strings.Cut(after, "</body></html>")
	if !found || !ended {
		t.Fatalf("no body: %q", page)
	}
	return strings.TrimRight(inside, "\n")
}

func TestPageKeepsWhatShowsAndDropsWhatActs(t *testing.T) {
	for _, tt := range []struct{ name, page, want string }{
		{"a layout of tables", `<table width=600 cellpadding=0 bgcolor="#fff" align=center><tr><td class="a b" style="color: red" valign=top colspan=2>x</td></tr></table>`,
			`<table width="600" cellpadding="0" bgcolor="#fff" align="center"><tbody><tr><td class="a b" style="color: red" valign="top" colspan="2">x</td></tr></tbody></table>`},
		{"an inline image", `<img src="cid:logo@x" alt=a width=1>`, `<img src="` + pixel + `" alt="a" width="1"/>`},
		{"an inline image, escaped", `<img src=" CID:logo%40x ">`, `<img src="` + pixel + `"/>`},
		{"no such part", `<img src="cid:other@x" alt=b>`, `<img alt="b"/>`},
		{"images of a srcset", `<img srcset="cid:logo@x 2x, https://e.test/a 3x"><picture><source srcset="cid:logo@x" media="(min-width: 1px)"><img></picture>`,
			`<img srcset="` + pixel + ` 2x"/><picture><source srcset="` + pixel + `" media="(min-width: 1px)"/><img/></picture>`},
		{"a background", `<div style="background: url('cid:logo@x')">x</div>`, `<div style="background: url(&#34;` + pixel + `&#34;)">x</div>`},
		{"remote images", `<img src=http://e.test/a srcset="//e.test/b 2x"><table background=https://e.test/c></table>`, `<img/><table></table>`},
		{"a link", `<a href="https://e.test/?a&amp;b" target=_top ping=//e.test rel=opener onclick=a() attributionsrc download>Go</a>`,
			`<a href="https://e.test/?a&amp;b" target="_blank" rel="noopener noreferrer">Go</a>`},
		{"links that run", `<a href="java` + "\t" + `script:a()">a</a><a href=" &#1;vbscript:b">b</a><a href="data:text/html,c">c</a><area href="blob:d">`, `<a>a</a><a>b</a><a>c</a><area/>`},
		{"links of other schemes", `<a href="myapp://x">a</a><a href="tel:+1">b</a><a href="#c">c</a><a href="/d">d</a><a href="//e.test">e</a>`,
			`<a href="myapp://x" target="_blank" rel="noopener noreferrer">a</a><a href="tel:+1" target="_blank" rel="noopener noreferrer">b</a><a href="#c" rel="noopener noreferrer">c</a><a>d</a><a href="//e.test" target="_blank" rel="noopener noreferrer">e</a>`},
		{"a base", `<base href="https://e.test/x/"><a href="y">a</a>`, `<a href="https://e.test/x/y" target="_blank" rel="noopener noreferrer">a</a>`},
		{"script", `<script>a()</script><p onclick="b()" autofocus tabindex=1 contenteditable popover=a>c</p><iframe srcdoc="<p>"></iframe><template><p>d</p></template>`, `<p>c</p>`},
		{"foreign elements", `a<svg><style>p{}</style><text>b</text></svg><math><mi>c</mi></math>d`, `ad`},
		{"objects", `<object data=x><p>a</p></object><embed src=x><video poster=//e.test/p><img src="cid:logo@x"></video><audio src=x>b</audio>`, `<p>a</p><img src="` + pixel + `"/>`},
		{"a form", `<form action=//e.test id=f><input name=a value=b autofocus><input type=image src=//e.test><input type=hidden name=c><button formaction=//e.test>d</button><select><option>e</select><textarea>f</textarea></form>`,
			`<div id="f"><input type="text" name="a" value="b"/><button type="button">d</button><span>f</span></div>`},
		{"where no script runs", `<noscript><img src=//e.test><p>a</p></noscript>`, `<img/><p>a</p>`},
		{"comments for Outlook", `<!--[if mso]><v:rect>a</v:rect><![endif]--><!--[if !mso]><!--><p>b</p><!--<![endif]--><![if !vml]>c<![endif]><o:p>d</o:p>`, `<p>b</p>cd`},
		{"elements that nobody knows", `<marquee class=a onstart=b()>c</marquee><x-y>d</x-y>`, `<span class="a">c</span><span>d</span>`},
		{"text", `1 &lt; 2 &amp;amp; "3"<xmp><b></xmp><plaintext></p>`, `1 &lt; 2 &amp;amp; "3"<pre>&lt;b&gt;</pre><pre>&lt;/p&gt;</pre>`},
		{"lines of preformatted text", "<pre>\n\na\nb</pre>", "<pre>\n\na\nb</pre>"},
		{"a color scheme", `<meta name=color-scheme content="light dark"><meta http-equiv=refresh content="0;url=//e.test"><meta name=referrer content=unsafe-url><p>a`, `<p>a</p>`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := body(t, withImage("<body>"+tt.page).Page(PageOptions{Scheme: "dark", NewTab: true}))
			want := strings.ReplaceAll(tt.want, "/>", ">")
			if strings.HasPrefix(tt.page, "<meta") {
				want = `<meta name="color-scheme" content="dark">` + want
			}
			if got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}

func TestPageInMode(t *testing.T) {
	for page, want := range map[string]string{
		"<!doctype html><p>a": standardsMode,
		`<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-strict.dtd"><p>a`:             standardsMode,
		`<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd"><p>a`: limitedQuirksMode,
		`<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01 Transitional//EN" "http://www.w3.org/TR/html4/loose.dtd"><p>a`:                    limitedQuirksMode,
		`<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01 Transitional//EN"><p>a`:                                                           "",
		`<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 3.2//EN"><p>a`:                                                                         "",
		"<p>a": "",
	} {
		for _, o := range []PageOptions{{}, {Remote: true}} {
			got := string(withImage(page).Page(o))
			if want += "<html><head></head><body><p>a"; !strings.HasPrefix(got, want) {
				t.Errorf("%s: %s", page, got)
			}
			want = strings.TrimSuffix(want, "<html><head></head><body><p>a")
		}
	}
}

func TestPageLoadsFromOtherSitesWhenAsked(t *testing.T) {
	page := `<link rel=stylesheet href=http://e.test/s media=screen><link rel=preconnect href=//e.test><style>@import "//e.test/i" print; p { background: url(https://e.test/b) }</style>` +
		`<body background=//e.test/body><img src=" HTTP:\\e.test/a" srcset="https://e.test/c 2x, /d 3x"><img src="/relative"><video src=//e.test/v></video><iframe src=//e.test/f></iframe>`
	want := `<html><head><link rel="stylesheet" href="http://e.test/s" media="screen"><style>@import url("//e.test/i") print; p { background: url("https://e.test/b") }</style></head>` +
		`<body background="//e.test/body"><img src="http://e.test/a" srcset="https://e.test/c 2x"><img>`
	if got := string(withImage(page).Page(PageOptions{Remote: true})); !strings.HasPrefix(got, want) {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	r := withImage(page + `<img src="cid:nobody"><img src="cid:logo@x">`).Resources()
	for what, pair := range map[string][2]string{
		"remote":   {strings.Join(r.Remote, " "), "http://e.test/s //e.test/i https://e.test/b //e.test/body http://e.test/a https://e.test/c"},
		"missing":  {strings.Join(r.Missing, " "), "cid:nobody"},
		"relative": {strings.Join(r.Relative, " "), "/d /relative"},
		"insecure": {strings.Join(r.Insecure, " "), "http://e.test/a"},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s: %q, want %q", what, pair[0], pair[1])
		}
	}
}

// TestPageEmbedsWithinBounds has one image many times, and as many images as
// references.
func TestPageEmbedsWithinBounds(t *testing.T) {
	large := strings.Repeat("A", 400_000)
	raw := "Content-Type: multipart/related; boundary=rr\r\n\r\n--rr\r\nContent-Type: text/html\r\n\r\n" + strings.Repeat("<img src=cid:a>", 9000) +
		"\r\n--rr\r\nContent-Type: image/png\r\nContent-ID: <a>\r\n\r\n" + large + "\r\n--rr--\r\n"
	if n := len(Parse(raw).Page(PageOptions{})); n > minRoom+1<<20 {
		t.Errorf("one image many times makes %d bytes", n)
	}
	var b strings.Builder
	b.WriteString("Content-Type: multipart/related; boundary=rr\r\n\r\n--rr\r\nContent-Type: text/html\r\n\r\n")
	for i := range 9000 {
		b.WriteString("<img src=cid:" + strconv.Itoa(i) + ">")
	}
	for i := range 9000 {
		b.WriteString("\r\n--rr\r\nContent-Type: image/gif\r\nContent-ID: <" + strconv.Itoa(i) + ">\r\n\r\n" + gif)
	}
	if n := bytes.Count(Parse(b.String()+"\r\n--rr--\r\n").Page(PageOptions{}), []byte(pixel)); n != 9000 {
		t.Errorf("%d of 9000 images", n)
	}
}

// Each of these takes minutes, or gigabytes, when the work is not bounded.
func TestPageIsLinear(t *testing.T) {
	const size = 128 << 10
	var fonts strings.Builder
	for i := range 400 {
		fonts.WriteString("<font color=" + strconv.Itoa(i) + ">")
	}
	for _, page := range []string{
		fonts.String() + strings.Repeat("<p>x", size/4), "<b " + strings.Repeat("data-a ", size/7) + "><b>",
		"<p style='" + strings.Repeat("image-set(", size/10), "<style>" + strings.Repeat("color-scheme:", size/13),
		"<style>" + strings.Repeat("(", size), "<style>" + strings.Repeat("url(", size/4), "<style>" + strings.Repeat(`\`, size),
		"<style>" + strings.Repeat("@x{", size/3), "<style>" + strings.Repeat("@import", size/7), "<img srcset='" + strings.Repeat("a,", size/2),
		"<img srcset='" + strings.Repeat(", ", size/2), "<style>" + strings.Repeat("/*", size/2), "<style>" + strings.Repeat("'\n", size/2),
	} {
		readPage(t, page)
	}
	for _, unit := range []string{
		"<", "<div>", "<b>", "<a href=x>", "<p>", "<table>", "<table><tr><td>", "</p>", "<svg>", "<select>", "<!--", "<x y=z ", "<style>", "<li>",
		"<nobr>", "<form>", "<h1>", "<button>", "&", "<br>", "<b><p></b>", "<a><table>", "<table><b>", "<template>", "<math><mi>", "<frameset>", "<body a>",
	} {
		readPage(t, strings.Repeat(unit, size/len(unit)))
	}
}

func readPage(t *testing.T, page string) {
	t.Helper()
	m := Parse("Content-Type: text/html; charset=utf-8\r\n\r\n" + page)
	if n := len(m.Page(PageOptions{Scheme: "dark"})); n > m.PageMemory() {
		t.Errorf("%.30q: %d bytes", page, n)
	}
	m.Resources()
}

// checkPage checks that a browser can see nothing in a page but tags and
// attributes that may stay, whatever it makes of their order.
func checkPage(t *testing.T, source string, made []byte) {
	t.Helper()
	z := html.NewTokenizer(bytes.NewReader(made))
	inStyle := false
	for {
		kind := z.Next()
		switch kind {
		case html.ErrorToken:
			return
		case html.TextToken:
			if raw := string(z.Raw()); strings.Contains(raw, "<") {
				t.Errorf("%q: text %q", source, raw)
			} else if inStyle {
				checkCSS(t, source, raw)
			}
		case html.CommentToken:
			t.Errorf("%q: comment %q", source, z.Raw())
		case html.StartTagToken, html.SelfClosingTagToken:
			token := z.Token()
			if _, ok := pageElements[token.Data]; !ok && token.Data != "meta" {
				t.Errorf("%q: element %q", source, token.Data)
			}
			for _, a := range token.Attr {
				checkAttribute(t, source, token.Data, a)
			}
			inStyle = token.Data == "style"
		default:
			inStyle = false
		}
	}
}

func checkAttribute(t *testing.T, source, element string, a html.Attribute) {
	t.Helper()
	ok := true
	switch a.Key {
	case "src", "background":
		ok = strings.HasPrefix(strings.ToLower(a.Val), "data:image/")
	case "href":
		ok = element != "link" && (strings.HasPrefix(a.Val, "#") || linkable(a.Val))
	case "style", "media":
		checkCSS(t, source, a.Val)
	case "rel":
		ok = a.Val == "noopener noreferrer"
	case "target":
		ok = a.Val == "_blank"
	case "content":
		ok = element == "meta"
	case "type":
	case "srcset":
		ok = !strings.Contains(a.Val, "//") || strings.Contains(strings.ToLower(a.Val), "data:image/")
	default:
		ok = pageElements[element][a.Key] != 0 || commonAttributes[a.Key] != 0 || strings.HasPrefix(a.Key, "aria-") || strings.HasPrefix(a.Key, "data-") || element == "meta" && a.Key == "name"
	}
	if !ok {
		t.Errorf("%q: %s of %s is %q", source, a.Key, element, a.Val)
	}
}

// checkCSS checks that a style sheet loads nothing.
func checkCSS(t *testing.T, source, sheet string) {
	t.Helper()
	bad := strings.Contains(sheet, "<")
	tokens := readCSS(sheet)
	for token := tokens.next(); token.kind != css.ErrorToken; token = tokens.next() {
		switch token.kind {
		case css.URLToken:
			to := strings.ToLower(token.url())
			bad = bad || !strings.HasPrefix(to, "data:") && !strings.HasPrefix(to, "#")
		case css.BadURLToken, css.BadStringToken, css.CDOToken, css.CDCToken:
			bad = true
		case css.AtKeywordToken:
			bad = bad || !atRules[token.keyword()[1:]]
		case css.FunctionToken:
			name := token.function()
			bad = bad || !functions[name] && !imageFunctions[name] && !withinImages[name] && name != "type"
		}
	}
	if bad {
		t.Errorf("%q: style %q", source, sheet)
	}
}

// TestPageOfMailsIsSafe reads the mails of the corpus and some hostile HTML.
func TestPageOfMailsIsSafe(t *testing.T) {
	files, err := filepath.Glob("testdata/*/*")
	if err != nil || len(files) < 20 {
		t.Fatalf("%d mails (%v)", len(files), err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		m := Parse(string(raw))
		checkPage(t, file, m.Page(PageOptions{}))
	}
	for _, page := range hostilePages {
		checkBothWays(t, page)
	}
}

// checkBothWays checks a page both as written from a tree and as written from tokens.
func checkBothWays(t *testing.T, page string) {
	t.Helper()
	m := withImage(page)
	made := m.Page(PageOptions{NewTab: true})
	checkPage(t, page, made)
	again := withImage(string(made)).Page(PageOptions{NewTab: true})
	if trim := func(b []byte) string { return strings.ReplaceAll(string(b), "\n", "") }; trim(again) != trim(made) {
		t.Errorf("%q: a browser reads\n%s\nas\n%s", page, made, again)
	}
	c := newPageCleaner(m, PageOptions{NewTab: true})
	c.tokens(page)
	checkPage(t, page, c.out.b.Bytes())
}

var hostilePages = []string{
	`<svg><style><<p><<link rel=preconnect href=http://e.test><<link rel=dns-prefetch href=//e.test></style></svg>`,
	`<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">`,
	`<form><math><mtext></form><form><mglyph><svg><mtext><style><path id="</style><img onerror=alert(1) src>">`,
	`<svg></p><style><a id="</style><img src=1 onerror=alert(1)>">`,
	`<noscript><p title="</noscript><img src=x onerror=alert(1)>">`,
	`<select><style></select><img src=x onerror=alert(1)></style></select>`,
	`<table><caption><svg><foreignObject><style></table><img src=x onerror=a>`,
	`<style><!--</style><img src=x onerror=a>--></style>`,
	`<style>a{content:"</sty\6c e><img src=x>"}</style>`,
	`<title><img src=x></title><textarea><img src=x></textarea><iframe><img src=x></iframe><noembed><img src=x></noembed>`,
	`<template shadowrootmode=open><link rel=preconnect href=//e.test></template>`,
	`<p style="background:u\72l(//e.test);x:url( '//e.test' );y:image-set('//e.test' 1x);z:src('//e.test')">`,
	`<p style="--a:'//e.test';background:image-set(var(--a) 1x)"><p style="background:image-set(type('//e.test') 1x">`,
	`<style>@import '//e.test';@\69mport url(//e.test);@import/**/"//e.test"screen;@namespace url(//e.test);@font-face{src:url(//e.test)}</style>`,
	"<style>a{b:url(//e.test\n)}c{d:'//e.test\n'}e{f:url(\"//e.test\"g)}</style>",
	`<a><table><a>x</a></table></a><b><p>1</b>2</p><table><b><tr><td>3</b></table><form><table><form><tr></table></form>`,
	`<p><table><p>a</table><li><li><dd><dt><h1><h2><nobr><nobr><a><div><a>b`,
	`<frameset><frame src=//e.test></frameset><noframes><img src=x></noframes>`,
	`<body onload=a()><body style="background:url(//e.test)"><html manifest=//e.test>`,
	"<img src=\"data:image/svg+xml,<svg onload=a()>\"><img src='data:text/html,x'><a href=\"data:image/png,x\">",
	`<![CDATA[<img src=x>]]><?xml-stylesheet href="//e.test"?><!DOCTYPE html [<!ENTITY a SYSTEM "//e.test">]>`,
	`<b><b><b><b><i a=1><i a=2><p>x</b></i>y</p><applet><b></applet>z`,
	"<pre>\n\nx</pre><listing>\n\ny</listing><textarea>\n\nz</textarea>",
}

// FuzzPage checks any HTML.
func FuzzPage(f *testing.F) {
	for _, page := range hostilePages {
		f.Add(page)
	}
	f.Fuzz(func(t *testing.T, page string) {
		m := Parse("Content-Type: text/html; charset=utf-8\r\n\r\n" + page)
		checkPage(t, page, m.Page(PageOptions{}))
		c := newPageCleaner(m, PageOptions{Scheme: "light"})
		c.tokens(m.HTML())
		checkPage(t, page, c.out.b.Bytes())
		m.Resources()
	})
}

// TestPageOfUnclosedElementsStaysWithinItsMemory has elements that an HTML parser opens
// again in every paragraph.
func TestPageOfUnclosedElementsStaysWithinItsMemory(t *testing.T) {
	var b strings.Builder
	b.WriteString("Content-Type: text/html\r\n\r\n<p>")
	for i := range 400 {
		fmt.Fprintf(&b, "<b id=%d>", i)
	}
	b.WriteString(strings.Repeat("<p>x", 2250))
	m := Parse(b.String())
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	page := m.Page(PageOptions{})
	runtime.ReadMemStats(&after)
	if took := after.TotalAlloc - before.TotalAlloc; took > uint64(m.PageMemory()) || len(page) == 0 {
		t.Errorf("a page of %d bytes took %d bytes, more than the %d that it may", len(page), took, m.PageMemory())
	}
}
