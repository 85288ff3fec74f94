package policy

import (
	"testing"

	"sportello/store"
	"sportello/store/db"
)

func TestEachActOnAnAccountHasItsRow(t *testing.T) {
	for act := AccountAct(1); act <= lastAccountAct; act++ {
		if _, ok := accountRights[act]; !ok {
			t.Errorf("act %d has no row", act)
		}
	}
	if len(accountRights) != int(lastAccountAct) {
		t.Errorf("%d rows for %d acts", len(accountRights), lastAccountAct)
	}
	admin := Actor{Person: &store.Person{Row: db.Row{ID: 1}, Administrator: true}}
	if MayAccount(admin, lastAccountAct+1, Account{Person: &store.Person{}}) || MayAccount(admin, 0, Account{Person: &store.Person{}}) {
		t.Error("an act without a row is allowed")
	}
}
