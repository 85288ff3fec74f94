package desk

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"sportello/app/desk/erasure"
	"sportello/app/desk/ticket"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/fault"
)

// storing returns the rows and changes whose stored bytes hold one of the words, whatever its capitals.
func (o *office) storing(words ...string) (out []string) {
	c := &db.Cleaning{}
	for _, w := range words {
		c.Near = append(c.Near, []byte(strings.ToLower(w)))
	}
	err := o.st.View(func(tx *db.Tx) error {
		out = nil
		for _, table := range store.AllTables() {
			ids, _ := table.Unclean(tx, 0, 1<<20, 1<<20, c)
			for _, id := range ids {
				out = append(out, fmt.Sprintf("%s %d", table.Name(), id))
			}
		}
		seqs, _ := tx.UncleanChanges(0, 1<<20, 1<<20, c)
		for _, seq := range seqs {
			out = append(out, fmt.Sprintf("change %d", seq))
		}
		return nil
	})
	if err != nil {
		o.t.Fatal(err)
	}
	return out
}

func (o *office) cleaned() {
	o.t.Helper()
	if err := o.Erasures.Clean(context.Background()); err != nil {
		o.t.Fatal(err)
	}
}

func TestNobodyButAnAdministratorErases(t *testing.T) {
	o := newOffice(t)
	tk := o.open("csa")
	for name := range o.people {
		if name == "amministratore" {
			continue
		}
		a := o.as(name)
		_, err := o.Erasures.Preview(a, o.people["ada"].ID)
		o.wantKind(name+" previews", err, fault.Denied)
		_, err = o.Erasures.ErasePerson(a, o.people["ada"].ID, false)
		o.wantKind(name+" erases", err, fault.Denied)
		_, err = o.Erasures.PreviewTicket(a, tk.ID)
		o.wantKind(name+" previews a ticket", err, fault.Denied)
		_, err = o.Erasures.EraseTicket(a, tk.ID)
		o.wantKind(name+" erases a ticket", err, fault.Denied)
		_, err = o.Erasures.List(a)
		o.wantKind(name+" lists", err, fault.Denied)
		_, err = o.Erasures.PreviewRules(a, nil)
		o.wantKind(name+" previews rules", err, fault.Denied)
		o.wantKind(name+" sets rules", o.Erasures.SetRules(a, 0, nil), fault.Denied)
	}
	if got := o.stored(o.people["ada"].ID); got.Name != "Ada Neri" {
		t.Errorf("she is called %s", got.Name)
	}
}

func TestNobodyWithRightsBeyondARequestersIsErased(t *testing.T) {
	o := newOffice(t)
	admin := o.as("amministratore")
	for name, want := range map[string]string{"amministratore": "erasure.refused-self", "agente": "erasure.refused-roles", "responsabile": "erasure.refused-roles", "redattore": "erasure.refused-roles", "ada": ""} {
		p, err := o.Erasures.Preview(admin, o.people[name].ID)
		if err != nil || p.Why != want {
			t.Errorf("%s: %+v %v", name, p, err)
		}
		if want == "" {
			continue
		}
		_, err = o.Erasures.ErasePerson(admin, o.people[name].ID, false)
		wants(t, err, fault.Conflict, want, "")
	}
	_, err := o.Erasures.ErasePerson(admin, 999, false)
	o.wantKind("nobody", err, fault.NotFound)
}

// TestWhoWasErasedIsNamedNowhere has somebody write, be written to and be written about everywhere, and looks at the stored bytes of
// every row and change afterwards. What does not tell of them is as it was.
func TestWhoWasErasedIsNamedNowhere(t *testing.T) {
	o := newMailOffice(t)
	ada := o.people["ada"]
	err := o.st.Update(db.By{Via: door.Command}, func(tx *db.Tx) error { // she was called otherwise before
		p, err := store.People.Get(tx, ada.ID)
		if err != nil {
			return err
		}
		p.Name, p.Email, p.Phone = "Ada Bianchi", "ada.bianchi@ateneo.example", "055 123456"
		if err := store.People.Put(tx, p); err != nil {
			return err
		}
		p.Name, p.Email = "Ada Neri", "ada@ateneo.example"
		return store.People.Put(tx, p)
	})
	if err != nil {
		t.Fatal(err)
	}
	ada = o.stored(ada.ID)
	o.people["ada"] = ada
	tk := o.open("csa")
	o.do("ada", tk.ID, ticket.Step{Message: &ticket.Text{Body: "Sono Ada  Neri (NERI, ADA), ADA@ateneo.example, tel. 055 123456. Prima ero Ada Bianchi."}})
	o.do("agente", tk.ID, ticket.Step{Message: &ticket.Text{Body: "Gentile Ada Neri, guardiamo."}})
	o.do("agente", tk.ID, ticket.Step{Message: &ticket.Text{Body: "Ada Neri ha telefonato.", Internal: true}})
	others, err := o.Tickets.Open(o.as("collega"), ticket.Opening{Subject: "Come Ada Neri", Body: "Anche la signora Ada Neri lo vede; Adamo Nerini no.", Kind: store.Malfunction, Module: o.module["csa"], Severity: store.High, Urgency: store.NoDate})
	if err != nil {
		t.Fatal(err)
	}
	mail := o.mail(letter{from: "ada@ateneo.example", subject: "Cedolino di Ada Neri", body: "Non si apre.\n\n-- \nAda Neri\nUfficio personale", proven: true})
	if err := o.Intake.Process(context.Background()); err != nil {
		t.Fatal(err)
	}
	if _, err := o.Notices.Plan(); err != nil {
		t.Fatal(err)
	}
	preview, err := o.Erasures.Preview(o.as("amministratore"), ada.ID)
	if err != nil || preview.Tickets != 2 || len(preview.Samples) < 3 || preview.Alike {
		t.Fatalf("%+v %v", preview, err)
	}
	before := o.storing("neri", "bianchi")
	if len(before) < 10 {
		t.Fatalf("only %d rows name her: what was looked for? %v", len(before), before)
	}
	if _, err := o.Erasures.ErasePerson(o.as("amministratore"), ada.ID, true); err != nil {
		t.Fatal(err)
	}
	if got := o.stored(ada.ID); got.Name != erasure.Omitted || !got.Disabled || strings.Contains(got.Email, "ateneo") {
		t.Errorf("at once: %+v", got)
	}
	o.cleaned()
	if left := o.storing("ada neri", "neri, ada", "ada  neri", "ada@ateneo", "055 123456", "ada bianchi", "ada.bianchi"); len(left) > 0 {
		t.Errorf("named still in %v", left)
	}
	if err := o.st.View(func(tx *db.Tx) error {
		m, err := store.Mails.Get(tx, mail.ID)
		if err != nil {
			return err
		}
		if !m.Erased || m.Sum == "" {
			t.Errorf("the original is kept: %+v", m)
		}
		ms, err := store.MessagesByTicket.Find(tx, others.ID)
		if err != nil {
			return err
		}
		if want := "Anche la signora [omissis] lo vede; Adamo Nerini no."; ms[0].Body != want {
			t.Errorf("others: %q", ms[0].Body)
		}
		row, err := store.Tickets.Get(tx, tk.ID)
		if err != nil {
			return err
		}
		if row.Requester != ada.ID || !row.Updated.Before(tx.Now()) {
			t.Errorf("the ticket: %+v", row)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if v := o.sound(); len(v.Wrong) > 0 {
		t.Errorf("the audit log: %+v", v)
	}
	_, err = o.Erasures.ErasePerson(o.as("amministratore"), ada.ID, true)
	o.wantKind("twice", err, fault.Conflict)
	list, err := o.Erasures.List(o.as("amministratore"))
	if err != nil || len(list) != 1 || list[0].State != store.ErasureOnDisk || len(list[0].Words) != 0 {
		t.Errorf("%+v %v", list, err)
	}
}

func TestAnotherPersonOfTheNameKeepsIt(t *testing.T) {
	o := newOffice(t)
	err := o.st.Update(db.By{Via: door.Command}, func(tx *db.Tx) error {
		return store.People.Put(tx, &store.Person{Email: "altra.ada@altro.example", Name: "Ada Neri"})
	})
	if err != nil {
		t.Fatal(err)
	}
	hers := o.open("csa")
	o.do("ada", hers.ID, ticket.Step{Message: &ticket.Text{Body: "Firmato: Ada Neri"}})
	others, err := o.Tickets.Open(o.as("collega"), ticket.Opening{Subject: "Per Ada Neri", Body: "Scrivete ad ada@ateneo.example", Kind: store.Malfunction, Module: o.module["csa"], Severity: store.High, Urgency: store.NoDate})
	if err != nil {
		t.Fatal(err)
	}
	p, err := o.Erasures.Preview(o.as("amministratore"), o.people["ada"].ID)
	if err != nil || !p.Alike {
		t.Errorf("%+v %v", p, err)
	}
	if _, err := o.Erasures.ErasePerson(o.as("amministratore"), o.people["ada"].ID, false); err != nil {
		t.Fatal(err)
	}
	o.cleaned()
	if err := o.st.View(func(tx *db.Tx) error {
		row, err := store.Tickets.Get(tx, others.ID)
		if err != nil {
			return err
		}
		ms, err := store.MessagesByTicket.Find(tx, others.ID)
		if err != nil {
			return err
		}
		if row.Subject != "Per Ada Neri" || ms[0].Body != "Scrivete ad [omissis]" {
			t.Errorf("%q %q", row.Subject, ms[0].Body)
		}
		ms, err = store.MessagesByTicket.Find(tx, hers.ID)
		if err != nil {
			return err
		}
		if got := ms[len(ms)-1].Body; got != "Firmato: [omissis]" {
			t.Errorf("%q", got)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

func TestATicketThatWasErasedLeavesNoWord(t *testing.T) {
	o := newMailOffice(t)
	mail := o.mail(letter{from: "ada@ateneo.example", subject: "Prosopopea", body: "La prosopopea non si apre.", proven: true})
	if err := o.Intake.Process(context.Background()); err != nil {
		t.Fatal(err)
	}
	if err := o.st.View(func(tx *db.Tx) (err error) { mail, err = store.Mails.Get(tx, mail.ID); return err }); err != nil {
		t.Fatal(err)
	}
	number := mail.Ticket
	o.do("agente", number, ticket.Step{Message: &ticket.Text{Body: "Una prosopopea!", Internal: true}})
	subject := "La prosopopea di prima"
	o.do("agente", number, ticket.Step{Subject: &subject})
	if _, err := o.Notices.Plan(); err != nil {
		t.Fatal(err)
	}
	p, err := o.Erasures.PreviewTicket(o.as("amministratore"), number)
	if err != nil || p.Messages != 2 || p.Mails != 1 || p.Why != "" {
		t.Errorf("%+v %v", p, err)
	}
	if n := len(o.storing("prosopopea")); n < 4 {
		t.Fatalf("only %d rows hold the word", n)
	}
	if _, err := o.Erasures.EraseTicket(o.as("amministratore"), number); err != nil {
		t.Fatal(err)
	}
	if left := o.storing("prosopopea"); len(left) > 0 {
		t.Errorf("at once: still in %v", left)
	}
	o.cleaned()
	_, err = o.Erasures.EraseTicket(o.as("amministratore"), number)
	o.wantKind("twice", err, fault.NotFound)
}

func TestTicketsThatWereMergedAreNotErased(t *testing.T) {
	o := newOffice(t)
	one, two := o.open("csa"), o.open("csa")
	o.do("agente", two.ID, ticket.Step{To: store.StateResolved, Outcome: store.Duplicate, Message: say("Ci stiamo già lavorando."), DuplicateOf: one.ID})
	for _, n := range []uint64{one.ID, two.ID} {
		_, err := o.Erasures.EraseTicket(o.as("amministratore"), n)
		wants(t, err, fault.Conflict, "erasure.refused-merged", "")
	}
}

// TestTheRetentionTakesWhatIsOldEnough closes tickets at several times and applies rules: of the module before those above it, of
// the kind before those of every kind.
func TestTheRetentionTakesWhatIsOldEnough(t *testing.T) {
	o := newOffice(t)
	admin := o.as("amministratore")
	closed := func(module string, kind store.TicketKind) uint64 {
		tk := o.open(module)
		if err := o.st.Update(db.By{Via: door.Command}, func(tx *db.Tx) error {
			row, err := store.Tickets.Get(tx, tk.ID)
			if err != nil {
				return err
			}
			row.Kind, row.State, row.Closed = kind, store.StateClosed, tx.Now()
			return store.Tickets.Put(tx, row)
		}); err != nil {
			t.Fatal(err)
		}
		return tk.ID
	}
	old, question, elsewhere := closed("csa", store.Malfunction), closed("csa", store.Clarification), closed("legale", store.Malfunction)
	o.later(2 * 366 * 24 * time.Hour)
	young, open := closed("csa", store.Malfunction), o.open("csa").ID
	rules := []store.Retention{{Module: o.module["csa"], Years: 2, Remove: true}, {Module: o.module["csa"], Kind: store.Clarification, Years: 2}}
	if err := o.Erasures.SetRules(admin, 99, rules); fault.KindOf(err) != fault.Conflict {
		t.Errorf("a stale form: %v", err)
	}
	_, rev, err := o.Erasures.Rules(admin)
	if err != nil {
		t.Fatal(err)
	}
	for _, wrong := range [][]store.Retention{{{Years: 0}}, {{Years: 101}}, {{Module: 999, Years: 3}}, {{Years: 3}, {Years: 4}}} {
		if err := o.Erasures.SetRules(admin, rev, wrong); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%+v: %v", wrong, err)
		}
	}
	got, err := o.Erasures.PreviewRules(admin, rules)
	if err != nil || got[0].Tickets != 1 || got[1].Tickets != 1 {
		t.Errorf("%+v %v", got, err)
	}
	if err := o.Erasures.SetRules(admin, rev, rules); err != nil {
		t.Fatal(err)
	}
	wrote := 0
	night := func() {
		t.Helper()
		if err := o.Erasures.Night(context.Background(), func(context.Context) error { wrote++; return nil }); err != nil {
			t.Fatal(err)
		}
	}
	if night(); wrote != 0 {
		t.Error("the file was written anew before the files that nothing names were gone")
	}
	o.later(3 * time.Hour)
	night()
	there := func(n uint64) bool {
		is := false
		_ = o.st.View(func(tx *db.Tx) error { _, err := store.Tickets.Get(tx, n); is = err == nil; return nil })
		return is
	}
	if there(old) || !there(question) || !there(elsewhere) || !there(young) || !there(open) {
		t.Errorf("old %v, question %v, elsewhere %v, young %v, open %v", there(old), there(question), there(elsewhere), there(young), there(open))
	}
	if err := o.st.View(func(tx *db.Tx) error {
		q, err := store.Tickets.Get(tx, question)
		if err != nil {
			return err
		}
		p, err := store.People.Get(tx, q.Requester)
		if err != nil || p.Name != erasure.Omitted || !q.Anonymous {
			t.Errorf("%+v %v", q, err)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if list, err := o.Erasures.List(admin); err != nil || len(list) != 1 || list[0].State != store.ErasureDone || list[0].Rows < 2 || wrote != 1 {
		t.Errorf("%+v %v, written anew %d times", list, err, wrote)
	}
	if night(); wrote != 1 {
		t.Errorf("a night without anything to do: %d", wrote)
	}
}

// TestWhatMustBeRemovedIsRemovedFromAnOlderBackup applies the list of one desk to another that is as the first was before.
func TestWhatMustBeRemovedIsRemovedFromAnOlderBackup(t *testing.T) {
	o, older := newOffice(t), newOffice(t)
	var numbers []uint64
	for _, x := range []*office{o, older} {
		numbers = []uint64{x.open("csa").ID, x.open("csa").ID}
		x.do("ada", numbers[0], ticket.Step{Message: &ticket.Text{Body: "Ada Neri"}})
	}
	if _, err := o.Erasures.EraseTicket(o.as("amministratore"), numbers[1]); err != nil {
		t.Fatal(err)
	}
	if _, err := o.Erasures.ErasePerson(o.as("amministratore"), o.people["ada"].ID, false); err != nil {
		t.Fatal(err)
	}
	var list []store.Removal
	if err := o.st.View(func(tx *db.Tx) (err error) { list, err = store.Removals(tx); return err }); err != nil || len(list) != 2 {
		t.Fatalf("%+v %v", list, err)
	}
	for _, want := range []int{2, 0} { // the second time it is known
		if n, err := older.Erasures.Apply(context.Background(), list); err != nil || n != want {
			t.Errorf("%d %v", n, err)
		}
	}
	if left := older.storing("ada neri", "ada@ateneo"); len(left) > 0 {
		t.Errorf("%v", left)
	}
	if err := older.st.View(func(tx *db.Tx) error { _, err := store.Tickets.Get(tx, numbers[1]); return err }); fault.KindOf(err) != fault.NotFound {
		t.Errorf("the ticket: %v", err)
	}
	o.cleaned()
}

// TestCleaningGoesOnWhereItWas stops after each step and begins anew, with many rows; what is written meanwhile stays.
func TestCleaningGoesOnWhereItWas(t *testing.T) {
	o := newOffice(t)
	tk := o.open("csa")
	r := rand.New(rand.NewPCG(1, 2))
	for range 130 {
		o.do("ada", tk.ID, ticket.Step{Message: &ticket.Text{Body: strings.Repeat("x ", r.IntN(9)) + "Ada Neri"}})
	}
	if _, err := o.Erasures.ErasePerson(o.as("amministratore"), o.people["ada"].ID, false); err != nil {
		t.Fatal(err)
	}
	for done := false; !done; {
		ctx, stop := context.WithCancel(context.Background())
		o.again(Options{})
		go stop()
		done = o.Erasures.Clean(ctx) == nil
	}
	o.cleaned()
	if left := o.storing("ada neri"); len(left) > 0 {
		t.Errorf("%v", left)
	}
	if !slices.ContainsFunc(o.storing("x "), func(s string) bool { return strings.HasPrefix(s, "messages") }) {
		t.Error("everything else went too")
	}
}
