package desk

import (
	"testing"

	"sportello/store"
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
	admin := Actor{Person: &store.Person{Row: store.Row{ID: 1}, Administrator: true}}
	if mayAccount(admin, lastAccountAct+1, account{person: &store.Person{}}) || mayAccount(admin, 0, account{person: &store.Person{}}) {
		t.Error("an act without a row is allowed")
	}
}
