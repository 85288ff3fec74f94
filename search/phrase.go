package search

import (
	"fmt"
	"slices"

	"sportello/search/analysis"
	"sportello/search/query"
	"sportello/search/record"
	"sportello/search/short"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/fault"
)

// maxChecked bounds how many texts one search reads for its phrases. Positions in the index would make it two and a
// half times as large; the documents that have all the words of a phrase are few.
const maxChecked = 1000

// maxGlanced bounds how many texts in short are looked through to tell which texts are worth reading.
const maxGlanced = 30_000

// checkPhrases takes those documents out of match whose text does not have the phrases of the question side by side,
// or has one that is excluded. The newest are looked at first; when there are too many, the rest is left out.
func (r *run) checkPhrases() error {
	var needed []query.Clause
	if !r.parsed.Any {
		for _, c := range r.parsed.Clauses {
			if !c.Optional && slices.ContainsFunc(c.Choices, func(ch query.Choice) bool { return len(ch.Phrase) > 0 }) {
				needed = append(needed, c)
			}
		}
	}
	var excluded []query.Choice
	for _, ch := range r.parsed.Not {
		if len(ch.Phrase) > 0 {
			excluded = append(excluded, ch)
		}
	}
	if len(needed) == 0 && len(excluded) == 0 {
		return nil
	}
	checked, glanced := 0, 0
	return r.st.View(func(tx *db.Tx) error {
		for k := len(r.parts) - 1; k >= 0; k-- {
			p := r.parts[k]
			suspects := p.match
			if len(needed) == 0 { // only what has the words of an excluded phrase has to be read
				suspects = nil
				for _, ch := range excluded {
					docs, err := r.allOf(p, ch)
					if err != nil {
						return err
					}
					if suspects == nil {
						suspects = docs
					} else {
						suspects.Or(docs)
					}
				}
				suspects.And(p.match)
			}
			docs := suspects.ToArray()
			for i := len(docs) - 1; i >= 0; i-- {
				if glanced++; glanced <= maxGlanced {
					maybe, err := glance(p, docs[i], needed, excluded)
					if err != nil {
						return err
					}
					if !maybe {
						if len(needed) > 0 && !r.holds(p, docs[i], nil, needed, nil) {
							p.match.Remove(docs[i])
						}
						continue
					}
				}
				if checked++; checked > maxChecked {
					r.atLeast = true
					p.match.Remove(docs[i])
					continue
				}
				if err := r.ctx.Err(); err != nil {
					return err
				}
				texts, err := r.texts(tx, p, docs[i])
				if err != nil {
					return err
				}
				if !r.holds(p, docs[i], texts, needed, excluded) {
					p.match.Remove(docs[i])
				}
			}
		}
		return nil
	})
}

func (r *run) holds(p *partRun, doc uint32, texts [][]string, needed []query.Clause, excluded []query.Choice) bool {
	for _, c := range needed {
		ok := slices.ContainsFunc(c.Choices, func(ch query.Choice) bool {
			if len(ch.Phrase) > 0 {
				return hasPhrase(texts, ch.Phrase)
			}
			return !slices.ContainsFunc(ch.Units, func(u query.Unit) bool {
				k := slices.Index(r.units, u)
				return k < 0 || !p.units[k].Contains(doc)
			})
		})
		if !ok {
			return false
		}
	}
	return !slices.ContainsFunc(excluded, func(ch query.Choice) bool { return hasPhrase(texts, ch.Phrase) })
}

// texts returns the words of each piece of the document that the reader may read. A row that went away meanwhile has none.
func (r *run) texts(tx *db.Tx, p *partRun, doc uint32) ([][]string, error) {
	kind, id, err := rowID(p.Part, doc)
	if err != nil {
		return nil, err
	}
	var ps record.Pieces
	if n, is := record.Of(kind); is {
		var rec *record.Record
		if rec, err = n.Read(tx, id, r.plans); rec != nil {
			ps = rec.Pieces()
		}
	} else if kind == query.TypeTicket {
		var t *store.Ticket
		if t, err = store.Tickets.Get(tx, id); err == nil {
			ps, err = record.OfTicket(tx, t)
		}
	} else if kind == query.TypeMail {
		var m *store.Mail
		if m, err = store.Mails.Get(tx, id); err == nil {
			ps = record.OfMail(m)
		}
	} else {
		var v *store.Version
		if v, err = store.Versions.Get(tx, id); err == nil {
			ps, err = record.OfVersion(tx, v)
		}
	}
	if fault.KindOf(err) == fault.NotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	list := ps.Public
	if p.sight.notes.Contains(doc) {
		list = append(list, ps.Notes...)
	}
	out := make([][]string, 0, len(list))
	for _, text := range list {
		var words []string
		analysis.Scan(analysis.CutBytes(text, analysis.MaxField), func(t analysis.Token) {
			if t.Parts == 0 {
				words = append(words, t.Term)
			}
		})
		out = append(out, words)
	}
	return out, nil
}

// glance tells whether the text may have one of the phrases that its text in short has.
func glance(p *partRun, doc uint32, needed []query.Clause, excluded []query.Choice) (maybe bool, err error) {
	err = p.Segment.VisitStoredFields(uint64(doc), func(field string, _ byte, near []byte, _ []uint64) bool {
		if field != fieldNear {
			return true
		}
		look := func(ch query.Choice) bool {
			return len(ch.Phrase) > 0 && short.MayHave(near, ch.Phrase, p.sight.notes.Contains(doc))
		}
		maybe = slices.ContainsFunc(excluded, look) || slices.ContainsFunc(needed, func(c query.Clause) bool { return slices.ContainsFunc(c.Choices, look) })
		return false
	})
	if err != nil {
		return false, fmt.Errorf("search: read text in short: %w", err)
	}
	return maybe, nil
}

func hasPhrase(texts [][]string, phrase []string) bool {
	for _, words := range texts {
		for i := 0; i+len(phrase) <= len(words); i++ {
			if words[i] == phrase[0] && slices.Equal(words[i:i+len(phrase)], phrase) {
				return true
			}
		}
	}
	return false
}
