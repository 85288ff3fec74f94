package app

import (
	"net/url"
	"strings"

	"github.com/gofiber/fiber/v2"

	"sportello/app/desk"
	"sportello/app/words"
	"sportello/store"
)

// synonymsPage holds the words that mean the same, one set in a line for each language.
type synonymsPage struct{ adminPage }

var synonymFields = []adminField{{"synonyms-it", "admin-synonyms.list-it"}, {"synonyms-en", "admin-synonyms.list-en"}}

func (a *App) getSynonyms(c *fiber.Ctx) error { return a.synonymsPage(c, nil, nil) }

func (a *App) synonymsPage(c *fiber.Ctx, f *Form, err error) error {
	v := &synonymsPage{a.admin(c, "synonyms", "admin-synonyms.title")}
	v.top()
	lists, mark, bad := a.desk.Synonyms(a.actor(c))
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
	if f == nil && !v.resume(c) {
		v.fill(now)
	}
	if f != nil {
		if err := v.again(f, err, now, synonymFields); err != nil {
			return err
		}
	}
	return a.render(c, "page/admin-synonyms", v)
}

func (a *App) postSynonyms(c *fiber.Ctx) error {
	f := a.form(c)
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
		err = a.desk.ChangeSynonyms(a.actor(c), f.Raw("rev"), lists)
	}
	if err != nil {
		return a.synonymsPage(c, f, err)
	}
	return a.done(c, "flash.synonyms-saved", "/admin/synonyms")
}
