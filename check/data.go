package check

import (
	_ "embed"
	"fmt"
	"strconv"
	"strings"
	"sync"
)

// caniemail is what mail clients support, in lines whose fields tabs separate: see
// check/generate, which writes it.
//
//go:embed caniemail.txt
var caniemail string

// Client is a mail client on one platform.
type Client struct {
	Family   string `json:"family"`   // the client's name, such as Gmail
	Platform string `json:"platform"` // where it runs, such as iOS

	// Slug is the names of both in the data, such as gmail/ios.
	Slug string `json:"-"`
}

// String gives the name of the client with its platform.
func (c Client) String() string { return c.Family + " " + c.Platform }

// Support says how far a client supports a feature.
type Support byte

// How far a client supports a feature.
const (
	Untested    Support = '-' // or the outcome is not known
	Supported   Support = 'y'
	Partly      Support = 'a'
	Unsupported Support = 'n'
)

// Result is how far one client supports a feature, in the version that was tested last.
type Result struct {
	Support Support
	Notes   []int // numbers of the feature's notes, from 1 on
}

// Feature is something in HTML or CSS, or an image format, that not all clients support.
// Features are shared, and must not be changed.
type Feature struct {
	Slug        string // its name in the data, which never changes
	Title       string // its name for people
	Description string // may be empty
	Tested      string // when it was tested last, as YYYY-MM-DD
	Results     []Result
	Notes       []string // note 1 is the first
}

// Category is the kind of the feature: html, css, image or others.
func (f *Feature) Category() string {
	switch category, _, named := strings.Cut(f.Slug, "-"); category {
	case "html", "css", "image":
		if named {
			return category
		}
	}
	return "others"
}

// URL is the page about the feature.
func (f *Feature) URL() string { return "https://www.caniemail.com/features/" + f.Slug + "/" }

// Knowledge is all that is known about mail clients. It is shared, and must not be
// changed.
type Knowledge struct {
	Source  string // where the data comes from
	Date    string // when the data was changed last, as YYYY-MM-DD
	Licence string // of the data
	Clients []Client
	// Features have one result for each of Clients, in the same order.
	Features []*Feature
}

// Clients returns what is known about mail clients. The data is compiled into the program.
var Clients = sync.OnceValue(func() *Knowledge {
	k, err := readKnowledge(caniemail)
	if err != nil {
		panic("check/caniemail.txt: " + err.Error()) // cannot happen: a test reads it
	}
	return k
})

// readKnowledge reads the lines that check/generate writes.
func readKnowledge(text string) (*Knowledge, error) {
	k := new(Knowledge)
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if line == "" || line[0] == '#' {
			continue
		}
		if note, ok := strings.CutPrefix(line, "\t"); ok && len(k.Features) > 0 {
			f := k.Features[len(k.Features)-1]
			f.Notes = append(f.Notes, note)
			continue
		}
		fields := strings.Split(line, "\t")
		switch kind := fields[0]; {
		case kind == "source" && len(fields) == 2:
			k.Source = fields[1]
		case kind == "date" && len(fields) == 2:
			k.Date = fields[1]
		case kind == "licence" && len(fields) == 2:
			k.Licence = fields[1]
		case kind == "client" && len(fields) == 4:
			k.Clients = append(k.Clients, Client{Family: fields[2], Platform: fields[3], Slug: fields[1]})
		case kind == "feature" && len(fields) == 6:
			results, err := readResults(fields[5])
			if err != nil || len(results) != len(k.Clients) {
				return nil, fmt.Errorf("feature %s: expected a result for each of %d clients: %w", fields[1], len(k.Clients), err)
			}
			k.Features = append(k.Features, &Feature{
				Slug: fields[1], Tested: fields[2], Title: fields[3], Description: fields[4], Results: results,
			})
		default:
			return nil, fmt.Errorf("unknown line %.40q", line)
		}
	}
	return k, nil
}

// readResults reads results such as "y n a1,2 -".
func readResults(text string) ([]Result, error) {
	var list []Result
	for word := range strings.FieldsSeq(text) {
		r := Result{Support: Support(word[0])}
		switch word[0] {
		case 'u':
			r.Support = Untested
		case '-', 'y', 'a', 'n':
		default:
			return nil, fmt.Errorf("unknown result %q", word)
		}
		for number := range strings.SplitSeq(word[1:], ",") {
			if number == "" {
				continue
			}
			n, err := strconv.Atoi(number)
			if err != nil {
				return nil, fmt.Errorf("result %q: %w", word, err)
			}
			r.Notes = append(r.Notes, n)
		}
		list = append(list, r)
	}
	return list, nil
}
