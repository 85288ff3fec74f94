package markup

import (
	"strings"
	"testing"
)

// TestFromPaste: what is copied elsewhere comes into the editor as Markdown that says the same.
func TestFromPaste(t *testing.T) {
	excel := `<html xmlns:x="urn:schemas-microsoft-com:office:excel"><head><style>.xl65{color:red}</style></head><body><table border=0><col width=64><!--StartFragment-->
<tr height=20><td class=xl65>Capitolo</td><td>Dare</td><td>Avere</td></tr><tr><td align=right>12</td><td></td><td x:num>1.500,00</td></tr><tr><td colspan=2>a|b</td><td>*</td></tr><!--EndFragment--></table></body></html>`
	for name, c := range map[string]struct{ in, want string }{
		"cells of Excel":       {excel, "| Capitolo | Dare | Avere |\n| --- | --- | --- |\n| 12 |  | 1.500,00 |\n| a\\|b |  | \\* |"},
		"a table of Word":      {`<p class=MsoNormal>Ecco:<o:p></o:p></p><table class=MsoTableGrid><tr><td><p class=MsoNormal><b>Voce</b></p></td><td><p>Nota</p></td></tr><tr><td><p>uno</p><p>due</p></td><td><p><o:p>&nbsp;</o:p></p></td></tr></table>`, "Ecco:\n\n| **Voce** | Nota |\n| --- | --- |\n| uno due |  |"},
		"a high cell":          {"<table><tr><td rowspan=2>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "| a | b |\n| --- | --- |\n|  | c |"},
		"bold, italic, struck": {"<p><b>a</b> <i>b</i> <s>c</s> <span style='text-decoration:line-through'>d</span> <span style='font-weight:700'>e</span></p>", "**a** *b* ~~c~~ ~~d~~ **e**"},
		"bold of Google":       {`<b style="font-weight:normal" id="docs-internal-guid-1"><p><span style="font-weight:400">a</span><span style="font-weight:700"> b</span></p></b>`, "a **b**"},
		"powers":               {"10<sup>3</sup> H<sub>2</sub>O", "10^3 H₂O"},
		"a list":               {"<ul><li>a<ol start=3><li>b</li></ol></li><li>c</li></ul>", "- a\n  3. b\n- c"},
		"a link":               {`<a href="https://a.it/b_(c)">qui</a>`, "[qui](https://a.it/b_%28c%29)"},
		"code":                 {"<pre>a  b\n  *c*</pre>", "```\na  b\n  *c*\n```"},
		"code of an editor":    {`<div style="font-family:monospace;white-space: pre;"><div><span>def __init__</span></div><div><span>    x</span></div></div>`, "```\ndef __init__\n    x\n```"},
		"signs are signs":      {"<p>__init__ *a* # b</p><p># c</p><p>3. articolo</p>", "\\_\\_init\\_\\_ \\*a\\* # b\n\n\\# c\n\n3\\. articolo"},
		"boxes":                {"<input type=checkbox checked> a", "☑ a"},
		"nothing that runs":    {`<img src=x onerror=y><script>z</script><a href="javascript:q">w</a>`, "w"},
	} {
		t.Run(name, func(t *testing.T) {
			got := FromPaste(c.in)
			if got != c.want {
				t.Errorf("%q\nwant %q", got, c.want)
			}
			if strings.Contains(c.want, "| ---") {
				if out := string(HTML(MessageFmt, got)); strings.Count(out, "<tr>") != strings.Count("\n"+got, "\n|")-1 || !strings.Contains(out, "<td></td>") && strings.Contains(got, "|  |") {
					t.Errorf("shown as %s", out)
				}
			}
		})
	}
}
