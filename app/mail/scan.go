package mail

import (
	"bytes"
	"strings"
)

// The limits of scanning a message. The scan is linear for any input; the limits bound what it keeps and what later
// steps must examine.
const (
	maxOpen   = 16        // unclosed multiparts
	maxLevels = 100       // nested parts
	maxParts  = 1000      // parts in all
	maxHeader = 256 << 10 // bytes of one header
)

// entity is a message or a part of one: a header and a body, as offsets into the scanned bytes. So nothing is copied,
// and a signature is checked over exactly what was sent.
type entity struct {
	header header
	kind   string // media type in lower case; a default when the header names none
	params map[string]string
	start  int // first byte of the header
	body   int // first byte of the body
	end    int // after the last byte of the body, without the line end that belongs to the boundary
	parts  []*entity
	tail   int // after its last boundary, 0 when there is none

	boundary string
	pending  bool // a multipart that does not name its boundary
}

// scan reads the lines of a message.
type scan struct {
	data    []byte
	root    *entity
	open    []*entity      // multiparts around the current line
	level   map[string]int // index in open by boundary
	count   int            // number of parts
	looked  int            // number of lines, for the tests
	problem string
}

// scanMessage finds the parts of a message. It examines every line once, and also the line after one that does not
// belong in a header.
func scanMessage(data []byte) *scan {
	s := &scan{data: data, level: map[string]int{}}
	pos := skipMboxLine(data)
	s.root = s.part(pos, "text/plain")
	pos = s.root.body
	prev := pos // end of the previous line without its line end
	s.push(s.root)
	for pos < len(data) {
		next, text := line(data, pos)
		s.looked++
		if i, end := s.boundaryOf(data[pos:text], next); i >= 0 {
			m := s.close(i, prev)
			if end {
				s.pop(i)
				m.tail = next
				pos, prev = next, next
				continue
			}
			if s.count >= maxParts {
				// The rest is not parsed; the whole message is kept anyway.
				s.fail(TooManyParts)
				break
			}
			kind := "text/plain"
			if m.kind == "multipart/digest" {
				kind = "message/rfc822"
			}
			leaf := s.part(next, kind)
			m.parts = append(m.parts, leaf)
			pos, prev = leaf.body, leaf.body
			s.push(leaf)
			continue
		}
		prev = text
		pos = next
	}
	if len(s.open) > maxOpen {
		s.fail(TooDeep)
	}
	s.close(0, len(data))
	s.root.end = len(data)
	return s
}

func (s *scan) fail(problem string) {
	if s.problem == "" {
		s.problem = problem
	}
}

// part reads the header at pos.
func (s *scan) part(pos int, kind string) *entity {
	s.count++
	h, body, long := readHeader(s.data, pos)
	if long {
		s.fail(HeaderTooLong)
	}
	e := &entity{header: h, start: pos, body: body, end: len(s.data)}
	e.kind, e.params = mediaType(h.get("Content-Type"))
	if e.kind == "" {
		e.kind = kind
	}
	return e
}

// push opens a multipart. Other parts, and multiparts nested too deep, are not opened.
func (s *scan) push(e *entity) {
	if !strings.HasPrefix(e.kind, "multipart/") {
		return
	}
	if len(s.open) >= maxLevels {
		s.fail(TooDeep)
		return
	}
	e.boundary = strings.TrimRight(e.params["boundary"], " \t")
	e.pending = e.boundary == ""
	s.open = append(s.open, e)
	if !e.pending {
		// If two open multiparts have the same boundary it belongs to the inner one, as in every reader that works from
		// the inside out.
		s.level[e.boundary] = len(s.open) - 1
	}
}

// pop removes the open multiparts from index i on.
func (s *scan) pop(i int) {
	for k := len(s.open) - 1; k >= i; k-- {
		b := s.open[k].boundary
		if s.level[b] == k {
			delete(s.level, b)
		}
	}
	s.open = s.open[:i]
}

// close closes everything inside the multipart at index i, which stays open, and returns it.
func (s *scan) close(i, end int) *entity {
	if len(s.open) == 0 {
		return s.root
	}
	for _, m := range s.open[i:] {
		if n := len(m.parts); n > 0 {
			m.parts[n-1].end = max(end, m.parts[n-1].body)
		}
		m.end = max(end, m.body)
	}
	if len(s.open)-i-1 > maxOpen {
		s.fail(TooDeep)
	}
	m := s.open[i]
	s.pop(i + 1)
	return m
}

// maxBoundary is above the 70 characters of RFC 2046.
const maxBoundary = 256

// boundaryOf returns the index of the open multipart whose boundary the line is, and whether it is the closing one.
// next is the start of the following line.
func (s *scan) boundaryOf(l []byte, next int) (place int, last bool) {
	if len(l) < 3 || l[0] != '-' || l[1] != '-' || len(l) > maxBoundary || len(s.open) == 0 {
		return -1, false
	}
	l = bytes.TrimRight(l[2:], " \t")
	if i, ok := s.level[string(l)]; ok {
		return i, false
	}
	if b, ok := bytes.CutSuffix(l, []byte("--")); ok {
		if i, ok := s.level[string(b)]; ok {
			return i, true
		}
	}
	// A multipart that names no boundary takes the first candidate that is followed by the header of a part.
	i := len(s.open) - 1
	if m := s.open[i]; m.pending && len(bytes.Trim(l, "-=_ ")) > 0 {
		_, text := line(s.data, next)
		if hasPrefixFold(s.data[next:text], "content-") {
			m.boundary, m.pending = string(l), false
			s.level[m.boundary] = i
			return i, false
		}
	}
	return -1, false
}

// line returns the start of the line after the one at pos, and the end of this line's text.
func line(data []byte, pos int) (next, text int) {
	i := bytes.IndexByte(data[pos:], '\n')
	if i < 0 {
		return len(data), len(data)
	}
	text = pos + i
	next = text + 1
	if text > pos && data[text-1] == '\r' {
		text--
	}
	return next, text
}

// skipMboxLine returns the start of a message that is preceded by the line of a mailbox file.
func skipMboxLine(data []byte) int {
	pos := 0
	if bytes.HasPrefix(data, []byte("\xef\xbb\xbf")) {
		pos = 3
	}
	for pos < len(data) {
		next, text := line(data, pos)
		l := data[pos:text]
		blank := len(bytes.TrimSpace(l)) == 0
		if !blank && (fieldName(l) > 0 || !bytes.HasPrefix(l, []byte("From ")) && !bytes.HasPrefix(l, []byte(">From "))) {
			break
		}
		if blank {
			// Blank lines before a header are a mistake; before anything else they end an empty header.
			if _, t := line(data, next); next < len(data) && !bytes.HasPrefix(data[next:], []byte("From ")) && fieldName(data[next:t]) == 0 && t > next {
				break
			}
		}
		pos = next
	}
	return pos
}

func hasPrefixFold(b []byte, prefix string) bool {
	return len(b) >= len(prefix) && strings.EqualFold(string(b[:len(prefix)]), prefix)
}

// unixLines returns data with LF for every line end that is a lone CR.
func unixLines(data []byte) []byte {
	if bytes.IndexByte(data, '\n') >= 0 || bytes.IndexByte(data, '\r') < 0 {
		return data
	}
	return bytes.ReplaceAll(data, []byte{'\r'}, []byte{'\n'})
}
