package search

import (
	"os"
	"slices"
	"strings"
	"testing"
)

func TestAnIndexIsKnownByTheLibrariesItWasMadeWith(t *testing.T) {
	b, err := os.ReadFile("../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	var have []string
	for line := range strings.Lines(string(b)) {
		line, _, _ = strings.Cut(line, "//")
		have = append(have, strings.TrimPrefix(strings.TrimSpace(line), "require "))
	}
	for _, l := range libraries {
		if !slices.Contains(have, l) {
			t.Errorf("go.mod has another version than %s", l)
		}
	}
}
