package mail

import (
	"bytes"
	"strings"
)

// What a message may cost. The scan is linear whatever it reads; the limits
// bound what it keeps and what those who come after it have to look at.
const (
	maxOpen   = 16        // multiparts that never end
	maxLevels = 100       // parts inside each other
	maxParts  = 1000      // parts in all
	maxHeader = 256 << 10 // bytes of one header
)

// entity is a message or a part of one: a header and a body, as offsets into
// the bytes that were scanned, so that nothing is copied and a signature is
// checked over exactly what was sent.
type entity struct {
	header header
	kind   string // lower-case media type; what it is taken for when it says nothing
	params map[string]string
	start  int // first byte of the header
	body   int // first byte of the body
	end    int // after the last byte of the body, without the line end that belongs to the boundary
	parts  []*entity
	tail   int // after its last boundary, 0 when it has none

	boundary string
	pending  bool // a multipart that does not say its boundary
}

// scan is the walk over the lines of a message.
type scan struct {
	data    []byte
	root    *entity
	open    []*entity      // multiparts around the current line
	level   map[string]int // place in open by boundary
	count   int            // parts
	looked  int            // lines, for the tests
	problem string
}

// scanMessage finds the parts of a message. It looks at every line once, and
// at the one after a line that does not belong into a header.
func scanMessage(data []byte) *scan {
	s := &scan{data: data, level: map[string]int{}}
	pos := skipMboxLine(data)
	s.root = s.part(pos, "text/plain")
	pos = s.root.body
	prev := pos // where the line before ends without its line end
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
				// The rest stays unread; the message is kept whole anyway.
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

// push opens a multipart. A part that is none, or is too deep, stays closed
// in itself.
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
		// Of two open multiparts with one boundary the inner one has it, as
		// in every reader that works from the inside out.
		s.level[e.boundary] = len(s.open) - 1
	}
}

// pop forgets the multiparts from place i on.
func (s *scan) pop(i int) {
	for k := len(s.open) - 1; k >= i; k-- {
		b := s.open[k].boundary
		if s.level[b] == k {
			delete(s.level, b)
		}
	}
	s.open = s.open[:i]
}

// close ends what is open inside the multipart at place i, which stays open,
// and returns it.
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

// boundaryOf tells whether a line is the boundary of an open multipart, its
// place, and whether it is the last one. next is where the line after it
// begins.
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
	// A multipart that names no boundary has the first one that is followed
	// by the header of a part.
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

// line returns where the line after the one at pos begins, and where the text
// of this one ends.
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

// skipMboxLine returns where a message begins that has the line of a mailbox
// file in front of it.
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
			// Blank lines in front of a header are a mistake; in front of
			// anything else they end a header that is empty.
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

// unixLines returns data with LF where it has CR alone as line end.
func unixLines(data []byte) []byte {
	if bytes.IndexByte(data, '\n') >= 0 || bytes.IndexByte(data, '\r') < 0 {
		return data
	}
	return bytes.ReplaceAll(data, []byte{'\r'}, []byte{'\n'})
}
