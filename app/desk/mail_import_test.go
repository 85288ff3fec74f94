package desk

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"sportello/app/desk/intake"
	"sportello/store"
	"sportello/store/db"
)

// TestBelongingOfImportedMail: imported mail is divided by who belongs, like incoming mail: nobody reads what others
// answered to one announcement, and mail alone makes nobody a participant.
func TestBelongingOfImportedMail(t *testing.T) {
	type old struct{ id, from, to, cc, subject, refs string }
	announcement := old{id: "annuncio", from: "csa@ateneo.example", to: "tutti@liste.example", subject: "Chiusura estiva"}
	for name, c := range map[string]struct {
		mails   []old
		tickets []string // messages of each ticket, by their IDs
		near    string   // "2>1": ticket 2 points to 1
		wishes  []string // of the first ticket
	}{
		"answers to one announcement are matters of their own": {
			[]old{announcement, {id: "a", from: "ada@ateneo.example", refs: "annuncio"}, {id: "b", from: "collega@ateneo.example", refs: "annuncio"}, {id: "c", from: "x@altrove.example", refs: "annuncio"}},
			[]string{"annuncio", "a", "b", "c"}, "2>1 3>1 4>1", nil,
		},
		"the desk's answer to one of them goes there, and what they write next": {
			[]old{announcement, {id: "a", from: "ada@ateneo.example", refs: "annuncio"}, {id: "b", from: "collega@ateneo.example", refs: "annuncio"},
				{id: "r", from: "csa@ateneo.example", to: "ada@ateneo.example", refs: "annuncio a"}, {id: "a2", from: "ada@ateneo.example", refs: "annuncio a r"}},
			[]string{"annuncio", "a r a2", "b"}, "2>1 3>1", nil,
		},
		"who was addressed joins without becoming a participant": {
			[]old{{id: "a", from: "ada@ateneo.example", to: "csa@ateneo.example", cc: "collega@ateneo.example"}, {id: "b", from: "collega@ateneo.example", refs: "a"}},
			[]string{"a b"}, "", []string{"collega@ateneo.example"},
		},
		"a colleague who was not addressed does not join": {
			[]old{{id: "a", from: "ada@ateneo.example", to: "csa@ateneo.example"}, {id: "b", from: "collega@ateneo.example", refs: "a"}},
			[]string{"a", "b"}, "2>1", nil,
		},
		"a coordinator and an agent of the group join": {
			[]old{{id: "a", from: "ada@ateneo.example", to: "csa@ateneo.example"}, {id: "b", from: "referente@ateneo.example", refs: "a"}, {id: "c", from: "agente@ateneo.example", refs: "a b"}},
			[]string{"a b c"}, "", []string{"referente@ateneo.example"},
		},
		"what mails merely mention joins nobody else": {
			[]old{{id: "a", from: "ada@ateneo.example", to: "csa@ateneo.example", refs: "altrove"}, {id: "b", from: "x@altrove.example", to: "csa@ateneo.example", refs: "altrove"}},
			[]string{"a", "b"}, "2>1", nil,
		},
		"the requester goes on from what is only mentioned": {
			[]old{{id: "a", from: "ada@ateneo.example", to: "csa@ateneo.example", refs: "altrove"}, {id: "b", from: "ada@ateneo.example", to: "csa@ateneo.example", refs: "altrove"}},
			[]string{"a b"}, "", nil,
		},
		"one subject joins those who belong alone": {
			[]old{{id: "a", from: "ada@ateneo.example", to: "csa@ateneo.example", subject: "Cedolino"}, {id: "b", from: "csa@ateneo.example", to: "ada@ateneo.example", subject: "Re: Cedolino"},
				{id: "c", from: "x@altrove.example", to: "csa@ateneo.example", cc: "ada@ateneo.example", subject: "Re: Cedolino"}},
			[]string{"a b", "c"}, "", nil,
		},
	} {
		for _, whole := range []bool{true, false} { // in one run, and in a separate run for each mail
			t.Run(fmt.Sprintf("%s, whole=%v", name, whole), func(t *testing.T) {
				o := newMailOffice(t)
				at := time.Date(2026, 3, 9, 8, 0, 0, 0, time.UTC)
				var raw []string
				for i, m := range c.mails {
					refs := ""
					for _, id := range strings.Fields(m.refs) {
						refs += " <" + id + "@x>"
					}
					if refs != "" {
						refs = "References:" + refs + "\r\n"
					}
					if m.subject == "" {
						m.subject = "Oggetto " + m.id
					}
					cc := ""
					if m.cc != "" {
						cc = "Cc: " + m.cc + "\r\n"
					}
					if m.to == "" {
						m.to = "csa@ateneo.example"
					}
					raw = append(raw, fmt.Sprintf("From: %s\r\nTo: %s\r\n%sSubject: %s\r\nMessage-ID: <%s@x>\r\n%sDate: %s\r\n\r\nTesto di %s.\r\n",
						m.from, m.to, cc, m.subject, m.id, refs, at.Add(time.Duration(i)*time.Minute).Format(time.RFC1123Z), m.id))
				}
				runs := [][]string{raw}
				if !whole {
					runs = nil
					for _, m := range raw {
						runs = append(runs, []string{m})
					}
				}
				for _, run := range runs {
					_, err := o.Intake.Import(t.Context(), o.as("amministratore"), intake.Import{Group: "csa", Module: "csa", Each: func(m intake.Imported) {
						if m.Refused != nil {
							t.Errorf("%s: %v", m.MessageID, m.Refused)
						}
					}}, func(give func(string, []byte) error) error {
						for i, m := range run {
							if err := give(fmt.Sprint(i), []byte(m)); err != nil {
								return err
							}
						}
						return nil
					})
					if err != nil {
						t.Fatal(err)
					}
				}
				var got, near []string
				err := o.st.View(func(tx *db.Tx) error {
					for k, err := range store.Tickets.All(tx, 0, false) {
						if err != nil {
							return err
						}
						list, err := store.MessagesByTicket.Find(tx, k.ID)
						if err != nil {
							return err
						}
						var ids []string
						for _, m := range list {
							ids = append(ids, strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(m.Body), "Testo di "), "."))
						}
						got = append(got, strings.Join(ids, " "))
						if k.MayBelong != 0 {
							near = append(near, fmt.Sprintf("%d>%d", k.ID, k.MayBelong))
						}
						if len(k.Participants) != 0 {
							t.Errorf("ticket %d has participants: %v", k.ID, k.Participants)
						}
						if k.ID == 1 && fmt.Sprint(k.Wishes) != fmt.Sprint(c.wishes) {
							t.Errorf("its wishes are %v, want %v", k.Wishes, c.wishes)
						}
					}
					return nil
				})
				if err != nil {
					t.Fatal(err)
				}
				if fmt.Sprint(got) != fmt.Sprint(c.tickets) || strings.Join(near, " ") != c.near {
					t.Errorf("%q, near %q; want %q, near %q", got, near, c.tickets, c.near)
				}
			})
		}
	}
}
