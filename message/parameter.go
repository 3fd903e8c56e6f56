package message

import (
	"slices"
	"strings"
)

// Limits of one field with parameters.
const (
	// MaxParameters is how many parameters are read, each segment of RFC 2231
	// counted.
	MaxParameters = 100
	// maxToken is the longest media type or parameter name, in bytes.
	maxToken = 255
)

// ParamValue is the value of a Content-Type or Content-Disposition field: a
// token and its parameters.
type ParamValue struct {
	Value  string // lower-case
	Params []Param

	cut bool // there were more than MaxParameters
}

// Param is one parameter, put together from its segments and decoded (RFC
// 2231).
type Param struct {
	Name  string // lower-case
	Value string
}

// Param gives the value of a parameter by its lower-case name, "" when there is
// none.
func (v ParamValue) Param(name string) string {
	for _, p := range v.Params {
		if p.Name == name {
			return p.Value
		}
	}
	return ""
}

// mediaType gives the lower-case type/subtype of a Content-Type field as sent,
// "" when it is malformed.
func mediaType(raw string) string {
	s := paramScanner{s: raw}
	token := s.value()
	kind, sub, ok := strings.Cut(token, "/")
	if !ok || kind == "" || sub == "" || len(token) > maxToken || strings.Contains(sub, "/") || !isASCII(token) {
		return ""
	}
	return strings.ToLower(token)
}

// headerToken gives the first token of a field as sent, without comments.
func headerToken(raw string) string {
	s := paramScanner{s: raw}
	s.skipBlanks()
	return s.token("")
}

// value reads what stands before the parameters: a token, or a type and a subtype
// with a slash, around which blanks and comments may stand. Quotes around it, or an
// encoded word (RFC 2047) in its place, are undone.
func (s *paramScanner) value() string {
	s.skipBlanks()
	if s.at < len(s.s) && s.s[s.at] == '"' {
		value, _, _ := strings.Cut(s.quoted(), ";")
		return trimBlanks(value)
	}
	start := s.at
	token := s.token(",")
	if strings.HasPrefix(token, "=?") || strings.ContainsRune(token, '=') {
		if decoded := DecodeHeader(token); decoded != token {
			return trimBlanks(decoded)
		}
		s.at = start // a parameter: the value is missing
		return ""
	}
	after := s.at
	s.skipBlanks()
	if s.at < len(s.s) && s.s[s.at] == '/' && token != "" {
		s.at++
		s.skipBlanks()
		return token + "/" + s.token(",")
	}
	if strings.HasSuffix(token, "/") {
		return token + s.token(",")
	}
	s.at = after
	return token
}

// parseParams reads a field as sent. It is lenient: missing quotes and
// semicolons, blanks around "=" and encoded words (RFC 2047) in values are all
// understood.
func parseParams(raw string) ParamValue {
	s := paramScanner{s: unfold(raw)}
	v := ParamValue{Value: strings.ToLower(s.value())}
	if len(v.Value) > maxToken {
		v.Value = ""
	}
	var segments []segment
	for s.nextParam() {
		if len(segments) == MaxParameters {
			v.cut = true
			break
		}
		name, value, ok := s.param()
		if ok {
			segments = append(segments, newSegment(name, value))
		}
	}
	v.Params = joinSegments(segments)
	return v
}

// paramScanner reads tokens, quoted strings and comments (RFC 2045 5.1, RFC
// 5322 3.2), each byte once.
type paramScanner struct {
	s  string
	at int
}

// skipBlanks skips white space and comments; a comment without end takes the
// rest.
func (s *paramScanner) skipBlanks() {
	depth := 0
	for ; s.at < len(s.s); s.at++ {
		switch c := s.s[s.at]; {
		case c == '(':
			depth++
		case c == ')' && depth > 0:
			depth--
		case c == '\\' && depth > 0:
			s.at++
		case depth == 0 && !isBlank(c) && c != '\r' && c != '\n':
			return
		}
	}
	s.at = min(s.at, len(s.s)) // a comment may end in a backslash
}

// token reads up to a blank, a semicolon, a comment, a quote or one of the
// characters in stop.
func (s *paramScanner) token(stop string) string {
	start := s.at
	for ; s.at < len(s.s); s.at++ {
		c := s.s[s.at]
		if c <= ' ' || c == ';' || c == '(' || c == '"' || strings.IndexByte(stop, c) >= 0 {
			break
		}
	}
	return s.s[start:s.at]
}

// nextParam skips what stands before a parameter; false at the end.
func (s *paramScanner) nextParam() bool {
	for {
		s.skipBlanks()
		if s.at >= len(s.s) {
			return false
		}
		if c := s.s[s.at]; c != ';' && c != ',' && c != '"' && c != '=' {
			return true
		}
		s.at++
	}
}

// param reads name=value; ok is false for anything else, which is skipped.
func (s *paramScanner) param() (name, value string, ok bool) {
	name = strings.ToLower(s.token("="))
	if name == "" {
		s.at++ // a control character
		return "", "", false
	}
	s.skipBlanks()
	if s.at >= len(s.s) || s.s[s.at] != '=' || len(name) > maxToken {
		return "", "", false
	}
	s.at++
	s.skipBlanks()
	switch {
	case s.at < len(s.s) && s.s[s.at] == '"':
		value = s.quoted()
	case name == "name" || name == "filename":
		// Unquoted file names with blanks, brackets and quotes are common.
		start := s.at
		s.at = len(s.s)
		if end := strings.IndexByte(s.s[start:], ';'); end >= 0 {
			s.at = start + end
		}
		value = strings.TrimRight(s.s[start:s.at], " \t")
	case name == "boundary":
		value = s.boundary()
	default:
		value = s.token("")
	}
	return name, value, true
}

// boundary reads a boundary without quotes, which may have blanks in it although
// RFC 2045 5.1 wants quotes then. What follows it is another parameter, perhaps
// without its semicolon, or a comment.
func (s *paramScanner) boundary() string {
	start := s.at
	s.token("")
	for end := s.at; ; end = s.at {
		for s.at < len(s.s) && isBlank(s.s[s.at]) {
			s.at++
		}
		if s.at == len(s.s) || s.s[s.at] == ';' || s.s[s.at] == '(' || isParameter(s.s[s.at:]) {
			return s.s[start:end]
		}
		from := s.at
		if s.token(""); s.at == from {
			s.at++
		}
	}
}

// quoted reads a quoted string; one without end takes the rest. A backslash escapes a quote
// or a backslash; before anything else it is kept, as part of a Windows path.
func (s *paramScanner) quoted() string {
	s.at++
	start, escaped := s.at, false
	for ; s.at < len(s.s) && s.s[s.at] != '"'; s.at++ {
		if s.s[s.at] == '\\' && s.at+1 < len(s.s) && (s.s[s.at+1] == '"' || s.s[s.at+1] == '\\') {
			s.at++
			escaped = true
		}
	}
	value := s.s[start:s.at]
	s.at = min(s.at+1, len(s.s))
	if escaped {
		value = unquote.Replace(value)
	}
	return value
}

var unquote = strings.NewReplacer(`\\`, `\`, `\"`, `"`)

// segment is a parameter as sent: a whole value, or one of its pieces in the
// manner of RFC 2231.
type segment struct {
	name     string // without the marks of RFC 2231
	place    int    // of name*0, name*1 ...; -1 for a whole value
	extended bool   // name*: percent-encoded, with a charset
	value    string
}

func newSegment(name, value string) segment {
	g := segment{name: name, place: -1, value: value}
	g.name, g.extended = strings.CutSuffix(g.name, "*")
	star := strings.LastIndexByte(g.name, '*')
	if star < 0 {
		return g
	}
	digits := g.name[star+1:]
	if digits == "" || len(digits) > 4 {
		return g
	}
	place := 0
	for _, c := range []byte(digits) {
		if c < '0' || c > '9' {
			return g
		}
		place = place*10 + int(c-'0')
	}
	g.name, g.place = g.name[:star], place
	return g
}

// joinSegments makes parameters of segments, in the order in which their names came first.
// Of several forms of one parameter, the extended one is preferred most and the plain one
// least.
func joinSegments(segments []segment) []Param {
	var params []Param
	byName := make(map[string][]segment)
	for _, g := range segments {
		if byName[g.name] == nil {
			params = append(params, Param{Name: g.name})
		}
		byName[g.name] = append(byName[g.name], g)
	}
	for i := range params {
		params[i].Value = joinOne(params[i].Name, byName[params[i].Name])
	}
	return params
}

func joinOne(name string, segments []segment) string {
	plain := ""
	for _, g := range slices.Backward(segments) {
		if g.place < 0 && g.extended {
			return decodeExtended(g.value)
		}
		if g.place < 0 {
			plain = g.value
		}
	}
	slices.SortStableFunc(segments, func(a, b segment) int { return a.place - b.place })
	var pieces []segment
	for _, g := range segments {
		if g.place == len(pieces) {
			pieces = append(pieces, g)
		}
	}
	if len(pieces) > 0 {
		return joinPieces(pieces)
	}
	if name == "boundary" {
		return plain // compared byte by byte
	}
	return DecodeHeader(plain)
}

// joinPieces joins the pieces of a value in order (RFC 2231 3 and 4.1).
func joinPieces(pieces []segment) string {
	var b strings.Builder
	if !pieces[0].extended {
		for _, g := range pieces {
			if g.extended {
				g.value = percentDecode(g.value)
			}
			b.WriteString(g.value)
		}
		return DecodeHeader(b.String())
	}
	charset, first := splitExtended(pieces[0].value)
	b.WriteString(percentDecode(first))
	for _, g := range pieces[1:] {
		if g.extended {
			g.value = percentDecode(g.value)
		}
		b.WriteString(g.value)
	}
	return extendedText(b.String(), charset)
}

func decodeExtended(value string) string {
	charset, text := splitExtended(value)
	return extendedText(percentDecode(text), charset)
}

func extendedText(s, charset string) string {
	text, _ := decodeCharset(s, charset)
	return lineEnds.Replace(text)
}

// splitExtended splits charset'language'text; a value without quotes is all
// text.
func splitExtended(value string) (charset, text string) {
	charset, rest, ok := strings.Cut(value, "'")
	if !ok {
		return "", value
	}
	_, text, ok = strings.Cut(rest, "'")
	if !ok {
		return "", value
	}
	return charset, text
}

// percentDecode undoes %XX; a "%" that begins none stays.
func percentDecode(s string) string {
	if strings.IndexByte(s, '%') < 0 {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' {
			if v, ok := hexByte(s[i+1:]); ok {
				b = append(b, v)
				i += 2
				continue
			}
		}
		b = append(b, s[i])
	}
	return string(b)
}
