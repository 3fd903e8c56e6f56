package check

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// Checks which features a page uses, in addition to those that all pages of this test use.
func TestFeatures(t *testing.T) {
	every := featuresOf(page(""))
	for html, want := range map[string]string{
		"": "",
		"<table align=center><td valign=top width=5></table>": "html-align html-table html-valign html-width",
		"<h2>x</h2><ul></ul><nav></nav>":                      "html-h1-h6 html-lists html-semantics",
		"<a href=mailto:x@y.z>x</a><a href='#x'>x</a>":        "html-anchor-links html-mailto-links",
		"<button>x</button><input type=CHECKBOX>":             "html-button-submit html-input-checkbox",
		"<p aria-hidden=true role=none>x":                     "html-aria-hidden html-role",
		"<svg></svg>":                                         "html-svg",
		"<!-- x -->":                                          "html-comments",
		"<p style='display: flex; gap: 1em'>x":                "css-display css-display-flex css-gap css-unit-em",
		"<p style='DISPLAY: NONE'>x":                          "css-display css-display-none",
		"<p style='width: calc(100% - 2px)'>x":                "css-unit-calc css-unit-percent css-unit-px css-width",
		"<p style='color: rgb(1,2,3) !important'>x":           "css-important css-rgb",
		"<p style='margin-top: 1vh'>x":                        "css-margin css-unit-vh",
		"<p style='width: max-content'>x":                     "css-intrinsic-size css-width",
		"<p style='background: linear-gradient(red, blue)'>x": "css-background css-linear-gradient",
		"<p style='--a: b; width: var(--a)'>x":                "css-variables css-width",
		"<style>p{border-radius:1px}</style>":                 "css-border-radius css-selector-type css-unit-px html-style",
		"<style>.a.b{}</style>":                               "css-selector-chaining css-selector-class html-style",
		"<style>.a .b{}</style>":                              "css-selector-class css-selector-descendant html-style",
		"<style>a:hover{}</style>":                            "css-pseudo-class-hover css-selector-type html-style",
		"<style>*:after{}</style>":                            "css-pseudo-element-after css-selector-universal html-style",
		"<style>#a>b+c~d,[e]{}</style>": "css-selector-adjacent-sibling css-selector-attribute css-selector-child css-selector-general-sibling " +
			"css-selector-grouping css-selector-id css-selector-type html-style",
		"<style>a:not(.b, [c]){}</style>":                           "css-pseudo-class-not css-selector-type html-style",
		"<style>@media (max-width: 9px) {}</style>":                 "css-at-media css-at-media-max-width html-style",
		"<style>@media (hover) {i{}}</style>":                       "css-at-media css-at-media-hover css-selector-type html-style",
		"<style>@font-face {src: url(x)}</style>":                   "css-at-font-face html-style",
		"<style>@-webkit-keyframes x {from{} 50%{}}</style>":        "css-at-keyframes html-style",
		"<style>@import url(x); @supports (gap: 1px) {}</style>":    "css-at-import css-at-supports html-style",
		"<style>/* x */ i { b { } }</style>":                        "css-comments css-nesting css-selector-type html-style",
		"<img alt=x src=https://a.bc/x.webp?y>":                     "html-img image-webp",
		"<img alt=x src=data:image/gif;base64,AA srcset='y 2x'>":    "html-img html-srcset image-base64 image-gif",
		"<p style='background-image: url(\"https://a.bc/x.PNG\")'>": "css-background-image image-png",
	} {
		got := slices.DeleteFunc(featuresOf(page(html)), func(slug string) bool { return slices.Contains(every, slug) })
		wanted := slices.DeleteFunc(strings.Fields(want), func(slug string) bool { return featureNamed(slug) == nil })
		if !slices.Equal(got, wanted) {
			t.Errorf("%s: got %q, want %q", html, got, wanted)
		}
	}
}

// featuresOf gives the features that a mail uses, sorted.
func featuresOf(raw string) []string {
	var list []string
	for _, f := range run(raw).Support.Features {
		list = append(list, f.Slug)
	}
	slices.Sort(list)
	return list
}

func featureNamed(slug string) *Feature {
	for _, f := range Clients().Features {
		if f.Slug == slug {
			return f
		}
	}
	return nil
}

func TestSupport(t *testing.T) {
	s := run(page("\n<p style='display: grid'>x<p style='display: grid'>")).Support
	if s.Elements != 6 || s.Clients != len(Clients().Clients) || s.Date == "" || s.Licence != "MIT" {
		t.Errorf("got %+v", s)
	}
	i := slices.IndexFunc(s.Features, func(u Use) bool { return u.Slug == "css-display-grid" })
	if i < 0 {
		t.Fatalf("got %+v", s.Features)
	}
	u := s.Features[i]
	if want := (Place{Part: 2, Line: 2, Element: "display: grid"}); u.Count != 2 || u.Places[0] != want || u.URL != "https://www.caniemail.com/features/css-display-grid/" {
		t.Errorf("got %+v", u)
	}
	if u.Unsupported != len(u.UnsupportedBy) || u.Partly != len(u.PartlyBy) || u.Supported+u.Partly+u.Unsupported+u.Untested != s.Clients {
		t.Errorf("the numbers of %+v do not add up", u)
	}
	if !slices.ContainsFunc(u.UnsupportedBy, func(c ClientNotes) bool { return c.String() == "Outlook Windows" }) {
		t.Errorf("Outlook is not among %+v", u.UnsupportedBy)
	}
	var sum Totals
	for _, u := range s.Features {
		sum.add(u.Totals)
	}
	if sum != s.Totals {
		t.Errorf("totals are %+v, the sum is %+v", s.Totals, sum)
	}
	for i := range s.Features[1:] {
		if s.Features[i].Unsupported < s.Features[i+1].Unsupported {
			t.Errorf("%s stands before %s", s.Features[i].Slug, s.Features[i+1].Slug)
		}
	}
}

// The file that check/generate wrote can be read, and says where it comes from.
func TestKnowledge(t *testing.T) {
	k, err := readKnowledge(caniemail)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := time.Parse(time.DateOnly, k.Date); err != nil || !strings.HasPrefix(k.Source, "npm caniemail ") || k.Licence != "MIT" {
		t.Errorf("source %q, date %q, licence %q", k.Source, k.Date, k.Licence)
	}
	for _, text := range []string{"Permission is hereby granted", "Copyright (c) 2019 HTeuMeuLeu", "Avi Goldman"} {
		if !strings.Contains(caniemail, text) {
			t.Errorf("the licence is not in the file: no %q", text)
		}
	}
	if len(k.Clients) < 40 || len(k.Features) < 300 {
		t.Errorf("%d clients, %d features", len(k.Clients), len(k.Features))
	}
	undetectable := []string{"bimi", "image-hdr"}
	for _, f := range k.Features {
		if len(f.Results) != len(k.Clients) || f.Title == "" || f.Tested == "" {
			t.Errorf("%s: %+v", f.Slug, f)
		}
		for _, r := range f.Results {
			for _, n := range r.Notes {
				if n < 1 || n > len(f.Notes) {
					t.Errorf("%s has no note %d", f.Slug, n)
				}
			}
		}
		if none := len(signsOf(f.Slug)) == 0; none != slices.Contains(undetectable, f.Slug) {
			t.Errorf("%s has signs: %v", f.Slug, !none)
		}
	}
	for slug := range manySigns {
		if featureNamed(slug) == nil {
			t.Errorf("signs of %s, which is no feature", slug)
		}
	}
}

func TestKnowledgeIsRefused(t *testing.T) {
	for _, text := range []string{"x", "client\ta", "client\ta/b\tA\tB\nfeature\tf\td\tt\t\ty y\n", "client\ta/b\tA\tB\nfeature\tf\td\tt\t\tz\n", "client\ta/b\tA\tB\nfeature\tf\td\tt\t\tyx\n"} {
		if _, err := readKnowledge(text); err == nil {
			t.Errorf("%q was read", text)
		}
	}
}
