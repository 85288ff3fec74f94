package version

import "testing"

func TestAVersionIsFoundInWhatSuppliersWrite(t *testing.T) {
	for text, want := range map[string]string{
		"Rilascio ESSE3 23.10.02.00":                                 "23.10.02.00",
		"U-GOV Contabilità: versione 24.1 disponibile":               "24.1",
		"CSA, Versione: 24.01.00-hf2 (urgente)":                      "24.01.00-hf2",
		"Disponibile la release 24.0-rc1.":                           "24.0-rc1",
		"IRIS v7.3, da installare entro il 12.11.2026":               "7.3",
		"Titulus 23.10.02 e 23.10.2 sono la stessa":                  "23.10.02",
		"ESSE3 (24.04.01)":                                           "24.04.01",
		"Aggiornamento del 12.11.2026":                               "",
		"Fermo dalle 18.00 alle 20.30":                               "",
		"Lo chiede il D.L. 137.2026":                                 "",
		"Dalla versione 23.9 alla versione 23.10":                    "",
		"Scrivete a a@1.2.3.example o su https://a.example/1.2.3/b":  "",
		"Tornare alla versione precedente":                           "",
		"conversione 12.3 della valuta":                              "",
		"":                                                           "",
		"Versione 99999999999999999999999999.99999999999999999999.1": "99999999999999999999999999.99999999999999999999.1",
	} {
		if got := Find(text); got != want {
			t.Errorf("%q is about %q, want %q", text, got, want)
		}
	}
}
