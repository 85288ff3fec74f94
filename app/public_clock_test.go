package app_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"sportello/app/address"
	"sportello/app/desk/ticket"
	"sportello/app/web/live"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
)

// internalActs are what the agents' side does among itself, by the name the history has for it.
var internalActs = map[string]func(w *world, n uint64) error{
	"note": func(w *world, n uint64) error {
		_, err := w.app.Desk.Tickets.Do(w.as("agent"), n, ticket.Step{Message: &ticket.Text{Body: "Tra noi: parolanascosta.", Internal: true, Mentions: []uint64{w.people["supervisor"].ID}}})
		return err
	},
	"link": func(w *world, n uint64) error {
		_, err := w.app.Desk.Tickets.Do(w.as("agent"), n, ticket.Step{Link: w.elsewhereTicket})
		return err
	},
	"unlink": func(w *world, n uint64) error {
		_, err := w.app.Desk.Tickets.Do(w.as("agent"), n, ticket.Step{Unlink: w.elsewhereTicket})
		return err
	},
	"look-in": func(w *world, n uint64) error {
		return w.app.Desk.Rights.GiveReason(w.as("administrator"), n, "verifica")
	},
	"beside":     func(w *world, n uint64) error { w.liesBeside(n); return nil },
	"dismiss":    func(w *world, n uint64) error { return w.decides(n, ticket.BesideDrop) },
	"own-ticket": func(w *world, n uint64) error { return w.decides(n, ticket.BesideOwn) },
	"apart": func(w *world, n uint64) error {
		_, err := w.app.Desk.Tickets.Do(w.as("agent"), n, ticket.Step{Apart: true})
		return err
	},
}

// liesBeside has somebody who does not belong to the ticket answer a mail that it holds.
func (w *world) liesBeside(n uint64) uint64 {
	w.t.Helper()
	row := w.comes(letter{from: "Gino Ignoto <gino@altrove.example>", subject: "Oggetto suo", answers: "tenuta@x", text: "parolanascosta di Gino"})
	if row.Ticket != n {
		w.t.Fatalf("the words lie beside ticket %d, not %d", row.Ticket, n)
	}
	return row.Message
}

// decides has the agent decide about words that lie beside the ticket, the first that wait.
func (w *world) decides(n uint64, do ticket.BesideDo) error {
	v, err := w.app.Desk.Tickets.Read(w.as("agent"), n)
	if err != nil {
		return err
	}
	for _, m := range v.Beside {
		if m.Beside == store.BesideWaiting {
			_, err := w.app.Desk.Tickets.Do(w.as("agent"), n, ticket.Step{Beside: m.ID, BesideDo: do, Reason: "non riguarda"})
			return err
		}
	}
	return fmt.Errorf("nothing lies beside ticket %d", n)
}

// TestTheRequestersSideSeesNothingOfInternalActs: who may not read notes sees nothing of what agents do among
// themselves: not a byte of what they can fetch differs.
func TestTheRequestersSideSeesNothingOfInternalActs(t *testing.T) {
	w := newWorld(t)
	elsas, err := w.app.Desk.Tickets.Open(w.as("stranger"), ticket.Opening{Subject: "Di un altro ente", Body: "Altro.", Kind: store.Clarification, Module: w.module["csa"]})
	if err != nil {
		t.Fatal(err)
	}
	w.elsewhereTicket = elsas.ID
	n := w.ticket().ID
	if row := w.comes(letter{from: "Ada Neri <requester@example.it>", subject: fmt.Sprintf("Re: [#%d] Il cedolino", n), id: "tenuta@x", text: "Ancora.", proven: true}); row.Ticket != n {
		t.Fatalf("the mail is in ticket %d", row.Ticket)
	}
	w.liesBeside(n)
	w.liesBeside(n)
	w.age(n, func(tk *store.Ticket) { tk.MayBelong = w.elsewhereTicket })
	roles := []string{"requester", "participant", "coordinator"}
	browsers, tokens := map[string]*browser{}, map[string]string{}
	for _, role := range roles {
		browsers[role] = w.visitor(role)
		secret, _, err := w.app.Desk.Keeper().NewToken(db.By{Via: door.Command}, w.people[role].ID, "prova")
		if err != nil {
			t.Fatal(err)
		}
		tokens[role] = secret
	}
	// Everything each of them can fetch, but for the secrets and keys of forms and sentences of how long ago something was.
	ago := regexp.MustCompile(`(?:un minuto|[0-9]+ minuti|un'ora|meno di un minuto|pochi secondi) fa|adesso|poco fa|"[0-9a-f]{60,}"|=[A-Za-z0-9_-]{10,}"|name="once" value="[A-Z0-9-]+"`)
	follows := regexp.MustCompile(`data-live="/live\?after=[0-9]+"`)
	fetch := func(since string) map[string]string {
		out := map[string]string{}
		for _, role := range roles {
			for _, address := range []string{address.Ticket(n), "/tickets", "/", "/search?q=parolanascosta", "/search?q=cedolino", "/notices"} {
				out[role+" "+address] = ago.ReplaceAllString(browsers[role].get(address).body, "")
			}
			b := w.browser()
			b.header.Set("Authorization", "Bearer "+tokens[role])
			for _, address := range []string{fmt.Sprintf("/api/v1/tickets/%d", n), "/api/v1/tickets", "/api/v1/tickets?updated_since=" + since, "/api/v1/search?q=parolanascosta"} {
				got := b.get(address)
				out[role+" "+address] = regexp.MustCompile(`"took_ms":[0-9.]+`).ReplaceAllString(got.body, "") + got.header.Get("ETag")
			}
		}
		return out
	}
	settle := func() { // notices and index follow in the background
		if _, err := w.app.Desk.Notices.Plan(); err != nil {
			t.Fatal(err)
		}
		w.searchable()
	}
	settle()
	fetch(time.Now().UTC().Format(time.RFC3339)) // the first look at the ticket reads its notices, whatever happens at the desk
	for _, act := range []string{"note", "link", "unlink", "look-in", "beside", "dismiss", "own-ticket", "apart"} {
		since := time.Now().UTC().Add(time.Second).Format(time.RFC3339)
		before, from := fetch(since), w.app.Store.Last()
		rev := w.row(n).Rev
		if err := internalActs[act](w, n); err != nil {
			t.Fatalf("%s: %v", act, err)
		}
		if w.row(n).Rev == rev {
			t.Errorf("%s did not happen", act)
		}
		settle()
		for name, is := range fetch(since) {
			was := before[name]
			if act == "own-ticket" { // it opens a ticket of somebody else, and that is a public change at the desk
				was, is = follows.ReplaceAllString(was, ""), follows.ReplaceAllString(is, "")
			}
			if was != is {
				i := 0
				for i < min(len(was), len(is)) && was[i] == is[i] {
					i++
				}
				t.Errorf("%s changes %s: %.120q becomes %.120q", act, name, was[i:], is[i:])
			}
		}
		for _, role := range roles {
			events, _, err := live.Events(w.app.Site, w.as(role), from)
			if err != nil || len(events) > 0 {
				t.Errorf("%s hears of %s: %v %v", role, act, events, err)
			}
		}
		if events, _, _ := live.Events(w.app.Site, w.as("agent"), from); len(events) == 0 {
			t.Errorf("the agent hears nothing of %s", act)
		}
	}
	// Nor does a filter by time tell of it.
	b := w.browser()
	b.header.Set("Authorization", "Bearer "+tokens["requester"])
	w.age(n, func(tk *store.Ticket) { tk.PublicUpdated = tk.PublicUpdated.Add(-time.Hour) })
	since := time.Now().UTC().Add(-time.Minute).Format(time.RFC3339)
	if err := internalActs["note"](w, n); err != nil {
		t.Fatal(err)
	}
	if got := b.get("/api/v1/tickets?updated_since=" + since).body; strings.Contains(got, fmt.Sprintf(`"number":%d,`, n)) {
		t.Errorf("a note makes the ticket newer: %s", got)
	}
}

// TestEveryInternalActIsTried: every act that the table of acts calls internal, always or at times, stands in the table
// above, or says here why not.
func TestEveryInternalActIsTried(t *testing.T) {
	elsewhere := map[string]string{
		"spam":         "takes the ticket away from its people",
		"not-spam":     "gives it back",
		"merge":        "gives its people the other ticket",
		"unmerge":      "gives them back their own messages",
		"relocate":     "gives it to the coordinators of another organisation, and shows the name of that one",
		"move-message": "gives its people another ticket, or takes a message from them",
	}
	for _, a := range act.All() {
		if a.OfTicket() && !a.Public() && internalActs[a.String()] == nil && elsewhere[a.String()] == "" {
			t.Errorf("nobody tries whether the requester's side sees %q", a)
		}
	}
	for code := range internalActs {
		if !slices.ContainsFunc(act.All(), func(a act.Act) bool { return a.String() == code && a.OfTicket() && !a.Public() }) {
			t.Errorf("%q is tried and is no internal act", code)
		}
	}
}
