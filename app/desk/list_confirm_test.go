package desk

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"sportello/app/desk/people"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/fault"
)

// lists runs the job of the lists, then that of affiliations.
func (o *office) lists() int {
	o.t.Helper()
	n, err := o.People.TurnLists()
	if err != nil {
		o.t.Fatal(err)
	}
	o.turn()
	return n
}

func (o *office) listState() people.ListState {
	o.t.Helper()
	s, err := o.People.ListState(o.as("referente"), o.organis["Ateneo"])
	if err != nil {
		o.t.Fatal(err)
	}
	return s
}

// belongs gives Ada one affiliation as it is, whoever gave it.
func (o *office) belongs(h store.Affiliation) {
	o.t.Helper()
	h.Organisation = o.organis["Ateneo"]
	err := o.st.Update(db.By{Via: door.Command}, func(tx *db.Tx) error {
		p, err := store.People.Get(tx, o.people["ada"].ID)
		if err != nil {
			return err
		}
		p.Affiliations = []store.Affiliation{h}
		o.people["ada"] = p
		return store.People.Put(tx, p)
	})
	if err != nil {
		o.t.Fatal(err)
	}
}

const month = 30 * 24 * time.Hour

func TestAWholeListIsConfirmedByItsCoordinatorsAndAdministratorsAlone(t *testing.T) {
	o := newMailOffice(t)
	for _, c := range []struct {
		who  string
		want fault.Kind
	}{{"ada", fault.NotFound}, {"collega", fault.NotFound}, {"estraneo", fault.NotFound}, {"redattore", fault.NotFound},
		{"agente", fault.Denied}, {"responsabile", fault.Denied}, {"unita", fault.Denied}, {"referente", 0}, {"amministratore", 0}} {
		before := o.listState().Confirmed
		err := o.People.ConfirmList(o.as(c.who), o.organis["Ateneo"])
		s, seen := o.People.ListState(o.as(c.who), o.organis["Ateneo"])
		if c.want == 0 {
			if err != nil || seen != nil || !s.May || !s.Confirmed.After(before) {
				t.Errorf("%s: %v, %v, %+v", c.who, err, seen, s)
			}
			continue
		}
		if fault.KindOf(err) != c.want || (fault.KindOf(seen) == fault.NotFound) != (c.want == fault.NotFound) || s.May {
			t.Errorf("%s: %v, %v, %+v; want %v", c.who, err, seen, s, c.want)
		}
		if !o.listState().Confirmed.Equal(before) {
			t.Errorf("%s confirmed the list", c.who)
		}
	}
	for _, organisation := range []uint64{o.organis["Altro ente"], 99999} {
		if err := o.People.ConfirmList(o.as("referente"), organisation); fault.KindOf(err) != fault.NotFound {
			t.Errorf("of another organisation: %v", err)
		}
	}
}

// TestWhoFadesFromAListThatNobodyConfirmed: whoever a coordinator put there more than a year ago, and nobody else.
func TestWhoFadesFromAListThatNobodyConfirmed(t *testing.T) {
	old := func(o *office) time.Time { return o.st.Now() }
	for _, c := range []struct {
		name    string
		h       store.Affiliation
		by      string
		given   func(o *office) time.Time // before thirteen months pass
		meet    func(o *office)           // once the coordinators were asked
		fades   bool
		endless bool // the end that it had stays
	}{
		{name: "an administrator's by hand", by: "amministratore", given: old},
		{name: "the desk's own", given: old},
		{name: "of the mail domain", h: store.Affiliation{Source: store.FromAddress}, by: "referente", given: old},
		{name: "of a directory", h: store.Affiliation{Source: store.FromDirectory}, by: "referente", given: old},
		{name: "a coordinator's own", h: store.Affiliation{Coordinator: true}, by: "referente", given: old},
		{name: "added meanwhile", by: "referente", given: func(o *office) time.Time { return o.st.Now().AddDate(0, 2, 0) }},
		{name: "that ends sooner", by: "referente", h: store.Affiliation{Until: time.Date(2027, 4, 20, 0, 0, 0, 0, time.UTC)}, given: old, endless: true},
		{name: "confirmed in time", by: "referente", given: old, meet: func(o *office) {
			if err := o.People.ConfirmList(o.as("referente"), o.organis["Ateneo"]); err != nil {
				o.t.Fatal(err)
			}
		}},
		{name: "where nobody could have confirmed", by: "referente", given: old, meet: func(o *office) {
			o.hats("referente", store.Affiliation{Organisation: o.organis["Ateneo"]})
		}},
		{name: "by hand", by: "referente", given: old, fades: true},
		{name: "of a list", by: "referente", h: store.Affiliation{Source: store.FromList}, given: old, fades: true},
		{name: "of a request that an agent granted", by: "agente", h: store.Affiliation{Source: store.FromRequest}, given: old, fades: true},
		{name: "that ends in years", by: "referente", h: store.Affiliation{Until: time.Date(2040, 1, 1, 0, 0, 0, 0, time.UTC)}, given: old, fades: true},
		{name: "of who answers for updates", by: "referente", h: store.Affiliation{Named: true}, given: old, fades: true},
	} {
		o := newOffice(t)
		if c.h.Given = c.given(o); c.by != "" {
			c.h.By = o.people[c.by].ID
		}
		o.belongs(c.h)
		o.later(11*month + 10*24*time.Hour)
		if o.lists(); !o.listState().Asked {
			t.Fatalf("%s: nobody was asked to confirm it: %+v", c.name, o.listState())
		}
		if c.meet != nil {
			c.meet(o)
		}
		o.later(month + 7*24*time.Hour)
		o.lists()
		got := o.people["ada"].Affiliations[0]
		if got.Fading != c.fades || !got.Ended.IsZero() {
			t.Errorf("%s: fading %v, %+v", c.name, got.Fading, got)
		}
		if c.fades && (got.Until.Sub(o.st.Now()) > 32*24*time.Hour || got.Until.Sub(o.st.Now()) < 30*24*time.Hour) {
			t.Errorf("%s: it ends %s, now is %s", c.name, got.Until, o.st.Now())
		}
		if !c.fades && !got.Until.Equal(c.h.Until) {
			t.Errorf("%s: its end became %s", c.name, got.Until)
		}
		if n, err := o.People.TurnLists(); n != 0 || err != nil {
			t.Errorf("%s: done twice, it is something for %d (%v)", c.name, n, err)
		}
		o.later(month + 7*24*time.Hour)
		if o.lists(); o.people["ada"].MayEnter(o.st.Now()) == c.fades && !c.endless {
			t.Errorf("%s: after the end she may enter: %v", c.name, !c.fades)
		}
	}
}

// TestEveryoneIsToldBeforeTheyFade: the coordinators before the last day and after it, once for the whole list, the people thirty
// and seven days before the end, and nobody once it is confirmed.
func TestEveryoneIsToldBeforeTheyFade(t *testing.T) {
	o := newMailOffice(t)
	ada, rita, ugo := o.people["ada"].ID, o.people["referente"].ID, o.people["unita"].ID
	o.belongs(store.Affiliation{By: rita, Given: o.st.Now(), Source: store.FromList})
	until := o.listState().Until
	var heard []string
	for range 440 {
		o.lists()
		o.told(ada)
		for _, l := range o.sent {
			heard = append(heard, fmt.Sprintf("%s %s %d", l.Letter.To, l.Account, int(until.Sub(o.st.Now()).Hours())/24))
		}
		o.later(24 * time.Hour)
	}
	want := []string{"referente@ateneo.example list-due 29", "referente@ateneo.example list-fading -1", "ada@ateneo.example affiliation -2", "ada@ateneo.example affiliation -25"}
	if !slices.Equal(heard, want) {
		t.Errorf("heard %q\nwant  %q", heard, want)
	}
	for id, want := range map[uint64]string{ada: "affiliation affiliation", rita: "list-due list-fading", ugo: ""} {
		if bell, _ := o.told(id); bell != want {
			t.Errorf("%d: behind the bell %q, want %q", id, bell, want)
		}
	}
	if o.people["ada"].MayEnter(o.st.Now()) {
		t.Error("who faded may enter")
	}
}

// TestConfirmingAListAfterAllTakesTheEndsAway, with those that the affiliations had of their own.
func TestConfirmingAListAfterAllTakesTheEndsAway(t *testing.T) {
	o := newMailOffice(t)
	own := time.Date(2040, 1, 1, 0, 0, 0, 0, time.UTC)
	o.belongs(store.Affiliation{By: o.people["referente"].ID, Given: o.st.Now(), Until: own})
	o.later(11*month + 10*24*time.Hour)
	o.lists()
	o.later(month + 7*24*time.Hour)
	if o.lists(); !o.people["ada"].Affiliations[0].Fading || !o.listState().Fading {
		t.Fatalf("nothing fades: %+v", o.people["ada"].Affiliations)
	}
	if err := o.People.ConfirmList(o.as("referente"), o.organis["Ateneo"]); err != nil {
		t.Fatal(err)
	}
	o.told(o.people["referente"].ID)
	for _, l := range o.sent {
		if l.Account.OfList() {
			t.Errorf("a letter about a list that is confirmed: %s", l.Account)
		}
	}
	o.turn()
	if h := o.people["ada"].Affiliations[0]; h.Fading || !h.Until.Equal(own) || h.Warned != 0 {
		t.Errorf("confirmed, it is %+v", h)
	}
	s := o.listState()
	if s.Fading || s.Asked || s.Until.Before(o.st.Now().AddDate(0, 11, 0)) {
		t.Errorf("the list is %+v", s)
	}
}

// TestWhoSaysHowLongSomebodyStaysConfirmsThem: they do not fade again the next hour.
func TestWhoSaysHowLongSomebodyStaysConfirmsThem(t *testing.T) {
	o := newOffice(t)
	home := o.organis["Ateneo"]
	o.belongs(store.Affiliation{By: o.people["referente"].ID, Given: o.st.Now()})
	o.later(11*month + 10*24*time.Hour)
	o.lists()
	o.later(month + 7*24*time.Hour)
	o.lists()
	put := func(h store.Affiliation) store.Affiliation {
		t.Helper()
		if _, err := o.People.PutAffiliations(o.as("referente"), o.people["ada"].ID, 0, []store.Affiliation{h}); err != nil {
			t.Fatal(err)
		}
		o.lists()
		for h := range o.people["ada"].Open {
			return h
		}
		return store.Affiliation{}
	}
	as := o.people["ada"].Affiliations[0]
	if h := put(store.Affiliation{Organisation: home, Position: "teaching", Until: as.Until}); !h.Fading || h.Position != "teaching" {
		t.Errorf("another position alone: %+v", h)
	}
	if h := put(store.Affiliation{Organisation: home, Position: "teaching"}); h.Fading || !h.Until.IsZero() {
		t.Errorf("with no end: %+v", h)
	}
}

// TestWhoHasNotSignedInForAYear is whoever did not in the last twelve months, though they could have.
func TestWhoHasNotSignedInForAYear(t *testing.T) {
	o := newOffice(t)
	quiet := func() map[string]bool {
		t.Helper()
		page, err := o.People.OfOrganisation(o.as("referente"), o.organis["Ateneo"], people.Query{Quiet: true})
		if err != nil {
			t.Fatal(err)
		}
		out := map[string]bool{}
		for _, p := range page.People {
			name, _, _ := strings.Cut(p.Email, "@")
			out[name] = true
		}
		return out
	}
	if got := quiet(); len(got) > 0 {
		t.Errorf("new people are quiet: %v", got)
	}
	o.later(370 * 24 * time.Hour)
	err := o.st.Update(db.By{Via: door.Command}, func(tx *db.Tx) error {
		for name, seen := range map[string]time.Time{"collega": o.st.Now().AddDate(0, -11, 0), "unita": o.st.Now().AddDate(-1, 0, -1)} {
			p, err := store.People.Get(tx, o.people[name].ID)
			if err != nil {
				return err
			}
			p.LastSeen = seen
			if err := store.People.Put(tx, p); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := quiet(); !got["ada"] || !got["unita"] || got["collega"] || got["estraneo"] {
		t.Errorf("quiet are %v", got)
	}
}
