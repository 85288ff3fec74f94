package press_test

import (
	"bytes"
	"errors"
	"fmt"
	"html/template"
	"math/rand/v2"
	"strings"
	"testing"

	"sportello/app/web/press"
)

type grade int

func (g grade) String() string { return fmt.Sprintf("<grade %d>", int(g)) }

type page struct {
	Name     string
	Empty    string
	N        int
	U        uint64
	Yes, No  bool
	Grade    grade
	HTML     template.HTML
	Attr     template.HTMLAttr
	URL      template.URL
	Any      any
	Lines    []line
	Pointers []*line
	None     []line
	One      *line
	Nil      *line
	Struct   line
	Float    float64
}

type line struct {
	Text  string
	Inner []line
	Last  bool
}

func (l line) Upper() string                { return strings.ToUpper(l.Text) }
func (l *line) Say(word string) string      { return word + " " + l.Text }
func (p *page) T(k string, a ...any) string { return k + fmt.Sprint(a...) }
func (p *page) Bad(string) template.HTMLAttr {
	return p.Attr
}
func (p *page) Href() any               { return p.Any }
func (p *page) Fails() (string, error)  { return "", errors.New("it fails") }
func (p *page) Works() (string, error)  { return "<works>", nil }
func (p *page) Chosen(a, b string) bool { return a == b }

// constructs are what our templates are made of.
var constructs = []string{
	`<p>{{.Name}}</p>`, `<p title="{{.Name}}">`, `<title>{{.Name}}</title>`, `<textarea>{{.HTML}}</textarea>`, `<a href="{{.Name}}">`, `<a href="/x?q={{.Name}}&amp;r=1">`,
	`<a href="/{{.Name}}">`, `<p>{{.HTML}}</p>`, `<p title="{{.HTML}}">`, `<input {{.Attr}}>`, `<input {{.Bad "x"}}>`, `<a href="{{.URL}}">`, `<a href="/q?{{.URL}}">`,
	`<p>{{.N}} {{.U}} {{.Yes}} {{.Grade}} {{.Float}}</p>`, `<p title="{{.Grade}}">`, `<p>{{.Any}}</p>`, `<a href="{{.Href}}">`, `{{if .Name}}a{{else}}b{{end}}`,
	`{{if and .Name .Yes}}a{{else if or .No .N}}c{{else}}d{{end}}`, `{{if not .Lines}}none{{end}}`, `{{with .One}}{{.Text}}{{$.Name}}{{else}}no{{end}}`,
	`{{with .Nil}}{{.Text}}{{else}}no{{end}}`, `{{range .Lines}}<b>{{.Text}}</b>{{.Upper}}{{.Say "hm"}}{{$.T "k"}}{{else}}none{{end}}`,
	`{{range .Pointers}}{{.Upper}}{{.Say "<"}}{{end}}`, `{{range .None}}x{{else}}none{{end}}`, `{{range $i, $l := .Lines}}{{if $i}}, {{end}}{{$l.Text}}{{end}}`,
	`{{with $x := .One}}{{$x.Text}}{{end}}`, `{{$n := .Name}}{{$n}}`, `{{define "tree"}}<i>{{.Text}}{{range .Inner}}{{template "tree" .}}{{end}}</i>{{end}}{{range .Lines}}{{template "tree" .}}{{end}}`,
	`{{.T "a" "n" .N "s" .Name}}`, `{{if eq .N 3}}three{{end}}{{if eq .Name "a" "b"}}ab{{end}}{{if ne .Name ""}}x{{end}}`, `{{len .Lines}}`, `{{print .Name "-" .N}}`,
	`{{.Works}}`, `{{.Struct.Text}}{{.Struct.Upper}}`, `{{if .Chosen "a" .Name}}c{{end}}`, `{{if .Struct.Last}}l{{end}}`, `{{or .Empty .Name}}`, `{{" "}}x{{"<"}}`,
	`{{define "row"}}{{.}}{{end}}{{range .Lines}}{{template "row" .Text}}{{end}}`, `{{if (eq .N 3)}}x{{end}}`, `<p data-x="{{if .Yes}}{{.Name}}{{else}}-{{end}}">`,
}

func randomPage(r *rand.Rand) *page {
	texts := []string{"", "a", "Ada & <Neri>", `"quoted" 'x' +1`, "nul\x00", "bad\xff utf8 \ufffd \ufdd0", "javascript:alert(1)", "https://x.example/a b?c=d&e=%20%zz", "mailto:a@b.c", "tel:06", "è già più", "/a:b", "HTTP://x"}
	text := func() string { return texts[r.IntN(len(texts))] }
	var lines func(deep int) []line
	lines = func(deep int) (out []line) {
		for range r.IntN(4) {
			l := line{Text: text(), Last: r.IntN(2) == 0}
			if deep > 0 {
				l.Inner = lines(deep - 1)
			}
			out = append(out, l)
		}
		return out
	}
	p := &page{Name: text(), N: r.IntN(5) - 1, U: r.Uint64(), Yes: r.IntN(2) == 0, No: r.IntN(2) == 0, Grade: grade(r.IntN(3)), HTML: template.HTML("<b>" + text() + "</b>&lt;"),
		Attr: `aria-invalid="true"`, URL: template.URL(text()), Lines: lines(2), Struct: line{Text: text(), Last: true}, Float: r.Float64()}
	p.Any = []any{text(), template.URL("tel:06"), 12, nil, template.HTML("<b>"), p.Grade, uint8(3), true}[r.IntN(8)]
	for i := range p.Lines {
		p.Pointers = append(p.Pointers, &p.Lines[i])
	}
	if r.IntN(2) == 0 {
		p.One = &line{Text: text()}
	}
	return p
}

func TestThePressWritesWhatTheTemplatesWrite(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, text := range constructs {
		set := template.Must(template.New("x").Parse(text))
		if err := set.Execute(&bytes.Buffer{}, &page{}); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		p := press.New(set)
		for range 200 {
			data := randomPage(r)
			var want bytes.Buffer
			if err := set.Execute(&want, data); err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			got, err := p.Execute([]byte("kept"), "x", data)
			if err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			if string(got) != "kept"+want.String() {
				t.Fatalf("%s: the press writes %q, html/template %q", text, got, want.String())
			}
		}
	}
}

func TestThePressLeavesAloneWhatItDoesNotKnow(t *testing.T) {
	for _, text := range []string{`{{.Any.Text}}`, `{{.Name | printf "%s"}}`, `{{range .N}}x{{end}}`, `{{$x := 1}}{{$x = 2}}{{$x}}`, `<script>{{.Name}}</script>`, `{{index .Lines 0}}`, `<p title={{.Name}}>`} {
		set := template.Must(template.New("x").Parse(text))
		_ = set.Execute(&bytes.Buffer{}, &page{Any: line{}, Lines: make([]line, 1)}) // so that it is escaped
		var unknown *press.Unknown
		if out, err := press.New(set).Execute([]byte("kept"), "x", &page{}); !errors.As(err, &unknown) || string(out) != "kept" {
			t.Errorf("%s: %q, %v", text, out, err)
		}
	}
}

func TestAnErrorInAPressedPageLeavesNothingWritten(t *testing.T) {
	for _, text := range []string{`before {{.Fails}}`, `before {{.Nil.Text}}`} {
		set := template.Must(template.New("x").Parse(text))
		_ = set.Execute(&bytes.Buffer{}, &page{})
		var unknown *press.Unknown
		if out, err := press.New(set).Execute([]byte("kept"), "x", &page{}); err == nil || errors.As(err, &unknown) || string(out) != "kept" {
			t.Errorf("%s: %q, %v", text, out, err)
		}
	}
}
