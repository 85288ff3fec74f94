package desk

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"sportello/app/desk/notice"
	"sportello/app/desk/people"
	"sportello/app/desk/policy"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/fault"
)

const goodPassword = "quattro parole messe in fila"

// invite invites the address into the organisation as the coordinator does.
func (o *mailOffice) invite(who, email, name string, hat store.Affiliation) (*store.Invitation, error) {
	if hat.Organisation == 0 {
		hat.Organisation = o.organis["Ateneo"]
	}
	return o.People.Invite(o.as(who), people.InvitationForm{Email: email, Name: name, Hat: hat})
}

func (o *mailOffice) mustInvite(email, name string) *store.Invitation {
	o.t.Helper()
	i, err := o.invite("referente", email, name, store.Affiliation{})
	if err != nil {
		o.t.Fatal(err)
	}
	return i
}

// elsewhere adds somebody of no organisation who can sign in, or not.
func (o *mailOffice) elsewhere(email, name string, password bool) *store.Person {
	o.t.Helper()
	p := &store.Person{Email: email, Name: name}
	if password {
		p.Password = "$argon2id$"
	}
	if err := o.st.Update(db.By{Via: door.Command}, func(tx *db.Tx) error { return store.People.Put(tx, p) }); err != nil {
		o.t.Fatal(err)
	}
	return p
}

// listed returns the invitations that the coordinator sees, without what numbers and clocks make different.
func (o *mailOffice) listed(who string) (out []store.Invitation) {
	o.t.Helper()
	list, err := o.People.Invitations(o.as(who), o.organis["Ateneo"])
	if err != nil {
		o.t.Fatal(err)
	}
	for _, i := range list {
		i.Row, i.Ends = db.Row{}, time.Time{}
		out = append(out, *i)
	}
	return out
}

// TestACoordinatorLearnsNothingOfWhomTheyInvite invites people whom the desk knows in all ways there are, and one whom it
// does not know: the answer, the row and what is written before it are the same.
func TestACoordinatorLearnsNothingOfWhomTheyInvite(t *testing.T) {
	type told struct {
		answer store.Invitation
		rows   []store.Invitation
		tables []string
	}
	var first told
	for n, c := range []struct {
		name  string
		setUp func(*mailOffice)
	}{
		{"nobody", func(*mailOffice) {}},
		{"somebody who signs in", func(o *mailOffice) { o.elsewhere("chi@altrove.example", "Nome Vero", true) }},
		{"somebody who only wrote", func(o *mailOffice) { o.elsewhere("chi@altrove.example", "Nome Vero", false) }},
		{"somebody who was disabled", func(o *mailOffice) {
			p := o.elsewhere("chi@altrove.example", "Nome Vero", true)
			p.Disabled = true
			if err := o.st.Update(db.By{}, func(tx *db.Tx) error { return store.People.Put(tx, p) }); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		o := newMailOffice(t)
		c.setUp(o)
		before := o.st.Last()
		i, err := o.invite("referente", "Chi@Altrove.example", " Nome  Scritto ", store.Affiliation{})
		if err != nil {
			t.Fatal(c.name, err)
		}
		var is told
		is.answer = *i
		is.answer.Row, is.answer.Ends = db.Row{}, time.Time{}
		err = o.st.View(func(tx *db.Tx) error {
			for ch, err := range tx.Changes(before) {
				if err != nil {
					return err
				}
				is.tables = append(is.tables, ch.Table)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		o.post() // letters, bounced or not, change nothing of it
		is.rows = o.listed("referente")
		if n == 0 {
			first = is
		}
		if !reflect.DeepEqual(is, first) || is.answer.Name != "Nome Scritto" || len(is.rows) != 1 {
			t.Errorf("%s: %+v\nwant %+v", c.name, is, first)
		}
	}
}

func TestWhoMayInviteWhere(t *testing.T) {
	o := newMailOffice(t)
	unit, err := o.People.AddUnit(system, o.organis["Ateneo"], "Biblioteca")
	if err != nil {
		t.Fatal(err)
	}
	other, err := o.People.AddOrganisation(system, people.OrganisationForm{Name: "Terzo ente"})
	if err != nil {
		t.Fatal(err)
	}
	keeper, _, err := o.People.Add(system, people.Form{Name: "Referente Biblioteca", Email: "biblio@ateneo.example",
		Affiliations: []store.Affiliation{{Organisation: o.organis["Ateneo"], Unit: unit.ID, Coordinator: true}}})
	if err != nil {
		t.Fatal(err)
	}
	o.people["biblio"] = keeper
	home := o.organis["Ateneo"]
	for _, c := range []struct {
		who  string
		hat  store.Affiliation
		want fault.Kind // Internal: may
	}{
		{"referente", store.Affiliation{Organisation: home}, fault.Internal},
		{"referente", store.Affiliation{Organisation: home, Unit: unit.ID}, fault.Internal},
		{"referente", store.Affiliation{Organisation: other.ID}, fault.NotFound},
		{"referente", store.Affiliation{Organisation: policy.Nowhere}, fault.NotFound},
		{"biblio", store.Affiliation{Organisation: home}, fault.Denied},
		{"biblio", store.Affiliation{Organisation: home, Unit: unit.ID}, fault.Internal},
		{"amministratore", store.Affiliation{Organisation: other.ID}, fault.Internal},
		{"ada", store.Affiliation{Organisation: home}, fault.NotFound},
		{"agente", store.Affiliation{Organisation: home}, fault.Denied},
		{"responsabile", store.Affiliation{Organisation: home}, fault.Denied},
		{"estraneo", store.Affiliation{Organisation: home}, fault.NotFound},
	} {
		for _, email := range []string{"uno-" + c.who + "@altrove.example", "nessun indirizzo"} {
			i, err := o.People.Invite(o.as(c.who), people.InvitationForm{Email: email, Name: "Uno", Hat: c.hat})
			switch want := c.want; {
			case want == fault.Internal && email == "nessun indirizzo":
				if fault.KindOf(err) != fault.Invalid {
					t.Errorf("%s, a wrong address: %v", c.who, err)
				}
			case want == fault.Internal && err != nil, want != fault.Internal && (err == nil || fault.KindOf(err) != want):
				t.Errorf("%s into %+v, %q: %v, want %v", c.who, c.hat, email, err, want)
			case err == nil && (i.Gives().Coordinator || i.By != o.as(c.who).ID()):
				t.Errorf("%+v", i)
			}
		}
	}
	if n := len(o.listed("biblio")); n != 2 { // into the unit, whoever invited
		t.Errorf("a coordinator of a unit sees %d invitations", n)
	}
}

// letterTo returns the letter of the invitation that went to the address.
func (o *mailOffice) letterTo(address string) *notice.Outgoing {
	o.t.Helper()
	l := o.post()[address]
	if l == nil {
		o.t.Fatal("no letter to ", address)
	}
	return l
}

func TestSomebodyNewAcceptsByTheLetter(t *testing.T) {
	o := newMailOffice(t)
	csa := o.module["csa"]
	_, err := o.invite("referente", "nuova@altrove.example", "Nuova Persona", store.Affiliation{Position: "teaching", Modules: []uint64{csa}, Until: o.st.Now().AddDate(1, 0, 0)})
	if err != nil {
		t.Fatal(err)
	}
	if err := o.Catalogue.RemoveModule(system, csa); fault.KindOf(err) != fault.Conflict {
		t.Errorf("a module that an invitation names is removed: %v", err)
	}
	l := o.letterTo("nuova@altrove.example")
	if l.Link == "" || l.Lines[0].Named != "Ateneo" {
		t.Fatalf("%+v", l)
	}
	v, err := o.People.LinkedInvitation(l.Link)
	if err != nil || v.SignsIn || v.Email != "nuova@altrove.example" {
		t.Fatal(v, err)
	}
	if _, err := o.People.AcceptLinked(l.Link, "Nuova Persona", "corta"); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a short password: %v", err)
	}
	p, err := o.People.AcceptLinked(l.Link, "Nuova Persona Rossi", goodPassword)
	if err != nil {
		t.Fatal(err)
	}
	if h := o.stored(p.ID).Affiliations; len(h) != 1 || h[0].Position != "teaching" || h[0].Coordinator || h[0].Organisation != o.organis["Ateneo"] || h[0].By != o.people["referente"].ID || p.Name != "Nuova Persona Rossi" {
		t.Errorf("%+v", h)
	}
	if _, _, err := o.keeper.SignIn(t.Context(), "nuova@altrove.example", goodPassword, "", ""); err != nil {
		t.Error(err)
	}
	if _, err := o.People.AcceptLinked(l.Link, "Ancora", goodPassword); fault.KindOf(err) != fault.NotFound {
		t.Errorf("twice: %v", err)
	}
	if list := o.listed("referente"); len(list) != 0 {
		t.Errorf("still listed: %+v", list)
	}
}

func TestWhoSignsInAnswersThere(t *testing.T) {
	o := newMailOffice(t)
	p := o.elsewhere("nota@altrove.example", "Nome Vero", true)
	i := o.mustInvite("nota@altrove.example", "Nome Scritto")
	if bell, mail := o.told(p.ID); !strings.Contains(bell, "affiliation-offered") || !strings.Contains(mail, "affiliation-offered>nota@altrove.example") || o.sent[0].Link != "" {
		t.Errorf("told %q, %q", bell, mail)
	}
	me := policy.Actor{Person: p, Via: door.Page}
	for _, who := range []policy.Actor{o.as("referente"), o.as("amministratore"), o.as("estraneo"), {}} {
		if err := o.People.AnswerInvitation(who, i.ID, true); err == nil || fault.KindOf(err) != fault.NotFound {
			t.Errorf("%d answers for somebody else: %v", who.ID(), err)
		}
	}
	if list, err := o.People.Invited(me); err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	if err := o.People.AnswerInvitation(me, i.ID, true); err != nil {
		t.Fatal(err)
	}
	is := o.stored(p.ID)
	if is.Name != "Nome Vero" || len(is.Affiliations) != 1 {
		t.Errorf("%+v", is)
	}
	// A link that was sent while nobody signed in with the address opens no account once somebody does.
	i = o.mustInvite("chi@altrove.example", "Chi")
	l := o.letterTo("chi@altrove.example")
	o.elsewhere("chi@altrove.example", "Altri", true)
	if v, err := o.People.LinkedInvitation(l.Link); err != nil || !v.SignsIn {
		t.Error(v, err)
	}
	if _, err := o.People.AcceptLinked(l.Link, "Chi", goodPassword); fault.KindOf(err) != fault.Conflict {
		t.Errorf("the link takes over an account: %v", err)
	}
	if err := o.People.TakeInvitationBack(o.as("estraneo"), i.ID); fault.KindOf(err) != fault.NotFound {
		t.Error(err)
	}
}

func TestAnInvitationEnds(t *testing.T) {
	for _, c := range []struct {
		name string
		how  func(*mailOffice, *store.Invitation, string) error
		want string
	}{
		{"by itself", func(o *mailOffice, _ *store.Invitation, _ string) error { o.later(store.InvitationLife); return nil }, ""},
		{"when it is taken back", func(o *mailOffice, i *store.Invitation, _ string) error {
			return o.People.TakeInvitationBack(o.as("referente"), i.ID)
		}, "taken-back"},
		{"when it is declined", func(o *mailOffice, _ *store.Invitation, secret string) error { return o.People.DeclineLinked(secret) }, "declined"},
		{"with a restore", func(o *mailOffice, _ *store.Invitation, _ string) error {
			_, err := o.keeper.AfterRestore()
			return err
		}, "taken-back"},
	} {
		o := newMailOffice(t)
		i := o.mustInvite("nuova@altrove.example", "Nuova")
		secret := o.letterTo("nuova@altrove.example").Link
		if err := c.how(o, i, secret); err != nil {
			t.Fatal(c.name, err)
		}
		if _, err := o.People.AcceptLinked(secret, "Nuova", goodPassword); fault.KindOf(err) != fault.NotFound {
			t.Errorf("%s: accepted: %v", c.name, err)
		}
		if err := o.People.TakeInvitationBack(o.as("referente"), i.ID); fault.KindOf(err) != fault.Conflict {
			t.Errorf("%s: taken back: %v", c.name, err)
		}
		if list := o.listed("referente"); len(list) > 0 && list[0].Answer.String() != c.want || len(list) == 0 && c.want != "taken-back" {
			t.Errorf("%s: listed %+v", c.name, list)
		}
		o.later(store.InvitationLife + store.InvitationKept)
		if _, err := o.keeper.Expire(t.Context()); err != nil {
			t.Fatal(err)
		}
		if list := o.listed("referente"); len(list) != 0 {
			t.Errorf("%s: kept: %+v", c.name, list)
		}
	}
}

func TestInvitationsHaveLimits(t *testing.T) {
	o := newMailOffice(t)
	for range 3 {
		i := o.mustInvite("uno@altrove.example", "Uno")
		if _, err := o.invite("referente", "uno@altrove.example", "Altro", store.Affiliation{}); fault.KindOf(err) != fault.Conflict {
			t.Errorf("one waits: %v", err)
		}
		if err := o.People.TakeInvitationBack(o.as("referente"), i.ID); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := o.invite("referente", "uno@altrove.example", "Uno", store.Affiliation{}); fault.KindOf(err) != fault.Conflict {
		t.Errorf("the fourth within 14 days: %v", err)
	}
	now := o.st.Now()
	err := o.st.Update(db.By{}, func(tx *db.Tx) error {
		for range 200 - 3 {
			if err := store.Invitations.Put(tx, &store.Invitation{Email: "x@altrove.example", Name: "X", Organisation: o.organis["Ateneo"], Ends: now.Add(time.Hour)}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.invite("referente", "due@altrove.example", "Due", store.Affiliation{}); fault.KindOf(err) != fault.Conflict {
		t.Errorf("the 201st: %v", err)
	}
	o.later(store.InvitationLife)
	if _, err := o.invite("referente", "uno@altrove.example", "Uno", store.Affiliation{}); err != nil {
		t.Error(err)
	}
	for name, hat := range map[string]store.Affiliation{"over already": {Until: o.st.Now().Add(-time.Hour)}, "position": {Position: "re"}, "module": {Modules: []uint64{9999}}, "unit": {Unit: 9999}} {
		if _, err := o.invite("referente", "tre@altrove.example", "Tre", hat); fault.KindOf(err) != fault.Invalid || err == nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestInvitationsGoWhereTheirPlaceGoes(t *testing.T) {
	o := newMailOffice(t)
	unit, err := o.People.AddUnit(system, o.organis["Ateneo"], "Biblioteca")
	if err != nil {
		t.Fatal(err)
	}
	i, err := o.invite("referente", "nuova@altrove.example", "Nuova", store.Affiliation{Unit: unit.ID})
	if err != nil {
		t.Fatal(err)
	}
	to, err := o.People.AddOrganisation(system, people.OrganisationForm{Name: "Terzo ente"})
	if err != nil {
		t.Fatal(err)
	}
	from := store.Hat{Organisation: o.organis["Ateneo"], Unit: unit.ID}
	p, err := o.Relocations.Preview(o.as("amministratore"), from, to.ID)
	if err == nil {
		_, _, err = o.Relocations.Begin(o.as("amministratore"), from, to.ID, p.Sum)
	}
	for more := err == nil; more && err == nil; {
		more, err = o.Relocations.Step()
	}
	if err != nil {
		t.Fatal(err)
	}
	err = o.st.View(func(tx *db.Tx) error {
		is, err := store.Invitations.Get(tx, i.ID)
		if err == nil && is.Hat() != (store.Hat{Organisation: to.ID, Unit: unit.ID}) {
			t.Errorf("it leads to %+v", is.Hat())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := o.People.RemoveUnit(system, unit.ID); err != nil {
		t.Error(err)
	}
}
