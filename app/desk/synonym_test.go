package desk

import (
	"strings"
	"testing"

	"sportello/app/desk/catalogue"
	"sportello/app/desk/policy"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/fault"
)

func TestSynonymsAreChecked(t *testing.T) {
	d := newDesk(t)
	lists, mark, err := d.Catalogue.Synonyms(system)
	if err != nil || len(lists["it"]) < 30 || len(lists["en"]) < 20 {
		t.Fatalf("%d and %d built-in sets, %v", len(lists["it"]), len(lists["en"]), err)
	}
	before := d.st.Last()
	changed := catalogue.SynonymLists{"it": append(lists["it"][1:], []string{" badge ", "tesserino", "badge"}), "en": lists["en"]}
	if err := d.Catalogue.ChangeSynonyms(system, mark, changed); err != nil {
		t.Fatal(err)
	}
	after, _, err := d.Catalogue.Synonyms(system)
	if n := len(after["it"]); err != nil || n != len(lists["it"]) || strings.Join(after["it"][n-1], "|") != "badge|tesserino" {
		t.Errorf("now %v, %v", after["it"], err)
	}
	if n := d.st.Last() - before; n != 2 {
		t.Errorf("%d changes, want one set gone and one new", n)
	}
	wants(t, d.Catalogue.ChangeSynonyms(system, mark, lists), fault.Conflict, "error.changed-meanwhile", "")
	for key, set := range map[string][]string{"error.synonym-alone": {"sola"}, "error.synonym-long": {"a", strings.Repeat("b", 61)},
		"error.synonyms-many": strings.Fields("a b c d e f g h i l m n o")} {
		wants(t, d.Catalogue.ChangeSynonyms(system, "", catalogue.SynonymLists{"en": {set}}), fault.Invalid, key, "synonyms-en")
	}
	stranger := policy.Actor{Person: &store.Person{Row: db.Row{ID: 1}}}
	wants(t, d.Catalogue.ChangeSynonyms(stranger, "", lists), fault.Denied, "", "")
	_, _, err = d.Catalogue.Synonyms(stranger)
	wants(t, err, fault.Denied, "", "")
}
