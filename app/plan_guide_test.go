package app_test

import (
	"net/http"
	"strings"
	"testing"

	"sportello/app/desk/article"
	"sportello/app/desk/template"
	"sportello/store"
)

// TestTheArticlesOfADecisionAndAStepStandBesideThem: those that the reader may read, and of the others nothing.
func TestTheArticlesOfADecisionAndAStepStandBesideThem(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	open := w.article(article.Form{Title: "Contare i mesi", Audience: store.Public})
	inner := w.article(article.Form{Title: "Solo per operatori", Audience: store.Agents})
	draft := w.article(article.Form{Title: "Ancora da finire", Audience: store.Public, Publication: store.Draft})
	names := `articles = ["` + strings.Join([]string{open.Slug, inner.Slug, draft.Slug, "manca-del-tutto"}, `", "`) + `"]`
	source := trialTemplate
	for _, code := range []string{"months", "pay"} {
		source = strings.Replace(source, `code = "`+code+`"`, `code = "`+code+"\"\n"+names, 1)
	}
	v, err := w.app.Desk.Templates.Save(w.as("agent"), "", template.Form{Source: []byte(source)})
	must(t, err)
	_, err = w.app.Desk.Templates.Publish(w.as("supervisor"), "prova", v.Rev, "")
	must(t, err)
	here := "/plans/" + w.plan()["plans"]
	coordinator, agent := w.visitor("coordinator"), w.visitor("agent")
	for _, at := range []string{"/decisions/months", "/steps/pay"} {
		coordinator.must(coordinator.get(here+at), http.StatusOK, `href="/articles/`+open.Slug+`"`, "Contare i mesi", "!Solo per operatori", "!Ancora da finire", "!manca-del-tutto")
		agent.must(agent.get(here+at), http.StatusOK, "Contare i mesi", "Solo per operatori")
	}
}
