package peers

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/caddy-mailbucket/mailbucket/guard"
)

// call answers one method on one path. The names are the segments of the path that match
// the route's asterisks, unescaped.
type call func(a *API, w http.ResponseWriter, r *http.Request, names []string) *failure

// route is a path with the calls it has, by method. An asterisk in the path matches any
// text within a segment that is not empty.
type route struct {
	path  string
	calls map[string]call

	// withoutFaults is the answer where faults are not shown, nil for calls that are not
	// about them.
	withoutFaults *failure

	segments []string
}

// routes are those of all peers. The first that a path matches counts.
var routes = splitRoutes(slices.Concat(mailpitRoutes, mailhogRoutes))

func splitRoutes(list []route) []route {
	for i := range list {
		list[i].segments = strings.Split(list[i].path, "/")
	}
	return list
}

// maxPath bounds the length of paths, in bytes, and so the number of their segments.
const maxPath = 4 << 10

// findRoute is the route that a URL is for, or nil. Several slashes in a row count as one,
// as some clients add a path to a base URL that ends in a slash.
func findRoute(u *url.URL) (found *route, names []string) {
	path := u.EscapedPath()
	if len(path) > maxPath {
		return nil, nil
	}
	segments := []string{""}
	for segment := range strings.SplitSeq(path, "/") {
		if segment == "" {
			continue
		}
		text, err := url.PathUnescape(segment)
		if err != nil {
			return nil, nil
		}
		segments = append(segments, text)
	}
	for i := range routes {
		if names, ok := routes[i].match(segments); ok {
			return &routes[i], names
		}
	}
	return nil, nil
}

func (found *route) match(segments []string) (names []string, ok bool) {
	if len(segments) != len(found.segments) {
		return nil, false
	}
	for i, pattern := range found.segments {
		before, after, hasName := strings.Cut(pattern, "*")
		segment := segments[i]
		if !hasName {
			if segment != pattern {
				return nil, false
			}
			continue
		}
		name, ok := strings.CutPrefix(segment, before)
		if ok {
			name, ok = strings.CutSuffix(name, after)
		}
		if !ok || name == "" {
			return nil, false
		}
		names = append(names, name)
	}
	return names, true
}

// allow is the value of the Allow header field.
func (found *route) allow() string { return guard.Methods(found.calls) }

// on returns the calls of a route that has only GET, as most do.
func on(get call) map[string]call { return map[string]call{http.MethodGet: get} }
