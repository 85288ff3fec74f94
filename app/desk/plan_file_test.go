package desk

import (
	"bytes"
	"context"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"sportello/app/desk/plan"
	"sportello/app/desk/policy"
	"sportello/store"
	"sportello/store/fault"
)

// papers is a template with a step of each side that asks for files of both.
const papers = `code = "carte"
modules = ["csa"]
name = { it = "Carte", en = "Papers" }

[[role]]
code = "cda"
name = { it = "CdA", en = "Board" }

[[role]]
code = "desk"
name = { it = "Sportello", en = "Desk" }
side = "desk"

[[phase]]
code = "work"
name = { it = "Lavori", en = "Work" }

[[phase.step]]
code = "load"
name = { it = "Caricare", en = "Load" }
who = ["desk"]
day = "golive-60"
done = "file"
done_when = { it = "Tutto è caricato.", en = "Everything is loaded." }

[[phase.step.file]]
code = "model"
name = { it = "Tracciato", en = "Layout" }
from = "desk"

[[phase.step.file]]
code = "people"
name = { it = "Elenco del personale", en = "List of people" }

[[phase.step]]
code = "sign"
name = { it = "Firmare", en = "Sign" }
who = ["cda"]
day = "golive-30"
done = "file"
done_when = { it = "È firmato.", en = "It is signed." }
`

// sent puts a file to a step of the plan.
func (o *office) sent(who string, number uint64, step, asked, name, content string) (*plan.View, error) {
	o.t.Helper()
	f, err := o.Files.Keep(o.as(who), name, strings.NewReader(content))
	if err != nil {
		o.t.Fatal(err)
	}
	return o.Plans.Attach(o.as(who), number, step, asked, []uint64{f.ID})
}

func TestFilesOfAPlanAreSentByWhoGivesThemAndReadByWhoSeesIt(t *testing.T) {
	o := installed(t)
	p := o.began(papers, "2026-03-02", "2027-01-04")
	n := p.Plan.ID
	for who, kind := range map[string]fault.Kind{"estraneo": fault.NotFound, "agente": fault.Denied} {
		if _, err := o.sent(who, n, "load", "people", "a.csv", who); fault.KindOf(err) != kind {
			t.Errorf("%s sends what the organisation gives: %v", who, err)
		}
	}
	if _, err := o.sent("referente", n, "load", "model", "a.csv", "x"); fault.KindOf(err) != fault.Denied {
		t.Errorf("the organisation sends what the desk gives: %v", err)
	}
	if _, err := o.sent("referente", n, "load", "none", "a.csv", "x"); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a file is sent that nobody asks for: %v", err)
	}
	if _, err := o.sent("referente", n, "nowhere", "", "a.csv", "x"); fault.KindOf(err) != fault.NotFound {
		t.Errorf("a file is sent to no step: %v", err)
	}
	other, err := o.Files.Keep(o.as("estraneo"), "suo.txt", strings.NewReader("segreto"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.Plans.Attach(o.as("referente"), n, "load", "", []uint64{other.ID}); fault.KindOf(err) != fault.Invalid {
		t.Errorf("somebody else's file is sent: %v", err)
	}

	first, err := o.sent("referente", n, "load", "people", "../../etc/<script>\x00.csv", "uno")
	if err != nil {
		t.Fatal(err)
	}
	v, err := o.sent("referente", n, "load", "people", "elenco.csv", "due")
	if err != nil {
		t.Fatal(err)
	}
	files := v.Files["load"]
	if len(files) != 2 || strings.ContainsAny(files[0].Name, "/\x00") {
		t.Fatalf("the step has %+v", files)
	}
	if got := v.Step("load").Papers(files)[1].File; got == nil || got.Name != "elenco.csv" || len(got.Sum) != 64 {
		t.Errorf("what counts is %+v", got)
	}
	if _, err := o.Plans.Do(o.as("agente"), n, "load", plan.Doing{State: store.StepDone}); fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), "files") {
		t.Errorf("a step is done without the desk's file: %v", err)
	}

	for _, who := range []string{"estraneo", "ada"} {
		if _, _, err := o.Files.Open(o.as(who), files[1].ID); fault.KindOf(err) != fault.NotFound {
			t.Errorf("%s reads a file of the plan: %v", who, err)
		}
	}
	for _, who := range []string{"referente", "agente", "responsabile", "amministratore"} {
		_, r, err := o.Files.Open(o.as(who), files[1].ID)
		if err != nil {
			t.Fatalf("%s does not read it: %v", who, err)
		}
		raw, _ := io.ReadAll(r)
		_ = r.Close()
		if string(raw) != "due" {
			t.Errorf("%s reads %q", who, raw)
		}
	}

	if _, err := o.Plans.Detach(o.as("agente"), n, files[1].ID); fault.KindOf(err) != fault.Denied {
		t.Errorf("the desk takes away what the organisation gave: %v", err)
	}
	if _, err := o.Plans.Detach(o.as("referente"), n, other.ID); fault.KindOf(err) != fault.NotFound {
		t.Errorf("a file is taken away that is of no plan: %v", err)
	}
	if v, err = o.Plans.Detach(o.as("referente"), n, files[1].ID); err != nil || v.Step("load").Papers(v.Files["load"])[1].File.ID != first.Files["load"][0].ID {
		t.Errorf("after taking the newer one away: %v", err)
	}
	if _, err := o.sent("agente", n, "load", "model", "tracciato.xlsx", "modello"); err != nil {
		t.Fatal(err)
	}
	if _, err := o.Plans.Do(o.as("agente"), n, "load", plan.Doing{State: store.StepDone}); err != nil {
		t.Errorf("all files are there: %v", err)
	}
	if _, err := o.Plans.Do(o.as("referente"), n, "sign", plan.Doing{State: store.StepDone}); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a step that a file ends is done without one: %v", err)
	}
	if _, err := o.Plans.Do(o.as("referente"), n, "sign", plan.Doing{State: store.StepDone, Figure: "Prot. 12/2026"}); err != nil {
		t.Errorf("where the file is kept is said: %v", err)
	}
}

// TestTheRecordKeepsWhatWasAttached: with its sum and who sent it, also after the plan is closed, when nothing of it is sent
// or taken away any more, and what was asked for and never came is among what stayed open.
func TestTheRecordKeepsWhatWasAttached(t *testing.T) {
	o := installed(t)
	n := o.began(papers, "2026-03-02", "2027-01-04").Plan.ID
	v, err := o.sent("referente", n, "load", "people", "elenco_1_.csv", "due")
	if err != nil {
		t.Fatal(err)
	}
	f := v.Files["load"][0]
	read := func() *plan.Record {
		r, err := o.Plans.Record(o.as("agente"), n)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	r := read()
	if len(r.Attachments) != 1 || r.Attachments[0].SHA256 != f.Sum || r.Attachments[0].By != o.people["referente"].Name || r.Attachments[0].Asked != "Elenco del personale" {
		t.Errorf("the record has %+v", r.Attachments)
	}
	if !slices.Contains(r.Open, "Caricare: Tracciato") || slices.Contains(r.Open, "Caricare: Elenco del personale") {
		t.Errorf("open are %v", r.Open)
	}
	text := r.Markdown(recordWords())
	if !strings.Contains(text, "## Allegati") || !strings.Contains(text, `elenco\_1\_.csv`) || !strings.Contains(text, "`"+f.Sum+"`") {
		t.Errorf("the document says\n%s", text)
	}
	if rows := r.Rows(recordWords()); !slices.Contains(rows[len(rows)-1], f.Sum) {
		t.Errorf("the table ends in %v", rows[len(rows)-1])
	}

	o.arranged(n, plan.Change{State: store.PlanRunning})
	closed := o.arranged(n, plan.Change{State: store.PlanClosed, Reason: "Finito"})
	if _, err := o.sent("referente", n, "load", "people", "tardi.csv", "x"); fault.KindOf(err) != fault.Conflict {
		t.Errorf("a file is sent to a closed plan: %v", err)
	}
	if _, err := o.Plans.Detach(o.as("referente"), n, f.ID); fault.KindOf(err) != fault.Conflict {
		t.Errorf("a file of a closed plan is taken away: %v", err)
	}
	kept, err := o.st.OpenBlob(closed.Plan.Record)
	if err != nil {
		t.Fatal(err)
	}
	defer kept.Close()
	raw, err := io.ReadAll(kept)
	if err != nil || !bytes.Contains(raw, []byte(f.Sum)) {
		t.Errorf("the kept record does not name the file: %v", err)
	}
	if _, _, err := o.Files.Open(o.as("referente"), f.ID); err != nil {
		t.Errorf("a file of a closed plan is gone: %v", err)
	}
}

// TestFilesOfAPlanAreNotRemovedAsForgotten: an upload that nothing uses goes after a day, one of a plan stays, and search
// does not read into it.
func TestFilesOfAPlanAreNotRemovedAsForgotten(t *testing.T) {
	o := installed(t)
	n := o.began(papers, "2026-03-02", "2027-01-04").Plan.ID
	v, err := o.sent("referente", n, "sign", "", "atto.txt", "parola")
	if err != nil {
		t.Fatal(err)
	}
	f := v.Files["sign"][0]
	if pending, err := o.Files.Pending(o.as("referente"), []uint64{f.ID}); err != nil || len(pending) != 0 {
		t.Errorf("it is still nobody's: %v, %v", pending, err)
	}
	if _, err := o.Files.ReadAttachments(t.Context(), func(context.Context, *os.File, string, string) (string, error) {
		t.Error("the text of a file of a plan is read")
		return "", nil
	}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := o.Files.Open(policy.Actor{}, f.ID); fault.KindOf(err) != fault.NotFound {
		t.Errorf("nobody reads it: %v", err)
	}
}
