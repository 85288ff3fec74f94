package markup

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestExtract(t *testing.T) {
	for name, c := range map[string]struct {
		page, selector string
		want           Page
	}{
		"main comes first":                 {"<html lang=it><title> A\nb </title><article>c</article><main>d</main>", "", Page{Title: "A b", Language: "it", HTML: "d"}},
		"then article":                     {"<div role=main>c</div><article>d</article>", "", Page{HTML: "d"}},
		"then the role":                    {"a<div role=main>c</div>", "", Page{HTML: "c"}},
		"then body":                        {"a<b>c</b>", "", Page{HTML: "a<b>c</b>"}},
		"a title is the first h1":          {"<main><h1>A</h1>b</main>", "", Page{Title: "A", HTML: "b"}},
		"a heading like the title goes":    {"<title>A b</title><main><h1>a <i>B</i></h1>c</main>", "", Page{Title: "A b", HTML: "c"}},
		"another heading stays":            {"<title>A - sito</title><main><h1>A</h1>c</main>", "", Page{Title: "A - sito", HTML: "<h1>A</h1>c"}},
		"what is no content goes":          {"<main>a<script>b</script><style>c</style><nav>d</nav><!-- e --><noscript>f</noscript><form><input>g</form></main>", "", Page{HTML: "a<form>g</form>"}},
		"pictures leave their text":        {`<main>a <img src="http://b.it/c.png" alt="due"><img src=d></main>`, "", Page{HTML: "a due"}},
		"links stay as they are":           {`<base href="../../"><main><a href="it/b.html?c=1#d">e</a></main>`, "", Page{Base: "../../", HTML: `<a href="it/b.html?c=1#d">e</a>`}},
		"by id":                            {"<div>a</div><div id=DisplayArea>b</div>", "#DisplayArea", Page{HTML: "b"}},
		"by tag and id":                    {"<p id=x>a</p><div id=x>b</div>", "div#x", Page{HTML: "b"}},
		"by classes":                       {`<p class="a">1</p><p class="b  a c">2</p>`, "p.a.b", Page{HTML: "2"}},
		"by attribute":                     {`<p>1</p><p data-x>2</p>`, "[data-x]", Page{HTML: "2"}},
		"by the value of an attribute":     {`<p title="a b">1</p><p title="a">2</p>`, `[title='a']`, Page{HTML: "2"}},
		"by a path":                        {`<p>1</p><div class=a><section><p>2</p></section></div>`, ".a p", Page{HTML: "2"}},
		"by the first of several":          {`<p>1</p><div>2</div>`, "#none, div , p", Page{HTML: "1"}},
		"by anything":                      {`<ul><li>1</li></ul>`, "ul *", Page{HTML: "1"}},
		"in Latin 1, as the page says":     {"<meta charset=iso-8859-1><main>perch\xe9</main>", "", Page{HTML: "perché"}},
		"in UTF-16, as its mark says":      {"\xff\xfe<\x00p\x00>\x00\xe8\x00", "", Page{HTML: "<p>è</p>"}},
		"in UTF-8, though it does not say": {"<main>" + strings.Repeat("è", 2000) + "</main>", "", Page{HTML: strings.Repeat("è", 2000)}},
		"an empty file is an empty page":   {"", "", Page{}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Extract([]byte(c.page), c.selector, nil)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Errorf("-want +got\n%s", d)
			}
		})
	}
}

func TestExtractRefuses(t *testing.T) {
	if _, err := Extract([]byte("<p>a</p>"), "#b", nil); !errors.Is(err, ErrNoContent) {
		t.Errorf("a selector without a match gives %v", err)
	}
	for _, s := range []string{"a > b", "a:first-child", ",", "a,", "#", ".", "[a", "[]", "[a~=b]", "a+b"} {
		if _, err := Extract([]byte("<p>a</p>"), s, nil); !errors.Is(err, ErrSelector) {
			t.Errorf("selector %q gives %v", s, err)
		}
	}
	if _, err := Extract([]byte(strings.Repeat("<div>", 1000)), "", nil); err == nil {
		t.Error("a page nested 1,000 deep is read")
	}
}
