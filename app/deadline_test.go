package app_test

import (
	"testing"

	"github.com/chromedp/chromedp"
)

// TestTodayHasItsDateAndNoOtherUrgencyKeepsIt: a date that somebody chose stays.
func TestTodayHasItsDateAndNoOtherUrgencyKeepsIt(t *testing.T) {
	w := newWorld(t)
	b := chrome(t)
	b.enter(w, "requester")
	b.open("/tickets/new")
	var today string
	b.run(chromedp.Evaluate(`document.querySelector('#deadline').min`, &today))
	for _, c := range []struct{ act, want string }{
		{`document.querySelector('[name=urgency][value=week]').click()`, ""},
		{`document.querySelector('[name=urgency][value=today]').click()`, today},
		{`document.querySelector('[name=urgency][value=week]').click()`, ""},
		{`document.querySelector('#deadline').value = '2099-01-02'; document.querySelector('[name=urgency][value=today]').click()`, "2099-01-02"},
		{`document.querySelector('[name=urgency][value=week]').click()`, "2099-01-02"},
	} {
		var got string
		b.run(chromedp.Evaluate(c.act+`; document.querySelector('#deadline').value`, &got))
		if got != c.want {
			t.Errorf("after %s the date is %q, want %q", c.act, got, c.want)
		}
	}
}
