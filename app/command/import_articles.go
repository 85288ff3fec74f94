package command

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"html/template"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"sportello/app/desk/article"
	"sportello/app/markup"
	"sportello/store"
	"sportello/store/enum"
	"sportello/store/fault"
)

// folderFlags has what the files of a folder do not say themselves.
type folderFlags struct {
	language, module, audience, content, state string
}

func (in *importing) articlesCommand() *cobra.Command {
	var f folderFlags
	c := &cobra.Command{Use: "articles PATH", Short: "Import articles from JSON Lines, or from a folder of .html and .md files", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if err := f.check(); err != nil {
				return err
			}
			return in.run(c.Context(), func(ctx context.Context) error {
				if args[0] != "-" {
					if info, err := os.Stat(in.r.path(args[0])); err == nil && info.IsDir() {
						return in.folder(ctx, in.r.path(args[0]), f)
					}
				}
				return in.source(ctx, args[0], in.articles)
			})
		}}
	c.Flags().StringVar(&f.language, "language", "", "`LANGUAGE` of the files of a folder, it or en (default: what each page says)")
	c.Flags().StringVar(&f.module, "module", "", "`CODE` of the module that the files of a folder are about")
	c.Flags().StringVar(&f.audience, "audience", "", "who may read the files of a folder: public, signed-in (default) or agents")
	c.Flags().StringVar(&f.content, "content", "", "`SELECTOR` of the part of a page that is the article (default: main, article, [role=main] or body)")
	c.Flags().StringVar(&f.state, "state", "published", "`STATE` of the articles of a folder: published or draft")
	return c
}

// check reports wrong usage before anything is read.
func (f folderFlags) check() error {
	if f.language != "" && f.language != "it" && f.language != "en" {
		return fmt.Errorf("--language %q is neither it nor en", f.language)
	}
	if _, err := enum.Parse[store.Audience](f.audience); err != nil {
		return fmt.Errorf("--audience %q is none of public, signed-in, agents", f.audience)
	}
	if p, err := enum.Parse[store.Publication](f.state); err != nil || p == store.PublicationNone {
		return fmt.Errorf("--state %q is neither published nor draft", f.state)
	}
	if _, err := markup.Extract([]byte("<main></main>"), f.content, nil); errors.Is(err, markup.ErrSelector) {
		return fmt.Errorf("--content: %w", err)
	}
	return nil
}

// lanes is how many records are written at once, so that they share the desk's commits. All records of an article use
// one lane, which keeps their order.
const lanes = 32

// articleWriter writes article records in lanes.
type articleWriter struct {
	in    *importing
	lanes [lanes]chan articleJob
	wg    sync.WaitGroup
	mu    sync.Mutex // guards the counts and output of in, fault and anchors
	fault error
	links []anchor // places in pages that links point to
}

type articleJob struct {
	where string
	rec   article.Record
	make  func() (article.Record, error) // used instead of rec when creating the record takes time
}

func (in *importing) startWriting() *articleWriter {
	w := &articleWriter{in: in}
	for i := range w.lanes {
		w.lanes[i] = make(chan articleJob, 4)
		w.wg.Go(func() {
			for j := range w.lanes[i] {
				w.write(j)
			}
		})
	}
	return w
}

// put hands a record to the lane of its article. It returns the error that has ended the writing, if any.
func (w *articleWriter) put(key string, j articleJob) error {
	h := fnv.New32a()
	_, _ = io.WriteString(h, key)
	w.lanes[h.Sum32()%lanes] <- j
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.fault
}

func (w *articleWriter) write(j articleJob) {
	w.mu.Lock()
	stop := w.fault != nil
	w.mu.Unlock()
	if stop {
		return
	}
	rec, err := j.rec, error(nil)
	if j.make != nil {
		rec, err = j.make()
	}
	created := false
	if err == nil {
		_, created, err = w.in.app.Desk.Articles.Put(importActor, rec)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if err == nil {
		w.in.count(created)
		return
	}
	if err := w.in.refuse(j.where, err); err != nil && w.fault == nil {
		w.fault = err
	}
}

// passOver calls the import's passOver from any lane.
func (w *articleWriter) passOver(where string, names []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, name := range names {
		w.in.passOver(where, name)
	}
}

// end waits for all records to be written.
func (w *articleWriter) end() error {
	for _, l := range w.lanes {
		close(l)
	}
	w.wg.Wait()
	return w.fault
}

// articles imports JSON Lines.
func (in *importing) articles(ctx context.Context, src io.Reader) error {
	w := in.startWriting()
	err := eachLine(src, func(l jsonLine) error {
		var rec article.Record
		where := strconv.Itoa(l.number)
		unknown, err := l.decode(&rec)
		if err != nil {
			w.mu.Lock()
			defer w.mu.Unlock()
			return in.refuse(where, err)
		}
		w.passOver(where, unknown)
		if rec.Format == "" {
			rec.Format = store.Markdown.String()
		}
		key := cmp.Or(strings.TrimSpace(rec.ExternalID), strings.TrimSpace(rec.Slug), markup.Slug(rec.Title))
		if err := w.put(key, articleJob{where: where, rec: rec}); err != nil {
			return err
		}
		return ctx.Err()
	})
	return errors.Join(err, w.end())
}

const maxPage = 32 << 20 // bytes of one file of a folder

// folderPage is one file of a folder.
type folderPage struct {
	path string // relative to the folder, with slashes
	slug string
}

// folder imports the .html and .md files of a folder and of its subfolders. The slug comes from the path, so that a
// second run updates the articles; the same path in another language is a version of the same article. Links between
// pages become links between the articles.
func (in *importing) folder(ctx context.Context, root string, f folderFlags) error {
	root = filepath.Clean(root)
	pages, err := folderPages(root)
	if err != nil {
		return err
	}
	slugs := make(map[string]string, len(pages))
	for _, p := range pages {
		slugs[p.path] = p.slug
	}
	files, err := os.OpenRoot(root)
	if err != nil {
		return fmt.Errorf("app: open folder: %w", err)
	}
	defer files.Close()
	w := in.startWriting()
	for _, p := range pages {
		err = w.put(p.slug, articleJob{where: p.path, make: func() (article.Record, error) {
			r := pageReader{files: files, page: p, slugs: slugs, flags: f, most: in.app.Config.MaxFileMB << 20, named: func(name, why string) { w.named(p.path, name, why) }}
			rec, err := r.read()
			w.expect(r.anchors)
			return rec, err
		}})
		if err = errors.Join(err, ctx.Err()); err != nil {
			break
		}
	}
	if err = errors.Join(err, w.end()); err != nil {
		return err
	}
	return w.lostAnchors()
}

// folderPages lists the pages by path and gives each a slug made from its path, with -2, -3 where two would be the
// same.
func folderPages(root string) ([]folderPage, error) {
	var pages []folderPage
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name != root && strings.HasPrefix(d.Name(), ".") {
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if !d.Type().IsRegular() || pageFormat(name) == store.FormatNone {
			return nil
		}
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		pages = append(pages, folderPage{path: filepath.ToSlash(rel)})
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("app: read folder: %w", err)
	}
	slices.SortFunc(pages, func(a, b folderPage) int { return cmp.Compare(a.path, b.path) })
	used := map[string]bool{"in": true, "new": true, "drafts": true, "missing": true, "pick": true} // the desk's own pages below /articles/
	for i := range pages {
		p := &pages[i]
		wish := cmp.Or(markup.Slug(strings.TrimSuffix(p.path, path.Ext(p.path))), "articolo")
		p.slug = wish
		for n := 2; used[p.slug]; n++ {
			end := "-" + strconv.Itoa(n)
			p.slug = strings.TrimRight(wish[:min(len(wish), 80-len(end))], "-") + end
		}
		used[p.slug] = true
	}
	return pages, nil
}

func pageFormat(name string) store.Format {
	switch strings.ToLower(path.Ext(name)) {
	case ".html", ".htm", ".xhtml":
		return store.HTML
	case ".md", ".markdown":
		return store.Markdown
	}
	return store.FormatNone
}

// anchor is a place in an article that a page links to.
type anchor struct{ from, slug, language, fragment string }

// maxAnchors limits how many anchors are checked.
const maxAnchors = 100_000

// link is pageLink; it also reports links to pages that were not imported, which are removed.
func (r *pageReader) link(base, href string) string {
	to := pageLink(filepath.ToSlash(r.files.Name()), r.page.path, base, href, r.slugs)
	if to == "" {
		r.named(href, "command.no-link")
		return ""
	}
	if strings.HasPrefix(to, "#") {
		to = "/articles/" + r.page.slug + to
	}
	at, fragment, has := strings.Cut(to, "#")
	slug, ours := strings.CutPrefix(at, "/articles/")
	if !ours || !has || fragment == "" {
		return to
	}
	// Headings get names made from their words; other anchors of a page are lost.
	if name, err := url.PathUnescape(fragment); err == nil {
		fragment = markup.HeadingID(name)
	}
	if len(r.anchors) < 1000 {
		r.anchors = append(r.anchors, anchor{r.page.path, slug, r.flags.language, fragment})
	}
	return at + "#" + fragment
}

// named reports on standard error what part of a page was not imported.
func (w *articleWriter) named(where, name, why string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if why == "command.passed-over" {
		w.in.passOver(where, name)
		return
	}
	fmt.Fprintf(w.in.r.errOut, "%s %q: %s\n", where, markup.Excerpt(name, 200), w.in.app.Words.Text(w.in.lang, why))
}

func (w *articleWriter) expect(list []anchor) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.links)+len(list) <= maxAnchors {
		w.links = append(w.links, list...)
	}
}

// lostAnchors reports the links to anchors that their page does not have.
func (w *articleWriter) lostAnchors() error {
	slices.SortStableFunc(w.links, func(a, b anchor) int { return cmp.Or(cmp.Compare(a.slug, b.slug), cmp.Compare(a.language, b.language)) })
	var at anchor
	shown := ""
	for _, l := range w.links {
		if l.slug != at.slug || l.language != at.language || shown == "" {
			v, err := w.in.app.Desk.Articles.Read(importActor, l.slug, l.language)
			if errors.Is(err, fault.ErrNotFound) {
				continue // refused, and already reported as such
			}
			if err != nil {
				return err
			}
			at, shown = l, string(markup.HTML(v.Version.Format.String(), v.Version.Body))
		}
		if !strings.Contains(shown, `id="`+template.HTMLEscapeString(l.fragment)+`"`) {
			w.named(l.from, l.slug+"#"+l.fragment, "command.lost-anchor")
		}
	}
	return nil
}

// pageLink returns the new target of a link in an imported page: the article that the other page became, or the same
// address if it is absolute. A link to a page that was not imported is removed.
//
// Addresses are resolved as by a browser that opened the files: a base may lead out of the folder, and a link back into
// it.
func pageLink(root, from, base, href string, slugs map[string]string) string {
	u, err := url.Parse(strings.TrimSpace(href))
	if err != nil {
		return ""
	}
	if u.Scheme != "" || u.Host != "" || u.Path == "" && u.Fragment != "" && base == "" {
		return href
	}
	at := &url.URL{Scheme: "file", Path: path.Join(root, from)}
	if b, err := url.Parse(base); err == nil {
		at = at.ResolveReference(b)
	}
	to := at.ResolveReference(u)
	slug, ok := slugs[strings.TrimPrefix(path.Clean(to.Path), root+"/")]
	if to.Scheme != "file" || !ok {
		return ""
	}
	link := "/articles/" + slug
	if u.Fragment != "" {
		link += "#" + u.EscapedFragment()
	}
	return link
}
