package sample

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"sportello/app/desk/release"
	"sportello/app/desk/ticket"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
)

// Update is a release of the demo; the file with them says what its fields are.
type Update struct {
	Name      string      `toml:"name"` // by which others replace it
	Module    string      `toml:"module"`
	Days      int         `toml:"days"`
	Kind      string      `toml:"kind"` // urgent or law; else ordinary
	Norm      string      `toml:"norm"`
	Test      int         `toml:"test"`
	Due       int         `toml:"due"`
	Draft     bool        `toml:"draft"`
	Title     store.Words `toml:"title"`
	Notes     store.Words `toml:"notes"`
	New       store.Words `toml:"new"`
	Corrected store.Words `toml:"corrected"`
	Before    store.Words `toml:"before"`
	After     store.Words `toml:"after"`
	Otherwise store.Words `toml:"otherwise"`
	WayBack   store.Words `toml:"way_back"`
	Back      string      `toml:"back"` // none: there is no way back
	Stop      Standstill  `toml:"stop"`
	Replaces  string      `toml:"replaces"`
	Withdrawn int         `toml:"withdrawn"` // after so many days
	Reason    string      `toml:"reason"`
	Answers   []Answer    `toml:"answer"`
}

// Standstill is the stop of a release: how many days after it, from which hour, how many hours, and at most how many.
type Standstill struct {
	Day, Hour, Hours, Latest int
	IT, EN                   string
}

// Answer is what the coordinator of an organisation says of a release.
type Answer struct {
	Organisation string `toml:"organisation"`
	Environment  string `toml:"environment"`
	State        string `toml:"state"`
	Days         int    `toml:"days"`
	Date         int    `toml:"date"` // of what is planned: so many days after the release
	Reason       string `toml:"reason"`
	Solution     string `toml:"solution"` // what the group answers to the ticket that a failure opens
}

// Updates returns the releases of the demo in the order of the file.
func Updates() ([]Update, error) {
	var all struct {
		Release []Update `toml:"release"`
	}
	err := decodeFile("text/releases.toml", &all)
	return all.Release, err
}

// failing is how many answers open a ticket.
func failing(all []Update) int {
	n := 0
	for _, u := range all {
		for _, a := range u.Answers {
			if a.State == store.ReceiptFailed.String() {
				n++
			}
		}
	}
	return n
}

// updates plans a year of releases, what organisations answer, a contact of one of them, and who follows a module.
func (s *stage) updates() error {
	all, err := Updates()
	if err != nil {
		return err
	}
	out, versions := map[string]uint64{}, map[string]int{}
	for i := range all {
		u := &all[i]
		at := s.office(s.now.AddDate(0, 0, -max(u.Days, 0)), u.Days > 2)
		if u.Days <= 0 {
			at = s.now.Add(-20 * time.Hour)
		}
		quarter := u.Module + " " + versionAt(u.Module, at, 0)
		nth := versions[quarter]
		versions[quarter]++
		s.at(at, func() error { return s.publish(u, nth, at, out) })
		if u.Draft || u.Days <= 0 {
			continue
		}
		for _, a := range u.Answers {
			when := at.AddDate(0, 0, a.Days).Add(time.Duration(75+a.Days) * time.Minute)
			s.at(when, func() error { return s.reply(u, &a, at, out) })
		}
		if u.Withdrawn > 0 {
			s.at(at.AddDate(0, 0, u.Withdrawn).Add(2*time.Hour), func() error {
				_, err := s.d.Releases.Withdraw(s.writer(u.Module).actor(), out[u.Name], 0, u.Reason)
				if err != nil {
					return fmt.Errorf("sample: withdraw %s: %w", u.Name, err)
				}
				return s.round()
			})
		}
	}
	s.at(s.now.AddDate(0, 0, -345), s.listeners)
	return nil
}

// office returns ten o'clock on the day, or on the next one on which people work.
func (s *stage) office(day time.Time, moves bool) time.Time {
	at := time.Date(day.Year(), day.Month(), day.Day(), 10, 5, 0, 0, s.loc)
	for moves && (at.Weekday() == time.Saturday || at.Weekday() == time.Sunday) {
		at = at.AddDate(0, 0, 1)
	}
	return at
}

// writer returns who writes releases for the module: the supervisor of its group, else the first of its agents.
func (s *stage) writer(module string) *player {
	group := s.modules[module].Group
	i := slices.IndexFunc(s.known, func(p *player) bool { return p.row.Supervises(group) })
	if i < 0 {
		i = slices.IndexFunc(s.known, func(p *player) bool { return p.row.InGroup(group) })
	}
	return s.known[i]
}

// publish writes a release and, unless it stays a draft, has it go out or wait for its day.
func (s *stage) publish(u *Update, nth int, at time.Time, out map[string]uint64) error {
	by := s.writer(u.Module).actor()
	v, err := s.d.Releases.Save(by, 0, s.formOf(u, nth, at, out))
	if err != nil {
		return fmt.Errorf("sample: write release %s: %w", u.Name, err)
	}
	out[u.Name] = v.Release.ID
	if u.Draft {
		return nil
	}
	p := release.Publication{Nobody: true}
	if u.Days < 0 {
		p.At = s.office(s.now.AddDate(0, 0, -u.Days), true)
	}
	if _, _, err := s.d.Releases.Publish(by, v.Release.ID, p); err != nil {
		return fmt.Errorf("sample: publish %s: %w", u.Name, err)
	}
	return s.round()
}

// round tells everybody who is to be told by now.
func (s *stage) round() error {
	for more := true; more; {
		var err error
		if more, err = s.d.Releases.Step(); err != nil {
			return fmt.Errorf("sample: tell of a release: %w", err)
		}
	}
	return nil
}

func (s *stage) formOf(u *Update, nth int, at time.Time, out map[string]uint64) release.Form {
	day := func(days int) time.Time {
		t := s.office(at.AddDate(0, 0, days), true)
		return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
	}
	f := release.Form{Modules: []string{u.Module}, Version: nthVersion(u.Module, at, nth), Title: u.Title, Notes: u.Notes, News: u.New, Corrected: u.Corrected,
		Before: u.Before, After: u.After, Otherwise: u.Otherwise, Audience: release.Audience{All: true}}
	if id := out[u.Replaces]; id != 0 {
		f.Replaces = []uint64{id}
	}
	switch u.Kind {
	case store.Urgent.String():
		f.Kind = store.Urgent
	case store.Law.String():
		f.Kind, f.Norm = store.Law, store.Norm{Text: u.Norm, Date: day(u.Due + 1)}
	}
	switch {
	case u.Back == store.BackNone.String():
		f.WayBack = store.WayBack{Kind: store.BackNone, Text: u.WayBack}
	case u.WayBack.IT != "":
		f.WayBack = store.WayBack{Kind: store.BackRestore, Text: u.WayBack}
	}
	if u.Due > 0 {
		f.InstallBy.Production = day(u.Due)
	}
	if u.Test > 0 {
		f.InstallBy.Test = day(u.Test)
	}
	if x := u.Stop; x.Hours > 0 {
		d := day(x.Day)
		from := time.Date(d.Year(), d.Month(), d.Day(), x.Hour, 0, 0, 0, s.loc)
		f.Stop = store.Stop{From: from, Until: from.Add(time.Duration(x.Hours) * time.Hour), Latest: from.Add(time.Duration(x.Latest) * time.Hour), Text: store.Words{IT: x.IT, EN: x.EN}}
	}
	return f
}

// nthVersion names the nth version of the module in its quarter, from 0.
func nthVersion(module string, at time.Time, nth int) string {
	v := versionAt(module, at, 0)
	switch base, plain := strings.CutSuffix(v, ".00"); {
	case nth == 0:
		return v
	case plain:
		return fmt.Sprintf("%s.%02d", base, nth)
	}
	return fmt.Sprintf("%s.%d", v, nth)
}

// reply gives the answer of an organisation's coordinator.
func (s *stage) reply(u *Update, a *Answer, at time.Time, out map[string]uint64) error {
	day := func(t time.Time) time.Time { return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC) }
	by := s.speaker(a.Organisation)
	organisation, err := s.place(by)
	if err != nil {
		return err
	}
	r := release.Reply{Organisation: organisation, Reason: a.Reason}
	if err := errors.Join(r.Environment.UnmarshalText([]byte(a.Environment)), r.State.UnmarshalText([]byte(a.State))); err != nil {
		return fmt.Errorf("sample: answer to %s: %w", u.Name, err)
	}
	if err := s.d.Releases.Opened(by.actor(), out[u.Name]); err != nil {
		return fmt.Errorf("sample: open %s: %w", u.Name, err)
	}
	switch r.State {
	case store.ReceiptRead:
		return nil
	case store.ReceiptInstalled:
		r.Date = day(s.clock.Now().In(s.loc))
	case store.ReceiptPlanned:
		r.Date = day(at.AddDate(0, 0, a.Date))
	}
	said, err := s.d.Releases.Answer(by.actor(), out[u.Name], r)
	if err != nil {
		return fmt.Errorf("sample: answer to %s of %s: %w", u.Name, a.Organisation, err)
	}
	if said.Ticket != nil {
		s.mend(u, a, said.Ticket.ID)
	}
	return nil
}

// mend plans what the group does about an installation that failed.
func (s *stage) mend(u *Update, a *Answer, number uint64) {
	agent := s.writer(u.Module)
	step := func(hours time.Duration, what ticket.Step) {
		s.at(s.cal.Add(s.clock.Now(), hours*time.Hour), func() error {
			if _, err := s.d.Tickets.Do(agent.actor(), number, what); err != nil {
				return fmt.Errorf("sample: #%d, of %s that failed: %w", number, u.Name, err)
			}
			return nil
		})
	}
	step(1, ticket.Step{Take: true})
	step(4, ticket.Step{Message: public(a.Solution), To: store.StateResolved, Outcome: store.Solved})
}

// speaker returns who coordinates the whole organisation.
func (s *stage) speaker(organisation string) *player {
	return s.known[slices.IndexFunc(s.known, func(p *player) bool {
		return p.Coordinates == "organisation" && slices.ContainsFunc(s.cast.Units, func(u Unit) bool { return u.Code == p.Unit && u.Organisation == organisation })
	})]
}

// place returns the code of the organisation of a coordinator.
func (s *stage) place(of *player) (code string, err error) {
	err = s.d.Store().View(func(tx *db.Tx) error {
		o, err := store.Organisations.Get(tx, of.row.Affiliations[0].Organisation)
		if err == nil {
			code = o.Code
		}
		return err
	})
	return code, err
}

// listeners adds a contact without credentials, and has two people follow modules.
func (s *stage) listeners() error {
	by := s.speaker("montevelino")
	organisation, err := s.place(by)
	if err != nil {
		return err
	}
	c, err := s.d.Releases.AddContact(by.actor(), organisation, release.NewContact{Email: "sistemisti@montevelino.example", Name: "Sistemisti di turno", Module: "u-gov"})
	if err != nil {
		return fmt.Errorf("sample: add a contact: %w", err)
	}
	err = s.d.Store().Update(db.By{Via: door.Desk, Act: act.ChangeContacts}, func(tx *db.Tx) error {
		row, err := store.Contacts.Get(tx, c.ID)
		if err != nil {
			return err
		}
		row.Confirmed = tx.Now()
		return store.Contacts.Put(tx, row)
	})
	if err != nil {
		return fmt.Errorf("sample: confirm a contact: %w", err)
	}
	return errors.Join(s.d.Releases.Follow(s.shown("requester").actor(), "u-gov", true), s.d.Releases.Follow(s.shown("agent").actor(), "csa", true))
}
