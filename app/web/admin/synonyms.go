package admin

import (
	"net/url"
	"strings"

	"sportello/app/desk/catalogue"
	"sportello/app/web"
	"sportello/app/web/show"
	"sportello/app/words"
	"sportello/store/fault"
)

// synonymsPage has the sets of words with the same meaning, one set a line, for each language.
type synonymsPage struct{ show.AdminPage }

var synonymFields = []show.AdminField{{Name: "synonyms-it", Key: "admin-synonyms.list-it"}, {Name: "synonyms-en", Key: "admin-synonyms.list-en"}}

func (a pages) getSynonyms(r *web.Request) error { return a.synonymsPage(r, nil, nil) }

func (a pages) synonymsPage(r *web.Request, f *web.Form, err error) error {
	v := &synonymsPage{show.Admin(a.Site, r, "synonyms", "admin-synonyms.title")}
	v.Top()
	lists, mark, bad := a.Desk.Catalogue.Synonyms(r.Actor())
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
	if f == nil && !v.Resume(r) {
		v.Fill(now)
	}
	if f != nil {
		if err := v.Again(f, err, now, synonymFields); err != nil {
			return err
		}
	}
	return r.Render("page/admin-synonyms", v)
}

func (a pages) postSynonyms(r *web.Request) error {
	f := r.Form()
	lists := catalogue.SynonymLists{}
	for _, language := range words.Languages {
		for _, line := range f.Lines("synonyms-" + language) {
			lists[language] = append(lists[language], strings.Split(line, ","))
		}
	}
	err := f.Err()
	if err == nil && !f.Has("rev") {
		err = fault.New(fault.Invalid, "error.required").At("synonyms-it") // emptying the list is a separate choice of the form
	}
	if err == nil {
		err = a.Desk.Catalogue.ChangeSynonyms(r.Actor(), f.Raw("rev"), lists)
	}
	if err != nil {
		return a.synonymsPage(r, f, err)
	}
	return r.Done("flash.synonyms-saved", "/admin/synonyms")
}
