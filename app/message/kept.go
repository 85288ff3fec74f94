package message

import (
	"html/template"
	"sync"
)

// written is all that the HTML of a text rests on, so that what is kept for it can never be stale.
type written struct{ text, quoted string }

// maxKept is how many bytes of texts and their HTML the newer half of what is kept may have; maxKeptText those of the
// longest that is.
const (
	maxKept     = 1 << 20
	maxKeptText = 32 << 10
)

// rendered keeps the HTML of texts: those of the tickets that many are reading are the same each time. Whoever asks has
// the text already, so that nothing is told. When the newer half is full it becomes the older one, from which what is asked
// for again comes forward.
type rendered struct {
	mu           sync.Mutex
	newer, older map[written]template.HTML
	bytes        int // of newer
}

var folded rendered

// html returns what is kept for the text, or what render makes of it.
func (k *rendered) html(w written, render func(text, quoted string) template.HTML) template.HTML {
	if len(w.text) > maxKeptText {
		return render(w.text, w.quoted)
	}
	k.mu.Lock()
	out, ok := k.newer[w]
	old := false
	if !ok {
		out, old = k.older[w]
	}
	k.mu.Unlock()
	if ok {
		return out
	}
	if !old {
		out = render(w.text, w.quoted)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.newer == nil || k.bytes >= maxKept {
		k.older, k.newer, k.bytes = k.newer, map[written]template.HTML{}, 0
	}
	if _, ok := k.newer[w]; !ok {
		k.bytes += len(w.text) + len(out)
		k.newer[w] = out
	}
	return out
}
