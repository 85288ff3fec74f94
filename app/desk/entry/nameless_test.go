package entry

import (
	"strings"
	"testing"
)

func TestADraftNamesNobody(t *testing.T) {
	names := []string{"Rita Rossi", "Rossi", "Rita", "D'Angelo"}
	for text, want := range map[string]string{
		"Lo dice Rita Rossi (rita@ateneo.example), tel. +39 06 1234567.": "Lo dice […] ([…]), tel. […].",
		"rossi e D’Angelo no; D'Angelo sì":                               "[…] e […] no; […] sì",
		"Il codice RSSRTI80A41H501X non va in versione 24.01.00":         "Il codice […] non va in versione 24.01.00",
		"Entro il 30-11-2026, tel. 050-1234567":                          "Entro il 30-11-2026, tel. […]",
		"Arrossire non è Rossi":                                          "Arrossire non è […]",
	} {
		if got := Nameless(text, names, nil); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
	if got := Nameless("Rita Rita Rita", names, nil); strings.Contains(got, "Rita") {
		t.Errorf("twice in a row: %q", got)
	}
}
