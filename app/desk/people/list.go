package people

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"sportello/app/desk/entry"
	"sportello/app/desk/policy"
	"sportello/app/markup"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/fault"
	"sportello/store/key"
	"sportello/store/spelling"
)

// The list of an organisation is who belongs to it. A table says how it shall be: what that would do is shown first, and
// done as it was shown or not at all. Nobody is put on a list: who is new is invited, whether the desk knows them or not, so
// that a coordinator does not learn who is known elsewhere. What makes a coordinator is never changed by a table.

// ListEntry is what one line says of somebody's place in the organisation, in words. What it leaves empty stays as it is.
type ListEntry struct {
	Line     int      `json:"line,omitzero"` // of the table
	Email    string   `json:"email"`
	Name     string   `json:"name,omitzero"`
	Unit     string   `json:"unit,omitzero"`     // name
	Position string   `json:"position,omitzero"` // code or name
	Modules  []string `json:"modules,omitempty"` // codes
	From     string   `json:"from,omitzero"`     // a moment, or the first day
	Until    string   `json:"until,omitzero"`    // a moment, or the last day
}

// ListColumns are those of such a table.
var ListColumns = []string{"email", "name", "organisation", "unit", "position", "modules", "from", "until"}

// ListWords are other names that offices use for the columns.
var ListWords = map[string]string{"e-mail": "email", "mail": "email", "posta elettronica": "email", "indirizzo e-mail": "email", "indirizzo email": "email", "indirizzo": "email", "address": "email",
	"e-mail address": "email", "nome": "name", "nome e cognome": "name", "cognome e nome": "name", "nominativo": "name", "full name": "name", "ateneo": "organisation", "ente": "organisation",
	"organization": "organisation", "struttura": "unit", "ufficio": "unit", "office": "unit", "department": "unit", "dipartimento": "unit", "qualifica": "position", "ruolo": "position", "role": "position",
	"moduli": "modules", "modulo": "modules", "module": "modules", "applicazioni": "modules", "dal": "from",
	"dal giorno": "from", "from day": "from", "fino al giorno, compreso": "until", "until and including day": "until", "al": "until", "fino al": "until", "scadenza": "until", "expires": "until"}

// ListRow reads an entry from the cells of a line, by the names of ListColumns. A line of another organisation is Invalid.
func ListRow(o *store.Organisation, line int, value func(column string) string) (ListEntry, error) {
	if named := value("organisation"); named != "" && strings.ToLower(named) != o.Code && spelling.Fold(named) != spelling.Fold(o.Name) {
		return ListEntry{}, fault.New(fault.Invalid, "error.organisation-other", "organisation", o.Name).At("organisation")
	}
	return ListEntry{Line: line, Email: value("email"), Name: value("name"), Unit: value("unit"), Position: value("position"), From: sheetDay(value("from")), Until: sheetDay(value("until")),
		Modules: strings.FieldsFunc(value("modules"), func(r rune) bool { return strings.ContainsRune(",;| \t\r\n", r) })}, nil
}

// sheetDay returns a day as spreadsheet programs in Italy write it in the form that Begins and Ends read, anything else as it is.
func sheetDay(s string) string {
	for _, layout := range []string{"2/1/2006", "2/1/06", "2-1-2006", "2.1.2006"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.Format(time.DateOnly)
		}
	}
	return s
}

// ListPlan is what a table does to a list.
type ListPlan struct {
	New     []ListItem // are invited
	Changed []ListItem
	Gone    []ListItem // their affiliation ends at once
	Missing int        // of the list who are not in the table and stay
	Same    int        // as they are
	Asked   int        // invited already, and have yet to answer
	Refused []ListRefusal
	Sum     string // of all that it does
}

// Does reports whether the plan changes anything.
func (p *ListPlan) Does() bool { return len(p.New)+len(p.Changed)+len(p.Gone) > 0 }

// ListItem is one thing that a table does. Was is zero where something is added, Is where it ends.
type ListItem struct {
	Person      uint64 // 0: whoever has the address
	Email, Name string
	Was, Is     store.Affiliation
}

// ListRefusal is what is wrong with a line.
type ListRefusal struct {
	Line  int
	Email string
	Err   *fault.Error
}

// mostInList limits the lines of one table.
const mostInList = 20000

// PlanList returns what the entries would do to the list of the organisation; with whole, who is not among them leaves it. It
// changes nothing, and returns errors as MayInvite does.
func (ps *People) PlanList(a policy.Actor, organisation uint64, entries []ListEntry, whole bool) (*ListPlan, error) {
	if err := ps.MayInvite(a, organisation); err != nil {
		return nil, err
	}
	var out *ListPlan
	err := ps.st.View(func(tx *db.Tx) (err error) {
		out, err = ps.planList(tx, a, organisation, entries, whole)
		return err
	})
	return out, err
}

// listed is one person of the list, with what of their affiliations the actor may change.
type listed struct {
	person *store.Person
	hats   []store.Affiliation
	taken  []bool // by a line
	fixed  bool   // belongs there by what the actor may not change
}

// planner makes one plan.
type planner struct {
	ps           *People
	tx           *db.Tx
	a            policy.Actor
	organisation *store.Organisation
	units        map[string]uint64 // by folded name
	only         uint64            // the one unit that the actor looks after
	list         map[string]*listed
	positions    map[string]string
	modules      map[string]uint64
	out          *ListPlan
}

func (ps *People) planList(tx *db.Tx, a policy.Actor, organisation uint64, entries []ListEntry, whole bool) (*ListPlan, error) {
	if len(entries) > mostInList {
		return nil, fault.New(fault.Invalid, "error.list-long", "max", mostInList)
	}
	o, err := store.Organisations.Get(tx, organisation)
	if err != nil {
		return nil, err
	}
	w := &planner{ps: ps, tx: tx, a: a, organisation: o, units: map[string]uint64{}, list: map[string]*listed{}, positions: map[string]string{}, modules: map[string]uint64{}, out: &ListPlan{}}
	units, err := store.UnitsByOrganisation.Find(tx, organisation)
	if err != nil {
		return nil, err
	}
	for _, u := range units {
		w.units[spelling.Fold(u.Name)] = u.ID
	}
	if mine, all := lookedAfter(a, organisation, tx.Now()); !all && len(mine) == 1 {
		w.only = mine[0]
	}
	if err := w.read(); err != nil {
		return nil, err
	}
	if err := w.lines(entries); err != nil {
		return nil, err
	}
	w.leftOut(whole)
	return w.out, w.sum()
}

// read reads who is on the list.
func (w *planner) read() error {
	now := w.tx.Now()
	for p, err := range store.PeopleByOrganisation.Rows(w.tx, db.Span{Prefix: key.Of(w.organisation.ID, false)}) {
		if err != nil {
			return err
		}
		one := &listed{person: p}
		seen, _ := policy.HatsSeen(w.a, p, now)
		for _, h := range seen {
			switch {
			case h.Organisation != w.organisation.ID || h.Past(now):
			case !h.Coordinator && policy.MayAccount(w.a, policy.GiveHat, policy.Account{Person: p, Hat: h.Hat(), At: now}):
				one.hats = append(one.hats, h)
			default:
				one.fixed = true
			}
		}
		if one.taken = make([]bool, len(one.hats)); one.fixed || len(one.hats) > 0 {
			w.list[p.Email] = one
		}
	}
	return nil
}

// line is an entry whose words are read: what it says, and of what it says nothing.
type line struct {
	ListEntry
	hat store.Affiliation
}

// lines plans the entries.
func (w *planner) lines(entries []ListEntry) error {
	var fresh []line
	known := map[string][]line{}
	var order []string
	type saying struct {
		email    string
		hat      store.Hat
		position string
	}
	said := map[saying]bool{}
	for _, e := range entries {
		var wrong fault.Problems
		e.Email = entry.CleanAddress(&wrong, "email", e.Email)
		l := line{e, w.hat(&wrong, e)}
		one := w.list[e.Email]
		if one == nil {
			if e.Name = markup.Line(e.Name); e.Name == "" {
				e.Name = e.Email
			}
			entry.CheckText(&wrong, "name", e.Name, entry.MaxName)
			l.ListEntry = e
		}
		if says := (saying{e.Email, l.hat.Hat(), l.hat.Position}); len(wrong) == 0 {
			if said[says] {
				wrong.Add("email", "error.list-twice")
			}
			said[says] = true
		}
		switch {
		case len(wrong) > 0:
			w.refuse(e, wrong)
			if one != nil {
				one.keep() // a line that cannot be read takes nobody off the list
			}
		case one == nil:
			fresh = append(fresh, l)
		default:
			if known[e.Email] == nil {
				order = append(order, e.Email)
			}
			known[e.Email] = append(known[e.Email], l)
		}
	}
	for _, email := range order {
		w.match(w.list[email], known[email])
	}
	return w.invite(fresh)
}

func (one *listed) keep() {
	for i := range one.taken {
		one.taken[i] = true
	}
}

func (w *planner) refuse(e ListEntry, wrong fault.Problems) {
	for _, err := range wrong {
		w.out.Refused = append(w.out.Refused, ListRefusal{e.Line, e.Email, err})
	}
}

// hat reads where and as what the entry puts somebody.
func (w *planner) hat(wrong *fault.Problems, e ListEntry) store.Affiliation {
	h := store.Affiliation{Organisation: w.organisation.ID}
	if name := markup.Line(e.Unit); name != "" {
		if h.Unit = w.units[spelling.Fold(name)]; h.Unit == 0 {
			wrong.Add("unit", "error.unit-unknown")
		}
	}
	if called := markup.Line(e.Position); called != "" {
		code, known := w.positions[called]
		if !known {
			code = PositionOf(store.CurrentSettings(w.tx), called)
			w.positions[called] = code
		}
		if h.Position = code; code == "" {
			wrong.Add("position", "error.position-unknown", "value", entry.Cut(called, 60))
		}
	}
	for _, code := range e.Modules {
		code = strings.ToLower(strings.TrimSpace(code))
		id, known := w.modules[code]
		if !known {
			if m, err := store.ModulesByCode.PeekFirst(w.tx, code); err == nil {
				id = m.ID
			}
			w.modules[code] = id
		}
		if id == 0 {
			wrong.Add("modules", "error.module-unknown")
		} else if !slices.Contains(h.Modules, id) {
			h.Modules = append(h.Modules, id)
		}
	}
	var ok bool
	if h.From, ok = Begins(e.From, w.ps.loc); !ok {
		wrong.Add("from", "error.date")
	}
	if h.Until, ok = Ends(e.Until, w.ps.loc); !ok {
		wrong.Add("until", "error.date")
	}
	switch {
	case !ok || h.Until.IsZero():
	case !h.From.Before(h.Until):
		wrong.Add("until", "error.until-before-from")
	case !w.tx.Now().Before(h.Until):
		wrong.Add("until", "error.until-past")
	}
	return h
}

// match says for each line about somebody on the list which of their affiliations it means: the one that is like it most.
func (w *planner) match(one *listed, lines []line) {
	meant := make([]int, len(lines))
	for i := range meant {
		meant[i] = -1
	}
	for _, like := range []func(o, h store.Affiliation) bool{
		func(o, h store.Affiliation) bool { return o.Unit == h.Unit && o.Position == h.Position },
		func(o, h store.Affiliation) bool {
			return (h.Unit == 0 || o.Unit == h.Unit) && (h.Position == "" || o.Position == h.Position)
		},
		func(o, h store.Affiliation) bool { return o.Unit == 0 || o.Unit == h.Unit },
		func(o, h store.Affiliation) bool { return true },
	} {
		for n, l := range lines {
			for i, o := range one.hats {
				if meant[n] < 0 && !one.taken[i] && like(o, l.hat) {
					meant[n], one.taken[i] = i, true
				}
			}
		}
	}
	for n, l := range lines {
		if meant[n] < 0 && one.fixed && len(one.hats) == 0 {
			w.out.Same++ // they belong there by what the actor does not change
			continue
		}
		item := ListItem{Person: one.person.ID, Email: one.person.Email, Name: one.person.Name, Is: l.hat}
		if i := meant[n]; i >= 0 {
			item.Was = one.hats[i]
			item.Is = l.onto(one.hats[i])
			if item.Is.Same(item.Was) {
				w.out.Same++
				continue
			}
		} else if item.Is.Unit == 0 {
			item.Is.Unit = w.only
		}
		for _, at := range []store.Affiliation{item.Was, item.Is} {
			if at.Organisation != 0 && !policy.MayAccount(w.a, policy.GiveHat, policy.Account{Person: one.person, Hat: at.Hat(), At: w.tx.Now()}) {
				w.refuse(l.ListEntry, fault.Problems{fault.New(fault.Invalid, "error.list-elsewhere").At("unit")})
				item.Is = item.Was
				break
			}
		}
		if !item.Is.Same(item.Was) {
			w.out.Changed = append(w.out.Changed, item)
		}
	}
}

// onto returns the affiliation with what the line says of it.
func (l line) onto(h store.Affiliation) store.Affiliation {
	h.Unit, h.Position = cmp.Or(l.hat.Unit, h.Unit), cmp.Or(l.hat.Position, h.Position)
	if len(l.hat.Modules) > 0 {
		sorted := func(m []uint64) []uint64 { return slices.Sorted(slices.Values(m)) }
		if !slices.Equal(sorted(l.hat.Modules), sorted(h.Modules)) {
			h.Modules = l.hat.Modules
		}
	}
	if l.From != "" {
		h.From = l.hat.From
	}
	if l.Until != "" {
		h.Until = l.hat.Until
	}
	return h
}

// invite plans the invitations of those who are not on the list.
func (w *planner) invite(fresh []line) error {
	guests, err := guestsOf(w.tx, w.organisation)
	if err != nil {
		return err
	}
	for _, l := range fresh {
		if l.Email == w.own() {
			w.out.Same++
			continue
		}
		if l.hat.Unit == 0 {
			l.hat.Unit = w.only
		}
		if !mayInvite(w.tx, w.a, l.hat.Hat()) {
			w.refuse(l.ListEntry, fault.Problems{fault.New(fault.Invalid, "error.list-elsewhere").At("unit")})
			continue
		}
		i, err := w.ps.invitation(w.tx, w.a, InvitationForm{Email: l.Email, Name: l.Name, Hat: l.hat})
		if err == nil {
			err = guests.room(w.tx, i)
		}
		var one *fault.Error
		var many fault.Problems
		switch {
		case err == nil:
			w.out.New = append(w.out.New, ListItem{Email: i.Email, Name: i.Name, Is: i.Gives()})
		case errors.Is(err, errWaits):
			w.out.Asked++
		case errors.As(err, &many):
			w.refuse(l.ListEntry, many)
		case errors.As(err, &one):
			w.refuse(l.ListEntry, fault.Problems{one.At(cmp.Or(one.Field, "email"))})
		default:
			return err
		}
	}
	return nil
}

// own returns the actor's own address: nobody invites themselves.
func (w *planner) own() string {
	if w.a.Person == nil {
		return ""
	}
	return w.a.Person.Email
}

// leftOut plans the end of what no line was about.
func (w *planner) leftOut(whole bool) {
	for _, email := range slices.Sorted(maps.Keys(w.list)) {
		one := w.list[email]
		for i, h := range one.hats {
			switch {
			case one.taken[i]:
			case whole:
				w.out.Gone = append(w.out.Gone, ListItem{Person: one.person.ID, Email: email, Name: one.person.Name, Was: h})
			default:
				w.out.Missing++
			}
		}
	}
}

// sum writes down what the plan does.
func (w *planner) sum() error {
	type hat struct {
		Unit        uint64
		Position    string
		Modules     []uint64
		From, Until time.Time
	}
	bare := func(h store.Affiliation) hat { return hat{h.Unit, h.Position, h.Modules, h.From.UTC(), h.Until.UTC()} }
	sum := sha256.New()
	to := json.NewEncoder(sum)
	for _, items := range [][]ListItem{w.out.New, w.out.Changed, w.out.Gone} {
		if err := to.Encode(len(items)); err != nil {
			return err
		}
		for _, i := range items {
			if err := to.Encode([]any{i.Person, i.Email, i.Name, bare(i.Was), bare(i.Is)}); err != nil {
				return err
			}
		}
	}
	w.out.Sum = hex.EncodeToString(sum.Sum(nil))
	return nil
}
