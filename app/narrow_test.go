package app_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
)

// longWord is what no page may be widened by: 200 characters without a place to break.
var longWord = strings.Repeat("Precipitevolissimevolmente", 8)[:200]

// longText is a text in which everything is long that Markdown can hold.
var longText = strings.NewReplacer("W", longWord).Replace(strings.Join([]string{
	"W", "## W", "- W", "> W", "`W`", "```\nW W\n```", "| W | W |\n|---|---|\n| W | W |", "[W](https://example.it/W)", "https://example.it/W",
}, "\n\n"))

// ownWords are fields with words of the desk, addresses of its pages, and hashes: nobody types them, or they have a
// short limit. Every other text of every table may be a long word.
var ownWords = []string{
	"tickets.language", "tickets.via", "tickets.external", "tickets.wishes", "messages.via", "messages.automatic", "messages.pec", "messages.beside",
	"messages.beside_why", "messages.html", "messages.rest_html", "messages.rest", "messages.copied", "files.type", "files.sum", "files.cid", "articles.slug",
	"articles.external", "versions.language", "notices.event", "settings.colour", "settings.logo", "settings.logo_type", "settings.mails_off",
	"mails.state", "mails.why", "mails.sum", "mails.source", "mails.print", "mails.message_id", "mails.automatic", "mails.pec", "mails.joined",
	"letters.state", "letters.why", "letters.language", "letters.message_id", "letters.tells", "letters.answers",
	"people.language", "people.password", "people.theme", "people.notices", "groups.code", "modules.code", "modules.questions", "modules.address",
	"sessions.hash", "sessions.addr", "tokens.hash", "synonyms.language", "views.queue", "misses.month",
}

// lengthened puts a long word into every text of the world, however it got there, including empty ones.
func (w *world) lengthened() {
	w.t.Helper()
	err := w.app.Store.Update(db.By{Via: door.Desk, Act: act.Change}, func(tx *db.Tx) error {
		for _, lengthen := range []func(*db.Tx) error{
			inTable(store.Tickets), inTable(store.Messages), inTable(store.Files), inTable(store.Versions), inTable(store.Notices),
			inTable(store.SavedReplies), inTable(store.SettingsTable), inTable(store.Mails), inTable(store.Letters), inTable(store.People),
			inTable(store.Organisations), inTable(store.Units), inTable(store.Groups), inTable(store.Modules), inTable(store.Sessions),
			inTable(store.Tokens), inTable(store.Synonyms), inTable(store.Misses), inTable(store.Views),
		} {
			if err := lengthen(tx); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

func inTable[T any](table *db.Table[T]) func(*db.Tx) error {
	return func(tx *db.Tx) error {
		var rows []*T
		for r, err := range table.All(tx, 0, false) {
			if err != nil {
				return err
			}
			rows = append(rows, r)
		}
		for i, r := range rows {
			lengthen(table.Name(), fmt.Sprintf("%d", i), reflect.ValueOf(r).Elem())
			if err := table.Put(tx, r); err != nil {
				return fmt.Errorf("%s: %w", table.Name(), err)
			}
		}
		return nil
	}
}

// lengthen writes long words into the texts of a row; mark makes texts different that must differ.
func lengthen(path, mark string, row reflect.Value) {
	for i := range row.NumField() {
		f := row.Type().Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		at := path + "." + name
		if f.Anonymous || slices.Contains(ownWords, at) {
			continue
		}
		long := mark + longWord
		switch name {
		case "email", "to", "from", "mailbox", "return":
			long = strings.ToLower(mark + longWord[:60] + "@" + longWord[:60] + "." + longWord[:60] + ".example.it")
		case "domains":
			long = strings.ToLower(mark + longWord[:60] + "." + longWord[:60] + ".example.it")
		}
		switch v := row.Field(i); {
		case v.Kind() == reflect.Struct && f.Type.PkgPath() != reflect.TypeFor[store.Words]().PkgPath():
		case v.Kind() == reflect.Struct:
			lengthen(at, mark, v)
		case v.Kind() == reflect.String && (name == "body" || strings.Contains(at, "home_text")):
			v.SetString(v.String() + "\n\n" + longText)
		case v.Kind() == reflect.String && !v.Type().ConvertibleTo(reflect.TypeFor[string]()):
		case v.Kind() == reflect.String:
			v.SetString(long)
		case v.Type() == reflect.TypeFor[[]string]():
			v.Set(reflect.ValueOf([]string{long, long + "2"}))
		case v.Kind() == reflect.Slice && f.Type.Elem().Kind() == reflect.Struct:
			for j := range v.Len() {
				lengthen(at, fmt.Sprintf("%s%d", mark, j), v.Index(j))
			}
		case v.Kind() == reflect.Map && f.Type.Elem().Kind() == reflect.String:
			for _, k := range v.MapKeys() {
				v.SetMapIndex(k, reflect.ValueOf(long))
			}
		}
	}
}

// widening returns the innermost elements that extend beyond the window's edge, except those that scroll or are clipped
// in a box of their own.
const widening = `(() => {
  const edge = document.documentElement.clientWidth;
  const held = (e) => { for (let p = e.parentElement; p && p !== document.body; p = p.parentElement) if (getComputedStyle(p).overflowX !== 'visible' && p.getBoundingClientRect().right <= edge + 1) return true; return false; };
  const past = [...document.body.querySelectorAll('*')].filter((e) => { if (!e.checkVisibility()) return false; const r = e.getBoundingClientRect(); return r.width && (r.right > edge + 1 || r.left < -1 && r.width > 1) && r.bottom > 0 && !held(e); });
  const name = (e) => e.localName + (e.id ? '#' + e.id : '') + [...e.classList].map((c) => '.' + c).join('');
  // Text that is wider than its element moves no edge.
  if (!past.length && document.documentElement.scrollWidth > edge) past.push(...[...document.body.querySelectorAll('*')].filter((e) => e.scrollWidth > e.clientWidth && e.clientWidth && getComputedStyle(e).overflowX === 'visible'));
  return past.filter((e) => !past.some((o) => o !== e && e.contains(o))).slice(0, 4).map((e) => name(e.parentElement) + ' > ' + name(e) + ' from ' + Math.round(e.getBoundingClientRect().left) + ' to ' + Math.round(e.getBoundingClientRect().right)).join(' | ');
})()`

// TestNoPageIsWiderThanAPhone looks at every page of the route table on a window of 320 pixels, which is a window of 1280
// at 400 % too, as everybody it is for, with long words wherever words can stand, and once more with all that folds opened.
func TestNoPageIsWiderThanAPhone(t *testing.T) {
	w := newWorld(t)
	b := chrome(t)
	all := shots(w)
	w.lengthened()
	for _, s := range all {
		b.enter(w, s.role)
		b.screen(320, 640, false)
		b.open(s.address)
		for _, as := range []string{"", " with all opened"} {
			if as != "" {
				b.run(chromedp.Evaluate("for (const d of document.querySelectorAll('details')) { d.removeAttribute('name'); d.open = true }", nil))
			}
			var wide int
			var what string
			b.run(chromedp.Evaluate("document.documentElement.scrollWidth", &wide), chromedp.Evaluate(widening, &what))
			if wide > 320 || what != "" {
				t.Errorf("%s (%s)%s: %d pixels wide on a phone of 320: %s", s.name, s.address, as, wide, what)
				break
			}
		}
	}
}
