package app_test

import (
	"net/http"
	"testing"

	"sportello/app/desk/people"
	"sportello/store"
	"sportello/store/db"
)

// TestAnOrganisationOnTwoBranchesIsMendedOnBoth: the people of each unit follow the version of theirs; whoever speaks for the whole is told what
// mends both, and theirs is resolved when both have it, never by one alone.
func TestAnOrganisationOnTwoBranchesIsMendedOnBoth(t *testing.T) {
	t.Parallel()
	d := newReleaseDesk(t)
	runs := func(accounts, staff string) {
		t.Helper()
		list := `[{"module":"csa","environment":"production","unit":"Ragioneria","version":"` + accounts + `"},{"module":"csa","environment":"production","unit":"Personale","version":"` + staff + `"}]`
		if status, body := d.putInstallations(d.administrator, "ateneo", list); status != http.StatusOK {
			t.Fatal(status, body)
		}
		d.followed()
	}
	of := func(unit string) caller {
		t.Helper()
		var hat store.Affiliation
		must(t, d.app.Store.View(func(tx *db.Tx) error {
			o, err := store.OrganisationsByCode.First(tx, "ateneo")
			if err != nil {
				return err
			}
			for u, err := range store.Units.All(tx, 0, false) {
				if err != nil {
					return err
				}
				if u.Organisation == o.ID && u.Name == unit {
					hat = store.Affiliation{Organisation: o.ID, Unit: u.ID}
				}
			}
			return nil
		}))
		return d.caller(d.add("Persona di "+unit, people.Form{Affiliations: []store.Affiliation{hat}}))
	}
	accounts, staff := of("Ragioneria"), of("Personale")
	runs("24.01.00", "25.01.00")
	path := d.knownProblem(box{"affected": []box{{"from": "24.01", "until": "24.01.02"}, {"from": "25.01"}}, "fixed_in": []string{"24.01.02"}})
	old, fresh, both := d.report(accounts, "malfunction"), d.report(staff, "malfunction"), d.report(d.rita, "malfunction")
	are := func(oldIs, oldSays, freshIs, freshSays, bothIs, bothSays string) {
		t.Helper()
		for _, one := range []struct {
			c                         caller
			ticket, is, version, says string
		}{{accounts, old, oldIs, "24.01.02", oldSays}, {staff, fresh, freshIs, "25.01.05", freshSays}, {d.rita, both, bothIs, "24.01.02, 25.01.05", bothSays}} {
			if one.is == "new" {
				one.version = ""
			}
			d.isNow(one.c, one.ticket, one.is, one.version, one.says)
		}
	}
	for _, ticket := range []string{old, fresh, both} {
		d.attach(path, ticket)
	}
	are("planned", "prevista nella versione 24.01.02", "new", "Non vedo nulla", "new", "Non vedo nulla")
	d.mustCall(d.agent, "PATCH", path, box{"fixed_in": []string{"24.01.02", "25.01.05"}}, http.StatusOK)
	d.followed()
	are("planned", "prevista nella versione 24.01.02", "planned", "prevista nella versione 25.01.05", "planned", "nelle versioni 24.01.02 e 25.01.05")
	d.publish(d.fixing("24.01.02", path))
	d.followed()
	are("planned", "È uscita la versione 24.01.02", "planned", "prevista", "planned", "prevista")
	d.publish(d.fixing("25.01.05", path))
	d.followed()
	are("planned", "È uscita la versione 24.01.02", "planned", "È uscita la versione 25.01.05", "planned", "Sono uscite le versioni 24.01.02 e 25.01.05")
	runs("24.01.02", "25.01.00")
	are("resolved", "in uso", "planned", "È uscita", "planned", "Sono uscite")
	runs("24.01.02", "25.01.05")
	are("resolved", "in uso", "resolved", "in uso", "resolved", "in uso")
}
