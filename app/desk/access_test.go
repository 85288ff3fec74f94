package desk

import (
	"fmt"
	"testing"
	"time"

	"sportello/app/desk/access"
	"sportello/app/desk/catalogue"
	"sportello/app/desk/policy"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/event"
	"sportello/store/fault"
	"sportello/store/key"
)

// asks has somebody of the address ask for the modules at the place, and confirm; it returns the number.
func (o *office) asks(email, organisation string, modules ...string) uint64 {
	o.t.Helper()
	mail := o.Post.Mail()
	mail.From, mail.Key = "sportello@desk.example", []byte("a key of thirty-two bytes for it")
	o.Post.SetMail(mail)
	_, err := o.Access.Ask(policy.Actor{Via: door.Page}, access.Form{Name: "Dina", Email: email, Organisation: organisation, Modules: modules, Why: "Serve."}, "192.0.2.1")
	need(o.t, err)
	var id uint64
	need(o.t, o.st.View(func(tx *db.Tx) error {
		for r, err := range store.AccessRequests.All(tx, 0, false) {
			need(o.t, err)
			id = r.ID
		}
		return nil
	}))
	number, err := o.Access.Confirm(o.Access.Token(id))
	need(o.t, err)
	return number
}

// rule sets who must agree for the module.
func (o *office) rule(module string, rule store.AccessRule) {
	o.t.Helper()
	need(o.t, o.st.Update(db.By{Act: act.ChangeSettings}, func(tx *db.Tx) error {
		m, err := store.Modules.Get(tx, o.module[module])
		need(o.t, err)
		m.Access = rule
		return store.Modules.Put(tx, m)
	}))
}

// atAccess is an office with an organisation, its coordinator, and people whom nobody should listen to.
func atAccess(t *testing.T) (*office, map[string]policy.Actor) {
	o := newOffice(t)
	who := map[string]policy.Actor{}
	var place uint64
	need(t, o.st.Update(db.By{Act: act.Seed}, func(tx *db.Tx) error {
		for _, name := range []string{"Ente Uno", "Ente Due"} {
			org := &store.Organisation{Code: store.FreeCode(tx, name), Name: name}
			need(t, store.Organisations.Put(tx, org))
			if name == "Ente Uno" {
				place = org.ID
			}
		}
		for name, p := range map[string]*store.Person{
			"coordinator": {Affiliations: []store.Affiliation{{Organisation: place, Coordinator: true}}},
			"agent":       {Groups: []store.Membership{{Group: o.group["csa"]}}},
			"supervisor":  {Groups: []store.Membership{{Group: o.group["csa"], Supervisor: true}}},
			"both":        {Groups: []store.Membership{{Group: o.group["csa"]}}, Affiliations: []store.Affiliation{{Organisation: place, Coordinator: true}}},
			"other agent": {Groups: []store.Membership{{Group: o.group["legale"]}}},
			"runner":      {Administrator: true},
		} {
			p.Name, p.Email = name, store.FreeCode(tx, name)+"@persone.example"
			need(t, store.People.Put(tx, p))
			who[name] = policy.Actor{Person: p, Via: door.Page}
		}
		return nil
	}))
	return o, who
}

// TestWhoMustAgreeIsARuleOfTheModule goes through each rule: who is refused, whose word waits for another, whose is enough.
func TestWhoMustAgreeIsARuleOfTheModule(t *testing.T) {
	for i, c := range []struct {
		rule      store.AccessRule
		email, at string
		says      string // who says yes, one after the other
		want      string // what comes of it: refused, waiting, granted
	}{
		{store.RuleAbove, "a@ente.example", "Ente Uno", "coordinator", "granted"},
		{store.RuleAbove, "a@ente.example", "Ente Uno", "agent", "granted"},
		{store.RuleAbove, "a@ente.example", "Ente Due", "agent", "granted"}, // nobody coordinates it
		{store.RuleAbove, "a@ente.example", "Ente Due", "coordinator", "nowhere"},
		{store.RuleAbove, "a@ente.example", "Ente Uno", "other agent", "nowhere"},
		{store.RuleCoordinator, "a@ente.example", "Ente Uno", "agent", "refused"},
		{store.RuleCoordinator, "a@ente.example", "Ente Uno", "coordinator", "granted"},
		{store.RuleCoordinator, "a@ente.example", "Ente Due", "supervisor", "refused"},
		{store.RuleCoordinator, "a@ente.example", "Ente Due", "runner", "granted"},
		{store.RuleGroup, "a@ente.example", "Ente Uno", "coordinator", "refused"},
		{store.RuleGroup, "a@ente.example", "Ente Uno", "supervisor", "granted"},
		{store.RuleBoth, "a@ente.example", "Ente Uno", "coordinator", "waiting"},
		{store.RuleBoth, "a@ente.example", "Ente Uno", "agent supervisor", "waiting"},
		{store.RuleBoth, "a@ente.example", "Ente Uno", "agent coordinator", "granted"},
		{store.RuleBoth, "a@ente.example", "Ente Uno", "both both", "waiting"}, // nobody agrees for both sides
		{store.RuleBoth, "a@ente.example", "Ente Uno", "both agent", "granted"},
		{store.RuleBoth, "a@ente.example", "Ente Uno", "runner", "granted"},
		{store.RuleEither, "a@gmail.com", "Ente Uno", "agent", "waiting"}, // anybody can have the address
		{store.RuleGroup, "a@gmail.com", "Ente Uno", "agent coordinator", "granted"},
		{store.RuleEither, "a@mail.libero.it", "Ente Due", "agent", "waiting"},
		{store.RuleEither, "a@mail.libero.it", "Ente Due", "agent runner", "granted"},
		{store.RuleEither, "a@ente.example", "Ente Ignoto", "agent", "conflict"}, // nobody has said which one it is
	} {
		o, who := atAccess(t)
		o.rule("csa", c.rule)
		number := o.asks(c.email, c.at, "csa")
		got := ""
		for _, name := range split(c.says) {
			v, err := o.Access.Decide(who[name], number, access.Decision{Module: "csa", Do: access.Approve})
			switch fault.KindOf(err) {
			case fault.NotFound:
				got = "nowhere"
			case fault.Denied:
				got = "refused"
			case fault.Conflict:
				got = "conflict"
			default:
				need(t, err)
				got = v.Asks[0].State.String()
			}
		}
		if got != c.want {
			t.Errorf("%d: rule %q at %s, %s says yes: %s, wanted %s", i, c.rule, c.at, c.says, got, c.want)
		}
	}
}

// split returns the names apart by spaces; "other agent" is one.
func split(s string) []string {
	if s == "other agent" {
		return []string{s}
	}
	var out []string
	for s != "" {
		var one string
		if n, _ := fmt.Sscan(s, &one); n != 1 {
			break
		}
		out = append(out, one)
		s = s[min(len(s), len(one)+1):]
	}
	return out
}

// TestOtherTermsNeedBothWordsAnew has the second person grant something else than the first agreed to.
func TestOtherTermsNeedBothWordsAnew(t *testing.T) {
	o, who := atAccess(t)
	o.rule("csa", store.RuleBoth)
	number := o.asks("a@ente.example", "Ente Uno", "csa")
	until := o.st.Now().AddDate(1, 0, 0)
	for _, c := range []struct {
		name  string
		until time.Time
		want  store.AskState
	}{{"agent", until, store.AskWaits}, {"coordinator", time.Time{}, store.AskWaits}, {"agent", time.Time{}, store.AskGranted}} {
		v, err := o.Access.Decide(who[c.name], number, access.Decision{Module: "csa", Do: access.Approve, Until: c.until})
		need(t, err)
		if v.Asks[0].State != c.want {
			t.Errorf("after %s: %v, wanted %v", c.name, v.Asks[0].State, c.want)
		}
	}
}

// TestTheCasesOfARequestHaveAnEnd goes through what may happen meanwhile.
func TestTheCasesOfARequestHaveAnEnd(t *testing.T) {
	o, who := atAccess(t)
	// Asked twice: the earlier one stands.
	first := o.asks("a@ente.example", "Ente Uno", "csa")
	if again := o.asks("a@ente.example", "Ente Uno", "csa"); again != first {
		t.Errorf("asked twice, request %d stands beside %d", again, first)
	}
	// An unknown organisation: a supervisor says which one it is, an agent may not.
	unknown := o.asks("b@ente.example", "Boh", "csa")
	var one uint64
	need(t, o.st.View(func(tx *db.Tx) error {
		org, err := store.OrganisationsByName.PeekFirst(tx, "ente uno")
		one = org.ID
		return err
	}))
	if err := o.Access.Assign(who["agent"], unknown, one); fault.KindOf(err) != fault.Denied {
		t.Errorf("an agent says which organisation it is: %v", err)
	}
	if err := o.Access.Assign(who["coordinator"], unknown, one); fault.KindOf(err) != fault.NotFound {
		t.Errorf("a coordinator does so: %v", err)
	}
	need(t, o.Access.Assign(who["supervisor"], unknown, one))
	if v, err := o.Access.Decide(who["coordinator"], unknown, access.Decision{Module: "csa", Do: access.Approve}); err != nil || v.State() != store.AskGranted {
		t.Errorf("then the coordinator grants it: %v", err)
	}
	// A module that is retired meanwhile is granted to nobody.
	need(t, o.st.Update(db.By{Act: act.ChangeSettings}, func(tx *db.Tx) error {
		m, err := store.Modules.Get(tx, o.module["csa"])
		need(t, err)
		m.Retired = true
		return store.Modules.Put(tx, m)
	}))
	if _, err := o.Access.Decide(who["agent"], first, access.Decision{Module: "csa", Do: access.Approve}); fault.KindOf(err) != fault.Conflict {
		t.Errorf("a retired module is granted: %v", err)
	}
	if _, err := o.Access.Decide(who["agent"], first, access.Decision{Module: "csa", Do: access.Refuse, Reason: "Non c'è più."}); err != nil {
		t.Errorf("and refused: %v", err)
	}
	// Nobody decides of their own request.
	if _, err := o.Access.Ask(who["agent"], access.Form{Organisation: "Ente Uno", Modules: []string{"legale"}, Why: "Serve."}, ""); err != nil {
		t.Fatal(err)
	}
	list, err := o.Access.List(who["agent"], 0)
	need(t, err)
	for _, v := range append(list.Waiting, list.Folded...) {
		if v.Person == who["agent"].ID() {
			t.Error("an agent sees their own request among those to decide")
		}
	}
}

// TestRequestsGoWhenTheirTimeIsOver looks at what is left of one that nobody confirmed, and of one that was refused.
func TestRequestsGoWhenTheirTimeIsOver(t *testing.T) {
	o, who := atAccess(t)
	refused := o.asks("a@ente.example", "Ente Uno", "csa")
	granted := o.asks("c@ente.example", "Ente Uno", "csa")
	_, err := o.Access.Decide(who["agent"], refused, access.Decision{Module: "csa", Do: access.Refuse, Reason: "No."})
	need(t, err)
	_, err = o.Access.Decide(who["agent"], granted, access.Decision{Module: "csa", Do: access.Approve})
	need(t, err)
	_, err = o.Access.Ask(policy.Actor{Via: door.Page}, access.Form{Name: "E", Email: "e@ente.example", Organisation: "x", Modules: []string{"csa"}, Why: "x"}, "")
	need(t, err)
	left := func() (requests, tickets, letters int) {
		_, err := o.Notices.Plan()
		need(t, err)
		need(t, o.st.View(func(tx *db.Tx) error {
			requests, tickets, letters = 0, 0, 0
			for range store.AccessRequests.All(tx, 0, false) {
				requests++
			}
			for range store.Tickets.All(tx, 0, false) {
				tickets++
			}
			for l, err := range store.Letters.All(tx, 0, false) {
				need(t, err)
				if len(l.Tells) == 1 && l.Tells[0].Access != 0 {
					letters++
				}
			}
			return nil
		}))
		return requests, tickets, letters
	}
	requests, tickets, _ := left()
	o.later(store.UnconfirmedLife - time.Hour)
	n, err := o.Access.Expire()
	if need(t, err); n != 0 {
		t.Errorf("%d went too early", n)
	}
	o.later(2 * time.Hour)
	n, err = o.Access.Expire()
	if r, _, _ := left(); n != 1 || err != nil || r != requests-1 {
		t.Errorf("%d went after seven days: %v", n, err)
	}
	o.later(366 * 24 * time.Hour)
	n, err = o.Access.Expire()
	if r, k, l := left(); n != 2 || err != nil || r != 0 || k != tickets-1 || l != 0 {
		t.Errorf("%d went after a year, %d requests, %d of %d tickets and %d letters are left: %v", n, r, k, tickets, l, err)
	}
}

func need(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestARefusedRequestGoesAfterAsManyMonthsAsTheSettingsSay, and they say one to 120.
func TestARefusedRequestGoesAfterAsManyMonthsAsTheSettingsSay(t *testing.T) {
	o, who := atAccess(t)
	refused := o.asks("a@ente.example", "Ente Uno", "csa")
	_, err := o.Access.Decide(who["agent"], refused, access.Decision{Module: "csa", Do: access.Refuse, Reason: "No."})
	need(t, err)
	set := (&store.Settings{}).WithDefaults()
	says := func(months int) error {
		_, err := o.Catalogue.ChangeSettings(who["runner"], 0, catalogue.SettingsForm{Service: &catalogue.Service{Matrix: set.Matrix, HoursDue: set.WorkingHours, DayBegins: set.DayBegins, DayEnds: set.DayEnds,
			CloseAfter: set.CloseAfter, ReopenWithin: set.ReopenWithin, AccessMonths: months}})
		return err
	}
	for _, months := range []int{-1, 121} {
		if err := says(months); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%d months: %v", months, err)
		}
	}
	need(t, says(3))
	o.later(85 * 24 * time.Hour)
	if n, err := o.Access.Expire(); n != 0 || err != nil {
		t.Errorf("%d went before three months: %v", n, err)
	}
	o.later(10 * 24 * time.Hour)
	if n, err := o.Access.Expire(); n != 1 || err != nil {
		t.Errorf("%d went after three months: %v", n, err)
	}
}

// TestWhoWasLetInGetsANewLinkForThePassword, not before anything is granted, and not one right after the other.
func TestWhoWasLetInGetsANewLinkForThePassword(t *testing.T) {
	o, who := atAccess(t)
	id := o.asks("a@ente.example", "Ente Uno", "csa")
	token := o.Access.Token(id)
	if err := o.Access.Renew(token); fault.KindOf(err) != fault.Conflict {
		t.Errorf("before it is granted: %v", err)
	}
	_, err := o.Access.Decide(who["agent"], id, access.Decision{Module: "csa", Do: access.Approve})
	need(t, err)
	_, err = o.Notices.Plan()
	need(t, err)
	if err := o.Access.Renew(token); fault.KindOf(err) != fault.TooMany {
		t.Errorf("right after the first link: %v", err)
	}
	links := func() (n int) {
		need(t, o.st.View(func(tx *db.Tx) error {
			n = 0
			for l, err := range store.LettersByTo.Rows(tx, db.Span{Prefix: key.Of("a@ente.example")}) {
				if need(t, err); l.Tells[0].Event == event.AccessOpened {
					n++
				}
			}
			return nil
		}))
		return n
	}
	before := links()
	o.later(4 * 24 * time.Hour) // the first link is over
	need(t, o.Access.Renew(token))
	if after := links(); before != 1 || after != 2 {
		t.Errorf("%d letters with a link, then %d", before, after)
	}
	if err := o.Access.Renew(token); fault.KindOf(err) != fault.TooMany {
		t.Errorf("twice at once: %v", err)
	}
	if err := o.Access.Renew("nothing"); fault.KindOf(err) != fault.NotFound {
		t.Errorf("by another link: %v", err)
	}
}

// TestARequestGoesWithAnOrganisationThatIsTakenIn: the coordinator of the other one decides, and lets people in there.
func TestARequestGoesWithAnOrganisationThatIsTakenIn(t *testing.T) {
	o, who := atAccess(t)
	o.rule("csa", store.RuleCoordinator)
	id := o.asks("a@due.example", "Ente Due", "csa")
	place := map[string]uint64{}
	need(t, o.st.View(func(tx *db.Tx) error {
		for _, name := range []string{"ente uno", "ente due"} {
			org, err := store.OrganisationsByName.PeekFirst(tx, name)
			need(t, err)
			place[name] = org.ID
		}
		return nil
	}))
	if _, err := o.Access.Read(who["coordinator"], id); fault.KindOf(err) != fault.NotFound {
		t.Errorf("before, the coordinator of the other organisation sees it: %v", err)
	}
	from := store.Hat{Organisation: place["ente due"]}
	said, err := o.Relocations.Preview(who["runner"], from, place["ente uno"])
	need(t, err)
	_, _, err = o.Relocations.Begin(who["runner"], from, place["ente uno"], said.Sum)
	need(t, err)
	for more := true; more; {
		more, err = o.Relocations.Step()
		need(t, err)
	}
	v, err := o.Access.Decide(who["coordinator"], id, access.Decision{Module: "csa", Do: access.Approve})
	if err != nil || v.State() != store.AskGranted {
		t.Fatalf("afterwards: %v", err)
	}
	need(t, o.st.View(func(tx *db.Tx) error {
		p, err := store.PeopleByEmail.First(tx, "a@due.example")
		need(t, err)
		if !p.Belongs(place["ente uno"], 0, tx.Now()) {
			t.Errorf("they belong to %+v", p.Affiliations)
		}
		return nil
	}))
}
