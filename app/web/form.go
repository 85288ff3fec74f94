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
	"sportello/store/enum"
	"sportello/store/fault"
)

// Form reads the values of a posted form, or of a GET's query, one by one. A value that cannot be read becomes a
// problem of its field. Everything typed is kept, to be shown again.
type Form struct {
	Site     *Site
	Actor    policy.Actor
	Values   url.Values
	Uploads  map[string][]sentFile
	Kept     []KeptFile
	Problems fault.Problems
	Fault    error // an error that is not the person's fault, such as a full disk
}

// KeptFile is an upload that is already stored while the person still corrects the form.
type KeptFile struct {
	ID   uint64
	Name string
	Size string
}

// Form reads the request's form. A body that cannot be parsed is a problem without a field.
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

// QueryForm reads the values of the query: filters, page numbers, search text.
func (r *Request) QueryForm() *Form {
	return &Form{Site: r.site, Actor: r.Actor(), Values: r.QueryValues()}
}

// QueryValues returns the values of the query unchanged.
func (r *Request) QueryValues() url.Values {
	v := url.Values{}
	for name, value := range r.c.Context().QueryArgs().All() {
		v.Add(string(name), string(value))
	}
	return v
}

// PostedValues returns the text values of the body, secrets included: see WithoutSecrets.
func (r *Request) PostedValues() url.Values {
	if v := r.V; v != nil && v.posted != nil {
		return v.posted.Values
	}
	return url.Values{}
}

// WithoutSecrets returns the values without passwords and tokens, which are never shown again or stored.
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

// Has reports whether the form contains the name, even with an empty value.
func (f *Form) Has(name string) bool { return len(f.Values[name]) > 0 }

// Raw returns the value unchanged.
func (f *Form) Raw(name string) string { return f.Values.Get(name) }

// Text returns one line of at most max characters: trimmed, with line ends and tabs as spaces.
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

// maxBody is the limit of one text field in bytes; longer content belongs in a file.
var maxBody = store.Most("messages.body")

// Body returns a text of many lines as typed, with line ends as \n.
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

// readable returns the value. It refuses bytes that are not UTF-8, and NUL.
func (f *Form) readable(name string) string {
	s := f.Values.Get(name)
	if !utf8.ValidString(s) || strings.ContainsRune(s, 0) {
		f.Problems.Add(name, "error.not-text")
		return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "")
	}
	return s
}

// Need adds a problem for each of the named fields that is blank.
func (f *Form) Need(names ...string) {
	for _, name := range names {
		if strings.TrimSpace(f.Values.Get(name)) == "" {
			f.Problems.Add(name, "error.required")
		}
	}
}

// ID returns the number of a row, 0 when the field is empty.
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

// IDs returns the numbers of several rows without duplicates.
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

// Int returns a whole number from least to most, or nothing when the field is blank.
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

// Bool reports whether the box was ticked.
func (f *Form) Bool(name string) bool {
	switch f.Values.Get(name) {
	case "", "0", "false", "off":
		return false
	}
	return true
}

// List returns the values of the name, trimmed, without blank ones.
func (f *Form) List(name string) []string {
	var out []string
	for _, s := range f.Values[name] {
		if s = strings.TrimSpace(s); s != "" && utf8.ValidString(s) && !strings.ContainsRune(s, 0) {
			out = append(out, s)
		}
	}
	return out
}

// Lines returns the lines of a text, trimmed, without blank ones.
func (f *Form) Lines(name string) []string {
	var out []string
	for _, s := range strings.Split(f.Body(name), "\n") {
		if s = strings.TrimSpace(s); s != "" {
			out = append(out, s)
		}
	}
	return out
}

// Time returns a date, or a date and a time, in the desk's time zone; the zero time when the field is blank.
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

// FormCode returns a code of the domain, for instance FormCode[store.State](f, "state"); the zero value when the field
// is blank.
func FormCode[V any, P interface {
	*V
	UnmarshalText([]byte) error
}](f *Form, name string) V {
	v, err := enum.Parse[V, P](strings.TrimSpace(f.Values.Get(name)))
	if err != nil {
		f.Problems.Add(name, "error.choice")
	}
	return v
}

// Files returns the ids of the files uploaded under the name, all pending files of the actor. First come those that an
// earlier attempt at the same form stored (kept_file). If the form is shown again, the page lists them.
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
		var refused *fault.Error
		if errors.As(u.Err, &refused) {
			f.Problems = append(f.Problems, refused.At(name))
			continue
		}
		ids = append(ids, u.Row.ID)
		f.Kept = append(f.Kept, KeptFile{u.Row.ID, u.Row.Name, words.Size(lang, u.Row.Size)})
	}
	return ids
}

// Refuse adds a problem to the field.
func (f *Form) Refuse(field, key string, args ...any) { f.Problems.Add(field, key, args...) }

// Err returns the collected problems as an error, nil when there are none.
func (f *Form) Err() error {
	if f.Fault != nil {
		return f.Fault
	}
	return f.Problems.Err()
}

// Draft returns what the person had typed into this page's form when the session ended, nil when there is nothing.
// Page.Resume puts it back.
func (r *Request) Draft() url.Values {
	id := r.QueryForm().ID("draft")
	if id == 0 || !r.Actor().SignedIn() {
		return nil
	}
	values, err := r.site.Desk.Forms.Kept(r.Actor().ID(), r.Path(), id)
	if err != nil {
		r.site.Log.Error("read kept form", "err", err)
	}
	return values
}

// Resume fills the page's form with what was typed before the session ended and adds a sentence that says so. It
// reports whether there was anything.
func (p *Page) Resume(r *Request) bool {
	values := r.Draft()
	if values == nil {
		return false
	}
	p.Fill(values)
	p.Flash = p.T("flash.resumed")
	return true
}

// FormWith returns a form that nobody posted: built from stored values, or from one part of a posted form.
func (s *Site) FormWith(actor policy.Actor, values url.Values, kept []KeptFile) *Form {
	return &Form{Site: s, Actor: actor, Values: values, Kept: kept}
}
