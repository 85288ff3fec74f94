// Package hostile has texts that nobody means well with, and judges what became of them: a second opinion, for tests,
// on HTML that may stand in a page. It shares nothing with what it judges.
package hostile

import (
	"strings"
	"testing"
)

// Texts are texts of about n bytes that cost the square of n, or nest as
// deeply, where nobody bounds them. A bound that is lost shows as a test that
// does not end, or as a page too large or too deep.
func Texts(n int) map[string]string {
	rep := func(s string) string { return strings.Repeat(s, n/len(s)) }
	half := func(a, b string) string { return strings.Repeat(a, n/2/len(a)) + strings.Repeat(b, n/2/len(b)) }
	var ticks, steps strings.Builder
	for i := 1; ticks.Len() < n/2; i++ {
		ticks.WriteString(strings.Repeat("`", i) + " ")
	}
	for i := 0; steps.Len() < n; i++ {
		steps.WriteString(strings.Repeat(" ", 2*(i%300)) + "- a\n")
	}
	return map[string]string{
		"quotes":                  rep(">"),
		"quotes with spaces":      rep("> "),
		"quotes with tabs":        rep(">\t"),
		"lazy quotes":             strings.Repeat(">", 100) + "a\n" + rep("b\n"),
		"quotes and answers":      rep("> 1\n> 2\n> 3\n> 4\na\n"),
		"quotes and blanks":       rep("> a\n\n"),
		"brackets":                rep("["),
		"brackets closed":         half("[", "]"),
		"pictures opened":         rep("!["),
		"links cut off":           rep("[a](b "),
		"links cut off in <":      rep("[a](<b"),
		"links cut off in title":  rep("[a](b '"),
		"references cut off":      rep("[a]["),
		"definitions":             rep("[a]: b\n"),
		"one long address, often": "[a]: /" + strings.Repeat("x", n/4) + "\n\n" + rep("[a]\n\n"),
		"one long picture, often": "[a]: http://" + strings.Repeat("x", n/4) + "\n\n" + rep("![a]\n\n"),
		"stars":                   rep("*"),
		"stars with text":         rep("*a "),
		"stars closed":            half("*a **b ", "c** d*"),
		"closers only":            rep("a_ b* "),
		"three delimiters":        rep("*a _b ~c "),
		"ticks":                   ticks.String(),
		"ticks and lines":         ticks.String() + strings.Repeat("\na", n/4),
		"lists in a line":         strings.Repeat("- ", n/4) + "a" + strings.Repeat("\n", n/2),
		"lists by steps":          steps.String(),
		"mixed lists":             rep("1. - "),
		"items":                   rep("- a\n"),
		"a wide table":            strings.Repeat("|a", n/8) + "|\n" + strings.Repeat("|-", n/8) + "|\n" + strings.Repeat("a\n", n/4),
		"a long table":            strings.Repeat("|a", 60) + "|\n" + strings.Repeat("|-", 60) + "|\n" + rep("a\n"),
		"many tables":             rep("|a|b\n|-|-\n|1\n\n"),
		"pipes in code":           "|a|\n|-|\n" + rep("|`a\\|b`|\n"),
		"underscores":             rep("a_"),
		"at signs":                rep("a_@ "),
		"addresses":               rep("http://a"),
		"www":                     rep("www."),
		"tickets":                 rep("#1 "),
		"equal headings":          rep("# a\n"),
		"underlined headings":     rep("a\n-\n"),
		"angles":                  rep("<a:"),
		"entities":                rep("&a"),
		"backslashes":             rep("\\"),
		"fences":                  rep("~~~ a\n> "),
		"tabs":                    rep("\t"),
		"attributions":            rep("Il 10:12 x\n"),
		"headers":                 rep("Da: a\n"),
		"elements":                rep("<div>"),
		"formats":                 strings.Repeat("<b><i><u>", 20) + rep("<p>x"),
		"tables":                  rep("<table><td>"),
		"anchors":                 rep("<a href=/x>"),
		"attributes":              "<a " + rep("href=/1 ") + ">",
		"headings in headings":    rep("<h1>a<h2>"),
		"ends":                    rep("</p>"),
		"items without end":       rep("<ul><li>"),
		"comments":                rep("<!--"),
	}
}

// Mail is an ordinary message of about 2 KB.
var Mail = strings.Repeat("Buongiorno, la stampa del **registro** non parte: vedi #4521 e https://www.example.it/aiuto?a=b.\n"+
	"Ho provato con la versione 24.1.0, esce `ORA-01722` e poi la pagina resta bianca (anche con _Firefox_).\n\n"+
	"- aperto il modulo\n- scelto il mese\n- premuto Stampa\n\n", 6) +
	"\nIl giorno lun 3 mar 2025 alle ore 10:12 Anna Bianchi <anna@example.it> ha scritto:\n\n" +
	strings.Repeat("> Può dirci quale versione usa e che cosa compare a video?\n", 6)

// Check fails the test when what a text became is much larger than it, not balanced, or not safe.
func Check(t testing.TB, what, in, out string) {
	t.Helper()
	if len(out) > 40*len(in)+30_000 {
		t.Errorf("%s: %d bytes become %d", what, len(in), len(out))
	}
	if err := Balanced(out); err != nil {
		t.Errorf("%s: %v", what, err)
	}
	// Parsing refuses more than 512 levels.
	if err := Safe(out); err != nil {
		t.Errorf("%s: %v", what, err)
	}
}
