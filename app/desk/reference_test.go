package desk

import (
	"strconv"
	"testing"

	"sportello/app/desk/ticket"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/fault"
)

func TestAReplyLeadsNowhereThatItsRequesterMayNotGo(t *testing.T) {
	o := newOffice(t)
	row := o.open("csa")
	articles := map[string]store.Version{
		"per-tutti": {Audience: store.Public, Publication: store.Published}, "con-accesso": {Audience: store.SignedIn, Publication: store.Published},
		"interno": {Audience: store.Agents, Publication: store.Published}, "bozza": {Audience: store.Public},
	}
	inside := func(body string) *ticket.Text { return &ticket.Text{Body: body, Internal: true} }
	note, attached := o.attach("agente", "nota.txt", "Tra noi."), o.attach("agente", "prova.txt", "Per te.")
	o.do("agente", row.ID, ticket.Step{Message: &ticket.Text{Body: "Tra noi.", Internal: true, Files: []uint64{note}}})
	o.do("agente", row.ID, ticket.Step{Message: &ticket.Text{Body: "Per te.", Files: []uint64{attached}}})
	err := o.st.Update(db.By{Via: door.Page}, func(tx *db.Tx) error {
		for slug, version := range articles {
			a := &store.Article{Slug: slug}
			if err := store.Articles.Put(tx, a); err != nil {
				return err
			}
			version.Article, version.Language, version.Title, version.Body = a.ID, "it", "Titolo di "+slug, "Testo."
			if err := store.Versions.Put(tx, &version); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	secret, open := strconv.FormatUint(note, 10), strconv.FormatUint(attached, 10)
	for _, c := range []struct{ body, key string }{
		{"Vedi [qui](/articles/per-tutti).", ""},
		{"Vedi [qui](/articles/con-accesso?lang=it).", ""},
		{"Vedi [qui](/articles/interno).", "error.link-article"},
		{"Vedi [qui](/articles/interno?lang=en#a), grazie.", "error.link-article"},
		{"Vedi [qui](</articles/bozza>).", "error.link-draft"},
		{"Prima [uno](/articles/per-tutti), poi [due](/articles/interno).", "error.link-article"},
		{"Vedi [altrove](https://altrove.example/articles/interno).", ""},
		{"La cartella /articles/interno del disco.", ""},
		{"Ecco ![](/files/" + open + ").", ""},
		{"Ecco ![](/files/" + secret + ").", "error.link-file"},
		{"Ecco [un file](/files/99999).", "error.link-dead"},
	} {
		_, err := o.Tickets.Do(o.as("agente"), row.ID, ticket.Step{Message: say(c.body)})
		key := ""
		if e, ok := err.(*fault.Error); ok {
			if key = e.Key; e.Field != "body" {
				t.Errorf("%q is refused at %q", c.body, e.Field)
			}
		}
		if key != c.key {
			t.Errorf("%q: %v, want %q", c.body, err, c.key)
		}
		if _, err := o.Tickets.Do(o.as("agente"), row.ID, ticket.Step{Message: inside(c.body)}); err != nil {
			t.Errorf("%q in a note: %v", c.body, err)
		}
		if _, err := o.Tickets.Do(o.as("ada"), row.ID, ticket.Step{Message: say(c.body)}); err != nil {
			t.Errorf("%q by the requester: %v", c.body, err)
		}
	}
}
