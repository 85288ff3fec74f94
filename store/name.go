package store

import (
	"slices"
	"strings"

	"sportello/store/spelling"
)

// forms are what the person is found by beside the whole address.
func (p *Person) forms() []string {
	out := spelling.Forms(p.Name)
	local, _, _ := strings.Cut(p.Email, "@")
	for _, f := range spelling.Forms(local) {
		if !slices.Contains(out, f) {
			out = append(out, f)
		}
	}
	return out
}

// Named reports whether every word of the text begins a word of the person's name, or the address.
func (p *Person) Named(text string) bool {
	var forms []string
	for _, w := range strings.Fields(text) {
		if strings.HasPrefix(p.Email, spelling.Address(w)) {
			continue
		}
		if strings.Contains(w, "@") {
			return false
		}
		if forms == nil {
			forms = p.forms()
		}
		if !spelling.Begins(forms, w) {
			return false
		}
	}
	return true
}
