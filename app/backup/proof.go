package backup

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"sportello/search"
	"sportello/search/query"
	"sportello/store"
	"sportello/store/db"
)

// Proof is stored with the rows of a backup: some search questions with the answers at the time. A restore asks them
// again with an index made from the restored rows.
type Proof struct {
	Exact     bool       `json:"exact"` // the index matched the rows of the backup exactly: the answers must be the same
	Questions []Question `json:"questions"`
}

// Question is one search question with its answer at the time of the backup.
type Question struct {
	Text     string   `json:"text"`
	Language string   `json:"language"`
	Asked    bool     `json:"asked"` // the index answered; otherwise Hits has the row the question was made from
	Total    int      `json:"total"`
	AtLeast  bool     `json:"at_least,omitempty"`
	Hits     []string `json:"hits"` // "ticket 12", "article 3"
}

// prover chooses questions from the rows that are copied, and asks them afterwards.
type prover struct {
	store *db.Store
	index *search.Index
	last  uint64 // last change of the rows
	top   uint64 // newest ticket of the rows
	proof Proof
}

const (
	provenTickets  = 6
	provenArticles = 3
	provenWords    = 4
	provenHits     = 20
)

// look makes questions from the words of tickets and articles spread over the whole desk.
func (p *prover) look(tx *db.Tx) error {
	tx.PastDamage()
	p.proof, p.last, p.top = Proof{}, tx.LastChange(), store.Tickets.Last(tx)
	for i := range uint64(provenTickets) {
		from := 1 + p.top*i/provenTickets
		if i == provenTickets-1 {
			from = p.top
		}
		for t, err := range store.Tickets.All(tx, max(from, 1), false) {
			if err == nil && !t.IsSpam() {
				p.add(t.Subject, t.Language, fmt.Sprint(query.TypeTicket, " ", t.ID))
			}
			break // a row that cannot be read gives no question; Check reports it
		}
	}
	articles := store.Versions.Last(tx)
	for i := range uint64(provenArticles) {
		for v, err := range store.Versions.All(tx, max(1+articles*i/provenArticles, 1), false) {
			if err == nil {
				p.add(v.Title, v.Language, fmt.Sprint(query.TypeArticle, " ", v.Article))
			}
			break
		}
	}
	return nil
}

func (p *prover) add(text, language, hit string) {
	if words := search.Words(text, provenWords); len(words) > 0 {
		p.proof.Questions = append(p.proof.Questions, Question{Text: strings.Join(words, " "), Language: language, Hits: []string{hit}})
	}
}

// ask asks the current index and returns the proof as JSON.
func (p *prover) ask(ctx context.Context) ([]byte, error) {
	level := func() bool {
		s := p.index.State()
		return s.State == search.Following && s.Behind == 0 && p.store.Last() == p.last
	}
	p.proof.Exact = level()
	for i := range p.proof.Questions {
		q := &p.proof.Questions[i]
		r, err := p.index.Search(ctx, search.Query{Text: q.Text, Language: q.Language, Limit: provenHits, Access: seesAll, Types: provenTypes})
		if err != nil {
			continue // an index that does not answer must not prevent a backup
		}
		var hits []string
		for _, h := range r.Hits {
			if h.Type != query.TypeTicket || h.ID <= p.top { // later tickets are not in the rows
				hits = append(hits, fmt.Sprint(h.Type, " ", h.ID))
			}
		}
		q.Asked, q.Total, q.AtLeast, q.Hits = true, r.Total, r.AtLeast, hits
	}
	p.proof.Exact = p.proof.Exact && level()
	return json.Marshal(p.proof)
}

// provenTypes are what questions are asked for: what this program finds beside them, another one may not.
var provenTypes = []string{query.TypeTicket, query.TypeArticle, query.TypeMail}

// seesAll is the search access of the desk itself.
var seesAll = search.Access{Agent: true, AllTickets: true, AllArticles: true}

// Compare asks the questions of the proof again and returns how many it asked and a finding for each wrong answer. If
// the index did not match the rows exactly at the time, an answer need only contain the earlier hits.
func (p Proof) Compare(ctx context.Context, ix *search.Index) (asked int, findings []string) {
	for _, q := range p.Questions {
		r, err := ix.Search(ctx, search.Query{Text: q.Text, Language: q.Language, Limit: 5 * provenHits, Access: seesAll, Types: provenTypes})
		if err != nil {
			findings = append(findings, fmt.Sprintf("the question %q cannot be asked: %v", q.Text, err))
			continue
		}
		asked++
		found := map[string]bool{}
		for _, h := range r.Hits {
			found[fmt.Sprint(h.Type, " ", h.ID)] = true
		}
		if p.Exact && q.Asked && !q.AtLeast && !r.AtLeast && r.Total != q.Total {
			findings = append(findings, fmt.Sprintf("the question %q found %d, and finds %d now", q.Text, q.Total, r.Total))
			continue
		}
		if !q.Asked && len(r.Hits) < r.Total {
			continue // so many rows have these words that the source of the question need not be among the first hits
		}
		for _, hit := range q.Hits {
			if !found[hit] {
				findings = append(findings, fmt.Sprintf("the question %q does not find %s any more", q.Text, hit))
			}
		}
	}
	return asked, findings
}
