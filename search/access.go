package search

import (
	"github.com/RoaringBitmap/roaring/v2"

	"sportello/search/analysis"
	"sportello/search/query"
	"sportello/search/record"
	"sportello/search/segment"
	"sportello/store"
)

// Access is what the reader may see, made by desk from the actor. It denies by default: the zero value sees public
// articles only.
type Access struct {
	Person        uint64   // 0: nobody is signed in
	Groups        []uint64 // own groups: their tickets, confidential ones too, with notes, and the mail they judge
	Agent         bool     // also other groups' tickets that are not confidential, with notes
	Organisations []uint64 // whose tickets are shared with the person, but for those of the units in Closed
	Closed        []uint64
	Units         []uint64   // single units whose tickets are shared with the person
	AllArticles   bool       // editors, administrators: drafts too
	AllTickets    bool       // administrators: all tickets that are not confidential, with notes, and such mail
	Only          [][]string // of all this, only what has one of the tags (name:code) of each
	Never         []string   // and of records nothing that has one of these tags

	// Of releases, known problems and plans, whose rules record.Reader has; AllArticles is an editor there, AllTickets an
	// administrator.
	Member []uint64    // organisations that the person belongs to now
	Covers []store.Hat // organisations and units that the person coordinates now
}

// records returns the releases, known problems and plans that are seen.
func (a Access) records(p *segment.Part, cat *query.Catalogue) (record.Sight, error) {
	r := record.Reader{Person: a.Person, Groups: a.Groups, Agent: a.Agent, Editor: a.AllArticles, Administrator: a.AllTickets, Member: a.Member, Covers: a.Covers}
	s, err := r.See(p, cat, func() (*roaring.Bitmap, error) { return secret(p, cat) })
	if err != nil || len(a.Only) == 0 || s.Docs.IsEmpty() {
		return s, err
	}
	never, err := p.Any(fieldTag, a.Never...)
	if err != nil {
		return s, err
	}
	s.Docs.AndNot(never)
	s.Docs, err = p.Only(fieldTag, a.Only)(s.Docs, nil)
	if err == nil {
		s.Inside.And(s.Docs)
	}
	return s, err
}

// sight is what an Access lets its reader see of one segment.
type sight struct {
	docs  *roaring.Bitmap // of all types
	notes *roaring.Bitmap // those whose notes may be read: of a ticket never through being on the requester's side
}

func tagged(name string, ids []uint64) []string {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = name + analysis.Decimal(id)
	}
	return out
}

// see returns what is seen in the segment. own narrows tickets to those on whose side the person is.
func (a Access) see(p *segment.Part, cat *query.Catalogue, own bool) (sight, error) {
	var s sight
	s.docs, s.notes = roaring.New(), roaring.New()
	if !own {
		docs, err := a.shared(p, cat)
		if err != nil {
			return s, err
		}
		s.docs = docs
	}
	if a.Person != 0 {
		docs, err := p.Any(fieldAccess, "p"+analysis.Decimal(a.Person))
		if err != nil {
			return s, err
		}
		s.docs.Or(docs)
	}
	var err error
	if !own {
		if s.notes, err = p.Any(fieldAccess, tagged("g", a.Groups)...); err != nil {
			return s, err
		}
		if a.Agent || a.AllTickets {
			open, err := open(p, cat, query.TypeTicket)
			if err != nil {
				return s, err
			}
			s.notes.Or(open)
		}
		if a.AllTickets {
			mail, err := open(p, cat, query.TypeMail)
			if err != nil {
				return s, err
			}
			s.notes.Or(mail)
		}
		s.docs.Or(s.notes)
	}
	articles, err := a.articles(p)
	if err != nil {
		return s, err
	}
	s.docs.Or(articles)
	only := p.Only(fieldTag, a.Only)
	if s.notes, err = only(s.notes, nil); err == nil {
		s.docs, err = only(s.docs, nil)
	}
	if err != nil {
		return s, err
	}
	records, err := a.records(p, cat)
	if err == nil {
		s.docs.Or(records.Docs)
		s.notes.Or(records.Inside)
	}
	return s, err
}

// accessNarrowed stands in the tickets that their requester keeps from coordinators and colleagues.
const accessNarrowed = "narrowed"

// shared returns the tickets of others that are shared with the person.
func (a Access) shared(p *segment.Part, cat *query.Catalogue) (*roaring.Bitmap, error) {
	if len(a.Organisations) == 0 && len(a.Units) == 0 {
		return roaring.New(), nil
	}
	docs, err := p.Any(fieldAccess, tagged("o", a.Organisations)...)
	if err != nil {
		return nil, err
	}
	closed, err := p.Any(fieldAccess, tagged("u", a.Closed)...)
	if err != nil {
		return nil, err
	}
	docs.AndNot(closed)
	units, err := p.Any(fieldAccess, tagged("u", a.Units)...)
	if err != nil {
		return nil, err
	}
	docs.Or(units)
	for _, hidden := range []func() (*roaring.Bitmap, error){
		func() (*roaring.Bitmap, error) { return p.Any(fieldAccess, accessNarrowed) },
		func() (*roaring.Bitmap, error) { return secret(p, cat) },
	} {
		not, err := hidden()
		if err != nil {
			return nil, err
		}
		docs.AndNot(not)
	}
	return docs, nil
}

// secret returns the records of confidential groups and modules.
func secret(p *segment.Part, cat *query.Catalogue) (*roaring.Bitmap, error) {
	return p.Any(fieldTag, append(tagged("group:", cat.SecretGroups), tagged("module:", cat.SecretModules)...)...)
}

// articles returns the versions of articles that may be read.
func (a Access) articles(p *segment.Part) (*roaring.Bitmap, error) {
	if a.AllArticles {
		return p.Only(fieldTag, a.Only)(p.Docs(fieldTag, "type:article"))
	}
	audiences := []string{"audience:public"}
	if a.Person != 0 {
		audiences = append(audiences, "audience:signed-in")
	}
	if a.Agent || len(a.Groups) > 0 {
		audiences = append(audiences, "audience:agents")
	}
	return p.Only(fieldTag, a.Only)(p.Any(fieldAccess, audiences...))
}

// open returns the records of the type that are not confidential.
func open(p *segment.Part, cat *query.Catalogue, kind string) (*roaring.Bitmap, error) {
	open, err := p.Any(fieldTag, "type:"+kind)
	if err != nil {
		return nil, err
	}
	closed, err := secret(p, cat)
	if err != nil {
		return nil, err
	}
	open.AndNot(closed)
	return open, nil
}

// knows returns the documents whose words the reader may be told as corrections and suggestions: articles and records
// that may be read and, for those who may read all tickets, those that are not confidential.
func (a Access) knows(p *segment.Part, cat *query.Catalogue) (*roaring.Bitmap, error) {
	docs, err := a.articles(p)
	if err != nil {
		return nil, err
	}
	records, err := a.records(p, cat)
	if err != nil {
		return nil, err
	}
	docs = roaring.Or(docs, records.Docs)
	if !a.Agent && !a.AllTickets {
		return docs, nil
	}
	tickets, err := p.Only(fieldTag, a.Only)(open(p, cat, query.TypeTicket))
	if err != nil {
		return nil, err
	}
	tickets.Or(docs)
	return tickets, nil
}
