package desk

import (
	"strings"
	"testing"

	"sportello/app/desk/article"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/fault"
)

// TestWhoPublishes has one row for each relation a person may have to the group of a module.
func TestWhoPublishes(t *testing.T) {
	o := newOffice(t)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(o.st.Update(db.By{}, func(tx *db.Tx) error {
		p := &store.Person{Email: "capo-legale@ateneo.example", Name: "Capo", Groups: []store.Membership{{Group: o.group["legale"], Supervisor: true}}}
		o.people["capo-legale"] = p
		g := &store.Person{Email: "capo-generale@ateneo.example", Name: "Capo", Groups: []store.Membership{{Group: o.group["generale"], Supervisor: true}}}
		o.people["capo-generale"] = g
		set := *store.CurrentSettings(tx)
		set.ReviewModules = map[uint64]bool{o.module["csa"]: true, o.module["esse3"]: true}
		for _, err := range []error{store.People.Put(tx, p), store.People.Put(tx, g), store.SettingsTable.Put(tx, &set)} {
			if err != nil {
				return err
			}
		}
		return nil
	}))
	for who, want := range map[string]string{"ada": "", "referente": "", "agente": "legale", "altrove": "legale", "responsabile": "csa legale", "capo-legale": "legale", "capo-generale": "esse3 legale", "redattore": "csa esse3 legale", "amministratore": "csa esse3 legale"} {
		var may []string
		for _, module := range []string{"csa", "esse3", "legale"} {
			_, err := o.Articles.Save(o.as(who), article.Form{Language: "it", Title: who + module, Body: "x", Module: o.module[module], Publication: store.Published})
			if err == nil {
				may = append(may, module)
			} else if fault.KindOf(err) != fault.Denied {
				t.Errorf("%s, %s: %v", who, module, err)
			}
		}
		if got := strings.Join(may, " "); got != want {
			t.Errorf("%s publishes for %q, want %q", who, got, want)
		}
	}
}
