package app_test

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"sportello/app"
	"sportello/app/config"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/torn"
)

// TestAPowerFailureLosesNoMail records what mail deliver does to a desk's folder, from the spool to the ticket, and cuts
// the record at every point (see package torn). Of each folder that this leaves the desk makes one ticket if the command
// had exited 0 by then, and else one or none; the mail is there byte for byte, and the data check finds nothing.
func TestAPowerFailureLosesNoMail(t *testing.T) {
	t.Run("that the command makes a ticket of", func(t *testing.T) { failPower(t, false) })
	t.Run("that waits in the spool, for somebody else has the folder", func(t *testing.T) { failPower(t, true) })
}

func failPower(t *testing.T, held bool) {
	dir := t.TempDir()
	cfg := config.Default()
	cfg.Data = filepath.Join(dir, "data")
	a, err := app.OpenDesk(cfg, discard())
	must(t, err)
	must(t, a.Close())
	if held {
		st, err := store.Open(cfg.Data, db.Options{Log: discard(), NoSync: true})
		must(t, err)
		defer st.Close()
	}
	message := "From: Ada Neri <ada@ateneo.example>\r\nTo: csa@sportello.example\r\nSubject: Cedolino\r\nMessage-ID: <prima@ateneo.example>\r\n\r\n" +
		strings.Repeat("Non si apre il cedolino di marzo.\r\n", 300)
	path := filepath.Join(dir, "message")
	must(t, os.WriteFile(path, []byte(message), 0o600))
	in, err := os.Open(path)
	must(t, err)
	defer in.Close()
	cmd := childCommand(t, "mail", "deliver", "--data", cfg.Data)
	rec, err := torn.Record(cmd.Args, append(cmd.Env, "GODEBUG=asyncpreemptoff=1"), in, cfg.Data, "index", "run", "tmp")
	if errors.Is(err, torn.ErrCannot) {
		t.Skip(err)
	}
	must(t, err)
	end := len(rec.Events)
	if told := rec.Told(end); !strings.HasSuffix(told, "exit 0\n") {
		t.Fatalf("the command said %s", told)
	}
	samples := 2 * end
	if n, err := strconv.Atoi(os.Getenv("SPORTELLO_CRASHES")); err == nil {
		samples = 10 * n
	}
	seed := uint64(time.Now().UnixNano())
	r := rand.New(rand.NewPCG(seed, 0))
	found := map[bool]int{}
	for n := range samples {
		cut, keep := end-n/2%(end+1), torn.Some(r)
		if n%4 == 0 {
			keep = torn.Nothing
		}
		left := filepath.Join(t.TempDir(), "left")
		must(t, rec.Leave(left, cut, keep))
		tickets, err := afterPowerFailure(t, left, message)
		least := 0
		if strings.HasSuffix(rec.Told(cut), "exit 0\n") {
			least = 1
		}
		if err != nil || tickets < least || tickets > 1 {
			t.Fatalf("seed %d, sample %d, cut %d of %d: %d tickets, at least %d are due; %v", seed, n, cut, end, tickets, least, err)
		}
		found[tickets == 1]++
		must(t, os.RemoveAll(left))
	}
	t.Logf("%d events, %d folders: the mail is in %d of them", end, samples, found[true])
	if found[true] == 0 || found[false] == 0 {
		t.Errorf("it was always there, or never: %v", found)
	}
}

// afterPowerFailure starts the desk on the folder, has it do what it does at its start, and counts the tickets.
func afterPowerFailure(t *testing.T, data, message string) (tickets int, err error) {
	cfg := config.Default()
	cfg.Data, cfg.Trial.NoSync = data, true
	a, err := app.OpenDesk(cfg, discard())
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	if _, err := a.Mail.TakeSpool(t.Context()); err != nil {
		return 0, err
	}
	if err := a.Desk.Intake.Process(t.Context()); err != nil {
		return 0, err
	}
	if findings := a.Store.Check(); len(findings) > 0 {
		return 0, fmt.Errorf("check: %v", findings)
	}
	if bad, _ := filepath.Glob(filepath.Join(cfg.Spool(), "*.bad")); len(bad) > 0 {
		return 0, fmt.Errorf("put aside: %v", bad)
	}
	return tickets, a.Store.View(func(tx *db.Tx) error {
		for row, err := range store.Tickets.All(tx, 0, false) {
			if err != nil {
				return err
			}
			tickets++
			if m, err := store.MessagesByTicket.Find(tx, row.ID); err != nil || len(m) != 1 || !strings.Contains(m[0].Body, "Non si apre") {
				return fmt.Errorf("ticket %d: %d messages, %v", row.ID, len(m), err)
			}
		}
		for m, err := range store.Mails.All(tx, 0, false) {
			if err != nil {
				return err
			}
			f, err := a.Store.OpenBlob(m.Sum)
			if err != nil {
				return err
			}
			raw, err := io.ReadAll(f)
			f.Close()
			if err != nil || string(raw) != message {
				return fmt.Errorf("the mail as it came: %d bytes of %d, %v", len(raw), len(message), err)
			}
		}
		return nil
	})
}
