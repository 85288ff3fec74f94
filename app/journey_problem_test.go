package app_test

import (
	"context"
	"fmt"
	"net/url"
	"testing"

	"sportello/app/address"
	"sportello/app/desk/installation"
	"sportello/app/desk/people"
	"sportello/app/desk/policy"
	"sportello/app/desk/problem"
	"sportello/app/desk/release"
	"sportello/app/desk/ticket"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/door"
)

// flock is people of four organisations that run CSA, each with tickets about one fault.
type flock struct {
	*world
	who     []*store.Person
	tickets []*store.Ticket
}

// newFlock has two organisations that install themselves, one whose supplier does, and one of which nobody knows what runs.
func newFlock(t *testing.T) *flock {
	w := newWorld(t)
	f := &flock{world: w, who: []*store.Person{w.people["coordinator"], w.people["stranger"]}}
	for i, code := range []string{"terzo", "quarto"} {
		o := &store.Organisation{Code: code, Name: "Ente " + code}
		must(t, w.app.Store.Update(db.By{Via: door.Command}, func(tx *db.Tx) error { return store.Organisations.Put(tx, o) }))
		p, _, err := w.app.Desk.People.Add(policy.Actor{System: true}, people.Form{Name: fmt.Sprint("Persona ", code), Email: code + "@example.it", Affiliations: []store.Affiliation{{Organisation: o.ID, Coordinator: i == 0}}})
		must(t, err)
		f.who = append(f.who, p)
	}
	for i, who := range f.who[:3] {
		place := installation.Entry{Module: "csa", Environment: store.Production, Version: "24.01"}
		if i == 2 {
			supplier := store.InstalledBySupplier
			place.Installs = &supplier
		}
		must(t, w.app.Desk.Installations.Put(w.as("administrator"), w.code(fmt.Sprint(who.Affiliations[0].Organisation)), place))
	}
	for i := range 30 {
		row, err := w.app.Desk.Tickets.Open(policy.Actor{Person: f.of(i)}, ticket.Opening{Subject: fmt.Sprintf("Cedolino bianco %d", i+1), Body: "Non vedo nulla.", Kind: store.Malfunction, Module: w.module["csa"],
			Severity: store.Medium, Urgency: store.NoDate})
		must(t, err)
		f.tickets = append(f.tickets, row)
	}
	return f
}

func (f *flock) of(i int) *store.Person { return f.who[i%len(f.who)] }

// follows has everything that hangs on known problems follow them, to the end.
func (f *flock) follows() {
	f.t.Helper()
	f.settled()
	if _, err := f.app.Store.CatchUp(context.Background(), f.app.Desk.Problems.Following()); err != nil {
		f.t.Fatal(err)
	}
	for more := true; more; {
		var err error
		if more, err = f.app.Desk.Problems.Step(); err != nil {
			f.t.Fatal(err)
		}
	}
}

// are fails the test unless so many of the tickets are in the state.
func (f *flock) are(state store.State, want int) {
	f.t.Helper()
	n := 0
	for _, row := range f.tickets {
		now, err := f.app.Desk.Tickets.Read(policy.Actor{System: true}, row.ID)
		if err != nil {
			f.t.Fatal(err)
		}
		if now.Ticket.State == state {
			n++
		}
	}
	if n != want {
		f.t.Errorf("%d tickets are %s, want %d", n, state, want)
	}
}

// TestThirtyTicketsFollowOneProblemInTheBrowser goes from the first report to the last confirmation: an agent makes the problem of
// a ticket, attaches the others from the queue and writes to all; an update goes out; people install, confirm, and one says that it
// is not solved.
func TestThirtyTicketsFollowOneProblemInTheBrowser(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, scripts bool) {
		f := newFlock(t)
		bruno := f.walkAs(t, "agent", scripts)
		bruno.visit(address.Ticket(f.tickets[0].ID))
		bruno.follow("Fanne un'anomalia nota")
		bruno.sees("senza i nomi")
		bruno.fill("Titolo in italiano", "Il cedolino resta bianco")
		bruno.choose("Stato", "Confermata")
		bruno.in("main form").follow("Salva")
		bruno.sees("Il cedolino resta bianco", "1 richiesta")
		list, err := f.app.Desk.Problems.List(f.as("agent"), problem.Filter{})
		must(t, err)
		number := list.Problems[0].ID
		here := address.Problem(number)

		bruno.visit(address.Ticket(f.tickets[1].ID))
		bruno.sees("Potrebbe essere una di queste", "Il cedolino resta bianco")
		bruno.follow("Collega Il cedolino resta bianco")
		bruno.sees("La richiesta è collegata all'anomalia")
		for _, row := range f.tickets[2:] {
			_, err := f.app.Desk.Problems.Attach(f.as("agent"), number, row.ID)
			must(t, err)
		}
		bruno.visit(here)
		bruno.sees("riguarda 4 enti", "30 richieste")
		bruno.follow("Scrivi a chi l'ha incontrata")
		bruno.fill("Testo in italiano", "Lo abbiamo riprodotto.")
		bruno.follow("Anteprima")
		bruno.sees("Lo abbiamo riprodotto.", "30 richieste")
		bruno.follow("Invia a tutti")
		bruno.sees("Il messaggio è in viaggio")
		f.follows()
		elsa := f.walkAs(t, "stranger", scripts)
		elsa.visit(address.Ticket(f.tickets[1].ID))
		elsa.sees("Lo abbiamo riprodotto.")
		elsa.visit(here)
		elsa.sees("riguarda 4 enti")
		elsa.misses("30 richieste", "Numero della richiesta")

		bruno.visit(here)
		bruno.follow("Cambia stato")
		bruno.tick("In correzione")
		bruno.fill("Corretta nelle versioni", "24.02")
		bruno.in("main form").follow("Cambia stato")
		bruno.sees("È passata a «In correzione».")
		f.follows()
		f.are(store.StatePlanned, 30)
		elsa.visit(address.Ticket(f.tickets[1].ID))
		elsa.sees("prevista nella versione 24.02")

		v, err := f.app.Desk.Releases.Save(f.as("agent"), 0, release.Form{Modules: []string{"csa"}, Version: "24.02", Title: store.Words{IT: "Correzioni"}, Corrects: []uint64{number}, Audience: release.Audience{All: true}})
		must(t, err)
		_, _, err = f.app.Desk.Releases.Publish(f.as("agent"), v.Release.ID, release.Publication{Nobody: true})
		must(t, err)
		f.follows()
		f.are(store.StatePlanned, 16)  // they install it themselves, and have not yet
		f.are(store.StateResolved, 14) // nobody can say more than that it is out
		for _, who := range f.who[:2] {
			must(t, f.app.Desk.Installations.Put(f.as("administrator"), f.code(fmt.Sprint(who.Affiliations[0].Organisation)), installation.Entry{Module: "csa", Environment: store.Production, Version: "24.02"}))
		}
		f.follows()
		f.are(store.StateResolved, 30)

		elsa.visit(address.Ticket(f.tickets[1].ID))
		elsa.sees("è in uso presso il tuo ente")
		elsa.fill("Testo", "A me non va ancora")
		elsa.follow("Invia e riapri")
		elsa.sees("A me non va ancora")
		for i, row := range f.tickets {
			if i != 1 {
				_, err := f.app.Desk.Tickets.Do(policy.Actor{Person: f.of(i)}, row.ID, ticket.Step{Confirm: true})
				must(t, err)
			}
		}
		f.follows()
		f.are(store.StateClosed, 29)
		f.are(store.StateOpen, 1)
		bruno.visit(here)
		bruno.sees("Corretta", "È uscita la 24.02")
	})
}

// TestPagesOfKnownProblemsAreForEverybody has axe look at every page on which known problems stand: in both languages, with scripts
// and without, on a wide screen and a narrow dark one, where nothing is wider than the window.
func TestPagesOfKnownProblemsAreForEverybody(t *testing.T) {
	t.Parallel()
	source := axeSource(t)
	w := newWorld(t)
	for _, r := range []store.Words{{IT: "Il cedolino resta bianco", EN: "The payslip stays blank"}, {IT: "Il conguaglio non torna"}} {
		_, err := w.app.Desk.Problems.Save(w.as("agent"), 0, problem.Form{Module: "csa", Title: r, Text: store.Words{IT: "# Sempre\n\n- uno\n- due"}, Workaround: store.Words{IT: "Usa **la stampa**."}, State: store.ProblemConfirmed,
			Audience: store.Public, Severity: store.High, Affected: []store.Range{{From: "23.10.00.01", Until: "23.10.03.12"}, {From: "24.01.00.00"}}, FixedIn: []string{"23.10.03.12"}, Supplier: store.Supplier{Number: "ZIB-77", Address: "https://example.it/77"}})
		must(t, err)
	}
	list, err := w.app.Desk.Problems.List(w.as("agent"), problem.Filter{})
	must(t, err)
	number := list.Problems[1].ID
	here := address.Problem(number)
	likely := w.asks("requester", "Il conguaglio non torna")
	attached := w.asks("requester", "Cedolino bianco")
	_, err = w.app.Desk.Problems.Attach(w.as("agent"), number, attached.ID)
	must(t, err)
	until := w.app.Desk.Now().Add(1e13)
	_, err = w.app.Desk.Problems.Halt(w.as("agent"), number, problem.Halt{Until: &until, News: &store.Words{IT: "Il fornitore ci lavora.", EN: "The supplier is on it."}})
	must(t, err)
	offers := "/tickets/new?" + url.Values{"module": {"csa"}, "subject": {"Il conguaglio non torna"}}.Encode()
	pages := map[string][]string{
		"nobody":    {"/sign-in", "/problems", here},
		"requester": {"/", "/problems", here, "/modules/csa", offers},
		"agent":     {"/", "/problems", "/problems?module=csa&version=24.01", here, here + "/edit", here + "/state", here + "/merge", here + "/message", here + "/outage", here + "/withdraw", "/problems/new", fmt.Sprintf("/problems/new?ticket=%d", likely.ID), address.Ticket(likely.ID), address.Ticket(attached.ID)},
	}
	for _, lang := range []string{"it", "en"} {
		for role, addresses := range pages {
			if role != "nobody" {
				w.speaks(role, lang)
			}
			for _, scripts := range []bool{true, false} {
				if scripts != (lang == "it") && !everyWay() {
					continue // each language goes once, one of them without scripts
				}
				s := w.walk(t, scripts)
				if role != "nobody" {
					s.enter(w, role)
				}
				for _, at := range addresses {
					s.screen(1280, 900, false)
					s.visit(at)
					for _, dark := range []bool{false, true} {
						if dark {
							s.screen(390, 844, true)
						}
						for _, found := range s.judged(source) {
							t.Errorf("%s, %s, scripts %v, dark %v: %s: %s", role, lang, scripts, dark, at, found)
						}
					}
					s.find(nil, "there is something wider than the window at "+at, "document.documentElement.scrollWidth <= document.documentElement.clientWidth")
				}
				if role == "agent" {
					s.visit(here + "/message")
					s.in("main form textarea").find(nil, "no text", "(() => { document.querySelector('main form textarea').value = 'Si corregge **domani**.'; return true })()")
					s.follow(map[string]string{"it": "Anteprima", "en": "Preview"}[lang])
					for _, found := range s.judged(source) {
						t.Errorf("the preview, %s, scripts %v: %s", lang, scripts, found)
					}
					// Its rows of versions are read without moving anything sideways.
					s.visit(here + "/edit")
					s.find(nil, "the rows of versions scroll", "[...document.querySelectorAll('main .table-box')].every((e) => e.scrollWidth <= e.clientWidth)")
				}
			}
		}
	}
}
