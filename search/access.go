package search

import (
	"github.com/RoaringBitmap/roaring/v2"

	"sportello/search/analysis"
	"sportello/search/query"
	"sportello/search/segment"
)

// Access is what the reader may see, made by desk from the actor. It denies by default: the zero value sees public
// articles only.
type Access struct {
	Person        uint64   // 0: nobody is signed in
	Groups        []uint64 // own groups: their tickets, confidential ones too, with notes, and the mail they judge
	Agent         bool     // also other groups' tickets that are not confidential, with notes
	Organisations []uint64 // coordinated as a whole
	Units         []uint64 // coordinated
	AllArticles   bool     // editors, administrators: drafts too
	AllTickets    bool     // administrators: all tickets that are not confidential, with notes, and such mail
}

// sight is what an Access lets its reader see of one segment.
type sight struct {
	docs  *roaring.Bitmap // tickets, articles, mail
	notes *roaring.Bitmap // tickets whose notes may be read: never through being on the requester's side
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
	side := tagged("o", a.Organisations)
	side = append(side, tagged("u", a.Units)...)
	if own {
		side = nil
	}
	if a.Person != 0 {
		side = append(side, "p"+analysis.Decimal(a.Person))
	}
	docs, err := p.Any(fieldAccess, side...)
	if err != nil {
		return s, err
	}
	s.docs, s.notes = docs, roaring.New()
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
	return s, nil
}

// articles returns the versions of articles that may be read.
func (a Access) articles(p *segment.Part) (*roaring.Bitmap, error) {
	if a.AllArticles {
		return p.Docs(fieldTag, "type:article")
	}
	audiences := []string{"audience:public"}
	if a.Person != 0 {
		audiences = append(audiences, "audience:signed-in")
	}
	if a.Agent || len(a.Groups) > 0 {
		audiences = append(audiences, "audience:agents")
	}
	return p.Any(fieldAccess, audiences...)
}

// open returns the records of the type that are not confidential.
func open(p *segment.Part, cat *query.Catalogue, kind string) (*roaring.Bitmap, error) {
	open, err := p.Any(fieldTag, "type:"+kind)
	if err != nil {
		return nil, err
	}
	secret, err := p.Any(fieldTag, append(tagged("group:", cat.SecretGroups), tagged("module:", cat.SecretModules)...)...)
	if err != nil {
		return nil, err
	}
	open.AndNot(secret)
	return open, nil
}

// knows returns the documents whose words the reader may be told as corrections and suggestions: articles that may be
// read and, for those who may read all tickets, those that are not confidential.
func (a Access) knows(p *segment.Part, cat *query.Catalogue) (*roaring.Bitmap, error) {
	docs, err := a.articles(p)
	if err != nil || !a.Agent && !a.AllTickets {
		return docs, err
	}
	tickets, err := open(p, cat, query.TypeTicket)
	if err != nil {
		return nil, err
	}
	tickets.Or(docs)
	return tickets, nil
}
