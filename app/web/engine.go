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
	"strings"
	"sync"
	"text/template/parse"

	"github.com/gofiber/template/html/v2"

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
// settle.go).
type engine struct {
	*html.Engine // the templates of the first language
	sets         map[string]*htmltemplate.Template
	fsys         fs.FS
	words        *words.Dictionary
	reload       bool // parse the templates again for each page: only while developing
	mu           sync.Mutex
}

// NewEngine parses every template below layout/, page/ and part/. It returns an error if any of them does not parse or
// cannot be escaped safely. If said is nil, no sentence is filled in beforehand.
func NewEngine(fsys fs.FS, said *words.Dictionary, reload bool) (*engine, error) {
	e := &engine{fsys: fsys, words: said, reload: reload, sets: map[string]*htmltemplate.Template{}}
	for _, lang := range words.Languages {
		parsed, err := parseTemplates(fsys, said, lang)
		if err != nil {
			return nil, err
		}
		if e.Engine == nil {
			e.Engine = parsed
		}
		e.sets[lang] = parsed.Templates
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
	for _, t := range set.Templates() {
		if path.Dir(t.Name()) != path.Dir(frame) || t.Tree == nil || len(t.Tree.Root.Nodes) > 0 {
			continue
		}
		filled := whole.Tree.Copy()
		fill(set, filled.Root, t.Name())
		if _, err := set.AddParseTree(t.Name(), filled); err != nil {
			return fmt.Errorf("app: fill %s: %w", t.Name(), err)
		}
	}
	return nil
}

func fill(set *htmltemplate.Template, l *parse.ListNode, layout string) {
	for _, n := range l.Nodes {
		if n, ok := n.(*parse.TemplateNode); ok {
			hole, isHole := strings.CutPrefix(n.Name, frame)
			if isHole && set.Lookup(layout+hole) != nil {
				n.Name = layout + hole
			}
		}
	}
}

// Load does nothing: NewEngine has already parsed the templates, and an error there prevented the start.
func (e *engine) Load() error { return nil }

// Render executes the named template with the view and, if the view's Page names a layout, the layout around it. On an
// error nothing is written to out. Layouts given by the caller are ignored: the Page names its own.
func (e *engine) Render(out io.Writer, name string, view interface{}, _ ...string) error {
	lang := words.Languages[0]
	if v, ok := view.(viewer); ok && e.sets[v.base().Lang] != nil {
		lang = v.base().Lang
	}
	templates := e.sets[lang]
	if e.reload {
		e.mu.Lock()
		parsed, err := parseTemplates(e.fsys, e.words, lang)
		e.mu.Unlock()
		if err != nil {
			return err
		}
		templates = parsed.Templates
	}
	var body bytes.Buffer
	if err := execute(templates, &body, name, view); err != nil {
		return err
	}
	v, ok := view.(viewer)
	if !ok || v.base().Layout == "" {
		_, err := out.Write(body.Bytes())
		return err
	}
	p := v.base()
	p.Body = htmltemplate.HTML(body.String()) // #nosec G203 -- html/template wrote it
	var page bytes.Buffer
	if err := execute(templates, &page, "layout/"+p.Layout, view); err != nil {
		return err
	}
	_, err := out.Write(page.Bytes())
	return err
}

func execute(templates *htmltemplate.Template, out *bytes.Buffer, name string, view any) error {
	t := templates.Lookup(name)
	if t == nil {
		return fmt.Errorf("app: render %s: no such template", name)
	}
	if err := t.Execute(out, view); err != nil {
		return fmt.Errorf("app: render %s: %w", name, err)
	}
	return nil
}
