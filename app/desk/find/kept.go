package find

import (
	"context"
	"sync"

	"sportello/app/desk/policy"
	"sportello/search"
	"sportello/search/query"
)

// articleQuestion is a question for articles and everything its answer rests on: what the reader may read of them, and how far the
// index had come with them. What was kept for a question is an answer to no other.
type articleQuestion struct {
	words, language         string
	most                    int
	everything, known, desk bool // the rights: see search.Access for articles
	at                      search.ArticleMark
}

// mostKept bounds how many answers are kept; beyond it all are forgotten.
const mostKept = 2048

// answers keeps what was found for questions for articles alone. The same subject is asked for each time its ticket is
// opened. Only numbers are kept: whether the reader may read an article is asked of its row each time.
type answers struct {
	mu   sync.Mutex
	hits map[articleQuestion][]search.Hit
}

func (k *answers) get(q articleQuestion) ([]search.Hit, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	hits, ok := k.hits[q]
	return hits, ok
}

func (k *answers) put(q articleQuestion, hits []search.Hit) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.hits == nil || len(k.hits) >= mostKept {
		k.hits = map[articleQuestion][]search.Hit{}
	}
	k.hits[q] = hits
}

// Forget drops every answer that is kept.
func (fi *Finder) Forget() { fi.kept.forget() }

func (k *answers) forget() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.hits = nil
}

// articles finds articles by words, at most so many.
func (fi *Finder) articles(ctx context.Context, a policy.Actor, words string, most int) ([]search.Hit, error) {
	x := fi.unshared(a)
	q := articleQuestion{words: words, language: a.Lang(), most: most, everything: x.AllArticles, known: x.Person != 0, desk: x.Agent || len(x.Groups) > 0, at: fi.ix.ArticleMark()}
	if hits, ok := fi.kept.get(q); ok {
		return hits, nil
	}
	r, err := fi.ix.Search(ctx, search.Query{Text: words, Access: x, Types: []string{query.TypeArticle}, Language: a.Lang(), Limit: most})
	if err != nil {
		return nil, err
	}
	fi.kept.put(q, r.Hits)
	return r.Hits, nil
}
