package store

import (
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"sportello/store/act"
	"sportello/store/db"
)

var morning = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

func TestAnAffiliationHoldsFromItsFirstMomentUntilItsLast(t *testing.T) {
	for name, c := range map[string]struct {
		h           Affiliation
		holds, past bool
	}{
		"always":                       {Affiliation{}, true, false},
		"from this moment":             {Affiliation{From: morning}, true, false},
		"from the next":                {Affiliation{From: morning.Add(1)}, false, false},
		"until the next":               {Affiliation{Until: morning.Add(1)}, true, false},
		"until this moment":            {Affiliation{Until: morning}, false, true},
		"in another month":             {Affiliation{From: morning.AddDate(0, 1, 0), Until: morning.AddDate(0, 2, 0)}, false, false},
		"ended, and the clock is back": {Affiliation{Until: morning.Add(time.Hour), Ended: morning.Add(time.Hour)}, false, true},
	} {
		if got := c.h.Holds(morning); got != c.holds {
			t.Errorf("%s: holds %t", name, got)
		}
		if got := c.h.Past(morning); got != c.past {
			t.Errorf("%s: past %t", name, got)
		}
	}
}

func TestNobodyCoversMoreThanTheirAffiliationsSay(t *testing.T) {
	tomorrow := morning.AddDate(0, 0, 1)
	p := &Person{Affiliations: []Affiliation{
		{Organisation: 1, Coordinator: true},
		{Organisation: 2, Unit: 21, Coordinator: true},
		{Organisation: 3},
		{Organisation: 4, Coordinator: true, From: tomorrow},
		{Organisation: 5, Coordinator: true, Until: morning},
	}}
	for _, c := range []struct {
		organisation, unit uint64
		covers, belongs    bool
	}{{1, 0, true, true}, {1, 11, true, false}, {2, 0, false, true}, {2, 21, true, true}, {2, 22, false, false}, {3, 0, false, true}, {4, 0, false, false}, {5, 0, false, false}, {0, 0, false, false}, {0, 21, false, false}} {
		if got := p.Covers(c.organisation, c.unit, morning); got != c.covers {
			t.Errorf("covers %d/%d: %t", c.organisation, c.unit, got)
		}
		if got := p.Belongs(c.organisation, c.unit, morning); got != c.belongs {
			t.Errorf("belongs to %d/%d: %t", c.organisation, c.unit, got)
		}
	}
	if !p.Covers(4, 0, tomorrow) {
		t.Error("what begins tomorrow does not hold tomorrow")
	}
	if n := len(p.Coordinated(morning)); n != 2 {
		t.Errorf("coordinates %d places", n)
	}
}

func TestTheHatWornLastComesFirst(t *testing.T) {
	p := &Person{Affiliations: []Affiliation{{Organisation: 1}, {Organisation: 2, Unit: 21}, {Organisation: 3, Until: morning}}}
	for name, c := range map[string]struct {
		wore Hat
		want string
	}{"none yet": {Hat{}, "[1 2]"}, "the second": {Hat{2, 21}, "[2 1]"}, "another unit": {Hat{2, 0}, "[1 2]"}, "one that ended": {Hat{3, 0}, "[1 2]"}} {
		p.Wore = c.wore
		var got []uint64
		for _, h := range p.Hats(morning) {
			got = append(got, h.Organisation)
		}
		if fmt.Sprint(got) != c.want || p.Hat(morning).Organisation != got[0] {
			t.Errorf("%s: %v, want %s; the hat is %v", name, got, c.want, p.Hat(morning))
		}
	}
	if (&Person{}).Hat(morning) != (Hat{}) {
		t.Error("who has no hat wears one")
	}
}

func TestAccessEndsWithTheLastAffiliationOfWhoHasNothingElse(t *testing.T) {
	over, next, held := Affiliation{Organisation: 1, Until: morning}, Affiliation{Organisation: 1, From: morning.AddDate(0, 0, 1)}, Affiliation{Organisation: 2}
	for name, c := range map[string]struct {
		p      Person
		lapsed bool
	}{
		"never had one":            {Person{}, false},
		"has one":                  {Person{Affiliations: []Affiliation{held}}, false},
		"had one":                  {Person{Affiliations: []Affiliation{over}}, true},
		"had one and has another":  {Person{Affiliations: []Affiliation{over, held}}, false},
		"will have one":            {Person{Affiliations: []Affiliation{next}}, false},
		"had one and will again":   {Person{Affiliations: []Affiliation{over, next}}, true},
		"an agent had one":         {Person{Affiliations: []Affiliation{over}, Groups: []Membership{{Group: 1}}}, false},
		"an editor had one":        {Person{Affiliations: []Affiliation{over}, Editor: true}, false},
		"an administrator had one": {Person{Affiliations: []Affiliation{over}, Administrator: true}, false},
	} {
		if got := c.p.Lapsed(morning); got != c.lapsed {
			t.Errorf("who %s: lapsed %t", name, got)
		}
	}
}

func TestAnAffiliationTurnsAtItsWarningsAndAtItsEnd(t *testing.T) {
	h := Affiliation{Until: morning}
	for _, want := range []time.Time{morning.AddDate(0, 0, -30), morning.AddDate(0, 0, -7), morning} {
		if got := h.Turns(); !got.Equal(want) {
			t.Errorf("after %d warnings it turns at %v, want %v", h.Warned, got, want)
		}
		h.Warned++
	}
	h.Ended = morning
	if !h.Turns().IsZero() || !(&Affiliation{}).Turns().IsZero() {
		t.Error("what has ended, or has no end, turns")
	}
}

func TestPeopleAreFoundByTheirAffiliations(t *testing.T) {
	st := fresh(t, quick)
	must(t, st.Update(db.By{Act: act.Seed}, func(tx *db.Tx) error {
		for _, name := range []string{"Uno", "Due"} {
			must(t, Organisations.Put(tx, &Organisation{Name: name, Code: strings.ToLower(name)}))
		}
		must(t, Units.Put(tx, &Unit{Organisation: 1, Name: "Ufficio"}))
		for _, p := range []Person{
			{Email: "b@uni.example", Name: "Bea", Affiliations: []Affiliation{{Organisation: 1}, {Organisation: 1, Unit: 1, Position: "student"}, {Organisation: 2, Coordinator: true}}},
			{Email: "a@uni.example", Name: "Ada", Affiliations: []Affiliation{{Organisation: 1, Unit: 1, Until: morning}}},
			{Email: "c@uni.example", Name: "Cleo", Affiliations: []Affiliation{{Organisation: 1, Coordinator: true, Ended: morning}}},
		} {
			must(t, People.Put(tx, &p))
		}
		return nil
	}))
	must(t, st.View(func(tx *db.Tx) error {
		names := func(rows []*Person, err error) string {
			must(t, err)
			var out []string
			for _, p := range rows {
				out = append(out, p.Name)
			}
			return strings.Join(out, " ")
		}
		for name, c := range map[string]struct{ got, want string }{
			"of the organisation":     {names(PeopleByOrganisation.Find(tx, uint64(1), false)), "Ada Bea"},
			"once of it":              {names(PeopleByOrganisation.Find(tx, uint64(1), true)), "Cleo"},
			"of the unit":             {names(PeopleByUnit.Find(tx, uint64(1), false)), "Ada Bea"},
			"coordinating the first":  {names(PeopleByCoordination.Find(tx, uint64(1))), ""},
			"coordinating the second": {names(PeopleByCoordination.Find(tx, uint64(2))), "Bea"},
			"coordinating anything":   {names(PeopleByRole.Find(tx, "coordinator")), "Bea"},
			"whose affiliations turn": {names(PeopleByTurn.Find(tx)), "Ada"},
		} {
			if c.got != c.want {
				t.Errorf("%s: %q, want %q", name, c.got, c.want)
			}
		}
		return nil
	}))
}

// TestPeopleOfOlderFilesHaveAffiliations opens a file that was written when schema 7 was the newest, when a person had one
// organisation and unit, and what they coordinated was apart.
func TestPeopleOfOlderFilesHaveAffiliations(t *testing.T) {
	packed, err := os.Open("testdata/schema7.db.gz")
	must(t, err)
	defer packed.Close()
	z, err := gzip.NewReader(packed)
	must(t, err)
	raw, err := io.ReadAll(z)
	must(t, err)
	dir := t.TempDir()
	must(t, os.WriteFile(filepath.Join(dir, "desk.db"), raw, 0o600))
	st := reopened(t, dir, quick)
	sound(t, st)
	must(t, st.View(func(tx *db.Tx) error {
		for email, want := range map[string]string{
			"nessuno@uni.example":         "",
			"ateneo@uni.example":          "1/0",
			"unita@uni.example":           "1/1",
			"referente@uni.example":       "1/1 1/0*",
			"unita-referente@uni.example": "1/1*",
			"fuori@uni.example":           "2/0* 1/1*",
			"operatrice@uni.example":      "2/2* 2/0* 3/0*",
		} {
			p, err := PeopleByEmail.First(tx, email)
			must(t, err)
			var got []string
			for _, h := range p.Hats(tx.Now()) {
				s := fmt.Sprintf("%d/%d", h.Organisation, h.Unit)
				if h.Coordinator {
					s += "*"
				}
				got = append(got, s)
			}
			if s := strings.Join(got, " "); s != want {
				t.Errorf("%s: %s, want %s", email, s, want)
			}
		}
		var codes []string
		for o, err := range Organisations.All(tx, 0, false) {
			must(t, err)
			codes = append(codes, o.Code)
			if found, err := OrganisationsByCode.First(tx, o.Code); err != nil || found.ID != o.ID {
				t.Errorf("%s is not found by its code: %v", o.Name, err)
			}
		}
		if want := []string{"universita-di-prova", "ateneo-del-sud", "ateneo-del-sud-2", "ente", "l-ente-d-angelo"}; !slices.Equal(codes, want) {
			t.Errorf("codes %q, want %q", codes, want)
		}
		ticket, err := Tickets.Get(tx, 1)
		must(t, err)
		if ticket.Organisation != 1 || ticket.Unit != 1 {
			t.Errorf("the ticket is no longer of where it was opened: %d/%d", ticket.Organisation, ticket.Unit)
		}
		return nil
	}))
}

func TestACodeIsFreeAndShort(t *testing.T) {
	taken := map[string]bool{}
	for _, c := range []struct{ name, want string }{
		{"D'Angelo", "d-angelo"}, {"De' Medici", "de-medici"}, {"O", "o"}, {"O", "o-2"}, {"王", "ente"}, {"  ", "ente-2"}, {"Università degli Studi", "universita-degli-studi"},
		{strings.Repeat("a", 200), strings.Repeat("a", 80)}, {strings.Repeat("a", 200), strings.Repeat("a", 78) + "-2"}, {"Łódź", "odz"},
	} {
		got := freeCode(c.name, func(s string) bool { return taken[s] })
		if got != c.want {
			t.Errorf("%q: %q, want %q", c.name, got, c.want)
		}
		taken[got] = true
	}
}
