package app_test

import (
	"bytes"
	"image"
	"image/png"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"sportello/app/address"
	"sportello/app/desk/ticket"
	"sportello/store"
)

// crowded names what in the header is cut, hidden, outside the window, or over something else.
const crowded = `(() => {
  const edge = document.documentElement.clientWidth, wrong = [];
  const name = (e) => e.localName + [...e.classList].map((c) => '.' + c).join('') + ' "' + e.textContent.trim().slice(0, 20) + '"';
  const shown = [...document.querySelectorAll('header a, header .slim-owner, header summary, header .desk span, header .desk img, header input[type=search], header button')].filter((e) => !e.closest('.menu-box') && e.checkVisibility());
  const boxes = shown.map((e) => [e, e.getBoundingClientRect()]);
  for (const [e, r] of boxes) {
    if (r.right > edge + 1 || r.left < -1) wrong.push(name(e) + ' stands outside');
    if (r.width < 8 || r.height < 8) wrong.push(name(e) + ' is not seen');
    if (e.matches('.desk span, .slim-owner') && (e.scrollWidth > e.clientWidth + 1 && e.clientWidth || e.scrollHeight > e.clientHeight + 2 && e.clientHeight)) wrong.push(name(e) + ' is cut');
    for (const [o, q] of boxes) if (o !== e && !e.contains(o) && !o.contains(e) && Math.min(r.right, q.right) - Math.max(r.left, q.left) > 2 && Math.min(r.bottom, q.bottom) - Math.max(r.top, q.top) > 2) wrong.push(name(e) + ' is over ' + name(o));
  }
  const tall = document.querySelector('header').getBoundingClientRect().height;
  if (tall > (edge < 400 ? 300 : edge < 960 ? 230 : 150)) wrong.push('the header is ' + Math.round(tall) + ' pixels high');
  return wrong.slice(0, 5).join(' | ');
})()`

func TestTheHeaderHoldsARealNameAtEveryWidth(t *testing.T) {
	w := newWorld(t)
	var logo bytes.Buffer
	if err := png.Encode(&logo, image.NewGray(image.Rect(0, 0, 480, 110))); err != nil {
		t.Fatal(err)
	}
	a := w.visitor("administrator")
	a.must(a.upload("/admin/branding", "logo", "logo.png", logo.Bytes(), changed(postable(a.get("/admin/branding").body, "/admin/branding"),
		"name", "Sportello Servizi Informatici di Ateneo", "institution", "Università degli Studi di Castelnuovo della Marca")), 303)
	b := chrome(t)
	for role, at := range map[string]string{"nobody": "/articles", "requester": "/tickets", "agent": "/desk/group", "administrator": "/admin"} {
		b.enter(w, role)
		for _, width := range []int64{320, 390, 600, 767, 768, 959, 960, 1024, 1280, 1920} {
			b.screen(width, 900, false)
			b.open(at)
			var wrong string
			b.run(chromedp.Evaluate(crowded, &wrong))
			if wrong != "" {
				t.Errorf("%s at %d: %s", role, width, wrong)
			}
		}
	}
}

// TestAPrintedTicketHasNoFormsAndAllChanges looks at both faces of a ticket as they go to paper: nothing to press or to
// fill in, nothing folded.
func TestAPrintedTicketHasNoFormsAndAllChanges(t *testing.T) {
	w := newWorld(t)
	n := w.ticket().ID
	for _, s := range []store.Severity{store.Low, store.Medium, store.Blocking, store.Low, store.High} {
		w.do("agent", n, ticket.Step{Severity: &s, Reason: "Dopo una telefonata"})
	}
	b := chrome(t)
	for role, at := range map[string]string{"requester": address.Ticket(n), "coordinator": address.Ticket(n), "agent": address.Ticket(n)} {
		b.enter(w, role)
		b.screen(794, 1123, false)
		b.open(at)
		b.run(emulation.SetEmulatedMedia().WithMedia("print"))
		var seen struct {
			Controls []string
			Events   int
			Folded   []string
		}
		b.run(chromedp.Evaluate(`(() => {
			const shown = (e) => e.checkVisibility({ visibilityProperty: true }) && e.getClientRects().length > 0;
			const word = (e) => e.localName + ' ' + (e.name || e.textContent).trim().slice(0, 30);
			return {
				Controls: [...document.querySelectorAll('button, input, select, textarea, label')].filter(shown).map(word),
				Events: [...document.querySelectorAll('.event')].filter(shown).length,
				Folded: [...document.querySelectorAll('.thread details > :not(summary, .menu-box, form)')].filter((e) => !e.closest('.menu') && !shown(e)).map(word),
			};
		})()`, &seen))
		if len(seen.Controls) > 0 || len(seen.Folded) > 0 || seen.Events < 6 {
			t.Errorf("%s: %d changes are printed; controls: %s; folded: %s", role, seen.Events, strings.Join(seen.Controls, ", "), strings.Join(seen.Folded, ", "))
		}
		b.run(emulation.SetEmulatedMedia().WithMedia(""))
	}
}
