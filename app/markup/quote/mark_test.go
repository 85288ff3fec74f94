package quote

import (
	"strings"
	"testing"
)

// TestWhatMarksOfAMailSayIsKept: what tables, columns and marks of a mail say is kept: in the HTML that is shown,
// and in the text taken from it.
func TestWhatMarksOfAMailSayIsKept(t *testing.T) {
	for name, c := range map[string]struct{ in, text, html string }{
		"an empty cell is a cell": {"<table><tr><th>Cap</th><th>Dare</th><th>Avere</th></tr><tr><td>12</td><td></td><td>1500</td></tr></table>",
			"Cap | Dare | Avere\n12 |  | 1500", "<table><tr><th>Cap</th><th>Dare</th><th>Avere</th></tr><tr><td>12</td><td></td><td>1500</td></tr></table>"},
		"a cell of a hard space is empty": {"<table><tr><td>a</td><td>b</td></tr><tr><td>&nbsp;</td><td>1</td></tr></table>", "a | b\n | 1", "<td>\u00a0</td><td>1</td>"},
		"the last cells are counted":      {"<table><tr><td>a</td><td>b</td><td>c</td></tr><tr><td>1</td><td></td><td></td></tr></table>", "a | b | c\n1 |  |", "<tr><td>1</td><td></td><td></td></tr>"},
		"paragraphs in cells": {"<table><tr><td><p>a</p><p>b</p></td><td><p class=MsoNormal>c<o:p></o:p></p></td></tr><tr><td><p>d</p></td><td><p>e</p></td></tr></table>",
			"a b | c\nd | e", "<td><p>a</p><p>b</p></td>"},
		"a high cell": {"<table><tr><td rowspan=2>a</td><td>b</td></tr><tr><td>c</td></tr><tr><td>d</td><td>e</td></tr></table>",
			"a | b\n | c\nd | e", `<td rowspan="2">a</td>`},
		"a wide cell":               {"<table><tr><td colspan=2>a</td><td>b</td></tr><tr><td>1</td><td>2</td><td>3</td></tr></table>", "a |  | b\n1 | 2 | 3", `<td colspan="2">a</td>`},
		"high and wide":             {"<table><tr><td rowspan=2 colspan=2>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a |  | b\n |  | c", ""},
		"a table of layout":         {"<table><tr><td width=20></td><td><p>Salve</p><p>non va</p></td></tr><tr><td></td><td>saluti</td></tr></table>", "Salve\n\nnon va\n\nsaluti", "<div><p>Salve</p><p>non va</p></div>"},
		"tables inside layout":      {"<table><tr><td><table><tr><td>a</td><td>1</td></tr><tr><td>b</td><td></td></tr></table></td></tr></table>", "a | 1\nb |", "<table><tr><td>a</td><td>1</td></tr><tr><td>b</td><td></td></tr></table>"},
		"struck text":               {"<p>Vale <s>10</s> <del>11</del> <strike>12</strike> 13</p>", "Vale ~~10~~ ~~11~~ ~~12~~ 13", "<s>12</s>"},
		"struck by a style":         {`<p>Vale <span style="color:red;text-decoration: line-through">10</span> 12</p>`, "Vale ~~10~~ 12", "<s>10</s>"},
		"struck over lines":         {"<s>uno<br>due</s> tre", "~~uno~~\n~~due~~ tre", "<s>uno<br>due</s>"},
		"struck in a cell":          {"<table><tr><td>a</td><td><s>1</s></td></tr></table>", "a | ~~1~~", "<s>1</s>"},
		"a power":                   {"<p>10<sup>3</sup> e 10<sup>-3</sup> m<sup>2</sup></p>", "10^3 e 10^-3 m^2", "10<sup>3</sup>"},
		"a power by a style":        {`10<span style="vertical-align:super;font-size:smaller">3</span>`, "10^3", "<sup>3</sup>"},
		"a longer power":            {"x<sup>a+b c</sup>", "x^(a+b c)", ""},
		"what stands low":           {"H<sub>2</sub>O log<sub>2</sub>8 x<sub>i</sub>", "H₂O log₂8 x_i", "H<sub>2</sub>O"},
		"preformatted":              {"<pre>voce    importo\nuno         10\n\n\ndue          2</pre>", "voce    importo\nuno         10\n\n\ndue          2", "<pre>voce    importo\n"},
		"columns of spaces":         {"<p>voce&nbsp;&nbsp;&nbsp; importo<br>&nbsp; uno&nbsp; 1</p>", "voce    importo\n  uno  1", "voce\u00a0\u00a0\u00a0 importo"},
		"a style that keeps":        {"<div style='white-space:pre-wrap'>a   b\n\tc</div>", "a   b\n    c", "a\u00a0\u00a0 b<br>"},
		"boxes":                     {"<input type=checkbox checked> sì <input type='checkbox'> no <input type=radio checked>x", "☑ sì ☐ no ◉x", "☑ sì ☐ no"},
		"boxes of Wingdings":        {`<span style="font-family:Wingdings">þ</span> sì <font face="Wingdings">¨</font> no <span style='font-family:Wingdings'>J</span>`, "☑ sì ☐ no ☺", "☑ sì"},
		"a list with letters":       {`<ol type=a start=3><li>x</li><li>y</li></ol>`, "c. x\nd. y", `<ol type="a" start="3">`},
		"bold of Google":            {`<b style="font-weight:normal">a <span style="font-weight:700">b</span> c</b>`, "a b c", "a <b>b</b> c"},
		"a heading is not ours":     {"<h1>Titolo</h1><p>x</p>", "Titolo\n\nx", "<p><strong>Titolo</strong></p>"},
		"no style, class or id":     {`<p id=main class=btn style="position:fixed" onclick=x>a</p><script>b</script><style>c</style>`, "a", "<p>a</p>"},
		"no picture from afar":      {`a<img src=https://t.it/x.gif alt="Logo">`, "a Logo", "a Logo"},
		"no picture of the desk":    {`a<img src=/files/1 alt="x">`, "a x", "a x"},
		"a sign in a table is data": {"<table><tr><td>soglia</td><td>nota</td></tr><tr><td>&gt; 3000</td><td>x</td></tr></table>", "soglia | nota\n> 3000 | x", ""},
		"dashes in a table":         {"<p>a</p><table><tr><th>c</th></tr><tr><td>1</td></tr><tr><td>--</td></tr><tr><td>3</td></tr></table>", "a\n\nc\n1\n--\n3", "<td>3</td>"},
		"what is set apart at the end": {`<p>Il comando:</p><blockquote style="margin:0 0 0 40px">net use z:<br>net use y:<br>a<br>b<br>c</blockquote>`,
			"Il comando:\n\n> net use z:\n> net use y:\n> a\n> b\n> c", "<blockquote>"},
	} {
		t.Run(name, func(t *testing.T) {
			own, rest := Divide("", c.in, answered)
			if own.Text != c.text {
				t.Errorf("the text is %q\nwant %q", own.Text, c.text)
			}
			if rest != (Passage{}) {
				t.Errorf("folded: %q", rest)
			}
			if out := shown(t, own); !strings.Contains(out, c.html) {
				t.Errorf("shown is %q\nwant %q", out, c.html)
			}
		})
	}
}

func TestADividedMailKeepsItsMarks(t *testing.T) {
	signed := "<table><tr><td>Anna</td><td>tel. 049 8271234</td></tr></table>"
	table := "<table><tr><td>a</td><td></td><td>1</td></tr><tr><td>b</td><td>2</td><td></td></tr></table>"
	for name, c := range map[string]struct{ in, own, rest string }{
		"a table above and one quoted": {table + `<div class="gmail_quote"><div class="gmail_attr">Il 3 mar 2025 alle 10:12 Anna &lt;a@b.it&gt; ha scritto:</div><blockquote class="gmail_quote">` + table + `</blockquote></div>`,
			table, "<blockquote>" + table + "</blockquote>"},
		"a table in the signature":      {"<p>Sì</p>" + table + "<p>-- </p>" + signed, "<p>Sì</p>" + table, "<p>-- </p>" + signed},
		"a quote inside a cell":         {`<table><tr><td>x</td><td>Sì</td></tr><tr><td>y</td><td>no<blockquote type=cite>va?</blockquote></td></tr></table>`, "<td>no</td></tr></table>", "<blockquote>va?</blockquote>"},
		"words alone divide":            {"<div><p>Sì<br><i>-----Messaggio originale-----<br>Da: Anna</i></p>" + table + "</div>", "<div><p>Sì<br></p></div>", table},
		"a list that is cut":            {"<ol><li>uno</li><li>due</li></ol><p>Inviato da iPhone</p>", "<ol><li>uno</li><li>due</li></ol>", "<p>Inviato da iPhone</p>"},
		"a picture above and one below": {`<p>vedi <img src="cid:a@x"></p><blockquote type=cite><img src="cid:b@x">va?</blockquote>`, `<img src="cid:a@x" alt="">`, `<img src="cid:b@x" alt="">`},
	} {
		t.Run(name, func(t *testing.T) {
			own, rest := Divide("", c.in, answered)
			if !strings.Contains(own.HTML, c.own) {
				t.Errorf("own is %q\nwant %q", own.HTML, c.own)
			}
			if !strings.Contains(rest.HTML, c.rest) {
				t.Errorf("rest is %q\nwant %q", rest.HTML, c.rest)
			}
			shown(t, own)
			shown(t, rest)
		})
	}
}
