package peers

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/caddy-mailbucket/mailbucket/search"
	"github.com/caddy-mailbucket/mailbucket/store"
)

// Bounds of tags: how many different ones are counted, how many a mail can be given, and
// how long they may be, in bytes.
const (
	maxTags     = 10_000
	maxMailTags = 100
	maxTag      = 100
)

// countTags counts the mails with each tag, without regard to the tag's case.
func (a *API) countTags(r *http.Request) (map[string]int, error) {
	counts, spelt := make(map[string]int), make(map[string]string)
	_, err := a.find(r.Context(), store.Query{Match: func(b *store.Bucket, m *store.Message) bool {
		for _, tag := range search.Tags(b, m) {
			lower := strings.ToLower(tag)
			if _, known := spelt[lower]; !known && len(spelt) < maxTags {
				spelt[lower] = tag
			}
			if name, known := spelt[lower]; known {
				counts[name]++
			}
		}
		return false
	}})
	return counts, err
}

// mailpitTags answers GET /api/v1/tags.
func (a *API) mailpitTags(w http.ResponseWriter, r *http.Request, _ []string) *failure {
	counts, err := a.countTags(r)
	if err != nil {
		return workFailure(err)
	}
	tags := make([]string, 0, len(counts))
	for tag := range counts {
		tags = append(tags, tag)
	}
	slices.SortFunc(tags, func(x, y string) int {
		return strings.Compare(strings.ToLower(x), strings.ToLower(y))
	})
	return a.sendJSON(w, r, tags, 100*len(tags))
}

// mailpitSetTags answers PUT /api/v1/tags, which gives mails tags in the place of those they
// have. The mails themselves stay as they are.
func (a *API) mailpitSetTags(w http.ResponseWriter, r *http.Request, _ []string) *failure {
	var change struct{ IDs, Tags []string }
	if _, f := a.readJSON(w, r, &change); f != nil {
		return f
	}
	tags, err := newTags(change.Tags)
	if err != nil {
		return badRequest(err.Error())
	}
	if _, err := a.bucket.SetTags(r.Context(), heldIDs(change.IDs), tags); err != nil {
		return workFailure(err)
	}
	sendText(w, r, http.StatusOK, "ok")
	return nil
}

// newTags are tags without needless blanks, each once in any case.
func newTags(list []string) (tags []string, err error) {
	for _, tag := range list {
		switch tag = cleanTag(tag); {
		case tag == "" || slices.ContainsFunc(tags, func(t string) bool { return strings.EqualFold(t, tag) }):
			continue
		case len(tag) > maxTag || hasControl(tag) || strings.Contains(tag, ","):
			return nil, fmt.Errorf("invalid tag name: %.100q", tag)
		case len(tags) == maxMailTags:
			return nil, fmt.Errorf("expected at most %d tags", maxMailTags)
		}
		tags = append(tags, tag)
	}
	return tags, nil
}

func cleanTag(tag string) string { return strings.Join(strings.Fields(tag), " ") }

// mailpitRenameTag answers PUT /api/v1/tags/{Tag}.
func (a *API) mailpitRenameTag(w http.ResponseWriter, r *http.Request, names []string) *failure {
	var change struct{ Name string }
	if _, f := a.readJSON(w, r, &change); f != nil {
		return f
	}
	renamed, err := newTags([]string{change.Name})
	if err == nil && len(renamed) == 0 {
		err = fmt.Errorf("invalid tag name: %.100q", change.Name)
	}
	if err != nil {
		return badRequest(err.Error())
	}
	found, f := a.tagged(r, names[0])
	if f != nil {
		return f
	}
	if len(found) > 0 && !strings.EqualFold(cleanTag(names[0]), renamed[0]) {
		if taken, f := a.tagged(r, renamed[0]); f != nil {
			return f
		} else if len(taken) > 0 {
			return badRequest("tag already exists: " + renamed[0])
		}
	}
	return a.replaceTag(w, r, names[0], found, renamed)
}

// mailpitDeleteTag answers DELETE /api/v1/tags/{Tag}: mails lose the tag.
func (a *API) mailpitDeleteTag(w http.ResponseWriter, r *http.Request, names []string) *failure {
	found, f := a.tagged(r, names[0])
	if f != nil {
		return f
	}
	return a.replaceTag(w, r, names[0], found, nil)
}

// tagged is which mails have a tag, with their tags.
func (a *API) tagged(r *http.Request, tag string) (map[store.ID][]string, *failure) {
	tag = cleanTag(tag)
	found := make(map[store.ID][]string)
	_, err := a.find(r.Context(), store.Query{Match: func(b *store.Bucket, m *store.Message) bool {
		tags := search.Tags(b, m)
		if slices.ContainsFunc(tags, func(t string) bool { return strings.EqualFold(t, tag) }) {
			found[m.ID] = tags
		}
		return false
	}})
	if err != nil {
		return nil, workFailure(err)
	}
	return found, nil
}

// replaceTag puts other tags in the place of one, for the mails that were found to have it.
func (a *API) replaceTag(w http.ResponseWriter, r *http.Request, tag string, found map[store.ID][]string, with []string) *failure {
	tag = cleanTag(tag)
	if len(found) == 0 {
		return badRequest(fmt.Sprintf("tag not found: %.100s", tag))
	}
	for _, alike := range byTags(found) {
		tags := found[alike[0]]
		at := slices.IndexFunc(tags, func(t string) bool { return strings.EqualFold(t, tag) })
		if _, err := a.bucket.SetTags(r.Context(), alike, slices.Concat(tags[:at], with, tags[at+1:])); err != nil {
			return workFailure(err)
		}
	}
	sendText(w, r, http.StatusOK, "ok")
	return nil
}

// byTags puts together the mails that have the same tags, which are changed at once.
func byTags(found map[store.ID][]string) map[string][]store.ID {
	alike := make(map[string][]store.ID)
	for id, tags := range found {
		key := fmt.Sprintf("%q", tags)
		alike[key] = append(alike[key], id)
	}
	return alike
}
