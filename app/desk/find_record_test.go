package desk

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"sportello/app/desk/find"
	"sportello/app/desk/plan"
	"sportello/app/desk/policy"
	"sportello/search"
	"sportello/search/record"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/scope"
)

// indexed gives the office an index that follows its store, and returns what waits for it.
func (o *office) indexed() func() {
	o.t.Helper()
	ix := search.Open(filepath.Join(o.t.TempDir(), "index"), o.st, search.Options{Log: slog.New(slog.DiscardHandler), Delay: time.Millisecond, Plans: plan.Texts(o.st, time.UTC)})
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = ix.Run(ctx) }()
	o.t.Cleanup(func() {
		stop()
		<-done
		if err := ix.Close(); err != nil {
			o.t.Error(err)
		}
	})
	o.again(Options{Search: ix})
	return func() {
		o.t.Helper()
		wait, end := context.WithTimeout(ctx, 30*time.Second)
		defer end()
		if err := ix.CatchUp(wait, o.st.Last()); err != nil {
			o.t.Fatal(err)
		}
	}
}

func (o *office) rows(rows func(tx *db.Tx) error) {
	o.t.Helper()
	if err := o.st.Update(db.By{Via: door.Command}, rows); err != nil {
		o.t.Fatal(err)
	}
}

// filed is a release, known problem or plan with a word that stands nowhere else.
type filed struct {
	kind, word, about string
	number            uint64
	may               func(tx *db.Tx, a policy.Actor) bool
}

// word returns the n-th of words of which no two are one letter apart.
func word(n int) string {
	letters := "bcdfglmnprst"
	s := ""
	for range 2 {
		c := string(letters[n%len(letters)])
		s += c + "u" + c + "o"
		n /= len(letters)
	}
	return "zi" + s + "k"
}

// archive writes releases, problems and plans of every kind that rights tell apart.
func (o *office) archive(model *store.Plan) []filed {
	o.t.Helper()
	var out []filed
	home, other := o.organis["Ateneo"], o.organis["Altro ente"]
	csa, secret := o.module["csa"], o.module["legale"]
	o.rows(func(tx *db.Tx) error {
		out = nil
		add := func(kind, about string, put func(title string) (uint64, error), may func(*db.Tx, policy.Actor, uint64) bool) error {
			k := filed{kind: kind, about: about, word: word(len(out))}
			n, err := put("Faldone " + k.word)
			k.number, k.may = n, func(tx *db.Tx, a policy.Actor) bool { return may(tx, a, n) }
			out = append(out, k)
			return err
		}
		for i, modules := range [][]uint64{{csa}, {secret}, {csa, secret}, {o.module["libero"]}, {csa, o.module["libero"]}} {
			for _, state := range []store.ReleaseState{store.ReleaseDraft, store.ReleasePublished, store.ReleaseWithdrawn} {
				for j, to := range [][]uint64{nil, {home}, {other}} {
					err := add("release", fmt.Sprint(modules, state, to), func(title string) (uint64, error) {
						r := &store.Release{Modules: modules, Version: fmt.Sprint(i, ".", int(state), ".", j), VersionKey: fmt.Sprintf("%02x%02x%02x", i, state, j), Kind: store.Ordinary, State: state, Title: store.Words{IT: title}, To: to}
						if r.Out() {
							r.Published = tx.Now()
						}
						err := store.Releases.Put(tx, r)
						return r.ID, err
					}, func(tx *db.Tx, a policy.Actor, n uint64) bool {
						r, err := store.Releases.Get(tx, n)
						return err == nil && policy.MayRelease(tx, a, policy.SeeRelease, r) == nil
					})
					if err != nil {
						return err
					}
				}
			}
		}
		for _, at := range []store.Problem{{Module: csa, Group: o.group["csa"]}, {Module: secret, Group: o.group["legale"]}, {Module: csa, Group: o.group["legale"]}, {Module: secret, Group: o.group["csa"]}} {
			for _, audience := range []store.Audience{store.Public, store.SignedIn, store.Agents} {
				for _, gone := range []bool{false, true} {
					err := add("problem", fmt.Sprint(at.Module, at.Group, audience, gone), func(title string) (uint64, error) {
						p := &store.Problem{Module: at.Module, Group: at.Group, Audience: audience, State: store.ProblemConfirmed, Title: store.Words{IT: title, EN: title}}
						if gone {
							p.Withdrawn = tx.Now()
						}
						err := store.Problems.Put(tx, p)
						return p.ID, err
					}, func(tx *db.Tx, a policy.Actor, n uint64) bool {
						p, err := store.Problems.Get(tx, n)
						return err == nil && policy.MayProblem(tx, a, policy.SeeProblem, p) == nil
					})
					if err != nil {
						return err
					}
				}
			}
		}
		unit := o.people["ada"].Affiliations[0].Unit
		for _, at := range []store.Hat{{Organisation: home}, {Organisation: home, Unit: unit}, {Organisation: other}} {
			for _, group := range []string{"csa", "legale"} {
				for _, modules := range [][]uint64{nil, {csa}, {csa, secret}} {
					for _, who := range []string{"", "ada", "estraneo"} {
						err := add("plan", fmt.Sprint(at, group, modules, who), func(title string) (uint64, error) {
							p := &store.Plan{Name: title, Template: model.Template, Version: model.Version, Organisation: at.Organisation, Unit: at.Unit, Group: o.group[group], Modules: modules,
								State: store.PlanRunning, Start: model.Start, GoLive: model.GoLive}
							if who != "" {
								p.People = []store.PlanPerson{{Person: o.people[who].ID}}
							}
							err := store.Plans.Put(tx, p)
							return p.ID, err
						}, func(tx *db.Tx, a policy.Actor, n uint64) bool {
							p, err := store.Plans.Get(tx, n)
							return err == nil && policy.MayPlan(tx, a, policy.SeePlan, p) == nil
						})
						if err != nil {
							return err
						}
					}
				}
			}
		}
		return nil
	})
	return out
}

// readers are people in every relation to what archive writes, and programs of some.
func (o *office) readers() map[string]policy.Actor {
	o.t.Helper()
	home := o.organis["Ateneo"]
	now := o.st.Now()
	more := map[string]*store.Person{
		"general agent":     {Groups: []store.Membership{{Group: o.group["generale"]}}},
		"agent of both":     {Groups: []store.Membership{{Group: o.group["csa"]}, {Group: o.group["legale"]}}},
		"once coordinator":  {Affiliations: []store.Affiliation{{Organisation: home, Coordinator: true, Ended: now.Add(-time.Hour)}}},
		"soon coordinator":  {Affiliations: []store.Affiliation{{Organisation: home, Coordinator: true, From: now.AddDate(0, 0, 3)}}},
		"other coordinator": {Affiliations: []store.Affiliation{{Organisation: o.organis["Altro ente"], Coordinator: true}}},
		"editor and agent":  {Editor: true, Groups: []store.Membership{{Group: o.group["generale"]}}},
	}
	o.rows(func(tx *db.Tx) error {
		for name, p := range more {
			p.Row, p.Name, p.Email = db.Row{}, name, strings.ReplaceAll(name, " ", ".")+"@ateneo.example"
			if err := store.People.Put(tx, p); err != nil {
				return err
			}
		}
		return nil
	})
	out := map[string]policy.Actor{"nobody": {}}
	for name := range o.people {
		out[name] = o.as(name)
	}
	for name, p := range more {
		out[name] = policy.Actor{Person: p, Via: door.Page, Language: "it"}
	}
	for _, who := range []string{"agente", "amministratore", "referente"} {
		for name, s := range map[string]scope.Scope{
			"everything":        scope.Whole(),
			"releases":          {Access: scope.Read, Nouns: []scope.Noun{scope.Releases}},
			"problems, plans":   {Access: scope.Read, Nouns: []scope.Noun{scope.Problems, scope.Plans}},
			"tickets":           {Access: scope.Read, Nouns: []scope.Noun{scope.Tickets}},
			"csa":               {Access: scope.Read, All: true, Modular: true, Modules: []uint64{o.module["csa"]}},
			"plans of csa":      {Access: scope.Read, Nouns: []scope.Noun{scope.Plans}, Modular: true, Modules: []uint64{o.module["csa"]}},
			"csa and legal one": {Access: scope.Read, All: true, Modular: true, Modules: []uint64{o.module["csa"], o.module["legale"]}},
		} {
			a := o.as(who)
			a.Via, a.Token = door.API, &store.Token{Person: a.Person.ID, Scope: s}
			out[who+"'s program for "+name] = a
		}
	}
	return out
}

// seen returns which of the list the policy lets the actor see.
func (o *office) seen(a policy.Actor, list []filed) map[string]bool {
	out := map[string]bool{}
	if err := o.st.View(func(tx *db.Tx) error {
		for _, k := range list {
			if k.may(tx, a) {
				out[k.word] = true
			}
		}
		return nil
	}); err != nil {
		o.t.Fatal(err)
	}
	return out
}

func wordOf(f find.Found) string { return strings.TrimPrefix(f.Title, "Faldone ") }

// TestWhatSomebodyMayNotSeeInfluencesNothingTheyAreTold compares what search tells with what the policy says, for everybody
// and each release, known problem and plan, at each place where search tells of one: hits, total, counts, corrections,
// suggestions of words and of titles.
func TestWhatSomebodyMayNotSeeInfluencesNothingTheyAreTold(t *testing.T) {
	o, model := planning(t)
	o.rows(func(tx *db.Tx) error {
		m := &store.Module{Code: "libero", Channel: store.Here, Name: store.Words{IT: "Libero"}}
		err := store.Modules.Put(tx, m)
		o.module["libero"] = m.ID
		return err
	})
	caughtUp := o.indexed()
	list, readers := o.archive(model.Plan), o.readers()
	check := func(when string, each int) {
		t.Helper()
		caughtUp()
		for name, a := range readers {
			o.toldAsSeen(when+name, a, list, each)
		}
	}
	check("", 1)

	// What is confidential, and who looks after a module, changes for what is written already.
	o.rows(func(tx *db.Tx) error {
		g, err := store.Groups.Get(tx, o.group["csa"])
		if err != nil {
			return err
		}
		g.Confidential = true
		if err := store.Groups.Put(tx, g); err != nil {
			return err
		}
		m, err := store.Modules.Get(tx, o.module["legale"])
		if err != nil {
			return err
		}
		m.Group = o.group["generale"]
		return store.Modules.Put(tx, m)
	})
	check("with csa confidential: ", 5)

	// So does to whom somebody belongs: the row of the person alone changes, and nothing of the index.
	ada := readers["ada"]
	moved := *ada.Person
	moved.Affiliations = []store.Affiliation{{Organisation: o.organis["Altro ente"], Coordinator: true}}
	ada.Person = &moved
	o.toldAsSeen("ada elsewhere", ada, list, 1)

	// And what was written: withdrawn, published, for others, with other people.
	o.rows(func(tx *db.Tx) error {
		for _, k := range list {
			switch k.kind {
			case "release":
				r, err := store.Releases.Get(tx, k.number)
				if err != nil {
					return err
				}
				if r.State == store.ReleaseDraft {
					r.State, r.Published, r.To = store.ReleasePublished, tx.Now(), []uint64{o.organis["Altro ente"]}
					if err := store.Releases.Put(tx, r); err != nil {
						return err
					}
				}
			case "problem":
				p, err := store.Problems.Get(tx, k.number)
				if err != nil {
					return err
				}
				if p.Audience = store.SignedIn; p.Gone() {
					p.Withdrawn, p.Audience = time.Time{}, store.Agents
				}
				if err := store.Problems.Put(tx, p); err != nil {
					return err
				}
			case "plan":
				p, err := store.Plans.Get(tx, k.number)
				if err != nil {
					return err
				}
				if p.People = nil; p.Unit != 0 {
					p.People = []store.PlanPerson{{Person: o.people["collega"].ID}}
				}
				if err := store.Plans.Put(tx, p); err != nil {
					return err
				}
			}
		}
		return nil
	})
	check("after changes: ", 7)
}

// toldAsSeen checks what search tells the actor of the list, at each place; corrections and suggestions of one in so many.
func (o *office) toldAsSeen(name string, a policy.Actor, list []filed, each int) {
	o.t.Helper()
	may := o.seen(a, list)
	want := map[string]int{}
	for _, k := range list {
		if may[k.word] {
			want[k.kind]++
		}
	}
	got, total := map[string]int{}, -1
	for offset := 0; offset < len(may) || offset == 0; offset += 100 {
		page, err := o.Find.Search(o.t.Context(), a, find.Query{Text: "faldone", Types: record.Types(), Limit: 100, Offset: offset, Facets: true})
		if err != nil {
			o.t.Fatal(name, err)
		}
		total = page.Total
		for _, f := range page.Hits {
			if got[f.Type]++; !may[wordOf(f)] {
				o.t.Errorf("%s: finds %s %s", name, f.Type, f.Title)
			}
		}
		for _, facet := range page.Facets {
			counts := map[string]int{}
			for _, v := range facet.Values {
				counts[v.Code] = v.Count
			}
			if facet.Name == "type" && fmt.Sprint(counts) != fmt.Sprint(want) {
				o.t.Errorf("%s: is told that there are %v, and may see %v", name, counts, want)
			}
		}
	}
	if total != len(may) || fmt.Sprint(got) != fmt.Sprint(want) {
		o.t.Errorf("%s: finds %v, is told %d, and may see %v", name, got, total, want)
	}
	for i, k := range list {
		if i%each != 0 {
			continue
		}
		wrong := k.word[:5] + "x" + k.word[6:]
		page, err := o.Find.Search(o.t.Context(), a, find.Query{Text: wrong, Limit: 5})
		if err != nil {
			o.t.Fatal(name, err)
		}
		if told := page.Corrected != "" || page.DidYouMean != "" || page.Total != 0; told != may[k.word] {
			o.t.Errorf("%s: %s %s (%s) is told by a correction: %v", name, k.kind, k.word, k.about, told)
		}
		c, err := o.Find.Complete(o.t.Context(), a, k.word[:8], 8)
		if err != nil {
			o.t.Fatal(name, err)
		}
		if a.Token != nil {
			continue // no route of programs completes what is typed
		}
		if told := slices.Contains(c.Words, k.word); told != may[k.word] {
			o.t.Errorf("%s: %s %s (%s) is told by a word offered: %v", name, k.kind, k.word, k.about, told)
		}
		if told := slices.ContainsFunc(c.Hits, func(f find.Found) bool { return wordOf(f) == k.word }); told != may[k.word] {
			o.t.Errorf("%s: %s %s (%s) is told by a title offered: %v", name, k.kind, k.word, k.about, told)
		}
	}
}

// TestPlansAreFoundByWhatIsDecidedAndDone: questions, reasons and steps, as soon as they are there, and by nothing that the
// plan does not ask.
func TestPlansAreFoundByWhatIsDecidedAndDone(t *testing.T) {
	o, p := planning(t)
	caughtUp := o.indexed()
	finds := func(who, text string) bool {
		t.Helper()
		caughtUp()
		page, err := o.Find.Search(t.Context(), o.as(who), find.Query{Text: text, Types: []string{"plan"}})
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range page.Hits {
			if h.Plan == nil || h.Plan.ID != p.Plan.ID || page.Total != 1 {
				t.Errorf("%s finds %+v of %d", text, h, page.Total)
			}
		}
		return len(page.Hits) > 0
	}
	never := func(text string) {
		t.Helper()
		for _, who := range []string{"ada", "estraneo", "altrove", "redattore"} {
			if finds(who, text) {
				t.Errorf("%s finds the plan by %s", who, text)
			}
		}
	}
	for _, text := range []string{"parallelo", "caricare", `"Quanti mesi di parallelo"`, "confrontando"} {
		for _, who := range []string{"collega", "referente", "agente", "responsabile", "amministratore"} {
			if !finds(who, text) {
				t.Errorf("%s does not find the plan by %s", who, text)
			}
		}
		never(text)
	}
	if finds("agente", `"una legge"`) {
		t.Error("the plan is found by a norm that nobody verified")
	}
	if !finds("agente", "progressivi") {
		t.Error("a step is not found")
	}
	o.decided("referente", p.Plan.ID, "when", plan.Saying{Option: "january", Reason: "Così vuole il zibellino"})
	if !finds("collega", "zibellino") || finds("agente", `"portare i progressivi"`) {
		t.Error("a decision does not say what is found")
	}
	never("zibellino")
	followed, err := o.ix.Digest(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := o.ix.RebuildNow(t.Context(), func(int, int) {}); err != nil {
		t.Fatal(err)
	}
	if again, err := o.ix.Digest(t.Context()); err != nil || again != followed {
		t.Errorf("followed %s, built anew %s: %v", followed, again, err)
	}
}
