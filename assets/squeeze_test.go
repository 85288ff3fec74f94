package assets_test

import (
	"strings"
	"testing"
	"text/template"

	"sportello/assets"
)

func TestSqueezeTemplate(t *testing.T) {
	type view struct {
		A, B string
		Off  bool
		List []string
	}
	for _, c := range []struct{ name, in, want string }{
		{"one element a line", "<ul>\n  <li>\n    {{.A}}\n  </li>\n  <li>b</li>\n</ul>\n", "<ul><li>a</li><li>b</li></ul>"},
		{"nothing between the elements of a sentence", "<b>a</b>\n<i>b</i>\n{{.A}}\n{{.B}}\n", "<b>a</b><i>b</i>ab"},
		{"a space that is meant", "<b>a</b>{{\" \"}}\n<i>b</i>{{\" \"}}\n{{.A}}", "<b>a</b> <i>b</i> a"},
		{"words", "<p>\n  one\n  two (\n  {{.A}}\n  )</p>", "<p>one two (a)</p>"},
		{"spaces within a line", "<p>a  <b>b</b> {{.A}} </p>\n", "<p>a  <b>b</b> a </p>"},
		{"less than", "<p>1 <\n 2</p>", "<p>1 < 2</p>"},
		{"attributes", "<a\n  class=\"x\"\n  {{if .Off}} hidden{{end}}\n  id=a\n>\n<br\n/>", `<a class="x" hidden id=a><br/>`},
		{"an action at a tag's end", "<a{{if .Off}}\n  hidden\n  {{end}}\n  >", "<a hidden>"},
		{"values", "<a title=\"one\n  two\" alt='a >\n b'\n>\n", "<a title=\"one\n  two\" alt='a >\n b'>"},
		{"kept", "<pre class=x>\n a\n</pre>\n<textarea>\n\n{{.A}}\n<\n</textarea>\n<p>", "<pre class=x>\n a\n</pre><textarea>\n\na\n<\n</textarea><p>"},
		{"branches", "{{if .Off}}\n  <details>\n{{else}}\n  <p title=\"\n\">\n{{end}}\n{{range .List}}\n  <b>{{.}}</b>\n{{end}}\n{{with .B}}\n{{.}}\n{{end}}\n", "<details><b>1</b><b>2</b>b"},
		{"comments and trims", "<p>\n  {{/* why */}}\n  a {{- .A}}\n</p>", "<p>aa</p>"},
		{"a blank line", "<p></p>\n\n\n<p></p>", "<p></p><p></p>"},
	} {
		tmpl, err := template.New(c.name).Parse(c.in)
		if err != nil {
			t.Fatal(err)
		}
		assets.SqueezeTemplate(tmpl.Tree)
		got := new(strings.Builder)
		if err := tmpl.Execute(got, view{"a", "b", true, []string{"1", "2"}}); err != nil || got.String() != c.want {
			t.Errorf("%s: %q, want %q (%v)", c.name, got, c.want, err)
		}
	}
}
