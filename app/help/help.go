// Package help is the built-in help: short answers to "How do I ...?", the same topics in each language.
package help

import (
	"fmt"
	"html/template"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"
	"unicode"

	"sportello/app/markup"
	"sportello/assets"
	"sportello/search/analysis"
)

// codes are the topics in the order in which they are listed. Each has a file help/LANGUAGE/CODE.md for its text.
var codes = []string{"affiliations", "invitations", "access-requests", "sharing", "tokens", "service-accounts", "leaving", "plans", "plan-templates", "problems", "search"}

// Topic is one page of the help.
type Topic struct {
	Code      string
	Title     string
	About     template.HTML // what stands above the first question, may be empty
	Questions []Question
}

// Question is a question of a topic with its answer.
type Question struct {
	ID     string // to lead to it within the page
	Title  string
	Answer template.HTML
	about  []string // stems of the topic's title
	asked  []string // stems of the question
	said   []string // stems of the answer
}

// Found is a question that an entered text may mean.
type Found struct{ Address, Title, Topic string }

// load reads all topics, by language.
var load = sync.OnceValues(func() (map[string][]Topic, error) {
	all := map[string][]Topic{}
	for _, lang := range analysis.Languages {
		for _, code := range codes {
			b, err := fs.ReadFile(assets.FS, path.Join("help", lang, code+".md"))
			if err != nil {
				return nil, fmt.Errorf("help: read topic: %w", err)
			}
			t, err := read(lang, code, string(b))
			if err != nil {
				return nil, fmt.Errorf("help: %s in %s: %w", code, lang, err)
			}
			all[lang] = append(all[lang], t)
		}
	}
	return all, nil
})

// read takes a file apart: its title, what stands above the questions, and each question with its answer.
func read(lang, code, text string) (Topic, error) {
	parts := strings.Split("\n"+text, "\n## ")
	title, about, _ := strings.Cut(strings.TrimSpace(parts[0]), "\n")
	title, is := strings.CutPrefix(title, "# ")
	if !is || len(parts) < 2 {
		return Topic{}, fmt.Errorf("a topic is a title and at least one question")
	}
	t := Topic{Code: code, Title: title}
	if about = strings.TrimSpace(about); about != "" {
		t.About = markup.Part(about)
	}
	for _, part := range parts[1:] {
		q, answer, _ := strings.Cut(part, "\n")
		if answer = strings.TrimSpace(answer); answer == "" {
			return Topic{}, fmt.Errorf("%q has no answer", q)
		}
		t.Questions = append(t.Questions, Question{ID: markup.HeadingID(q), Title: q, Answer: markup.Part(answer),
			about: stems(lang, title), asked: stems(lang, q), said: stems(lang, markup.Plain(markup.Markdown, answer))})
	}
	return t, nil
}

// Topics returns the topics in the language, in order.
func Topics(lang string) ([]Topic, error) {
	all, err := load()
	return all[lang], err
}

// Find returns at most n questions that the text may mean, best first: those whose topic, question and answer have every
// meaning word of it. Words that stand in the question count most, in the answer least.
func Find(lang, text string, n int) ([]Found, error) {
	topics, err := Topics(lang)
	words := stems(lang, text)
	if err != nil || len(words) == 0 {
		return nil, err
	}
	type scored struct {
		Found
		score int
	}
	var list []scored
	for _, t := range topics {
		for _, q := range t.Questions {
			if score := q.score(words); score > 0 {
				list = append(list, scored{Found{"/help/" + t.Code + "#" + q.ID, q.Title, t.Title}, score})
			}
		}
	}
	slices.SortStableFunc(list, func(a, b scored) int { return b.score - a.score })
	var out []Found
	for _, s := range list[:min(n, len(list))] {
		out = append(out, s.Found)
	}
	return out, nil
}

// score is 0 when a word is missing.
func (q Question) score(words []string) int {
	sum := 0
	for _, w := range words {
		switch {
		case slices.Contains(q.asked, w):
			sum += 3
		case slices.Contains(q.about, w):
			sum += 2
		case slices.Contains(q.said, w):
			sum++
		default:
			return 0
		}
	}
	return sum
}

// stems returns the stems of the words of a text that carry a meaning, each once.
func stems(lang, text string) []string {
	var out []string
	analysis.Scan(text, func(t analysis.Token) {
		if s := analysis.Stem(lang, t.Term); strings.ContainsFunc(s, unicode.IsLetter) && t.Parts == 0 && !slices.Contains(out, s) {
			out = append(out, s)
		}
	})
	return out
}
