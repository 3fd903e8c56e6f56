package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// dataset is the part of caniemail.json that is used.
type dataset struct {
	LastUpdate string `json:"last_update_date"`
	Names      struct {
		Family   map[string]string `json:"family"`
		Platform map[string]string `json:"platform"`
	} `json:"nicenames"`
	Features []feature `json:"data"`
}

type feature struct {
	Slug        string                        `json:"slug"`
	Title       string                        `json:"title"`
	Description string                        `json:"description"`
	Tested      string                        `json:"last_test_date"`
	Stats       map[string]map[string]history `json:"stats"`
	Notes       map[string]string             `json:"notes_by_num"`
}

// history is the support in the versions of one client, in the order in which they were
// tested. Only the last counts.
type history struct{ last string }

// UnmarshalJSON implements json.Unmarshaler.
func (h *history) UnmarshalJSON(object []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(object))
	for i := 0; ; i++ {
		token, err := decoder.Token()
		if err != nil {
			return err
		}
		if token == json.Delim('}') {
			return nil
		}
		if text, ok := token.(string); ok && i%2 == 0 { // of {, key, value, key, value, …
			h.last = text
		}
	}
}

func (d *dataset) date() string { date, _, _ := strings.Cut(d.LastUpdate, " "); return date }

// text gives the lines of the clients and of the features. A client is a family and
// a platform, with the name of each. A feature has a line with its name, the date of
// its last test, its title, what it is, and the support in each client; lines that
// begin with a tab are its notes.
func (d *dataset) text() (string, error) {
	var b strings.Builder
	clients := d.clients()
	for _, client := range clients {
		family, platform, _ := strings.Cut(client, "/")
		names := []string{"client", client, d.Names.Family[family], d.Names.Platform[platform]}
		if slices.Contains(names, "") {
			return "", fmt.Errorf("client %s has no name", client)
		}
		b.WriteString(strings.Join(names, "\t") + "\n")
	}
	slices.SortFunc(d.Features, func(x, y feature) int { return strings.Compare(x.Slug, y.Slug) })
	for _, f := range d.Features {
		support := make([]string, len(clients))
		for i, client := range clients {
			family, platform, _ := strings.Cut(client, "/")
			var err error
			if support[i], err = f.support(f.Stats[family][platform].last); err != nil {
				return "", fmt.Errorf("feature %s, client %s: %w", f.Slug, client, err)
			}
		}
		fields := []string{"feature", f.Slug, f.Tested, oneLine(f.Title), oneLine(f.Description), strings.Join(support, " ")}
		b.WriteString(strings.Join(fields, "\t") + "\n")
		for n := 1; n <= len(f.Notes); n++ {
			note, ok := f.Notes[strconv.Itoa(n)]
			if !ok {
				return "", fmt.Errorf("feature %s: its notes are not numbered from 1 on", f.Slug)
			}
			b.WriteString("\t" + oneLine(note) + "\n")
		}
	}
	return b.String(), nil
}

// clients gives all clients, as family/platform.
func (d *dataset) clients() []string {
	var list []string
	for _, f := range d.Features {
		for family, platforms := range f.Stats {
			for platform := range platforms {
				list = append(list, family+"/"+platform)
			}
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// support gives y, a (partly), n or u (unknown) with the numbers of the notes, such as
// "a1,3", from "a #1 #3"; - where nothing was tested.
func (f *feature) support(value string) (string, error) {
	words := strings.Fields(value)
	if len(words) == 0 {
		return "-", nil
	}
	if !slices.Contains([]string{"y", "a", "n", "u"}, words[0]) {
		return "", fmt.Errorf("unknown support %q", value)
	}
	var notes []string
	for _, word := range words[1:] {
		number := strings.TrimPrefix(word, "#")
		if f.Notes[number] != "" { // some refer to notes that do not exist
			notes = append(notes, number)
		}
	}
	return words[0] + strings.Join(notes, ","), nil
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
