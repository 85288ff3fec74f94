package app_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sportello/store"
	"sportello/store/db"
	"sportello/store/door"
)

const aMail = "From: Ada <ada@ateneo.example>\nTo: csa@ateneo.example\nSubject: Cedolino\nMessage-ID: <uno@ateneo.example>\nDate: Mon, 02 Mar 2026 10:00:00 +0100\n\nNon lo trovo.\n"

func TestAPipeTakesOrSaysTryAgain(t *testing.T) {
	readOnly := filepath.Join(t.TempDir(), "missing", "\x00")
	data := filepath.Join(t.TempDir(), "data")
	large := filepath.Join(t.TempDir(), "config.toml")
	must(t, os.WriteFile(large, []byte("[mail]\nmax_message_mb = 1\n"), 0o600))
	for _, c := range []struct {
		name   string
		args   []string
		in     string
		status int
	}{
		{"a message", []string{"--data", data}, aMail, 0},
		{"the same with other line ends", []string{"--data", data}, strings.ReplaceAll(aMail, "\n", "\r\n"), 0},
		{"something that is no mail is kept too", []string{"--data", data}, "\x00\xff\x00", 0},
		{"an argument", []string{"--data", data, "x"}, aMail, 64},
		{"an unknown flag", []string{"--data", data, "--fly"}, aMail, 64},
		{"a folder that cannot be", []string{"--data", readOnly}, aMail, 75},
		{"a configuration that cannot be read", []string{"--config", "/nowhere/config.toml", "--data", data}, aMail, 75},
		{"a message above the limit", []string{"--config", large, "--data", data}, aMail + strings.Repeat("x\n", 1<<20), 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			if status, out, errOut := commandLine(t, c.in, append([]string{"mail", "deliver"}, c.args...)...); status != c.status {
				t.Errorf("status %d, want %d\n%s%s", status, c.status, out, errOut)
			}
		})
	}
	st := openStore(t, data)
	err := st.View(func(tx *db.Tx) error {
		k, err := store.Tickets.Get(tx, 1)
		if err != nil {
			return err
		}
		general, err := store.GroupsByCode.First(tx, store.GeneralGroup)
		if err != nil {
			return err
		}
		if k.Subject != "Cedolino" || k.Messages != 1 || k.Group != general.ID {
			t.Errorf("ticket %+v", k)
		}
		// Of the one that is too large the beginning is there, and says so.
		large, err := store.Tickets.Get(tx, 2)
		must(t, err)
		mails, err := store.MailsByTicket.Find(tx, large.ID)
		must(t, err)
		if len(mails) != 1 || !mails[0].Cut || mails[0].Size != 1<<20 || large.Messages != 1 {
			t.Errorf("the large one: %+v, mails %+v", large, mails)
		}
		for state, n := range map[store.MailState]int{store.MailDone: 2, store.MailSame: 1, store.MailFailed: 1} {
			if got := store.Mails.Count(tx, string(state)); got != n {
				t.Errorf("%d mails %s, want %d", got, state, n)
			}
		}
		return nil
	})
	must(t, err)
	if left, _ := os.ReadDir(filepath.Join(data, "spool")); len(left) > 0 {
		t.Errorf("the spool holds %v", left)
	}
}

func openStore(t *testing.T, data string) *db.Store {
	t.Helper()
	st, err := store.Open(data, db.Options{NoSync: true})
	must(t, err)
	t.Cleanup(func() {
		for _, finding := range st.Check() {
			t.Error(finding)
		}
		must(t, st.Close())
	})
	return st
}

func TestAPipeBesideARunningServerLeavesItToTheServer(t *testing.T) {
	d := newTestDesk(t)
	if status, out, errOut := commandLine(t, aMail, "mail", "deliver", "--data", d.app.Config.Data); status != 0 {
		t.Fatalf("status %d\n%s%s", status, out, errOut)
	}
	must(t, d.app.Desk.Intake.Process(t.Context()))
	v, err := d.app.Desk.Tickets.Read(theDesk, 1)
	if err != nil || v.Ticket.Via != door.Mail {
		t.Errorf("%v", err)
	}
}

// mailFiles writes mails into a mailbox file and a Maildir.
func mailFiles(t *testing.T, mails ...string) (mbox, maildir string) {
	t.Helper()
	dir := t.TempDir()
	mbox, maildir = filepath.Join(dir, "mbox"), filepath.Join(dir, "Maildir")
	var all strings.Builder
	for i, m := range mails {
		fmt.Fprintf(&all, "From x@y Mon Mar  2 10:%02d:00 2026\n%s\n\n", i, m)
		folder := filepath.Join(maildir, ".Inviata", "cur")
		if i%2 == 0 {
			folder = filepath.Join(maildir, "new")
		}
		must(t, os.MkdirAll(folder, 0o700))
		must(t, os.WriteFile(filepath.Join(folder, fmt.Sprintf("%d.x", i)), []byte(m), 0o600))
	}
	must(t, os.WriteFile(mbox, []byte(all.String()), 0o600))
	return mbox, maildir
}

func oldMail(id, from, to, subject, refs string, at time.Time, body string) string {
	s := fmt.Sprintf("From: %s\nTo: %s\nSubject: %s\nMessage-ID: <%s>\nDate: %s\n", from, to, subject, id, at.Format(time.RFC1123Z))
	if refs != "" {
		s += "References: <" + refs + ">\n"
	}
	return s + "\n" + body + "\n"
}

func TestAMailboxMovesOntoTheDesk(t *testing.T) {
	old := time.Now().AddDate(-2, 0, 0).Truncate(time.Second)
	lately := time.Now().AddDate(0, 0, -2).Truncate(time.Second)
	mails := []string{
		oldMail("a1@x", "Ada <ada@ateneo.example>", "csa@ateneo.example", "Cedolino di marzo", "", old, "Non lo trovo."),
		oldMail("a2@x", "Bruno <bruno@ateneo.example>", "ada@ateneo.example", "Re: Cedolino di marzo", "a1@x", old.Add(time.Hour), "Sta sul portale.\n\n> Non lo trovo."),
		oldMail("a3@x", "capo@ateneo.example", "csa@ateneo.example", "Re: Cedolino di marzo", "a2@x", old.Add(2*time.Hour), "Grazie a nome di Ada."),
		oldMail("b1@x", "carla@altrove.example", "csa@ateneo.example", "Accesso", "", lately, "Posso entrare?"),
		oldMail("b2@x", "csa@ateneo.example", "carla@altrove.example", "R: Accesso", "", lately.Add(time.Hour), "Da che rete?"),
		oldMail("c1@x", "dina@altrove.example", "csa@ateneo.example", "Ultima", "", lately, "Senza risposta."),
		"Subject: senza mittente\n\ntesto\n",
		oldMail("a1@x", "Ada <ada@ateneo.example>", "csa@ateneo.example", "Cedolino di marzo", "", old, "Non lo trovo."),
		oldMail("d1@x", "mailer-daemon@altrove.example", "csa@ateneo.example", "Undelivered", "", old, "no") + "",
	}
	mails[8] = "Auto-Submitted: auto-replied\n" + mails[8]
	mbox, maildir := mailFiles(t, mails...)
	for name, args := range map[string][]string{"mbox": {"mbox", mbox}, "maildir": {"maildir", maildir}} {
		t.Run(name, func(t *testing.T) {
			data := filepath.Join(t.TempDir(), "data")
			report := filepath.Join(t.TempDir(), "report")
			if status, _, errOut := commandLine(t, "", "person", "add", "--email", "bruno@ateneo.example", "--name", "Bruno", "--role", "agent", "--group", "csa", "--data", data); status != 0 {
				t.Fatal(errOut)
			}
			args := append([]string{"import"}, append(args, "--group", "csa", "--module", "csa", "--own", "csa@ateneo.example", "--report", report, "--data", data)...)
			status, out, errOut := commandLine(t, "", args...)
			if status != 0 || !strings.HasSuffix(out, "imported 6, updated 0, refused 1\n") || !strings.Contains(out, "tickets 4") {
				t.Fatalf("status %d\n%s%s", status, out, errOut)
			}
			checkMoved(t, data, old)
			lines, err := os.ReadFile(report)
			must(t, err)
			for _, want := range []string{"\tmessage-id\ta1@x", "\tsubject\tAccesso", "\tnew\t", "\trefused\t", "\tsame\t", "\tbounce\t"} {
				if !strings.Contains(string(lines), want) {
					t.Errorf("the report lacks %q:\n%s", want, lines)
				}
			}
			status, out, _ = commandLine(t, "", args...)
			if status != 0 || !strings.HasSuffix(out, "imported 0, updated 0, refused 0\n") {
				t.Errorf("again: %s", out)
			}
			checkMoved(t, data, old)
		})
	}
}

func checkMoved(t *testing.T, data string, old time.Time) {
	t.Helper()
	st, err := store.Open(data, db.Options{NoSync: true})
	must(t, err)
	defer st.Close()
	err = st.View(func(tx *db.Tx) error {
		find := func(subject string) *store.Ticket {
			for k, err := range store.Tickets.All(tx, 0, false) {
				must(t, err)
				if k.Subject == subject {
					return k
				}
			}
			t.Fatalf("no ticket %q", subject)
			return nil
		}
		name := func(id uint64) string { p, _ := store.People.Get(tx, id); return p.Email }
		k := find("Cedolino di marzo")
		if k.State != store.StateClosed || k.Outcome != store.Answered || !k.Opened.Equal(old) || k.Messages != 2 || len(k.Participants) != 0 || name(k.Requester) != "ada@ateneo.example" || name(k.Assignee) != "bruno@ateneo.example" {
			t.Errorf("the old one: %+v", k)
		}
		list, err := store.MessagesByTicket.Find(tx, k.ID)
		must(t, err)
		if len(list) != 2 || list[0].Agent || !list[1].Agent || list[1].Body != "Sta sul portale." || !strings.Contains(list[1].Rest, "Non lo trovo.") || !list[1].At.Equal(old.Add(time.Hour)) {
			t.Errorf("its messages: %+v", list)
		}
		// Who answered without belonging has a ticket of their own, with a word to agents of where it may belong.
		if own, err := store.Tickets.Get(tx, k.ID+1); err != nil || own.MayBelong != k.ID || name(own.Requester) != "capo@ateneo.example" || own.State != store.StateClosed {
			t.Errorf("that of somebody outside: %+v", own)
		}
		if k := find("Accesso"); k.State != store.StateWaiting || k.Messages != 2 {
			t.Errorf("the answered one: %+v", k)
		}
		if k := find("Ultima"); k.State != store.StateNew || k.Messages != 1 {
			t.Errorf("the new one: %+v", k)
		}
		if n := store.Tickets.Last(tx); n != 4 {
			t.Errorf("%d tickets", n)
		}
		for range store.Letters.All(tx, 0, false) {
			t.Error("somebody is to be told")
		}
		return nil
	})
	must(t, err)
	for _, finding := range st.Check() {
		t.Error(finding)
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
