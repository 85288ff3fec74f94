package desk

import (
	"testing"
	"time"

	"sportello/app/desk/policy"
	"sportello/app/desk/ticket"
	"sportello/store/act"
	"sportello/store/fault"
)

// logged returns the reasons in the log of the administration that were given with the act.
func (o *office) logged(did act.Act) (reasons []string) {
	o.t.Helper()
	lines, _, err := o.Audit(o.as("amministratore"), 0, 100)
	if err != nil {
		o.t.Fatal(err)
	}
	for _, l := range lines {
		if l.Act == did {
			reasons = append(reasons, l.Why)
		}
	}
	return reasons
}

func TestNobodyExportsWhatIsConfidentialWithoutAReason(t *testing.T) {
	o := newOffice(t)
	plain, secret := o.open("csa").ID, o.open("legale").ID
	for _, a := range []policy.Actor{o.as("amministratore"), {System: true}} {
		for _, reason := range []string{"", "passaggio a un altro sportello"} {
			before := len(o.logged(act.ExportConfidential))
			var numbers []uint64
			left, err := o.ExportTickets(t.Context(), a, reason, func(r ticket.Record) error { numbers = append(numbers, r.Number); return nil })
			if err != nil {
				t.Fatal(err)
			}
			want, missing := []uint64{plain, secret}, 0
			if reason == "" {
				want, missing = want[:1], 1
			}
			if len(numbers) != len(want) || left != missing {
				t.Errorf("reason %q: exported %v, left out %d", reason, numbers, left)
			}
			if after := o.logged(act.ExportConfidential); len(after)-before != len(want)-1 || len(after) > before && after[0] != reason {
				t.Errorf("reason %q: the log has %v", reason, after)
			}
		}
	}
	if _, err := o.ExportTickets(t.Context(), o.as("responsabile"), "x", nil); fault.KindOf(err) != fault.Denied {
		t.Errorf("a supervisor: %v", err)
	}
}

func TestAReasonHoldsForAnHourAndIsOneOwn(t *testing.T) {
	o := newOffice(t)
	n, other := o.open("legale").ID, o.open("legale").ID
	if err := o.Rights.GiveReason(o.as("amministratore"), n, "verifica dopo un reclamo"); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		who    string
		number uint64
		after  time.Duration
		sees   bool
	}{{"amministratore", n, 0, true}, {"amministratore", other, 0, false}, {"agente", n, 0, false}, {"amministratore", n, 59 * time.Minute, true}, {"amministratore", n, 2 * time.Minute, false}} {
		o.later(c.after)
		if _, err := o.Tickets.Read(o.as(c.who), c.number); (err == nil) != c.sees {
			t.Errorf("%s, %d, after %v: %v", c.who, c.number, c.after, err)
		}
	}
	again := New(Options{Store: o.st})
	if err := o.Rights.GiveReason(o.as("amministratore"), n, "seconda verifica"); err != nil {
		t.Fatal(err)
	}
	if _, err := again.Tickets.Read(o.as("amministratore"), n); err != nil {
		t.Errorf("a desk that was started anew forgot the reason: %v", err)
	}
	if got := o.logged(act.LookIn); len(got) != 2 || got[0] != "seconda verifica" {
		t.Errorf("the log has %v", got)
	}
}
