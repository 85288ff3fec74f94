package record

import (
	"github.com/RoaringBitmap/roaring/v2"

	"sportello/search/analysis"
	"sportello/search/query"
	"sportello/search/segment"
	"sportello/store"
)

// The terms of FieldAccess by which records are seen. A record holds what its row says, and a reader what they are at the
// moment of the question: which organisations somebody belongs to, who looks after a module and what is confidential is
// asked then, never written into the index.
const (
	releaseOut    = "release:out"    // it was published once
	problemStands = "problem:stands" // it is one still
)

func wentTo(organisation uint64) string   { return "to:" + analysis.Decimal(organisation) }
func memberOf(organisation uint64) string { return "in:" + analysis.Decimal(organisation) }
func named(person uint64) string          { return "named:" + analysis.Decimal(person) }
func inGroup(group uint64) string         { return "here:" + analysis.Decimal(group) }
func problemFor(a store.Audience) string  { return "problem:" + a.String() }

// covered is the term of a plan of the organisation or unit, for those who coordinate it.
func covered(h store.Hat) string {
	return "covers:" + analysis.Decimal(h.Organisation) + "." + analysis.Decimal(h.Unit)
}

func terms(of func(uint64) string, ids []uint64) []string {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = of(id)
	}
	return out
}

// Reader is what decides which records somebody sees. The zero value is a stranger.
type Reader struct {
	Person        uint64   // 0: nobody is signed in
	Groups        []uint64 // own ones
	Agent         bool
	Editor        bool
	Administrator bool
	Member        []uint64    // organisations that the person belongs to now
	Covers        []store.Hat // organisations and units that the person coordinates now
}

// Sight is what a reader sees of one segment: records, and those of them whose Inside they may read.
type Sight struct{ Docs, Inside *roaring.Bitmap }

// kinds are the records there are, each with the rule that says who sees it.
var kinds = []struct {
	tag string
	see func(Reader, look, *roaring.Bitmap, *Sight)
}{
	{"type:" + query.TypeRelease, Reader.releases},
	{"type:" + query.TypeProblem, Reader.problems},
	{"type:" + query.TypePlan, Reader.plans},
}

// See returns the records of the segment that the reader sees. It is the rule of policy, in terms of the index: secret
// returns what belongs to a confidential group or module.
func (r Reader) See(p *segment.Part, cat *query.Catalogue, secret func() (*roaring.Bitmap, error)) (Sight, error) {
	s := Sight{roaring.New(), roaring.New()}
	for _, kind := range kinds {
		if lacks, err := p.Lacks(FieldTag, kind.tag); err != nil || lacks {
			if err != nil {
				return s, err
			}
			continue
		}
		all, err := p.Docs(FieldTag, kind.tag)
		if err != nil {
			return s, err
		}
		if all.IsEmpty() {
			continue
		}
		l := look{p, cat, secret, &err}
		if kind.see(r, l, all, &s); err != nil {
			return s, err
		}
	}
	return s, nil
}

// look reads bitmaps until something fails.
type look struct {
	part   *segment.Part
	cat    *query.Catalogue
	secret func() (*roaring.Bitmap, error)
	err    *error
}

func (l look) any(field string, terms ...string) *roaring.Bitmap {
	if *l.err == nil {
		var docs *roaring.Bitmap
		if docs, *l.err = l.part.Any(field, terms...); *l.err == nil {
			return docs
		}
	}
	return roaring.New()
}

// open takes the confidential ones out of docs, which are the caller's own.
func (l look) open(docs *roaring.Bitmap) *roaring.Bitmap {
	closed, err := l.secret()
	if err != nil {
		*l.err = err
		return roaring.New()
	}
	docs.AndNot(closed)
	return docs
}

func (r Reader) releases(l look, all *roaring.Bitmap, s *Sight) {
	if r.Administrator {
		s.Docs.Or(all)
		s.Inside.Or(all)
		return
	}
	if r.Person == 0 {
		return
	}
	s.Docs.Or(l.any(FieldAccess, terms(wentTo, r.Member)...))
	if r.Agent {
		out := l.any(FieldAccess, releaseOut)
		out.AndNot(l.any(FieldTag, terms(moduleTag, l.cat.Veiled)...))
		s.Docs.Or(out)
	}
	here := l.any(FieldTag, terms(moduleTag, l.cat.KeptBy(r.Groups))...)
	here.And(all)
	s.Docs.Or(here)
	s.Inside.Or(here)
}

func moduleTag(id uint64) string { return "module:" + analysis.Decimal(id) }

func (r Reader) problems(l look, all *roaring.Bitmap, s *Sight) {
	if r.Administrator {
		s.Docs.Or(all)
		s.Inside.Or(all)
		return
	}
	audiences := []string{problemFor(store.Public)}
	if r.Person != 0 {
		audiences = append(audiences, problemFor(store.SignedIn))
		if r.Editor {
			audiences = append(audiences, problemFor(store.Agents))
		}
	}
	s.Docs.Or(l.any(FieldAccess, audiences...))
	here := l.any(FieldAccess, terms(inGroup, r.Groups)...)
	here.And(all)
	if r.Agent {
		here.Or(l.open(l.any(FieldAccess, problemStands)))
	}
	s.Docs.Or(here)
	s.Inside.Or(here)
}

func (r Reader) plans(l look, all *roaring.Bitmap, s *Sight) {
	if r.Administrator {
		s.Docs.Or(l.open(all.Clone()))
	}
	if r.Person == 0 {
		return
	}
	here := l.any(FieldAccess, terms(inGroup, r.Groups)...)
	here.And(all)
	s.Docs.Or(here)
	var hats []string
	for _, h := range r.Covers {
		hats = append(hats, covered(h))
	}
	s.Docs.Or(l.any(FieldAccess, hats...))
	mine := l.any(FieldAccess, named(r.Person))
	mine.And(l.any(FieldAccess, terms(memberOf, r.Member)...))
	s.Docs.Or(mine)
}
