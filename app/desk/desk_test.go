package desk

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"sportello/app/desk/policy"
	"sportello/app/desk/queue"
	"sportello/app/desk/ticket"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/fault"
)

// office is a desk for one test: two groups (one of them confidential), a module each, and one person for each relation
// to a ticket. The store is checked at the end of the test.
type office struct {
	*Desk
	t       testing.TB
	now     atomic.Int64
	dir     string
	people  map[string]*store.Person
	group   map[string]uint64
	module  map[string]uint64
	organis map[string]uint64
}

// again opens the desk again on the same store, as a restart does.
func (o *office) again(opts Options) {
	mail := o.Post.Mail()
	opts.Store = o.st
	o.Desk = New(opts)
	o.Post.SetMail(mail)
}

// most limits how many tickets mail may open in an hour for an address and for a domain.
func (o *office) most(address, domain int) {
	mail := o.Post.Mail()
	mail.MostPerAddress, mail.MostPerDomain = address, domain
	o.Post.SetMail(mail)
}

// newOffice is an office on a store of its own; durable: what is written is on disk, as in earnest.
func newOffice(t testing.TB, durable ...bool) *office {
	t.Helper()
	o := &office{t: t, people: map[string]*store.Person{}, group: map[string]uint64{}, module: map[string]uint64{}, organis: map[string]uint64{}}
	o.now.Store(time.Date(2026, 3, 10, 9, 0, 0, 0, time.UTC).UnixNano()) // a Tuesday
	clock := func() time.Time { return time.Unix(0, o.now.Add(int64(time.Millisecond))) }
	o.dir = t.TempDir()
	st, err := store.Open(o.dir, db.Options{NoSync: len(durable) == 0, Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if findings := st.Check(); len(findings) > 0 {
			t.Errorf("check: %s", strings.Join(findings, "\n"))
		}
		st.Close()
	})
	o.Desk = New(Options{Store: st})
	err = st.Update(db.By{Via: door.Command}, func(tx *db.Tx) error {
		put := func(g *store.Group) error {
			err := store.Groups.Put(tx, g)
			o.group[g.Code] = g.ID
			return err
		}
		if err := errors.Join(put(&store.Group{Code: "generale"}), put(&store.Group{Code: "csa"}), put(&store.Group{Code: "legale", Confidential: true})); err != nil {
			return err
		}
		for _, m := range []*store.Module{
			{Code: "csa", Channel: store.Here, Group: o.group["csa"]},
			{Code: "legale", Channel: store.Here, Group: o.group["legale"]},
			{Code: "esse3", Channel: store.OtherDesk, Address: "https://esse3.example", Name: store.Words{IT: "ESSE3"}},
		} {
			if err := store.Modules.Put(tx, m); err != nil {
				return err
			}
			o.module[m.Code] = m.ID
		}
		for _, name := range []string{"Ateneo", "Altro ente"} {
			g := &store.Organisation{Name: name}
			if err := store.Organisations.Put(tx, g); err != nil {
				return err
			}
			o.organis[name] = g.ID
		}
		unit := &store.Unit{Organisation: o.organis["Ateneo"], Name: "Personale"}
		if err := store.Units.Put(tx, unit); err != nil {
			return err
		}
		home, csa, legale := o.organis["Ateneo"], o.group["csa"], o.group["legale"]
		for _, p := range []*store.Person{
			{Email: "ada@ateneo.example", Name: "Ada Neri", Affiliations: []store.Affiliation{{Organisation: home, Unit: unit.ID}}},
			{Email: "collega@ateneo.example", Name: "Carlo Collega", Affiliations: []store.Affiliation{{Organisation: home}}},
			{Email: "estraneo@altro.example", Name: "Elsa Estranea", Affiliations: []store.Affiliation{{Organisation: o.organis["Altro ente"]}}},
			{Email: "referente@ateneo.example", Name: "Rita Referente", Affiliations: []store.Affiliation{{Organisation: home, Coordinator: true}}},
			{Email: "unita@ateneo.example", Name: "Ugo Unità", Affiliations: []store.Affiliation{{Organisation: home}, {Organisation: home, Unit: unit.ID, Coordinator: true}}},
			{Email: "agente@ateneo.example", Name: "Bruno Agente", Groups: []store.Membership{{Group: csa}}},
			{Email: "agente2@ateneo.example", Name: "Bianca Agente", Groups: []store.Membership{{Group: csa}}},
			{Email: "altrove@ateneo.example", Name: "Aldo Altrove", Groups: []store.Membership{{Group: legale}}},
			{Email: "responsabile@ateneo.example", Name: "Sara Responsabile", Groups: []store.Membership{{Group: csa, Supervisor: true}}},
			{Email: "redattore@ateneo.example", Name: "Renzo Redattore", Editor: true},
			{Email: "amministratore@ateneo.example", Name: "Anna Amministra", Administrator: true},
		} {
			if err := store.People.Put(tx, p); err != nil {
				return err
			}
			name, _, _ := strings.Cut(p.Email, "@")
			o.people[name] = p
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func (o *office) as(name string) policy.Actor {
	p := o.people[name]
	if p == nil {
		o.t.Fatalf("nobody is called %s", name)
	}
	return policy.Actor{Person: p, Via: door.Page, Language: "it"}
}

// later advances the clock.
func (o *office) later(d time.Duration) { o.now.Add(int64(d)) }

// open opens a malfunction of CSA in Ada's name.
func (o *office) open(module string) *store.Ticket {
	o.t.Helper()
	t, err := o.Tickets.Open(o.as("ada"), ticket.Opening{Subject: "Il cedolino non si apre", Body: "Da ieri esce l'errore 500.", Kind: store.Malfunction, Module: o.module[module], Severity: store.High, Urgency: store.NoDate})
	if err != nil {
		o.t.Fatal(err)
	}
	return t
}

func (o *office) do(who string, number uint64, s ticket.Step) *store.Ticket {
	o.t.Helper()
	done, err := o.Tickets.Do(o.as(who), number, s)
	if err != nil {
		o.t.Fatalf("%s: %v", who, err)
	}
	return done.Ticket
}

func (o *office) refused(who string, number uint64, s ticket.Step, kind fault.Kind) {
	o.t.Helper()
	_, err := o.Tickets.Do(o.as(who), number, s)
	if err == nil || fault.KindOf(err) != kind {
		o.t.Errorf("%s: got %v, want %v", who, err, kind)
	}
}

func say(body string) *ticket.Text  { return &ticket.Text{Body: body} }
func note(body string) *ticket.Text { return &ticket.Text{Body: body, Internal: true} }

func TestWhoSeesATicket(t *testing.T) {
	o := newOffice(t)
	plain, secret := o.open("csa"), o.open("legale")
	o.do("ada", plain.ID, ticket.Step{Add: []string{"collega@ateneo.example"}})
	for who, sees := range map[string][2]bool{
		"estraneo": {false, false}, "redattore": {false, false}, "altrove": {true, true}, "agente": {true, false}, "ada": {true, true},
		"collega": {true, false}, "referente": {true, false}, "unita": {true, false}, "responsabile": {true, false}, "amministratore": {true, false},
	} {
		for i, ticket := range []*store.Ticket{plain, secret} {
			_, err := o.Tickets.Read(o.as(who), ticket.ID)
			if sees[i] != (err == nil) {
				t.Errorf("%s, confidential %v: %v", who, i == 1, err)
			}
			if err != nil && who != "amministratore" && !errors.Is(err, fault.ErrNotFound) {
				t.Errorf("%s learns that the ticket is there: %v", who, err)
			}
		}
	}
	if _, err := o.Tickets.Read(policy.Actor{}, plain.ID); !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("nobody: %v", err)
	}
	if err := o.Rights.GiveReason(o.as("amministratore"), secret.ID, "verifica dopo un reclamo"); err != nil {
		t.Fatal(err)
	}
	v, err := o.Tickets.Read(o.as("amministratore"), secret.ID)
	if err != nil {
		t.Fatalf("with a reason: %v", err)
	}
	if e := v.History[len(v.History)-1]; e.Act != act.LookIn || e.Why != "verifica dopo un reclamo" || !e.Internal {
		t.Errorf("the reason is not in the history: %+v", e)
	}
}

func TestNotesLeaveNoTraceForTheRequesterSide(t *testing.T) {
	o := newOffice(t)
	n := o.open("csa").ID
	o.do("agente", n, ticket.Step{Message: say("Buongiorno, verifico.")})
	before, err := o.Tickets.Read(o.as("ada"), n)
	if err != nil {
		t.Fatal(err)
	}
	o.later(time.Hour)
	o.do("agente", n, ticket.Step{Message: note("Password di prova: segretissima")})
	after, err := o.Tickets.Read(o.as("ada"), n)
	if err != nil {
		t.Fatal(err)
	}
	if after.Ticket.PublicRev != before.Ticket.PublicRev || !after.Ticket.PublicUpdated.Equal(before.Ticket.PublicUpdated) {
		t.Error("a note moved the clock of the requester's side")
	}
	if len(after.Messages) != len(before.Messages) || len(after.History) != len(before.History) {
		t.Errorf("the requester sees %d messages and %d events, before %d and %d", len(after.Messages), len(after.History), len(before.Messages), len(before.History))
	}
	agents, err := o.Tickets.Read(o.as("agente"), n)
	if err != nil || len(agents.Messages) != 3 {
		t.Errorf("the agent sees %d messages, %v", len(agents.Messages), err)
	}
	o.do("ada", n, ticket.Step{PublicRev: before.Ticket.PublicRev, Message: say("Grazie")})
}

func TestTheLifeOfATicket(t *testing.T) {
	o := newOffice(t)
	tk := o.open("csa")
	if tk.ID != 1 || tk.State != store.StateNew || tk.Priority != 3 || tk.Group != o.group["csa"] || tk.Assignee != 0 {
		t.Fatalf("opened as %+v", tk)
	}
	n := tk.ID
	if tk = o.do("agente", n, ticket.Step{Take: true}); tk.State != store.StateOpen || tk.Assignee != o.people["agente"].ID || tk.Taken.IsZero() {
		t.Fatalf("taken as %+v", tk)
	}
	if tk = o.do("agente", n, ticket.Step{Message: say("Quale mese?"), To: store.StateWaiting}); tk.State != store.StateWaiting || tk.Stands.IsZero() {
		t.Fatalf("waiting as %+v", tk)
	}
	due := tk.Due
	o.later(2 * time.Hour)
	if tk = o.do("ada", n, ticket.Step{Message: say("Ottobre.")}); tk.State != store.StateOpen {
		t.Fatalf("after the answer %v", tk.State)
	}
	if moved := tk.Due.Sub(due).Round(time.Second); moved != 2*time.Hour {
		t.Errorf("due moved on by %v while it stood for two hours of work", moved)
	}
	o.refused("agente", n, ticket.Step{To: store.StatePlanned}, fault.Invalid)
	if tk = o.do("agente", n, ticket.Step{To: store.StatePlanned, Version: "24.06.01"}); tk.State != store.StatePlanned || tk.Version != "24.06.01" {
		t.Fatalf("planned as %+v", tk)
	}
	o.refused("agente", n, ticket.Step{To: store.StateResolved, Outcome: store.Solved}, fault.Invalid)
	o.refused("agente", n, ticket.Step{To: store.StateResolved, Message: say("Fatto")}, fault.Invalid)
	if tk = o.do("agente", n, ticket.Step{To: store.StateResolved, Outcome: store.Solved, Message: say("Corretto nella 24.06.01.")}); tk.State != store.StateResolved || tk.Outcome != store.Solved || tk.Version != "24.06.01" {
		t.Fatalf("resolved as %+v", tk)
	}
	if tk = o.do("ada", n, ticket.Step{Message: say("Ancora no.")}); tk.State != store.StateOpen || tk.Outcome != store.OutcomeNone {
		t.Fatalf("reopened as %+v", tk)
	}
	o.do("agente", n, ticket.Step{To: store.StateResolved, Outcome: store.Solved, Message: say("Ora sì.")})
	o.refused("collega", n, ticket.Step{Confirm: true}, fault.NotFound)
	if tk = o.do("ada", n, ticket.Step{Confirm: true}); tk.State != store.StateClosed || tk.Outcome != store.Solved {
		t.Fatalf("confirmed as %+v", tk)
	}
	o.later(13 * 24 * time.Hour)
	if tk = o.do("ada", n, ticket.Step{Message: say("È tornato.")}); tk.ID != n || tk.State != store.StateOpen {
		t.Fatalf("within the grace: %+v", tk)
	}
	o.do("agente", n, ticket.Step{To: store.StateResolved, Outcome: store.Answered, Message: say("Vedi guida.")})
	o.do("ada", n, ticket.Step{Confirm: true})
	o.later(15 * 24 * time.Hour)
	follow := o.do("ada", n, ticket.Step{Message: say("Di nuovo, dopo settimane.")})
	if follow.ID == n || follow.State != store.StateNew || len(follow.Links) != 1 || follow.Links[0] != n {
		t.Fatalf("after the grace: %+v", follow)
	}
	old, err := o.Tickets.Read(o.as("ada"), n)
	if err != nil || old.Ticket.State != store.StateClosed || len(old.Links) != 1 || old.Links[0].ID != follow.ID {
		t.Errorf("the old ticket is %v with %d links, %v", old.Ticket.State, len(old.Links), err)
	}
}

func TestAReplyToANewTicketTakesChargeAsAStepOfItsOwn(t *testing.T) {
	o := newOffice(t)
	n := o.open("csa").ID
	tk := o.do("agente", n, ticket.Step{Message: say("Ecco la risposta."), To: store.StateResolved, Outcome: store.Answered})
	if tk.Assignee != o.people["agente"].ID || tk.State != store.StateResolved {
		t.Fatalf("%+v", tk)
	}
	v, err := o.Tickets.Read(o.as("agente"), n)
	if err != nil {
		t.Fatal(err)
	}
	var acts []string
	for _, e := range v.History {
		acts = append(acts, e.Act.String())
	}
	if got := strings.Join(acts, " "); got != "open take resolve" {
		t.Errorf("history: %s", got)
	}
}

func TestAResolvedTicketClosesByItselfAfterAWarning(t *testing.T) {
	o := newOffice(t)
	n := o.open("csa").ID
	o.do("agente", n, ticket.Step{Message: say("Fatto."), To: store.StateResolved, Outcome: store.Solved})
	state := func() *store.Ticket {
		if err := o.Tickets.Elapse(); err != nil {
			t.Fatal(err)
		}
		v, err := o.Tickets.Read(o.as("ada"), n)
		if err != nil {
			t.Fatal(err)
		}
		return v.Ticket
	}
	o.later(7 * 24 * time.Hour)
	if tk := state(); tk.Warned || tk.State != store.StateResolved {
		t.Fatalf("after seven days %+v", tk)
	}
	o.later(25 * time.Hour)
	if tk := state(); !tk.Warned || tk.State != store.StateResolved {
		t.Fatalf("after eight days %+v", tk)
	}
	o.later(2 * 24 * time.Hour)
	if tk := state(); tk.State != store.StateClosed || tk.Outcome != store.Solved || !tk.Wake.IsZero() {
		t.Fatalf("after ten days %+v", tk)
	}
}

func TestSpamIsGoneFromEverywhereAndComesBack(t *testing.T) {
	o := newOffice(t)
	n := o.open("csa").ID
	yes, back := true, false
	o.refused("ada", n, ticket.Step{Spam: &yes}, fault.Denied)
	o.refused("altrove", n, ticket.Step{Spam: &yes}, fault.Denied)
	o.do("agente", n, ticket.Step{Spam: &yes})
	if _, err := o.Tickets.Read(o.as("ada"), n); !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("the requester sees spam: %v", err)
	}
	for _, view := range queue.Views {
		page, err := o.Queues.Queue(o.as("agente"), queue.Query{View: view})
		if err != nil {
			t.Fatal(err)
		}
		if want := view == queue.ViewSpam; want != (len(page.Tickets) == 1) {
			t.Errorf("view %s has %d tickets", view, len(page.Tickets))
		}
	}
	o.do("agente", n, ticket.Step{Spam: &back})
	if _, err := o.Tickets.Read(o.as("ada"), n); err != nil {
		t.Errorf("after the undo: %v", err)
	}
	o.do("agente", n, ticket.Step{Spam: &yes})
	o.later(31 * 24 * time.Hour)
	if err := o.Tickets.Elapse(); err != nil {
		t.Fatal(err)
	}
	if _, err := o.Tickets.Read(o.as("agente"), n); !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("after thirty days: %v", err)
	}
	if next := o.open("csa"); next.ID != n+1 {
		t.Errorf("the number %d was given again", n)
	}
}

func TestADuplicateMovesItsMessagesAndUndoingBringsThemBack(t *testing.T) {
	o := newOffice(t)
	first := o.open("csa")
	other, err := o.Tickets.Open(o.as("collega"), ticket.Opening{Subject: "Cedolino", Body: "Parola privata: zucchina", Module: o.module["csa"]})
	if err != nil {
		t.Fatal(err)
	}
	o.refused("agente", other.ID, ticket.Step{To: store.StateResolved, Outcome: store.Duplicate, Message: say("Già nota"), DuplicateOf: 99}, fault.Invalid)
	o.refused("agente", other.ID, ticket.Step{To: store.StateResolved, Outcome: store.Duplicate, Message: say("Già nota"), DuplicateOf: other.ID}, fault.Invalid)
	o.do("agente", other.ID, ticket.Step{To: store.StateResolved, Outcome: store.Duplicate, Message: say("Ci stiamo già lavorando."), DuplicateOf: first.ID})
	count := func(who string, n uint64) string {
		v, err := o.Tickets.Read(o.as(who), n)
		if err != nil {
			return "not found"
		}
		var bodies []string
		for _, m := range v.Messages {
			bodies = append(bodies, m.Body)
		}
		return strings.Join(bodies, "|")
	}
	if got := count("ada", first.ID); strings.Contains(got, "zucchina") {
		t.Errorf("the first requester reads the duplicate's words: %s", got)
	}
	if got := count("collega", other.ID); got != "Parola privata: zucchina|Ci stiamo già lavorando." {
		t.Errorf("the duplicate's requester reads %s", got)
	}
	if got := count("agente", first.ID); !strings.Contains(got, "zucchina") {
		t.Errorf("the agent reads %s in the first ticket", got)
	}
	v, err := o.Tickets.Read(o.as("collega"), other.ID)
	if err != nil || v.Duplicate != nil || len(v.Links) != 0 {
		t.Errorf("the requester of the duplicate sees the other ticket: %v", err)
	}
	o.do("agente", other.ID, ticket.Step{UndoDuplicate: true})
	if got := count("agente", first.ID); strings.Contains(got, "zucchina") {
		t.Errorf("after the undo the first ticket has %s", got)
	}
	v, err = o.Tickets.Read(o.as("agente"), other.ID)
	if err != nil || v.Ticket.State != store.StateOpen || v.Ticket.DuplicateOf != 0 || len(v.Messages) != 2 || v.Ticket.Messages != 2 {
		t.Errorf("after the undo: %+v, %d messages", v.Ticket, len(v.Messages))
	}
}

func TestParticipantsOfAnotherOrganisationAreAWish(t *testing.T) {
	o := newOffice(t)
	n := o.open("csa").ID
	tk := o.do("ada", n, ticket.Step{Add: []string{"Collega@Ateneo.example"}})
	if len(tk.Participants) != 1 {
		t.Fatalf("%+v", tk.Participants)
	}
	known := o.do("ada", n, ticket.Step{Add: []string{"estraneo@altro.example"}})
	unknown := o.do("ada", n, ticket.Step{Add: []string{"mai.visto@altro.example"}})
	if len(known.Participants) != 1 || len(unknown.Wishes) != 2 {
		t.Fatalf("participants %v, wishes %v", known.Participants, unknown.Wishes)
	}
	o.refused("ada", n, ticket.Step{Grant: "estraneo@altro.example"}, fault.Denied)
	o.do("agente", n, ticket.Step{Grant: "estraneo@altro.example", Refuse: "mai.visto@altro.example"})
	tk = o.do("agente", n, ticket.Step{Refuse: "mai.visto@altro.example"})
	if len(tk.Participants) != 2 || len(tk.Wishes) != 0 {
		t.Fatalf("participants %v, wishes %v", tk.Participants, tk.Wishes)
	}
	if _, err := o.Tickets.Read(o.as("estraneo"), n); err != nil {
		t.Errorf("whose wish was granted: %v", err)
	}
	o.refused("collega", n, ticket.Step{Remove: []uint64{o.people["estraneo"].ID}}, fault.Denied)
	o.do("collega", n, ticket.Step{Remove: []uint64{o.people["collega"].ID}})
	if _, err := o.Tickets.Read(o.as("collega"), n); !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("who left still sees it: %v", err)
	}
}

func TestMovingClearsTheAssigneeAndLeavesTheState(t *testing.T) {
	o := newOffice(t)
	n := o.open("csa").ID
	o.do("agente", n, ticket.Step{Take: true})
	legale, altrove := o.group["legale"], o.people["altrove"].ID
	o.refused("ada", n, ticket.Step{Group: &legale}, fault.Denied)
	o.refused("agente", n, ticket.Step{Assignee: &altrove}, fault.Invalid)
	tk := o.do("agente", n, ticket.Step{Group: &legale})
	if tk.Assignee != 0 || tk.State != store.StateOpen || tk.Group != legale {
		t.Fatalf("%+v", tk)
	}
	if _, err := o.Tickets.Read(o.as("agente"), n); !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("the agent left behind still sees the confidential ticket: %v", err)
	}
}

func TestAnAgentElsewhereMovesATicketOnlyIntoTheirOwnGroup(t *testing.T) {
	o := newOffice(t)
	n := o.open("csa").ID
	general, legale := o.group["generale"], o.group["legale"]
	o.refused("altrove", n, ticket.Step{Group: &general}, fault.Denied)
	o.do("altrove", n, ticket.Step{Group: &legale})
}

func TestAStaleFormIsAConflict(t *testing.T) {
	o := newOffice(t)
	tk := o.open("csa")
	o.do("agente2", tk.ID, ticket.Step{Take: true})
	_, err := o.Tickets.Do(o.as("agente"), tk.ID, ticket.Step{Rev: tk.Rev, Message: say("Prima di te")})
	var e *fault.Error
	if !errors.As(err, &e) || e.Kind != fault.Conflict || e.Args["rev"] == nil {
		t.Fatalf("got %v", err)
	}
}

func TestTheReasonForAChangedSeverityIsOwed(t *testing.T) {
	o := newOffice(t)
	n := o.open("csa").ID
	low := store.Low
	o.refused("agente", n, ticket.Step{Severity: &low}, fault.Invalid)
	if tk := o.do("agente", n, ticket.Step{Severity: &low, Reason: "C'è un'altra strada"}); tk.Priority != 4 {
		t.Errorf("priority %d", tk.Priority)
	}
	o.do("agente", n, ticket.Step{Take: true})
	high := store.High
	o.refused("ada", n, ticket.Step{Severity: &high}, fault.Denied)
}

func TestAModuleServedElsewhereTakesNoTicketsFromRequesters(t *testing.T) {
	o := newOffice(t)
	_, err := o.Tickets.Open(o.as("ada"), ticket.Opening{Subject: "Iscrizione", Body: "Non funziona", Module: o.module["esse3"]})
	var problems fault.Problems
	if !errors.As(err, &problems) || problems[0].Key != "error.module-elsewhere" || problems[0].Args["address"] != "https://esse3.example" {
		t.Fatalf("got %v", err)
	}
	if _, err := o.Tickets.Open(o.as("agente"), ticket.Opening{Subject: "Iscrizione", Body: "Non funziona", Module: o.module["esse3"], For: o.people["ada"].ID}); err != nil {
		t.Errorf("an agent: %v", err)
	}
}

func TestWhoOpensInAnothersName(t *testing.T) {
	o := newOffice(t)
	for who, may := range map[string]bool{"ada": false, "collega": false, "redattore": false, "estraneo": false, "referente": true, "unita": true, "agente": true, "altrove": true, "amministratore": true} {
		_, err := o.Tickets.Open(o.as(who), ticket.Opening{Subject: "Telefonata", Body: "Chiede aiuto", For: o.people["ada"].ID})
		if who != "ada" && may != (err == nil) {
			t.Errorf("%s: %v", who, err)
		}
	}
	if _, err := o.Tickets.Open(o.as("referente"), ticket.Opening{Subject: "Telefonata", Body: "Chiede aiuto", For: o.people["estraneo"].ID}); fault.KindOf(err) != fault.Denied {
		t.Errorf("a coordinator for somebody else's person: %v", err)
	}
}

func TestQueuesAndCountsAgree(t *testing.T) {
	o := newOffice(t)
	for i := range 7 {
		tk := o.open([]string{"csa", "legale"}[i%2])
		if i == 2 {
			o.do("agente", tk.ID, ticket.Step{Take: true})
		}
		if i == 4 {
			o.do("agente", tk.ID, ticket.Step{Message: say("Come?"), To: store.StateWaiting})
		}
	}
	for _, who := range []string{"agente", "altrove", "responsabile", "amministratore"} {
		counts, err := o.Queues.Counts(o.as(who))
		if err != nil {
			t.Fatal(err)
		}
		for _, view := range queue.Views {
			var numbers []string
			after := ""
			for {
				page, err := o.Queues.Queue(o.as(who), queue.Query{View: view, Limit: 2, After: after})
				if err != nil {
					t.Fatal(err)
				}
				for _, tk := range page.Tickets {
					numbers = append(numbers, fmt.Sprint(tk.ID))
				}
				if after = page.Next; after == "" {
					break
				}
			}
			if len(numbers) != counts[view] {
				t.Errorf("%s: view %s shows %v, its count says %d", who, view, numbers, counts[view])
			}
		}
	}
	if _, err := o.Queues.Queue(o.as("ada"), queue.Query{View: queue.ViewAll}); fault.KindOf(err) != fault.Denied {
		t.Errorf("a requester reads the queue: %v", err)
	}
}

func TestWhoIsTold(t *testing.T) {
	o := newOffice(t)
	told := func() map[string]string {
		t.Helper()
		if _, err := o.Notices.Plan(); err != nil {
			t.Fatal(err)
		}
		out := map[string]string{}
		for name := range o.people {
			lines, _, err := o.Notices.List(o.as(name), 10)
			if err != nil {
				t.Fatal(err)
			}
			var events []string
			for _, l := range lines {
				if !l.Read {
					events = append(events, l.Event.String())
				}
			}
			if len(events) > 0 {
				out[name] = strings.Join(events, " ")
			}
			if err := o.Notices.ReadAll(o.as(name), 0); err != nil {
				t.Fatal(err)
			}
		}
		return out
	}
	want := func(step string, want map[string]string) {
		t.Helper()
		if got := told(); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: told %v, want %v", step, got, want)
		}
	}
	n := o.open("csa").ID
	want("opened", map[string]string{"ada": "opened", "agente": "new", "agente2": "new", "responsabile": "new"})
	o.do("ada", n, ticket.Step{Add: []string{"collega@ateneo.example"}})
	o.do("agente", n, ticket.Step{Message: say("Quale mese?"), To: store.StateWaiting})
	want("asked", map[string]string{"ada": "waiting", "collega": "waiting"})
	o.do("collega", n, ticket.Step{Message: say("Ottobre.")})
	want("answered by a participant", map[string]string{"ada": "message", "agente": "message"})
	o.do("agente2", n, ticket.Step{Message: &ticket.Text{Body: "@Sara puoi guardare?", Internal: true, Mentions: []uint64{o.people["responsabile"].ID, o.people["ada"].ID}}})
	want("note", map[string]string{"agente": "note", "responsabile": "mention"})
	o.do("agente", n, ticket.Step{Message: say("Fatto."), To: store.StateResolved, Outcome: store.Solved})
	want("resolved", map[string]string{"ada": "resolved", "collega": "resolved"})
	o.do("ada", n, ticket.Step{Confirm: true})
	want("confirmed", map[string]string{})
}

func TestNeighboursAreThoseOfTheList(t *testing.T) {
	o := newOffice(t)
	for range 6 {
		o.open("csa")
	}
	o.open("legale") // invisible to the agent
	q := queue.Query{View: queue.ViewAll}
	page, err := o.Queues.Queue(o.as("agente"), q)
	if err != nil || len(page.Tickets) != 6 {
		t.Fatalf("%d tickets, %v", len(page.Tickets), err)
	}
	for i, tk := range page.Tickets {
		var before, next uint64
		if i > 0 {
			before = page.Tickets[i-1].ID
		}
		if i < 5 {
			next = page.Tickets[i+1].ID
		}
		if b, n, err := o.Queues.Neighbours(o.as("agente"), q, tk.ID); b != before || n != next || err != nil {
			t.Errorf("ticket %d stands between %d and %d, said %d and %d, %v", tk.ID, before, next, b, n, err)
		}
	}
	if b, n, _ := o.Queues.Neighbours(o.as("agente"), q, 99); b != 0 || n != 0 {
		t.Errorf("a ticket that is not there has neighbours %d and %d", b, n)
	}
}
