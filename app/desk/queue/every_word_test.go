package queue

import "testing"

func TestWordsOfAViewAreAllNeeded(t *testing.T) {
	for text, want := range map[string]string{
		"cedolino ottobre":           "+cedolino +ottobre",
		"errore di stampa":           "+errore di +stampa",
		`"cedolino di ottobre" csa`:  `"cedolino di ottobre" csa`,
		"stato:aperta cedolino -iva": "stato:aperta +cedolino -iva",
		"rendic* OR anticipo":        "+rendic* OR +anticipo",
		"":                           "",
	} {
		if got := everyWord(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
}
