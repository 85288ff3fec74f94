package desk

import (
	"fmt"
	"strings"
	"testing"

	"sportello/app/desk/ticket"
	"sportello/store/fault"
)

func TestNobodyFillsTheDiskWithFilesThatBelongToNothing(t *testing.T) {
	o := newOffice(t)
	for i := range 200 {
		if _, err := o.Files.Keep(o.as("ada"), fmt.Sprintf("%d.txt", i), strings.NewReader("x")); err != nil {
			t.Fatalf("file %d: %v", i+1, err)
		}
	}
	_, err := o.Files.Keep(o.as("ada"), "uno-di-troppo.txt", strings.NewReader("x"))
	if fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), "pending-files") {
		t.Errorf("one too many: %v", err)
	}
	if _, err := o.Files.Keep(o.as("agente"), "altro.txt", strings.NewReader("x")); err != nil {
		t.Errorf("somebody else: %v", err)
	}
	pending, err := o.Files.Pending(o.as("ada"), []uint64{1, 2, 3})
	if err != nil || len(pending) != 3 {
		t.Fatalf("%d, %v", len(pending), err)
	}
	n := o.open("csa").ID
	o.do("ada", n, ticket.Step{Message: &ticket.Text{Body: "Ecco i file.", Files: []uint64{1, 2, 3}}})
	if _, err := o.Files.Keep(o.as("ada"), "ora-si.txt", strings.NewReader("x")); err != nil {
		t.Errorf("after some were sent: %v", err)
	}
}
