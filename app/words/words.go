// Package words has the desk's sentences in its languages, and writes numbers, sizes and moments as their readers do.
package words

import (
	"fmt"
	"io/fs"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"github.com/nicksnyder/go-i18n/v2/i18n/template"
	"github.com/pelletier/go-toml/v2"
	"golang.org/x/text/language"

	"sportello/store/fault"
)

// Languages are the desk's languages; the first is used when nothing is known about the reader.
var Languages = []string{"it", "en"}

// Dictionary has the desk's sentences in its languages, from locale/*.it.toml and *.en.toml.
type Dictionary struct {
	localizers map[string]*i18n.Localizer
	single     map[string]map[string]string // language -> key -> sentence that has one form
	all        map[string]string            // language + key -> the file it is in
	log        *slog.Logger
	missing    sync.Map
}

// Load reads the sentences of locale/ in the file system. log, if not nil, reports each missing sentence once.
func Load(fsys fs.FS, log *slog.Logger) (*Dictionary, error) {
	bundle := i18n.NewBundle(language.English)
	d := &Dictionary{localizers: map[string]*i18n.Localizer{}, single: map[string]map[string]string{}, all: map[string]string{}, log: log}
	names, err := fs.Glob(fsys, "locale/*.toml")
	if err != nil {
		return nil, fmt.Errorf("app: list sentences: %w", err)
	}
	for _, lang := range Languages {
		d.single[lang] = map[string]string{}
		d.localizers[lang] = i18n.NewLocalizer(bundle, lang)
	}
	for _, name := range names {
		parts := strings.Split(strings.TrimSuffix(name, ".toml"), ".")
		lang := parts[len(parts)-1]
		if d.single[lang] == nil {
			return nil, fmt.Errorf("app: read sentences of %s: the name does not end in a language of the desk", name)
		}
		messages, err := ReadSentences(fsys, name)
		if err != nil {
			return nil, fmt.Errorf("app: read sentences of %s: %w", name, err)
		}
		if err := bundle.AddMessages(language.Make(lang), messages...); err != nil {
			return nil, fmt.Errorf("app: read sentences of %s: %w", name, err)
		}
		for _, m := range messages {
			if d.all[lang+" "+m.ID] != "" {
				return nil, fmt.Errorf("app: read sentences of %s: %s stands in %s too", name, m.ID, d.all[lang+" "+m.ID])
			}
			d.all[lang+" "+m.ID] = name
			if m.One == "" && m.Many == "" {
				d.single[lang][m.ID] = m.Other
			}
		}
	}
	return d, nil
}

// ReadSentences reads one file. A key is the path of tables that leads to its sentence. A table that contains only
// plural categories, including other, is one sentence with its forms. All other words may be keys.
func ReadSentences(fsys fs.FS, name string) ([]*i18n.Message, error) {
	raw, err := fs.ReadFile(fsys, name)
	if err != nil {
		return nil, err
	}
	var tree map[string]any
	if err := toml.Unmarshal(raw, &tree); err != nil {
		return nil, err
	}
	var out []*i18n.Message
	var walk func(prefix string, v any) error
	walk = func(prefix string, v any) error {
		switch v := v.(type) {
		case string:
			out = append(out, &i18n.Message{ID: prefix, Other: v})
		case map[string]any:
			if m, ok := forms(v); ok && prefix != "" {
				m.ID = prefix
				out = append(out, m)
				return nil
			}
			for key, below := range v {
				if prefix != "" {
					key = prefix + "." + key
				}
				if err := walk(key, below); err != nil {
					return err
				}
			}
		default:
			return fmt.Errorf("%s is no sentence", prefix)
		}
		return nil
	}
	return out, walk("", tree)
}

func forms(table map[string]any) (*i18n.Message, bool) {
	m := &i18n.Message{}
	places := map[string]*string{"zero": &m.Zero, "one": &m.One, "two": &m.Two, "few": &m.Few, "many": &m.Many, "other": &m.Other}
	for key, v := range table {
		s, ok := v.(string)
		if !ok || places[key] == nil {
			return nil, false
		}
		*places[key] = s
	}
	if m.Many == "" {
		m.Many = m.Other // Italian treats millions like this
	}
	return m, m.Other != "" && len(table) > 1
}

// Text returns the sentence with the pairs of name and value filled in. If the language lacks it, it returns the
// English one, and without that the key: a page with an odd word is better than no page.
func (d *Dictionary) Text(lang, key string, args ...any) string {
	if s, ok := d.single[lang][key]; ok {
		return filled(s, args)
	}
	return d.localize(lang, &i18n.LocalizeConfig{MessageID: key, TemplateData: pairs(args), TemplateParser: braces{}})
}

// Plural is Text for a number: the form that fits n, with {n} filled in besides the pairs.
func (d *Dictionary) Plural(lang, key string, n int, args ...any) string {
	data := pairs(args)
	data["n"] = GroupDigits(lang, n)
	return d.localize(lang, &i18n.LocalizeConfig{MessageID: key, PluralCount: n, TemplateData: data, TemplateParser: braces{}})
}

func (d *Dictionary) localize(lang string, c *i18n.LocalizeConfig) string {
	l, ok := d.localizers[lang]
	if !ok {
		l = d.localizers[Languages[0]]
	}
	s, err := l.Localize(c)
	if err != nil {
		if _, known := d.missing.LoadOrStore(lang+" "+c.MessageID, true); !known && d.log != nil {
			d.log.Error("app: sentence missing", "language", lang, "key", c.MessageID, "err", err)
		}
		if s == "" {
			return c.MessageID
		}
	}
	return s
}

// Has reports whether the language has the sentence.
func (d *Dictionary) Has(lang, key string) bool {
	if _, ok := d.single[lang][key]; ok {
		return true
	}
	_, tag, err := d.localizers[lang].LocalizeWithTag(&i18n.LocalizeConfig{MessageID: key, PluralCount: 2, TemplateParser: braces{}})
	return err == nil && tag.String() == lang
}

func pairs(args []any) map[string]any {
	m := make(map[string]any, len(args)/2)
	for i := 0; i+1 < len(args); i += 2 {
		if name, ok := args[i].(string); ok {
			m[name] = args[i+1]
		}
	}
	return m
}

// braces replaces {name} with the value of that name. Translators write the sentences, so they contain no programs.
type braces struct{}

func (braces) Cacheable() bool { return true }

func (braces) Parse(src, _, _ string) (template.ParsedTemplate, error) { return sentence(src), nil }

type sentence string

func (s sentence) Execute(data any) (string, error) {
	values, _ := data.(map[string]any)
	return fill(string(s), func(name string) (any, bool) { v, ok := values[name]; return v, ok }), nil
}

// filled returns the sentence with the pairs of name and value filled in.
func filled(s string, args []any) string {
	if strings.IndexByte(s, '{') < 0 {
		return s
	}
	return fill(s, func(name string) (any, bool) {
		for i := len(args)&^1 - 2; i >= 0; i -= 2 { // the last of a name counts
			if args[i] == name {
				return args[i+1], true
			}
		}
		return nil, false
	})
}

// fill replaces each {name} that has a value.
func fill(rest string, value func(name string) (any, bool)) string {
	var b strings.Builder
	b.Grow(len(rest) + 16)
	for {
		open := strings.IndexByte(rest, '{')
		if open < 0 {
			break
		}
		end := strings.IndexByte(rest[open:], '}')
		if end < 0 {
			break
		}
		b.WriteString(rest[:open])
		switch v, ok := value(rest[open+1 : open+end]); v := v.(type) {
		case string:
			b.WriteString(v)
		default:
			if ok {
				fmt.Fprint(&b, v)
			} else {
				b.WriteString(rest[open : open+end+1])
			}
		}
		rest = rest[open+end+1:]
	}
	b.WriteString(rest)
	return b.String()
}

// GroupDigits returns a number as readers of the language write it: 12.400 and 12,400.
func GroupDigits(lang string, n int) string {
	s := fmt.Sprint(n)
	sep := "."
	if lang == "en" {
		sep = ","
	}
	first := 0
	if n < 0 {
		first = 1
	}
	if lang == "it" && len(s)-first <= 4 {
		return s
	}
	for i := len(s) - 3; i > first; i -= 3 {
		s = s[:i] + sep + s[i:]
	}
	return s
}

// Size returns a number of bytes in words: 812 byte, 96 kB, 2,4 MB.
func Size(lang string, n int64) string {
	switch {
	case n < 1000:
		return fmt.Sprintf("%d byte", n)
	case n < 1000_000:
		return fmt.Sprintf("%d kB", (n+500)/1000)
	}
	s := fmt.Sprintf("%.1f MB", float64(n)/1e6)
	if n >= 1000_000_000 {
		s = fmt.Sprintf("%.1f GB", float64(n)/1e9)
	}
	if lang != "en" {
		s = strings.Replace(s, ".", ",", 1)
	}
	return strings.Replace(strings.Replace(s, ",0 ", " ", 1), ".0 ", " ", 1)
}

// Moment is a point in time for a page: in a form for machines, exactly, and as people say it.
type Moment struct {
	Machine string // RFC 3339, for the datetime attribute
	Exact   string // 19 novembre 2025, 10.42
	Words   string // ieri alle 10.42
	Date    string // 19 novembre 2025
}

// Is reports whether the time is set; templates ask with {{if .At.Is}}.
func (m Moment) Is() bool { return m.Machine != "" }

// Moment describes t for a reader at now, both in the zone of now. The zero time gives the zero Moment.
func (d *Dictionary) Moment(lang string, t, now time.Time) Moment {
	if t.IsZero() {
		return Moment{}
	}
	t = t.In(now.Location())
	clock := t.Format("15.04")
	if lang == "en" {
		clock = t.Format("15:04")
	}
	clock = strings.TrimPrefix(clock, "0")
	date := d.Date(lang, t)
	m := Moment{Machine: t.Format(time.RFC3339), Exact: date + ", " + clock, Date: date}
	days := DaysBetween(now, t)
	switch {
	case days == 0:
		m.Words = d.Text(lang, "time.today", "clock", clock)
	case days == -1:
		m.Words = d.Text(lang, "time.yesterday", "clock", clock)
	case days == 1:
		m.Words = d.Text(lang, "time.tomorrow", "clock", clock)
	case days > -7 && days < 7:
		m.Words = d.Text(lang, "time.weekday", "day", d.Text(lang, fmt.Sprintf("day.%d", t.Weekday())), "clock", clock)
	default:
		m.Words = date
	}
	return m
}

// Day returns only the day: oggi, ieri, domani, martedì, 12 marzo 2026.
func (d *Dictionary) Day(lang string, t, now time.Time) string {
	if t.IsZero() {
		return ""
	}
	t = t.In(now.Location())
	switch days := DaysBetween(now, t); {
	case days == 0:
		return d.Text(lang, "time.day-today")
	case days == -1:
		return d.Text(lang, "time.day-yesterday")
	case days == 1:
		return d.Text(lang, "time.day-tomorrow")
	case days > -7 && days < 7:
		return d.Text(lang, fmt.Sprintf("day.%d", t.Weekday()))
	}
	return d.Date(lang, t)
}

// Date returns the date of t in its own zone: 12 marzo 2026, 1º marzo 2026, 12 March 2026.
func (d *Dictionary) Date(lang string, t time.Time) string {
	day := fmt.Sprint(t.Day())
	if lang == "it" && t.Day() == 1 {
		day = "1º"
	}
	return fmt.Sprintf("%s %s %d", day, d.Text(lang, fmt.Sprintf("month.%d", t.Month())), t.Year())
}

// Weekday returns the day of t in its own zone with its weekday: lunedì 30 novembre, Monday 30 November.
func (d *Dictionary) Weekday(lang string, t time.Time) string {
	if t.IsZero() {
		return ""
	}
	date := d.Date(lang, t)
	return d.Text(lang, fmt.Sprintf("day.%d", t.Weekday())) + " " + date[:strings.LastIndexByte(date, ' ')]
}

// DaysBetween returns the number of midnights between now and t, negative if t comes first.
func DaysBetween(now, t time.Time) int {
	midnight := func(t time.Time) time.Time { return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC) }
	return int(midnight(t).Sub(midnight(now)).Hours() / 24)
}

// Voice writes in one language of the desk for a reader at one moment.
type Voice struct {
	*Dictionary
	Lang string
	Now  time.Time // in the reader's zone
}

// Day returns the day of a point in time in words.
func (v Voice) Day(t time.Time) string { return v.Dictionary.Day(v.Lang, t, v.Now) }

// T returns the sentence of the key with the pairs of name and value filled in.
func (v Voice) T(key string, args ...any) string { return v.Text(v.Lang, key, args...) }

// Plural returns the form of the sentence that fits n.
func (v Voice) Plural(key string, n int, args ...any) string {
	return v.Dictionary.Plural(v.Lang, key, n, args...)
}

// Explain returns the sentence for one error in the language.
func (d *Dictionary) Explain(lang string, e *fault.Error) string {
	key := e.Key
	if key == "" {
		key = "error." + e.Kind.String()
	}
	if key == "error.too-many" && e.Kind == fault.Invalid {
		key = "error.too-many-of" // too many values; the kind of that name means too many attempts
	}
	args := make([]any, 0, 2*len(e.Args))
	for name, v := range e.Args {
		args = append(args, name, v)
	}
	return d.Text(lang, key, args...)
}
