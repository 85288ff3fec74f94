package markup

import (
	"html/template"
	"sync"
)

// Rendered holds what was made of texts, each under all that it rests on, so that it can never be stale; whoever asks has the
// text already, so that nothing is told. What is shown to many is the same each time: the tickets and articles that they
// are reading. What it returns is shared and must not be changed. The zero value holds nothing yet.
type Rendered[K comparable, V any] struct {
	mu           sync.Mutex
	newer, older map[K]sized[V]
	bytes        int // of newer
}

type sized[V any] struct {
	v     V
	bytes int
}

// maxKept is how many bytes of texts, and of what was made of them, the newer half of a Rendered may have; maxKeptText those
// of the longest text that is kept. When the newer half is full it becomes the older one, from which what is asked for
// again comes forward.
const (
	maxKept     = 1 << 20
	maxKeptText = 64 << 10
)

// Get returns what is held for the key, else what find makes, with its bytes; text is how many bytes the key has.
func (k *Rendered[K, V]) Get(key K, text int, find func() (V, int)) V {
	if text > maxKeptText {
		v, _ := find()
		return v
	}
	k.mu.Lock()
	held, ok := k.newer[key]
	old := false
	if !ok {
		held, old = k.older[key]
	}
	k.mu.Unlock()
	if ok {
		return held.v
	}
	if !old {
		held.v, held.bytes = find()
		held.bytes += text
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.newer == nil || k.bytes >= maxKept {
		k.older, k.newer, k.bytes = k.newer, map[K]sized[V]{}, 0
	}
	if _, ok := k.newer[key]; !ok {
		k.bytes += held.bytes
		k.newer[key] = held
	}
	return held.v
}

// Shown is a body as HTML, with its headings.
type Shown struct {
	HTML     template.HTML
	Headings []Heading
}

type body struct{ format, text string }

var bodies Rendered[body, Shown]

// Show returns what HTML and Headings return. It is kept, for what is read again and again: articles, the words of the desk.
func Show(format, text string) Shown {
	return bodies.Get(body{format, text}, len(text), func() (Shown, int) {
		s := Shown{HTML(format, text), Headings(format, text)}
		return s, len(s.HTML) + 100*len(s.Headings)
	})
}
