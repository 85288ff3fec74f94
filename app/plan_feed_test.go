package app_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/emersion/go-ical"

	"sportello/app/address"
	"sportello/app/desk/plan"
	"sportello/store"
)

// TestTheDaysOfAPlanStandInTheCalendarsOfThoseWhoTakePart reads calendars at their secret addresses: of those outside, who
// learn nothing, and of those who take part, through a decision, days that move and the end of the plan and of a right.
func TestTheDaysOfAPlanStandInTheCalendarsOfThoseWhoTakePart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.plan()
	v, err := w.app.Desk.Plans.Begin(w.as("agent"), plan.Beginning{Template: "prova", Organisation: w.code(w.things["organisation"]), Start: w.app.Desk.Now().AddDate(0, -1, 0), GoLive: day("2031-01-07")})
	must(t, err)
	number := v.Plan.ID
	b := w.visitor("nobody")
	tokens := map[string]string{}
	for _, role := range []string{"stranger", "elsewhere", "editor", "requester", "coordinator", "agent"} {
		tokens[role] = w.feed(w.people[role])
	}
	read := func(role string) (events map[string]string, sequence map[string]int) {
		t.Helper()
		got := b.get(address.CalendarFeed(tokens[role]))
		b.must(got, http.StatusOK)
		list, err := ical.NewDecoder(strings.NewReader(got.body)).Decode()
		must(t, err)
		events, sequence = map[string]string{}, map[string]int{}
		prefix := fmt.Sprintf("plan-%d-", number)
		for _, e := range list.Events() {
			uid, err := e.Props.Text(ical.PropUID)
			must(t, err)
			if !strings.HasPrefix(uid, prefix) {
				continue
			}
			code := strings.TrimSuffix(strings.TrimPrefix(uid, prefix), "@"+w.app.Store.ID())
			events[code] = e.Props.Get(ical.PropDateTimeStart).Value + " " + e.Props.Get(ical.PropStatus).Value
			n := 0
			_, _ = fmt.Sscan(e.Props.Get(ical.PropSequence).Value, &n)
			sequence[code] = n
		}
		return events, sequence
	}
	for _, role := range []string{"stranger", "elsewhere", "editor", "requester"} {
		if got, _ := read(role); len(got) > 0 {
			t.Errorf("%s reads %v", role, got)
		}
	}
	want := func(role string, events map[string]string) map[string]int {
		t.Helper()
		got, sequence := read(role)
		if fmt.Sprint(got) != fmt.Sprint(events) {
			t.Errorf("%s reads %v, want %v", role, got, events)
		}
		return sequence
	}
	first := want("coordinator", map[string]string{"live": "20310107 CONFIRMED", "step-pay": "20310121 CONFIRMED"})
	want("agent", map[string]string{"live": "20310107 CONFIRMED", "step-pay": "20310121 CONFIRMED"})

	say := func(option string) {
		t.Helper()
		_, _, err := w.app.Desk.Plans.Decide(w.as("coordinator"), number, "months", plan.Saying{Option: option, Reason: "r"})
		must(t, err)
	}
	today := w.app.Desk.Now().In(w.app.Desk.Location()).Format("20060102")
	say("three")
	second := want("coordinator", map[string]string{"live": "20310107 CONFIRMED", "step-pay": "20310204 CONFIRMED", "step-again": "20301204 CONFIRMED", "decision-months": today + " CANCELLED"})
	say("one")
	third, _ := read("coordinator")
	if third["step-pay"] != "20310121 CONFIRMED" {
		t.Errorf("%v", third)
	}
	_, fourth := read("coordinator")
	if first["step-pay"] >= second["step-pay"] || second["step-pay"] >= fourth["step-pay"] {
		t.Errorf("programs keep the old day: %d, %d, %d", first["step-pay"], second["step-pay"], fourth["step-pay"])
	}

	now, err := w.app.Desk.Plans.Read(w.as("agent"), number)
	must(t, err)
	_, err = w.app.Desk.Plans.Arrange(w.as("agent"), number, plan.Change{Rev: now.Plan.Rev, State: store.PlanCancelled, Reason: "Rinviato"})
	must(t, err)
	if got, _ := read("coordinator"); got["live"] != "20310107 CANCELLED" || got["step-pay"] != "20310121 CANCELLED" {
		t.Errorf("of a cancelled plan there is %v", got)
	}
	w.change("coordinator", func(p *store.Person) { p.Affiliations = nil })
	if got, _ := read("coordinator"); len(got) > 0 {
		t.Errorf("who left reads %v", got)
	}
}
