package sheet_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"sportello/app/sheet"
)

// TestNoCellIsAFormula: a spreadsheet shows every name as it is, and an import of our own export restores it unchanged.
func TestNoCellIsAFormula(t *testing.T) {
	signs := []string{"=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "'", ";", "a", " ", "\""}
	r := rand.New(rand.NewPCG(5, 6))
	for range 20_000 {
		var b strings.Builder
		for range r.IntN(8) {
			b.WriteString(signs[r.IntN(len(signs))])
		}
		s := b.String()
		cell := sheet.Cell(s)
		if back := sheet.FromCell(cell); back != s {
			t.Fatalf("%q is written %q and read %q", s, cell, back)
		}
		for _, part := range strings.Split(cell, ";") {
			if strings.IndexAny(part, "=+-@\t\r\n＝＋－＠") == 0 {
				t.Fatalf("%q is written %q, which begins a formula", s, cell)
			}
		}
	}
	for s, want := range map[string]string{`=HYPERLINK("http://x")`: `'=HYPERLINK("http://x")`, "Anna D'Este": "Anna D'Este", "'Ndrangheta": "'Ndrangheta", "x;=1+1": "x;'=1+1", "": ""} {
		if got := sheet.Cell(s); got != want {
			t.Errorf("%q is written %q, want %q", s, got, want)
		}
	}
}
