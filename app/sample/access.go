package sample

import (
	"fmt"
	"time"

	"sportello/app/desk/access"
	"sportello/app/desk/policy"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/door"
)

// requests are people who ask for credentials in the last weeks: one was let in, one refused, one has a question to answer, one
// waits, one wrote an organisation that the desk does not know, and one address has yet to be checked.
func (s *stage) requests() {
	day := func(ago, hour int) time.Time {
		return s.office(s.now.AddDate(0, 0, -ago), true).Add(time.Duration(hour) * time.Hour)
	}
	for _, q := range []struct {
		at   time.Time
		form access.Form
		left bool                                                          // nobody has checked the address
		then func(module string, number uint64) (*player, access.Decision) // nil: it waits
	}{
		{at: day(40, 0), form: access.Form{Name: "Ferruccio Bandinelli", Email: "ferruccio.bandinelli@montevelino.example", Organisation: "Università degli Studi di Montevelino", Modules: []string{"csa"}, Why: "Sono passato all'ufficio stipendi e seguo i conguagli.", Voucher: "Ombretta Salvinicorte"},
			then: func(module string, _ uint64) (*player, access.Decision) {
				return s.writer(module), access.Decision{Module: module, Do: access.Approve}
			}},
		{at: day(26, 1), form: access.Form{Name: "Luce Tornaghi", Email: "luce.tornaghi@gmail.com", Organisation: "Università degli Studi di Montevelino", Modules: []string{"csa"}, Why: "Vorrei vedere il mio cedolino."},
			then: func(module string, _ uint64) (*player, access.Decision) {
				return s.writer(module), access.Decision{Module: module, Do: access.Refuse, Reason: "Il tuo cedolino lo trovi nell'area personale: queste credenziali servono a chi segue gli stipendi degli altri."}
			}},
		{at: day(9, 2), form: access.Form{Name: "Gherardo Pasolini Neri", Email: "gherardo.pasolini@montevelino.example", Organisation: "Università degli Studi di Montevelino", Modules: []string{"u-gov/contabilita"}, Why: "Seguo le chiusure del dipartimento."},
			then: func(module string, _ uint64) (*player, access.Decision) {
				return s.writer(module), access.Decision{Module: module, Do: access.AskBack, Reason: "Di quale dipartimento? E ti serve anche per le variazioni di budget?"}
			}},
		{at: day(3, 0), form: access.Form{Name: "Isotta Ravagnan", Email: "isotta.ravagnan@montevelino.example", Organisation: "Università degli Studi di Montevelino", Modules: []string{"csa", "u-gov/risorse-umane"}, Why: "Sostituisco una collega dell'ufficio personale fino a giugno.", Voucher: "Ombretta Salvinicorte"}},
		{at: day(2, 1), form: access.Form{Name: "Achille Zordan", Email: "achille.zordan@consorzio.example", Organisation: "Consorzio per il calcolo", Modules: []string{"u-gov/ricerca"}, Why: "Carichiamo i progetti in comune con l'ateneo."}},
		{at: day(1, 2), form: access.Form{Name: "Mirella Cossu", Email: "mirella.cossu@montevelino.example", Organisation: "Università degli Studi di Montevelino", Modules: []string{"csa"}, Why: "Prendo servizio lunedì all'ufficio stipendi."}, left: true},
	} {
		s.at(q.at, func() error {
			number, err := s.asked(q.form)
			if err != nil || q.left {
				return err
			}
			if _, err := s.d.Access.ConfirmFor(s.shown("administrator").actor(), number); err != nil {
				return fmt.Errorf("sample: confirm a request for credentials: %w", err)
			}
			if q.then == nil {
				return nil
			}
			who, decision := q.then(q.form.Modules[0], number)
			if _, err := s.d.Access.Decide(who.actor(), number, decision); err != nil {
				return fmt.Errorf("sample: decide a request for credentials: %w", err)
			}
			return nil
		})
	}
}

// asked asks for credentials as a stranger, and returns the number of the request.
func (s *stage) asked(f access.Form) (number uint64, err error) {
	f.Language = "it"
	if _, err := s.d.Access.Ask(policy.Actor{Via: door.Page}, f, "192.0.2.10"); err != nil {
		return 0, fmt.Errorf("sample: ask for credentials: %w", err)
	}
	err = s.d.Store().View(func(tx *db.Tx) error { number = store.AccessRequests.Last(tx); return nil })
	return number, err
}
