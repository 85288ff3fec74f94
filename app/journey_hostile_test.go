package app_test

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"sportello/app/address"
	"sportello/app/desk/article"
	"sportello/app/desk/catalogue"
	"sportello/app/desk/queue"
	"sportello/app/desk/ticket"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/door"
)

// attempts are texts that somebody types in the hope that they run, or lead, or are filled in, on somebody's page. One
// that runs sets the variable hacked.
var attempts = []string{
	`<script>hacked=1</script>`,
	`"><script>hacked=1</script>`,
	`'><img src=x onerror=hacked=1>`,
	`<svg onload=hacked=1><script>hacked=1</script></svg>`,
	`" onfocus=hacked=1 autofocus x="`,
	`' onmouseover='hacked=1`,
	`[leggi](javascript:hacked=1)`,
	`![figura](javascript:hacked=1)`,
	`<javascript:hacked=1>`,
	`[qui](jAvAsCrIpT&#58;hacked=1) e [qui](java&#x09;script:hacked=1)`,
	`[dati](data:text/html,<script>hacked=1</script>)`,
	"[figura]: javascript:hacked=1\n\n[figura]",
	`![" onerror="hacked=1](x "titolo' onerror='hacked=1")`,
	`<a href="javascript:hacked=1">premi</a>`,
	`<a href=" &#1; javascript:hacked=1">premi</a>`,
	`</textarea><script>hacked=1</script>`,
	`</title><script>hacked=1</script>`,
	`--><script>hacked=1</script><!--`,
	`<iframe srcdoc="<script>parent.hacked=1</script>"></iframe>`,
	`<math><mi xlink:href="javascript:hacked=1">x</mi></math>`,
	`<form action="javascript:hacked=1"><button>Invia</button></form>`,
	`<base href="https://evil.example/"><meta http-equiv="refresh" content="0;url=javascript:hacked=1">`,
	`<object data="javascript:hacked=1"></object><embed src="javascript:hacked=1">`,
	`<noscript><p title="</noscript><img src=x onerror=hacked=1>">`,
	`<details open ontoggle=hacked=1><summary>apri</summary></details>`,
	`<style>@import "javascript:hacked=1"; * { color: red }</style>`,
	"```html\n</code></pre><script>hacked=1</script>\n```",
	`{{print "inie" "ttato"}} {{.CSRF}} ${hacked=1} <%= hacked=1 %>`,
	`<p id="toasts" data-live-swap><form id="bulk" data-confirm="hacked"></form></p>`,
}

// attempter gives one attempt after the other, beginning with the word by which it is found, no longer than most.
func attempter() func(most int) string {
	n := 0
	return func(most int) string {
		for range attempts {
			n++
			if s := "Prova " + attempts[n%len(attempts)]; len(s) <= most {
				return s
			}
		}
		return "Prova <script>hacked=1"[:min(most, 22)] // a field in which none has room gets the beginning of one
	}
}

// TestNothingIsExecuted puts attempts wherever a person can write, and looks at every page with the policy that would
// stop them switched off: what the pages themselves let through would run.
func TestNothingIsExecuted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	next := attempter()
	everything := strings.Join(attempts, "\n\n")
	number := w.writeAttempts(t, next, everything)
	w.searchable()
	s := w.walk(t, true)
	s.run(page.SetBypassCSP(true))

	looked, shown := 0, 0
	look := func(what string) {
		t.Helper()
		var found struct {
			Wrong []string
			Shown bool
		}
		s.find(&found, what, "document.readyState === 'complete' && "+inspection)
		for _, wrong := range found.Wrong {
			t.Errorf("%s: %s", what, wrong)
		}
		looked++
		if found.Shown {
			shown++
		}
	}
	for _, r := range pages(w.app) {
		for _, role := range reader(r) {
			address := w.address(r)
			if strings.Contains(r.Path, "/tickets/:") && !strings.Contains(r.Path, "/messages/:") {
				address = strings.Replace(r.Path, ":n<int>", itoa(number), 1)
			}
			if got := w.visitor(role).get(address); !strings.HasPrefix(got.header.Get("Content-Type"), "text/html") || got.status == 303 {
				continue
			}
			s.enter(w, role)
			s.visit(address)
			look(r.Name + " as " + role)
		}
	}

	// In addresses.
	s.enter(w, "agent")
	for _, text := range []string{attempts[1], attempts[4], attempts[27]} {
		q := url.QueryEscape(text)
		for _, address := range []string{"/search?q=" + q, "/search?q=prova&state=" + q + "&module=" + q, "/suggest?q=" + q, "/look-alike?q=" + q, "/desk/all?module=" + q + "&state=" + q + "&after=" + q,
			"/tickets/new?subject=" + q + "&module=" + q, "/tickets?state=" + q + "&of=" + q, address.Ticket(number) + "?from=" + q, "/" + url.PathEscape(text), "/articles/" + url.PathEscape(text),
			"/modules/" + url.PathEscape(text), "/admin/people?text=" + q, "/articles/in/csa?after=" + q} {
			s.visit(address)
			look(address)
		}
	}
	s.visit("/search?q=prova")
	look("search")
	s.sees("Prova ")

	// In what scripts put into the page.
	s.visit(address.Ticket(number))
	for _, mark := range []string{"??prova", "::prova"} {
		s.fill("Testo", mark)
		s.in(".editor-list").sees("Prova ")
		look("what is offered after " + mark)
		s.keys(kb.Escape)
	}
	s.tick("Nota interna")
	s.fill("Testo", "@superv")
	s.in(".editor-list").sees("@supervisor")
	look("who is offered after @")
	s.fill("Testo", everything)
	s.press("Anteprima")
	s.in("#preview").sees("leggi")
	look("preview of a message")
	w.does("requester", number, ticket.Step{Message: &ticket.Text{Body: everything + "\n\nAltro ancora."}})
	s.in("#thread").sees("Altro ancora.")
	look("message that arrives by itself")
	s.visit("/tickets/new")
	s.fill("Oggetto", "prova <script>hacked=1</script>")
	s.in("#alike").sees("Prova ")
	s.fill("Descrizione", everything)
	s.attach("Allegati", fileFor(t, `"><img src=x onerror=hacked=1>.png`, picture()))
	s.in(".files").sees("onerror=hacked=1")
	look("suggestions and chosen files")
	s.in("main form").follow("Apri la richiesta")
	s.refused()
	look("form that comes back")
	s.enter(w, "nobody")
	s.visit("/")
	s.fill("Cerca nella guida", "prova")
	s.in("#s").sees("Prova ")
	look("suggestions of the home page")
	s.visit("/sign-in?next=javascript:hacked=1")
	s.find(nil, "no form", "(document.querySelector('main form').noValidate = true)")
	s.fill("Indirizzo e-mail", attempts[1])
	s.fill("Password", attempts[1])
	s.in("main form").follow("Accedi")
	look("refused sign-in")
	s.enter(w, "editor")
	s.visit("/articles/new")
	s.fill("Titolo", next(200))
	s.fill("Testo", everything)
	s.press("Anteprima")
	s.in("#preview").sees("leggi")
	look("preview of an article")

	// The look itself sees what it is there to see, and nothing but escaping kept the attempts from running.
	s.run(chromedp.Evaluate("document.querySelector('main').insertAdjacentHTML('beforeend', "+quote(attempts[2]+attempts[13])+")", nil))
	s.find(nil, "an attempt put into the page does not run", "'hacked' in window")
	s.find(nil, "the look does not see it", inspection+".wrong.length >= 3")

	t.Logf("looked at %d pages, %d of them show an attempt as it was typed", looked, shown)
	if shown < looked*2/3 {
		t.Errorf("only %d of %d pages show an attempt: what was looked at?", shown, looked)
	}
}

// inspection tells what stands in the page that no page of the desk has, and whether an attempt is shown as text.
const inspection = `(() => {
	const wrong = [];
	if ('hacked' in window) wrong.push('something ran');
	const text = document.documentElement.outerHTML;
	if (text.includes('inie' + 'ttato')) wrong.push('a template filled in what somebody typed');
	if (text.includes('ZgotmplZ')) wrong.push('a template refused what it was given');
	for (const e of document.querySelectorAll('*')) {
		const tag = e.outerHTML.slice(0, 150);
		if (e.matches('iframe, object, embed, base, style, math, frame, applet, noscript, meta[http-equiv], link:not([href^="/assets/"], [href^="/brand"])')) wrong.push('element ' + tag);
		if (e.matches('script') && !e.getAttribute('src')?.startsWith('/assets/')) wrong.push('script ' + tag);
		if (e.closest('.prose') && e.matches('svg, form, input:not([type=checkbox][disabled]), button, textarea, select, [id^=live], [style]')) wrong.push('in a text: ' + tag);
		for (const a of e.attributes) {
			if (/^on/i.test(a.name) || a.name === 'srcdoc') wrong.push('attribute ' + tag);
			if (/^(href|src|action|formaction|xlink:href|data|srcset|poster|background|ping)$/i.test(a.name) && /^[\s\u0000-\u0020]*(javascript|vbscript|data):/i.test(a.value)) wrong.push('address ' + tag);
			if (/^(action|formaction)$/i.test(a.name) && !/^\/(?!\/)/.test(a.value)) wrong.push('form that leaves ' + tag);
		}
	}
	const typed = (document.body?.innerText ?? '') + [...document.querySelectorAll('input, textarea')].map((e) => e.value).join(' ');
	return { wrong, shown: /hacked|CSRF/.test(typed) };
})()`

// writeAttempts puts an attempt into everything that people can write and returns the number of a ticket full of them.
func (w *world) writeAttempts(t *testing.T, next func(most int) string, everything string) uint64 {
	t.Helper()
	d := w.app.Desk
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	words := func(most int) store.Words { return store.Words{IT: next(most), EN: next(most)} }

	// What the administration writes.
	admin := w.as("administrator")
	must(w.app.Store.Update(db.By{Via: door.Command}, func(tx *db.Tx) error {
		for _, p := range w.people {
			row, err := store.People.Get(tx, p.ID)
			if err != nil {
				return err
			}
			row.Name, row.Phone = next(120), next(60)
			if err := store.People.Put(tx, row); err != nil {
				return err
			}
			w.people[strings.TrimSuffix(row.Email, "@example.it")] = row
		}
		for o, err := range store.Organisations.All(tx, 0, false) {
			if err != nil {
				return err
			}
			o.Name = fmt.Sprint(next(150), o.ID)
			if err := store.Organisations.Put(tx, o); err != nil {
				return err
			}
		}
		for u, err := range store.Units.All(tx, 0, false) {
			if err != nil {
				return err
			}
			u.Name = next(150)
			if err := store.Units.Put(tx, u); err != nil {
				return err
			}
		}
		for g, err := range store.Groups.All(tx, 0, false) {
			if err != nil {
				return err
			}
			g.Name, g.Description, g.Hours, g.Phone = words(90), words(200), words(90), next(60)
			if err := store.Groups.Put(tx, g); err != nil {
				return err
			}
		}
		for m, err := range store.Modules.All(tx, 0, false) {
			if err != nil {
				return err
			}
			m.Name, m.Description, m.Reason, m.Versions = words(90), words(200), words(200), []string{next(60), "24.0"}
			m.Questions = []store.Question{{Code: "q1", Label: words(90), Type: "text"}, {Code: "q2", Label: words(90), Type: "choice", Choices: []string{next(60), "b"}}}
			if err := store.Modules.Put(tx, m); err != nil {
				return err
			}
		}
		return nil
	}))
	footer := []store.FooterLink{{Label: words(60), Address: "/privacy"}}
	_, err := d.Catalogue.ChangeSettings(admin, 0, catalogue.SettingsForm{Branding: &catalogue.Branding{Name: next(60), Institution: next(90)}, Footer: &footer,
		Home: &catalogue.Home{Welcome: words(90), Text: store.Words{IT: everything, EN: everything}, Searches: []string{next(60)}, Hours: words(90)}})
	must(err)
	for _, address := range []string{"javascript:hacked=1", " JavaScript:hacked=1", "data:text/html,x", "//evil.example/\"onclick=hacked=1"} {
		bad := []store.FooterLink{{Label: words(60), Address: address}}
		if _, err := d.Catalogue.ChangeSettings(admin, 0, catalogue.SettingsForm{Footer: &bad}); err == nil && !strings.HasPrefix(address, "//") {
			t.Errorf("a link to %q stands at the foot of every page", address)
		}
	}
	_, err = d.Catalogue.ChangeSettings(admin, 0, catalogue.SettingsForm{Footer: &footer})
	must(err)

	// What editors and agents write.
	for i, form := range []store.Format{store.HTML, store.Text, store.Markdown} {
		for _, lang := range []string{"it", "en"} {
			slug := fmt.Sprintf("prova-%d", i)
			a := article.Form{Slug: slug, Title: next(240), Language: lang, Module: w.module["csa"], Audience: store.Public, Format: form, Body: everything, Publication: store.Published}
			_, err := d.Articles.Save(admin, a)
			must(err)
			w.things["slug"] = slug
		}
	}
	_, err = d.Articles.Save(admin, article.Form{Title: next(240), Language: "it", Module: w.module["csa"], Body: everything, Publication: store.Draft})
	must(err)
	reply, err := d.Queues.AddReply(w.as("agent"), queue.ReplyForm{Group: w.group["csa"], Title: words(190), Body: store.Words{IT: everything, EN: everything}})
	must(err)
	w.things["reply"] = itoa(reply.ID)

	// What requesters write, and what is done to it.
	var files []uint64
	for name, content := range map[string]string{`"><img src=x onerror=hacked=1>.png`: string(picture()), `<script>hacked=1</script>.html`: "<script>hacked=1</script>",
		`onload=hacked=1.svg`: `<svg xmlns="http://www.w3.org/2000/svg" onload="hacked=1"/>`} {
		f, err := d.Files.Keep(w.as("requester"), name, bytes.NewReader([]byte(content)))
		must(err)
		files = append(files, f.ID)
		w.things["file"] = itoa(f.ID)
	}
	tk, err := d.Tickets.Open(w.as("requester"), ticket.Opening{Subject: next(250), Body: everything, Kind: store.Malfunction, Module: w.module["csa"], Severity: store.High, Urgency: store.NoDate,
		Affected: next(60), Regression: true, WorkedIn: next(60), Answers: map[string]string{"q1": next(200)}, Files: files})
	must(err)
	other := w.asks("requester", next(200))
	low, subject := store.Low, next(250)
	w.does("agent", tk.ID, ticket.Step{Take: true}, ticket.Step{Message: &ticket.Text{Body: everything}, To: store.StatePlanned, Version: next(60)},
		ticket.Step{Message: &ticket.Text{Body: "Nota " + everything, Internal: true, Mentions: []uint64{w.people["supervisor"].ID}}},
		ticket.Step{Severity: &low, Reason: next(200)}, ticket.Step{Subject: &subject, Reason: next(200)}, ticket.Step{Link: other.ID})
	w.does("requester", tk.ID, ticket.Step{Message: &ticket.Text{Body: everything}}, ticket.Step{Add: []string{"participant@example.it", "hacked=1@altro.example"}})

	// What browsers and programs say of themselves.
	requester := w.password("requester")
	_, _, err = d.Keeper().SignIn(context.Background(), requester.Email, testPassword, next(90), "192.0.2.1")
	must(err)
	for _, role := range []string{"requester", "agent", "coordinator"} {
		_, _, err = d.Keeper().NewToken(db.By{Via: door.Command}, w.people[role].ID, next(90))
		must(err)
	}
	_, err = d.Notices.Plan()
	must(err)
	return tk.ID
}
