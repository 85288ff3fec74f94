package search

import (
	"encoding/binary"
	"strings"
	"time"

	"sportello/search/short"
	"sportello/store"
)

// near writes a text in short: what stands in front of byte title, what stands behind, and notes.
func near(public *reading, title int, notes *reading, changed time.Time) []byte {
	out := make([]byte, short.Header, short.Header+2*len(public.tokens)+16)
	out[0] = byte(public.language) // #nosec G115 -- one of a few languages
	if !changed.IsZero() {
		binary.BigEndian.PutUint32(out[1:], uint32(min(max(1, changed.Unix()/60), 1<<32-1)))
	}
	n := public.count(title)
	out = public.short(out, 0, n)
	out = append(out, short.Title)
	out = public.short(out, n, len(public.tokens))
	if notes != nil && len(notes.tokens) > 0 {
		out = append(out, short.Notes)
		out = notes.short(out, 0, len(notes.tokens))
	}
	return out
}

// short appends tokens from to to.
func (r *reading) short(out []byte, from, to int) []byte {
	end := uint32(0)
	for i := from; i < to && len(out) <= short.Most; i++ {
		t := &r.tokens[i]
		if t.form {
			continue
		}
		if i > from && t.start > end && strings.Contains(r.text[end:t.start], "\n\n") {
			out = append(out, short.Break)
		}
		end = max(end, t.end)
		switch {
		case t.whole:
			out = short.Put(append(out, short.Whole), r.words[t.word].near)
		case t.stem == 0:
			out = append(out, short.Small)
		default:
			out = short.Put(out, r.words[t.stem].near)
		}
	}
	return out
}

// changedOf is the time that makes one ticket fresher than another.
func changedOf(t *store.Ticket) time.Time {
	if t.PublicUpdated.IsZero() {
		return t.Opened
	}
	return t.PublicUpdated
}
