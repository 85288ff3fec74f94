package markup

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const ext = ` rel="nofollow noopener noreferrer"`

func TestMarkdownArticle(t *testing.T) {
	for name, c := range map[string]struct{ in, want string }{
		"headings begin at h2":                  {"# A\n\n## B", `<h2 id="s-a">A</h2><h3 id="s-b">B</h3>`},
		"headings that begin low are lifted":    {"### A\n\n#### B", `<h2 id="s-a">A</h2><h3 id="s-b">B</h3>`},
		"no heading is below h6":                {"# A\n\n###### B", `<h2 id="s-a">A</h2><h6 id="s-b">B</h6>`},
		"heading ids are unique":                {"# È vero\n\n# È vero\n\n# È vero-2", `<h2 id="s-e-vero">È vero</h2><h2 id="s-e-vero-2">È vero</h2><h2 id="s-e-vero-2-2">È vero-2</h2>`},
		"a heading in another script has an id": {"# Δ", `<h2 id="s-0">Δ</h2>`},
		"an empty heading is text":              {"#\n\n## B", `<p>#</p><h2 id="s-b">B</h2>`},
		"underlined lines are headings":         {"A\n===", `<h2 id="s-a">A</h2>`},
		"soft line breaks stay soft":            {"a\nb", "<p>a\nb</p>"},
		"raw HTML is shown as typed":            {"<b>x</b>\n\n<script>y</script>", "<p>&lt;b&gt;x&lt;/b&gt;</p><p>&lt;script&gt;y&lt;/script&gt;</p>"},
		"tables":                                {"|a|b|\n|-|-:|\n|1|2|", `<table><thead><tr><th>a</th><th align="right">b</th></tr></thead><tbody><tr><td>1</td><td align="right">2</td></tr></tbody></table>`},
		"strikethrough":                         {"~~a~~", "<p><del>a</del></p>"},
		"task lists are plain lists":            {"- [ ] a", "<ul><li>[ ] a</li></ul>"},
		"a code block has no class":             {"```go\nx\n```", "<pre><code>x\n</code></pre>"},
		"bare addresses are links":              {"http://a.it/x.", `<p><a href="http://a.it/x"` + ext + `>http://a.it/x</a>.</p>`},
		"www is a link":                         {"(www.a.it)", `<p>(<a href="http://www.a.it"` + ext + `>www.a.it</a>)</p>`},
		"mail addresses are links":              {"a.b@c.it, x", `<p><a href="mailto:a.b@c.it">a.b@c.it</a>, x</p>`},
		"addresses in code are text":            {"`http://a.it`", "<p><code>http://a.it</code></p>"},
		"links by reference":                    {"[a]\n\n[a]: http://b.it", `<p><a href="http://b.it"` + ext + `>a</a></p>`},
		"paths of the desk are links":           {"[a](/articles/b)", `<p><a href="/articles/b">a</a></p>`},
		"other schemes are text":                {"[a](javascript:b) [c](data:d) <ftp://e> [f](vbscript:g)", "<p>a c ftp://e f</p>"},
		"an entity cannot hide a scheme":        {"[a](java&#115;cript:b) [c](&#106;avascript:d)", "<p>a c</p>"},
		"another host is no path":               {"[a](//b.it) [c](/\\d) [e](&#47;/f)", `<p>a <a href="/%5Cd">c</a> e</p>`},
		"an entity in an entity stays":          {"[a](/&#38;#47;b)", `<p><a href="/&amp;#47;b">a</a></p>`},
		"a link without text shows its address": {"[](/a)", `<p><a href="/a">/a</a></p>`},
		"pictures of the desk are shown":        {"![a](/files/3 \"b\") ![c](/articles/d/files/e.png)", `<p><img src="/files/3" alt="a" title="b"> <img src="/articles/d/files/e.png" alt="c"></p>`},
		"pictures from elsewhere are links":     {"![a](http://b.it/c.png) ![](http://b.it/d.png)", `<p><a href="http://b.it/c.png"` + ext + `>a</a> <a href="http://b.it/d.png"` + ext + `>http://b.it/d.png</a></p>`},
		"a picture in a link is its text":       {"[![a](http://b.it/c.png)](/d)", `<p><a href="/d">a</a></p>`},
		"pictures as data are text":             {"![a](data:image/png;base64,AAAA)", "<p>a</p>"},
		"ticket numbers are for messages":       {"#12", "<p>#12</p>"},
	} {
		t.Run(name, func(t *testing.T) {
			same(t, string(HTML(Markdown, c.in)), c.want)
		})
	}
}

// same compares HTML without the line ends between elements.
func same(t *testing.T, got, want string) {
	t.Helper()
	squeeze := strings.NewReplacer(">\n", ">")
	if d := cmp.Diff(want, squeeze.Replace(strings.TrimSpace(got))); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
}

func TestRichText(t *testing.T) {
	for name, c := range map[string]struct{ in, want string }{
		"what runs goes":                     {`<p onclick="x">a<script>b</script><style>c</style></p><svg onload=d>e</svg><iframe src=f></iframe>`, "<p>a</p>e"},
		"style, class and id go":             {`<p style="color:red" class="a" id="b">c</p>`, "<p>c</p>"},
		"what is open is closed":             {"<ul><li>a<li><b>b", "<ul><li>a</li><li><b>b</b></li></ul>"},
		"what crosses is nested":             {"<b>a<i>b</b>c</i>", "<b>a<i>b</i></b>c"},
		"a paragraph ends before a block":    {"<p>a<div>b</div>c</p>", "<p>a</p><div>b</div>c"},
		"a cell has its row":                 {"<table><td>a<td>b<tr><td>c</table>", "<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>"},
		"cells without a table are text":     {"<tr><td>a</td></tr>", "a"},
		"a stray end stays inside its cell":  {"<div><table><tr><td></div>a</td></tr></table></div>", "<div><table><tr><td>a</td></tr></table></div>"},
		"an item without a list is a block":  {"<li>a</li>", "<div>a</div>"},
		"a link ends the link before":        {`<a href="/a">a<a href="/b">b</a>`, `<a href="/a">a</a><a href="/b">b</a>`},
		"links by script are text":           {`<a href="javascript:a">b</a><a href=" java&#10;script:c">d</a>`, "bd"},
		"links to another host say so":       {`<a href="HTTPS://a.it/" target=_blank rel=opener>b</a>`, `<a href="https://a.it/"` + ext + `>b</a>`},
		"a path to another host is text":     {`<a href="//a.it">b</a><a href="/\a.it">c</a><a href="/` + "\t" + `/a.it">d</a>`, "bcd"},
		"page-relative links are text":       {`<a href="a.html">b</a>`, "b"},
		"headings begin at h2":               {"<h1>A</h1><h2>B</h2>", `<h2 id="s-a">A</h2><h3 id="s-b">B</h3>`},
		"headings do not nest":               {"<h2>A<h3>B</h3></h2>", `<h2 id="s-a">A</h2><h3 id="s-b">B</h3>`},
		"empty elements go":                  {"<h2> </h2><p></p><b><i></i></b><div><p> </p>a</div>", "<div> a</div>"},
		"pictures of the desk are shown":     {`<img src="/files/1" alt="a" width="20" onerror=x style=y>`, `<img src="/files/1" alt="a" width="20">`},
		"pictures from elsewhere are links":  {`<img src="http://a.it/b.png" alt="c"><img src="http://a.it/d.png">`, `<a href="http://a.it/b.png"` + ext + `>c</a><a href="http://a.it/d.png"` + ext + `>http://a.it/d.png</a>`},
		"a path up is no picture":            {`<img src="/files/../logout" alt="a">`, "a"},
		"details, lists of terms and figure": {`<details open><summary>a</summary>b</details><dl><dt>c<dd>d</dl><figure>e<figcaption>f</figcaption></figure>`, `<details open=""><summary>a</summary>b</details><dl><dt>c</dt><dd>d</dd></dl><figure>e<figcaption>f</figcaption></figure>`},
		"old elements become new ones":       {"<center>a</center><tt>b</tt><strike>c</strike>", "<div>a</div><code>b</code><s>c</s>"},
		"comments go":                        {"a<!-- <b>c -->b", "ab"},
		"text is escaped once":               {"a &amp; b &lt;c> \"", "a &amp; b &lt;c&gt; &#34;"},
		"entities bring no controls":         {`a&#11;b&#1;<i title="&#7;c">d</i>`, "a\nb<i>d</i>"},
		"language and direction stay":        {`<p lang="en" dir="rtl">a</p>`, `<p lang="en" dir="rtl">a</p>`},
	} {
		t.Run(name, func(t *testing.T) {
			got := strings.TrimSpace(string(HTML(RichText, c.in)))
			same(t, got, c.want)
			same(t, string(HTML(RichText, got)), c.want)
		})
	}
}

func TestPlainTextIsShownAsTyped(t *testing.T) {
	same(t, string(HTML(PlainText, "# a\n  <b> *c* http://d.it/?e&f.")),
		`<div class="plain"># a<br>  &lt;b&gt; *c* <a href="http://d.it/?e&amp;f"`+ext+`>http://d.it/?e&amp;f</a>.</div>`)
	same(t, string(HTML("unknown", "<i>")), `<div class="plain">&lt;i&gt;</div>`)
}

func TestPlain(t *testing.T) {
	for name, c := range map[string]struct{ format, in, want string }{
		"blocks are separated":      {Markdown, "# A\n\nb *c*\nd\n\ne", "A\n\nb c d\n\ne"},
		"lists keep their bullets":  {Markdown, "- a\n- b\n  1. c\n  2. d\n\nx", "- a\n- b\n  1. c\n  2. d\n\nx"},
		"loose lists too":           {Markdown, "- a\n\n- b", "- a\n- b"},
		"lists keep their numbers":  {Markdown, "3. a\n4. b", "3. a\n4. b"},
		"rows are lines":            {Markdown, "|a|b|\n|-|-|\n|1|2|", "a | b\n1 | 2"},
		"code keeps its lines":      {Markdown, "```\na\n  b\n```\nc", "a\n  b\n\nc"},
		"entities are decoded":      {Markdown, "a &egrave; <b>", "a è <b>"},
		"breaks are kept":           {MessageFmt, "a\nb", "a\nb"},
		"scripts and styles go":     {RichText, "<title>x</title><p>a</p><script>b</script><style>c</style>d", "a\n\nd"},
		"white space is folded":     {RichText, "<p> a\n\n b&nbsp; c </p>\n\n<p>d", "a b c\n\nd"},
		"words of cells are apart":  {RichText, "<table><tr><td>a</td><td>b</td></tr></table>", "a | b"},
		"pictures leave their text": {RichText, `a<img src=x alt="b">c`, "a b c"},
		"text stays":                {PlainText, " a\n\n  *b*\r\n", "a\n\n  *b*"},
	} {
		t.Run(name, func(t *testing.T) {
			if d := cmp.Diff(c.want, Plain(c.format, c.in)); d != "" {
				t.Errorf("-want +got\n%s", d)
			}
		})
	}
}

func TestHeadingsAreThoseOfTheHTML(t *testing.T) {
	want := []Heading{{2, "s-uno-due", "Uno & due"}, {3, "s-tre", "Tre"}, {3, "s-tre-2", "Tre"}}
	for format, in := range map[string]string{
		Markdown: "# Uno &amp; *due*\n\ntesto\n\n## Tre\n\n## Tre",
		RichText: "<h1>Uno &amp; <i>due</i></h1>testo<h2>Tre</h2><h2> Tre\n</h2>",
	} {
		t.Run(format, func(t *testing.T) {
			got := Headings(format, in)
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("-want +got\n%s", d)
			}
			for _, h := range got {
				if !strings.Contains(string(HTML(format, in)), fmt.Sprintf(`<h%d id="%s"`, h.Level, h.ID)) {
					t.Errorf("%v is not in the HTML", h)
				}
			}
		})
	}
}

func TestRelinkChangesAddressesOnly(t *testing.T) {
	got := Relink(`<!-- a --><p class=b><a href="c.html">d</a> <a name=e>f</a> <A HREF=g>h</A>&eacute;`, func(href string) string {
		if href == "g" {
			return ""
		}
		return "/articles/" + strings.TrimSuffix(href, ".html")
	})
	want := `<!-- a --><p class=b><a href="/articles/c">d</a> <a name=e>f</a> <a>h</A>&eacute;`
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
}

func TestMessage(t *testing.T) {
	for name, c := range map[string]struct{ in, want string }{
		"line breaks count":                   {"a\nb\r\nc", "<p>a<br>b<br>c</p>"},
		"a ticket number is a link":           {"vedi #12, (#3) e #4", `<p>vedi <a href="/tickets/12">#12</a>, (<a href="/tickets/3">#3</a>) e <a href="/tickets/4">#4</a></p>`},
		"a ticket number begins a line":       {"#12 e\n#13", `<p><a href="/tickets/12">#12</a> e<br><a href="/tickets/13">#13</a></p>`},
		"not every number is a ticket":        {"a#1 #01 #2b #0 &#65; #123456789012", "<p>a#1 #01 #2b #0 A #123456789012</p>"},
		"no ticket numbers in code or links":  {"`#1` [#2](/a)\n\n    #3", "<p><code>#1</code> <a href=\"/a\">#2</a></p><pre><code>#3\n</code></pre>"},
		"a rule of hyphens makes no heading":  {"a\n---", "<p>a</p><hr>"},
		"a definition of a link is not lost":  {"[1]: http://a.it", `<p>[1]: <a href="http://a.it"` + ext + `>http://a.it</a></p>`},
		"headings begin at h3 and have no id": {"# A\n## B", "<h3>A</h3><h4>B</h4>"},
		"HTML is shown as typed":              {"<b>a</b><!-- c -->", "<p>&lt;b&gt;a&lt;/b&gt;&lt;!-- c --&gt;</p>"},
	} {
		t.Run(name, func(t *testing.T) {
			same(t, string(HTML(MessageFmt, c.in)), c.want)
		})
	}
}
