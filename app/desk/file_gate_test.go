package desk

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"sportello/app/desk/article"
	"sportello/app/desk/policy"
	"sportello/app/desk/ticket"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/fault"
)

// TestWhatADuplicateBroughtStaysWithItsPeople plays random acts and tracks, slowly and simply, to whom each public
// message belongs: to the ticket it was written in; to the one it was moved to by hand if nothing had been merged
// before; and, once merged, to the ticket it came from until it returns there. Only those people see it, on their page,
// as a file and in exports, whatever else happens to the tickets: reopened, merged further, undone, closed, moved on.
func TestWhatADuplicateBroughtStaysWithItsPeople(t *testing.T) {
	for seed := range uint64(10) {
		r := rand.New(rand.NewPCG(seed, 9))
		o := newOffice(t)
		owner := map[uint64]string{} // ticket -> its requester; here nobody stands in for another
		side := map[string]uint64{}  // word of a message -> the ticket whose people read it
		fixed := map[string]bool{}   // once merged
		file := map[string]uint64{}  // word of a message -> its file
		where := map[string]uint64{} // word -> message
		var tickets []uint64
		people := []string{"ada", "estraneo", "collega"}
		word := func() string { return fmt.Sprintf("parola%d", len(side)) }
		attach := func(who, w string) []uint64 {
			f, err := o.Files.Keep(o.as(who), w+".txt", strings.NewReader(w))
			if err != nil {
				t.Fatal(err)
			}
			file[w] = f.ID
			return []uint64{f.ID}
		}
		learn := func(w string, ticket uint64) {
			side[w] = ticket
			v, err := o.Tickets.Read(o.as("agente"), ticket)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range v.Messages {
				if m.Body == w {
					where[w] = m.ID
				}
			}
		}
		standing := func() map[uint64]uint64 { // message -> ticket it is in
			out := map[uint64]uint64{}
			_ = o.st.View(func(tx *db.Tx) error {
				for m, err := range store.Messages.All(tx, 0, false) {
					if err != nil {
						return err
					}
					out[m.ID] = m.Ticket
				}
				return nil
			})
			return out
		}
		for range 45 {
			if len(tickets) < 4 {
				who, w := people[len(tickets)%3], word()
				tk, err := o.Tickets.Open(o.as(who), ticket.Opening{Subject: "S", Body: w, Module: o.module["csa"], Files: attach(who, w)})
				if err != nil {
					t.Fatal(err)
				}
				tickets, owner[tk.ID] = append(tickets, tk.ID), who
				learn(w, tk.ID)
				continue
			}
			n, m := tickets[r.IntN(len(tickets))], tickets[r.IntN(len(tickets))]
			before := standing()
			switch r.IntN(7) {
			case 0, 1: // also reopens what was resolved as a duplicate
				w := word()
				if done, err := o.Tickets.Do(o.as(owner[n]), n, ticket.Step{Message: &ticket.Text{Body: w, Files: attach(owner[n], w)}}); err == nil {
					tk := done.Ticket
					if _, known := owner[tk.ID]; !known {
						tickets, owner[tk.ID] = append(tickets, tk.ID), owner[n]
					}
					learn(w, tk.ID)
				}
			case 2, 3:
				_, err := o.Tickets.Do(o.as("agente"), n, ticket.Step{To: store.StateResolved, Outcome: store.Duplicate, Message: say("Già nota"), DuplicateOf: m})
				for w, id := range where {
					if err == nil && before[id] == n {
						fixed[w] = side[w] != m
					}
				}
			case 4:
				_, err := o.Tickets.Do(o.as("agente"), n, ticket.Step{UndoDuplicate: true})
				for w, id := range where {
					if now := standing()[id]; err == nil && now == n && side[w] == n {
						fixed[w] = false
					}
				}
			case 5:
				w := fmt.Sprintf("parola%d", r.IntN(len(side)))
				from := before[where[w]]
				was, err := o.Tickets.Read(o.as("agente"), from)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := o.Tickets.Do(o.as("agente"), from, ticket.Step{MoveMessage: where[w], MoveTo: m}); err == nil {
					switch {
					case fixed[w] && side[w] == m:
						fixed[w] = false
					case !fixed[w]:
						v, _ := o.Tickets.Read(o.as("agente"), from)
						if v.Ticket.DuplicateOf == m && was.Ticket.DuplicateOf != m { // everything moved
							fixed[w] = true
						} else {
							side[w] = m
						}
					}
				}
			case 6:
				_, _ = o.Tickets.Do(o.as(owner[n]), n, ticket.Step{Confirm: true})
			}
			for _, who := range people {
				reads := map[string]bool{}
				for _, n := range tickets {
					v, err := o.Tickets.Read(o.as(who), n)
					if err != nil {
						continue
					}
					for _, m := range v.Messages {
						reads[m.Body] = true
					}
				}
				for w, ticket := range side {
					want := owner[ticket] == who
					if reads[w] != want {
						t.Fatalf("seed %d: %s reads %s: %v, the model says %v", seed, who, w, reads[w], want)
					}
					_, f, err := o.Files.Open(o.as(who), file[w])
					if err == nil {
						f.Close()
					}
					if (err == nil) != want {
						t.Fatalf("seed %d: %s opens the file of %s: %v, the model says %v", seed, who, w, err, want)
					}
				}
			}
		}
		_, err := o.ExportTickets(t.Context(), policy.Actor{System: true}, "prova", func(rec ticket.Record) error {
			for w, opened := range side {
				in := rec.Body == w || slices.ContainsFunc(rec.Messages, func(m ticket.MessageRecord) bool { return m.Body == w && !m.Internal })
				if in != (opened == rec.Number) {
					t.Errorf("seed %d: the record of %d has %s: %v; it belongs to %d", seed, rec.Number, w, in, opened)
				}
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
}

// kept is a file in the test.
type kept struct{ id uint64 }

// TestAFileIsAsVisibleAsTheMessageItCameWith plays random tickets, notes, merges, moves and undos. After every act,
// each person may open exactly the files of the messages that some ticket page shows them, and the pages show them
// exactly the files they may open.
func TestAFileIsAsVisibleAsTheMessageItCameWith(t *testing.T) {
	for seed := range uint64(12) {
		r := rand.New(rand.NewPCG(seed, 7))
		o := newOffice(t)
		var files []kept
		var tickets []uint64
		attach := func(who string) []uint64 {
			f, err := o.Files.Keep(o.as(who), fmt.Sprintf("f%d.txt", len(files)), strings.NewReader(fmt.Sprint("testo ", len(files))))
			if err != nil {
				t.Fatal(err)
			}
			files = append(files, kept{id: f.ID})
			return []uint64{f.ID}
		}
		try := func(who string, n uint64, s ticket.Step) { _, _ = o.Tickets.Do(o.as(who), n, s) } // a refused act leaves its file pending
		for range 40 {
			pick := func() uint64 { return tickets[r.IntN(len(tickets))] }
			if len(tickets) < 3 || r.IntN(8) == 0 {
				who := []string{"ada", "collega", "estraneo"}[r.IntN(3)]
				tk, err := o.Tickets.Open(o.as(who), ticket.Opening{Subject: "S", Body: "B", Module: o.module[[]string{"csa", "csa", "legale"}[r.IntN(3)]], Files: attach(who)})
				if err != nil {
					t.Fatal(err)
				}
				tickets = append(tickets, tk.ID)
				continue
			}
			n := pick()
			switch r.IntN(8) {
			case 0:
				try("agente", n, ticket.Step{Message: &ticket.Text{Body: "nota", Internal: true, Files: attach("agente")}})
			case 1:
				try("agente", n, ticket.Step{Message: &ticket.Text{Body: "risposta", Files: attach("agente")}})
			case 2:
				who := []string{"ada", "collega", "estraneo"}[r.IntN(3)]
				try(who, n, ticket.Step{Message: &ticket.Text{Body: "ancora", Files: attach(who)}})
			case 3, 4:
				try("agente", n, ticket.Step{To: store.StateResolved, Outcome: store.Duplicate, Message: say("Già nota"), DuplicateOf: pick()})
			case 5:
				try("agente", n, ticket.Step{UndoDuplicate: true})
			case 6:
				try("agente", n, ticket.Step{MoveMessage: 1 + uint64(r.IntN(40)), MoveTo: pick()})
			case 7:
				try("agente", n, ticket.Step{MoveMessage: 1 + uint64(r.IntN(40))})
			}
			o.sameEverywhere(t, files)
		}
	}
}

func (o *office) sameEverywhere(t *testing.T, files []kept) {
	t.Helper()
	for who := range o.people {
		shown := map[uint64]bool{}
		for n := uint64(1); n < 40; n++ {
			v, err := o.Tickets.Read(o.as(who), n)
			if err != nil {
				continue
			}
			seen := map[uint64]bool{}
			for _, m := range v.Messages {
				seen[m.ID] = true
			}
			for message, list := range v.Files {
				if !seen[message] {
					t.Errorf("%s: ticket %d shows files of message %d, which it does not show", who, n, message)
				}
				for _, f := range list {
					shown[f.ID] = true
				}
			}
		}
		for _, f := range files {
			row, r, err := o.Files.Open(o.as(who), f.id)
			if err == nil {
				r.Close()
			}
			pending := err == nil && row.Pending()
			if (err == nil) != (shown[f.id] || pending) {
				t.Errorf("%s: file %d: opens: %v; on a page: %v", who, f.id, err, shown[f.id])
			}
			if err != nil && fault.KindOf(err) != fault.NotFound {
				t.Errorf("%s: file %d: %v is not the answer for what is not there", who, f.id, err)
			}
			if pending && row.Person != o.as(who).ID() {
				t.Errorf("%s opens what somebody else is sending", who)
			}
		}
	}
	if t.Failed() {
		t.FailNow()
	}
}

// TestAFileIsAsVisibleAsTheVersionsThatShowIt uses an article with a published Italian version and an unpublished
// English one.
func TestAFileIsAsVisibleAsTheVersionsThatShowIt(t *testing.T) {
	o := newOffice(t)
	editor := o.as("redattore")
	keep := func(name string) uint64 {
		f, err := o.Files.Keep(editor, name, strings.NewReader(name))
		if err != nil {
			t.Fatal(err)
		}
		return f.ID
	}
	save := func(f article.Form) *article.View {
		t.Helper()
		v, err := o.Articles.Save(editor, f)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	may := func(who string, id uint64) bool {
		a := policy.Actor{}
		if who != "" {
			a = o.as(who)
		}
		_, r, err := o.Files.Open(a, id)
		if err == nil {
			r.Close()
		}
		return err == nil
	}
	list := func(who, lang string) string {
		a := policy.Actor{}
		if who != "" {
			a = o.as(who)
		}
		v, err := o.Articles.Read(a, "guida", lang)
		if err != nil {
			return "not found"
		}
		var names []string
		for _, f := range v.Files {
			names = append(names, f.Name)
		}
		slices.Sort(names)
		return strings.Join(names, " ")
	}
	picture, secret := keep("figura.png"), keep("bozza.png")
	it := save(article.Form{Slug: "guida", Language: "it", Title: "Guida", Body: fmt.Sprintf("![figura](/files/%d)", picture), Audience: store.Public, Publication: store.Published, Files: []uint64{picture}})
	save(article.Form{Slug: "guida", Language: "en", Title: "Guide", Body: fmt.Sprintf("![figure](/files/%d) ![draft](/files/%d)", picture, secret), Audience: store.Public, Publication: store.Draft, Files: []uint64{secret}})
	for who, want := range map[string][2]bool{"": {true, false}, "ada": {true, false}, "estraneo": {true, false}, "referente": {true, false}, "agente": {true, true}, "redattore": {true, true}} {
		if may(who, picture) != want[0] || may(who, secret) != want[1] {
			t.Errorf("%q opens the published picture: %t, the draft's: %t", who, may(who, picture), may(who, secret))
		}
	}
	if got := list("", "it"); got != "figura.png" {
		t.Errorf("everybody is shown %q", got)
	}
	if got := list("agente", "en"); got != "bozza.png figura.png" {
		t.Errorf("who reads the draft is shown %q", got)
	}
	// Naming a file by number gives no access to it, whether it belongs to a draft of another article or to a ticket.
	other := save(article.Form{Slug: "altra", Language: "it", Title: "Altra", Body: fmt.Sprintf("![x](/files/%d)", secret), Audience: store.Public, Publication: store.Published})
	if may("", secret) || len(other.Files) != 0 {
		t.Error("a draft's picture is public because another article names it")
	}
	// A change of the article's audience applies to its files at once.
	it = save(article.Form{Slug: "guida", Language: "it", Title: "Guida", Body: it.Version.Body, Audience: store.Agents, Publication: store.Published, Rev: it.Version.Rev})
	if may("", picture) || may("ada", picture) || !may("agente", picture) {
		t.Error("files do not follow the audience")
	}
	it = save(article.Form{Slug: "guida", Language: "it", Title: "Guida", Body: it.Version.Body, Audience: store.Public, Publication: store.Draft, Rev: it.Version.Rev})
	if may("", picture) || may("ada", picture) {
		t.Error("a picture outlives the publication of its text")
	}
	// A published text shows its pictures, whichever version they came with.
	view, err := o.Articles.Read(editor, "guida", "en")
	if err != nil {
		t.Fatal(err)
	}
	en := save(article.Form{Slug: "guida", Language: "en", Title: "Guide", Body: fmt.Sprintf("![figure](/files/%d)", picture), Audience: store.Public, Publication: store.Published, Rev: view.Version.Rev})
	if !may("", picture) {
		t.Error("the published English text shows a picture that nobody may open")
	}
	save(article.Form{Slug: "guida", Language: "en", Title: "Guide", Body: "Nothing to see.", Audience: store.Public, Publication: store.Published, Rev: en.Version.Rev})
	if may("", picture) {
		t.Error("no published text shows the picture any more")
	}
	// Removing a draft removes its own files, but not those that another text shows.
	if err := o.Articles.Remove(editor, "guida", "it", it.Version.Rev); err != nil {
		t.Fatal(err)
	}
	if may("redattore", picture) {
		t.Error("the picture of a text that is gone is still there")
	}
}
