package web

import (
	"bytes"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"io"
	"io/fs"
	"net/http"
	"path"
	"regexp"
	"strings"
	"sync"
	"text/template/parse"

	"github.com/gofiber/template/html/v2"

	"sportello/app/web/press"
	"sportello/app/words"
	"sportello/assets"
)

// viewer is a view model: a pointer to a struct that embeds Page.
type viewer interface{ base() *Page }

// engine renders pages with html/v2's templates but not with its layouts: those hold one lock for all requests, race
// with plain renders, and print an error of the page into the layout with status 200. Here the page is executed into a
// buffer first, then its layout. If either fails, nothing is written.
//
// Each language has its own set of templates, in which the parts that never change are already filled in (see
// settle.go), and a press that writes them.
type engine struct {
	*html.Engine // the templates of the first language
	sets         map[string]set
	fsys         fs.FS
	words        *words.Dictionary
	reload       bool // parse the templates again for each page: only while developing
	twice        bool // html/template renders each page as well, and must agree: only in tests
	mu           sync.Mutex
}

// set is the templates of one language and the press made from them.
type set struct {
	templates *htmltemplate.Template
	press     *press.Set
}

// NewEngine parses every template below layout/, page/ and part/. It returns an error if any of them does not parse or
// cannot be escaped safely. If said is nil, no sentence is filled in beforehand.
func NewEngine(fsys fs.FS, said *words.Dictionary, reload bool) (*engine, error) {
	e := &engine{fsys: fsys, words: said, reload: reload, sets: map[string]set{}}
	for _, lang := range words.Languages {
		parsed, err := parseTemplates(fsys, said, lang)
		if err != nil {
			return nil, err
		}
		if e.Engine == nil {
			e.Engine = parsed
		}
		e.sets[lang] = set{parsed.Templates, press.New(parsed.Templates)}
	}
	return e, nil
}

func parseTemplates(fsys fs.FS, words *words.Dictionary, lang string) (*html.Engine, error) {
	parsed := html.NewFileSystem(http.FS(fsys), ".html")
	if err := parsed.Load(); err != nil {
		return nil, fmt.Errorf("app: parse templates: %w", err)
	}
	for _, t := range parsed.Templates.Templates() {
		assets.SqueezeTemplate(t.Tree)
	}
	if err := fillHoles(parsed.Templates); err != nil {
		return nil, err
	}
	if err := settleTemplates(parsed.Templates, words, lang); err != nil {
		return nil, err
	}
	// html/template checks a template for unsafe places only when it first executes it. Execute each now, with no data:
	// errors of execution are expected, errors of escaping are ours.
	for _, t := range parsed.Templates.Templates() {
		if t.Tree == nil {
			continue
		}
		var unsafe *htmltemplate.Error
		if err := t.Execute(io.Discard, nil); errors.As(err, &unsafe) {
			return nil, fmt.Errorf("app: escape template %s: %w", t.Name(), err)
		}
	}
	return parsed, nil
}

// frame is the layout whose blocks the other layouts fill.
const frame = "layout/portal"

// fillHoles turns each layout that contains only definitions into a copy of the frame. The block layout/portal/main,
// for instance, becomes what the layout home defines as layout/home/main, if it does. Blocks inside an action of the
// frame cannot be filled.
func fillHoles(set *htmltemplate.Template) error {
	whole := set.Lookup(frame)
	if whole == nil || whole.Tree == nil {
		return nil
	}
	var layouts []*htmltemplate.Template
	for _, t := range set.Templates() {
		if t.Tree != nil && (t.Name() == frame || path.Dir(t.Name()) == path.Dir(frame) && len(t.Tree.Root.Nodes) == 0) {
			layouts = append(layouts, t)
		}
	}
	for _, t := range layouts {
		filled := whole.Tree.Copy()
		fill(set, filled.Root, t.Name())
		if _, err := set.AddParseTree(t.Name(), filled); err != nil {
			return fmt.Errorf("app: fill %s: %w", t.Name(), err)
		}
	}
	return nil
}

// fill puts the layout's definition, or the frame's own, in the place of each hole. A block of the frame takes the
// frame's data as it is, so that its nodes mean the same there.
func fill(set *htmltemplate.Template, l *parse.ListNode, layout string) {
	var out []parse.Node
	for _, n := range l.Nodes {
		call, ok := n.(*parse.TemplateNode)
		if !ok || !strings.HasPrefix(call.Name, frame) {
			out = append(out, n)
			continue
		}
		hole := set.Lookup(layout + strings.TrimPrefix(call.Name, frame))
		if hole == nil {
			hole = set.Lookup(call.Name)
		}
		out = append(out, hole.Tree.Root.CopyList().Nodes...)
	}
	l.Nodes = out
}

// Load does nothing: NewEngine has already parsed the templates, and an error there prevented the start.
func (e *engine) Load() error { return nil }

// Render executes the named template with the view and, if the view's Page names a layout, the layout around it. On an
// error nothing is written to out. Layouts given by the caller are ignored: the Page names its own.
func (e *engine) Render(out io.Writer, name string, view interface{}, _ ...string) error {
	v, _ := view.(viewer)
	lang := words.Languages[0]
	if v != nil {
		if _, ok := e.sets[v.base().Lang]; ok {
			lang = v.base().Lang
		}
	}
	from := e.sets[lang]
	if e.reload {
		e.mu.Lock()
		parsed, err := parseTemplates(e.fsys, e.words, lang)
		e.mu.Unlock()
		if err != nil {
			return err
		}
		from = set{parsed.Templates, press.New(parsed.Templates)}
	}
	sheets := blank.Get().(*sheets)
	defer sheets.done()
	page, err := e.page(sheets, from, name, v, view)
	if err != nil {
		return err
	}
	_, err = out.Write(page)
	return err
}

// sheets are what a page is written on, and what its layout around it.
type sheets struct{ page, whole []byte }

// blank are sheets to be used again: two for each answer would be the larger part of what the collector has to do.
var blank = sync.Pool{New: func() any { return &sheets{} }}

// done gives the sheets back, unless a long page would be kept for short ones.
func (s *sheets) done() {
	if cap(s.page) <= mostReused && cap(s.whole) <= mostReused {
		blank.Put(s)
	}
}

// page returns the page in its layout. It stands on the sheets.
func (e *engine) page(on *sheets, from set, name string, v viewer, view any) ([]byte, error) {
	if !e.twice || v == nil {
		return wrapped(on, name, v, view, func(out []byte, name string) ([]byte, error) { return from.write(out, name, view) })
	}
	p := v.base()
	before := *p
	page, err := wrapped(on, name, v, view, func(out []byte, name string) ([]byte, error) { return from.press.Execute(out, name, view) })
	*p = before
	slow, slowErr := wrapped(&sheets{}, name, v, view, func(out []byte, name string) ([]byte, error) { return execute(from.templates, out, name, view) })
	if slowErr != nil || err != nil {
		return slow, errors.Join(err, slowErr)
	}
	return page, differ(name, page, slow)
}

// onceKeys are what two renderings of a form never have in common.
var onceKeys = regexp.MustCompile(`value="[A-Z2-7]{26}-[0-9]+"`)

// differ returns an error that shows where two renderings of the page part.
func differ(name string, one, other []byte) error {
	one, other = onceKeys.ReplaceAll(one, nil), onceKeys.ReplaceAll(other, nil)
	if bytes.Equal(one, other) {
		return nil
	}
	i := 0
	for i < len(one) && i < len(other) && one[i] == other[i] {
		i++
	}
	around := func(b []byte) []byte { return b[max(0, i-60):min(len(b), i+60)] }
	return fmt.Errorf("app: render %s: the press writes %q where html/template writes %q", name, around(one), around(other))
}

// wrapped writes the template and, if the view's Page names a layout, the layout around it, on the sheets.
func wrapped(on *sheets, name string, v viewer, view any, write func(out []byte, name string) ([]byte, error)) ([]byte, error) {
	body, err := write(on.page[:0], name)
	if body != nil {
		on.page = body
	}
	if err != nil || v == nil || v.base().Layout == "" {
		return body, err
	}
	p := v.base()
	p.Body = htmltemplate.HTML(body) // #nosec G203 -- html/template escaped it
	whole, err := write(on.whole[:0], "layout/"+p.Layout)
	if whole != nil {
		on.whole = whole
	}
	return whole, err
}

// write renders one template by the press or, where the press leaves it alone, by html/template.
func (s set) write(out []byte, name string, view any) ([]byte, error) {
	var unknown *press.Unknown
	written, err := s.press.Execute(out, name, view)
	if errors.As(err, &unknown) {
		return execute(s.templates, out, name, view)
	}
	return written, err
}

func execute(templates *htmltemplate.Template, out []byte, name string, view any) ([]byte, error) {
	t := templates.Lookup(name)
	if t == nil {
		return out, fmt.Errorf("app: render %s: no such template", name)
	}
	b := bytes.NewBuffer(out)
	if err := t.Execute(b, view); err != nil {
		return out, fmt.Errorf("app: render %s: %w", name, err)
	}
	return b.Bytes(), nil
}
