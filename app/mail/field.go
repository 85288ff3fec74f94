package mail

import (
	"bytes"
	"strings"
)

// field is one header field: its name as written, and its value unfolded but not decoded.
type field struct{ name, value string }

// header is a header in the order it was written.
type header []field

// get returns the first value of the name.
func (h header) get(name string) string {
	for _, f := range h {
		if len(f.name) == len(name) && strings.EqualFold(f.name, name) {
			return f.value
		}
	}
	return ""
}

// has reports whether the name is present, even with an empty value.
func (h header) has(name string) bool {
	for _, f := range h {
		if len(f.name) == len(name) && strings.EqualFold(f.name, name) {
			return true
		}
	}
	return false
}

// all returns the values of the name in order.
func (h header) all(name string) []string {
	var list []string
	for _, f := range h {
		if len(f.name) == len(name) && strings.EqualFold(f.name, name) {
			list = append(list, f.value)
		}
	}
	return list
}

// text returns the first value of the name, decoded.
func (h header) text(name string) string { return DecodeHeader(h.get(name)) }

// fieldName returns the length of the field name at the beginning of a line, 0 when there is none. White space before
// the colon is allowed.
func fieldName(l []byte) int {
	i := 0
	for i < len(l) && l[i] > ' ' && l[i] < 0x7f && l[i] != ':' {
		i++
	}
	n := i
	for i < len(l) && (l[i] == ' ' || l[i] == '\t') {
		i++
	}
	if n == 0 || n > 100 || i >= len(l) || l[i] != ':' {
		return 0
	}
	return n
}

// readHeader reads the header at pos and returns where its body begins. It skips what exceeds maxHeader and sets long.
// A line that is not a field continues the field before it if another field follows; otherwise it begins the body of a
// message whose header does not end.
func readHeader(data []byte, pos int) (h header, body int, long bool) {
	begin, folded := pos, pos // lines before folded are known to belong to the header
	var value []byte
	flush := func() {
		if len(h) > 0 && value != nil {
			h[len(h)-1].value = string(bytes.TrimSpace(value))
			value = nil
		}
	}
	for pos < len(data) {
		next, text := line(data, pos)
		l := data[pos:text]
		if len(l) == 0 {
			flush()
			return h, next, long
		}
		if pos-begin+len(l) > maxHeader {
			long = true
			if pos-begin < maxHeader && value == nil {
				// Of a single field that long, keep the beginning.
				if n := fieldName(l); n > 0 {
					h = append(h, field{name: string(l[:n])})
					value = bytes.Clone(l[bytes.IndexByte(l, ':')+1 : min(len(l), maxHeader)])
				}
			}
			flush()
			pos = next
			continue
		}
		n := fieldName(l)
		switch {
		case l[0] == ' ' || l[0] == '\t':
			if pos >= folded && len(bytes.TrimSpace(l)) == 0 {
				// A line of blanks belongs to a field that continues (RFC 5322 4.2). It ends the header if text
				// follows.
				if folded = foldedTo(data, next); folded == 0 {
					flush()
					return h, next, long
				}
			}
			if value != nil {
				value = append(append(value, ' '), bytes.TrimLeft(l, " \t")...)
			}
		case n > 0:
			flush()
			h = append(h, field{name: string(l[:n])})
			value = append(make([]byte, 0, len(l)+64), l[bytes.IndexByte(l, ':')+1:]...)
		case fieldOrBlank(data, next) > 0 && len(h) > 0:
			if value != nil {
				value = append(append(value, ' '), l...)
			}
		default:
			flush()
			return h, pos, long
		}
		pos = next
	}
	flush()
	return h, pos, long
}

// fieldOrBlank returns the kind of the line at pos: 1 a field, 2 blank, 0 other.
func fieldOrBlank(data []byte, pos int) int {
	if pos >= len(data) {
		return 2
	}
	_, text := line(data, pos)
	switch {
	case text == pos:
		return 2
	case fieldName(data[pos:text]) > 0:
		return 1
	}
	return 0
}

// foldedTo returns the end of the lines from pos on that begin with white space, if a field or the end of the header
// follows them; else 0.
func foldedTo(data []byte, pos int) int {
	begin := pos
	for pos < len(data) && (data[pos] == ' ' || data[pos] == '\t') {
		pos, _ = line(data, pos)
	}
	if fieldOrBlank(data, pos) == 0 || pos >= len(data) && pos > begin {
		return 0
	}
	return max(pos, begin)
}
