package desk

import (
	"context"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"sportello/app/credential"
	"sportello/app/desk/notice"
	"sportello/app/desk/people"
	"sportello/app/desk/policy"
	"sportello/app/desk/post"
	"sportello/app/desk/ticket"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/event"
	"sportello/store/fault"
)

// TestEachFieldOfTheFormIsAnAct fails when the form of a person has a field that can be changed without a right.
func TestEachFieldOfTheFormIsAnAct(t *testing.T) {
	form, nobody := reflect.TypeFor[people.Form](), policy.Actor{Person: &store.Person{Row: db.Row{ID: 8}}}
	for i := range form.NumField() {
		name := form.Field(i).Name
		before, after := &store.Person{Row: db.Row{ID: 7}}, &store.Person{Row: db.Row{ID: 7}}
		f := reflect.ValueOf(after).Elem().FieldByName(name)
		switch v := f.Addr().Interface().(type) {
		case *string:
			*v = "x"
		case *uint64:
			*v = 1
		case *bool:
			*v = true
		case *[]store.Membership:
			*v = []store.Membership{{Group: 1}}
		case *[]store.Affiliation:
			*v = []store.Affiliation{{Organisation: 1}}
		default:
			t.Fatalf("%s: teach the test this type", name)
		}
		if policy.MayChangeAccount(nobody, before, after, time.Now()) == nil || policy.MayChangeAccount(nobody, after, before, time.Now()) == nil {
			t.Errorf("whoever may change anything may change %s", name)
		}
	}
}

// TestWhoMayDoWhatToAnAccount compares the rights with an independent table: for each role, act and owner of the
// account, in letters, who may do it.
func TestWhoMayDoWhatToAnAccount(t *testing.T) {
	o := newOffice(t)
	csa, legale := o.group["csa"], o.group["legale"]
	actors := []string{"ada", "agente", "responsabile", "redattore", "referente", "unita", "amministratore"}
	whom := map[string]*store.Person{
		"new": {}, "requester": o.people["collega"], "agent here": o.people["agente2"], "agent elsewhere": o.people["altrove"],
		"administrator": {Row: db.Row{ID: 901}, Administrator: true}, "supervisor here": {Row: db.Row{ID: 902}, Groups: []store.Membership{{Group: csa, Supervisor: true}}},
		"supervisor elsewhere":       {Row: db.Row{ID: 903}, Groups: []store.Membership{{Group: legale, Supervisor: true}}},
		"agent here who coordinates": {Row: db.Row{ID: 904}, Groups: []store.Membership{{Group: csa}}, Affiliations: []store.Affiliation{{Organisation: 1, Coordinator: true}}},
	}
	hats := []store.Hat{{Organisation: o.organis["Ateneo"]}, o.as("unita").Person.Coordinated(o.st.Now())[0].Hat(), {Organisation: o.organis["Altro ente"]}, {}, {Organisation: policy.Nowhere}}
	for act := policy.AccountAct(1); act <= policy.WakeToken; act++ {
		for target, p := range whom {
			for _, group := range []uint64{csa, legale} {
				for _, mails := range []bool{true, false} {
					for _, reason := range []string{"", "ha perso la casella"} {
						hat := hats[len(hats)-1]
						hats = append([]store.Hat{hat}, hats[:len(hats)-1]...) // each in turn, all with each group
						to := policy.Account{Person: p, Group: group, Mails: mails, Reason: reason, Hat: hat, At: o.st.Now()}
						for _, who := range actors {
							want := false
							switch who {
							case "amministratore":
								want = act != policy.HandLink || !mails || reason != ""
							case "referente", "unita":
								switch act {
								case policy.AddAccount, policy.GiveHat:
									want = who == "referente" && hat.Organisation == o.organis["Ateneo"] || who == "unita" && hat == o.as("unita").Person.Coordinated(o.st.Now())[0].Hat()
								case policy.Rename, policy.ChangeAddress:
									want = target == "new"
								}
							case "responsabile":
								switch act {
								case policy.SeeAccount, policy.AddAccount, policy.MakeAgent:
									want = group == csa
								case policy.Rename, policy.ChangeAddress, policy.GiveHat, policy.HandLink:
									want = target == "new"
								case policy.SendLink:
									want = target == "agent here"
								}
							}
							if got := policy.MayAccount(o.as(who), act, to); got != want {
								t.Errorf("%s does act %d to %s (group here %v, mail %v, reason %q): %v, want %v", who, act, target, group == csa, mails, reason, got, want)
							}
						}
					}
				}
			}
		}
	}
	for act := policy.AccountAct(1); act <= policy.WakeToken; act++ {
		ada := o.as("ada")
		if got, want := policy.MayAccount(ada, act, policy.Account{Person: ada.Person}), act == policy.SeeAccount || act == policy.Rename; got != want {
			t.Errorf("a requester does act %d to themselves: %v", act, got)
		}
		own := o.as("referente")
		if got, want := policy.MayAccount(own, act, policy.Account{Person: own.Person, Hat: own.Person.Affiliations[0].Hat(), At: o.st.Now()}), act == policy.SeeAccount || act == policy.Rename; got != want {
			t.Errorf("a coordinator does act %d to themselves: %v", act, got)
		}
	}
}

// told returns the person's notices and the mail sent, as event>address.
func (o *mailOffice) told(id uint64) (bell, mail string) {
	o.t.Helper()
	if _, err := o.Notices.Plan(); err != nil {
		o.t.Fatal(err)
	}
	o.sent = nil
	if _, err := o.Notices.SendLetters(context.Background(), func(_ context.Context, l *notice.Outgoing) notice.Sent {
		o.sent = append(o.sent, l)
		return notice.Sent{OK: true}
	}); err != nil {
		o.t.Fatal(err)
	}
	p, err := o.People.Read(system, id)
	if err != nil {
		o.t.Fatal(err)
	}
	lines, _, err := o.Notices.List(policy.Actor{Person: p}, 50)
	if err != nil {
		o.t.Fatal(err)
	}
	for _, l := range slices.Backward(lines) {
		bell += l.Event.String() + " "
	}
	for _, l := range o.sent {
		mail += l.Letter.Tells[0].Event.String() + ">" + l.Letter.To + " "
	}
	return strings.TrimSpace(bell), strings.TrimSpace(mail)
}

func TestALinkGoesToItsOwnerAlone(t *testing.T) {
	o := newMailOffice(t)
	s, a, ada := o.as("responsabile"), o.as("amministratore"), o.people["ada"]
	csa := o.group["csa"]

	// The attack: add them to the group, create a link, remove them again.
	if err := o.People.PutMember(s, csa, ada.ID, false); err != nil {
		t.Fatal(err)
	}
	for _, reason := range []string{"", "Me lo ha chiesto"} {
		_, err := o.People.HandPasswordLink(s, ada.ID, reason)
		wants(t, err, fault.Denied, "", "")
	}
	if err := o.People.SendPasswordLink(s, ada.ID); err != nil {
		t.Fatal(err)
	}
	if err := o.People.RemoveMember(s, csa, ada.ID); err != nil {
		t.Fatal(err)
	}
	wants(t, o.People.SendPasswordLink(s, ada.ID), fault.Denied, "", "")
	bell, mail := o.told(ada.ID)
	if bell != "rights rights" || mail != "link>ada@ateneo.example rights>ada@ateneo.example rights>ada@ateneo.example" {
		t.Errorf("Ada is told %q, by mail %q", bell, mail)
	}
	if l := o.sent[0].Link; l == "" {
		t.Error("the letter has no link")
	} else if p, err := o.Keeper().Link(l, credential.ForPassword); err != nil || p.ID != ada.ID {
		t.Errorf("the link is for %v, %v", p, err)
	}

	// An administrator must give a reason to hand over a link; it is logged and the person is notified.
	_, err := o.People.HandPasswordLink(a, ada.ID, " ")
	wants(t, err, fault.Invalid, "error.required", "reason")
	secret, err := o.People.HandPasswordLink(a, ada.ID, "Ha perso la casella")
	if err != nil || secret == "" {
		t.Fatal(err)
	}
	if bell, mail := o.told(ada.ID); !strings.HasSuffix(bell, "handed") || mail != "handed>ada@ateneo.example" {
		t.Errorf("Ada is told %q, by mail %q", bell, mail)
	}
	lines, _, err := o.Audit(a, 0, 200)
	if err != nil || !slices.ContainsFunc(lines, func(l AuditLine) bool {
		return l.Act == act.HandLink && l.Why == "Ha perso la casella" && l.By == "Anna Amministra"
	}) {
		t.Errorf("the log does not name who handed over a link and why: %v", err)
	}

	// A new address: the old one is notified, and links sent to it no longer work.
	f := people.FormOf(o.stored(ada.ID))
	f.Email = "ada.neri@altro.example"
	if err := o.People.SendPasswordLink(a, ada.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := o.People.Change(a, ada.ID, 0, f); err != nil {
		t.Fatal(err)
	}
	_, mail = o.told(ada.ID)
	if mail != "address>ada@ateneo.example address>ada.neri@altro.example" {
		t.Errorf("by mail %q: a link that waited goes to the address before, or nobody is told", mail)
	}
	if _, err := o.Keeper().Link(secret, credential.ForPassword); err == nil {
		t.Error("a link from before is good")
	}
}

func (o *office) stored(id uint64) *store.Person {
	o.t.Helper()
	p, err := o.People.Read(system, id)
	if err != nil {
		o.t.Fatal(err)
	}
	return p
}

func TestAPersonIsToldOfTheirAccount(t *testing.T) {
	o := newMailOffice(t)
	a, ada := o.as("amministratore"), o.people["ada"]
	p, link, err := o.People.Add(a, people.Form{Email: "nuova@ateneo.example", Name: "Nuova"})
	if err != nil || link != "" {
		t.Fatalf("where mail goes out nobody sees the link: %q, %v", link, err)
	}
	if _, mail := o.told(p.ID); mail != "invited>nuova@ateneo.example" || o.sent[0].Link == "" {
		t.Errorf("who is new gets %q", mail)
	}
	first, err := o.Keeper().ChoosePassword(o.sent[0].Link, "quattro tartarughe verdi")
	if err != nil {
		t.Fatal(err)
	}
	if bell, mail := o.told(p.ID); bell != "" || mail != "" {
		t.Errorf("the first password: %q, %q", bell, mail)
	}
	if err := o.Keeper().SetPassword(db.By{Person: first.ID, Via: door.Page, Act: act.SetPassword}, p.ID, "cinque tartarughe verdi"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := o.Keeper().NewToken(db.By{Person: p.ID, Via: door.Page, Act: act.MakeToken}, p.ID, "x"); err != nil {
		t.Fatal(err)
	}
	if bell, mail := o.told(p.ID); bell != "" || mail != "password>nuova@ateneo.example token>nuova@ateneo.example" {
		t.Errorf("what looks like oneself is told by mail alone: %q, %q", bell, mail)
	}
	if _, _, err := o.People.Put(policy.Actor{System: true, Via: door.Import}, people.Record{Email: ada.Email, Roles: []string{"agent"}}); err != nil {
		t.Fatal(err)
	}
	if bell, mail := o.told(ada.ID); bell != "rights" || mail != "rights>ada@ateneo.example" {
		t.Errorf("an import gives rights: %q, %q", bell, mail)
	}
}

func TestWhatWasTakenFromADisabledPersonStaysTaken(t *testing.T) {
	o := newMailOffice(t)
	a, ada := o.as("amministratore"), o.people["ada"]
	if err := o.Keeper().SetPassword(db.By{}, ada.ID, "quattro tartarughe verdi"); err != nil {
		t.Fatal(err)
	}
	session, _, err := o.Keeper().SignIn(t.Context(), ada.Email, "quattro tartarughe verdi", "", "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	token, _, err := o.Keeper().NewToken(db.By{}, ada.ID, "x")
	if err != nil {
		t.Fatal(err)
	}
	link, err := o.Keeper().NewLink(db.By{}, ada.ID, credential.ForPassword)
	if err != nil {
		t.Fatal(err)
	}
	tk, err := o.Tickets.Open(o.as("ada"), ticket.Opening{Subject: "Il cedolino", Body: "Da ieri.", Kind: store.Clarification, Module: o.module["csa"], Severity: store.Low, Urgency: store.NoDate})
	if err != nil {
		t.Fatal(err)
	}
	read := o.Post.Token("read", post.ReadMAC, tk.ID, ada.ID, 1)
	err = o.st.Update(db.By{}, func(tx *db.Tx) error {
		return store.TicketLinks.Put(tx, &store.TicketLink{Ticket: tk.ID, Person: ada.ID, Serial: 1, Ends: tx.Now().AddDate(0, 0, 30)})
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := o.Notices.LinkedTicket(read, ticket.Piece{}); err != nil {
		t.Fatal(err)
	}
	for _, disabled := range []bool{true, false} {
		f := people.FormOf(o.stored(ada.ID))
		f.Disabled = disabled
		if _, err := o.People.Change(a, ada.ID, 0, f); err != nil {
			t.Fatal(err)
		}
		_, _, noSession := o.Keeper().Session(t.Context(), session)
		_, _, noToken := o.Keeper().Token(t.Context(), token, netip.Addr{})
		_, noLink := o.Keeper().Link(link, credential.ForPassword)
		_, _, noRead := o.Notices.LinkedTicket(read, ticket.Piece{})
		if noSession == nil || noToken == nil || noLink == nil || noRead == nil {
			t.Errorf("disabled %v: session %v, token %v, link %v, link to a ticket %v", disabled, noSession, noToken, noLink, noRead)
		}
	}
}

func TestSleepingTokensAreWokenByAdministratorsAlone(t *testing.T) {
	o := newOffice(t)
	ada := o.people["ada"]
	var secrets []string
	for range 3 {
		s, _, err := o.Keeper().NewToken(db.By{}, ada.ID, "x")
		if err != nil {
			t.Fatal(err)
		}
		secrets = append(secrets, s)
	}
	if _, err := o.Keeper().AfterRestore(); err != nil {
		t.Fatal(err)
	}
	for _, who := range everybodyBut(o, "amministratore") {
		_, _, err := o.People.SleepingTokens(o.as(who))
		wants(t, err, fault.Denied, "", "")
		wants(t, o.People.WakeToken(o.as(who), 1), fault.Denied, "", "")
		_, err = o.People.WakeTokens(o.as(who))
		wants(t, err, fault.Denied, "", "")
	}
	a := o.as("amministratore")
	list, n, err := o.People.SleepingTokens(a)
	if err != nil || n != 3 || len(list) != 3 || list[0].Who.ID != ada.ID {
		t.Fatalf("%v of %d, %v", list, n, err)
	}
	awake := func() (n int) {
		for _, s := range secrets {
			if _, _, err := o.Keeper().Token(t.Context(), s, netip.Addr{}); err == nil {
				n++
			}
		}
		return n
	}
	if err := o.People.WakeToken(a, list[0].ID); err != nil || awake() != 1 {
		t.Errorf("%d awake, %v", awake(), err)
	}
	wants(t, o.People.WakeToken(a, list[0].ID), fault.NotFound, "", "")
	if n, err := o.People.WakeTokens(a); err != nil || n != 2 || awake() != 3 {
		t.Errorf("woke %d, %d are awake, %v", n, awake(), err)
	}
}

func TestWhoseTokenIsWokenIsTold(t *testing.T) {
	o := newMailOffice(t)
	p := o.people["ada"]
	if _, _, err := o.keeper.NewToken(db.By{Via: door.Command}, p.ID, "report"); err != nil {
		t.Fatal(err)
	}
	if _, err := o.keeper.AfterRestore(); err != nil {
		t.Fatal(err)
	}
	told := func() (n int) {
		t.Helper()
		if _, err := o.Notices.Plan(); err != nil {
			t.Fatal(err)
		}
		if err := o.st.View(func(tx *db.Tx) error {
			for l, err := range store.Letters.All(tx, 0, false) {
				if err != nil {
					return err
				}
				if e, _ := post.OfAccount(l); e == event.Woken && l.Person == p.ID {
					n++
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		return n
	}
	if n := told(); n != 0 {
		t.Fatalf("told %d times before", n)
	}
	if n, err := o.People.WakeTokens(policy.Actor{Via: door.Command, System: true}); err != nil || n != 1 {
		t.Fatal(n, err)
	}
	if n := told(); n != 1 {
		t.Errorf("told %d times", n)
	}
}

func TestOnesOwnRecordIsChangedAndSeenByTheTable(t *testing.T) {
	o := newMailOffice(t)
	if _, err := o.People.ChangeOwn(o.as("ada"), people.OwnForm{Name: "Ada Nerissima"}); err != nil {
		t.Fatal(err)
	}
	without := o.as("ada")
	ada := *without.Person
	ada.Disabled = true // a disabled person has no rights over any account, not even their own
	without.Person = &ada
	if _, err := o.People.ChangeOwn(without, people.OwnForm{Name: "Ada Verdi"}); fault.KindOf(err) != fault.Denied {
		t.Errorf("without the right: %v", err)
	}
}
