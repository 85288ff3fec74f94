package command

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/pelletier/go-toml/v2"
	"go.yaml.in/yaml/v3"

	"sportello/app/desk/article"
	"sportello/app/markup"
	"sportello/app/sheet"
	"sportello/store"
	"sportello/store/fault"
)

// pageReader makes an article record from one file of a folder.
type pageReader struct {
	files   *os.Root
	page    folderPage
	slugs   map[string]string // slugs of the articles that the pages become, by path
	flags   folderFlags
	most    int // maximum bytes of a picture
	named   func(name, why string)
	anchors []anchor
	taken   map[string]int // pictures of the record, by path
}

// read returns the record. It fetches nothing: pictures come from the folder, or are replaced by their text.
func (r *pageReader) read() (article.Record, error) {
	p, f := r.page, r.flags
	rec := article.Record{Slug: p.slug, Language: f.language, Module: f.module, Audience: f.audience, State: f.state, Format: pageFormat(p.path).String()}
	unreadable := fault.New(fault.Invalid, "error.file-unreadable").At("file")
	file, err := r.files.Open(filepath.FromSlash(p.path))
	if err != nil {
		return rec, unreadable
	}
	defer file.Close()
	raw, err := io.ReadAll(io.LimitReader(file, maxPage+1))
	if err != nil {
		return rec, unreadable
	}
	if len(raw) > maxPage {
		return rec, fault.New(fault.TooLarge, "error.file-too-large", "megabytes", maxPage>>20).At("file")
	}
	html := rec.Format == store.HTML.String()
	if !html || !declaresCharset(raw) {
		text, err := sheet.OfficeText(bytes.NewReader(raw))
		if err == nil {
			raw, err = io.ReadAll(text)
		}
		if html { // a byte order mark means UTF-8, whatever the page declares
			raw = slices.Concat([]byte("\ufeff"), raw)
		}
		if err != nil || !utf8.Valid(raw) {
			return rec, fault.New(fault.Invalid, "error.not-text").At("file")
		}
	}
	if !html {
		return rec, r.markdown(&rec, string(raw))
	}
	page, err := markup.Extract(raw, f.content, func(src string) string { return r.picture(&rec, "", src) })
	switch {
	case errors.Is(err, markup.ErrNoContent):
		return rec, fault.New(fault.Invalid, "error.no-content").At("content")
	case err != nil:
		return rec, fault.New(fault.Invalid, "error.not-a-page").At("file")
	}
	rec.Title = page.Title
	if rec.Language == "" {
		rec.Language, _, _ = strings.Cut(strings.ToLower(page.Language), "-")
	}
	rec.Body = markup.Relink(page.HTML, func(href string) string { return r.link(page.Base, href) })
	return rec, nil
}

// inlineLinks matches Markdown's inline links and pictures.
var inlineLinks = regexp.MustCompile(`(!?)\[([^\[\]\n]*)\]\(\s*<?([^()\s<>]+)>?((?:\s+(?:"[^"\n]*"|'[^'\n]*'))?)\s*\)`)

// markdown reads the front matter, and redirects links and pictures to what they have become. It leaves code unchanged.
func (r *pageReader) markdown(rec *article.Record, text string) error {
	front, body, err := frontMatter(text)
	if err != nil {
		r.named("---", "command.front-matter")
	}
	r.tell(rec, front)
	title, rest := markdownTitle(body)
	if rec.Title == "" {
		rec.Title = title
	} else if title != "" && !strings.EqualFold(title, rec.Title) {
		rest = body
	}
	var b strings.Builder
	fenced := false
	for line := range strings.Lines(rest) {
		if t := strings.TrimLeft(line, " >"); strings.HasPrefix(t, "```") || strings.HasPrefix(t, "~~~") {
			fenced = !fenced
		}
		if !fenced && !strings.Contains(line, "`") {
			line = inlineLinks.ReplaceAllStringFunc(line, func(s string) string {
				m := inlineLinks.FindStringSubmatch(s)
				if m[1] == "!" {
					if to := r.picture(rec, "", m[3]); to != "" {
						return "![" + m[2] + "](" + to + m[4] + ")"
					}
					return m[2]
				}
				if to := r.link("", m[3]); to != "" {
					return "[" + m[2] + "](" + to + m[4] + ")"
				}
				return m[2]
			})
		}
		b.WriteString(line)
	}
	rec.Body = b.String()
	return nil
}

// tell applies the front matter to the record, and reports what it does not understand.
func (r *pageReader) tell(rec *article.Record, front map[string]any) {
	names := make([]string, 0, len(front))
	for name := range front {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		value := front[name]
		list := frontList(value)
		one := strings.TrimSpace(strings.Join(list, ", "))
		switch strings.ToLower(name) {
		case "title":
			rec.Title = one
		case "labels", "tags", "keywords", "categories", "etichette":
			rec.Labels = append(rec.Labels, list...)
		case "language", "lang":
			if r.flags.language == "" {
				rec.Language, _, _ = strings.Cut(strings.ToLower(one), "-")
			}
		case "module":
			rec.Module = one
		case "audience":
			rec.Audience = one
		case "state":
			rec.State = one
		case "draft":
			if one == "true" {
				rec.State = store.Draft.String()
			}
		default:
			r.named(name, "command.passed-over")
		}
	}
}

// frontList returns a value of front matter as a list of texts; a text is split at its commas.
func frontList(value any) []string {
	var out []string
	switch v := value.(type) {
	case nil:
	case []any:
		for _, one := range v {
			out = append(out, frontList(one)...)
		}
	case string:
		for one := range strings.SplitSeq(v, ",") {
			if one = strings.TrimSpace(one); one != "" {
				out = append(out, one)
			}
		}
	case bool, int, int64, uint64, float64:
		out = append(out, fmt.Sprint(v))
	case time.Time:
		out = append(out, v.Format(time.DateOnly))
	}
	return out
}

// maxFront is the maximum length of front matter in bytes.
const maxFront = 64 << 10

// frontMatter splits a page into its front matter, between lines of --- (YAML) or +++ (TOML), and its text. A page
// without front matter is all text. So is one whose front matter cannot be read, which also returns the error.
func frontMatter(text string) (front map[string]any, body string, err error) {
	text = strings.TrimPrefix(text, "\ufeff")
	first, rest, _ := strings.Cut(text, "\n")
	mark := strings.TrimRight(first, " \t\r")
	if mark != "---" && mark != "+++" {
		return nil, text, nil
	}
	at := 0
	for line := range strings.Lines(rest) {
		if at += len(line); at > maxFront {
			break
		}
		if end := strings.TrimRight(line, " \t\r\n"); end != mark && (end != "..." || mark != "---") {
			continue
		}
		head := []byte(rest[:at-len(line)])
		if mark == "+++" {
			err = toml.Unmarshal(head, &front)
		} else {
			err = yaml.Unmarshal(head, &front)
		}
		if err != nil || front == nil && len(bytes.TrimSpace(head)) > 0 {
			return nil, text, cmp.Or(err, errors.New("app: front matter is not a list of names and values"))
		}
		return front, rest[at:], nil
	}
	return nil, text, nil // a horizontal rule
}

// maxPictures is how many pictures of one page are imported.
const maxPictures = 200

// picture adds a picture of the folder to the record and returns the placeholder for its address. It returns "" and
// reports a picture that cannot be imported.
func (r *pageReader) picture(rec *article.Record, base, src string) string {
	name, ok := r.local(base, src)
	if !ok {
		r.named(src, "command.no-picture")
		return ""
	}
	if i, had := r.taken[name]; had {
		return rec.Pictures[i].Mark
	}
	info, err := r.files.Stat(filepath.FromSlash(name))
	if err != nil || !info.Mode().IsRegular() || info.Size() > int64(r.most) || len(rec.Pictures) == maxPictures {
		r.named(src, "command.no-picture")
		return ""
	}
	f, err := r.files.Open(filepath.FromSlash(name))
	if err != nil {
		r.named(src, "command.no-picture")
		return ""
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, int64(r.most)))
	if err != nil || !article.IsPicture(content) {
		r.named(src, "command.no-picture")
		return ""
	}
	if r.taken == nil {
		r.taken = map[string]int{}
	}
	r.taken[name] = len(rec.Pictures)
	rec.Pictures = append(rec.Pictures, article.Picture{Mark: fmt.Sprintf("/files/picture-%d-of-this-page", len(rec.Pictures)), Name: path.Base(name), Content: content})
	return rec.Pictures[len(rec.Pictures)-1].Mark
}

// local returns the path inside the folder that an address in the page points to.
func (r *pageReader) local(base, address string) (string, bool) {
	u, err := url.Parse(strings.TrimSpace(address))
	if err != nil || u.Scheme != "" || u.Host != "" || u.Path == "" {
		return "", false
	}
	root := filepath.ToSlash(r.files.Name())
	at := &url.URL{Scheme: "file", Path: path.Join(root, r.page.path)}
	if b, err := url.Parse(base); err == nil {
		at = at.ResolveReference(b)
	}
	to := at.ResolveReference(u)
	return strings.CutPrefix(path.Clean(to.Path), root+"/")
}

// declaresCharset reports whether a page declares its character set in its first 1,024 bytes, where HTML requires it.
func declaresCharset(page []byte) bool {
	return bytes.Contains(bytes.ToLower(page[:min(len(page), 1024)]), []byte("charset"))
}

// markdownTitle takes a heading at the beginning of the text as its title.
func markdownTitle(body string) (title, rest string) {
	body = strings.TrimLeft(body, " \t\r\n")
	first, rest, _ := strings.Cut(body, "\n")
	if heading, ok := strings.CutPrefix(first, "# "); ok {
		return strings.TrimSpace(strings.Trim(strings.TrimSpace(heading), "#")), strings.TrimLeft(rest, "\r\n")
	}
	return "", body
}
