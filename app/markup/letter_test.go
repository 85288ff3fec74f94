package markup

import "testing"

// TestLetterTextKeepsWhatAnAnswerShows: the plain part of a letter keeps what the HTML of an agent's Markdown shows:
// quotations, rules, lists, tables with empty cells, code as it stands, and where links lead.
func TestLetterTextKeepsWhatAnAnswerShows(t *testing.T) {
	for in, want := range map[string]string{
		"Ecco:\n\n> citato\n> due\n\nfine":  "Ecco:\n\n> citato\n> due\n\nfine",
		"prima\n\n---\n\ndopo":              "prima\n\n-----\n\ndopo",
		"* uno\n* due":                      "- uno\n- due",
		"1. a\n2. b":                        "1. a\n2. b",
		"[la guida](https://a.example/x)":   "la guida <https://a.example/x>",
		"https://b.example e a@b.example":   "https://b.example e a@b.example",
		"| a | b |\n|---|---|\n| 1 |   |":   "a | b\n1 |",
		"```\nx\n  y\n```":                  "x\n  y",
		"**forte** e `codice` e ~~tolto~~":  "forte e codice e ~~tolto~~",
		"[a@b.example](mailto:a@b.example)": "a@b.example",
	} {
		if got := LetterText(string(HTML(MessageFmt, in))); got != want {
			t.Errorf("%q is %q, want %q", in, got, want)
		}
	}
}
