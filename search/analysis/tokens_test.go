package analysis

import (
	"math/rand/v2"
	"strings"
	"testing"
)

func TestTokens(t *testing.T) {
	for text, want := range map[string]string{
		"":                                   "",
		"Ciao, mondo!":                       "ciao mondo",
		"Università PERCHÉ naïve":            "universita perche naive",
		"universita\u0300 perche\u0301":      "universita perche",
		"dell'anagrafica l’Università":       "anagrafica universita",
		"un'altra dall`ufficio":              "altra ufficio",
		"perche' e' cosi'":                   "perche e cosi",
		"O'Brien d'Este":                     "o brien este",
		"user's don't we're":                 "user dont were",
		"ORA-01722":                          "[ora01722] ora 01722",
		"AN_ANAGRAFICA":                      "[ananagrafica] an anagrafica",
		"ana.gallo@polito.it.":               "[ana.gallo@polito.it] ana gallo polito it",
		"CSA 24.06.01":                       "csa [24.06.01] 24 06 01",
		"U-GOV ugov":                         "[ugov] u gov ugov",
		"fine.Inizio e/o":                    "fine inizio e o",
		"report.pdf":                         "[reportpdf] report pdf",
		"https://www.unibo.it/a/b?x=1":       "https www unibo it a b x 1",
		"esse 3, u gov e U GOV.":             "[esse3] esse 3 [ugov] u gov e [ugov] u gov",
		"a 3 per 5 art 100 u gov-x la 3":     "a 3 per 5 art 100 u [govx] gov x la 3",
		"--- ... '' \"\" ( )":                "",
		"ﬁne №5 ＡＢＣ":                         "fine 5 abc",
		"straße Łódź Ærø":                    "strasse lodz aero",
		"東京都":                                "東 京 都",
		"a\x00b\xffc":                        "a b c",
		"infor\u00admatica":                  "informatica",
		"**grassetto** `codice` [x](y)":      "grassetto codice x y",
		"l'ORA-01722":                        "[ora01722] ora 01722",
		strings.Repeat("x", 100):             strings.Repeat("x", 64),
		"a-" + strings.Repeat("b-", 3) + "c": "[abbbc] a b b b c",
	} {
		if got := terms(text); got != want {
			t.Errorf("%q:\n got %s\nwant %s", text, got, want)
		}
	}
}

func TestTokensStandWhereTheySay(t *testing.T) {
	text := "L’Università di Łódź: dell'ORA-01722, user's e-mail."
	Scan(text, func(k Token) {
		if got := text[k.Start:k.End]; k.Parts == 0 && fold(got) != k.Term {
			t.Errorf("%q stands at %q", k.Term, got)
		}
	})
}

func TestLanguageIsGuessed(t *testing.T) {
	for text, want := range map[string]string{
		"": "it", "ORA-01722": "it",
		"Non riesco a entrare nel sistema e non so che cosa fare": "it",
		"I cannot sign in to the system and it is not clear why":  "en",
		"payments of the employees are missing":                   "en",
	} {
		if got := GuessLanguage(text); got != want {
			t.Errorf("%q is %s, want %s", text, got, want)
		}
	}
}

func terms(text string) string {
	var out []string
	Scan(text, func(t Token) {
		s := t.Term
		if t.Parts > 0 {
			s = "[" + s + "]"
		}
		out = append(out, s)
	})
	return strings.Join(out, " ")
}

// TestAStemBeginsAsItsWordDoes holds what lets snippets pass over words without working out their stems.
func TestAStemBeginsAsItsWordDoes(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	letters := []rune("abcdefghijklmnopqrstuvwxyzàèéìòùáíóúçñyßø0123456789")
	endings := []string{"", "are", "azione", "mente", "ies", "ied", "ing", "s", "ly", "ful", "ness", "ità", "evo", "erebbero", "gli"}
	words := []string{"skis", "skies", "dying", "lying", "tying", "idly", "gently", "ugly", "early", "only", "singly", "sky", "news", "howe", "atlas", "cosmos", "bias", "andes", "youth", "yes", "y"}
	for range 200_000 {
		var w []rune
		for range 1 + r.IntN(7) {
			w = append(w, letters[r.IntN(len(letters))])
		}
		words = append(words, string(w)+endings[r.IntN(len(endings))])
	}
	for _, language := range Languages {
		for _, w := range words {
			if s := Stem(language, w); s != "" && s[0] != w[0] {
				t.Fatalf("%s: %q has the stem %q", language, w, s)
			}
		}
	}
}
