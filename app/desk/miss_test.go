package desk

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"sportello/app/desk/find"
	"sportello/app/desk/policy"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/fault"
)

// missing returns the list that writers see.
func (o *office) missing(q find.MissingQuery) []find.Missing {
	o.t.Helper()
	page, err := o.Find.Missing(o.as("redattore"), q)
	if err != nil {
		o.t.Fatal(err)
	}
	return page.List
}

func (o *office) written() {
	o.t.Helper()
	if err := o.Find.WriteMisses(); err != nil {
		o.t.Fatal(err)
	}
}

func withMisses(t *testing.T) *office {
	o := newOffice(t)
	o.again(Options{MissMonths: 12})
	return o
}

func TestOnlyThoseWhoWriteReadWhatOthersSearchedFor(t *testing.T) {
	o := withMisses(t)
	o.Find.Asked(policy.Actor{}, find.Asked{Words: []string{"lettera", "d'incarico"}, First: true})
	o.written()
	for _, who := range []string{"", "ada", "collega", "estraneo", "referente", "unita"} {
		a, want := policy.Actor{}, fault.SignIn
		if who != "" {
			a, want = o.as(who), fault.Denied
		}
		if page, err := o.Find.Missing(a, find.MissingQuery{}); fault.KindOf(err) != want || len(page.List) > 0 {
			t.Errorf("%q reads %v (%v)", who, page.List, err)
		}
	}
	for _, who := range []string{"redattore", "amministratore", "agente"} {
		if page, err := o.Find.Missing(o.as(who), find.MissingQuery{}); err != nil || len(page.List) != 1 || page.List[0].Text != "lettera d'incarico" {
			t.Errorf("%s reads %v (%v)", who, page.List, err)
		}
	}
}

func TestNothingOfWhoAskedIsKept(t *testing.T) {
	o := withMisses(t)
	before := o.st.Last()
	o.Find.Asked(o.as("ada"), find.Asked{Words: []string{"Ricongiunzione", "servizi"}, First: true})
	o.written()
	if o.st.Last() != before {
		t.Error("the change log tells of a search")
	}
	err := o.st.View(func(tx *db.Tx) error {
		for m, err := range store.Misses.All(tx, 0, false) {
			if err != nil {
				return err
			}
			if m.Text != "ricongiunzione servizi" || m.None != 1 || m.Month != "2026-03" || m.Last.Format("15:04:05") != "00:00:00" || m.Created != m.Last {
				t.Errorf("kept: %+v", m)
			}
			// Think before adding a field.
			if n := reflect.TypeOf(*m).NumField(); n != 7 {
				t.Errorf("a miss has %d fields", n)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, words := range [][]string{{"ada@ateneo.example"}, {"matricola", "123456"}, {"matricola", "12", "34", "5"}, {"ab"}, {"12", "34"}, {fmt.Sprintf("%0101d", 1)},
		{"di solito scrivo a qualcuno una lettera molto lunga in cui racconto tutto quello che mi è successo oggi e ieri"}, {}} {
		o.Find.Asked(o.as("ada"), find.Asked{Words: words, First: true})
	}
	o.Find.Asked(o.as("agente"), find.Asked{Words: []string{"parolasegreta"}, First: true})
	o.Find.Asked(o.as("amministratore"), find.Asked{Words: []string{"parolasegreta"}, First: true})
	o.written()
	if got := o.missing(find.MissingQuery{}); len(got) != 1 {
		t.Errorf("kept as well: %v", got)
	}
	o.Find.Asked(o.as("agente"), find.Asked{Words: []string{"guida incarichi"}, Guide: true, First: true})
	o.written()
	if got := o.missing(find.MissingQuery{}); len(got) != 2 {
		t.Errorf("what an agent looks for in the guide is not kept: %v", got)
	}
}

func TestASearchCountsAsUnclickedWhenNothingIsOpenedInTenMinutes(t *testing.T) {
	o := withMisses(t)
	ask := func(text string, first bool) string {
		return o.Find.Asked(policy.Actor{}, find.Asked{Words: []string{text}, First: first, Found: 4})
	}
	opened, left := ask("cedolino", true), ask("missione", true)
	if opened == "" || left == "" || opened == left {
		t.Fatalf("the answers are called %q and %q", opened, left)
	}
	if again := ask("cedolino", false); again != opened {
		t.Errorf("the second page is called %q, the first %q", again, opened)
	}
	if strange := ask("mai chiesto", false); strange != "" {
		t.Errorf("a second page without a first is called %q", strange)
	}
	o.Find.Opened(opened)
	o.Find.Opened("nothing")
	o.written()
	if got := o.missing(find.MissingQuery{}); len(got) != 0 {
		t.Errorf("counted at once: %v", got)
	}
	o.later(11 * time.Minute)
	o.Find.Opened(left + "x")
	o.written()
	o.Find.Opened(left)
	o.written()
	got := o.missing(find.MissingQuery{})
	if len(got) != 1 || got[0].Text != "missione" || got[0].Unclicked != 1 || got[0].None != 0 {
		t.Errorf("not found: %+v", got)
	}
}

func TestMissesAreCountedByMonthAndModuleAndErased(t *testing.T) {
	o := withMisses(t)
	ask := func(text string, module string, times int) {
		for range times {
			o.Find.Asked(policy.Actor{}, find.Asked{Words: []string{text}, Module: o.module[module], First: true})
		}
		o.written()
	}
	ask("anticipo", "csa", 2)
	ask("anticipo", "", 1)
	o.later(31 * 24 * time.Hour)
	ask("anticipo", "csa", 3)
	ask("rimborso", "", 4)
	for _, c := range []struct {
		q    find.MissingQuery
		want string
	}{
		{find.MissingQuery{}, "anticipo 5, rimborso 4, anticipo 1, "},
		{find.MissingQuery{Month: "2026-04"}, "rimborso 4, anticipo 3, "},
		{find.MissingQuery{Month: "2026-03"}, "anticipo 2, anticipo 1, "},
		{find.MissingQuery{Module: o.module["csa"]}, "anticipo 5, "},
		{find.MissingQuery{Month: "\x00"}, ""},
		{find.MissingQuery{Limit: 1}, "anticipo 5, "},
	} {
		got := ""
		for _, m := range o.missing(c.q) {
			got += fmt.Sprintf("%s %d, ", m.Text, m.None)
		}
		if got != c.want {
			t.Errorf("%+v: %s, want %s", c.q, got, c.want)
		}
	}
	o.again(Options{MissMonths: 1})
	if err := o.Find.EraseMisses(); err != nil {
		t.Fatal(err)
	}
	if got := o.missing(find.MissingQuery{}); len(got) != 2 || got[0].None+got[1].None != 7 {
		t.Errorf("after a month is left: %v", got)
	}
	o.again(Options{})
	if err := o.Find.EraseMisses(); err != nil {
		t.Fatal(err)
	}
	if got := o.missing(find.MissingQuery{}); len(got) != 0 {
		t.Errorf("after nothing is left: %v", got)
	}
}
