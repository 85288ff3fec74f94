package store

import (
	"slices"
	"strings"
	"testing"

	"sportello/store/db"
	"sportello/store/key"
	"sportello/store/spelling"
)

// TestPeopleAreFoundHoweverTheirNameIsTyped: each name is found by what people type for it, and not by what names
// somebody else; the index has everybody whom a text names.
func TestPeopleAreFoundHoweverTheirNameIsTyped(t *testing.T) {
	s := fresh(t, db.Options{})
	cases := []struct{ name, email, finds, not string }{
		{"Maria D'Angelo", "m.dangelo@unito.it", "angelo|dangelo|d'angelo|d’angelo|D`Angelo|d angelo|D´Angelo|maria angelo|angelo maria|dange|m.dangelo@|mariad", "dangela|gelo|@unito"},
		{"Ugo De Rosa", "ugo@unito.it", "de rosa|derosa|De-Rosa|rosa|ugo derosa|UGODEROSA|d rosa|rosa ugo", "derossi|osa"},
		{"Jörg Müller-Lüdenscheidt", "jm@x.de", "muller|müller|mueller|MÜLLER|luedenscheidt|ludenscheidt|Müller Lüden|mullerludenscheidt|joerg|jorg m", "miller|uller"},
		{"Gerda Mueller", "gm@x.de", "müller|mueller", "muller"},
		{"Niccolò Dell’Acqua", "n@x.it", "niccolo|niccolo'|dellacqua|dell'acqua|acqua|dell acqua|Niccolò", "delacqua"},
		{"Seán O’Brien", "s@x.ie", "obrien|o'brien|o brien|brien|sean|Sea\u0301n|o’b", "orien"},
		{"Strauß Łukasz", "sl@x.pl", "strauss|straus|lukasz|STRAUẞ|Łukasz", "straub"},
		{"Anna Van der Berg", "annav@x.nl", "vanderberg|van der berg|derberg|van-der|annavan", "vanberg"},
		{"Nunzia Lo\u00a0Cicero", "nl@x.it", "locicero|lo cicero|cicero", "licicero"},
		{"Piero Degl'Innocenti", "piero.degl@x.it", "innocenti|deglinnocenti|degl innocenti|piero.degl", "glinnocenti"},
	}
	for _, c := range cases {
		must(t, s.Update(db.By{}, func(tx *db.Tx) error { return People.Put(tx, &Person{Name: c.name, Email: c.email}) }))
	}
	must(t, s.View(func(tx *db.Tx) error {
		for i, c := range cases {
			p, err := People.Get(tx, uint64(i+1))
			must(t, err)
			for _, text := range strings.Split(c.finds, "|") {
				if !p.Named(text) {
					t.Errorf("%q does not name %s", text, c.name)
				}
				var found []uint64
				for _, w := range spelling.Beginnings(text) {
					for e := range PeopleByWord.Entries(tx, db.Span{Prefix: key.Beginning(w)}) {
						found = append(found, e.ID)
					}
				}
				if !slices.Contains(found, p.ID) {
					t.Errorf("%q: the index finds %v, not %s", text, found, c.name)
				}
			}
			for _, text := range strings.Split(c.not, "|") {
				if p.Named(text) {
					t.Errorf("%q names %s", text, c.name)
				}
			}
		}
		return nil
	}))
	for _, text := range []string{"", "'", "- -", "\xff", "’"} {
		if w := spelling.Beginnings(text); len(w) > 0 {
			t.Errorf("%q begins %q", text, w)
		}
	}
}
