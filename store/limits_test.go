package store

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/fault"
)

func TestNoFieldGrowsWithoutEnd(t *testing.T) {
	for _, table := range tables {
		for _, field := range table.Unlimited() {
			t.Errorf("%s has no limit", field)
		}
	}
}

// TestPutKeepsLimits tries every limit that a field of a row has: by each door alike what is longer is refused, naming
// the field, or cut where nobody can be told.
func TestPutKeepsLimits(t *testing.T) {
	long := func(n int) string { return strings.Repeat("è", n) }
	wide := map[string]string{}
	for i := range 11_000 {
		wide[strings.Repeat("a", i%40)+string(rune(0x4e00+i))] = "x"
	}
	rows := map[string]struct {
		put   func(*db.Tx) error
		field string
	}{
		"subject":        {func(tx *db.Tx) error { return Tickets.Put(tx, &Ticket{Subject: long(251)}) }, "subject"},
		"affected":       {func(tx *db.Tx) error { return Tickets.Put(tx, &Ticket{Affected: long(12 << 20)}) }, "affected"},
		"worked in":      {func(tx *db.Tx) error { return Tickets.Put(tx, &Ticket{WorkedIn: long(101)}) }, "worked_in"},
		"answers":        {func(tx *db.Tx) error { return Tickets.Put(tx, &Ticket{Answers: wide}) }, "answers"},
		"an answer":      {func(tx *db.Tx) error { return Tickets.Put(tx, &Ticket{Answers: map[string]string{"a": long(2001)}}) }, "answers.a"},
		"a code":         {func(tx *db.Tx) error { return Tickets.Put(tx, &Ticket{Answers: map[string]string{long(101): "a"}}) }, "answers"},
		"participants":   {func(tx *db.Tx) error { return Tickets.Put(tx, &Ticket{Participants: make([]uint64, 51)}) }, "participants"},
		"links":          {func(tx *db.Tx) error { return Tickets.Put(tx, &Ticket{Links: make([]uint64, 1001)}) }, "links"},
		"wishes":         {func(tx *db.Tx) error { return Tickets.Put(tx, &Ticket{Wishes: []string{long(255)}}) }, "wishes"},
		"body":           {func(tx *db.Tx) error { return Messages.Put(tx, &Message{Body: long(maxBody/2 + 1)}) }, "body"},
		"mentions":       {func(tx *db.Tx) error { return Messages.Put(tx, &Message{Mentions: make([]uint64, 1_000_000)}) }, "mentions"},
		"name of a file": {func(tx *db.Tx) error { return Files.Put(tx, &File{Name: long(256)}) }, "name"},
		"words":          {func(tx *db.Tx) error { return Groups.Put(tx, &Group{Name: Words{EN: long(101)}}) }, "name.en"},
		"a question": {func(tx *db.Tx) error {
			return Modules.Put(tx, &Module{Questions: []Question{{Label: Words{IT: long(201)}}}})
		}, "questions.label.it"},
		"mail texts": {func(tx *db.Tx) error {
			return SettingsTable.Put(tx, &Settings{MailTexts: map[string]Words{"a": {IT: long(5001)}}})
		}, "mail_texts.it"},
		"values": {func(tx *db.Tx) error {
			return Drafts.Put(tx, &Form{Values: map[string][]string{"a": make([]string, 1001)}})
		}, "values."},
		"reason": {func(tx *db.Tx) error { tx.Because(long(501)); return Tickets.Put(tx, &Ticket{}) }, "reason"},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			st := fresh(t, quick)
			for _, via := range []door.Door{door.Page, door.API, door.Import, door.Command, {}} {
				err := st.Update(db.By{Via: via}, row.put)
				var wrong *fault.Error
				if !errors.As(err, &wrong) || wrong.Kind != fault.Invalid || wrong.Field != row.field || wrong.Args["max"] == nil {
					t.Fatalf("by %q: %v, want a problem of %s that names the limit", via, err, row.field)
				}
			}
			for _, via := range []door.Door{door.Mail, door.Desk} {
				undo := errors.New("undo")
				err := st.Update(db.By{Via: via}, func(tx *db.Tx) error {
					if err := row.put(tx); err != nil {
						return err
					}
					return undo
				})
				if !errors.Is(err, undo) {
					t.Errorf("by %q: %v, want it cut", via, err)
				}
			}
		})
	}
}

func TestWhatIsCutStaysWhole(t *testing.T) {
	st := fresh(t, quick)
	must(t, st.Update(db.By{Via: door.Mail}, func(tx *db.Tx) error {
		m := &Message{Body: strings.Repeat("è", maxBody), Mentions: make([]uint64, 50)}
		mentions := m.Mentions
		if err := Messages.Put(tx, m); err != nil {
			return err
		}
		if len(m.Body) != maxBody || !utf8.ValidString(m.Body) || len(m.Mentions) != 20 || len(mentions) != 50 {
			t.Errorf("%d bytes, %d mentions", len(m.Body), len(m.Mentions))
		}
		return nil
	}))
	must(t, st.Update(db.By{Via: door.Page}, func(tx *db.Tx) error {
		s := &Session{Hash: "h", Device: strings.Repeat("x", 5000)}
		if err := Sessions.Put(tx, s); err != nil {
			return err
		}
		if len(s.Device) != 200 {
			t.Errorf("the browser's name has %d characters", len(s.Device))
		}
		return nil
	}))
}

// TestARowTooManyIsRefused: what one person, group or organisation may have is bounded, whoever adds to it; others
// are not concerned.
func TestARowTooManyIsRefused(t *testing.T) {
	st := fresh(t, quick)
	must(t, st.Update(db.By{Act: act.Change}, func(tx *db.Tx) error {
		return errors.Join(People.Put(tx, &Person{Email: "a@uni.example"}), People.Put(tx, &Person{Email: "b@uni.example"}), Groups.Put(tx, &Group{Code: "g"}))
	}))
	n := 0
	token := func(person uint64) error {
		n++
		return st.Update(db.By{Act: act.Change}, func(tx *db.Tx) error { return Tokens.Put(tx, &Token{Hash: fmt.Sprint(n), Name: "x", Person: person}) })
	}
	for range Tokens.Crowds[0].Most {
		must(t, token(1))
	}
	if err := token(1); fault.KindOf(err) != fault.Invalid || err == nil {
		t.Errorf("one more is %v", err)
	}
	must(t, token(2))
	must(t, st.Update(db.By{Act: act.Change}, func(tx *db.Tx) error { // what is there may change
		row, err := Tokens.Get(tx, 1)
		must(t, err)
		row.Name = "y"
		return errors.Join(Tokens.Put(tx, row), Tokens.Delete(tx, 2))
	}))
	must(t, token(1))
	for _, person := range []uint64{0, 1} { // a group's replies do not count for a person
		must(t, st.Update(db.By{Act: act.Reply}, func(tx *db.Tx) error {
			for range SavedReplies.Crowds[0].Most {
				r := &SavedReply{Person: person}
				if person == 0 {
					r.Group = 1
				}
				must(t, SavedReplies.Put(tx, r))
			}
			return nil
		}))
	}
}
