package owndata

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"sportello/app/desk/audit"
	"sportello/app/desk/file"
	"sportello/app/desk/policy"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/fault"
)

// TestEachTableIsTakenOrLeftOutWithAReason finds a table that is new: somebody has to say whether it is about people.
func TestEachTableIsTakenOrLeftOutWithAReason(t *testing.T) {
	var known []string
	for _, p := range parts {
		known = append(known, p.name)
	}
	for name, why := range leftOut {
		if why == "" {
			t.Errorf("%s is left out for no reason", name)
		}
		known = append(known, name)
	}
	var all []string
	for _, table := range store.Tables() {
		all = append(all, table.Name())
	}
	slices.Sort(all)
	slices.Sort(known)
	if !slices.Equal(all, known) {
		t.Errorf("there are %v, the archive knows %v", all, known)
	}
}

// house is a store with people, tickets and what hangs on them.
type house struct {
	t  *testing.T
	st *db.Store
	o  *Own

	ada, other, agent, boss *store.Person
	ticket                  uint64 // of ada
}

func put[T any](t testing.TB, tx *db.Tx, table *db.Table[T], row *T) *T {
	t.Helper()
	if err := table.Put(tx, row); err != nil {
		t.Error(err)
	}
	return row
}

// Words that stand in one place alone.
const (
	said     = "parolapubblica"
	noted    = "parolainterna"
	foreign  = "parolaaltrui"
	guarded  = "parolariservata"
	aside    = "parolaaccanto"
	spoofed  = "parolafalsa"
	inFile   = "parolanelfile"
	inNote   = "parolanelfileinterno"
	markedUp = "<script>alert(1)</script>"
)

var secrets = []string{"argon2idsecret", "sessionhash", "tokenhash", "linkhash", "invitationhash"}

func newHouse(t *testing.T) *house {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	st, err := store.Open(t.TempDir(), db.Options{NoSync: true, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, finding := range st.Check() {
			t.Error(finding)
		}
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	h := &house{t: t, st: st}
	blob := func(text string) string {
		b, err := st.PutBlob(strings.NewReader(text), 0)
		if err != nil {
			t.Fatal(err)
		}
		return b.Sum
	}
	open, closed := blob(inFile), blob(inNote)
	err = st.Update(db.By{Via: door.Command, Act: act.Import}, func(tx *db.Tx) error {
		g := put(t, tx, store.Groups, &store.Group{Code: "aiuto", Name: store.Words{IT: "Aiuto", EN: "Help"}})
		secret := put(t, tx, store.Groups, &store.Group{Code: "riservato", Name: store.Words{IT: "Riservato"}, Confidential: true})
		org := put(t, tx, store.Organisations, &store.Organisation{Code: "ateneo", Name: "Ateneo"})
		person := func(name string, more func(*store.Person)) *store.Person {
			p := &store.Person{Email: name + "@example.it", Name: name, Language: "it", Password: secrets[0], Affiliations: []store.Affiliation{{Organisation: org.ID}}}
			if more != nil {
				more(p)
			}
			return put(t, tx, store.People, p)
		}
		h.ada = person("ada", func(p *store.Person) { p.Name = "Ada " + markedUp })
		h.other = person("elsa", nil)
		h.agent = person("bruno", func(p *store.Person) { p.Groups = []store.Membership{{Group: g.ID}} })
		h.boss = person("anna", func(p *store.Person) { p.Administrator = true })
		ends := tx.Now().Add(time.Hour)
		put(t, tx, store.Sessions, &store.Session{Hash: secrets[1], Person: h.ada.ID, Device: "Firefox", Seen: tx.Now(), Ends: ends})
		put(t, tx, store.Tokens, &store.Token{Hash: secrets[2], Person: h.ada.ID, Name: "cruscotto", Ends: ends})
		put(t, tx, store.Links, &store.Link{Hash: secrets[3], Person: h.ada.ID, For: "password", Ends: ends})
		put(t, tx, store.Invitations, &store.Invitation{Email: h.ada.Email, Name: "Ada", Organisation: org.ID, Ends: ends, Hash: secrets[4]})
		ticket := func(group uint64, of *store.Person, words string, more ...*store.Message) *store.Ticket {
			row := put(t, tx, store.Tickets, &store.Ticket{Subject: words, Group: group, Requester: of.ID, Organisation: org.ID, State: store.StateNew, Opened: tx.Now()})
			for _, m := range append([]*store.Message{{Author: of.ID, Body: words}}, more...) {
				m.Ticket, m.At = row.ID, tx.Now()
				put(t, tx, store.Messages, m)
			}
			return row
		}
		note := &store.Message{Author: h.agent.ID, Body: noted, Internal: true, Agent: true}
		shown := &store.Message{Author: h.ada.ID, Body: "ecco " + markedUp}
		h.ticket = ticket(g.ID, h.ada, said, note, shown, &store.Message{Author: h.other.ID, Body: aside, Beside: store.BesideWaiting, Internal: true}).ID
		ticket(g.ID, h.other, foreign)
		ticket(secret.ID, h.other, guarded)
		put(t, tx, store.Files, &store.File{Ticket: h.ticket, Message: shown.ID, Person: h.ada.ID, Name: "../../etc/<b>passwd", Type: "text/plain", Sum: open, Size: 1})
		put(t, tx, store.Files, &store.File{Ticket: h.ticket, Message: note.ID, Person: h.agent.ID, Name: "nota.txt", Type: "text/plain", Sum: closed, Size: 1})
		put(t, tx, store.Mails, &store.Mail{State: store.MailHeld, Sum: open, Source: "smtp", From: h.ada.Email, Text: spoofed})
		put(t, tx, store.Letters, &store.Letter{State: store.LetterSent, Person: h.ada.ID, To: h.ada.Email, Subject: "Una lettera", MessageID: "<1@example.it>"})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	rights := policy.New(st)
	h.o = New(st, time.UTC, rights, file.New(st, log, 1<<20, rights), audit.New(st, log), func(_, key string, _ ...any) string { return key })
	return h
}

func as(p *store.Person) policy.Actor { return policy.Actor{Person: p, Via: door.Page, Language: "it"} }

// archive returns the files of the person's archive by their names.
func (h *house) archive(a policy.Actor, id uint64) map[string]string {
	h.t.Helper()
	r, err := h.o.Open(a, id)
	if err != nil {
		h.t.Fatal(err)
	}
	var b bytes.Buffer
	if err := r.Write(h.t.Context(), &b); err != nil {
		h.t.Fatal(err)
	}
	z, err := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		h.t.Fatal(err)
	}
	out := map[string]string{}
	for _, f := range z.File {
		in, err := f.Open()
		if err != nil {
			h.t.Fatal(err)
		}
		raw, err := io.ReadAll(in)
		if err != nil {
			h.t.Fatal(err)
		}
		if out[f.Name] != "" {
			h.t.Errorf("%s is there twice", f.Name)
		}
		out[f.Name] = string(raw)
	}
	return out
}

func TestWhoTakesAnArchive(t *testing.T) {
	h := newHouse(t)
	gone := func(a policy.Actor, id uint64) *fault.Error {
		t.Helper()
		_, err := h.o.Open(a, id)
		if fault.KindOf(err) != fault.NotFound {
			t.Fatalf("%d: %v", id, err)
		}
		e, _ := err.(*fault.Error)
		return e
	}
	for _, p := range []*store.Person{h.other, h.agent} {
		if there, not := gone(as(p), h.ada.ID), gone(as(p), 999); there.Key != not.Key {
			t.Errorf("%s is told %q, and %q of nobody", p.Name, there.Key, not.Key)
		}
	}
	gone(as(h.boss), 999)
	if _, err := h.o.Open(policy.Actor{Via: door.Page}, h.ada.ID); err == nil {
		t.Error("somebody who is not signed in took it")
	}
	entries := func() (n int) {
		err := h.st.View(func(tx *db.Tx) error {
			for e, err := range store.AuditEntries.All(tx, 0, false) {
				if err != nil {
					return err
				}
				if e.Kind == store.AuditExport && e.Table == store.People.Name() && e.Of == h.ada.ID {
					n++
				}
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
		return n
	}
	if entries() != 0 {
		t.Error("who was refused stands in the audit log as who took it")
	}
	first, err := h.o.Open(as(h.ada), h.ada.ID)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.o.Open(as(h.boss), h.ada.ID); fault.KindOf(err) != fault.TooMany {
		t.Errorf("two at once: %v", err)
	}
	first.Close()
	h.archive(as(h.boss), h.ada.ID)
	if n := entries(); n != 2 {
		t.Errorf("%d entries for two archives", n)
	}
}

func TestAnArchiveHoldsWhatThePersonMayRead(t *testing.T) {
	h := newHouse(t)
	for name, a := range map[string]policy.Actor{"themself": as(h.ada), "an administrator": as(h.boss)} {
		files := h.archive(a, h.ada.ID)
		all := ""
		for file, text := range files {
			all += file + "\n" + text + "\n"
			if clean := path.Clean(file); clean != file || strings.HasPrefix(file, "/") || strings.Contains(file, "..") {
				t.Errorf("%s: a file is called %q", name, file)
			}
			switch path.Ext(file) {
			case ".json":
				var rows []map[string]any
				if err := json.Unmarshal([]byte(text), &rows); err != nil {
					t.Errorf("%s: %s: %v", name, file, err)
				}
			case ".html":
				if strings.Contains(text, "<script") || !strings.Contains(text, "</html>") {
					t.Errorf("%s: %s is not safe, or not whole", name, file)
				}
			}
		}
		for _, word := range []string{said, inFile, "cruscotto", "Firefox", "Una lettera", "&lt;script&gt;alert(1)"} {
			if !strings.Contains(all, word) {
				t.Errorf("%s misses %q", name, word)
			}
		}
		for _, word := range append([]string{noted, inNote, "nota.txt", foreign, guarded, aside, spoofed, h.other.Email, h.agent.Email}, secrets...) {
			if strings.Contains(all, word) {
				t.Errorf("%s gets %q", name, word)
			}
		}
		for _, p := range parts {
			if !strings.Contains(files["index.html"], `href="`+p.name+`.html"`) || files[p.name+".html"] == "" || files["data/"+p.name+".json"] == "" {
				t.Errorf("%s: %s is not whole", name, p.name)
			}
		}
	}
	// Who wrote a note has it, whoever asked.
	if all := h.archive(as(h.agent), h.agent.ID); !strings.Contains(all["data/messages.json"], noted) || strings.Contains(all["data/messages.json"], said) {
		t.Errorf("the agent gets %s", all["data/messages.json"])
	}
}

func TestFilesHaveSafeNames(t *testing.T) {
	for name, want := range map[string]string{
		"../../etc/passwd": "files/1-passwd", `C:\temp\a.txt`: "files/1-a.txt", "": "files/1-", "..": "files/1-", "a<b>\x00\n.txt": "files/1-a_b___.txt",
		"perché.pdf": "files/1-perché.pdf", strings.Repeat("é", 300): "files/1-" + strings.Repeat("é", 41),
	} {
		if got := safeName(1, name); got != want {
			t.Errorf("%q becomes %q, want %q", name, got, want)
		}
	}
}
