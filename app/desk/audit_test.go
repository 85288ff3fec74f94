package desk

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"sportello/app/credential"
	"sportello/app/desk/audit"
	"sportello/app/desk/people"
	"sportello/app/desk/policy"
	"sportello/app/desk/ticket"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/fault"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// audited is the audit log as an administrator reads it, the oldest entry first, each as kind, what, by and of.
func (o *office) audited(f audit.Filter) (out []string) {
	o.t.Helper()
	must(o.t, o.Audits.CatchUp(o.t.Context()))
	f.Limit = 200
	lines, next, err := o.Audits.List(o.as("amministratore"), f)
	must(o.t, err)
	if next != 0 {
		o.t.Fatal("more than one page")
	}
	for _, l := range lines {
		out = append([]string{fmt.Sprintf("%s %s by %d of %s %d", l.Entry.Kind, l.Entry.What, l.Entry.By, l.Entry.Table, l.Entry.Of)}, out...)
	}
	return out
}

func (o *office) sound() audit.Verdict {
	o.t.Helper()
	v, err := o.Audits.Verify(o.t.Context())
	must(o.t, err)
	return v
}

func TestNobodyButAdministratorsReadsTheAuditLog(t *testing.T) {
	o := newOffice(t)
	for name := range o.people {
		a := o.as(name)
		_, _, list := o.Audits.List(a, audit.Filter{})
		_, head := o.Audits.Head(a)
		export := o.Audits.Export(t.Context(), a, audit.Filter{}, &bytes.Buffer{})
		begin, open := o.Audits.BeginExport(a, audit.Filter{}), o.Audits.Open(a)
		for what, err := range map[string]error{"list": list, "head": head, "export": export, "begin": begin, "open": open} {
			if want := fault.Denied; name != "amministratore" && fault.KindOf(err) != want || name == "amministratore" && err != nil {
				t.Errorf("%s, %s: %v", name, what, err)
			}
		}
	}
}

func TestWhatIsWrittenIntoTheAuditLog(t *testing.T) {
	o := newOffice(t)
	must(t, o.Audits.CatchUp(t.Context())) // the past is not chained
	before := len(o.audited(audit.Filter{}))
	root := o.as("amministratore")
	p, _, err := o.People.Add(root, people.Form{Name: "Nuova Persona", Email: "nuova@example.it"})
	must(t, err)
	must(t, o.Keeper().SetPassword(db.By{Via: door.Command}, p.ID, "una frase lunga abbastanza 7"))
	if _, _, err := o.Keeper().SignIn(t.Context(), "nuova@example.it", "sbagliata", "Firefox", "192.0.2.7"); fault.KindOf(err) != fault.Invalid {
		t.Fatal(err)
	}
	if _, _, err := o.Keeper().SignIn(t.Context(), "mai.vista@example.it", "sbagliata", "Firefox", "192.0.2.7"); fault.KindOf(err) != fault.Invalid {
		t.Fatal(err)
	}
	_, _, err = o.Keeper().SignIn(t.Context(), "nuova@example.it", "una frase lunga abbastanza 7", "Firefox", "192.0.2.7")
	must(t, err)
	new := policy.Actor{Person: p, Via: door.Page}
	o.Audits.Refused(new, "/admin", "/admin")
	o.Audits.Refused(new, "/admin", "/admin") // once a minute
	o.Audits.Refused(policy.Actor{}, "/admin", "/admin")
	must(t, o.Audits.BeginExport(root, audit.Filter{}))
	all := o.audited(audit.Filter{})[before:]
	want := []string{
		fmt.Sprintf("sign-in-refused sign-in by 0 of people %d", p.ID), "sign-in-refused sign-in by 0 of people 0", fmt.Sprintf("sign-in sign-in by %d of people %d", p.ID, p.ID),
		fmt.Sprintf("refusal /admin by %d of  0", p.ID), fmt.Sprintf("export export-audit by %d of  0", root.ID()),
		fmt.Sprintf("rights add-person by %d of people %d", root.ID(), p.ID),
	}
	joined := strings.Join(all, "\n")
	for _, w := range want {
		if strings.Count(joined, w) != 1 {
			t.Errorf("%q is not there once:\n%s", w, joined)
		}
	}
	if strings.Contains(joined, "last_seen") || strings.Count(joined, "sign-in by") != 3 {
		t.Errorf("what passes was written:\n%s", joined)
	}
	if v := o.sound(); len(v.Wrong) > 0 || v.Head == nil {
		t.Errorf("%+v", v)
	}
}

// TestNobodyChangesTheAuditLogUnseen changes, removes and swaps entries and words by hand: the next reading of the log says so.
func TestNobodyChangesTheAuditLogUnseen(t *testing.T) {
	for what, tamper := range map[string]func(tx *db.Tx) error{
		"another person": func(tx *db.Tx) error { return change(tx, 12, func(e *store.AuditEntry) { e.By = 7 }) },
		"another time": func(tx *db.Tx) error {
			return change(tx, 12, func(e *store.AuditEntry) { e.At = e.At.Add(time.Second) })
		},
		"another kind":         func(tx *db.Tx) error { return change(tx, 12, func(e *store.AuditEntry) { e.Kind = store.AuditSignIn }) },
		"a digest":             func(tx *db.Tx) error { return change(tx, 12, func(e *store.AuditEntry) { e.Digest = "" }) },
		"the way in":           func(tx *db.Tx) error { return change(tx, 12, func(e *store.AuditEntry) { e.Via = door.API }) },
		"an entry taken out":   func(tx *db.Tx) error { return remove(tx, 12) },
		"the oldest taken out": func(tx *db.Tx) error { return remove(tx, 1) },
		"the words of an attempt": func(tx *db.Tx) error {
			w, err := store.WordsByEntry.First(tx, uint64(12))
			if err == nil {
				w.Text = strings.Replace(w.Text, "11@", "22@", 1)
				err = store.AuditTexts.Put(tx, w)
			}
			return err
		},
	} {
		o := newOffice(t)
		for i := range 30 {
			o.Audits.SignInRefused(attemptOf(fmt.Sprintf("%d@example.it", i)))
		}
		if v := o.sound(); len(v.Wrong) > 0 || v.Entries < 30 {
			t.Fatalf("%+v", v)
		}
		must(t, o.st.Update(db.By{Via: door.Command}, tamper))
		if v := o.sound(); len(v.Wrong) == 0 {
			t.Errorf("%s: nothing is said of it", what)
		}
	}
}

func attemptOf(account string) credential.Attempt {
	return credential.Attempt{Account: account, Address: "192.0.2.7", Device: "Firefox"}
}

func change(tx *db.Tx, id uint64, do func(*store.AuditEntry)) error {
	e, err := store.AuditEntries.Get(tx, id)
	if err == nil {
		do(e)
		err = store.AuditEntries.Put(tx, e)
	}
	return err
}

func remove(tx *db.Tx, id uint64) error {
	if w, err := store.WordsByEntry.First(tx, id); err == nil {
		if err := store.AuditTexts.Delete(tx, w.ID); err != nil {
			return err
		}
	}
	return store.AuditEntries.Delete(tx, id)
}

// TestErasedWordsLeaveTheLogWhole erases what can be read of some entries, at random: the log still verifies, and what was
// erased is nowhere in what an administrator gets.
func TestErasedWordsLeaveTheLogWhole(t *testing.T) {
	o := newOffice(t)
	for i := range 20 {
		o.Audits.SignInRefused(attemptOf(fmt.Sprintf("segreto%d@example.it", i)))
	}
	erased := map[string]bool{}
	must(t, o.st.Update(db.By{Via: door.Desk}, func(tx *db.Tx) error {
		clear(erased)
		for w, err := range store.AuditTexts.All(tx, 0, false) {
			if err != nil {
				return err
			}
			if rand.IntN(2) == 0 && strings.Contains(w.Text, "segreto") {
				var text map[string]string
				if err := json.Unmarshal([]byte(w.Text), &text); err != nil {
					return err
				}
				erased[text["account"]] = true
				if err := store.AuditTexts.Delete(tx, w.ID); err != nil {
					return err
				}
			}
		}
		return nil
	}))
	if v := o.sound(); len(v.Wrong) > 0 || v.Erased != len(erased) {
		t.Errorf("%d erased: %+v", len(erased), v)
	}
	var out bytes.Buffer
	must(t, o.Audits.Export(t.Context(), o.as("amministratore"), audit.Filter{}, &out))
	for account := range erased {
		if strings.Contains(out.String(), `"`+account+`"`) {
			t.Errorf("%s can still be read", account)
		}
	}
	if n := strings.Count(out.String(), "segreto"); n != 20-len(erased) {
		t.Errorf("%d attempts can be read, %d were erased", n, len(erased))
	}
}

// TestOldEntriesGoTogetherAndTheLogSaysSo: what is removed is always the beginning, and an entry names where it ended.
func TestOldEntriesGoTogetherAndTheLogSaysSo(t *testing.T) {
	o := newOffice(t)
	for i := range 450 {
		o.Audits.SignInRefused(attemptOf(fmt.Sprintf("vecchio%d@example.it", i)))
	}
	forget := func(want int) {
		t.Helper()
		if n, err := o.Audits.Forget(t.Context(), 24); err != nil || n != want {
			t.Fatalf("%d forgotten, %v; want %d", n, err, want)
		}
	}
	old := o.sound().Entries
	forget(0)
	o.later(24*31*24*time.Hour - 10*24*time.Hour)
	o.Audits.SignInRefused(attemptOf("nuovo@example.it"))
	forget(0) // a month later, all at once
	o.later(40 * 24 * time.Hour)
	forget(old)
	v := o.sound()
	if len(v.Wrong) > 0 || v.Entries != 1+(old+199)/200 {
		t.Errorf("%+v", v)
	}
	forget(0)
	must(t, o.st.View(func(tx *db.Tx) error {
		for w, err := range store.AuditTexts.All(tx, 0, false) {
			if err != nil || strings.Contains(w.Text, "vecchio") {
				t.Errorf("%+v, %v", w, err)
			}
		}
		return nil
	}))
	must(t, o.st.Update(db.By{Via: door.Command}, func(tx *db.Tx) error { // somebody takes away what tells of it
		for e, err := range store.AuditByKind.Rows(tx, db.Span{Prefix: []byte{store.AuditRetention.Byte()}}) {
			if err != nil {
				return err
			}
			if err := store.AuditEntries.Delete(tx, e.ID); err != nil {
				return err
			}
		}
		return nil
	}))
	if v := o.sound(); len(v.Wrong) == 0 {
		t.Error("a beginning that is missing is not missed")
	}
}

// TestWhoReadsAConfidentialTicketIsWrittenDown: the group's people and the administrator with a reason; neither the requester nor
// anybody who reads what is not confidential.
func TestWhoReadsAConfidentialTicketIsWrittenDown(t *testing.T) {
	o := newOffice(t)
	plain, secret := o.open("csa").ID, o.open("legale").ID
	read := func(name string, n uint64) {
		t.Helper()
		_, err := o.Tickets.Read(o.as(name), n)
		must(t, err)
	}
	read("agente", plain)
	read("ada", secret)
	if got := o.audited(audit.Filter{Kind: store.AuditReading}); len(got) != 0 {
		t.Fatalf("%v", got)
	}
	read("altrove", secret)
	read("altrove", secret)
	o.later(2 * time.Hour)
	read("altrove", secret)
	must(t, o.Rights.GiveReason(o.as("amministratore"), secret, "Lo chiede la Procura"))
	read("amministratore", secret)
	want := fmt.Sprintf("reading read by %d of tickets %d", o.people["altrove"].ID, secret)
	got := o.audited(audit.Filter{Kind: store.AuditReading})
	if len(got) != 4 || got[0] != want || got[1] != want {
		t.Errorf("%q, want twice %q, then the reason and the reading of the administrator", got, want)
	}
}

// TestWhoOpensAFileOfAConfidentialTicketIsWrittenDown: each file once an hour, of the people of the desk alone, and nothing of files
// that are not confidential or that somebody may not read.
func TestWhoOpensAFileOfAConfidentialTicketIsWrittenDown(t *testing.T) {
	o := newOffice(t)
	plain, secret := o.open("csa").ID, o.open("legale").ID
	of := func(n uint64) []uint64 {
		t.Helper()
		ids := []uint64{o.attach("ada", "uno.txt", "uno"), o.attach("ada", "due.txt", "due")}
		o.do("ada", n, ticket.Step{Message: &ticket.Text{Body: "Ecco i file.", Files: ids}})
		return ids
	}
	open, closed := of(plain), of(secret)
	read := func(name string, id uint64, may bool) {
		t.Helper()
		_, f, err := o.Files.Open(o.as(name), id)
		if f != nil {
			f.Close()
		}
		if (err == nil) != may {
			t.Fatalf("%s: %v", name, err)
		}
	}
	read("agente", open[0], true)
	read("ada", closed[0], true)
	read("agente", closed[0], false)
	if got := o.audited(audit.Filter{Kind: store.AuditReading}); len(got) != 0 {
		t.Fatalf("%v", got)
	}
	for range 2 {
		read("altrove", closed[0], true)
		read("altrove", closed[1], true)
	}
	want := fmt.Sprintf("reading read-file by %d of tickets %d", o.people["altrove"].ID, secret)
	if got := o.audited(audit.Filter{Kind: store.AuditReading}); len(got) != 2 || got[0] != want || got[1] != want {
		t.Errorf("%q, want twice %q", got, want)
	}
}

func TestALogOfManyPagesIsReadWhole(t *testing.T) {
	o := newOffice(t)
	for i := range 120 {
		o.Audits.SignInRefused(attemptOf(fmt.Sprintf("%d@example.it", i)))
	}
	for _, f := range []audit.Filter{{}, {Kind: store.AuditSignInRefused}} {
		f.Limit = 50
		seen, last := 0, uint64(1<<62)
		for {
			lines, next, err := o.Audits.List(o.as("amministratore"), f)
			must(t, err)
			for _, l := range lines {
				if l.Entry.ID >= last {
					t.Fatalf("%d after %d", l.Entry.ID, last)
				}
				seen, last = seen+1, l.Entry.ID
			}
			if f.Before = next; next == 0 {
				break
			}
		}
		if seen < 120 {
			t.Errorf("%d entries were read", seen)
		}
	}
	_, _, err := o.Audits.List(o.as("amministratore"), audit.Filter{Person: "nessuno@example.it"})
	if fault.KindOf(err) != fault.Invalid {
		t.Errorf("the address of nobody: %v", err)
	}
}
