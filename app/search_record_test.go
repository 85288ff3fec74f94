package app_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"testing"

	"sportello/app/desk/plan"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
)

// records writes an update that went to the requester's organisation, one that is being written, a known problem for those
// who are signed in, and a plan of the organisation, all with one word that stands nowhere else.
func (w *world) records() {
	w.t.Helper()
	plans := w.plan()
	home, err := strconv.ParseUint(w.things["organisation"], 10, 64)
	must(w.t, err)
	must(w.t, w.app.Store.Update(db.By{Via: door.Command, Act: act.Change}, func(tx *db.Tx) error {
		csa := []uint64{w.module["csa"]}
		for i, state := range []store.ReleaseState{store.ReleasePublished, store.ReleaseDraft} {
			r := &store.Release{Modules: csa, Version: fmt.Sprintf("24.0%d", i+1), VersionKey: fmt.Sprintf("a%d", i), Kind: store.Urgent, State: state, Title: store.Words{IT: "Un aggiornamento del lontra", EN: "An update of the lontra"}, Notes: store.Words{IT: "Si installa dal *pannello*."}}
			if r.Out() {
				r.Published, r.To = tx.Now(), []uint64{home}
			}
			if err := store.Releases.Put(tx, r); err != nil {
				return err
			}
		}
		return store.Problems.Put(tx, &store.Problem{Module: csa[0], Group: w.group["csa"], Audience: store.SignedIn, State: store.ProblemConfirmed,
			Title: store.Words{IT: "Il lontra resta bianco", EN: "The lontra stays blank"}, Supplier: store.Supplier{Number: "MARTORA-9"}})
	}))
	number, err := strconv.ParseUint(plans["plans"], 10, 64)
	must(w.t, err)
	_, _, err = w.app.Desk.Plans.Decide(w.as("coordinator"), number, "months", plan.Saying{Option: "one", Reason: "Così ha deciso il lontra."})
	must(w.t, err)
	w.searchable()
}

func TestUpdatesKnownProblemsAndPlansAreFoundByThoseWhoSeeThem(t *testing.T) {
	w := newWorld(t)
	w.records()
	for _, c := range []struct {
		role, text, count string
		has               []string
	}{
		{"nobody", "lontra", "0 risultati", []string{"!Aggiornamento 24", "!Anomalia nota", "!Anomalie note", "!type=plan"}},
		{"stranger", "lontra", "1 risultato", []string{"Anomalia nota 1", "!Aggiornamento 24", "!type=plan"}},
		{"requester", "lontra", "2 risultati", []string{"Aggiornamento 24.01", "/releases/1", "Anomalia nota 1", "/problems/1", "Pubblicato", "Confermata", "!Aggiornamento 24.02", "!>Piano<"}},
		{"coordinator", "lontra", "3 risultati", []string{"Piano", "/plans/", "Così ha deciso il <mark>lontra</mark>"}},
		{"elsewhere", "lontra", "2 risultati", []string{"!Aggiornamento 24.02"}},
		{"editor", "lontra", "2 risultati", nil},
		{"agent", "lontra", "4 risultati", []string{"Aggiornamento 24.02", "Bozza"}},
		{"administrator", "lontra", "4 risultati", nil},
		{"requester", "martora-9", "0 risultati", nil},
		{"agent", "martora-9", "1 risultato", []string{"<mark>MARTORA-9</mark>"}},
		{"requester", "type:release", "1 risultato", []string{"Aggiornamento 24.01"}},
		{"requester", "in:aggiornamenti versione:24.1", "1 risultato", nil},
		{"requester", "versione:24.02", "0 risultati", nil},
		{"agent", "tipo:urgente modulo:csa versione:24.02", "1 risultato", []string{"Aggiornamento 24.02"}},
		{"agent", "tipo:legge", "0 risultati", nil},
		{"agent", "in:piani parallelo", "1 risultato", nil},
		{"stranger", "in:piani", "0 risultati", nil},
		{"requester", "lontrx", "2 risultati", []string{"lontra"}},
		{"nobody", "lontrx", "0 risultati", []string{"!lontra"}},
	} {
		b := w.visitor(c.role)
		b.must(b.get(searchFor(c.text)), 200, append(c.has, c.count)...)
		if t.Failed() {
			t.Fatalf("%s searched %s", c.role, c.text)
		}
	}
	requester, nobody := w.visitor("requester"), w.visitor("nobody")
	requester.must(requester.get("/search?q=lontra&type=release"), 200, "1 risultato", `aria-current="page"`)
	requester.must(requester.get("/suggest?q=lont"), 200, "Aggiornamento 24.01", "Anomalia nota 1", "!24.02")
	nobody.must(nobody.get("/suggest?q=lont"), 200, "!lontra", "!Aggiornamento", "!Anomalia")
}

func TestProgramsFindReleasesProblemsAndPlansWithNumberAndState(t *testing.T) {
	t.Parallel()
	d := newReleaseDesk(t)
	path := d.draft("24.07", box{"organisations": []string{"ateneo"}})
	d.knownProblem(box{"audience": "signed-in"})
	ask := func(c caller, query string) (total string, hits []any, out box) {
		t.Helper()
		must(t, d.app.Index.CatchUp(t.Context(), d.app.Store.Last()))
		out = d.mustCall(c, "GET", "/search?"+query, nil, http.StatusOK)
		return fmt.Sprint(out["total"]), out["hits"].([]any), out
	}
	for _, c := range []caller{d.rita, d.elena, d.both, d.elsewhere, d.requester} {
		if total, _, _ := ask(c, "q=zibellino&type=release,plan&facets=1"); total != "0" {
			t.Errorf("a draft is found: %s", total)
		}
	}
	d.mustCall(d.agent, "POST", path+"/publish", box{}, http.StatusOK)
	for name, one := range map[string]struct {
		who  caller
		want string
	}{"its coordinator": {d.rita, "1"}, "another's": {d.elena, "0"}, "somebody of both": {d.both, "1"}, "an agent elsewhere": {d.elsewhere, "1"}, "a requester of none": {d.requester, "0"}} {
		total, hits, out := ask(one.who, "q=zibellino&type=release&facets=1")
		if total != one.want || fmt.Sprint(len(hits)) != one.want {
			t.Errorf("%s finds %s", name, total)
		}
		if types := out["facets"].(box)["type"]; (fmt.Sprint(types) != "map[]") != (one.want == "1") {
			t.Errorf("%s is told of %v", name, types)
		}
	}
	_, hits, _ := ask(d.rita, "q="+url.QueryEscape("zibellino versione:24.7")+"&lang=en")
	if len(hits) != 1 {
		t.Fatal(hits)
	}
	hit := hits[0].(box)
	for member, want := range map[string]any{"type": "release", "title": "Zibellino", "language": "it", "version": "24.07", "state": "published", "module": "csa", "number": hit["id"]} {
		if hit[member] != want {
			t.Errorf("%s is %v, want %v", member, hit[member], want)
		}
	}
	if total, hits, _ := ask(d.requester, "q=cedolino&type=problem"); total != "1" || hits[0].(box)["number"] != float64(1) || hits[0].(box)["state"] != "confirmed" {
		t.Errorf("the problem is found as %v", hits)
	}
	d.mustCall(d.agent, "POST", path+"/withdraw", box{"reason": "Contiene un errore"}, http.StatusOK)
	if total, hits, _ := ask(d.rita, "q=zibellino+stato:ritirato"); total != "1" || hits[0].(box)["state"] != "withdrawn" {
		t.Errorf("withdrawn, it is found as %v", hits)
	}
	d.mustCall(d.rita, "GET", "/search?q=x&type=invoice", nil, http.StatusUnprocessableEntity)
}
