package check

import (
	"cmp"
	"slices"
)

// ClientSupport says which mail clients support what a mail uses. A client is a mail
// program on one platform, in the version that was tested last. How many people use it is
// not taken into account.
type ClientSupport struct {
	// Source, Date and Licence are those of the data: see [Knowledge].
	Source  string `json:"source"`
	Date    string `json:"date"`
	Licence string `json:"licence"`
	// Clients is how many clients the data knows.
	Clients int `json:"clients"`
	// Elements is how many elements the HTML has.
	Elements int `json:"elements"`
	// Supported, Partly, Unsupported and Untested count the results of all features that
	// are used, one for each client.
	Totals
	// Features are those that are used, the least supported first.
	Features []Use `json:"features"`
}

// Totals are numbers of clients. Untested are those of which nothing is known.
type Totals struct {
	Supported   int `json:"supported"`
	Partly      int `json:"partly"`
	Unsupported int `json:"unsupported"`
	Untested    int `json:"untested"`
}

// Use is a feature that a mail uses.
type Use struct {
	Slug        string `json:"slug"`
	Title       string `json:"title"`
	Category    string `json:"category"` // html, css, image or others
	Description string `json:"description"`
	URL         string `json:"url"`
	Tested      string `json:"tested"`
	Count       int    `json:"count"` // how often it is used
	// Places are where it is used first, at most MaxPlaces.
	Places []Place `json:"places"`
	Totals
	UnsupportedBy []ClientNotes `json:"unsupportedBy"`
	PartlyBy      []ClientNotes `json:"partlyBy"`
	// Notes are what the numbers of notes stand for, the first for 1.
	Notes []string `json:"notes"`

	// Feature has all results.
	Feature *Feature `json:"-"`
}

// ClientNotes is a client, with the numbers of the notes that say more.
type ClientNotes struct {
	Client
	Notes []int `json:"notes,omitempty"`
}

// uses counts the features that a mail uses, by their index in [Knowledge.Features].
type uses map[int]*used

type used struct {
	count  int
	places []Place
}

// see records a sign, if a feature has it.
func (u uses) see(s sign, at func() Place) {
	for _, i := range featuresBySign()[s] {
		use := u[i]
		if use == nil {
			use = new(used)
			u[i] = use
		}
		if use.count++; len(use.places) < MaxPlaces {
			use.places = append(use.places, at())
		}
	}
}

// report says which clients support the features.
func (u uses) report(elements int) *ClientSupport {
	k := Clients()
	s := &ClientSupport{
		Source: k.Source, Date: k.Date, Licence: k.Licence, Clients: len(k.Clients), Elements: elements, Features: []Use{},
	}
	for i, use := range u {
		f := k.Features[i]
		of := Use{
			Slug: f.Slug, Title: f.Title, Category: f.Category(), Description: f.Description, URL: f.URL(), Tested: f.Tested,
			Count: use.count, Places: use.places, Totals: f.totals(), Notes: f.Notes, Feature: f,
			UnsupportedBy: k.clientsOf(f, Unsupported), PartlyBy: k.clientsOf(f, Partly),
		}
		if of.Notes == nil {
			of.Notes = []string{}
		}
		s.Totals.add(of.Totals)
		s.Features = append(s.Features, of)
	}
	slices.SortFunc(s.Features, func(a, b Use) int {
		return cmp.Or(b.Unsupported-a.Unsupported, b.Partly-a.Partly, cmp.Compare(a.Slug, b.Slug))
	})
	return s
}

func (t *Totals) add(more Totals) {
	t.Supported += more.Supported
	t.Partly += more.Partly
	t.Unsupported += more.Unsupported
	t.Untested += more.Untested
}

// totals counts the results of a feature.
func (f *Feature) totals() Totals {
	var t Totals
	for _, r := range f.Results {
		switch r.Support {
		case Supported:
			t.Supported++
		case Partly:
			t.Partly++
		case Unsupported:
			t.Unsupported++
		default:
			t.Untested++
		}
	}
	return t
}

// clientsOf returns the clients whose support of a feature is exactly s.
func (k *Knowledge) clientsOf(f *Feature, s Support) []ClientNotes {
	list := []ClientNotes{}
	for i, r := range f.Results {
		if r.Support == s {
			list = append(list, ClientNotes{k.Clients[i], r.Notes})
		}
	}
	return list
}
