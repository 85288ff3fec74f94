package app_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"

	"sportello/app/desk/ticket"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/door"
)

// walk is one person's way through the desk in a real browser: by what stands on buttons, links and fields, with the
// scripts of the pages switched on or off. The lines by which a walk looks at the page are the browser's own and run
// in either case.
type walk struct {
	*tab
	scripts bool
	within  string // where things are looked for; everywhere, <main> first, when it is empty
}

// patience is how long a walk waits for something to come.
const patience = 20 * time.Second

// judged returns what axe finds on the page. Axe is a script: the page has none meanwhile, but the browser runs some.
func (s *walk) judged(source string) []string {
	s.t.Helper()
	s.run(emulation.SetScriptExecutionDisabled(false))
	found := s.axe(source)
	s.run(emulation.SetScriptExecutionDisabled(!s.scripts))
	return found
}

// clean fails for what axe finds on the page, on a wide screen in the light and on a narrow one in the dark.
func (s *walk) clean(source string) {
	s.t.Helper()
	for _, dark := range []bool{false, true} {
		s.screen(map[bool]int64{false: 1280, true: 390}[dark], 900, dark)
		for _, found := range s.judged(source) {
			s.t.Error(found)
		}
	}
	s.screen(1280, 900, false)
}

// everyWay reports whether tests go every way there is, which takes hours: each run of all tests goes the
// part of the ways that is likely to find something.
func everyWay() bool { return os.Getenv("SPORTELLO_JOURNEYS") == "all" }

// inLanguages runs a journey once in each language, one of them without scripts; SPORTELLO_JOURNEYS=all goes all four ways.
func inLanguages(t *testing.T, journey func(t *testing.T, lang string, scripts bool)) {
	for _, way := range []struct {
		name, lang string
		scripts    bool
		usual      bool
	}{{"Italian with scripts", "it", true, true}, {"English without scripts", "en", false, true}, {"Italian without scripts", "it", false, false}, {"English with scripts", "en", true, false}} {
		t.Run(way.name, func(t *testing.T) {
			if !way.usual && !everyWay() {
				t.Skip("SPORTELLO_JOURNEYS=all goes this way too")
			}
			t.Parallel()
			journey(t, way.lang, way.scripts)
		})
	}
}

// both runs a journey with scripts and without.
func both(t *testing.T, journey func(t *testing.T, scripts bool)) {
	for _, scripts := range []bool{true, false} {
		t.Run(map[bool]string{true: "with scripts", false: "without scripts"}[scripts], func(t *testing.T) {
			t.Parallel()
			journey(t, scripts)
		})
	}
}

// walk opens a browser of its own in which nobody is signed in. At its end no script may have failed and the policy
// may have blocked nothing.
func (d *testDesk) walk(t *testing.T, scripts bool) *walk {
	t.Helper()
	s := &walk{tab: window(t), scripts: scripts}
	s.url = d.url
	chromedp.ListenTarget(s.ctx, func(ev any) {
		if e, ok := ev.(*log.EventEntryAdded); ok && e.Entry.Level == log.LevelError && e.Entry.Source == log.SourceSecurity {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.wrong = append(s.wrong, "policy: "+e.Entry.Text)
		}
	})
	s.run(log.Enable(), page.Enable(), network.SetExtraHTTPHeaders(network.Headers{"Accept-Language": "it"}),
		emulation.SetScriptExecutionDisabled(!scripts), emulation.SetDeviceMetricsOverride(1280, 900, 1, false))
	t.Cleanup(func() {
		for _, trouble := range s.troubles() {
			t.Errorf("in the browser: %s", trouble)
		}
	})
	return s
}

// window is a tab in a window of its own that shares no cookies with others.
func window(t *testing.T) *tab {
	t.Helper()
	all := theChromium(t)
	browser := cdp.WithExecutor(all, chromedp.FromContext(all).Browser)
	alone, err := target.CreateBrowserContext().WithDisposeOnDetach(true).Do(browser)
	if err != nil {
		t.Fatal(err)
	}
	id, err := target.CreateTarget("about:blank").WithBrowserContextID(alone).WithNewWindow(true).Do(browser)
	if err != nil {
		t.Fatal(err)
	}
	return newTab(t, all, chromedp.WithTargetID(id))
}

// walkAs is a walk on which the role is signed in.
func (w *world) walkAs(t *testing.T, role string, scripts bool) *walk {
	t.Helper()
	s := w.walk(t, scripts)
	s.enter(w, role)
	return s
}

// in looks for things only within the parts that the selector names.
func (s *walk) in(selector string) *walk {
	narrow := *s
	narrow.within = selector
	return &narrow
}

// looking finds things as people do: by the words on them, among what is shown.
const looking = `
const clean = (s) => (s ?? '').replace(/\s+/g, ' ').trim();
const shown = (e) => e.checkVisibility({ visibilityProperty: true }) && e.getClientRects().length > 0;
const words = (e, without) => { const c = e.cloneNode(true); for (const x of c.querySelectorAll(without)) x.remove(); return clean(c.textContent); };
const roots = (within) => {
  const dialog = [...document.querySelectorAll('dialog[open]')].pop();
  if (dialog) return [dialog];
  if (within) return [...document.querySelectorAll(within)];
  return [document.querySelector('main'), document].filter(Boolean);
};
const best = (list, names, wanted) => list.find((e) => names(e).includes(wanted)) ?? list.find((e) => names(e).some((n) => n.startsWith(wanted)));
const things = (root, selector) => [...root.querySelectorAll(selector)].filter((e) => shown(e) && !e.closest('[aria-hidden=true]'));
const pressable = (wanted, within) => {
  for (const root of roots(within)) {
    const e = best(things(root, 'button, a[href], summary, [role=option]'), (e) => [clean(e.innerText), words(e, '.hush, svg, small, .count'), clean(e.ariaLabel), clean(e.title)].filter(Boolean), wanted);
    if (e) return e;
  }
};
const field = (wanted, within) => {
  for (const root of roots(within)) {
    const names = new Map();
    for (const l of root.querySelectorAll('label')) if (l.control && (shown(l.control) || shown(l))) names.set(l.control, [clean(l.innerText), words(l, '.hush, .opt, small'), words(l, '.opt, small')]);
    for (const e of root.querySelectorAll('[aria-label]')) if (e.matches('input, select, textarea') && shown(e)) names.set(e, [clean(e.ariaLabel)]);
    const e = best([...names.keys()], (e) => names.get(e).filter(Boolean), wanted);
    if (e) return e;
  }
};
const spot = (e) => {
  e.scrollIntoView({ block: 'center', inline: 'center', behavior: 'instant' });
  const label = e.matches('input[type=radio], input[type=checkbox]') && e.labels?.[0];
  const box = [...(label || e).getClientRects()].find((r) => r.width && r.height);
  if (!box) return null;
  const x = box.left + box.width / 2, y = box.top + box.height / 2;
  const top = document.elementFromPoint(x, y);
  const over = !top || !(e.contains(top) || top.contains(e) || label && label.contains(top));
  return { x, y, over: over ? (top?.outerHTML ?? 'nothing').slice(0, 200) : '' };
};
`

// find asks the page until the expression, which may use what looking defines, gives a value, and reads it into out.
func (s *walk) find(out any, what, expression string) {
	s.t.Helper()
	ends := time.Now().Add(patience)
	script := "(() => {" + looking + "return JSON.stringify((" + expression + ") ?? null)})()"
	for {
		var raw string
		err := chromedp.Run(s.ctx, chromedp.Evaluate(script, &raw)) // fails while one page gives way to the next
		if err == nil && raw != "null" && raw != "false" && raw != "" {
			if out == nil {
				return
			}
			if err := json.Unmarshal([]byte(raw), out); err != nil {
				s.t.Fatalf("%s: %q: %v", what, raw, err)
			}
			return
		}
		if time.Now().After(ends) {
			s.lost("%s (%v)", what, err)
		}
		s.pause()
	}
}

// pause lets a moment pass before the page is looked at again.
func (s *walk) pause() {
	s.t.Helper()
	select {
	case <-time.After(20 * time.Millisecond):
	case <-s.ctx.Done():
		s.t.Fatalf("the browser has gone: %v", s.ctx.Err())
	}
}

// lost ends the journey and shows where it stands.
func (s *walk) lost(format string, args ...any) {
	s.t.Helper()
	var at, text string
	err := chromedp.Run(s.ctx, chromedp.Location(&at), chromedp.Evaluate("document.body.innerText", &text))
	if folder := os.Getenv("SPORTELLO_PICTURES"); folder != "" {
		s.picture(filepath.Join(folder, strings.NewReplacer("/", "-", " ", "-").Replace(s.t.Name())+".png"))
	}
	s.t.Fatalf("%s\nat %s %v\n%s\n%s", fmt.Sprintf(format, args...), at, err, strings.Join(s.troubles(), "\n"), text)
}

// visit opens an address.
func (s *walk) visit(address string) {
	s.t.Helper()
	s.run(chromedp.Navigate(s.url + address))
}

// click presses the mouse on what the expression gives, in its middle, where nothing may lie over it.
func (s *walk) click(what, expression string) {
	s.t.Helper()
	var at struct {
		X, Y float64
		Over string
	}
	ends := time.Now().Add(patience)
	for {
		s.find(&at, what, "(() => { const e = "+expression+"; return e && spot(e) })()")
		if at.Over == "" {
			break
		}
		if time.Now().After(ends) {
			s.lost("%s is covered by %s", what, at.Over)
		}
		s.pause()
	}
	s.run(chromedp.MouseClickXY(at.X, at.Y))
}

// press presses a button or a link, or opens what a summary hides.
func (s *walk) press(words string) {
	s.t.Helper()
	s.click("nothing to press says "+words, fmt.Sprintf("pressable(%s, %s)", quote(words), quote(s.within)))
}

// leave does something that leads to another page and waits until that one is there.
func (s *walk) leave(by func()) {
	s.t.Helper()
	s.run(chromedp.Evaluate("document.documentElement.setAttribute('data-left', '')", nil))
	by()
	s.find(nil, "no other page came", "document.readyState === 'complete' && !document.documentElement.hasAttribute('data-left')")
}

// follow presses a button or a link that leads to another page.
func (s *walk) follow(words string) {
	s.t.Helper()
	s.leave(func() { s.press(words) })
}

// sure presses what asks whether one is sure, where there are scripts to ask, and says yes.
func (s *walk) sure(words, yes string) {
	s.t.Helper()
	s.leave(func() {
		s.press(words)
		if s.scripts {
			s.in("dialog[open]").press(yes)
		}
	})
}

// unfold opens what the summary hides, unless it is open.
func (s *walk) unfold(words string) {
	s.t.Helper()
	var open string
	s.find(&open, "nothing to unfold says "+words, fmt.Sprintf("(() => { const e = pressable(%s, %s); return e && (e.parentElement.open ? 'open' : 'shut') })()", quote(words), quote(s.within)))
	if open == "shut" {
		s.press(words)
	}
}

func (s *walk) fieldOf(label string) string {
	return fmt.Sprintf("field(%s, %s)", quote(label), quote(s.within))
}

// fill types into the field with the label, in the place of what stands there. A date is year-month-day.
func (s *walk) fill(label, text string) {
	s.t.Helper()
	var kind string
	s.find(&kind, "no field is called "+label, "(() => { const e = "+s.fieldOf(label)+"; return e && e.type })()")
	if kind == "date" || kind == "color" || kind == "datetime-local" {
		s.set(label, text) // typed in pieces that differ from country to country
		return
	}
	s.click("no field is called "+label, s.fieldOf(label))
	s.find(nil, "the field "+label+" takes no typing", fmt.Sprintf("(() => { const e = %s; e.select(); return document.activeElement === e })()", s.fieldOf(label)))
	s.types(text)
}

// types types where the cursor stands.
func (s *walk) types(text string) { s.t.Helper(); s.run(input.InsertText(text)) }

// set gives the field a value as choosing it would.
func (s *walk) set(label, value string) {
	s.t.Helper()
	s.find(nil, "no field is called "+label, fmt.Sprintf(`(() => { const e = %s; if (!e) return; e.value = %s;
		for (const n of ['input', 'change']) e.dispatchEvent(new Event(n, { bubbles: true })); return true })()`, s.fieldOf(label), quote(value)))
}

// choose chooses the entry of a list by its words.
func (s *walk) choose(label, entry string) {
	s.t.Helper()
	var value string
	s.find(&value, fmt.Sprintf("the list %s has no entry %s", label, entry), fmt.Sprintf(`(() => { const e = %s; const o = e && best([...e.options], (o) => [clean(o.textContent)], %s); return o && 'v' + o.value })()`,
		s.fieldOf(label), quote(entry)))
	s.set(label, value[1:])
}

// tick chooses or takes away what stands beside a box.
func (s *walk) tick(label string) {
	s.t.Helper()
	s.click("no box is called "+label, s.fieldOf(label))
}

// attach chooses files in the field with the label.
func (s *walk) attach(label string, files ...string) {
	s.t.Helper()
	s.run(chromedp.ActionFunc(func(ctx context.Context) error {
		o, failed, err := runtime.Evaluate("(() => {" + looking + "return " + s.fieldOf(label) + "})()").Do(ctx)
		if err != nil {
			return err
		}
		if failed != nil {
			return failed
		}
		return dom.SetFileInputFiles(files).WithObjectID(o.ObjectID).Do(ctx)
	}))
}

// paste pastes a picture into the field, as from a screenshot.
func (s *walk) paste(label string, picture []byte) {
	s.t.Helper()
	s.find(nil, "nothing took the picture", fmt.Sprintf(`(() => { const e = %s; if (!e) return;
		const data = new DataTransfer(), bytes = Uint8Array.from(atob(%s), (c) => c.charCodeAt(0));
		data.items.add(new File([bytes], 'image.png', { type: 'image/png' }));
		return !e.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true })) })()`,
		s.fieldOf(label), quote(base64.StdEncoding.EncodeToString(picture))))
}

// keys presses keys where the cursor stands.
func (s *walk) keys(keys string) { s.t.Helper(); s.run(chromedp.KeyEvent(keys)) }

// sees fails the test unless the page, or the part that is looked at, comes to show each of the texts.
func (s *walk) sees(texts ...string) {
	s.t.Helper()
	for _, want := range texts {
		s.find(nil, "the page does not say "+want, fmt.Sprintf("%s.some((e) => clean(e.innerText).includes(%s))", s.parts(), quote(want)))
	}
}

// misses fails the test when the page, or the part that is looked at, shows one of the texts.
func (s *walk) misses(texts ...string) {
	s.t.Helper()
	for _, want := range texts {
		s.find(nil, "the page says "+want, fmt.Sprintf("!%s.some((e) => clean(e.innerText).includes(%s))", s.parts(), quote(want)))
	}
}

func (s *walk) parts() string {
	if s.within == "" {
		return "[document.body]"
	}
	return "[...document.querySelectorAll(" + quote(s.within) + ")]"
}

// holds fails the test unless the field has the value.
func (s *walk) holds(label, value string) {
	s.t.Helper()
	s.find(nil, fmt.Sprintf("the field %s does not hold %q", label, value), fmt.Sprintf("%s?.value.replace(/\\r\\n/g, '\\n').includes(%s)", s.fieldOf(label), quote(value)))
}

// refused fails the test unless the page says that something is wrong, with the texts.
func (s *walk) refused(texts ...string) {
	s.t.Helper()
	s.find(nil, "the page finds nothing wrong", "document.querySelector('.alert-alarm li')")
	s.in(".alert-alarm").sees(texts...)
}

// signIn types address and password into the sign-in page.
func (s *walk) signIn(p *store.Person) {
	s.t.Helper()
	s.fill("Indirizzo e-mail", p.Email)
	s.fill("Password", testPassword)
	s.in("main form").follow("Accedi")
}

// password gives the role the password of the tests.
func (w *world) password(role string) *store.Person {
	w.t.Helper()
	if err := w.app.Desk.Keeper().SetPassword(db.By{Via: door.Command}, w.people[role].ID, testPassword); err != nil {
		w.t.Fatal(err)
	}
	return w.people[role]
}

// does is what a person does elsewhere meanwhile.
func (w *world) does(role string, number uint64, steps ...ticket.Step) {
	w.t.Helper()
	for _, step := range steps {
		if _, err := w.app.Desk.Tickets.Do(w.as(role), number, step); err != nil {
			w.t.Fatal(err)
		}
	}
}

// asks opens a ticket of CSA in the name of the role.
func (w *world) asks(role, subject string) *store.Ticket {
	w.t.Helper()
	t, err := w.app.Desk.Tickets.Open(w.as(role), ticket.Opening{Subject: subject, Body: "Succede da ieri.", Kind: store.Malfunction, Module: w.module["csa"],
		Severity: store.Medium, Urgency: store.NoDate})
	if err != nil {
		w.t.Fatal(err)
	}
	return t
}

// endSessions signs everybody out.
func (w *world) endSessions() {
	w.t.Helper()
	err := w.app.Store.Update(db.By{Via: door.Command}, func(tx *db.Tx) error {
		var all []uint64
		for s, err := range store.Sessions.All(tx, 0, false) {
			if err != nil {
				return err
			}
			all = append(all, s.ID)
		}
		for _, id := range all {
			if err := store.Sessions.Delete(tx, id); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// fileFor writes a file for choosing and returns where it is.
func fileFor(t *testing.T, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
