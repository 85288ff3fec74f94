package app_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// TestThePartsOfATemplateHaveForms: a decision and a step are added, changed, moved and removed each in a form of its own,
// without scripts; what is wrong stands beside its field. It begins with who may not.
func TestThePartsOfATemplateHaveForms(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.plan()
	const here = "/templates/prova"
	const months, fresh = here + "/parts/months", here + "/new-part"
	for _, role := range []string{"coordinator", "editor", "elsewhere"} {
		b := w.visitor(role)
		for _, path := range []string{months, fresh + "?kind=step"} {
			if got := b.get(path); got.status != http.StatusForbidden {
				t.Errorf("%s reads %s: %d", role, path, got.status)
			}
		}
		b.must(b.post(months, url.Values{"act": {"remove"}}), http.StatusForbidden)
		if got := b.get(here); strings.Contains(got.body, "/parts/") || strings.Contains(got.body, "new-part") {
			t.Errorf("%s is led to the forms", role)
		}
	}
	b := w.visitor("agent")
	b.must(b.get(here), http.StatusOK, `href="`+months+`"`, "new-part?phase=work&amp;kind=decision")
	b.must(b.get(here+"/parts/none"), http.StatusNotFound)
	form := func(path string) url.Values { return postable(b.get(path).body, strings.Split(path, "?")[0]) }

	b.must(b.post(months, changed(form(months), "when", "staff>", "option-1-when", "boh=1", "question-it", strings.Repeat("x", 1001))), http.StatusUnprocessableEntity, `href="#question-it"`)
	got := b.post(months, changed(form(months), "when", "staff>", "option-1-when", "boh:1"))
	b.must(got, http.StatusUnprocessableEntity, `href="#when"`, "Al carattere 7", `href="#option-1-when"`, "boh", "Nessun dato e nessuna scelta")
	b.must(b.post(months, changed(form(months), "act", "row")), http.StatusOK, "option-4-name-it")
	b.must(b.post(months, changed(form(months), "rev", "1")), http.StatusConflict, `href="#place"`)
	b.must(b.post(months, changed(form(months), "question-it", "Quanti mesi in parallelo?", "option-1-name-it", "Un mese solo", "option-3-name-it", "Nessuno", "option-3-name-en", "None at all")), http.StatusSeeOther)
	b.must(b.get(here), http.StatusOK, "Quanti mesi in parallelo?", "Un mese solo", "Nessuno", "bozza")
	b.must(b.get(here+"/file"), http.StatusOK, "code = 'none-at-all'")

	step := func(pairs ...string) url.Values {
		v := changed(form(fresh+"?kind=step&phase=work"), "name-it", "Verificare i conti", "name-en", "Check the accounts", "day", "golive-3")
		return changed(v, pairs...)
	}
	b.must(b.post(fresh, step("day", "domani!", "name-it", "", "name-en", "")), http.StatusUnprocessableEntity, `href="#name-it"`, `href="#day"`)
	b.must(b.post(fresh, step("code", "pay")), http.StatusUnprocessableEntity, `href="#code"`)
	b.must(b.post(fresh, step()), http.StatusSeeOther)
	b.must(b.get(here), http.StatusOK, "Verificare i conti")
	added := here + "/parts/check-the-accounts"
	b.must(b.post(added, changed(form(added), "place", "work/pay")), http.StatusSeeOther)
	b.must(b.get(added), http.StatusOK, `value="work/pay" selected`)
	b.must(b.post(added, url.Values{"act": {"remove"}, "rev": {form(added).Get("rev")}}), http.StatusSeeOther)
	b.must(b.get(added), http.StatusNotFound)
	b.must(b.get(here), http.StatusOK, "!Verificare i conti")
}

// TestAFormThatIsSentBackLosesNothing: every decision and every step of the built-in templates is opened and saved as it is,
// and no template differs from what is published.
func TestAFormThatIsSentBackLosesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	must(t, w.app.Desk.Templates.Seed(t.Context()))
	b := w.visitor("administrator")
	all, err := w.app.Desk.Templates.List(w.as("administrator"))
	must(t, err)
	for _, v := range all {
		here := "/templates/" + v.Template.Code
		var codes []string
		for _, p := range v.File.Phases {
			for _, d := range p.Decisions[:min(len(p.Decisions), 2)] {
				codes = append(codes, d.Code)
			}
			for _, s := range p.Steps[:min(len(p.Steps), 2)] {
				codes = append(codes, s.Code)
			}
		}
		for _, code := range codes {
			path := here + "/parts/" + code
			b.must(b.post(path, postable(b.get(path).body, path)), http.StatusSeeOther)
			now, err := w.app.Desk.Templates.Read(w.as("administrator"), v.Template.Code)
			must(t, err)
			if now.Drafted {
				t.Fatalf("%s: sending %s back made a draft", v.Template.Code, code)
			}
		}
	}
}
