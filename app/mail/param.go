package mail

import (
	"sort"
	"strconv"
	"strings"
)

// maxParams limits the parameters of a field.
const maxParams = 200

// mediaType parses a Content-Type or Content-Disposition value: the type in lower case, and its decoded parameters with
// names in lower case. It accepts what programs write: missing semicolons, missing quotes, quotes in quotes, encoded
// words in parameters, and the continuations and character sets of RFC 2231. An invalid type is "".
func mediaType(v string) (string, map[string]string) {
	i := strings.IndexAny(v, "; \t")
	if i < 0 {
		i = len(v)
	}
	kind := strings.ToLower(strings.Trim(v[:i], `"' `))
	rest := v[i:]
	if strings.Contains(kind, "=") {
		kind, rest = "", v
	}
	for _, r := range kind {
		if r <= ' ' || r >= 0x7f || strings.ContainsRune(`()<>@,;:\"[]?=`, r) {
			kind = ""
			break
		}
	}
	switch kind {
	case "text", "text/":
		kind = "text/plain"
	case "multipart/":
		kind = "multipart/mixed"
	}
	return kind, parameters(rest)
}

// piece is a parameter as written, its name without the stars of RFC 2231.
type piece struct {
	order   int
	value   string
	encoded bool // percent-encoded; the first piece also names a character set
}

func parameters(s string) map[string]string {
	if strings.IndexByte(s, '=') < 0 {
		return nil
	}
	plain := map[string]string{}
	pieces := map[string][]piece{}
	for n := 0; n < maxParams; n++ {
		s = strings.TrimLeft(s, "; \t\r\n")
		i := strings.IndexAny(s, "=;")
		if i < 0 {
			break
		}
		if s[i] == ';' {
			s = s[i+1:]
			continue
		}
		name := strings.ToLower(strings.TrimSpace(s[:i]))
		if k := strings.LastIndexAny(name, " \t"); k >= 0 {
			name = name[k+1:]
		}
		var value string
		value, s = paramValue(s[i+1:])
		base, rest, starred := strings.Cut(name, "*")
		if !starred {
			if _, seen := plain[name]; !seen {
				plain[name] = value
			}
			continue
		}
		p := piece{value: value, encoded: rest == "" || strings.HasSuffix(rest, "*")}
		p.order, _ = strconv.Atoi(strings.TrimSuffix(rest, "*"))
		pieces[base] = append(pieces[base], p)
	}
	for name, v := range plain {
		if name == "boundary" {
			continue
		}
		plain[name] = DecodeHeader(v)
	}
	for name, list := range pieces {
		plain[name] = join2231(list)
	}
	return plain
}

// paramValue splits the value off the beginning of s.
func paramValue(s string) (value, rest string) {
	s = strings.TrimLeft(s, " \t")
	if !strings.HasPrefix(s, `"`) {
		i := strings.IndexByte(s, ';')
		if i < 0 {
			i = len(s)
		}
		value = strings.TrimSpace(s[:i])
		// "a=b c=d": a semicolon is missing. File names contain spaces, but no equals sign after them.
		if k := strings.IndexAny(value, " \t"); k > 0 && strings.IndexByte(value[k:], '=') > 0 && !strings.Contains(value, "=?") {
			return value[:k], s[k:]
		}
		return value, s[i:]
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && i+1 < len(s) && (s[i+1] == '"' || s[i+1] == '\\'):
			i++
			b.WriteByte(s[i])
		case c == '"':
			after := strings.TrimLeft(s[i+1:min(len(s), i+64)], " \t")
			if after == "" || after[0] == ';' || strings.IndexByte(after, '=') > 0 && strings.IndexByte(after, '"') != 0 && s[i+1] == ' ' {
				return b.String(), s[i+1:]
			}
			if b.Len() > 0 || after[0] != '"' {
				b.WriteByte(c) // an unescaped quote inside
			}
		default:
			b.WriteByte(c)
		}
	}
	// The closing quote is missing: what looks like another parameter does not belong to the value.
	v := b.String()
	if i := strings.IndexByte(v, ';'); i >= 0 && strings.IndexByte(v[i:], '=') > 0 {
		return v[:i], v[i:]
	}
	return v, ""
}

// join2231 joins the pieces of a parameter.
func join2231(list []piece) string {
	sort.SliceStable(list, func(i, k int) bool { return list[i].order < list[k].order })
	label := ""
	var raw []byte
	for i, p := range list {
		v := p.value
		if p.encoded {
			if i == 0 {
				if parts := strings.SplitN(v, "'", 3); len(parts) == 3 {
					label, v = parts[0], parts[2]
				}
			}
			raw = append(raw, unpercent(v)...)
			continue
		}
		raw = append(raw, v...)
	}
	return oneLine(decodeText(raw, label))
}

func unpercent(s string) []byte {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if a, b := unhex(s[i+1]), unhex(s[i+2]); a >= 0 && b >= 0 {
				out = append(out, byte(a<<4|b)) // #nosec G115 -- two hexadecimal digits
				i += 2
				continue
			}
		}
		out = append(out, s[i])
	}
	return out
}

// unhex returns the value of a hexadecimal digit, -1 for any other byte.
func unhex(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}
