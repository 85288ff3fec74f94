package live

import (
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"sportello/app/web"
	"sportello/app/words"
	"sportello/store/fault"
)

// Presence knows who has which ticket open just now, and who writes in it. It is forgotten when the process ends; nothing
// of it is stored, logged or counted.
type Presence struct {
	mu   sync.Mutex
	here map[uint64]map[uint64]seenHere // ticket -> person
}

type seenHere struct {
	name   string
	writes bool
	at     time.Time
}

// Here is somebody who has a ticket open.
type Here struct {
	Name   string
	Writes bool
}

// presenceHolds is how long somebody counts as present after a sign of life; browsers give one each 20 s.
const presenceHolds = 45 * time.Second

// Note records the person and returns the others.
func (p *Presence) Note(ticket, person uint64, name string, writes bool, now time.Time) []Here {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.here == nil {
		p.here = map[uint64]map[uint64]seenHere{}
	}
	for n, people := range p.here {
		for id, s := range people {
			if now.Sub(s.at) > presenceHolds {
				delete(people, id)
			}
		}
		if len(people) == 0 {
			delete(p.here, n)
		}
	}
	others := p.others(ticket, person, now)
	if p.here[ticket] == nil {
		p.here[ticket] = map[uint64]seenHere{}
	}
	p.here[ticket][person] = seenHere{name, writes, now}
	return others
}

// Others returns those besides the person who have the ticket open, without noting anybody.
func (p *Presence) Others(ticket, person uint64, now time.Time) []Here {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.others(ticket, person, now)
}

func (p *Presence) others(ticket, person uint64, now time.Time) []Here {
	var out []Here
	for id, s := range p.here[ticket] {
		if id != person && now.Sub(s.at) <= presenceHolds {
			out = append(out, Here{s.name, s.writes})
		}
	}
	slices.SortFunc(out, func(x, y Here) int { return strings.Compare(x.Name, y.Name) })
	return out
}

// Said says who else has the ticket open, those who write first, to an agent of its group; nothing to anybody else.
func (p *Presence) Said(d *words.Dictionary, r *web.Request, ticket, group uint64, now time.Time) string {
	if !hears(r, group) {
		return ""
	}
	return say(d, r.Lang(), p.Others(ticket, r.Actor().ID(), now))
}

// hears reports whether the actor is told who else has tickets of the group open: one of its agents, and nobody else.
func hears(r *web.Request, group uint64) bool {
	a := r.Actor()
	return web.Agent.Admits(a) && a.Person != nil && a.Person.InGroup(group)
}

func say(d *words.Dictionary, lang string, others []Here) string {
	var reads, writes []string
	for _, o := range others {
		if o.Writes {
			writes = append(writes, o.Name)
		} else {
			reads = append(reads, o.Name)
		}
	}
	var said []string
	for _, of := range []struct {
		key   string
		names []string
	}{{"presence.writes", writes}, {"presence.others", reads}} {
		if len(of.names) > 0 {
			said = append(said, d.Plural(lang, of.key, len(of.names), "names", strings.Join(of.names, ", ")))
		}
	}
	return strings.Join(said, "; ")
}

// postPresence notes that an agent has the ticket open, or writes in it, and says to one of its group who else does.
// Requesters are not told of it, nor noted.
func (a *pages) postPresence(r *web.Request) error {
	n, err := r.Number()
	if err != nil {
		return err
	}
	actor := r.Actor()
	seen, err := a.Desk.Tickets.Revisions(actor, []uint64{n})
	if err != nil {
		return err
	}
	rev, ok := seen[n]
	if !ok {
		return fault.New(fault.NotFound, "error.not-found")
	}
	text := ""
	if rev.Agents && web.Agent.Admits(actor) {
		others := a.presence.Note(n, actor.ID(), actor.Person.Name, r.Form().Bool("writes"), a.Desk.Now())
		if hears(r, rev.Group) {
			text = say(a.Words, r.Lang(), others)
		}
	}
	return r.JSON(map[string]any{"text": text})
}

// maxAsked bounds the tickets of one question: a page of a queue has no more.
const maxAsked = 200

// getPresence says of tickets of a queue who has them open, by number; those of other groups and those that nobody has
// open are left out.
func (a *pages) getPresence(r *web.Request) error {
	ids := r.QueryForm().IDs("ticket")
	seen, err := a.Desk.Tickets.Revisions(r.Actor(), ids[:min(len(ids), maxAsked)])
	if err != nil {
		return err
	}
	now := a.Desk.Now()
	out := map[string]string{}
	for n, rev := range seen {
		if text := a.presence.Said(a.Words, r, n, rev.Group, now); text != "" {
			out[strconv.FormatUint(n, 10)] = text
		}
	}
	return r.JSON(out)
}
