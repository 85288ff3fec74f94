package store

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sportello/store/scope"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/event"
	"sportello/store/key"
)

// within changes the file of a store that is closed.
func within(t testing.TB, dir string, change func(*bbolt.Tx) error) {
	t.Helper()
	file, err := bbolt.Open(filepath.Join(dir, "desk.db"), 0o600, nil)
	must(t, err)
	must(t, file.Update(change))
	must(t, file.Close())
}

// setSchema has the file of a store that is closed say that it is of the version.
func setSchema(t testing.TB, dir string, version int) {
	t.Helper()
	within(t, dir, func(b *bbolt.Tx) error {
		return b.Bucket([]byte("meta")).Put([]byte("schema"), []byte(strconv.Itoa(version)))
	})
}

var update = flag.Bool("update", false, "make testdata/schema1.db.gz anew; only as long as no release has written schema 1")

const schema1 = "testdata/schema1.db.gz"

// tablesSince came after the file was written: opening makes them, empty.
var tablesSince = []string{"views", "misses", "synonyms", "texts", "mails", "mail_ids", "letters", "ticket_links", "mailboxes", "usedkeys", "mail_servers", "relocations", "looks", "installations", "handovers", "invitations", "remindings",
	"releases", "wordings", "receipts", "rounds", "downloads", "contacts", "followings", "problems", "cases", "errands",
	"templates", "template_versions", "plans", "decisions", "progresses", "access_requests", "audit", "audit_words", "erasures"}

// TestAFileOfSchema1 opens a file that was written when schema 1 was the newest, and finds everything in it.
func TestAFileOfSchema1(t *testing.T) {
	if *update {
		writeSchema1(t)
	}
	dir := t.TempDir()
	packed, err := os.Open(schema1)
	must(t, err)
	defer packed.Close()
	z, err := gzip.NewReader(packed)
	must(t, err)
	raw, err := io.ReadAll(z)
	must(t, err)
	must(t, os.WriteFile(filepath.Join(dir, "desk.db"), raw, 0o600))

	st := reopened(t, dir, quick)
	_, err = st.PutBlob(strings.NewReader("allegato"), 0)
	must(t, err)
	sound(t, st)
	must(t, st.View(func(tx *db.Tx) error {
		inv, err := tx.Inventory(t.Context())
		if err != nil {
			return err
		}
		for _, table := range tables {
			if name := table.Name(); (inv.Rows[name] > 0) == slices.Contains(tablesSince, name) {
				t.Errorf("%s has %d rows", name, inv.Rows[name])
			}
		}
		ticket, err := Tickets.Get(tx, 1)
		if err != nil {
			return err
		}
		if ticket.Subject != "Stampa bloccata" || ticket.State != StateOpen || ticket.Kind != Malfunction || !ticket.OnSide(2) || ticket.Answers["ufficio"] != "Rettorato" {
			t.Errorf("ticket %+v", ticket)
		}
		p, err := PeopleByEmail.First(tx, "chiara.riva@uni.example")
		if err != nil {
			return err
		}
		if !p.InGroup(1) || p.Password == "" || !p.Belongs(1, 1, tx.Now()) || p.Covers(1, 1, tx.Now()) {
			t.Errorf("person %+v", p)
		}
		history, err := tx.TicketChanges(1)
		if len(history) < 3 || history[0].Act != act.Open {
			t.Errorf("history %+v", history)
		}
		if token, err := Tokens.Get(tx, 1); err != nil || token.Ends.Before(time.Now().AddDate(0, 11, 0)) || !token.Asleep.IsZero() {
			t.Errorf("token %+v, %v: tokens from before tokens ended have a year", token, err)
		} else if !token.Kept || token.Scope.Access != scope.Write || !token.Scope.All || token.Scope.Modular {
			t.Errorf("token %+v: tokens from before scopes keep all rights, and their owners are to be told", token)
		}
		if tx.Cursor("notices") == 0 {
			t.Error("the cursor is lost")
		}
		return err
	}))
	must(t, st.Update(db.By{}, func(tx *db.Tx) error { return Groups.Put(tx, &Group{Code: "new"}) }))
}

func writeSchema1(t *testing.T) {
	at := time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	st, err := Open(t.TempDir(), db.Options{NoSync: true, Clock: func() time.Time { at = at.Add(time.Second); return at }})
	must(t, err)
	blob, err := st.PutBlob(strings.NewReader("allegato"), 0)
	must(t, err)
	must(t, st.Update(db.By{Via: door.Command, Act: act.Open}, func(tx *db.Tx) error {
		ends := tx.Now().AddDate(10, 0, 0)
		for _, write := range []func() error{
			func() error {
				return Organisations.Put(tx, &Organisation{Name: "Università di Prova", Domains: []string{"uni.example"}})
			},
			func() error { return Units.Put(tx, &Unit{Organisation: 1, Name: "Rettorato"}) },
			func() error { return Groups.Put(tx, &Group{Code: GeneralGroup, Name: Words{IT: "Generale"}}) },
			func() error {
				return People.Put(tx, &Person{Email: "chiara.riva@uni.example", Name: "Chiara Riva", Password: "$argon2id$", PasswordSet: tx.Now(),
					Groups: []Membership{{Group: 1, Supervisor: true}}, Administrator: true, Affiliations: []Affiliation{{Organisation: 1, Unit: 1}}})
			},
			func() error {
				return People.Put(tx, &Person{Email: "dario.sala@uni.example", Name: "Dario Sala", Affiliations: []Affiliation{{Organisation: 1, Coordinator: true}}})
			},
			func() error {
				return Modules.Put(tx, &Module{Code: "csa", Name: Words{IT: "CSA"}, Channel: Here, Group: 1})
			},
			func() error {
				return Tickets.Put(tx, &Ticket{Subject: "Stampa bloccata", Kind: Malfunction, Severity: High, Urgency: Week, Priority: 2, State: StateOpen,
					Module: 1, Group: 1, Assignee: 1, Requester: 2, Participants: []uint64{1}, AddedBy: map[uint64]uint64{1: 2}, Organisation: 1, Unit: 1,
					Opened: tx.Now(), Due: tx.Now().Add(8 * time.Hour), PublicUpdated: tx.Now(), Messages: 1, External: "OLD-1", Answers: map[string]string{"ufficio": "Rettorato"}})
			},
			func() error {
				return Messages.Put(tx, &Message{Ticket: 1, Author: 2, At: tx.Now(), Body: "Non stampa."})
			},
			func() error {
				return Files.Put(tx, &File{Ticket: 1, Message: 1, Person: 2, Name: "foto.png", Type: "image/png", Size: blob.Size, Sum: blob.Sum})
			},
			func() error {
				return Articles.Put(tx, &Article{Slug: "stampa", Module: 1, Audience: Public, Author: 1})
			},
			func() error {
				return Versions.Put(tx, &Version{Article: 1, Module: 1, Audience: Public, Language: "it", Title: "Stampa", Body: "Riavviare.", Format: Markdown, Publication: Published})
			},
			func() error {
				return Notices.Put(tx, &Notice{Person: 1, Ticket: 1, Event: event.Opened, Seq: 1, At: tx.Now()})
			},
			func() error {
				return SavedReplies.Put(tx, &SavedReply{Group: 1, Title: Words{IT: "Riavvio"}, Body: Words{IT: "Prova a riavviare."}})
			},
			func() error {
				return Drafts.Put(tx, &Form{Person: 1, Path: "/", Values: map[string][]string{"body": {"x"}}, Ends: ends})
			},
			func() error { return Sessions.Put(tx, &Session{Hash: "s", Person: 1, Seen: tx.Now(), Ends: ends}) },
			func() error { return Tokens.Put(tx, &Token{Hash: "t", Person: 1, Name: "prova"}) },
			func() error { return Links.Put(tx, &Link{Hash: "l", Person: 2, For: "password", Ends: ends}) },
			func() error {
				return SettingsTable.Put(tx, &Settings{Name: "Sportello", Matrix: map[string]int{"high/week": 2}})
			},
			func() error { return tx.SetCursor("notices", 3) },
		} {
			if err := write(); err != nil {
				return err
			}
		}
		return nil
	}))
	var packed bytes.Buffer
	z, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	must(t, err)
	_, err = st.Picture(context.Background(), z)
	must(t, err)
	must(t, errors.Join(z.Close(), st.Close(), os.MkdirAll("testdata", 0o755)))
	must(t, os.WriteFile(schema1, packed.Bytes(), 0o644))
}

// TestFilesOfArticlesGetTheVersionsThatShowThem takes a file back to schema 1, where a file knew its article alone.
func TestFilesOfArticlesGetTheVersionsThatShowThem(t *testing.T) {
	dir := t.TempDir()
	st := reopened(t, dir, quick)
	blob, err := st.PutBlob(strings.NewReader("figura"), 0)
	must(t, err)
	names := []string{"named by the published", "named by the draft", "named by both", "named by none, there at publication", "named by none, sent later", "of a draft alone"}
	var published, draft, alone uint64
	must(t, st.Update(db.By{}, func(tx *db.Tx) error {
		a, b := &Article{Slug: "a"}, &Article{Slug: "b"}
		must(t, errors.Join(Articles.Put(tx, a), Articles.Put(tx, b)))
		p := &Version{Article: a.ID, Language: "it", Title: "a", Body: "![x](/files/1) ![x](/files/3)", Format: Markdown, Publication: Published, Published: tx.Now()}
		d := &Version{Article: a.ID, Language: "en", Title: "a", Body: "![x](/files/2) ![x](/files/3) /files/10 /files/44", Format: Markdown, Publication: Draft}
		l := &Version{Article: b.ID, Language: "it", Title: "b", Body: "b", Format: Markdown, Publication: Draft}
		must(t, errors.Join(Versions.Put(tx, p), Versions.Put(tx, d), Versions.Put(tx, l)))
		published, draft, alone = p.ID, d.ID, l.ID
		for i, name := range names {
			f := &File{Article: a.ID, Name: name, Sum: blob.Sum, Size: blob.Size}
			f.Created = tx.Now().Add(-time.Hour)
			switch i {
			case 4:
				f.Created = tx.Now().Add(time.Hour)
			case 5:
				f.Article = b.ID
			}
			must(t, Files.Put(tx, f))
		}
		return Files.Put(tx, &File{Name: "pending", Sum: blob.Sum, Size: blob.Size})
	}))
	must(t, st.Close())
	setSchema(t, dir, 1)
	st = reopened(t, dir, quick)
	sound(t, st)
	want := [][]uint64{{published}, {draft}, {published, draft}, {published}, {draft}, {alone}, nil}
	must(t, st.View(func(tx *db.Tx) error {
		for i, versions := range want {
			f, err := Files.Get(tx, uint64(i)+1)
			must(t, err)
			if !slices.Equal(f.Versions, versions) {
				t.Errorf("%s: %v, want %v", f.Name, f.Versions, versions)
			}
		}
		shown, err := FilesByVersion.Find(tx, draft)
		must(t, err)
		if len(shown) != 3 {
			t.Errorf("the draft shows %d files, want 3", len(shown))
		}
		return nil
	}))
	if _, err := os.Stat(filepath.Join(dir, "desk.db.schema1")); err != nil {
		t.Errorf("no copy was kept: %v", err)
	}
}

// TestMessagesStayWithThosePeopleWhomAMergeTookThemFrom takes a file back to schema 4, where a ticket that was taken up
// again forgot what a merge had taken from it.
func TestMessagesStayWithThosePeopleWhomAMergeTookThemFrom(t *testing.T) {
	dir := t.TempDir()
	st := reopened(t, dir, quick)
	must(t, st.Update(db.By{Act: act.Open}, func(tx *db.Tx) error {
		must(t, errors.Join(Groups.Put(tx, &Group{Code: "g"}), People.Put(tx, &Person{Email: "a@uni.example"})))
		for range 3 {
			must(t, Tickets.Put(tx, &Ticket{Subject: "s", Group: 1, Requester: 1}))
		}
		for i, from := range []uint64{2, 3, 2, 1} {
			must(t, Messages.Put(tx, &Message{Ticket: from, Author: 1, At: tx.Now(), Body: fmt.Sprint(i)}))
		}
		return nil
	}))
	move := func(act act.Act, id uint64) {
		must(t, st.Update(db.By{Act: act}, func(tx *db.Tx) error {
			m, err := Messages.Get(tx, id)
			must(t, err)
			m.Origin, m.Ticket = m.Ticket, 1
			return Messages.Put(tx, m)
		}))
	}
	move(act.Merge, 1)       // of a ticket that was taken up again
	move(act.Merge, 2)       // of one that still is a duplicate
	move(act.MoveMessage, 3) // by hand
	must(t, st.Update(db.By{}, func(tx *db.Tx) error {
		twin, err := Tickets.Get(tx, 3)
		must(t, err)
		twin.DuplicateOf = 1
		return Tickets.Put(tx, twin)
	}))
	must(t, st.Close())
	setSchema(t, dir, 4)
	st = reopened(t, dir, quick)
	sound(t, st)
	must(t, st.View(func(tx *db.Tx) error {
		for i, side := range []uint64{2, 3, 1, 1} {
			m, err := Messages.Get(tx, uint64(i)+1)
			must(t, err)
			if m.Side() != side {
				t.Errorf("message %d stays with %d, want %d", m.ID, m.Side(), side)
			}
		}
		return nil
	}))
}

// TestWhatListsDoNotShowIsKeptApartInOlderFiles takes a file back to schema 5, whose rows were one object each.
func TestWhatListsDoNotShowIsKeptApartInOlderFiles(t *testing.T) {
	dir := t.TempDir()
	st := reopened(t, dir, quick)
	const many = 2500 // more than one piece of the migration
	var whole [][]byte
	must(t, st.Update(db.By{Act: act.Open}, func(tx *db.Tx) error {
		must(t, errors.Join(Groups.Put(tx, &Group{Code: "g"}), People.Put(tx, &Person{Email: "a@uni.example"})))
		for i := range many {
			r := &Ticket{Subject: "s", Group: 1, Requester: 1}
			if i%3 != 0 {
				r.Answers = map[string]string{"menu": fmt.Sprint(i)}
			}
			must(t, Tickets.Put(tx, r))
			raw, err := json.Marshal(r)
			must(t, err)
			whole = append(whole, raw)
		}
		return nil
	}))
	must(t, st.Close())
	within(t, dir, func(b *bbolt.Tx) error {
		for i, raw := range whole {
			must(t, b.Bucket([]byte("tickets")).Bucket([]byte("rows")).Put(key.ID(uint64(i)+1), raw))
		}
		return nil
	})
	setSchema(t, dir, 5)
	st = reopened(t, dir, quick)
	sound(t, st)
	must(t, st.View(func(tx *db.Tx) error {
		for i := range many {
			whole, err := Tickets.Get(tx, uint64(i)+1)
			must(t, err)
			seen, err := Tickets.Glance(tx, uint64(i)+1)
			must(t, err)
			want := ""
			if i%3 != 0 {
				want = fmt.Sprint(i)
			}
			if whole.Answers["menu"] != want || seen.Answers != nil || seen.Subject != "s" {
				t.Fatalf("ticket %d: %v whole, %v at a glance", i+1, whole.Answers, seen.Answers)
			}
		}
		return nil
	}))
}

// TestQueuesStandByPriorityInOlderFiles takes a file back to schema 6, whose queues knew no priority.
func TestQueuesStandByPriorityInOlderFiles(t *testing.T) {
	dir := t.TempDir()
	st := reopened(t, dir, quick)
	due := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	older := map[string][][]byte{}
	must(t, st.Update(db.By{Act: act.Open}, func(tx *db.Tx) error {
		must(t, errors.Join(Groups.Put(tx, &Group{Code: "g"}), People.Put(tx, &Person{Email: "a@uni.example"})))
		for i := range 100 {
			r := &Ticket{Subject: "s", Group: 1, Requester: 1, State: StateNew, Priority: i % 6, Due: due.Add(-time.Duration(i) * time.Hour)}
			must(t, Tickets.Put(tx, r))
			for index, before := range map[string][]any{"group": {r.Group, r.State}, "assignee": {r.Assignee, r.State}, "unassigned": {r.Group, r.State}, "state": {r.State}} {
				older[index] = append(older[index], append(key.Of(append(before, r.Standing(), r.Due)...), key.ID(r.ID)...))
			}
		}
		return nil
	}))
	must(t, st.Close())
	within(t, dir, func(b *bbolt.Tx) error {
		tickets := b.Bucket([]byte("tickets"))
		for index, entries := range older {
			must(t, tickets.DeleteBucket([]byte("ix."+index)))
			ix, err := tickets.CreateBucket([]byte("ix." + index))
			must(t, err)
			for _, entry := range entries {
				must(t, ix.Put(entry, nil))
			}
		}
		return nil
	})
	setSchema(t, dir, 6)
	st = reopened(t, dir, quick)
	sound(t, st)
	must(t, st.View(func(tx *db.Tx) error {
		for name, ix := range map[string]*db.Index[Ticket]{"group": TicketsByGroup, "unassigned": TicketsUnassigned} {
			rank, n, last := uint8(1), 0, time.Time{}
			for r, err := range ix.GlanceRows(tx, db.Span{Prefix: key.Of(uint64(1), StateNew)}) {
				must(t, err)
				if n++; r.Rank() > rank {
					rank, last = r.Rank(), time.Time{}
				}
				if r.Rank() < rank || r.Due.Before(last) {
					t.Fatalf("%s: a ticket of priority %d due %v after %d and %v", name, r.Priority, r.Due, rank, last)
				}
				last = r.Due
			}
			if n != 100 || rank != Ranks {
				t.Errorf("%s has %d tickets down to rank %d", name, n, rank)
			}
		}
		return nil
	}))
}
