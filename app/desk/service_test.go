package desk

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"sportello/app/credential"
	"sportello/app/desk/people"
	"sportello/app/desk/policy"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/fault"
	"sportello/store/scope"
)

// probe adds a service account that belongs to Ada and to Bruno, with a token.
func (o *mailOffice) probe() (*store.Person, string) {
	o.t.Helper()
	p, err := o.People.AddService(o.as("amministratore"), people.ServiceForm{Name: "Sonda", Email: "sonda@ateneo.example",
		Owners: [2]string{o.people["ada"].Email, o.people["agente"].Email}})
	if err != nil {
		o.t.Fatal(err)
	}
	secret, _, err := o.People.MakeToken(o.as("ada"), p.ID, credential.Grant{Name: "letture", Scope: scope.Whole(), Life: 30 * oneDay})
	if err != nil {
		o.t.Fatal(err)
	}
	return p, secret
}

// disable disables the person, as an administrator does.
func (o *mailOffice) disable(name string, off bool) {
	o.t.Helper()
	f := people.FormOf(o.stored(o.people[name].ID))
	f.Disabled = off
	if _, err := o.People.Change(o.as("amministratore"), o.people[name].ID, 0, f); err != nil {
		o.t.Fatal(err)
	}
}

// works reports whether the token is taken.
func (o *mailOffice) works(secret, from string) bool {
	o.t.Helper()
	a, _ := netip.ParseAddr(from)
	_, _, err := o.keeper.Token(o.t.Context(), secret, a)
	if err != nil && fault.KindOf(err) != fault.SignIn {
		o.t.Fatal(err)
	}
	return err == nil
}

func TestNoServiceAccountBelongsToLessThanTwo(t *testing.T) {
	o := newMailOffice(t)
	for _, owners := range [][2]string{{"", ""}, {o.people["ada"].Email, ""}, {o.people["ada"].Email, o.people["ada"].Email}, {o.people["ada"].Email, "mai.vista@ateneo.example"}} {
		if _, err := o.People.AddService(o.as("amministratore"), people.ServiceForm{Name: "Sonda", Email: "sonda@ateneo.example", Owners: owners}); fault.KindOf(err) != fault.Invalid || err == nil {
			t.Errorf("owners %q: %v", owners, err)
		}
	}
	for _, who := range []string{"ada", "agente"} {
		if _, err := o.People.AddService(o.as(who), people.ServiceForm{Name: "Sonda", Email: "s@ateneo.example", Owners: [2]string{o.people["ada"].Email, o.people["agente"].Email}}); fault.KindOf(err) != fault.Denied || err == nil {
			t.Errorf("%s adds one: %v", who, err)
		}
	}
}

func TestNobodySignsInAsAServiceAccount(t *testing.T) {
	o := newMailOffice(t)
	p, _ := o.probe()
	if err := o.People.SendPasswordLink(o.as("amministratore"), p.ID); err == nil {
		t.Error("a link was sent")
	}
	if link, err := o.People.HandPasswordLink(o.as("amministratore"), p.ID, "serve"); err == nil {
		t.Errorf("a link was handed over: %s", link)
	}
	if _, err := o.keeper.NewLink(db.By{Via: door.Command}, p.ID, credential.ForPassword); err == nil {
		t.Error("a link was made")
	}
	if err := o.keeper.SetPassword(db.By{Via: door.Command}, p.ID, "una frase abbastanza lunga"); err == nil {
		t.Error("a password was set")
	}
}

func TestAServiceAccountLosesItsTokensWithTheLastPersonItBelongsTo(t *testing.T) {
	o := newMailOffice(t)
	p, secret := o.probe()
	o.told(o.people["agente"].ID)
	o.disable("ada", true)
	if !o.works(secret, "") {
		t.Fatal("the token ended with the first")
	}
	if bell, mail := o.told(o.people["agente"].ID); !strings.Contains(bell, "service-alone") || !strings.Contains(mail, "service-alone") {
		t.Errorf("the other one was told %q, %q", bell, mail)
	}
	saw := o.stored(p.ID).Rev
	if err := o.People.ChangeOwners(o.as("agente"), p.ID, saw, [2]string{o.people["agente"].Email, o.people["estraneo"].Email}); err != nil {
		t.Fatal(err)
	}
	if err := o.People.ChangeOwners(o.as("agente"), p.ID, 0, [2]string{o.people["agente"].Email, o.people["collega"].Email}); fault.KindOf(err) != fault.Denied || err == nil {
		t.Errorf("who is not alone names another: %v", err)
	}
	o.disable("agente", true)
	if !o.works(secret, "") {
		t.Fatal("the token ended although there is a second")
	}
	o.disable("estraneo", true)
	if o.works(secret, "") {
		t.Error("the token works for nobody")
	}
	o.disable("estraneo", false)
	if o.works(secret, "") {
		t.Error("the token woke again")
	}
}

// TestATokenOfNobodyIsNotTaken puts everybody a service account belongs to out of access without the desk's own methods.
func TestATokenOfNobodyIsNotTaken(t *testing.T) {
	o := newMailOffice(t)
	_, secret := o.probe()
	for _, name := range []string{"ada", "agente"} {
		err := o.st.Update(db.By{Via: door.Command}, func(tx *db.Tx) error {
			p, err := store.People.Get(tx, o.people[name].ID)
			if err != nil {
				return err
			}
			p.Disabled = true
			return store.People.Put(tx, p)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if o.works(secret, "") {
		t.Error("the token is taken")
	}
}

func TestBothAreToldOfWhatHappensToAServiceAccount(t *testing.T) {
	o := newMailOffice(t)
	p, secret := o.probe()
	was := map[string]string{}
	hear := func(want ...string) {
		t.Helper()
		_, mails := o.told(o.people["ada"].ID)
		for _, name := range []string{"ada", "agente"} {
			all, _ := o.told(o.people[name].ID)
			bell := strings.TrimSpace(strings.TrimPrefix(all, was[name]))
			was[name] = all
			letters := strings.Count(mails, ">"+o.people[name].Email)
			if bell != strings.Join(want, " ") || letters != len(want) || len(want) > 0 && !strings.Contains(mails, want[0]+">"+o.people[name].Email) {
				t.Errorf("%s was told %q, of all this by mail %q, want %s", name, bell, mails, want)
			}
		}
	}
	o.told(o.people["ada"].ID)
	for _, name := range []string{"ada", "agente"} {
		was[name], _ = o.told(o.people[name].ID)
	}
	o.works(secret, "192.0.2.1")
	hear()
	o.later(2 * time.Hour)
	o.works(secret, "192.0.2.1")
	hear()
	o.works(secret, "192.0.2.2")
	o.later(time.Hour)
	o.works(secret, "192.0.2.2")
	hear("service-used")
	f := people.FormOf(o.stored(p.ID))
	f.Groups = []store.Membership{{Group: o.group["csa"]}}
	o.later(time.Hour)
	if _, err := o.People.Change(o.as("amministratore"), p.ID, 0, f); err != nil {
		t.Fatal(err)
	}
	hear("service")
	o.later(20 * oneDay)
	if _, err := o.People.RemindTokens(); err != nil {
		t.Fatal(err)
	}
	hear("service-ending")
	if _, mail := o.told(p.ID); mail != "" {
		t.Errorf("the program got %q", mail)
	}
}

// TestOwnersOfTokensFromBeforeScopesAreToldOnce makes tokens as the migration leaves them.
func TestOwnersOfTokensFromBeforeScopesAreToldOnce(t *testing.T) {
	o := newMailOffice(t)
	for i, name := range []string{"ada", "ada", "agente"} {
		_, row, err := o.keeper.NewToken(db.By{Person: o.people[name].ID, Via: door.Page}, o.people[name].ID, "report")
		if err != nil {
			t.Fatal(err)
		}
		err = o.st.Update(db.By{Via: door.Command}, func(tx *db.Tx) error {
			row, err := store.Tokens.Get(tx, row.ID)
			if err != nil {
				return err
			}
			row.Kept = true
			return store.Tokens.Put(tx, row)
		})
		if err != nil {
			t.Fatal(i, err)
		}
	}
	for _, want := range []int{2, 0} {
		if n, err := o.People.TellKept(); err != nil || n != want {
			t.Errorf("%d were told, want %d: %v", n, want, err)
		}
	}
	_, mails := o.told(o.people["ada"].ID)
	for _, name := range []string{"ada", "agente"} {
		if bell, _ := o.told(o.people[name].ID); strings.Count(bell, "kept") != 1 || strings.Count(mails, "kept>"+o.people[name].Email) != 1 {
			t.Errorf("%s was told %q, %q", name, bell, mails)
		}
	}
}

// TestNobodyActsBeyondTheTokenTheyActWith asks policy itself, with every scope.
func TestNobodyActsBeyondTheTokenTheyActWith(t *testing.T) {
	o := newOffice(t)
	tk := o.open("csa")
	for _, c := range []struct {
		scope scope.Scope
		sees  bool
	}{
		{scope.Scope{}, false}, {scope.Whole(), true}, {scope.Scope{Access: scope.Read, Nouns: []scope.Noun{scope.Articles}}, false},
		{scope.Scope{Access: scope.Read, Nouns: []scope.Noun{scope.Tickets}}, true}, {scope.Scope{Access: scope.Write, All: true, Modular: true}, false},
		{scope.Scope{Access: scope.Write, All: true, Modular: true, Modules: []uint64{o.module["csa"]}}, true},
		{scope.Scope{Access: scope.Write, All: true, Modular: true, Modules: []uint64{999}}, false},
	} {
		for _, who := range []string{"amministratore", "ada", "agente"} {
			a := o.as(who)
			a.Token = &store.Token{Scope: c.scope}
			err := o.st.View(func(tx *db.Tx) error {
				t, err := store.Tickets.Get(tx, tk.ID)
				if err != nil {
					return err
				}
				return o.Rights.May(tx, a, policy.See, t)
			})
			if (err == nil) != c.sees || err != nil && fault.KindOf(err) != fault.NotFound {
				t.Errorf("%s with %+v: %v", who, c.scope, err)
			}
		}
	}
}
