package sample

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"sportello/app/worktime"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/fault"
	"sportello/store/spelling"
)

// GenerateOptions say what Generate creates. Tickets is required.
type GenerateOptions struct {
	Tickets  int
	Seed     uint64
	Now      time.Time             // the end of the two years; the present when zero
	Clock    *Clock                // the clock of the store, moved along so that rows change at the times they show
	Location *time.Location        // of working hours; Europe/Rome when nil
	Progress func(done, total int) // called after each batch
}

// The proportions of what Generate creates.
const (
	generatedYears   = 2
	generatedPeople  = 2500
	generatedUnits   = 60
	generatedAgents  = 5   // of each group, the first its supervisor
	firstWords       = 110 // of a first message, on average
	leastWords       = 40  // of a first message
	mostWords        = 400 // of a first message
	shareItalian     = 0.7 // of the tickets
	shareNotes       = 1.0 / 3
	shareOpen        = 0.025 // not closed
	atOnce           = 2000  // tickets of one transaction
	generatedAddress = "ateneo.example"
)

// Generate adds the tickets of two years of a real desk: conversations in Italian and English with natural word
// frequencies, 2,500 requesters in 60 units, the built-in groups and modules, notes, and 2.5 % unclosed tickets.
// Numbers continue from the last one. It reuses people and units of an earlier run. The desk must be seeded and its
// notices planned: nobody is notified of generated tickets, and notices that were not planned before never will be.
//
// The same seed gives the same tickets. The work is done in transactions of 2,000 tickets; open the store with NoSync
// and sync its file at the end.
func Generate(ctx context.Context, st *db.Store, o GenerateOptions) error {
	if o.Now.IsZero() {
		o.Now = st.Now()
	}
	if o.Location == nil {
		var err error
		if o.Location, err = time.LoadLocation("Europe/Rome"); err != nil {
			return fmt.Errorf("sample: load time zone: %w", err)
		}
	}
	g := &generator{o: o, st: st, r: rand.New(rand.NewPCG(o.Seed, 0x9e4e7a7e))} // #nosec G404 -- the same data each time
	var err error
	if g.it, g.en, err = languages(o.Seed); err != nil {
		return err
	}
	if o.Clock != nil {
		o.Clock.Set(o.Now.AddDate(-generatedYears, 0, -7))
	}
	if err := g.prepare(); err != nil {
		return err
	}
	if err := g.run(ctx); err != nil {
		return err
	}
	if o.Clock != nil {
		o.Clock.Set(o.Now)
	}
	last := st.Last()
	err = st.Update(db.By{Via: door.Import, Act: act.Import}, func(tx *db.Tx) error { return tx.SetCursor("notices", last) })
	if err != nil {
		return fmt.Errorf("sample: pass over notices: %w", err)
	}
	return nil
}

// run makes batches in one goroutine and writes them in another.
func (g *generator) run(ctx context.Context) error {
	opened := g.openings()
	size := min(atOnce, max(50, len(opened)/400)) // small batches, so that small runs get correct dates too
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	batches := make(chan []generated, 2)
	go func() {
		defer close(batches)
		for some := range slices.Chunk(opened, size) {
			batch := make([]generated, len(some))
			for i, at := range some {
				g.done++
				batch[i] = g.ticket(time.Unix(at, 0), float64(len(opened)-g.done)/float64(len(opened)))
			}
			select {
			case batches <- batch:
			case <-ctx.Done():
				return
			}
		}
	}()
	done := 0
	for batch := range batches {
		if err := ctx.Err(); err != nil {
			return err
		}
		if c := g.o.Clock; c != nil {
			if t := batch[len(batch)-1].ticket.Opened.Add(time.Hour); t.After(c.Now()) && t.Before(g.o.Now) {
				c.Set(t)
			}
		}
		if err := g.put(batch); err != nil {
			return err
		}
		done += len(batch)
		if g.o.Progress != nil {
			g.o.Progress(done, len(opened))
		}
	}
	return ctx.Err()
}

// put writes a batch in one transaction. The closure may run more than once, so it works on copies.
func (g *generator) put(batch []generated) error {
	err := g.st.Update(db.By{Via: door.Import, Act: act.Import}, func(tx *db.Tx) error {
		for i := range batch {
			t := batch[i].ticket
			if err := store.Tickets.Put(tx, &t); err != nil {
				return err
			}
			for _, m := range batch[i].messages {
				m.Ticket = t.ID
				if err := store.Messages.Put(tx, &m); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("sample: write tickets: %w", err)
	}
	return nil
}

type generator struct {
	o    GenerateOptions
	st   *db.Store
	r    *rand.Rand
	it   *language
	en   *language
	cal  worktime.Calendar
	done int
	buf  []byte

	set     *store.Settings
	hours   [5]time.Duration // until a ticket of the priority is due
	people  []*store.Person
	modules []placedModule
	agents  map[uint64][]uint64 // by group
	general uint64
}

// placedModule is a level of the catalogue served here, with its group.
type placedModule struct{ id, group uint64 }

type generated struct {
	ticket   store.Ticket
	messages []store.Message
}

// openings returns the seconds at which tickets are opened, in order: in the working hours of the two years.
func (g *generator) openings() []int64 {
	var days []time.Time
	busy := [13]int{0, 5, 4, 4, 3, 4, 4, 3, 1, 4, 4, 5, 4}
	for day := g.o.Now.In(g.o.Location).AddDate(-generatedYears, 0, 0); day.Before(g.o.Now); day = day.AddDate(0, 0, 1) {
		begin := time.Date(day.Year(), day.Month(), day.Day(), 8, 0, 0, 0, g.o.Location)
		if !g.cal.Working(begin.Add(time.Hour)) {
			continue
		}
		for range busy[day.Month()] {
			days = append(days, begin)
		}
	}
	out := make([]int64, g.o.Tickets)
	for i := range out {
		out[i] = days[g.r.IntN(len(days))].Unix() + int64((g.r.Float64()+g.r.Float64())*5*3600)
		for out[i] > g.o.Now.Unix() {
			out[i] -= int64(1+g.r.IntN(48)) * 1800
		}
	}
	slices.Sort(out)
	return out
}

// prepare reads the settings and the catalogue and makes sure that the people exist.
func (g *generator) prepare() error {
	err := g.st.Update(db.By{Via: door.Import, Act: act.Import}, func(tx *db.Tx) error {
		set, err := store.SettingsTable.Get(tx, 1)
		if err != nil {
			return err
		}
		g.set = set.WithDefaults()
		if err := g.catalogue(tx); err != nil {
			return err
		}
		return g.everybody(tx)
	})
	if err != nil {
		return fmt.Errorf("sample: prepare generating: %w", err)
	}
	g.cal = worktime.Calendar{Begin: g.set.DayBegins, End: g.set.DayEnds, Location: g.o.Location}
	for p := 1; p <= 4; p++ {
		g.hours[p] = time.Duration(g.set.WorkingHours[strconv.Itoa(p)]) * time.Hour
	}
	return nil
}

func (g *generator) catalogue(tx *db.Tx) error {
	general, err := store.GroupsByCode.First(tx, store.GeneralGroup)
	if err != nil {
		return err
	}
	g.general = general.ID
	g.modules = []placedModule{{0, general.ID}}
	for m, err := range store.Modules.All(tx, 0, false) {
		if err != nil {
			return err
		}
		p := placedModule{id: m.ID}
		channel, retired := store.ChannelAbove, false
		for at := m; ; {
			retired = retired || at.Retired
			if p.group == 0 {
				p.group = at.Group
			}
			if channel == store.ChannelAbove {
				channel = at.Channel
			}
			if at.Parent == 0 {
				break
			}
			if at, err = store.Modules.Get(tx, at.Parent); err != nil {
				return err
			}
		}
		if p.group == 0 || retired || channel == store.OtherDesk || channel == store.ByEmail {
			continue
		}
		// Deeper levels get more questions.
		for range 1 + 2*min(1, m.Parent) {
			g.modules = append(g.modules, p)
		}
	}
	return nil
}

// everybody finds or adds organisation, units, requesters, and five agents for each group.
func (g *generator) everybody(tx *db.Tx) error {
	o, err := store.OrganisationsByDomain.First(tx, generatedAddress)
	if fault.KindOf(err) == fault.NotFound {
		o = &store.Organisation{Code: store.FreeCode(tx, "Ateneo generato"), Name: "Ateneo generato", Domains: []string{generatedAddress}}
		err = store.Organisations.Put(tx, o)
	}
	if err != nil {
		return err
	}
	var units []uint64
	for i := range generatedUnits {
		name := fmt.Sprintf("Dipartimento %02d", i+1)
		u, err := store.UnitsByOrganisation.First(tx, o.ID, spelling.Fold(name))
		if fault.KindOf(err) == fault.NotFound {
			u = &store.Unit{Organisation: o.ID, Name: name}
			err = store.Units.Put(tx, u)
		}
		if err != nil {
			return err
		}
		units = append(units, u.ID)
	}
	g.people = nil
	for i := range generatedPeople {
		p := generatedPerson(i)
		p.Affiliations = []store.Affiliation{{Organisation: o.ID, Unit: units[i%generatedUnits], Coordinator: i < generatedUnits}}
		if p, err = ensure(tx, p); err != nil {
			return err
		}
		g.people = append(g.people, p)
	}
	g.agents = map[uint64][]uint64{}
	n := generatedPeople
	for group, err := range store.Groups.All(tx, 0, false) {
		if err != nil {
			return err
		}
		for i := range generatedAgents {
			p := generatedPerson(n)
			n++
			p.Affiliations = []store.Affiliation{{Organisation: o.ID}}
			p.Groups = []store.Membership{{Group: group.ID, Supervisor: i == 0}}
			if p, err = ensure(tx, p); err != nil {
				return err
			}
			g.agents[group.ID] = append(g.agents[group.ID], p.ID)
		}
	}
	return nil
}

func ensure(tx *db.Tx, p *store.Person) (*store.Person, error) {
	found, err := store.PeopleByEmail.First(tx, p.Email)
	if fault.KindOf(err) == fault.NotFound {
		return p, store.People.Put(tx, p)
	}
	return found, err
}

var givenNames = []string{"Ada", "Aldo", "Alba", "Amos", "Anita", "Bianca", "Bruno", "Carla", "Cesare", "Clara", "Dario", "Delia", "Diego", "Edda", "Elio", "Elsa",
	"Emma", "Enea", "Fabio", "Flora", "Furio", "Gaia", "Gino", "Giada", "Iole", "Irma", "Ivo", "Lara", "Lea", "Lino", "Livio", "Luce", "Mara", "Mirco", "Nadia", "Nino",
	"Olga", "Omar", "Pia", "Remo", "Rita", "Sara", "Silvio", "Tea", "Tito", "Ugo", "Vera", "Vito", "Zeno", "Zita"}

var familyBegins = []string{"Albe", "Bara", "Cale", "Doro", "Este", "Fari", "Gala", "Lamo", "Mori", "Nava", "Orse", "Pela", "Rova", "Sali", "Tari", "Vale"}
var familyEnds = []string{"ghini", "landi", "monti", "netto", "randa", "selli", "tani", "vanni", "zzoli", "brano"}

// generatedPerson returns the person with the number, the same in every run.
func generatedPerson(i int) *store.Person {
	given := givenNames[i%len(givenNames)]
	rest := i / len(givenNames)
	family := familyBegins[rest%len(familyBegins)] + familyEnds[(rest/len(familyBegins)+rest)%len(familyEnds)]
	language := "it"
	if i%10 >= 7 {
		language = "en"
	}
	return &store.Person{Name: given + " " + family, Email: spelling.Address(fmt.Sprintf("%s.%s.%d@%s", given, family, i, generatedAddress)), Language: language}
}
