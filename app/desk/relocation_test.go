package desk

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"sportello/app/desk/people"
	"sportello/app/desk/policy"
	"sportello/app/desk/relocation"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/fault"
)

// smallWorld is a desk with some organisations, people and tickets as chance would have them.
type smallWorld struct {
	*office
	chance        *rand.Rand
	organisations []uint64
	units         []*store.Unit
	everybody     []uint64
	tickets       []uint64
	folk          int // where crowd begins to number people
}

func newSmallWorld(t testing.TB, seed uint64) *smallWorld {
	w := &smallWorld{office: newOffice(t), chance: rand.New(rand.NewPCG(seed, seed))}
	now := w.st.Now()
	err := w.st.Update(db.By{Via: door.Command}, func(tx *db.Tx) error {
		w.organisations, w.units, w.everybody, w.tickets = nil, nil, nil, nil
		for i := range 3 {
			o := &store.Organisation{Code: fmt.Sprint("ente-", i), Name: fmt.Sprint("Ente ", i), Domains: []string{fmt.Sprintf("ente%d.example", i)}}
			if err := store.Organisations.Put(tx, o); err != nil {
				return err
			}
			w.organisations = append(w.organisations, o.ID)
			for _, name := range []string{"Ragioneria", "Personale", "Biblioteca"} {
				if w.chance.IntN(3) == 0 {
					continue
				}
				u := &store.Unit{Organisation: o.ID, Name: name}
				if err := store.Units.Put(tx, u); err != nil {
					return err
				}
				w.units = append(w.units, u)
			}
		}
		for i := range 14 {
			p := &store.Person{Email: fmt.Sprintf("p%d@example.it", i), Name: fmt.Sprint("Persona ", i), Disabled: w.chance.IntN(8) == 0,
				Administrator: w.chance.IntN(10) == 0, Editor: w.chance.IntN(10) == 0}
			if w.chance.IntN(5) == 0 {
				p.Groups = []store.Membership{{Group: w.group[one(w, []string{"csa", "legale", "generale"})], Supervisor: w.chance.IntN(2) == 0}}
			}
			for range w.chance.IntN(4) {
				h := store.Affiliation{Coordinator: w.chance.IntN(2) == 0}
				h.Organisation, h.Unit = w.hat().Organisation, 0
				if hat := w.hat(); w.chance.IntN(2) == 0 {
					h.Organisation, h.Unit = hat.Organisation, hat.Unit
				}
				switch w.chance.IntN(8) {
				case 0:
					h.From = now.Add(24 * time.Hour)
				case 1:
					h.Until = now.Add(-time.Hour)
				case 2:
					h.Until, h.Ended = now.Add(-time.Hour), now.Add(-time.Hour)
				case 3:
					h.Until = now.Add(100 * 24 * time.Hour)
				}
				p.Affiliations = append(p.Affiliations, h)
			}
			if len(p.Affiliations) > 0 {
				p.Wore = p.Affiliations[0].Hat()
			}
			if err := store.People.Put(tx, p); err != nil {
				return err
			}
			w.everybody = append(w.everybody, p.ID)
		}
		share := func() store.Share {
			s := store.Share{With: one(w, []store.Sharing{store.SharedAbove, store.SharedAbove, store.SharedNobody, store.SharedCoordinators, store.SharedChosen, store.SharedEverybody})}
			if s.With == store.SharedChosen {
				s.Chosen = []uint64{one(w, w.everybody), one(w, w.everybody)}
			}
			return s
		}
		for _, id := range w.organisations {
			o, err := store.Organisations.Get(tx, id)
			if err != nil {
				return err
			}
			o.Share = share()
			if err := store.Organisations.Put(tx, o); err != nil {
				return err
			}
		}
		for _, u := range w.units {
			if u.Share = share(); u.Share.With == store.SharedAbove {
				continue
			}
			if err := store.Units.Put(tx, u); err != nil {
				return err
			}
		}
		for i := range 30 {
			k := &store.Ticket{Narrowed: w.chance.IntN(6) == 0, Subject: fmt.Sprint("Richiesta ", i), Kind: store.Clarification, State: one(w, []store.State{store.StateNew, store.StateOpen, store.StateClosed}),
				Group: w.group[one(w, []string{"csa", "csa", "legale", "generale"})], Requester: one(w, w.everybody), Opened: now, Unclaimed: w.chance.IntN(8) == 0}
			if w.chance.IntN(8) > 0 {
				k.Wear(w.hat())
			}
			if w.chance.IntN(3) == 0 {
				k.Module = w.module[one(w, []string{"csa", "legale", "esse3"})]
			}
			for range w.chance.IntN(3) {
				if p := one(w, w.everybody); !slices.Contains(k.Participants, p) && p != k.Requester {
					k.Participants = append(k.Participants, p)
				}
			}
			if w.chance.IntN(10) == 0 {
				k.SpamSince = now
			}
			if err := w.Tickets.Insert(tx, k, &store.Message{Author: k.Requester, At: now, Body: "Testo"}, nil); err != nil {
				return err
			}
			w.tickets = append(w.tickets, k.ID)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func one[T any](w *smallWorld, list []T) T { return list[w.chance.IntN(len(list))] }

// hat returns some organisation, or some unit of one.
func (w *smallWorld) hat() store.Hat {
	if len(w.units) > 0 && w.chance.IntN(2) == 0 {
		u := one(w, w.units)
		return store.Hat{Organisation: u.Organisation, Unit: u.ID}
	}
	return store.Hat{Organisation: one(w, w.organisations)}
}

// sight is who sees which tickets, as the desk answers each of them.
func (w *smallWorld) sight() map[uint64]map[uint64]bool {
	w.t.Helper()
	out := map[uint64]map[uint64]bool{}
	for _, id := range w.everybody {
		p, err := w.People.Read(system, id)
		if err != nil {
			w.t.Fatal(err)
		}
		out[id] = map[uint64]bool{}
		for _, n := range w.tickets {
			_, err := w.Tickets.Read(policy.Actor{Person: p, Via: door.Page}, n)
			out[id][n] = err == nil
		}
	}
	return out
}

// place returns some place, and some other organisation to which it can go.
func (w *smallWorld) place() (from store.Hat, to uint64) {
	from = w.hat()
	for to = one(w, w.organisations); to == from.Organisation; to = one(w, w.organisations) {
	}
	return from, to
}

// run does all steps, and returns how many there were.
func (w *smallWorld) run() int {
	w.t.Helper()
	for n := 0; ; n++ {
		more, err := w.Relocations.Step()
		if err != nil {
			w.t.Fatal(err)
		}
		if !more {
			return n
		}
		if n > 10_000 {
			w.t.Fatal("it comes to no end")
		}
	}
}

// TestWhatARelocationShowsIsWhatItDoes: in worlds as chance would have them, the preview names exactly those who see
// other tickets afterwards, and how many; nothing else changes, and nothing stays where it was.
func TestWhatARelocationShowsIsWhatItDoes(t *testing.T) {
	changed, joined, merged := 0, 0, 0
	for seed := range uint64(40) {
		w := newSmallWorld(t, seed)
		admin := w.as("amministratore")
		for range 2 {
			from, to := w.place()
			said, err := w.Relocations.Preview(admin, from, to)
			if err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			before := w.sight()
			if _, _, err := w.Relocations.Begin(admin, from, to, said.Sum); err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			for more := true; more; {
				if more, err = w.Relocations.Step(); err != nil {
					t.Fatalf("seed %d: %v", seed, err)
				}
				w.noMoreThan(before, said, seed)
			}
			after := w.sight()
			var did []relocation.Eyes
			for _, p := range w.everybody {
				e := relocation.Eyes{Person: p}
				for _, n := range w.tickets {
					if after[p][n] && !before[p][n] {
						e.Gained++
					} else if before[p][n] && !after[p][n] {
						e.Lost++
					}
				}
				if e.Gained+e.Lost > 0 {
					did = append(did, e)
				}
			}
			word := slices.Clone(said.Eyes)
			for i := range word {
				word[i].Name, word[i].Email = "", ""
			}
			slices.SortFunc(word, func(x, y relocation.Eyes) int { return cmp.Compare(x.Person, y.Person) })
			if !slices.Equal(word, did) {
				t.Errorf("seed %d: %v to %d: said\n%v\ndid\n%v", seed, from, to, word, did)
			}
			changed, joined = changed+len(did), joined+len(said.Joined)
			w.nothingLeft(from, to, said, seed)
			if from.Unit == 0 {
				merged++
				w.organisations = slices.DeleteFunc(w.organisations, func(o uint64) bool { return o == from.Organisation })
			}
			w.units = nil
			if err := w.st.View(func(tx *db.Tx) error {
				w.units = nil
				for u, err := range store.Units.All(tx, 0, false) {
					if err != nil {
						return err
					}
					if slices.Contains(w.organisations, u.Organisation) {
						w.units = append(w.units, u)
					}
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if changed < 50 || joined < 10 || merged < 10 {
		t.Errorf("too little was tried: %d eyes, %d units that became one, %d merged", changed, joined, merged)
	}
}

// noMoreThan is broken if somebody, between two steps, sees what they saw neither before nor will see by what was said.
func (w *smallWorld) noMoreThan(before map[uint64]map[uint64]bool, said relocation.Preview, seed uint64) {
	w.t.Helper()
	for p, sees := range w.sight() {
		more := 0
		for n, is := range sees {
			if is && !before[p][n] {
				more++
			}
		}
		i := slices.IndexFunc(said.Eyes, func(e relocation.Eyes) bool { return e.Person == p })
		if more > 0 && (i < 0 || more > said.Eyes[i].Gained) {
			w.t.Errorf("seed %d: in between, person %d sees %d tickets that were not theirs to see", seed, p, more)
		}
	}
}

// nothingLeft is broken if something still stands at the place, or another number of things has gone than was said.
func (w *smallWorld) nothingLeft(from store.Hat, to uint64, said relocation.Preview, seed uint64) {
	w.t.Helper()
	err := w.st.View(func(tx *db.Tx) error {
		r := &store.Relocation{From: from}
		for p, err := range store.People.All(tx, 0, false) {
			if err != nil {
				return err
			}
			if slices.ContainsFunc(p.Affiliations, func(h store.Affiliation) bool { return r.Takes(h.Hat()) }) || from.Organisation != 0 && r.Takes(p.Wore) {
				w.t.Errorf("seed %d: person %d is left: %+v, wore %v", seed, p.ID, p.Affiliations, p.Wore)
			}
		}
		for t, err := range store.Tickets.All(tx, 0, false) {
			if err != nil {
				return err
			}
			if r.Takes(t.Hat()) {
				w.t.Errorf("seed %d: ticket %d is left", seed, t.ID)
			}
			if u, err := store.Units.Get(tx, t.Unit); err == nil && u.Organisation != t.Organisation {
				w.t.Errorf("seed %d: ticket %d stands in organisation %d and in unit %d of %d", seed, t.ID, t.Organisation, u.ID, u.Organisation)
			}
		}
		last, err := store.Relocations.Get(tx, store.Relocations.Last(tx))
		if err != nil {
			return err
		}
		if last.People != said.People || last.Tickets != said.Tickets || last.Ended.IsZero() {
			w.t.Errorf("seed %d: said %d people and %d tickets, moved %+v", seed, said.People, said.Tickets, last)
		}
		if from.Unit != 0 {
			return nil
		}
		o, err := store.Organisations.Get(tx, to)
		if err != nil {
			return err
		}
		for _, f := range o.Former {
			if by, err := store.OrganisationsByCode.First(tx, f.Code); err != nil || by.ID != to {
				w.t.Errorf("seed %d: the code %s leads nowhere: %v", seed, f.Code, err)
			}
		}
		if _, err := store.Organisations.Get(tx, from.Organisation); err == nil || len(o.Former) == 0 || len(o.Domains) < 2 {
			w.t.Errorf("seed %d: afterwards %+v", seed, o)
		}
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

func TestWhoMayNotRelocate(t *testing.T) {
	w := newSmallWorld(t, 1)
	from, to := store.Hat{Organisation: w.organisations[0]}, w.organisations[1]
	for _, who := range []string{"ada", "referente", "unita", "agente", "responsabile", "redattore"} {
		_, err := w.Relocations.Preview(w.as(who), from, to)
		wants(t, err, fault.Denied, "error.denied", "")
		_, _, err = w.Relocations.Begin(w.as(who), from, policy.Nowhere, "")
		wants(t, err, fault.Denied, "error.denied", "")
		_, err = w.Relocations.UnderWay(w.as(who))
		wants(t, err, fault.Denied, "error.denied", "")
	}
	_, err := w.Relocations.Preview(policy.Actor{}, from, to)
	wants(t, err, fault.SignIn, "error.sign-in-first", "")
}

func TestWhatCannotBeRelocatedIsRefused(t *testing.T) {
	w := newSmallWorld(t, 2)
	admin, here, there := w.as("amministratore"), w.units[0].Organisation, w.organisations[0]
	if there == here {
		there = w.organisations[1]
	}
	for name, c := range map[string]struct {
		from       store.Hat
		to         uint64
		kind       fault.Kind
		key, field string
	}{
		"what is not there":          {store.Hat{Organisation: policy.Nowhere}, there, fault.NotFound, "error.not-found", ""},
		"to nowhere":                 {store.Hat{Organisation: here}, policy.Nowhere, fault.Invalid, "error.organisation-unknown", "to"},
		"to where it is":             {store.Hat{Organisation: here}, here, fault.Invalid, "error.relocation-same", "to"},
		"a unit of another":          {store.Hat{Organisation: there, Unit: w.units[0].ID}, here, fault.Invalid, "error.unit-unknown", "unit"},
		"a unit that is none":        {store.Hat{Organisation: here, Unit: policy.Nowhere}, there, fault.Invalid, "error.unit-unknown", "unit"},
		"a unit to its organisation": {store.Hat{Organisation: here, Unit: w.units[0].ID}, here, fault.Invalid, "error.relocation-same", "to"},
	} {
		_, err := w.Relocations.Preview(admin, c.from, c.to)
		if err == nil {
			t.Errorf("%s: done", name)
			continue
		}
		wants(t, err, c.kind, c.key, c.field)
	}
}

// TestOnlyWhatWasShownIsDone: the sum of a preview holds for that picture alone. Whatever changes the picture meanwhile is
// answered with the new one, and nothing moves.
func TestOnlyWhatWasShownIsDone(t *testing.T) {
	w := newSmallWorld(t, 3)
	admin := w.as("amministratore")
	from, to := store.Hat{Organisation: w.organisations[0]}, w.organisations[1]
	for name, change := range map[string]func(tx *db.Tx) error{
		"a ticket is opened": func(tx *db.Tx) error {
			k := &store.Ticket{Subject: "s", Kind: store.Clarification, Group: w.group["csa"], Requester: w.everybody[0], Opened: tx.Now(), Organisation: from.Organisation}
			return w.Tickets.Insert(tx, k, &store.Message{Author: k.Requester, At: tx.Now(), Body: "b"}, nil)
		},
		"somebody comes to belong there": func(tx *db.Tx) error {
			return store.People.Put(tx, &store.Person{Email: "nuovo@example.it", Name: "Nuovo", Affiliations: []store.Affiliation{{Organisation: from.Organisation}}})
		},
		"a coordinator of the other one comes": func(tx *db.Tx) error {
			return store.People.Put(tx, &store.Person{Email: "occhi@example.it", Name: "Occhi", Affiliations: []store.Affiliation{{Organisation: to, Coordinator: true}}})
		},
		"a unit gets the name of another": func(tx *db.Tx) error {
			for _, o := range []uint64{from.Organisation, to} {
				if err := store.Units.Put(tx, &store.Unit{Organisation: o, Name: "Stesso nome"}); err != nil {
					return err
				}
			}
			return nil
		},
	} {
		said, err := w.Relocations.Preview(admin, from, to)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.st.Update(db.By{Via: door.Command}, change); err != nil {
			t.Fatal(err)
		}
		_, now, err := w.Relocations.Begin(admin, from, to, said.Sum)
		wants(t, err, fault.Conflict, "error.relocation-differs", "")
		if fresh, err := w.Relocations.Preview(admin, from, to); err != nil || now.Sum != fresh.Sum || now.Sum == said.Sum {
			t.Errorf("%s: the new picture is not shown: %v", name, err)
		}
	}
	if more, err := w.Relocations.Step(); more || err != nil {
		t.Errorf("something is under way: %t %v", more, err)
	}
	other, err := w.Relocations.Preview(admin, from, w.organisations[2])
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = w.Relocations.Begin(admin, from, to, other.Sum)
	wants(t, err, fault.Conflict, "error.relocation-differs", "")
}

// TestWhatChangesNothingOfThePictureIsNoReasonToRefuse: a busy desk can still merge organisations.
func TestWhatChangesNothingOfThePictureIsNoReasonToRefuse(t *testing.T) {
	w := newSmallWorld(t, 4)
	admin := w.as("amministratore")
	from, to := store.Hat{Organisation: w.organisations[0]}, w.organisations[1]
	said, err := w.Relocations.Preview(admin, from, to)
	if err != nil {
		t.Fatal(err)
	}
	w.open("csa")
	if _, _, err := w.Relocations.Begin(admin, from, to, said.Sum); err != nil {
		t.Fatal(err)
	}
	w.run()
}

func TestNothingIsPutWhereARelocationTakesItAway(t *testing.T) {
	w := newSmallWorld(t, 5)
	admin := w.as("amministratore")
	from, to := store.Hat{Organisation: w.organisations[0]}, w.organisations[1]
	said, err := w.Relocations.Preview(admin, from, to)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.Relocations.Begin(admin, from, to, said.Sum); err != nil {
		t.Fatal(err)
	}
	const busy = "error.relocation-under-way"
	_, err = w.Relocations.Preview(admin, store.Hat{Organisation: w.organisations[2]}, to)
	wants(t, err, fault.Conflict, busy, "")
	_, err = w.People.PutAffiliations(admin, w.people["ada"].ID, 0, []store.Affiliation{{Organisation: from.Organisation}})
	wants(t, err, fault.Invalid, busy, "affiliations")
	_, _, err = w.People.Put(system, people.Record{Email: "nuovo@example.it", Name: "Nuovo", Organisation: "ente-0"})
	wants(t, err, fault.Invalid, busy, "organisation")
	for _, o := range []uint64{from.Organisation, to} {
		_, err = w.People.AddUnit(admin, o, "Nuova")
		wants(t, err, fault.Conflict, busy, "")
		_, err = w.People.ChangeOrganisation(admin, o, 0, people.OrganisationForm{Name: "Altro nome"})
		wants(t, err, fault.Conflict, busy, "")
		wants(t, w.People.RemoveOrganisation(admin, o), fault.Conflict, busy, "")
	}
	for _, u := range w.units {
		if u.Organisation == w.organisations[2] {
			continue
		}
		_, err = w.People.ChangeUnit(admin, u.ID, 0, "Altro nome")
		wants(t, err, fault.Conflict, busy, "")
		wants(t, w.People.RemoveUnit(admin, u.ID), fault.Conflict, busy, "")
	}
	w.run()
	if _, err := w.People.AddUnit(admin, to, "Nuova"); err != nil {
		t.Errorf("afterwards: %v", err)
	}
	p, _, err := w.People.Put(system, people.Record{Email: "nuovo@example.it", Name: "Nuovo", Organisation: "ente-0"})
	if err != nil || !p.Belongs(to, 0, w.st.Now()) {
		t.Errorf("the code of the organisation that was taken in leads elsewhere: %v", err)
	}
	if p, _, err = w.People.Put(system, people.Record{Email: "nuovo2@example.it", Name: "Nuovo", Organisation: "Ente 0"}); err != nil || !p.Belongs(to, 0, w.st.Now()) {
		t.Errorf("its name leads elsewhere: %v", err)
	}
	if id, err := w.organisationOf("qualcuno@ente0.example"); err != nil || id != to {
		t.Errorf("its mail domain leads to %d: %v", id, err)
	}
	_, err = w.People.AddOrganisation(admin, people.OrganisationForm{Name: "Un altro", Code: "ente-0"})
	wants(t, err, fault.Invalid, "error.code-taken", "code")
}

func (o *office) organisationOf(email string) (id uint64, err error) {
	err2 := o.st.View(func(tx *db.Tx) error {
		id, err = people.OrganisationOf(tx, email)
		return err
	})
	return id, cmp.Or(err, err2)
}

// TestARelocationGoesOnWhereItWasStopped: after each step another desk on the same file does the next one.
func TestARelocationGoesOnWhereItWasStopped(t *testing.T) {
	w := newSmallWorld(t, 6)
	w.crowd(2*70, 3*50)
	for _, from := range []store.Hat{{Organisation: w.units[0].Organisation, Unit: w.units[0].ID}, {Organisation: w.units[0].Organisation}} {
		to := w.organisations[0]
		if to == from.Organisation {
			to = w.organisations[1]
		}
		said, err := w.Relocations.Preview(w.as("amministratore"), from, to)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := w.Relocations.Begin(w.as("amministratore"), from, to, said.Sum); err != nil {
			t.Fatal(err)
		}
		steps := 0
		for more := true; more; steps++ {
			if more, err = New(Options{Store: w.st}).Relocations.Step(); err != nil {
				t.Fatal(err)
			}
			if steps > 100 {
				t.Fatal("it comes to no end")
			}
		}
		if steps < 5 {
			t.Errorf("%d steps: all at once", steps)
		}
		w.nothingLeft(from, to, said, 6)
	}
}

// crowd adds people and tickets in the first unit, and as many in its organisation.
func (w *smallWorld) crowd(people, tickets int) {
	w.t.Helper()
	u := w.units[0]
	err := w.st.Update(db.By{Via: door.Command}, func(tx *db.Tx) error {
		for i := range people {
			h := store.Affiliation{Organisation: u.Organisation, Unit: u.ID * uint64(i%2), Coordinator: i%50 == 0}
			p := &store.Person{Email: fmt.Sprintf("folla%d@example.it", w.folk+i), Name: fmt.Sprint("Folla ", i), Affiliations: []store.Affiliation{h}}
			if err := store.People.Put(tx, p); err != nil {
				return err
			}
			for range tickets / people {
				k := &store.Ticket{Subject: "s", Kind: store.Clarification, Group: w.group["csa"], Requester: p.ID, Opened: tx.Now()}
				k.Wear(h.Hat())
				if err := w.Tickets.Insert(tx, k, &store.Message{Author: p.ID, At: tx.Now(), Body: "b"}, nil); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// TestNoStepOfARelocationWritesMany: other writes wait for a step, so that each writes few rows, however many go.
func TestNoStepOfARelocationWritesMany(t *testing.T) {
	w := newSmallWorld(t, 7)
	w.crowd(100, 200)
	from, to := store.Hat{Organisation: w.units[0].Organisation}, w.organisations[0]
	if to == from.Organisation {
		to = w.organisations[1]
	}
	said, err := w.Relocations.Preview(w.as("amministratore"), from, to)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.Relocations.Begin(w.as("amministratore"), from, to, said.Sum); err != nil {
		t.Fatal(err)
	}
	for more := true; more; {
		at := w.st.Last()
		if more, err = w.Relocations.Step(); err != nil {
			t.Fatal(err)
		}
		if wrote := w.st.Last() - at; wrote > 25 {
			t.Errorf("a step wrote %d rows", wrote)
		}
	}
}
