package entry

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"sportello/store"
	"sportello/store/db"
	"sportello/store/fault"
)

// left is what stands where a name stood.
const left = "[…]"

// personal finds what tells who somebody is, whatever they are called: addresses, telephone numbers, tax codes.
var personal = regexp.MustCompile(`(?i)[^\s<>()"',;:]+@[^\s<>()"',;:]+|\b[a-z]{6}\d{2}[a-z]\d{2}[a-z]\d{3}[a-z]\b|(\+\d{1,3}[ -]?\d|\b[03]\d)[\d -]{5,}\d`)

// day is a day with hyphens, which has as many digits as a telephone number.
var day = regexp.MustCompile(`^[0-3]?\d-[01]?\d-\d{4}$`)

// Nameless returns the text without the names of people and their parts, without the names of places, and without what else
// tells who somebody is.
func Nameless(text string, people, places []string) string {
	return namelessBut(text, people, places, nil)
}

// namelessBut is Nameless, but what is kept is no name of anybody: as a part of one it stays.
func namelessBut(text string, people, places []string, kept map[string]bool) string {
	names := slices.Clone(places)
	for _, name := range people {
		names = append(names, name)
		for _, part := range strings.Fields(name) {
			if utf8.RuneCountInString(part) > 2 && !kept[strings.ToLower(part)] {
				names = append(names, part)
			}
		}
	}
	slices.SortFunc(names, func(x, y string) int { return len(y) - len(x) }) // the longest first: others are parts of it
	text = personal.ReplaceAllStringFunc(text, func(found string) string {
		if day.MatchString(found) {
			return found
		}
		return left
	})
	for _, n := range slices.Compact(names) {
		if n == "" {
			continue
		}
		name := regexp.MustCompile(`(?i)(^|[^\p{L}\p{N}])` + strings.ReplaceAll(regexp.QuoteMeta(n), "'", "['’]") + `($|[^\p{L}\p{N}])`)
		for range 2 { // names side by side share what stands between them
			text = name.ReplaceAllString(text, "${1}"+left+"${2}")
		}
	}
	return strings.TrimSpace(text)
}

// NamelessOf returns Nameless for the people and the place of the ticket, and for who wrote the messages. The words that levels of
// the catalogue are called by stay: a sender may be called after the application whose updates they send.
func NamelessOf(tx *db.Tx, t *store.Ticket, messages []*store.Message) (func(text string) string, error) {
	ids := append([]uint64{t.Requester, t.Assignee}, t.Participants...)
	for _, m := range messages {
		ids = append(ids, m.Author)
	}
	slices.Sort(ids)
	var people, places []string
	for _, id := range slices.Compact(ids) {
		p, err := store.People.Peek(tx, id)
		if err == nil {
			people = append(people, p.Name)
		} else if fault.IgnoreNotFound(err) != nil {
			return nil, err
		}
	}
	if o, err := store.Organisations.Peek(tx, t.Organisation); err == nil {
		places = append(places, o.Name)
	} else if fault.IgnoreNotFound(err) != nil {
		return nil, err
	}
	kept := map[string]bool{}
	for m, err := range store.Modules.All(tx, 0, false) {
		if err != nil {
			return nil, err
		}
		for _, word := range strings.FieldsFunc(m.Name.IT+" "+m.Name.EN, func(r rune) bool { return r == ' ' || r == ',' }) {
			kept[strings.ToLower(word)] = true
		}
	}
	return func(text string) string { return namelessBut(text, people, places, kept) }, nil
}
