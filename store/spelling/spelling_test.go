package spelling

import (
	"strings"
	"testing"
)

func TestNamesAreTheSameHoweverTheyAreTyped(t *testing.T) {
	if !Same("D'Angelo Maria", "d’angelo  maria") || Same("", "'") || Same("De Rosa", "De Rossi") || !Same("Müller", "mueller") {
		t.Error("names that are the same")
	}
}

func TestALongNameHasFewForms(t *testing.T) {
	if n := len(Forms(strings.Repeat("a b ", 500))); n > 3*maxWords {
		t.Errorf("%d forms of one name", n)
	}
}
