package app_test

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"sportello/app/address"
)

// TestAnHourThatClocksShowTwiceIsAsked: in the night of 31 October 2027 half past two comes twice in Rome. Every form with a day
// and an hour asks which is meant, remembers it, and does not ask where there is but one.
func TestAnHourThatClocksShowTwiceIsAsked(t *testing.T) {
	w := newWorld(t)
	b := w.visitor("agent")
	tk := w.fresh("Scadenza di notte")
	update, outage := w.release(true), w.problem()
	here := "/releases/" + update
	id := func(s string) uint64 {
		n, err := strconv.ParseUint(s, 10, 64)
		must(t, err)
		return n
	}
	const twice, first, second = "2027-10-31T02:30", "2027-10-31T00:30Z", "2027-10-31T01:30Z"
	const asked, later = "Scegli quale delle due", `<option value="2" selected>`

	for _, c := range []struct {
		name, at, field string
		form            func() url.Values
		kept            func() time.Time
	}{
		{"the deadline of a ticket", address.Ticket(tk.ID) + "/facts", "deadline", func() url.Values {
			return w.formOf(b, tk.ID, "part", "priority", "urgency", "week", "severity", "medium", "reason", "prova")
		}, func() time.Time { return w.row(tk.ID).Deadline }},
		{"the stop of an update", here + "/edit", "stop-from", func() url.Values {
			return url.Values{"rev": {hidden(t, b.get(here+"/edit").body, "rev")}, "title-it": {"Di notte"}, "stop-until": {"2027-10-31T06:00"}}
		}, func() time.Time {
			v, err := w.app.Desk.Releases.Read(w.as("agent"), id(update))
			must(t, err)
			return v.Release.Stop.From
		}},
		{"an outage", "/problems/" + outage + "/outage", "until", func() url.Values { return url.Values{"news-it": {"Ci lavoriamo."}} }, func() time.Time {
			v, err := w.app.Desk.Problems.Read(w.as("agent"), id(outage))
			must(t, err)
			return v.Outage.Expected
		}},
	} {
		form := c.form()
		form.Set(c.field, twice)
		b.must(b.post(c.at, form), http.StatusUnprocessableEntity, asked, `name="`+c.field+`-which"`, `value="`+twice+`"`, "!"+later)
		form.Set(c.field+"-which", "2")
		b.must(b.post(c.at, form), http.StatusSeeOther)
		if got := c.kept().UTC().Format("2006-01-02T15:04Z"); got != second {
			t.Errorf("%s: the second is %s", c.name, got)
		}
		again := strings.TrimSuffix(c.at, "/facts")
		b.must(b.get(again), http.StatusOK, `value="`+twice+`"`, later)
		form = c.form()
		form.Set(c.field, twice)
		form.Set(c.field+"-which", "1")
		b.must(b.post(c.at, form), http.StatusSeeOther)
		if got := c.kept().UTC().Format("2006-01-02T15:04Z"); got != first {
			t.Errorf("%s: the first is %s", c.name, got)
		}
		form = c.form()
		form.Set(c.field, "2028-03-26T02:30")
		b.must(b.post(c.at, form), http.StatusUnprocessableEntity, "quella notte gli orologi saltano avanti", "03:00")
		form.Set(c.field, "2027-10-31T03:30")
		b.must(b.post(c.at, form), http.StatusSeeOther)
		b.must(b.get(again), http.StatusOK, `value="2027-10-31T03:30"`, "!"+c.field+"-which")
	}
}
