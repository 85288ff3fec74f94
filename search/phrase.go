package search

import (
	"slices"

	"sportello/store"
)

// maxChecked bounds how many texts one search reads for its phrases. Positions in the index would make it two and a
// half times as large; the documents that have all the words of a phrase are few.
const maxChecked = 1000

// checkPhrases takes those documents out of match whose text does not have the phrases of the question side by side,
// or has one that is excluded. The newest are looked at first; when there are too many, the rest is left out.
func (r *run) checkPhrases() error {
	var needed []clause
	if !r.parsed.Any {
		for _, c := range r.parsed.clauses {
			if !c.optional && slices.ContainsFunc(c.choices, func(ch choice) bool { return len(ch.phrase) > 0 }) {
				needed = append(needed, c)
			}
		}
	}
	var excluded []choice
	for _, ch := range r.parsed.not {
		if len(ch.phrase) > 0 {
			excluded = append(excluded, ch)
		}
	}
	if len(needed) == 0 && len(excluded) == 0 {
		return nil
	}
	checked := 0
	return r.st.View(func(tx *store.Tx) error {
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

func (r *run) holds(p *partRun, doc uint32, texts [][]string, needed []clause, excluded []choice) bool {
	for _, c := range needed {
		ok := slices.ContainsFunc(c.choices, func(ch choice) bool {
			if len(ch.phrase) > 0 {
				return hasPhrase(texts, ch.phrase)
			}
			return !slices.ContainsFunc(ch.units, func(u unit) bool {
				k := slices.Index(r.units, u)
				return k < 0 || !p.units[k].Contains(doc)
			})
		})
		if !ok {
			return false
		}
	}
	return !slices.ContainsFunc(excluded, func(ch choice) bool { return hasPhrase(texts, ch.phrase) })
}

// texts returns the words of each piece of the document that the reader may read. A row that went away meanwhile has none.
func (r *run) texts(tx *store.Tx, p *partRun, doc uint32) ([][]string, error) {
	kind, id, err := p.id(doc)
	if err != nil {
		return nil, err
	}
	var ps pieces
	if kind == TypeTicket {
		var t *store.Ticket
		if t, err = store.Tickets.Get(tx, id); err == nil {
			ps, err = ticketPieces(tx, t)
		}
	} else {
		var v *store.Version
		if v, err = store.Versions.Get(tx, id); err == nil {
			ps, err = versionPieces(tx, v)
		}
	}
	if store.KindOf(err) == store.NotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	list := ps.public
	if p.sight.notes.Contains(doc) {
		list = append(list, ps.notes...)
	}
	out := make([][]string, 0, len(list))
	for _, text := range list {
		var words []string
		scan(cutBytes(text, maxField), func(t token) {
			if t.parts == 0 {
				words = append(words, t.term)
			}
		})
		out = append(out, words)
	}
	return out, nil
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
