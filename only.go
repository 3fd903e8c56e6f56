package mailbucket

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/caddy-mailbucket/mailbucket/guard"
	"github.com/caddy-mailbucket/mailbucket/search"
	"github.com/caddy-mailbucket/mailbucket/store"
)

// OnlyFilter is a filter of the API to which a handler is confined: it shows the mail that
// matches one of the values.
type OnlyFilter struct {
	// The name of the filter, such as `login` or `recipient`.
	Filter string `json:"filter,omitempty"`

	// The values, of which one has to match. Placeholders are replaced for each request,
	// and what takes their place is a plain text, in which `*` stands for itself. A value
	// with an empty placeholder matches nothing.
	Values []string `json:"values,omitempty"`
}

// provision checks the filter.
func (f *OnlyFilter) provision() (*search.Only, error) {
	values := make([]search.Value, len(f.Values))
	for i, text := range f.Values {
		values[i] = placeholders(text)
	}
	only, err := search.NewOnly(f.Filter, values...)
	if err != nil {
		return nil, fmt.Errorf("only %s: %w", f.Filter, err)
	}
	return only, nil
}

// placeholders splits a text at its placeholders, which are in braces. Before a brace that
// is none of a placeholder there is a backslash, as everywhere in Caddy.
func placeholders(text string) search.Value {
	var v search.Value
	var plain strings.Builder
	for i := 0; i < len(text); i++ {
		end := strings.IndexByte(text[i:], '}')
		switch {
		case text[i] == '\\' && i+1 < len(text) && (text[i+1] == '{' || text[i+1] == '}'):
			i++
			plain.WriteByte(text[i])
		case text[i] == '{' && end > 1:
			if plain.Len() > 0 {
				v = append(v, search.Piece{Text: plain.String()})
				plain.Reset()
			}
			v = append(v, search.Piece{Text: text[i+1 : i+end], FillIn: true})
			i += end
		default:
			plain.WriteByte(text[i])
		}
	}
	if plain.Len() > 0 || len(v) == 0 {
		v = append(v, search.Piece{Text: plain.String()})
	}
	return v
}

// unmarshalOnly reads the filter and its values.
func unmarshalOnly(d *caddyfile.Dispenser, to *[]OnlyFilter) error {
	args := d.RemainingArgs()
	if len(args) < 2 {
		return d.Err("only: expected a filter and values, as in only login {http.auth.user.id}")
	}
	f := OnlyFilter{Filter: args[0], Values: args[1:]}
	if _, err := f.provision(); err != nil {
		return d.WrapErr(err)
	}
	*to = append(*to, f)
	return nil
}

// provisionOnly checks the filters.
func (h *HTTPHandler) provisionOnly(b *store.Bucket) error {
	h.bucket = b
	for i := range h.Only {
		only, err := h.Only[i].provision()
		if err != nil {
			return err
		}
		h.only = append(h.only, only)
	}
	return nil
}

// userPlaceholder is who Caddy's authentication says that is asking.
const userPlaceholder = "http.auth.user.id"

// access is what a request may see and change.
func (h *HTTPHandler) access(r *http.Request) guard.Access {
	fill := func(name string) string {
		replacer, ok := r.Context().Value(caddy.ReplacerCtxKey).(*caddy.Replacer)
		if !ok {
			return ""
		}
		text, _ := replacer.GetString(name)
		return text
	}
	mail := search.View(h.bucket, h.only, fill)
	if h.ReadOnly {
		mail = mail.ReadOnly()
	}
	faults := len(h.only) == 0
	if h.Faults != nil {
		faults = *h.Faults
	}
	return guard.Access{Mail: mail, Faults: faults, User: fill(userPlaceholder)}
}
