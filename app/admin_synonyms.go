package app

import (
	"net/url"
	"strings"

	"sportello/app/desk"
	"sportello/app/words"
	"sportello/store"
)

// synonymsPage holds the words that mean the same, one set in a line for each language.
type synonymsPage struct{ adminPage }

var synonymFields = []adminField{{"synonyms-it", "admin-synonyms.list-it"}, {"synonyms-en", "admin-synonyms.list-en"}}

func (a *App) getSynonyms(r *Request) error { return a.synonymsPage(r, nil, nil) }

func (a *App) synonymsPage(r *Request, f *Form, err error) error {
	v := &synonymsPage{a.admin(r, "synonyms", "admin-synonyms.title")}
	v.top()
	lists, mark, bad := a.desk.Synonyms(r.actor())
	if bad != nil {
		return bad
	}
	now := url.Values{"rev": {mark}}
	for _, language := range words.Languages {
		var lines []string
		for _, words := range lists[language] {
			lines = append(lines, strings.Join(words, ", "))
		}
		now.Set("synonyms-"+language, strings.Join(lines, "\n"))
	}
	if f == nil && !v.resume(r) {
		v.fill(now)
	}
	if f != nil {
		if err := v.again(f, err, now, synonymFields); err != nil {
			return err
		}
	}
	return r.render("page/admin-synonyms", v)
}

func (a *App) postSynonyms(r *Request) error {
	f := r.form()
	lists := desk.SynonymLists{}
	for _, language := range words.Languages {
		for _, line := range f.Lines("synonyms-" + language) {
			lists[language] = append(lists[language], strings.Split(line, ","))
		}
	}
	err := f.Err()
	if err == nil && !f.Has("rev") {
		err = store.Fail(store.Invalid, "error.required").At("synonyms-it") // an empty list is a choice of the form's alone
	}
	if err == nil {
		err = a.desk.ChangeSynonyms(r.actor(), f.Raw("rev"), lists)
	}
	if err != nil {
		return a.synonymsPage(r, f, err)
	}
	return r.done("flash.synonyms-saved", "/admin/synonyms")
}
