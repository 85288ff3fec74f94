package release

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"sportello/app/desk/entry"
	"sportello/app/desk/installation"
	"sportello/app/desk/policy"
	"sportello/app/desk/ticket"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/fault"
	"sportello/store/key"
	"sportello/store/spelling"
)

// ReceiptView is a receipt as one actor may see it.
type ReceiptView struct {
	*store.Receipt
	Organisation *store.Organisation
	Unit         *store.Unit // nil for the organisation as a whole
	Module       *store.Module
	By           string // who gave the last answer; empty for the desk itself and a link
	Running      string // the version that runs there; empty: nobody said
	Beyond       string // the version that runs there and answers for it, where nobody has: the release's own or a newer one
	Late         bool   // its word is awaited, and its day is past
	Untested     bool   // production, while the same release is not installed in the test environment that the place has
	MayAnswer    bool
	Own          bool // the actor answers for the place as one of its own
}

// Receipts returns what organisations say of the release, by organisation, unit, module and environment: all of them to
// those of the desk who look after it, to coordinators those of their places.
func (rs *Releases) Receipts(a policy.Actor, number uint64) ([]ReceiptView, error) {
	var out []ReceiptView
	err := rs.st.View(func(tx *db.Tx) (err error) {
		out, err = rs.receipts(tx, a, number)
		return err
	})
	return out, err
}

func (rs *Releases) receipts(tx *db.Tx, a policy.Actor, number uint64) ([]ReceiptView, error) {
	r, err := store.Releases.Glance(tx, number)
	if err != nil {
		return nil, err
	}
	facts, err := policy.FactsOfRelease(tx, r)
	if err != nil {
		return nil, err
	}
	if err := facts.May(tx, a, policy.SeeRelease, store.Hat{}); err != nil {
		return nil, err
	}
	var out []ReceiptView
	for row, err := range store.ReceiptsByPlace.Rows(tx, db.Span{Prefix: key.Of(r.ID)}) {
		if err != nil {
			return nil, err
		}
		at := store.Hat{Organisation: row.Organisation, Unit: row.Unit}
		if facts.May(tx, a, policy.SeeReceipt, at) != nil {
			continue
		}
		v, err := rs.receiptView(tx, r, row)
		if err != nil {
			return nil, err
		}
		v.MayAnswer = facts.May(tx, a, policy.AnswerReceipt, at) == nil
		v.Own = v.MayAnswer && policy.AnswersFor(tx, a.Person, at, row.Module)
		out = append(out, v)
	}
	slices.SortStableFunc(out, func(x, y ReceiptView) int {
		return cmp.Or(strings.Compare(spelling.Fold(x.Organisation.Name), spelling.Fold(y.Organisation.Name)), strings.Compare(unitName(x.Unit), unitName(y.Unit)),
			strings.Compare(x.Module.Code, y.Module.Code), cmp.Compare(x.Environment, y.Environment))
	})
	return out, nil
}

func unitName(u *store.Unit) string {
	if u == nil {
		return ""
	}
	return spelling.Fold(u.Name)
}

func (rs *Releases) receiptView(tx *db.Tx, r *store.Release, row *store.Receipt) (ReceiptView, error) {
	v := ReceiptView{Receipt: row}
	var err error
	if v.Late, err = rs.late(tx, r, row); err != nil {
		return v, err
	}
	if v.Beyond, err = BeyondAt(tx, r, row); err != nil {
		return v, err
	}
	if v.Organisation, err = store.Organisations.Peek(tx, row.Organisation); err != nil {
		return v, err
	}
	if row.Unit != 0 {
		if v.Unit, err = store.Units.Peek(tx, row.Unit); err != nil {
			return v, err
		}
	}
	if v.Module, err = store.Modules.Peek(tx, row.Module); err != nil {
		return v, err
	}
	if p, err := store.People.Peek(tx, row.Last.By); err == nil {
		v.By = p.Name
	}
	if i, err := store.InstallationsByPlace.PeekFirst(tx, row.Organisation, row.Unit, row.Module, row.Environment); err == nil {
		v.Running = i.Version
	} else if fault.IgnoreNotFound(err) != nil {
		return v, err
	}
	if row.Environment == store.Production {
		test, err := store.ReceiptsByPlace.PeekFirst(tx, r.ID, row.Organisation, row.Unit, row.Module, store.Test)
		if fault.IgnoreNotFound(err) != nil {
			return v, err
		}
		v.Untested = err == nil && test.Last.State != store.ReceiptInstalled
	}
	return v, nil
}

// Reply is what somebody says of a release for a place.
type Reply struct {
	Organisation string // code
	Unit         string // name; empty: the organisation as a whole
	Module       string // code; empty: the only one of the release
	Environment  store.Environment
	State        store.ReceiptState
	Date         time.Time // a day, at its beginning in UTC
	Reason       string
}

// Replied is what an answer did.
type Replied struct {
	Receipt ReceiptView
	Ran     string        // the newer version that runs there and stays, when an older one was said to be installed
	Ticket  *store.Ticket // the malfunction that a failure opened
}

// Answer writes down what somebody says of the release for a place. All answers are kept, the last one counts. What is
// installed moves the version of the installation, never backwards. A failure opens a malfunction in the name of whoever
// belongs to the organisation and says so. Only coordinators of the place and whom they named may answer, and agents of the module's group in
// its name.
func (rs *Releases) Answer(a policy.Actor, number uint64, reply Reply) (Replied, error) {
	var out Replied
	err := rs.st.Update(a.By(act.AnswerReceipt), func(tx *db.Tx) error {
		out = Replied{}
		r, err := store.Releases.Get(tx, number)
		if err != nil {
			return err
		}
		facts, err := policy.FactsOfRelease(tx, r)
		if err != nil {
			return err
		}
		if err := facts.May(tx, a, policy.SeeRelease, store.Hat{}); err != nil {
			return err
		}
		at, err := rs.place(tx, r, reply, func(h store.Hat) bool { return facts.May(tx, a, policy.AnswerReceipt, h) == nil },
			func(organisation uint64) error { return notFor(tx, a, facts, organisation) })
		if err != nil {
			return err
		}
		who := store.Statement{By: a.ID(), ByDesk: a.Person == nil || !a.Person.Belongs(at.Hat.Organisation, 0, tx.Now())}
		row, err := rs.answer(tx, a, r, at, reply, who, &out)
		if err != nil {
			return err
		}
		out.Receipt, err = rs.receiptView(tx, r, row)
		out.Receipt.MayAnswer = true
		return err
	})
	return out, err
}

// place returns the place of the reply, which may holds for. What somebody may not answer for is refused, as refuse says,
// before anything else of it is looked at, and organisations that the release did not go to are not there.
func (rs *Releases) place(tx *db.Tx, r *store.Release, reply Reply, may func(store.Hat) bool, refuse func(organisation uint64) error) (Place, error) {
	gone := fault.New(fault.NotFound, "error.not-found")
	o, err := store.OrganisationsByCode.First(tx, reply.Organisation)
	if err != nil {
		return Place{}, err
	}
	if !r.WentTo(o.ID) {
		return Place{}, gone
	}
	at := Place{Hat: store.Hat{Organisation: o.ID}, Environment: reply.Environment, Asked: true}
	var wrong fault.Problems
	if name := strings.TrimSpace(reply.Unit); name != "" {
		u, err := store.UnitsByOrganisation.First(tx, o.ID, spelling.Fold(name))
		if fault.IgnoreNotFound(err) != nil {
			return at, err
		}
		if err != nil {
			if !may(at.Hat) {
				return at, refuse(o.ID)
			}
			wrong.Add("unit", "error.unit-unknown")
		} else {
			at.Hat.Unit = u.ID
		}
	}
	if !may(at.Hat) {
		return at, refuse(o.ID)
	}
	switch {
	case reply.Module == "" && len(r.Modules) == 1:
		at.Module = r.Modules[0]
	default:
		m, err := store.ModulesByCode.PeekFirst(tx, strings.ToLower(strings.TrimSpace(reply.Module)))
		if fault.IgnoreNotFound(err) != nil {
			return at, err
		}
		if err != nil || !slices.Contains(r.Modules, m.ID) {
			wrong.Add("module", "error.module-of-release")
		} else {
			at.Module = m.ID
		}
	}
	if at.Environment == store.EnvironmentNone {
		wrong.Add("environment", "error.environment-needed")
	}
	return at, wrong.Err()
}

// answer writes the answer of who for the place.
func (rs *Releases) answer(tx *db.Tx, a policy.Actor, r *store.Release, at Place, reply Reply, who store.Statement, out *Replied) (*store.Receipt, error) {
	row, err := store.ReceiptsByPlace.First(tx, r.ID, at.Hat.Organisation, at.Hat.Unit, at.Module, at.Environment)
	if fault.KindOf(err) == fault.NotFound {
		row, err = newReceipt(tx, r, at), nil
	}
	if err != nil {
		return nil, err
	}
	if err := rs.check(tx, r, reply); err != nil {
		return nil, err
	}
	if reply.State == store.ReceiptRead && row.Last.State != store.ReceiptTold && row.ID != 0 {
		return row, nil // it says less than what was said
	}
	who.State, who.Date, who.Reason, who.At = reply.State, reply.Date, strings.TrimSpace(reply.Reason), tx.Now()
	if who.State == store.ReceiptInstalled && who.Date.IsZero() {
		who.Date = rs.today(tx)
	}
	if row.ID != 0 && row.Last.State != store.ReceiptTold {
		row.Earlier = append(slices.Clone(row.Earlier), row.Last)
	}
	row.Last = who
	if row.Opened.IsZero() {
		row.Opened = tx.Now()
	}
	if who.State == store.ReceiptInstalled {
		if out.Ran, err = installation.Installed(tx, at.Hat, at.Module, at.Environment, r.Version, who.Date, who.By, who.ByDesk); err != nil {
			return nil, err
		}
	}
	if who.State == store.ReceiptFailed && row.Ticket == 0 && a.Person != nil && !who.ByDesk {
		if out.Ticket, err = rs.failed(tx, a, r, at, who.Reason); err != nil {
			return nil, err
		}
		if out.Ticket != nil {
			row.Ticket = out.Ticket.ID
		}
		tx.Act(act.AnswerReceipt)
	}
	return row, store.Receipts.Put(tx, row)
}

func (rs *Releases) check(tx *db.Tx, r *store.Release, reply Reply) error {
	var wrong fault.Problems
	entry.CleanLine(&wrong, "reason", reply.Reason, store.Receipts.Most("last.reason"))
	today := rs.today(tx)
	switch reply.State {
	case store.ReceiptRead:
	case store.ReceiptPlanned:
		switch {
		case r.State == store.ReleaseWithdrawn:
			return entry.Conflict("error.release-withdrawn")
		case reply.Date.IsZero():
			wrong.Add("date", "error.required")
		case reply.Date.Before(today):
			wrong.Add("date", "error.date-past")
		}
	case store.ReceiptInstalled:
		if reply.Date.After(today) {
			wrong.Add("date", "error.date-future")
		}
	case store.ReceiptNotApplicable, store.ReceiptFailed:
		if strings.TrimSpace(reply.Reason) == "" {
			wrong.Add("reason", "error.reason-needed")
		}
	case store.ReceiptTold:
		wrong.Add("state", "error.receipt-state")
	default:
		wrong.Add("state", "error.receipt-state")
	}
	return wrong.Err()
}

// failed opens a malfunction about an installation that failed, in the language of whoever says so. It returns nil for a module that is served elsewhere: the
// failure stands among what waits for the group.
func (rs *Releases) failed(tx *db.Tx, a policy.Actor, r *store.Release, at Place, reason string) (*store.Ticket, error) {
	m, err := store.Modules.Peek(tx, at.Module)
	if err != nil {
		return nil, err
	}
	environment := rs.say(a.Lang(), "releases.failed-production")
	if at.Environment == store.Test {
		environment = rs.say(a.Lang(), "releases.failed-test")
	}
	name := m.Name.In(a.Lang()) + " " + r.Version
	t, err := rs.tickets.OpenIn(tx, a, ticket.Opening{
		Subject: entry.Cut(rs.say(a.Lang(), "releases.failed-subject", "name", name, "environment", environment), entry.MaxSubject),
		Body: rs.say(a.Lang(), "releases.failed-body") + "\n\n" + name + ": " + r.Title.In(a.Lang()) + "\n" +
			rs.say(a.Lang(), "releases.failed-environment", "environment", environment) + "\n\n" + reason,
		Kind: store.Malfunction, Module: at.Module, Severity: store.High, Urgency: store.NoDate, Affected: r.Version, Hat: a.Person.HatNear(at.Hat, tx.Now()),
	})
	if fault.KindOf(err) == fault.Invalid {
		return nil, nil
	}
	return t, err
}

// Opened says that the actor has opened the page of the release: the notices of it are read, and so are the receipts of the
// places for which they speak.
func (rs *Releases) Opened(a policy.Actor, number uint64) error {
	if a.Person == nil {
		return nil
	}
	var receipts, notices []uint64
	unopened := func(tx *db.Tx, row *store.Receipt) bool {
		return row.Last.State == store.ReceiptTold && policy.AnswersFor(tx, a.Person, store.Hat{Organisation: row.Organisation, Unit: row.Unit}, row.Module)
	}
	err := rs.st.View(func(tx *db.Tx) error {
		receipts, notices = nil, nil
		for n, err := range store.NoticesUnread.PeekRows(tx, db.Span{Prefix: key.Of(a.ID(), uint64(0))}) {
			if err != nil {
				return err
			}
			if n.Release == number {
				notices = append(notices, n.ID)
			}
		}
		for _, h := range a.Person.Answering(tx.Now()) {
			for row, err := range store.ReceiptsByOrganisation.PeekRows(tx, db.Span{Prefix: key.Of(h.Organisation, number)}) {
				if err != nil {
					return err
				}
				if unopened(tx, row) && !slices.Contains(receipts, row.ID) {
					receipts = append(receipts, row.ID)
				}
			}
		}
		return nil
	})
	if err != nil || len(receipts)+len(notices) == 0 {
		return err
	}
	return rs.st.Update(a.By(act.ReadRelease), func(tx *db.Tx) error {
		for _, id := range notices {
			n, err := store.Notices.Get(tx, id)
			if err != nil {
				return err
			}
			n.Read = true
			if err := store.Notices.Put(tx, n); err != nil {
				return err
			}
		}
		for _, id := range receipts {
			row, err := store.Receipts.Get(tx, id)
			if err != nil {
				return err
			}
			if !unopened(tx, row) {
				continue
			}
			row.Last = store.Statement{State: store.ReceiptRead, By: a.ID(), At: tx.Now()}
			row.Opened = tx.Now()
			if err := store.Receipts.Put(tx, row); err != nil {
				return err
			}
		}
		return nil
	})
}

// The link of a letter to a contact: it answers for the contact's organisation and module alone, for linkDays.
const (
	linkPurpose = "release"
	linkMAC     = 16
	linkDays    = 30
)

// LinkToken returns the token of a link by which the contact answers about the release.
func (rs *Releases) LinkToken(contact, number uint64, now time.Time) string {
	return rs.post.Token(linkPurpose, linkMAC, contact, number, uint64(now.AddDate(0, 0, linkDays).Unix())) // #nosec G115 -- after 1970
}

// Linked is what a contact sees by the link of a letter: the release without its files, and the receipts of its places.
type Linked struct {
	Release  *store.Release
	Modules  []*store.Module
	Contact  *store.Contact
	Receipts []ReceiptView
}

// OpenLink returns what the link opens. NotFound for a link that this desk did not make, is over, or whose contact is gone.
func (rs *Releases) OpenLink(token string) (Linked, error) {
	var out Linked
	err := rs.st.View(func(tx *db.Tx) (err error) {
		out, err = rs.openLink(tx, token)
		return err
	})
	return out, err
}

func (rs *Releases) openLink(tx *db.Tx, token string) (Linked, error) {
	gone := fault.New(fault.NotFound, "error.not-found")
	numbers, ok := rs.post.OpenToken(linkPurpose, linkMAC, token)
	if !ok || len(numbers) != 3 || tx.Now().After(time.Unix(int64(min(numbers[2], 1<<40)), 0)) { // #nosec G115 -- bounded
		return Linked{}, gone
	}
	c, err := store.Contacts.Get(tx, numbers[0])
	if err != nil {
		return Linked{}, err
	}
	r, err := store.Releases.Get(tx, numbers[1])
	if err != nil {
		return Linked{}, err
	}
	if c.Confirmed.IsZero() || !r.WentTo(c.Organisation) || !r.Out() {
		return Linked{}, gone
	}
	out := Linked{Release: r, Contact: c}
	for _, m := range r.Modules {
		if c.Module != 0 && !policy.Under(tx, m, c.Module) {
			continue
		}
		module, err := store.Modules.Peek(tx, m)
		if err != nil {
			return out, err
		}
		out.Modules = append(out.Modules, module)
		for row, err := range store.ReceiptsByPlace.Rows(tx, db.Span{Prefix: key.Of(r.ID, c.Organisation)}) {
			if err != nil {
				return out, err
			}
			if row.Module != m {
				continue
			}
			v, err := rs.receiptView(tx, r, row)
			if err != nil {
				return out, err
			}
			v.MayAnswer = true
			out.Receipts = append(out.Receipts, v)
		}
	}
	if len(out.Modules) == 0 {
		return out, gone
	}
	return out, nil
}

// AnswerByLink is Answer for whoever has the link of a letter to a contact.
func (rs *Releases) AnswerByLink(token string, a policy.Actor, reply Reply) (Replied, error) {
	var out Replied
	a = policy.Actor{Via: a.Via, Language: a.Language, Once: a.Once}
	err := rs.st.Update(a.By(act.AnswerReceipt), func(tx *db.Tx) error {
		out = Replied{}
		l, err := rs.openLink(tx, token)
		if err != nil {
			return err
		}
		at, err := rs.place(tx, l.Release, reply, func(h store.Hat) bool { return h.Organisation == l.Contact.Organisation },
			func(uint64) error { return fault.New(fault.NotFound, "error.not-found") })
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(l.Modules, func(m *store.Module) bool { return m.ID == at.Module }) {
			return fault.Problems{fault.New(fault.Invalid, "error.module-of-release").At("module")}
		}
		row, err := rs.answer(tx, a, l.Release, at, reply, store.Statement{ByLink: l.Contact.ID}, &out)
		if err != nil {
			return err
		}
		out.Receipt, err = rs.receiptView(tx, l.Release, row)
		out.Receipt.MayAnswer = true
		return err
	})
	return out, err
}
