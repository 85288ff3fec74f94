package app_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"sportello/app/desk/plan"
	"sportello/app/extract"
	"sportello/store"
)

// printed prints the page as Chromium does on A4, and returns its text and how many pages there are.
func (b *tab) printed() (text string, pages int) {
	b.t.Helper()
	var raw []byte
	b.run(chromedp.ActionFunc(func(ctx context.Context) (err error) {
		raw, _, err = page.PrintToPDF().WithPaperWidth(8.27).WithPaperHeight(11.69).WithPreferCSSPageSize(true).Do(ctx)
		return err
	}))
	if file := os.Getenv("SPORTELLO_PDF"); file != "" {
		must(b.t, os.WriteFile(file, raw, 0o600))
	}
	text, err := extract.Text(bytes.NewReader(raw), int64(len(raw)), "registro.pdf", "application/pdf")
	must(b.t, err)
	return text, len(regexp.MustCompile(`/Type\s*/Page\b[^s]`).FindAll(raw, -1))
}

// TestTheRecordIsPrinted prints the record of a long plan through Chromium: its contents come first and name every decision,
// each page says which of how many it is, and what stands on the screen to be pressed stays there.
func TestTheRecordIsPrinted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v, err := w.app.Desk.Plans.Begin(w.as("administrator"), plan.Beginning{Template: "contabilita", Organisation: w.code(w.things["organisation"]), Start: day("2026-03-02"), GoLive: day("2027-01-01")})
	must(t, err)
	d := v.First()
	_, _, err = w.app.Desk.Plans.Decide(w.as("coordinator"), v.Plan.ID, d.Code, plan.Saying{State: store.DecisionDecided, Option: d.Options[0].Code, Reason: "Così ha voluto il consiglio."})
	must(t, err)
	b := window(t)
	b.enter(w, "coordinator")
	b.open(fmt.Sprintf("/plans/%d/record", v.Plan.ID))
	text, pages := b.printed()
	text = strings.NewReplacer("ﬀ", "ff", "ﬁ", "fi", "ﬂ", "fl", "ﬃ", "ffi").Replace(strings.Join(strings.Fields(text), " "))
	if pages < 3 {
		t.Fatalf("%d pages", pages)
	}
	for n := 1; n <= pages; n++ {
		if !strings.Contains(text, fmt.Sprintf("%d/%d", n, pages)) {
			t.Errorf("no page says that it is %d of %d", n, pages)
		}
	}
	at := strings.Index(text, "Indice")
	if at < 0 {
		t.Fatalf("no contents\n%.500s", text)
	}
	for _, phase := range v.Phases {
		for _, d := range phase.Decisions {
			q := strings.Join(strings.Fields(d.Question.IT), " ")
			if d.Shown && strings.Count(text[at:], q) < 2 {
				t.Errorf("%q is not both in the contents and below", q)
			}
		}
	}
	if !strings.Contains(text, "Così ha voluto il consiglio.") {
		t.Error("the reason is not printed")
	}
	for _, button := range []string{"Markdown", "Excel", "Salta al contenuto"} {
		if strings.Contains(text, button) {
			t.Errorf("%q is printed", button)
		}
	}
	if open := b.troubles(); len(open) > 0 {
		t.Errorf("%v", open)
	}
}
