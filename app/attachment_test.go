package app_test

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"sportello/app/command"
	"sportello/app/desk/article"
	"sportello/app/desk/ticket"
	"sportello/app/extract"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/fault"
)

// init makes of the test binary the process that reads attachments: servers in tests start it.
func init() {
	if len(os.Args) > 1 && os.Args[1] == extract.ChildName {
		os.Exit(command.Run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
	}
}

// readable waits until the text of the file was read, or could not be, and search knows of it.
func (w *world) readable(file uint64) *store.FileText {
	w.t.Helper()
	var text *store.FileText
	deadline := time.Now().Add(20 * time.Second)
	for text == nil {
		last := w.app.Store.Last()
		err := w.app.Store.View(func(tx *db.Tx) (err error) {
			if text, err = store.TextOf(tx, file); fault.KindOf(err) == fault.NotFound {
				text, err = nil, nil
			}
			return err
		})
		if err != nil || time.Now().After(deadline) {
			w.t.Fatalf("not read: %v", err)
		}
		if text == nil {
			_ = w.app.Store.Wait(w.t.Context(), last)
		}
	}
	w.searchable()
	return text
}

func (w *world) keep(role, name, content string) uint64 {
	w.t.Helper()
	f, err := w.app.Desk.Files.Keep(w.as(role), name, strings.NewReader(content))
	if err != nil {
		w.t.Fatal(err)
	}
	return f.ID
}

// smallPDF is a page that shows the words.
func smallPDF(words string) string {
	return "%PDF-1.4\n1 0 obj << /Type /Catalog /Pages 2 0 R >> endobj\n2 0 obj << /Type /Pages /Kids [3 0 R] >> endobj\n" +
		"3 0 obj << /Type /Page /Contents 4 0 R /Resources << /Font << /F << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >> endobj\n" +
		fmt.Sprintf("4 0 obj << /Length %d >>\nstream\nBT /F 9 Tf (%s) Tj ET\nendstream endobj\ntrailer << /Root 1 0 R >>\n", len(words)+17, words)
}

func TestWordsInAttachmentsAreFoundByWhoMayOpenThem(t *testing.T) {
	w := newWorld(t)
	public := w.keep("requester", "verbale.pdf", smallPDF("Il collegio approva lo zibellino"))
	if _, err := w.app.Desk.Tickets.Do(w.as("requester"), 1, ticket.Step{Message: &ticket.Text{Body: "ecco il verbale", Files: []uint64{public}}}); err != nil {
		t.Fatal(err)
	}
	secret := w.keep("agent", "nota.pdf", smallPDF("Non dire ornitorinco"))
	if _, err := w.app.Desk.Tickets.Do(w.as("agent"), 1, ticket.Step{Message: &ticket.Text{Body: "per noi", Internal: true, Files: []uint64{secret}}}); err != nil {
		t.Fatal(err)
	}
	guide := w.keep("administrator", "guida.pdf", smallPDF("Come si nutre il pangolino"))
	w.article(article.Form{Title: "Animali", Body: "Vedi il file.", Audience: store.Public, Files: []uint64{guide}})
	for _, f := range []uint64{public, secret, guide} {
		if text := w.readable(f); text.Failed != "" || text.Text == "" {
			t.Fatalf("%+v", text)
		}
	}
	for _, c := range []struct {
		role, text string
		has        []string
	}{
		{"requester", "zibellino", []string{"1 risultato", "nell&#39;allegato", "<b>verbale.pdf</b>", "approva lo <mark>zibellino</mark>"}},
		{"agent", "zibellino", []string{"1 risultato", "<b>verbale.pdf</b>"}},
		{"requester", "verbale zibellino", []string{"1 risultato", "<b>verbale.pdf</b>", "approva lo <mark>zibellino</mark>"}},
		{"requester", "verbale", []string{"1 risultato", "!nell&#39;allegato"}}, // in the message too
		{"requester", `"approva lo zibellino"`, []string{"1 risultato"}},
		{"stranger", "zibellino", []string{"0 risultati"}},
		{"nobody", "zibellino", []string{"0 risultati"}},
		{"agent", "ornitorinco", []string{"1 risultato", "<b>nota.pdf</b>"}},
		{"requester", "ornitorinco", []string{"0 risultati", "!nota.pdf"}},
		{"participant", "ornitorinco", []string{"0 risultati", "!nota.pdf"}},
		{"nobody", "pangolino", []string{"1 risultato", "<b>guida.pdf</b>"}},
	} {
		b := w.visitor(c.role)
		b.must(b.get(searchFor(c.text)), http.StatusOK, c.has...)
		if t.Failed() {
			t.Fatalf("%s searched %s", c.role, c.text)
		}
	}
}

func TestAHostileAttachmentCostsOneFailedReading(t *testing.T) {
	w := newWorld(t)
	bad := w.keep("requester", "rotto.pdf", "%PDF-1.4\ntrailer << /Encrypt 1 0 R /Root 2 0 R >>")
	good := w.keep("requester", "buono.txt", "parola scoiattolo")
	if _, err := w.app.Desk.Tickets.Do(w.as("requester"), 1, ticket.Step{Message: &ticket.Text{Body: "x", Files: []uint64{bad, good}}}); err != nil {
		t.Fatal(err)
	}
	if text := w.readable(bad); text.Failed != string(extract.Encrypted) {
		t.Errorf("%+v", text)
	}
	if text := w.readable(good); text.Text != "parola scoiattolo" {
		t.Errorf("%+v", text)
	}
	b := w.visitor("administrator")
	b.must(b.get("/admin/index"), http.StatusOK, "Allegati non letti", "rotto.pdf", "protetto da password", "!buono.txt", "Prova a rileggerli")
	b.must(b.post("/admin/index/files", url.Values{}), http.StatusSeeOther)
	b.must(b.get("/admin/index"), http.StatusOK, "vengono riletti")
}

func TestEveryReasonHasItsSentence(t *testing.T) {
	w := newWorld(t)
	for _, r := range []extract.Reason{extract.Encrypted, extract.Damaged, extract.TooMuch, extract.Unsupported, extract.OutOfBounds, extract.NotRun} {
		for _, lang := range []string{"it", "en"} {
			if !w.app.Words.Has(lang, "admin-index.failed-"+string(r)) {
				t.Errorf("%s: no sentence for %s", lang, r)
			}
		}
	}
}
