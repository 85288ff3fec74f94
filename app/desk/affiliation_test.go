package desk

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"sportello/app/desk/people"
	"sportello/app/desk/policy"
	"sportello/app/desk/queue"
	"sportello/app/desk/ticket"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/fault"
)

// hats gives the person exactly these affiliations, as the administrator.
func (o *office) hats(name string, hats ...store.Affiliation) *store.Person {
	o.t.Helper()
	p, err := o.People.PutAffiliations(o.as("amministratore"), o.people[name].ID, 0, hats)
	if err != nil {
		o.t.Fatal(err)
	}
	if p, err = o.People.Read(system, p.ID); err != nil {
		o.t.Fatal(err)
	}
	o.people[name] = p
	return p
}

// turn records what is due of affiliations, and reads everybody again.
func (o *office) turn() int {
	o.t.Helper()
	n, err := o.People.TurnAffiliations()
	if err != nil {
		o.t.Fatal(err)
	}
	for name, p := range o.people {
		if o.people[name], err = o.People.Read(system, p.ID); err != nil {
			o.t.Fatal(err)
		}
	}
	return n
}

// sees reports whether the person sees the ticket, and whether it is in the list of what they coordinate.
func (o *office) sees(name string, n uint64) (page, list bool) {
	o.t.Helper()
	_, err := o.Tickets.Read(o.as(name), n)
	page = err == nil
	if err != nil && fault.KindOf(err) != fault.NotFound {
		o.t.Fatal(err)
	}
	lines, err := o.Queues.SideTickets(o.as(name), queue.SideQuery{Of: "organisation"})
	if err != nil {
		o.t.Fatal(err)
	}
	return page, slices.ContainsFunc(lines.Tickets, func(t *store.Ticket) bool { return t.ID == n })
}

func TestACoordinatorSeesFromTheFirstMinuteToTheLast(t *testing.T) {
	o := newOffice(t)
	n := o.open("csa").ID
	home, now := o.organis["Ateneo"], o.st.Now()
	o.hats("estraneo", store.Affiliation{Organisation: o.organis["Altro ente"]},
		store.Affiliation{Organisation: home, Coordinator: true, From: now.Add(24 * time.Hour), Until: now.Add(48 * time.Hour)})
	for _, c := range []struct {
		pass time.Duration
		want bool
	}{{0, false}, {24*time.Hour - time.Minute, false}, {2 * time.Minute, true}, {24*time.Hour - 3*time.Minute, true}, {2 * time.Minute, false}} {
		o.later(c.pass)
		if page, list := o.sees("estraneo", n); page != c.want || list != c.want {
			t.Errorf("after %v more: sees the page %t, the list %t; want %t", c.pass, page, list, c.want)
		}
	}
	o.turn()
	o.now.Add(-int64(36 * time.Hour))
	if page, list := o.sees("estraneo", n); page || list {
		t.Error("an end that is recorded is undone by putting the clock back")
	}
}

func TestAHatOpensNothingThatWasWrittenUnderAnother(t *testing.T) {
	o := newOffice(t)
	home, other := o.organis["Ateneo"], o.organis["Altro ente"]
	o.hats("ada", store.Affiliation{Organisation: home}, store.Affiliation{Organisation: other, Position: "student"})
	o.hats("estraneo", store.Affiliation{Organisation: other, Coordinator: true})
	write := func(hat store.Hat) *store.Ticket {
		t.Helper()
		ticket, err := o.Tickets.Open(o.as("ada"), ticket.Opening{Subject: "s", Body: "b", Hat: hat})
		if err != nil {
			t.Fatal(err)
		}
		if o.people["ada"], err = o.People.Read(system, o.people["ada"].ID); err != nil {
			t.Fatal(err)
		}
		return ticket
	}
	here, there := write(store.Hat{}), write(store.Hat{Organisation: other})
	if again := write(store.Hat{}); again.Organisation != other {
		t.Errorf("the hat that was worn last does not come first: %d", again.Organisation)
	}
	for _, c := range []struct {
		who         string
		here, there bool
	}{{"ada", true, true}, {"referente", true, false}, {"estraneo", false, true}} {
		for n, want := range map[uint64]bool{here.ID: c.here, there.ID: c.there} {
			page, list := o.sees(c.who, n)
			if page != want || c.who != "ada" && list != want {
				t.Errorf("%s: page of #%d %t, list %t, want %t", c.who, n, page, list, want)
			}
		}
	}
	o.hats("ada", store.Affiliation{Organisation: home})
	if v, err := o.Tickets.Read(o.as("ada"), there.ID); err != nil || v.Ticket.Organisation != other {
		t.Errorf("the ticket did not stay where it was written: %v", err)
	}
	if page, _ := o.sees("estraneo", there.ID); !page {
		t.Error("the coordinator no longer sees what was written under their organisation")
	}
	_, err := o.Tickets.Open(o.as("ada"), ticket.Opening{Subject: "s", Body: "b", Hat: store.Hat{Organisation: other}})
	wants(t, err, fault.Invalid, "error.hat", "hat")
	_, err = o.Tickets.Open(o.as("ada"), ticket.Opening{Subject: "s", Body: "b", Hat: store.Hat{Organisation: policy.Nowhere}})
	wants(t, err, fault.Invalid, "error.hat", "hat")
}

func TestACoordinatorOpensForTheirPeopleUnderTheirOwnHatAlone(t *testing.T) {
	o := newOffice(t)
	home, other := o.organis["Ateneo"], o.organis["Altro ente"]
	o.hats("ada", store.Affiliation{Organisation: other}, store.Affiliation{Organisation: home})
	got, err := o.Tickets.Open(o.as("referente"), ticket.Opening{Subject: "s", Body: "b", For: o.people["ada"].ID})
	if err != nil || got.Organisation != home {
		t.Fatalf("%v under %d, want %d", err, got.Organisation, home)
	}
	_, err = o.Tickets.Open(o.as("referente"), ticket.Opening{Subject: "s", Body: "b", For: o.people["ada"].ID, Hat: store.Hat{Organisation: other}})
	wants(t, err, fault.Invalid, "error.hat", "hat")
	o.hats("ada", store.Affiliation{Organisation: other}, store.Affiliation{Organisation: home, From: o.st.Now().Add(time.Hour)})
	_, err = o.Tickets.Open(o.as("referente"), ticket.Opening{Subject: "s", Body: "b", For: o.people["ada"].ID})
	wants(t, err, fault.Denied, "error.open-for", "requester")
}

func TestACoordinatorOfTwoOrganisationsSeesBothInOneList(t *testing.T) {
	o := newOffice(t)
	home, other := o.organis["Ateneo"], o.organis["Altro ente"]
	unit := o.people["unita"].Coordinated(o.st.Now())[0].Unit
	o.hats("ada", store.Affiliation{Organisation: home, Unit: unit}, store.Affiliation{Organisation: home}, store.Affiliation{Organisation: other})
	o.hats("collega", store.Affiliation{Organisation: other, Coordinator: true}, store.Affiliation{Organisation: home, Unit: unit, Coordinator: true})
	var want []uint64
	for i, h := range []store.Hat{{Organisation: home, Unit: unit}, {Organisation: other}, {Organisation: home}, {Organisation: home, Unit: unit}} {
		o.later(time.Minute)
		k, err := o.Tickets.Open(o.as("ada"), ticket.Opening{Subject: "s", Body: "b", Hat: h})
		if err != nil {
			t.Fatal(err)
		}
		if i != 2 {
			want = append([]uint64{k.ID}, want...)
		}
	}
	page, err := o.Queues.SideTickets(o.as("collega"), queue.SideQuery{Of: "organisation"})
	if err != nil {
		t.Fatal(err)
	}
	var got []uint64
	for _, k := range page.Tickets {
		got = append(got, k.ID)
	}
	if !slices.Equal(got, want) {
		t.Errorf("list %v, want %v: each once, the newest first", got, want)
	}
}

func TestWhoMayGiveAffiliations(t *testing.T) {
	o := newOffice(t)
	home, other := o.organis["Ateneo"], o.organis["Altro ente"]
	unit := o.people["unita"].Coordinated(o.st.Now())[0].Unit
	o.hats("collega", store.Affiliation{Organisation: home}, store.Affiliation{Organisation: other})
	same := func(p *store.Person) []store.Affiliation { return slices.Collect(p.Open) }
	for _, c := range []struct {
		who, whom string
		hats      []store.Affiliation
		kind      fault.Kind // 0: it is done
	}{
		{"referente", "collega", []store.Affiliation{{Organisation: home, Unit: unit}}, 0},
		{"referente", "collega", nil, 0},
		{"referente", "collega", []store.Affiliation{{Organisation: home}, {Organisation: other}}, fault.Denied},
		{"referente", "collega", []store.Affiliation{{Organisation: home}, {Organisation: policy.Nowhere}}, fault.Denied},
		{"referente", "collega", []store.Affiliation{{Organisation: home, Coordinator: true}}, fault.Denied},
		{"referente", "unita", []store.Affiliation{{Organisation: home}}, fault.Denied}, // it would end a coordinator's
		{"referente", "estraneo", []store.Affiliation{{Organisation: home}}, fault.NotFound},
		{"referente", "referente", []store.Affiliation{{Organisation: home, Coordinator: true, Position: "student"}}, fault.Denied},
		{"referente", "ada", []store.Affiliation{{Organisation: home, Unit: unit, Until: o.st.Now().Add(time.Hour)}}, 0},
		{"unita", "ada", []store.Affiliation{{Organisation: home, Unit: unit, Position: "teaching"}}, 0},
		{"unita", "ada", []store.Affiliation{{Organisation: home, Unit: unit}, {Organisation: home}}, fault.Denied},
		{"unita", "collega", nil, fault.NotFound},
		{"ada", "ada", []store.Affiliation{{Organisation: other}}, fault.Denied},
		{"ada", "collega", nil, fault.NotFound},
		{"agente", "ada", nil, fault.Denied},
		{"responsabile", "ada", nil, fault.Denied},
		{"redattore", "ada", nil, fault.NotFound},
		{"amministratore", "ada", []store.Affiliation{{Organisation: policy.Nowhere}}, fault.Invalid},
	} {
		before := o.people[c.whom]
		p, err := o.People.PutAffiliations(o.as(c.who), before.ID, 0, c.hats)
		if c.kind == 0 && err != nil || c.kind != 0 && (err == nil || fault.KindOf(err) != c.kind) {
			t.Errorf("%s gives %s %v: %v, want kind %v", c.who, c.whom, c.hats, err, c.kind)
		}
		if err == nil && c.whom == "collega" && !p.Belongs(other, 0, o.st.Now()) {
			t.Errorf("%s ended an affiliation that they do not see", c.who)
		}
		if err == nil {
			p, err = o.People.Read(system, before.ID)
			if err != nil {
				t.Fatal(err)
			}
			o.people[c.whom] = p
			o.hats(c.whom, same(before)...)
		}
	}
}

func TestWhatIsWrongWithAffiliationsIsSaid(t *testing.T) {
	o := newOffice(t)
	home := o.organis["Ateneo"]
	for name, c := range map[string]struct {
		h   store.Affiliation
		key string
	}{
		"no organisation":       {store.Affiliation{}, "error.organisation-unknown"},
		"another one's unit":    {store.Affiliation{Organisation: o.organis["Altro ente"], Unit: 1}, "error.unit-elsewhere"},
		"an unknown position":   {store.Affiliation{Organisation: home, Position: "rettore"}, "error.position-unknown"},
		"an end before":         {store.Affiliation{Organisation: home, From: o.st.Now(), Until: o.st.Now().Add(-time.Hour)}, "error.until-before-from"},
		"an unknown module":     {store.Affiliation{Organisation: home, Modules: []uint64{99}}, "error.module-unknown"},
		"a position too long":   {store.Affiliation{Organisation: home, Position: strings.Repeat("x", 200)}, "error.position-unknown"},
		"a position of a kanji": {store.Affiliation{Organisation: home, Position: "王"}, "error.position-unknown"},
	} {
		_, err := o.People.PutAffiliations(o.as("amministratore"), o.people["ada"].ID, 0, []store.Affiliation{c.h})
		if fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), c.key) {
			t.Errorf("%s: %v, want %s", name, err, c.key)
		}
	}
	p := o.hats("ada", store.Affiliation{Organisation: home, Position: "Docente"}, store.Affiliation{Organisation: home, Position: "technical and administrative"}, store.Affiliation{Organisation: home, Position: "teaching"})
	var got []string
	for h := range p.Open {
		got = append(got, h.Position)
	}
	if fmt.Sprint(got) != "[teaching technical-administrative]" {
		t.Errorf("positions %v", got)
	}
}

func TestNothingIsLostOfAnAffiliationThatEnds(t *testing.T) {
	o := newOffice(t)
	home := o.organis["Ateneo"]
	o.hats("ada", store.Affiliation{Organisation: home, Position: "student"}, store.Affiliation{Organisation: home, From: o.st.Now().Add(time.Hour)})
	p := o.hats("ada")
	if len(p.Affiliations) != 2 { // the one of the beginning, and the student's; what had not begun is gone
		t.Fatalf("affiliations %+v", p.Affiliations)
	}
	for _, h := range p.Affiliations {
		if h.Ended.IsZero() || h.Until.IsZero() {
			t.Errorf("%+v did not end", h)
		}
	}
	if !p.Lapsed(o.st.Now()) {
		t.Error("access goes on")
	}
	if n, err := o.People.OfOrganisation(o.as("amministratore"), home, people.Query{}); err != nil || slices.ContainsFunc(n.People, func(q *store.Person) bool { return q.ID == p.ID }) {
		t.Errorf("still listed: %v", err)
	}
}

func TestSessionsAndTokensEndWithTheLastAffiliation(t *testing.T) {
	o := newMailOffice(t)
	home := o.organis["Ateneo"]
	by := db.By{Via: door.Page, Act: act.MakeToken}
	for name, c := range map[string]struct {
		other []store.Affiliation
		ends  bool
	}{
		"ada":     {nil, true},
		"collega": {[]store.Affiliation{{Organisation: o.organis["Altro ente"]}}, false},
		"agente":  {nil, false},
	} {
		o.hats(name, append(c.other, store.Affiliation{Organisation: home, Until: o.st.Now().Add(time.Hour)})...)
		const password = "una frase lunga e strana"
		if err := o.keeper.SetPassword(by, o.people[name].ID, password); err != nil {
			t.Fatal(err)
		}
		session, _, err := o.keeper.SignIn(context.Background(), o.people[name].Email, password, "", "")
		if err != nil {
			t.Fatal(err)
		}
		token, _, err := o.keeper.NewToken(by, o.people[name].ID, "")
		if err != nil {
			t.Fatal(err)
		}
		works := func() [3]bool {
			_, _, s := o.keeper.Session(context.Background(), session)
			_, _, k := o.keeper.Token(context.Background(), token, netip.Addr{})
			_, _, p := o.keeper.SignIn(context.Background(), o.people[name].Email, password, "", "")
			return [3]bool{s == nil, k == nil, p == nil}
		}
		if got := works(); got != [3]bool{true, true, true} {
			t.Errorf("%s before the end: %v", name, got)
		}
		o.later(time.Hour)
		if got, want := works(), [3]bool{!c.ends, !c.ends, !c.ends}; got != want {
			t.Errorf("%s at the minute: session, token, password %v, want %v", name, got, want)
		}
		o.turn()
		o.hats(name, store.Affiliation{Organisation: home})
		if got, want := works(), [3]bool{!c.ends, !c.ends, true}; got != want {
			t.Errorf("%s with a new affiliation: session, token, password %v, want %v", name, got, want)
		}
	}
}

// warnings runs the job every six hours and returns the days on which the person heard of an end, as bells and letters.
func (o *mailOffice) warnings(name string, days int) (heard []string) {
	o.t.Helper()
	was := 0
	for quarter := range 4 * days {
		o.turn()
		bell, mail := o.told(o.people[name].ID)
		now, letters := strings.Count(bell, "affiliation"), strings.Count(mail, "affiliation")
		if now != was || letters > 0 {
			heard = append(heard, fmt.Sprintf("%d:%d/%d", quarter/4, now-was, letters))
		}
		was = now
		o.later(6 * time.Hour)
	}
	return heard
}

func TestTheEndOfAnAffiliationIsToldThirtyAndSevenDaysBefore(t *testing.T) {
	for _, c := range []struct {
		days int
		want string
	}{{3, "[]"}, {8, "[1:1/1]"}, {30, "[23:1/1]"}, {31, "[1:1/1 24:1/1]"}, {40, "[10:1/1 33:1/1]"}} {
		for _, who := range []string{"ada", "referente"} {
			o := newMailOffice(t)
			o.hats("ada", store.Affiliation{Organisation: o.organis["Ateneo"], Until: o.st.Now().Add(time.Duration(c.days) * oneDay)})
			got := o.warnings(who, c.days+3)
			want := c.want
			if who == "referente" { // one mail tells the coordinator and one the person
				want = strings.ReplaceAll(want, "/1", "/2")
			}
			if who == "ada" {
				want = strings.ReplaceAll(want, "/1", "/2")
			}
			if fmt.Sprint(got) != want {
				t.Errorf("%s hears of an end after %d days %v, want %s", who, c.days, got, want)
			}
		}
	}
}

func TestNobodyIsWarnedOfAnEndThatWasMoved(t *testing.T) {
	o := newMailOffice(t)
	home := o.organis["Ateneo"]
	o.hats("ada", store.Affiliation{Organisation: home, Until: o.st.Now().AddDate(0, 0, 40)})
	o.later(5 * oneDay)
	o.hats("ada", store.Affiliation{Organisation: home, Until: o.st.Now().AddDate(1, 0, 0)})
	if got := o.warnings("ada", 60); len(got) != 0 {
		t.Errorf("heard %v", got)
	}
	o.hats("ada", store.Affiliation{Organisation: home, Until: o.st.Now().AddDate(0, 0, 5)})
	if got := o.warnings("ada", 8); len(got) != 1 {
		t.Errorf("of an end that came nearer than a warning: heard %v, want once", got)
	}
}

func TestAListGivesAPersonSeveralHats(t *testing.T) {
	o := newOffice(t)
	put := func(r people.Record) *store.Person {
		t.Helper()
		p, _, err := o.People.Put(importing, r)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	say := func(p *store.Person) string {
		var out []string
		for h := range p.Open {
			s := fmt.Sprintf("%d/%d", h.Organisation, h.Unit)
			if h.Coordinator {
				s += "*"
			}
			if h.Position != "" {
				s += " " + h.Position
			}
			out = append(out, s)
		}
		return strings.Join(out, ", ")
	}
	const who = "d.angelo@ateneo.example"
	for i, c := range []struct {
		r    people.Record
		want string
	}{
		{people.Record{Email: who, Name: "Li D'Angelo"}, ""},
		{people.Record{Email: who, Organisation: "Ateneo"}, "1/0"},
		{people.Record{Email: who, Organisation: "ateneo", Unit: "Personale"}, "1/1"},
		{people.Record{Email: who, Organisation: "Altro ente", Roles: []string{"requester", "coordinator"}}, "1/1, 2/0*"},
		{people.Record{Email: who, Organisation: "Ateneo", Unit: "Personale", Roles: []string{"requester"}}, "1/1, 2/0*"},
		{people.Record{Email: who, Organisation: "Ateneo", Unit: "Personale", Position: "Docente"}, "1/1 teaching, 2/0*"},
		{people.Record{Email: who, Organisation: "Ateneo", Unit: "Personale", Position: "student"}, "1/1 teaching, 2/0*, 1/1 student"},
		{people.Record{Email: who, Organisation: "Ateneo"}, "1/1 teaching, 2/0*, 1/1 student"},
		{people.Record{Email: who, Roles: []string{"requester"}}, "1/1 teaching, 2/0, 1/1 student"},
	} {
		for range 2 { // the second time nothing changes
			if got := say(put(c.r)); got != c.want {
				t.Errorf("after record %d: %q, want %q", i+1, got, c.want)
			}
		}
	}
	var back []people.Record
	if err := o.ExportPeople(context.Background(), importing, func(r people.Record) error {
		if r.Email == who {
			back = append(back, r)
		}
		return nil
	}); err != nil || len(back) != 3 {
		t.Fatalf("exported %+v, %v", back, err)
	}
	seq := o.st.Last()
	for _, r := range back {
		put(r)
	}
	if o.st.Last() != seq {
		t.Error("what was exported changes something when it comes back")
	}
	_, _, err := o.People.Put(importing, people.Record{Email: who, Organisation: "Ateneo", From: "ieri", Until: "2026-01-01", Position: "re"})
	for _, field := range []string{"from", "position"} {
		wants(t, err, fault.Invalid, "", field)
	}
}

func TestAMailComesUnderTheHatThatWasWornLast(t *testing.T) {
	o := newMailOffice(t)
	home, other := o.organis["Ateneo"], o.organis["Altro ente"]
	o.hats("ada", store.Affiliation{Organisation: home}, store.Affiliation{Organisation: other})
	ada := letter{from: o.people["ada"].Email, subject: "Una domanda", body: "Come si fa?", proven: true}
	if got := o.ticket(o.mail(ada).Ticket).Organisation; got != home {
		t.Errorf("before any choice: %d, want the first, %d", got, home)
	}
	if _, err := o.Tickets.Open(o.as("ada"), ticket.Opening{Subject: "s", Body: "b", Hat: store.Hat{Organisation: other}}); err != nil {
		t.Fatal(err)
	}
	if got := o.ticket(o.mail(ada).Ticket).Organisation; got != other {
		t.Errorf("after a choice: %d, want %d", got, other)
	}
	o.hats("ada", store.Affiliation{Organisation: home}, store.Affiliation{Organisation: other, From: o.st.Now().Add(time.Hour)})
	if got := o.ticket(o.mail(ada).Ticket).Organisation; got != home {
		t.Errorf("when that one is of tomorrow: %d, want %d", got, home)
	}
}

func TestAHatFromTomorrowCannotBeChosenToday(t *testing.T) {
	o := newOffice(t)
	home, other := o.organis["Ateneo"], o.organis["Altro ente"]
	o.hats("ada", store.Affiliation{Organisation: home}, store.Affiliation{Organisation: other, From: o.st.Now().Add(time.Hour)})
	_, err := o.Tickets.Open(o.as("ada"), ticket.Opening{Subject: "s", Body: "b", Hat: store.Hat{Organisation: other}})
	wants(t, err, fault.Invalid, "error.hat", "hat")
	_, _, err = o.Tickets.Put(o.as("ada"), ticket.Record{Subject: "s", Body: "b", Organisation: "altro-ente"})
	wants(t, err, fault.Invalid, "error.hat", "organisation")
	o.later(time.Hour)
	if k, err := o.Tickets.Open(o.as("ada"), ticket.Opening{Subject: "s", Body: "b", Hat: store.Hat{Organisation: other}}); err != nil || k.Organisation != other {
		t.Errorf("tomorrow: %v", err)
	}
}

// TestDaysBeginAndEndAtMidnightWhereTheDeskIs: also on the two days a year that are not 24 hours long.
func TestDaysBeginAndEndAtMidnightWhereTheDeskIs(t *testing.T) {
	rome, err := time.LoadLocation("Europe/Rome")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ day, begins, ends string }{
		{"2026-01-31", "2026-01-30T23:00:00Z", "2026-01-31T23:00:00Z"},
		{"2026-03-28", "2026-03-27T23:00:00Z", "2026-03-28T23:00:00Z"},
		{"2026-03-29", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"}, // 23 hours
		{"2026-03-30", "2026-03-29T22:00:00Z", "2026-03-30T22:00:00Z"},
		{"2026-10-24", "2026-10-23T22:00:00Z", "2026-10-24T22:00:00Z"},
		{"2026-10-25", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"}, // 25 hours
		{"2028-02-29", "2028-02-28T23:00:00Z", "2028-02-29T23:00:00Z"},
		{"2026-03-29T02:30:00+02:00", "2026-03-29T00:30:00Z", "2026-03-29T00:30:00Z"}, // a moment is what it says
	} {
		from, ok := people.Begins(c.day, rome)
		until, too := people.Ends(c.day, rome)
		if !ok || !too || from.Format(time.RFC3339) != c.begins || until.Format(time.RFC3339) != c.ends {
			t.Errorf("%s: from %s until %s, want %s and %s", c.day, from.Format(time.RFC3339), until.Format(time.RFC3339), c.begins, c.ends)
		}
		if !strings.Contains(c.day, "T") {
			h := store.Affiliation{From: from, Until: until}
			for at, want := range map[time.Time]bool{from.Add(-1): false, from: true, until.Add(-1): true, until: false} {
				if h.Holds(at) != want {
					t.Errorf("%s: holds at %s: %t", c.day, at.In(rome), !want)
				}
			}
		}
	}
	for _, wrong := range []string{"2026-02-29", "2026-13-01", "31/01/2026", "domani", "2026-1-5"} {
		if _, ok := people.Begins(wrong, rome); ok {
			t.Errorf("%s is taken for a day", wrong)
		}
	}
}

func TestTwoHatsInOneOrganisationAreTwo(t *testing.T) {
	o := newOffice(t)
	home := o.organis["Ateneo"]
	unit := o.people["unita"].Coordinated(o.st.Now())[0].Unit
	p := o.hats("ada", store.Affiliation{Organisation: home, Position: "student"}, store.Affiliation{Organisation: home, Position: "teaching", Until: o.st.Now().Add(time.Hour)},
		store.Affiliation{Organisation: home, Unit: unit})
	if got := len(p.Hats(o.st.Now())); got != 3 {
		t.Fatalf("%d hats, want 3", got)
	}
	page, err := o.People.OfOrganisation(o.as("referente"), home, people.Query{Text: "Ada Neri"})
	if err != nil || len(page.People) != 1 {
		t.Errorf("in the list of the organisation %d times, want once: %v", len(page.People), err)
	}
	o.later(2 * time.Hour)
	o.turn()
	if got := o.people["ada"].Hats(o.st.Now()); len(got) != 2 || got[0].Position != "student" {
		t.Errorf("the end of one ends another: %+v", got)
	}
	if p := o.hats("ada", store.Affiliation{Organisation: home, Unit: unit}); !p.Belongs(home, unit, o.st.Now()) || len(p.Hats(o.st.Now())) != 1 {
		t.Errorf("afterwards %+v", p.Affiliations)
	}
}
