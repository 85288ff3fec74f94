package web

import (
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"sportello/app/desk/policy"
	"sportello/app/words"
	"sportello/store"
)

// Form reads what was posted, or asked for with a GET, value by value. What cannot be read is collected as problems of
// its field; everything that was typed is kept to be shown again.
type Form struct {
	Site     *Site
	Actor    policy.Actor
	Values   url.Values
	Uploads  map[string][]sentFile
	Kept     []KeptFile
	Problems store.Problems
	Fault    error // not the person's fault: a disk that is full
}

// KeptFile is an upload that was stored while the form around it is still being corrected.
type KeptFile struct {
	ID   uint64
	Name string
	Size string
}

// Form reads the request's form. A body that cannot be taken apart is a problem without a field.
func (r *Request) Form() *Form {
	f := &Form{Site: r.site, Actor: r.Actor(), Values: r.PostedValues()}
	if p := r.Visit().posted; p != nil {
		f.Uploads = p.Uploads
		if p.Unreadable {
			f.Problems.Add("", "error.form-unreadable")
		}
	}
	return f
}

// QueryForm reads the values of the address: filters, pages, what to search.
func (r *Request) QueryForm() *Form {
	return &Form{Site: r.site, Actor: r.Actor(), Values: r.QueryValues()}
}

// QueryValues returns the values of the query, as they came.
func (r *Request) QueryValues() url.Values {
	v := url.Values{}
	for name, value := range r.c.Context().QueryArgs().All() {
		v.Add(string(name), string(value))
	}
	return v
}

// PostedValues returns the text values of the body. Secrets are among them: see withoutSecrets.
func (r *Request) PostedValues() url.Values {
	if v := r.V; v != nil && v.posted != nil {
		return v.posted.Values
	}
	return url.Values{}
}

// WithoutSecrets leaves out passwords and tokens, which are never shown again nor kept.
func WithoutSecrets(v url.Values) url.Values {
	out := url.Values{}
	for name, all := range v {
		if name == "csrf" || strings.Contains(name, "password") || strings.Contains(name, "secret") {
			continue
		}
		out[name] = all
	}
	return out
}

// Has reports whether the form sent the name at all, even empty.
func (f *Form) Has(name string) bool { return len(f.Values[name]) > 0 }

// Raw returns the value as it came.
func (f *Form) Raw(name string) string { return f.Values.Get(name) }

// Text reads one line: trimmed, line ends and tabs as spaces, at most max characters.
func (f *Form) Text(name string, max int) string {
	s := strings.TrimSpace(strings.Map(func(r rune) rune {
		if r == '\n' || r == '\r' || r == '\t' {
			return ' '
		}
		return r
	}, f.readable(name)))
	if utf8.RuneCountInString(s) > max {
		f.Problems.Add(name, "error.too-long", "max", max)
	}
	return s
}

// maxBody bounds what one field of text can hold, in bytes: more belongs in a file.
var maxBody = store.Most("messages.body")

// Body reads a text of many lines as typed, with line ends made plain.
func (f *Form) Body(name string) string {
	s := f.readable(name)
	s = strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
	if len(s) > maxBody {
		f.Problems.Add(name, "error.body-too-long", "kilobytes", maxBody>>10)
	}
	if strings.TrimSpace(s) == "" {
		return ""
	}
	return s
}

// readable returns the value, refusing what is no text: bytes that are not UTF-8, and NUL.
func (f *Form) readable(name string) string {
	s := f.Values.Get(name)
	if !utf8.ValidString(s) || strings.ContainsRune(s, 0) {
		f.Problems.Add(name, "error.not-text")
		return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "")
	}
	return s
}

// Need adds a problem for each of the names that is blank.
func (f *Form) Need(names ...string) {
	for _, name := range names {
		if strings.TrimSpace(f.Values.Get(name)) == "" {
			f.Problems.Add(name, "error.required")
		}
	}
}

// ID reads the number of a row, 0 when there is none.
func (f *Form) ID(name string) uint64 {
	s := strings.TrimPrefix(strings.TrimSpace(f.Values.Get(name)), "#")
	if s == "" {
		return 0
	}
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		f.Problems.Add(name, "error.number")
	}
	return n
}

// IDs reads several numbers of rows, each once.
func (f *Form) IDs(name string) []uint64 {
	var out []uint64
	for _, s := range f.Values[name] {
		n, err := strconv.ParseUint(strings.TrimSpace(s), 10, 64)
		if err != nil || n == 0 {
			f.Problems.Add(name, "error.number")
			continue
		}
		if !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	return out
}

// Int reads a whole number from least to most, or nothing when it is blank.
func (f *Form) Int(name string, least, most, nothing int) int {
	s := strings.TrimSpace(f.Values.Get(name))
	if s == "" {
		return nothing
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < least || n > most {
		f.Problems.Add(name, "error.number-between", "least", least, "most", most)
		return nothing
	}
	return n
}

// Bool reports whether a box was ticked.
func (f *Form) Bool(name string) bool {
	switch f.Values.Get(name) {
	case "", "0", "false", "off":
		return false
	}
	return true
}

// List returns all values of the name that are not blank, trimmed.
func (f *Form) List(name string) []string {
	var out []string
	for _, s := range f.Values[name] {
		if s = strings.TrimSpace(s); s != "" && utf8.ValidString(s) && !strings.ContainsRune(s, 0) {
			out = append(out, s)
		}
	}
	return out
}

// Lines returns the lines of a text that are not blank, trimmed.
func (f *Form) Lines(name string) []string {
	var out []string
	for _, s := range strings.Split(f.Body(name), "\n") {
		if s = strings.TrimSpace(s); s != "" {
			out = append(out, s)
		}
	}
	return out
}

// Time reads a date, or a date and a time, in the desk's zone; the zero time when it is blank.
func (f *Form) Time(name string) time.Time {
	s := strings.TrimSpace(f.Values.Get(name))
	if s == "" {
		return time.Time{}
	}
	for _, layout := range []string{"2006-01-02T15:04", "2006-01-02T15:04:05", "2006-01-02", "2/1/2006"} {
		if t, err := time.ParseInLocation(layout, s, f.Site.Desk.Location()); err == nil && t.Year() >= 1900 && t.Year() < 10000 {
			return t
		}
	}
	f.Problems.Add(name, "error.date")
	return time.Time{}
}

// FormCode reads a code of the domain, for instance formCode[store.State](f, "state"); the zero value when it is blank.
func FormCode[V any, P interface {
	*V
	UnmarshalText([]byte) error
}](f *Form, name string) V {
	v, err := store.Parse[V, P](strings.TrimSpace(f.Values.Get(name)))
	if err != nil {
		f.Problems.Add(name, "error.choice")
	}
	return v
}

// Files returns the ids of what was uploaded under the name, which are pending files of the actor, after those that an
// earlier try of the same form kept (kept_file). The page shows them again when the form comes back.
func (f *Form) Files(name string) []uint64 {
	ids := f.IDs("kept_file")
	lang := f.Actor.Language
	before, err := f.Site.Desk.Files.Pending(f.Actor, ids)
	if err != nil {
		f.Fault = err
		return nil
	}
	ids = ids[:0]
	for _, row := range before {
		ids = append(ids, row.ID)
		f.Kept = append(f.Kept, KeptFile{row.ID, row.Name, words.Size(lang, row.Size)})
	}
	for _, u := range f.Uploads[name] {
		var refused *store.Error
		if errors.As(u.Err, &refused) {
			f.Problems = append(f.Problems, refused.At(name))
			continue
		}
		ids = append(ids, u.Row.ID)
		f.Kept = append(f.Kept, KeptFile{u.Row.ID, u.Row.Name, words.Size(lang, u.Row.Size)})
	}
	return ids
}

// Refuse adds a problem of the field.
func (f *Form) Refuse(field, key string, args ...any) { f.Problems.Add(field, key, args...) }

// Err returns nil when everything could be read, else the problems.
func (f *Form) Err() error {
	if f.Fault != nil {
		return f.Fault
	}
	return f.Problems.Err()
}

// Draft returns what the person had typed into this page's form when the session ended, nil when there is nothing. A
// page with a form gives it to Page.resume.
func (r *Request) Draft() url.Values {
	id := r.QueryForm().ID("draft")
	if id == 0 || !r.Actor().SignedIn() {
		return nil
	}
	var values url.Values
	err := r.site.Store.View(func(tx *store.Tx) error {
		row, err := store.Drafts.Get(tx, id)
		if err == nil && row.Person == r.Actor().ID() && row.Path == r.Path() {
			values = row.Values
		}
		return err
	})
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		r.site.Log.Error("read kept form", "err", err)
	}
	return values
}

// Resume fills the page's form with what was typed before the session ended, and says so. It reports whether there
// was anything.
func (p *Page) Resume(r *Request) bool {
	values := r.Draft()
	if values == nil {
		return false
	}
	p.Fill(values)
	p.Flash = p.T("flash.resumed")
	return true
}

// FormWith is a form that nobody posted: of values that were kept, or of one part of a posted form.
func (s *Site) FormWith(actor policy.Actor, values url.Values, kept []KeptFile) *Form {
	return &Form{Site: s, Actor: actor, Values: values, Kept: kept}
}
