package app_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/cdproto/network"

	"sportello/app/address"
	"sportello/app/desk/people"
	"sportello/store"
)

// TestAListIsBroughtInLineInBothLanguages: a coordinator uploads a table, reads what it would do, does it, and confirms the list.
func TestAListIsBroughtInLineInBothLanguages(t *testing.T) {
	t.Parallel()
	source := axeSource(t)
	inLanguages(t, func(t *testing.T, lang string, scripts bool) {
		w := sendingWorld(t)
		say := func(key string, args ...any) string { return w.app.Words.Text(lang, key, args...) }
		table := filepath.Join(t.TempDir(), "v.csv")
		must(t, os.WriteFile(table, []byte("email;nome;qualifica\r\nnuova@ateneo.example;Nuova D'Alò;Docente\r\nrequester@example.it;;Studente\r\nchi?;;\r\n"), 0o600))
		s := w.walkAs(t, "coordinator", scripts)
		s.run(network.SetExtraHTTPHeaders(network.Headers{"Accept-Language": lang}))
		s.visit(address.Members(w.code(w.things["organisation"])))
		s.sees(say("list.confirmed-never"))
		s.clean(source)
		s.follow(say("list.see"))
		s.clean(source)
		s.attach(say("installations.choose-file"), table)
		s.follow(say("list.show"))
		s.sees("nuova@ateneo.example", "Nuova D'Alò", say("list.refused"), say("error.email"))
		s.clean(source)
		s.follow(say("list.do"))
		s.sees(say("flash.list-done", "invited", 1, "changed", 1, "gone", 0))
		s.follow(say("list.confirm"))
		s.sees(say("flash.list-confirmed"))
		s.clean(source)
	})
}

// TestSomebodyIsErasedInBothLanguages: an administrator reads what goes, confirms that it is them, and nobody finds the person.
func TestSomebodyIsErasedInBothLanguages(t *testing.T) {
	t.Parallel()
	source := axeSource(t)
	inLanguages(t, func(t *testing.T, lang string, scripts bool) {
		const name = "Zoraide Querciagrossa"
		w := newWorld(t)
		say := func(key string, args ...any) string { return w.app.Words.Text(lang, key, args...) }
		gone := w.add(name, people.Form{Email: "zoraide@example.it", Affiliations: []store.Affiliation{}})
		s := w.walkAs(t, "administrator", scripts)
		s.run(network.SetExtraHTTPHeaders(network.Headers{"Accept-Language": lang}))
		s.visit(address.Person(gone.ID))
		s.follow(say("erasure.go-person"))
		s.sees(name, say("erasure.sure"))
		s.clean(source)
		s.follow(say("erasure.do-person", "name", name))
		s.clean(source)
		s.visit("/admin/erasures")
		s.misses(name)
		s.clean(source)
		s.visit(address.Person(gone.ID))
		s.misses(name)
	})
}
