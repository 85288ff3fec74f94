package app_test

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"html"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"

	"sportello/app/desk/article"
	"sportello/app/desk/find"
	"sportello/app/desk/policy"
	"sportello/app/markup"
	"sportello/store/door"
	"sportello/store/fault"
)

// relevancePage is a page of the corpus: an article. The questions are the entries of the index that the pages'
// authors wrote.
type relevancePage struct{ address, title, body string }

type relevanceQuestion struct {
	text  string
	hash  [32]byte
	right []string // addresses of pages
}

type relevanceCorpus struct {
	language  string
	pages     []relevancePage
	questions []relevanceQuestion // those to measure with; or, when asked for, those kept aside
}

var bookmark = regexp.MustCompile(`\{url:"([^"]*)", app:"[^"]*", text:"((?:[^"\\]|\\.)*)"\}`)

func readRelevance(t *testing.T, language, root string, aside bool) relevanceCorpus {
	t.Helper()
	c := relevanceCorpus{language: language}
	name := filepath.Base(root)
	top := filepath.Dir(root)
	err := filepath.Walk(filepath.Join(root, "text"), func(path string, _ os.FileInfo, err error) error {
		if err != nil || filepath.Ext(path) != ".html" {
			return err
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		page, err := markup.Extract(raw, "#DisplayArea", nil)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		// The body as it stands between the navigation, the heading that repeats the title with it.
		_, body, _ := strings.Cut(string(raw), `<div id="DisplayArea"`)
		_, body, _ = strings.Cut(body, ">")
		body, _, _ = strings.Cut(body, `<div id="SearchFrame"`)
		address, err := filepath.Rel(top, path)
		c.pages = append(c.pages, relevancePage{filepath.ToSlash(address), page.Title, markup.Plain("html", body)})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(filepath.Join(root, "bookmarks.js"))
	if err != nil {
		t.Fatal(err)
	}
	right := map[string][]string{}
	for _, m := range bookmark.FindAllStringSubmatch(string(raw), -1) {
		text := html.UnescapeString(strings.NewReplacer(`\"`, `"`, `\\`, `\`, " -- ", " ").Replace(m[2]))
		text = strings.ToLower(strings.Join(strings.Fields(text), " "))
		address, _, _ := strings.Cut(m[1], "?")
		address, _, _ = strings.Cut(address, "#")
		if !slices.Contains(right[text], address) {
			right[text] = append(right[text], address)
		}
	}
	for text, pages := range right {
		words := 0
		for _, w := range strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) }) {
			if len([]rune(w)) >= 2 {
				words++
			}
		}
		q := relevanceQuestion{text, sha256.Sum256([]byte(text)), pages}
		if words >= 2 && len(pages) <= 3 && (q.hash[0]%2 == 1) == aside {
			c.questions = append(c.questions, q)
		}
	}
	slices.SortFunc(c.questions, func(a, b relevanceQuestion) int { return strings.Compare(a.text, b.text) })
	if len(c.pages) < 1000 || len(c.questions) < 1000 {
		t.Fatalf("%s: %d pages, %d questions in %s", language, len(c.pages), len(c.questions), name)
	}
	return c
}

// lines writes the pages as somebody from outside would.
func (c *relevanceCorpus) lines(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "articles.jsonl")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	e := json.NewEncoder(f)
	for _, p := range c.pages {
		if err := e.Encode(article.Record{Title: p.title, Body: p.body, Format: "text", Language: c.language, Audience: "public", State: "published", ExternalID: p.address}); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

// fillDesk takes the lines in as the command does and waits until all can be found. It returns which page an article was.
func (d *testDesk) fillDesk(path string) map[uint64]string {
	d.t.Helper()
	f, err := os.Open(path)
	if err != nil {
		d.t.Fatal(err)
	}
	defer f.Close()
	pages := map[uint64]string{}
	s := bufio.NewScanner(f)
	s.Buffer(nil, 16<<20)
	for s.Scan() {
		var rec article.Record
		if err := json.Unmarshal(s.Bytes(), &rec); err != nil {
			d.t.Fatal(err)
		}
		a, _, err := d.app.Desk.Articles.Put(theDesk, rec)
		if fault.KindOf(err) == fault.Invalid && rec.Body == "" {
			continue // a page without text is no article
		}
		if err != nil {
			d.t.Fatalf("%s: %v", rec.ExternalID, err)
		}
		pages[a.ID] = rec.ExternalID
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	if err := d.app.Index.CatchUp(ctx, d.app.Store.Last()); err != nil {
		d.t.Fatal(err)
	}
	return pages
}

// reciprocal returns the mean reciprocal rank of the first right page among ten, and how long the questions took at most but
// for one in a hundred.
func (d *testDesk) reciprocal(c relevanceCorpus, pages map[uint64]string, every int, word func(relevanceQuestion) string) (mrr float64, p99 time.Duration) {
	d.t.Helper()
	n := 0
	var took []time.Duration
	for i := 0; i < len(c.questions); i += every {
		q := c.questions[i]
		n++
		text := word(q)
		begun := time.Now()
		found, err := d.app.Desk.Find.Search(context.Background(), policy.Actor{Via: door.Page, Language: c.language}, find.Query{Text: text, Limit: 10})
		took = append(took, time.Since(begun))
		if err != nil {
			d.t.Fatalf("%q: %v", text, err)
		}
		rank := slices.IndexFunc(found.Hits, func(f find.Found) bool {
			return f.Article != nil && slices.Contains(q.right, pages[f.Article.ID])
		}) + 1
		if os.Getenv("SPORTELLO_RELEVANCE_SHOW") != "" {
			d.t.Logf("rank %d: %s", rank, text)
		}
		if rank > 0 {
			mrr += 1 / float64(rank)
		}
	}
	slices.Sort(took)
	return mrr / float64(n), took[len(took)*99/100]
}

// misspell puts one wrong letter into the longest word: dropped, doubled, swapped with its neighbour or replaced by
// another, where and which as the question's hash has it.
func misspell(q relevanceQuestion) string {
	runes := []rune(q.text)
	from, to := 0, 0
	for i := 0; i < len(runes); {
		if !unicode.IsLetter(runes[i]) {
			i++
			continue
		}
		k := i
		for k < len(runes) && unicode.IsLetter(runes[k]) {
			k++
		}
		if k-i > to-from {
			from, to = i, k
		}
		i = k
	}
	at := from + int(q.hash[2])%(to-from)
	var out []rune
	switch q.hash[1] % 4 {
	case 0:
		out = append(append(out, runes[:at]...), runes[at+1:]...)
	case 1:
		out = append(append(out, runes[:at+1]...), runes[at:]...)
	case 2:
		at = min(at, to-2)
		out = append(out, runes...)
		out[at], out[at+1] = out[at+1], out[at]
	case 3:
		out = append(out, runes...)
		other := 'a' + rune(q.hash[3]%26)
		if other == out[at] {
			other = 'a' + (other-'a'+1)%26
		}
		out[at] = other
	}
	return string(out)
}

const askXapian = `
import json, re, sys, xapian
pages, questions, name = sys.argv[1:]
stem, gen = xapian.Stem(name), xapian.TermGenerator()
gen.set_stemmer(stem)
db = xapian.WritableDatabase("", xapian.DB_BACKEND_INMEMORY)
for line in open(pages, encoding="utf-8"):
    p, d = json.loads(line), xapian.Document()
    gen.set_document(d)
    gen.index_text(p["title"])
    gen.increase_termpos()
    gen.index_text(p["body"])
    d.set_data(p["external_id"])
    db.add_document(d)
parser, enquire, total, n = xapian.QueryParser(), xapian.Enquire(db), 0, 0
parser.set_stemmer(stem)
parser.set_stemming_strategy(parser.STEM_SOME)
for line in open(questions, encoding="utf-8"):
    q = json.loads(line)
    n += 1
    enquire.set_query(parser.parse_query(" ".join(re.findall(r"[\w.]+", q["text"])), 0))
    for rank, m in enumerate(enquire.get_mset(0, 10)):
        if m.document.get_data().decode() in q["right"]:
            total += 1 / (rank + 1)
            break
print(total / n)
`

// xapian returns the figure of Xapian with its usual weights on the same pages and questions, "-" where it is not
// installed (python3-xapian).
func (c *relevanceCorpus) xapian(t *testing.T, pages string, every int) string {
	path := filepath.Join(t.TempDir(), "questions.jsonl")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	e := json.NewEncoder(f)
	for i := 0; i < len(c.questions); i += every {
		if err := e.Encode(map[string]any{"text": c.questions[i].text, "right": c.questions[i].right}); err != nil {
			t.Fatal(err)
		}
	}
	name := map[string]string{"it": "italian", "en": "english"}[c.language]
	for _, python := range []string{"/usr/bin/python3", "python3"} {
		out, err := exec.Command(python, "-c", askXapian, pages, path, name).Output()
		if mrr, bad := strconv.ParseFloat(strings.TrimSpace(string(out)), 64); err == nil && bad == nil {
			return fmt.Sprintf("%.3f", mrr)
		}
	}
	return "-"
}

// TestRelevance is `make relevance`. SPORTELLO_RELEVANCE=1 asks all questions, 4 every fourth; SPORTELLO_ASIDE=1 asks
// those that were kept aside while the ranking was tuned.
func TestRelevance(t *testing.T) {
	every, err := strconv.Atoi(os.Getenv("SPORTELLO_RELEVANCE"))
	if err != nil || every < 1 {
		t.Skip("make relevance")
	}
	aside := os.Getenv("SPORTELLO_ASIDE") != ""
	var corpora []relevanceCorpus
	for language, folder := range map[string]string{"it": "it", "en": "en-US"} {
		found, _ := filepath.Glob("../corpus/*/usr/share/libreoffice/help/" + folder)
		if len(found) != 1 {
			t.Fatalf("no corpus of %s: make corpus", folder)
		}
		corpora = append(corpora, readRelevance(t, language, found[0], aside))
	}
	slices.SortFunc(corpora, func(a, b relevanceCorpus) int { return strings.Compare(b.language, a.language) })
	plain := func(q relevanceQuestion) string { return q.text }
	var ours, typos, theirs, counts, times []string
	for _, c := range corpora {
		path := c.lines(t)
		d := newTestDesk(t)
		pages := d.fillDesk(path)
		mrr, p99 := d.reciprocal(c, pages, every, plain)
		wrong, _ := d.reciprocal(c, pages, every, misspell)
		ours, typos = append(ours, fmt.Sprintf("%.3f", mrr)), append(typos, fmt.Sprintf("%.3f (%.0f %%)", wrong, 100*wrong/mrr))
		theirs = append(theirs, c.xapian(t, path, every))
		counts = append(counts, strconv.Itoa((len(c.questions)+every-1)/every))
		times = append(times, p99.Round(100*time.Microsecond).String())
	}
	row := func(name string, cells []string) { fmt.Printf("| %-52s | %-14s | %-14s |\n", name, cells[0], cells[1]) }
	row("mean reciprocal rank at 10", []string{"Italian", "English"})
	row(strings.Repeat("-", 52), []string{"---", "---"})
	row("Sportello, as the page asks", ours)
	row("Sportello, one wrong letter in the longest word", typos)
	row("Xapian here, stemmed, default weights", theirs)
	if !aside {
		row("Xapian 1.4.22, stemmed, default weights", []string{"0.575", "0.616"})
		row("Lucene 8.7, language analyser, BM25, title x 0.5", []string{"0.564", "0.643"})
		row("PostgreSQL 15 full text, all words, ts_rank_cd", []string{"0.478", ""})
		row("bleve 2.6.3, disjunction of two fields, tf-idf", []string{"0.470", ""})
		row("bleve 2.6.3, disjunction of two fields, BM25", []string{"0.411", ""})
	}
	row("questions", counts)
	row("time of a question, 99 of 100 under", times)
}
