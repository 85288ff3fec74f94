package access

import (
	"cmp"
	"slices"
	"strings"

	"sportello/app/desk/entry"
	"sportello/app/desk/people"
	"sportello/app/desk/policy"
	"sportello/app/markup"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/fault"
	"sportello/store/spelling"
)

// A request stands before anybody looks up its address: who is written to, and what, is planned from the change log
// afterwards. So neither the answer nor its duration tells a stranger who has an account. Nobody but the owner of the address
// is written to until they have confirmed it.

// The limits of what strangers can cause, beside those of the keeper for each address and network.
const (
	mostUnconfirmed = 3  // of one address; more are answered alike and not kept
	mostOfPlace     = 5  // of one organisation in an hour; more are folded
	mostInHour      = 10 // of the whole desk; more are folded
	mostModules     = 20 // of one request
)

// Form is a request as it is submitted. Of somebody who is signed in name and address are their own.
type Form struct {
	Name, Email, Language        string
	Organisation, Unit, Position string   // in words, or as a code
	Modules                      []string // codes
	Why, Voucher                 string
}

// Ask takes a request. The answer is the same for every address. Whoever is signed in has proved theirs: for them the request
// is confirmed at once, and Ask returns its number, which is 0 for everybody else. It returns TooMany after too many requests for
// the address or from the network, and all problems of the values as fault.Problems.
func (rs *Requests) Ask(a policy.Actor, f Form, addr string) (uint64, error) {
	r, err := rs.read(a, f)
	if err != nil {
		return 0, err
	}
	if err := rs.keeper.MayAsk(r.Email, addr); err != nil {
		return 0, err
	}
	number := uint64(0)
	err = rs.st.Update(a.By(act.AskAccess), func(tx *db.Tx) error {
		number = 0
		row := *r
		row.Asks = slices.Clone(r.Asks)
		if !a.SignedIn() && len(slices.Collect(store.AccessRequestsByEmail.Entries(tx, unconfirmedOf(r.Email)))) >= mostUnconfirmed {
			return nil
		}
		if err := store.AccessRequests.Put(tx, &row); err != nil || !a.SignedIn() {
			return err
		}
		var err error
		number, err = rs.confirm(tx, &row)
		return err
	})
	return number, err
}

// read returns the row of the form, or all of its problems.
func (rs *Requests) read(a policy.Actor, f Form) (*store.AccessRequest, error) {
	var wrong fault.Problems
	line := func(field, s, name string) string {
		return entry.CleanLine(&wrong, field, s, store.AccessRequests.Most(name))
	}
	r := &store.AccessRequest{Language: cmp.Or(entry.CleanLanguage(&wrong, "language", f.Language), "it")}
	if a.SignedIn() {
		r.Email, r.Name = a.Person.Email, a.Person.Name
	} else {
		r.Email = entry.CleanAddress(&wrong, "email", f.Email)
		r.Name = markup.Line(f.Name)
		entry.CheckText(&wrong, "name", r.Name, store.AccessRequests.Most("name"))
	}
	r.Named = markup.Line(f.Organisation)
	entry.CheckText(&wrong, "organisation", r.Named, store.AccessRequests.Most("named"))
	r.UnitNamed, r.Voucher = line("unit", f.Unit, "unit_named"), line("voucher", f.Voucher, "voucher")
	r.Why = strings.TrimSpace(markup.Clean(f.Why))
	entry.CheckText(&wrong, "why", r.Why, store.AccessRequests.Most("why"))
	err := rs.st.View(func(tx *db.Tx) error {
		if position := strings.TrimSpace(f.Position); position != "" {
			if r.Position = people.PositionOf(store.CurrentSettings(tx), position); r.Position == "" {
				wrong.Add("position", "error.position-unknown", "value", entry.Cut(markup.Line(position), 60))
			}
		}
		if err := readModules(tx, r, f.Modules, &wrong); err != nil {
			return err
		}
		return meant(tx, r)
	})
	if err == nil {
		err = wrong.Err()
	}
	return r, err
}

// readModules reads the codes of the modules, of those that are served here.
func readModules(tx *db.Tx, r *store.AccessRequest, codes []string, wrong *fault.Problems) error {
	switch {
	case len(codes) == 0:
		wrong.Add("modules", "error.access-modules")
	case len(codes) > mostModules:
		wrong.Add("modules", "error.access-modules-many", "max", mostModules)
		return nil
	}
	for _, code := range codes {
		m, err := store.ModulesByCode.PeekFirst(tx, strings.ToLower(strings.TrimSpace(code)))
		if fault.IgnoreNotFound(err) != nil {
			return err
		}
		var p policy.Place
		if err == nil {
			if p, err = policy.Placement(tx, m.ID); err != nil {
				return err
			}
		}
		switch {
		case m == nil || p.Retired:
			wrong.Add("modules", "error.module-unknown")
		case p.Channel != store.Here:
			*wrong = append(*wrong, fault.New(fault.Invalid, "error.module-elsewhere", "channel", p.Channel.String(), "address", p.Address, "module", p.Code).At("modules"))
		case r.Ask(m.ID) == nil:
			r.Asks = append(r.Asks, store.AccessAsk{Module: m.ID})
		}
	}
	return nil
}

// meant finds the organisation and the unit that were typed: by code or name, by the name of one that was taken in, else by
// the domain of the address, which belongs to the organisation. What is found nowhere stays as it was typed.
func meant(tx *db.Tx, r *store.AccessRequest) error {
	for _, find := range []func() (*store.Organisation, error){
		func() (*store.Organisation, error) {
			return store.OrganisationsByCode.PeekFirst(tx, strings.ToLower(r.Named))
		},
		func() (*store.Organisation, error) {
			return store.OrganisationsByName.PeekFirst(tx, spelling.Fold(r.Named))
		},
		func() (*store.Organisation, error) {
			return store.OrganisationsByFormer.PeekFirst(tx, spelling.Fold(r.Named))
		},
	} {
		o, err := find()
		if fault.IgnoreNotFound(err) != nil {
			return err
		}
		if err == nil {
			r.Organisation = o.ID
			break
		}
	}
	if r.Organisation == 0 {
		var err error
		if r.Organisation, err = people.OrganisationOf(tx, r.Email); err != nil {
			return err
		}
	}
	return unitOf(tx, r)
}

// unitOf finds the unit of the organisation that was typed.
func unitOf(tx *db.Tx, r *store.AccessRequest) error {
	if r.Organisation == 0 || r.UnitNamed == "" {
		return nil
	}
	u, err := store.UnitsByOrganisation.PeekFirst(tx, r.Organisation, spelling.Fold(r.UnitNamed))
	if err == nil {
		r.Unit = u.ID
	}
	return fault.IgnoreNotFound(err)
}
