package people

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"sportello/app/credential"
	"sportello/app/desk/entry"
	"sportello/app/desk/policy"
	"sportello/app/markup"
	"sportello/search/analysis"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/event"
	"sportello/store/fault"
	"sportello/store/key"
	"sportello/store/spelling"
)

// Read returns one person. Everyone may read themselves; administrators, supervisors and agents may read everybody.
// Others get a NotFound error.
func (ps *People) Read(a policy.Actor, id uint64) (*store.Person, error) {
	if !maySeePeople(a) && !a.IsAgent() && (!a.SignedIn() || a.ID() != id) {
		return nil, fault.New(fault.NotFound, "error.not-found")
	}
	var p *store.Person
	err := ps.st.View(func(tx *db.Tx) (err error) {
		p, err = store.People.Get(tx, id)
		return err
	})
	if err != nil {
		return nil, err
	}
	return Bare(p), nil
}

// Form is a person as the administration submits them.
type Form struct {
	Email         string
	Name          string
	Language      string
	Phone         string
	Administrator bool
	Editor        bool
	Groups        []store.Membership
	Affiliations  []store.Affiliation // whose end is not recorded; see PutAffiliations
	Disabled      bool
}

// FormOf returns the form that leaves the person unchanged.
func FormOf(p *store.Person) Form {
	return Form{Email: p.Email, Name: p.Name, Language: p.Language, Phone: p.Phone,
		Administrator: p.Administrator, Editor: p.Editor, Groups: slices.Clone(p.Groups), Affiliations: slices.Collect(p.Open), Disabled: p.Disabled}
}

// Add adds a person and mails them a link for choosing a password, valid once and for three days. If no mail can be
// sent to them, and on the command line, whose user may do everything, it returns the secret of the link instead, to be
// handed over: a new person owns nothing yet. Supervisors may add agents of groups they supervise and give no other
// role. It returns all problems as fault.Problems.
func (ps *People) Add(a policy.Actor, f Form) (*store.Person, string, error) {
	if !maySeePeople(a) {
		return nil, "", policy.Denied(a)
	}
	var out *store.Person
	var link string
	err := ps.st.Update(a.By(act.AddPerson), func(tx *db.Tx) error {
		p := &store.Person{}
		link, out = "", nil
		if err := ps.fill(tx, a, p, f); err != nil {
			return err
		}
		if err := store.People.Put(tx, p); err != nil {
			return err
		}
		out = p
		var err error
		switch {
		case !p.MayEnter(tx.Now()):
		case !a.System && ps.post.Reaches(tx, p):
			err = ps.post.PlanAccountLetter(tx, p, p.Email, store.Telling{Event: event.Invited, By: a.ID()})
		case policy.MayAccount(a, policy.HandLink, policy.Account{Person: &store.Person{}}):
			link, err = ps.keeper.NewLinkTx(tx, p.ID, credential.ForPassword)
		}
		return err
	})
	if err != nil {
		return nil, "", err
	}
	ps.post.Wake()
	return Bare(out), link, nil
}

// Change changes the person to match the form. Administrators may change everything; supervisors may only change who is
// an agent in the groups they supervise. The last enabled administrator must remain one. Disabling a person ends their
// sessions, tokens and links for good; a new address ends the links. saw is the revision the actor saw; 0 skips the
// check.
func (ps *People) Change(a policy.Actor, id, saw uint64, f Form) (*store.Person, error) {
	if !maySeePeople(a) {
		return nil, policy.Denied(a)
	}
	var out *store.Person
	err := ps.st.Update(a.By(act.ChangePerson), func(tx *db.Tx) error {
		p, err := store.People.Get(tx, id)
		if err != nil {
			return err
		}
		if err := entry.SameRev(saw, p.Rev); err != nil {
			return err
		}
		before := *p
		if err := ps.fill(tx, a, p, f); err != nil {
			return err
		}
		if err := keepAdministrator(tx, &before, p); err != nil {
			return err
		}
		if err := ps.endWithChange(tx, &before, p); err != nil {
			return err
		}
		out = p
		return store.People.Put(tx, p)
	})
	if err != nil {
		return nil, err
	}
	return Bare(out), nil
}

// keepAdministrator returns an error when the change would leave the desk without an administrator.
func keepAdministrator(tx *db.Tx, before, p *store.Person) error {
	if !before.Administrator || before.Disabled || p.Administrator && !p.Disabled {
		return nil
	}
	for o, err := range store.PeopleByRole.Rows(tx, db.Span{Prefix: key.Of("administrator")}) {
		if err != nil {
			return err
		}
		if o.ID != p.ID && !o.Disabled {
			return nil
		}
	}
	field := "administrator"
	if p.Disabled {
		field = "disabled"
	}
	return fault.New(fault.Invalid, "error.last-administrator").At(field)
}

// fill copies the form to the row, after checking its values and the actor's rights.
func (ps *People) fill(tx *db.Tx, a policy.Actor, p *store.Person, f Form) error {
	before := *p
	var wrong fault.Problems
	p.Email = entry.CleanAddress(&wrong, "email", f.Email)
	o, err := store.PeopleByEmail.First(tx, p.Email)
	if err == nil && o.ID != p.ID {
		wrong.Add("email", "error.email-taken")
	} else if err := fault.IgnoreNotFound(err); err != nil {
		return err
	}
	p.Name = markup.Line(f.Name)
	entry.CheckText(&wrong, "name", p.Name, entry.MaxName)
	p.Language = entry.CleanLanguage(&wrong, "language", f.Language)
	p.Phone = entry.CleanLine(&wrong, "phone", f.Phone, entry.MaxShort)
	p.Administrator, p.Editor, p.Disabled = f.Administrator, f.Editor, f.Disabled
	p.Groups = memberships(tx, &wrong, f.Groups, before.Groups)
	p.Affiliations = affiliations(tx, a, &wrong, f.Affiliations, before.Affiliations, store.ByHand)
	if err := policy.MayChangeAccount(a, &before, p, tx.Now()); err != nil {
		return err
	}
	if before.ID == 0 && !a.IsAdministrator() && len(p.Groups) == 0 {
		return fault.New(fault.Invalid, "error.group-needed").At("groups")
	}
	return wrong.Err()
}

// checkPlace adds a problem when the organisation or unit does not exist or the unit belongs to another organisation.
// If only a unit is given, it sets its organisation.
func checkPlace(tx *db.Tx, wrong *fault.Problems, organisation *uint64, unit uint64) {
	if unit != 0 {
		u, err := store.Units.Get(tx, unit)
		switch {
		case err != nil:
			wrong.Add("unit", "error.unit-unknown")
		case *organisation == 0:
			*organisation = u.Organisation
		case u.Organisation != *organisation:
			wrong.Add("unit", "error.unit-elsewhere")
		}
	}
	if *organisation != 0 {
		if _, err := store.Organisations.Get(tx, *organisation); err != nil {
			wrong.Add("organisation", "error.organisation-unknown")
		}
	}
	if r, err := UnderWay(tx); err == nil && r != nil && r.Takes(store.Hat{Organisation: *organisation, Unit: unit}) {
		wrong.Add("organisation", "error.relocation-under-way")
	}
}

// memberships returns one membership for each group, as supervisor if any entry says so. A retired group is kept only
// if the person was in it before.
func memberships(tx *db.Tx, wrong *fault.Problems, in, had []store.Membership) []store.Membership {
	var out []store.Membership
	for _, m := range in {
		g, err := store.Groups.Get(tx, m.Group)
		was := slices.ContainsFunc(had, func(h store.Membership) bool { return h.Group == m.Group })
		if err != nil || g.Retired && !was {
			wrong.Add("groups", "error.group-unknown")
			continue
		}
		if i := slices.IndexFunc(out, func(o store.Membership) bool { return o.Group == m.Group }); i >= 0 {
			out[i].Supervisor = out[i].Supervisor || m.Supervisor
			continue
		}
		out = append(out, m)
	}
	slices.SortFunc(out, func(x, y store.Membership) int { return cmp.Compare(x.Group, y.Group) })
	return out
}

// EnsureRequester returns the person with the address. If there is none, it adds one without credentials, in the
// organisation that owns the mail domain. An empty name becomes the address. It returns Invalid "error.email" for an
// invalid address.
func (ps *People) EnsureRequester(tx *db.Tx, email, name string) (*store.Person, error) {
	email = spelling.Address(email)
	if !entry.IsAddress(email) {
		return nil, fault.New(fault.Invalid, "error.email").At("email")
	}
	p, err := store.PeopleByEmail.First(tx, email)
	if err == nil {
		return p, nil
	}
	if !errors.Is(err, fault.ErrNotFound) {
		return nil, err
	}
	p = &store.Person{Email: email, Name: entry.Cut(markup.Line(name), entry.MaxName)}
	if p.Name == "" {
		p.Name = email
	}
	if p.Affiliations, err = ByAddress(tx, email); err != nil {
		return nil, err
	}
	did := tx.By().Act
	tx.Act(act.AddPerson)
	err = store.People.Put(tx, p)
	tx.Act(did)
	return p, err
}

// ByAddress returns the affiliation of a person who is known by the address alone.
func ByAddress(tx *db.Tx, email string) ([]store.Affiliation, error) {
	organisation, err := OrganisationOf(tx, email)
	if err != nil || organisation == 0 {
		return nil, err
	}
	return []store.Affiliation{{Organisation: organisation, Source: store.FromAddress, Given: tx.Now()}}, nil
}

// OrganisationOf returns the organisation that owns the address's mail domain or a domain above it, 0 for none.
func OrganisationOf(tx *db.Tx, email string) (uint64, error) {
	_, domain, _ := strings.Cut(email, "@")
	for domain != "" {
		o, err := store.OrganisationsByDomain.First(tx, domain)
		if err == nil {
			return o.ID, nil
		}
		if !errors.Is(err, fault.ErrNotFound) {
			return 0, err
		}
		_, domain, _ = strings.Cut(domain, ".")
	}
	return 0, nil
}

// LanguageOf returns the language in which the desk writes about a ticket: the requester's own choice, else the one
// their words suggest, else that of their browser or mail program, else the desk's.
func LanguageOf(p *store.Person, words, said string) string {
	if p != nil && (p.Language == "it" || p.Language == "en") {
		return p.Language
	}
	if l := analysis.Language(words); l != "" {
		return l
	}
	if said == "en" {
		return said
	}
	return "it"
}
