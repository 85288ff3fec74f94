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
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/fault"
	"sportello/store/key"
)

// A coordinator invites an address, and its owner decides. Whether the desk knows the address is not looked up before
// the invitation stands: who is told, and how, is planned from the change log afterwards. So neither the answer nor its
// duration nor what is listed tells a coordinator who is known elsewhere.

// The limits of invitations that were not accepted and could be, or could have been until they were declined or taken
// back.
const (
	mostInvited = 200 // of one organisation, to addresses of other mail domains than its own
	mostOfOne   = 3   // of one address in one place
)

// InvitationForm is an invitation as it is submitted. Of the affiliation it reads organisation, unit, position, modules,
// from and until: an invitation makes nobody coordinator.
type InvitationForm struct {
	Email, Name string
	Hat         store.Affiliation
}

// MayInvite returns nil for those who may invite people into the organisation or one of its units, a NotFound error for
// those who see none of its people, and a Denied error for the others.
func (ps *People) MayInvite(a policy.Actor, organisation uint64) error {
	return ps.st.View(func(tx *db.Tx) error {
		if _, err := store.Organisations.Get(tx, organisation); err != nil {
			return err
		}
		units, all := lookedAfter(a, organisation, tx.Now())
		if !all && len(units) == 0 {
			return fault.New(fault.NotFound, "error.not-found")
		}
		for _, unit := range append(units, 0) {
			if mayInvite(tx, a, store.Hat{Organisation: organisation, Unit: unit}) {
				return nil
			}
		}
		return policy.Denied(a)
	})
}

func mayInvite(tx *db.Tx, a policy.Actor, at store.Hat) bool {
	return policy.MayAccount(a, policy.Invite, policy.Account{Person: &store.Person{}, Hat: at, At: tx.Now()})
}

// Invite invites the owner of an address to wear a hat. It returns errors as MayInvite does, Conflict
// "error.invitation-no-mail" when the desk sends no mail, another when the address is invited there already or too
// much was invited, and all problems of the values as fault.Problems.
func (ps *People) Invite(a policy.Actor, f InvitationForm) (*store.Invitation, error) {
	if err := ps.MayInvite(a, f.Hat.Organisation); err != nil {
		return nil, err
	}
	var out *store.Invitation
	err := ps.st.Update(a.By(act.Invite), func(tx *db.Tx) error {
		out = nil
		if !mayInvite(tx, a, f.Hat.Hat()) {
			return fault.New(fault.Denied, "error.denied").At("affiliations")
		}
		if ps.post.Mail().From == "" {
			return fault.New(fault.Conflict, "error.invitation-no-mail")
		}
		o, err := store.Organisations.Get(tx, f.Hat.Organisation)
		if err != nil {
			return err
		}
		i, err := ps.invitation(tx, a, f)
		if err != nil {
			return err
		}
		guests, err := guestsOf(tx, o)
		if err != nil {
			return err
		}
		if err := guests.room(tx, i); err != nil {
			return err
		}
		out = i
		return store.Invitations.Put(tx, i)
	})
	return out, err
}

// invitation returns the row of the form, or all problems of its values.
func (ps *People) invitation(tx *db.Tx, a policy.Actor, f InvitationForm) (*store.Invitation, error) {
	var wrong fault.Problems
	now := tx.Now()
	i := &store.Invitation{Email: entry.CleanAddress(&wrong, "email", f.Email), Name: markup.Line(f.Name), Language: a.Lang(), By: a.ID(), Ends: now.Add(store.InvitationLife)}
	entry.CheckText(&wrong, "name", i.Name, entry.MaxName)
	h := f.Hat
	if code := PositionOf(store.CurrentSettings(tx), h.Position); code != "" {
		h.Position = code
	}
	h.From, h.Until = h.From.UTC(), h.Until.UTC()
	checkAffiliation(tx, &wrong, &h)
	if !h.Until.IsZero() && !now.Before(h.Until) {
		wrong.Add("affiliations", "error.until-past")
	} else if !h.Until.IsZero() && h.Until.Before(i.Ends) {
		i.Ends = h.Until
	}
	i.Organisation, i.Unit, i.Position, i.Modules, i.From, i.Until = h.Organisation, h.Unit, h.Position, h.Modules, h.From, h.Until
	return i, wrong.Err()
}

// guests counts who is invited into one organisation: of its own mail domains as many as it has people, of all others
// mostInvited.
type guests struct {
	of      *store.Organisation
	outside int
}

func guestsOf(tx *db.Tx, o *store.Organisation) (*guests, error) {
	g := &guests{of: o}
	for i, err := range store.InvitationsByPlace.Rows(tx, db.Span{Prefix: key.Of(o.ID)}) {
		if err != nil {
			return nil, err
		}
		if tx.Now().Before(i.Ends) && !g.owns(i.Email) {
			g.outside++
		}
	}
	return g, nil
}

// owns reports whether the address is of a mail domain of the organisation.
func (g *guests) owns(email string) bool {
	_, domain, _ := strings.Cut(email, "@")
	return slices.ContainsFunc(g.of.Domains, func(d string) bool { return domain == d || strings.HasSuffix(domain, "."+d) })
}

// errWaits is the Conflict of an address that was invited there and has yet to answer.
var errWaits = fault.New(fault.Conflict, "error.invitation-waits").At("email")

// room takes the invitation into the count. It returns a Conflict when the address is invited there already, or too much was
// invited.
func (g *guests) room(tx *db.Tx, i *store.Invitation) error {
	same := 0
	for o, err := range store.InvitationsByEmail.Rows(tx, db.Span{Prefix: key.Of(i.Email)}) {
		switch {
		case err != nil:
			return err
		case !tx.Now().Before(o.Ends) || o.Hat() != i.Hat():
			continue
		}
		if same++; o.Answer == store.Unanswered {
			return errWaits
		}
	}
	if same >= mostOfOne {
		return fault.New(fault.Conflict, "error.invitation-again").At("email")
	}
	if g.owns(i.Email) {
		return nil
	}
	if g.outside >= mostInvited {
		return fault.New(fault.Conflict, "error.invitations-many", "n", mostInvited)
	}
	g.outside++
	return nil
}

// Invitations returns the invitations into the organisation that the actor may take back, the newest first: those that
// wait, were declined, or ended without an answer. It returns NotFound and Denied errors as MayInvite does.
func (ps *People) Invitations(a policy.Actor, organisation uint64) ([]*store.Invitation, error) {
	if err := ps.MayInvite(a, organisation); err != nil {
		return nil, err
	}
	var out []*store.Invitation
	err := ps.st.View(func(tx *db.Tx) error {
		out = nil
		for i, err := range store.InvitationsByPlace.Rows(tx, db.Span{Prefix: key.Of(organisation)}) {
			if err != nil {
				return err
			}
			if i.Answer != store.TakenBack && mayInvite(tx, a, i.Hat()) {
				i.Hash = ""
				out = append(out, i)
			}
		}
		slices.SortFunc(out, func(x, y *store.Invitation) int { return cmp.Compare(y.ID, x.ID) })
		return nil
	})
	return out, err
}

// TakeInvitationBack takes back an invitation that waits for an answer. It returns a NotFound error when the actor may not
// invite there, and a Conflict when there is nothing to take back any more.
func (ps *People) TakeInvitationBack(a policy.Actor, id uint64) error {
	return ps.st.Update(a.By(act.TakeInvitationBack), func(tx *db.Tx) error {
		i, err := store.Invitations.Get(tx, id)
		if err != nil {
			return err
		}
		if !mayInvite(tx, a, i.Hat()) {
			return fault.New(fault.NotFound, "error.not-found")
		}
		if !i.Waits(tx.Now()) {
			return entry.Conflict("error.invitation-over")
		}
		i.Answer, i.Hash = store.TakenBack, ""
		return store.Invitations.Put(tx, i)
	})
}

// Invited returns the invitations to the actor's own address that they can accept now, the newest first.
func (ps *People) Invited(a policy.Actor) ([]*store.Invitation, error) {
	if !a.SignedIn() {
		return nil, policy.Denied(a)
	}
	var out []*store.Invitation
	err := ps.st.View(func(tx *db.Tx) error {
		out = nil
		p, err := store.People.Get(tx, a.ID())
		if err != nil {
			return err
		}
		for i, err := range store.InvitationsByEmail.Rows(tx, db.Span{Prefix: key.Of(p.Email), Desc: true}) {
			if err != nil {
				return err
			}
			if i.Waits(tx.Now()) {
				i.Hash = ""
				out = append(out, i)
			}
		}
		return nil
	})
	return out, err
}

// AnswerInvitation accepts or declines an invitation to the actor's own address. It returns NotFound for any other.
func (ps *People) AnswerInvitation(a policy.Actor, id uint64, accept bool) error {
	did := act.DeclineInvitation
	if accept {
		did = act.AcceptInvitation
	}
	return ps.st.Update(a.By(did), func(tx *db.Tx) error {
		i, err := store.Invitations.Get(tx, id)
		if err != nil {
			return err
		}
		p, err := store.PeopleByEmail.First(tx, i.Email)
		if err != nil || !policy.MayAccount(a, policy.AnswerInvitation, policy.Account{Person: p, At: tx.Now()}) {
			return fault.New(fault.NotFound, "error.not-found")
		}
		if !i.Waits(tx.Now()) {
			return fault.New(fault.Conflict, "error.invitation-gone") // their own: they may know that it was there
		}
		if !accept {
			return decline(tx, i)
		}
		return ps.wear(tx, i, p)
	})
}

func decline(tx *db.Tx, i *store.Invitation) error {
	i.Answer, i.Hash = store.Declined, ""
	return store.Invitations.Put(tx, i)
}

// wear gives the person the hat of the invitation, which goes.
func (ps *People) wear(tx *db.Tx, i *store.Invitation, p *store.Person) error {
	h := i.Gives()
	h.Given = tx.Now()
	if err := give(tx, p, h); err != nil {
		return err
	}
	if err := store.Invitations.Delete(tx, i.ID); err != nil {
		return err
	}
	return store.People.Put(tx, p)
}

// give adds an affiliation to the row of the person, unless they have the same. It returns the problems of its values.
func give(tx *db.Tx, p *store.Person, h store.Affiliation) error {
	var wrong fault.Problems
	if checkAffiliation(tx, &wrong, &h); len(wrong) > 0 {
		return wrong.Err()
	}
	h.Warned = warned(&h, h.Given)
	has := func(o store.Affiliation) bool {
		return o.Hat() == h.Hat() && o.Position == h.Position && o.Coordinator == h.Coordinator && !o.Named && o.From.Equal(h.From) && o.Until.Equal(h.Until) && slices.Equal(o.Modules, h.Modules)
	}
	if !slices.ContainsFunc(slices.Collect(p.Open), has) {
		p.Affiliations = append(slices.Clone(p.Affiliations), h)
	}
	return nil
}

// Grant gives the person an affiliation that a request for credentials led to, with its one module: one like it that they have
// takes the module in. It asks no right: whoever decided had it.
func (ps *People) Grant(tx *db.Tx, p *store.Person, h store.Affiliation) error {
	h.Source, h.Given = store.FromRequest, tx.Now()
	like := func(o store.Affiliation) bool {
		return o.Holds(tx.Now()) && o.Hat() == h.Hat() && o.Position == h.Position && o.Coordinator == h.Coordinator && o.Until.Equal(h.Until) && (o.Source == h.Source || len(o.Modules) > 0)
	}
	if i := slices.IndexFunc(p.Affiliations, like); i >= 0 {
		p.Affiliations = slices.Clone(p.Affiliations)
		o := &p.Affiliations[i]
		for _, m := range h.Modules {
			if !slices.Contains(o.Modules, m) {
				o.Modules = append(slices.Clone(o.Modules), m)
			}
		}
	} else if err := give(tx, p, h); err != nil {
		return err
	}
	return store.People.Put(tx, p)
}

// LinkedInvitation is an invitation as the reader of its letter sees it.
type LinkedInvitation struct {
	*store.Invitation
	SignsIn bool // its address belongs to somebody who can sign in, and then answers there
}

// LinkedInvitation returns the invitation of the secret in a letter, or NotFound "error.invitation-gone".
func (ps *People) LinkedInvitation(secret string) (LinkedInvitation, error) {
	var out LinkedInvitation
	err := ps.st.View(func(tx *db.Tx) error {
		i, p, err := ps.linked(tx, secret)
		if err == nil {
			i.Hash = ""
			out = LinkedInvitation{i, CanSignIn(tx, p)}
		}
		return err
	})
	return out, err
}

// CanSignIn reports whether the person can sign in at the moment; nil is nobody.
func CanSignIn(tx *db.Tx, p *store.Person) bool {
	return p != nil && p.Password != "" && p.MayEnter(tx.Now())
}

// linked returns the invitation of the secret, and the person with its address, nil for nobody. Who was disabled cannot
// answer.
func (ps *People) linked(tx *db.Tx, secret string) (*store.Invitation, *store.Person, error) {
	i, err := ps.keeper.InvitationTx(tx, secret)
	if err != nil {
		return nil, nil, err
	}
	p, err := store.PeopleByEmail.First(tx, i.Email)
	switch {
	case errors.Is(err, fault.ErrNotFound):
		return i, nil, nil
	case err == nil && (p.Disabled || p.IsService()):
		err = fault.New(fault.NotFound, "error.invitation-gone")
	}
	return i, p, err
}

// AcceptLinked accepts the invitation of the secret in a letter, for somebody who cannot sign in yet: it adds them, if the
// desk does not know them, under the name, and sets the password. It returns NotFound "error.invitation-gone", Conflict
// "error.invitation-sign-in" when the address belongs to somebody who can sign in, and the errors of credential.Rule.
func (ps *People) AcceptLinked(secret, name, password string) (*store.Person, error) {
	v, err := ps.LinkedInvitation(secret)
	if err != nil {
		return nil, err
	}
	signIn := fault.New(fault.Conflict, "error.invitation-sign-in")
	if v.SignsIn {
		return nil, signIn
	}
	var wrong fault.Problems
	name = markup.Line(name)
	entry.CheckText(&wrong, "name", name, entry.MaxName)
	if err := wrong.Err(); err != nil {
		return nil, err
	}
	if err := credential.Rule(password, v.Email, name); err != nil {
		return nil, err
	}
	hash, err := credential.Hash(password)
	if err != nil {
		return nil, err
	}
	var out *store.Person
	err = ps.st.Update(db.By{Via: door.Page, Act: act.AcceptInvitation}, func(tx *db.Tx) error {
		i, p, err := ps.linked(tx, secret)
		if err != nil {
			return err
		}
		if CanSignIn(tx, p) {
			return signIn
		}
		if p == nil {
			p = &store.Person{Email: i.Email, Language: i.Language}
		}
		p.Name = name
		if err := ps.wear(tx, i, p); err != nil {
			return err
		}
		out = p
		return ps.keeper.SetPasswordTx(tx, p, hash)
	})
	if err != nil {
		return nil, err
	}
	return Bare(out), nil
}

// DeclineLinked declines the invitation of the secret in a letter.
func (ps *People) DeclineLinked(secret string) error {
	return ps.st.Update(db.By{Via: door.Page, Act: act.DeclineInvitation}, func(tx *db.Tx) error {
		i, _, err := ps.linked(tx, secret)
		if err != nil {
			return err
		}
		return decline(tx, i)
	})
}

// dropInvitations removes the invitations into a unit or, with unit 0, into the organisation, which goes as well.
func dropInvitations(tx *db.Tx, organisation, unit uint64) error {
	span := db.Span{Prefix: key.Of(organisation)}
	if unit != 0 {
		span.Prefix = key.Of(organisation, unit)
	}
	for _, e := range slices.Collect(store.InvitationsByPlace.Entries(tx, span)) {
		if err := store.Invitations.Delete(tx, e.ID); err != nil {
			return err
		}
	}
	return nil
}
