package desk

import (
	"bytes"
	"context"
	"errors"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"sportello/app/desk/file"
	"sportello/app/desk/ticket"
	"sportello/app/extract"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/fault"
)

// here reads without a separate process and counts its calls.
func here(calls *atomic.Int64) file.Reader {
	return func(_ context.Context, f *os.File, name, mediaType string) (string, error) {
		calls.Add(1)
		if name == "lento.txt" {
			return "", &extract.Error{Reason: extract.OutOfBounds, Err: errors.New("too slow")}
		}
		info, err := f.Stat()
		if err != nil {
			return "", err
		}
		return extract.Text(f, info.Size(), name, mediaType)
	}
}

func (o *office) attach(who, name, content string) uint64 {
	o.t.Helper()
	f, err := o.Files.Keep(o.as(who), name, strings.NewReader(content))
	if err != nil {
		o.t.Fatal(err)
	}
	return f.ID
}

func (o *office) textOf(file uint64) (text *store.FileText) {
	o.t.Helper()
	err := o.Store().View(func(tx *db.Tx) (err error) { text, err = store.TextOf(tx, file); return err })
	if err != nil && !errors.Is(err, fault.ErrNotFound) {
		o.t.Fatal(err)
	}
	return text
}

func (o *office) readAll(r file.Reader) {
	o.t.Helper()
	if _, err := o.Files.ReadAttachments(o.t.Context(), r); err != nil {
		o.t.Fatal(err)
	}
}

func TestTextOfAttachmentsIsReadOnceTheyBelongToSomething(t *testing.T) {
	o := newOffice(t)
	var calls atomic.Int64
	read := here(&calls)
	o.readAll(read) // nothing yet: from now on it follows the change log
	opened := o.open("csa")
	file := o.attach("ada", "verbale.txt", "codice zibellino")
	picture := o.attach("ada", "foto.png", "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR")
	o.readAll(read)
	if o.textOf(file) != nil {
		t.Error("a pending file was read")
	}
	before, err := o.Tickets.Read(o.as("ada"), opened.ID)
	if err != nil {
		t.Fatal(err)
	}
	after := o.do("ada", opened.ID, ticket.Step{Message: &ticket.Text{Body: "ecco", Files: []uint64{file, picture}}})
	o.readAll(read)
	o.readAll(read)
	if got := o.textOf(file); got == nil || got.Text != "codice zibellino" || got.Ticket != opened.ID || got.Failed != "" {
		t.Errorf("text %+v", got)
	}
	if o.textOf(picture) != nil || calls.Load() != 1 {
		t.Errorf("read %d times", calls.Load())
	}
	view, err := o.Tickets.Read(o.as("ada"), opened.ID)
	if err != nil || view.Ticket.PublicRev != after.PublicRev || len(view.History) != len(before.History) {
		t.Errorf("reading a file shows in the ticket: %v", err)
	}
}

func TestTextOfAttachmentsThatAreThereAlreadyIsReadAtFirst(t *testing.T) {
	o := newOffice(t)
	opened := o.open("csa")
	file := o.attach("agente", "nota.txt", "parola interna")
	o.do("agente", opened.ID, ticket.Step{Message: &ticket.Text{Body: "x", Internal: true, Files: []uint64{file}}})
	var calls atomic.Int64
	o.readAll(here(&calls))
	if got := o.textOf(file); got == nil || got.Text != "parola interna" {
		t.Errorf("text %+v", got)
	}
}

func TestAttachmentsThatCannotBeReadAreListedForTheAdministrator(t *testing.T) {
	o := newOffice(t)
	opened := o.open("csa")
	slow, broken := o.attach("ada", "lento.txt", "a"), o.attach("ada", "rotto.pdf", "%PDF-1.4 niente")
	o.do("ada", opened.ID, ticket.Step{Message: &ticket.Text{Body: "x", Files: []uint64{slow, broken}}})
	var calls atomic.Int64
	o.readAll(here(&calls))
	if calls.Load() != 3 {
		t.Errorf("read %d times, want the slow one twice", calls.Load())
	}
	list, total, err := o.Files.FailedAttachments(o.as("amministratore"), 1)
	if err != nil || total != 2 || len(list) != 1 {
		t.Fatalf("%d of %d, %v", len(list), total, err)
	}
	list, _, _ = o.Files.FailedAttachments(o.as("amministratore"), 10)
	reasons := map[uint64]string{}
	for _, f := range list {
		reasons[f.File.ID] = f.Reason
	}
	if reasons[slow] != "limits" || reasons[broken] != "damaged" {
		t.Errorf("reasons %v", reasons)
	}
	if _, _, err := o.Files.FailedAttachments(o.as("agente"), 10); fault.KindOf(err) != fault.Denied {
		t.Errorf("an agent: %v", err)
	}
}

func TestAttachmentsThatFailedAreReadAgainWhenAnAdministratorAsks(t *testing.T) {
	o := newOffice(t)
	opened := o.open("csa")
	file := o.attach("ada", "a.txt", "codice zibellino")
	o.do("ada", opened.ID, ticket.Step{Message: &ticket.Text{Body: "x", Files: []uint64{file}}})
	broken := true
	read := func(_ context.Context, f *os.File, name, mediaType string) (string, error) {
		if broken {
			return "", &extract.Error{Reason: extract.NotRun, Err: errors.New("no process")}
		}
		return "codice zibellino", nil
	}
	o.readAll(read)
	if got := o.textOf(file); got == nil || got.Failed != "not-run" {
		t.Fatalf("%+v", got)
	}
	o.readAll(read)
	if _, err := o.Files.RetryAttachments(o.as("agente")); fault.KindOf(err) != fault.Denied {
		t.Errorf("an agent: %v", err)
	}
	again := func() {
		t.Helper()
		if n, err := o.Files.RetryAttachments(o.as("amministratore")); n != 1 || err != nil {
			t.Fatalf("%d, %v", n, err)
		}
		o.readAll(read)
	}
	if again(); o.textOf(file).Failed != "not-run" {
		t.Errorf("%+v", o.textOf(file))
	}
	broken = false
	if again(); o.textOf(file).Failed != "" || o.textOf(file).Text != "codice zibellino" {
		t.Errorf("%+v", o.textOf(file))
	}
	if n, err := o.Files.RetryAttachments(o.as("amministratore")); n != 0 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
}

func TestTextGoesWithItsTicket(t *testing.T) {
	o := newOffice(t)
	opened := o.open("csa")
	file := o.attach("ada", "a.txt", "parole")
	o.do("ada", opened.ID, ticket.Step{Message: &ticket.Text{Body: "x", Files: []uint64{file}}})
	var calls atomic.Int64
	o.readAll(here(&calls))
	yes := true
	o.do("agente", opened.ID, ticket.Step{Spam: &yes})
	o.later(31 * 24 * time.Hour)
	if err := o.Tickets.Elapse(); err != nil {
		t.Fatal(err)
	}
	if o.textOf(file) != nil {
		t.Error("the text is left")
	}
}

func TestReadingEndsWithItsContextAndGoesOnLater(t *testing.T) {
	o := newOffice(t)
	opened := o.open("csa")
	var files []uint64
	for range 5 {
		files = append(files, o.attach("ada", "a.txt", "parole"))
	}
	o.do("ada", opened.ID, ticket.Step{Message: &ticket.Text{Body: "x", Files: files}})
	ctx, cancel := context.WithCancel(t.Context())
	_, err := o.Files.ReadAttachments(ctx, func(ctx context.Context, _ *os.File, _, _ string) (string, error) {
		cancel()
		return "", ctx.Err()
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	var calls atomic.Int64
	o.readAll(here(&calls))
	for _, f := range files {
		if got := o.textOf(f); got == nil || !bytes.Equal([]byte(got.Text), []byte("parole")) {
			t.Errorf("file %d: %+v", f, got)
		}
	}
}
