package app_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"golang.org/x/net/html"

	"sportello/app/command"
	"sportello/app/config"
	"sportello/app/desk/intake"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/door"
)

// webForm is a form of a page as a browser would send it.
type webForm struct {
	action string
	method string
	values url.Values
	free   map[string]int // fields that take any text, and how much of it
	places map[string]string
}

// id names the form by where it leads and what it asks, with numbers left out.
func (f *webForm) id() string {
	names := slices.Sorted(maps.Keys(f.values))
	return f.method + " " + strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return '#'
		}
		return r
	}, f.action) + " " + strings.Join(names, ",")
}

func nodeAttr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func hasAttr(n *html.Node, name string) bool {
	return slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == name })
}

// formsOf reads the forms of the page at the address, with what stands in them.
func formsOf(t *testing.T, address, body string) []*webForm {
	t.Helper()
	root, err := html.Parse(strings.NewReader(body))
	must(t, err)
	byID := map[string]*webForm{}
	var out []*webForm
	var read func(n *html.Node, in *webForm)
	read = func(n *html.Node, in *webForm) {
		if n.Type == html.ElementNode {
			if n.Data == "form" {
				in = &webForm{action: nodeAttr(n, "action"), method: strings.ToUpper(cmp.Or(nodeAttr(n, "method"), "get")), values: url.Values{}, free: map[string]int{}, places: map[string]string{}}
				if in.action == "" {
					in.action = address
				}
				out = append(out, in)
				if id := nodeAttr(n, "id"); id != "" {
					byID[id] = in
				}
			}
			to := in
			if id := nodeAttr(n, "form"); id != "" && byID[id] != nil {
				to = byID[id]
			}
			if name := nodeAttr(n, "name"); to != nil && name != "" && !hasAttr(n, "disabled") {
				most, err := strconv.Atoi(nodeAttr(n, "maxlength"))
				if err != nil {
					most = 150
				}
				switch kind := nodeAttr(n, "type"); n.Data {
				case "textarea":
					to.values.Set(name, nodeText(n))
					to.free[name] = 4000
				case "select":
					to.values.Set(name, chosen(n))
				case "button":
					if v := nodeAttr(n, "value"); !to.values.Has(name) && v != "preview" {
						to.values.Set(name, v)
					}
				case "input":
					switch kind {
					case "", "text", "search", "tel":
						to.values.Add(name, nodeAttr(n, "value"))
						to.free[name] = most
					case "email":
						to.places[name] = "hacked=1@altro.example"
						to.values.Add(name, nodeAttr(n, "value"))
					case "url":
						to.places[name] = `https://altro.example/"onclick=hacked=1//<script>hacked=1</script>`
						to.values.Add(name, nodeAttr(n, "value"))
					case "radio":
						if hasAttr(n, "checked") || !to.values.Has(name) {
							to.values.Set(name, nodeAttr(n, "value"))
						}
					case "checkbox":
						if hasAttr(n, "checked") {
							to.values.Add(name, nodeAttr(n, "value"))
						}
					case "file", "submit", "image", "password":
					default:
						to.values.Add(name, nodeAttr(n, "value"))
					}
				}
			}
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			read(c, in)
		}
	}
	read(root, nil)
	return out
}

func nodeText(n *html.Node) string {
	if n.Type == html.TextNode {
		return n.Data
	}
	var b strings.Builder
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		b.WriteString(nodeText(c))
	}
	return b.String()
}

// chosen is the value of a list: the entry that is chosen, else the first that is not empty.
func chosen(n *html.Node) string {
	first, value := "", ""
	var read func(n *html.Node)
	read = func(n *html.Node) {
		if n.Data == "option" {
			v := nodeAttr(n, "value")
			if hasAttr(n, "selected") && v != "" {
				value = v
			}
			if first == "" && !hasAttr(n, "disabled") {
				first = v
			}
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			read(c)
		}
	}
	read(n)
	if value != "" {
		return value
	}
	return first
}

// refusedFields are those of the page that came back because of what stood in them.
func refusedFields(t *testing.T, body string) map[string]bool {
	t.Helper()
	root, err := html.Parse(strings.NewReader(body))
	must(t, err)
	out := map[string]bool{}
	var read func(n *html.Node)
	read = func(n *html.Node) {
		if nodeAttr(n, "aria-invalid") == "true" && nodeAttr(n, "name") != "" {
			out[nodeAttr(n, "name")] = true
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			read(c)
		}
	}
	read(root)
	return out
}

// fillEveryForm sends every form there is on any page, as somebody whom the page is for, with an attempt in each field
// that takes text; fields that do not take theirs get it taken back, so that the others are kept. It returns how many
// forms were taken and which were not.
func (w *world) fillEveryForm(next func(most int) string, everything string) (taken int, refused []string) {
	w.t.Helper()
	seen := map[string]bool{}
	for _, r := range pages(w.app) {
		for _, role := range reader(r) {
			if role == "nobody" {
				continue
			}
			b := w.visitor(role)
			address := w.address(r)
			got := b.get(address)
			if !strings.HasPrefix(got.header.Get("Content-Type"), "text/html") {
				continue
			}
			for n, f := range formsOf(w.t, address, got.body) {
				if f.method != http.MethodPost || len(f.free)+len(f.places) == 0 || seen[f.id()] || f.action == "/sign-in" {
					continue
				}
				seen[f.id()] = true
				if now := formsOf(w.t, address, b.get(address).body); n < len(now) && now[n].id() == f.id() {
					f = now[n] // with the revision as it is after the form before
				}
				values := maps.Clone(f.values)
				for name, most := range f.free {
					if values[name] = []string{next(most)}; most == 4000 {
						values[name] = []string{everything}
					}
				}
				for name, v := range f.places {
					values[name] = []string{v}
				}
				kept := false
				for range 4 {
					answer := b.post(f.action, values)
					if answer.status >= 500 {
						w.t.Errorf("%s %s as %s: %d\n%s", r.Name, f.action, role, answer.status, answer.body)
					}
					if kept = answer.status == http.StatusSeeOther; kept {
						break
					}
					again := false
					for name := range refusedFields(w.t, answer.body) {
						if _, free := f.free[name]; free || f.places[name] != "" {
							back := f.values[name]
							if len(back) == 0 || back[0] == "" {
								back = []string{map[bool]string{true: "Prova hacked=1", false: "prova"}[values.Get(name) != "Prova hacked=1"]}
							}
							again = again || !slices.Equal(values[name], back)
							values[name] = back
						}
					}
					if !again {
						break
					}
				}
				// One field at a time, where together they are refused.
				for name, most := range f.free {
					if kept {
						break
					}
					values := maps.Clone(f.values)
					for other := range f.free {
						if values.Get(other) == "" && other != name {
							values.Set(other, "prova")
						}
					}
					values.Set(name, next(min(most, 60)))
					kept = b.post(f.action, values).status == http.StatusSeeOther
				}
				if kept {
					taken++
				} else {
					refused = append(refused, r.Name+" "+f.action)
				}
			}
		}
	}
	return taken, refused
}

// mailAttempts has one mail come for each attempt, with it in every place that a mail has.
func (w *world) mailAttempts() {
	w.t.Helper()
	for i, a := range attempts {
		coded, raw := mime.BEncoding.Encode("utf-8", "Prova "+a), strings.NewReplacer("\n", " ", `"`, `\"`).Replace(a)
		from := fmt.Sprintf("%s <requester@example.it>", coded)
		proof := "Authentication-Results: mx.desk.example; dmarc=pass header.from=example.it\r\n"
		if i%3 == 1 { // of somebody unknown: held, and shown to who decides
			from, proof = fmt.Sprintf("\"%s\" <hacked%d@altrove.example>", raw, i), ""
		}
		to := "csa@desk.example"
		if i%3 == 2 {
			to = "vaglio@desk.example"
		}
		kind := []string{"text/html", "image/svg+xml", "text/plain", "image/png", "message/rfc822", "application/pdf"}[i%6]
		m := proof + "From: " + from + "\r\nTo: " + coded + " <" + to + ">\r\nCc: \"" + raw + "\" <participant@example.it>\r\nReply-To: " + coded + " <x@altrove.example>\r\nSender: \"" + raw + "\" <y@altrove.example>\r\n" +
			"Subject: " + coded + "\r\nMessage-ID: <" + fmt.Sprint(i) + "\"onclick=hacked=1@altrove.example>\r\nDate: Mon, 2 Mar 2026 09:30:00 +0000 (" + raw + ")\r\nX-Mailer: " + raw + "\r\nOrganization: " + raw + "\r\nList-Id: " + raw + "\r\nMIME-Version: 1.0\r\n" +
			"Content-Type: multipart/mixed; boundary=b0\r\n\r\n--b0\r\nContent-Type: multipart/alternative; boundary=b1\r\n\r\n--b1\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nProva " + strings.ReplaceAll(a, "\n", "\r\n") +
			"\r\n--b1\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>Prova</p>" + strings.ReplaceAll(a, "\n", "\r\n") + "<p title=\"" + strings.ReplaceAll(a, "\n", " ") + "\">hacked</p><img alt='" + strings.ReplaceAll(a, "\n", " ") + "' src=cid:foto>\r\n--b1--\r\n" +
			"--b0\r\nContent-Type: " + kind + "; name=\"" + raw + "\"\r\nContent-Disposition: attachment; filename=\"" + raw + "\"\r\nContent-ID: <foto>\r\nContent-Description: " + raw + "\r\n\r\n<script>hacked=1</script>\r\n" +
			"--b0\r\nContent-Type: text/html\r\nContent-Disposition: inline; filename*=utf-8''" + url.PathEscape(a) + "\r\n\r\n<script>hacked=1</script>\r\n--b0--\r\n"
		if _, err := w.app.Desk.Intake.Take(intake.From{Source: "lmtp"}, strings.NewReader(m)); err != nil {
			w.t.Fatal(err)
		}
	}
	if err := w.app.Desk.Intake.Process(context.Background()); err != nil {
		w.t.Fatal(err)
	}
}

// importAttempts imports tickets, articles, people and a catalogue made of attempts.
func (w *world) importAttempts(everything string) {
	w.t.Helper()
	lines := func(records ...map[string]any) string {
		var b strings.Builder
		for _, r := range records {
			raw, err := json.Marshal(r)
			must(w.t, err)
			b.Write(append(raw, '\n'))
		}
		return b.String()
	}
	var tickets, articles []map[string]any
	people := "email,name\n"
	for i, a := range attempts {
		one := strings.ReplaceAll(a, "\n", " ")
		tickets = append(tickets, map[string]any{"subject": "Prova " + one, "body": a + "\n\n" + everything, "requester_email": fmt.Sprintf("p%d@altro.example", i), "requester_name": one, "external_id": one, "module": "csa", "kind": "malfunction",
			"messages": []map[string]any{{"author_email": fmt.Sprintf("q%d@altro.example", i), "author_name": one, "at": "2026-01-02T03:04:05Z", "body": a}}})
		articles = append(articles, map[string]any{"title": "Prova " + one, "body": everything, "format": []string{"html", "markdown", "text"}[i%3], "language": []string{"it", "en"}[i%2], "audience": "public", "state": "published", "external_id": one, "module": "csa"})
		people += fmt.Sprintf("r%d@altro.example,\"%s\"\n", i, strings.ReplaceAll(one, `"`, `""`))
	}
	catalogue := ""
	for i, a := range attempts[:4] {
		q := strconv.Quote("Prova " + strings.ReplaceAll(a, "\n", " "))
		catalogue += fmt.Sprintf("[[module]]\ncode = \"prova%d\"\nname = {it = %s, en = %s}\ndescription = {it = %s, en = %s}\n", i, q, q, q, q)
	}
	for what, source := range map[string]string{"tickets": lines(tickets...), "articles": lines(articles...), "people": people, "catalogue": catalogue} {
		var out, errOut bytes.Buffer
		args := []string{"import", what, "-", "--messages=it"}
		if status := command.Within(w.t.Context(), w.app, w.t.TempDir(), args, strings.NewReader(source), &out, &errOut); status != command.Done || strings.HasPrefix(out.String(), "imported 0, updated 0") {
			w.t.Fatalf("import %s: %d %s %.500s", what, status, out.String(), errOut.String())
		}
	}
}

// TestNothingIsExecutedWhateverFieldHeaderOrPartItComesBy fills every form of every page, every part of mails and every
// field of imports with attempts, and looks at every page in a browser with the policy switched off: as it is, with
// attempts in everything an address can carry, and as the answer to each form with an attempt in every one of its
// fields.
func TestNothingIsExecutedWhateverFieldHeaderOrPartItComesBy(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *config.Config) { c.Mail.MostPerAddress = 0 }) // one sender writes all the attempts
	next := attempter()
	everything := strings.Join(attempts, "\n\n")
	taken, refused := w.fillEveryForm(next, everything)
	t.Logf("%d forms were taken, %d refused: %s", taken, len(refused), strings.Join(refused, ", "))
	admin := w.visitor("administrator")
	for _, f := range formsOf(t, "/admin/synonyms", admin.get("/admin/synonyms").body) {
		if f.values.Has("synonyms-it") { // two words a line, which no attempt is
			f.values.Set("synonyms-it", "<img src=x onerror=hacked=1>, cedolino\n\"><script>hacked=1</script>, busta paga")
			got := admin.post(f.action, f.values)
			admin.must(got, http.StatusSeeOther)
		}
	}
	for role := range w.people { // a token's form asks for the password, which no attempt is
		_, _, err := w.app.Desk.Keeper().NewToken(db.By{Via: door.Command}, w.people[role].ID, next(store.Most("tokens.name")))
		must(t, err)
	}
	w.mailAttempts()
	w.importAttempts(everything)
	if _, err := w.app.Desk.Notices.Plan(); err != nil {
		t.Fatal(err)
	}
	w.searchable()
	w.keptAttempts()

	s := w.walk(t, true)
	// A page that is renewed by itself while its form is being sent would take the form away.
	s.run(page.SetBypassCSP(true), chromedp.ActionFunc(func(ctx context.Context) error {
		_, err := page.AddScriptToEvaluateOnNewDocument("window.EventSource = class extends EventTarget { close() {} }").Do(ctx)
		return err
	}))
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
		if looked++; found.Shown {
			shown++
		}
	}
	query := func(i int) string {
		q := url.Values{}
		for n, name := range ways {
			q.Set(name, attempts[(i+n)%len(attempts)])
		}
		return "?" + q.Encode()
	}
	done := map[string]bool{}
	for i, r := range pages(w.app) {
		roles := reader(r)
		if !everyWay() {
			roles = roles[i%len(roles):][:1]
		}
		for n, role := range roles {
			address := w.address(r)
			got := w.visitor(role).get(address)
			if !strings.HasPrefix(got.header.Get("Content-Type"), "text/html") || got.status == http.StatusSeeOther {
				continue
			}
			s.enter(w, role)
			s.visit(address)
			look(r.Name + " as " + role)
			if n == 0 {
				s.visit(address + query(i))
				look(r.Name + " as " + role + " with attempts in its address")
			}

			// Each form once, with an attempt in every field, hidden ones and lists too.
			for n, f := range formsOf(t, address, got.body) {
				key := f.id()
				if strings.HasPrefix(f.action, "/admin/mail-texts/") {
					key = "one of the texts" // all of them are alike
				}
				if done[key] || f.action == "/sign-out" || strings.HasSuffix(f.action, "/export") || // a file leads to no page
					len(f.values) == 0 || len(f.values) == 1 && f.values.Has("csrf") {
					continue
				}
				done[key] = true
				s.visit(address)
				var there bool
				script := fmt.Sprintf("(() => { const f = document.forms[%d]; return !!f && f.method.toUpperCase() === %s && [%s, null].includes(f.getAttribute('action')) })()", n, quote(f.method), quote(f.action))
				if s.run(chromedp.Evaluate(script, &there)); !there {
					continue // it was for this once, as to read what is new
				}
				s.leave(func() {
					s.run(chromedp.Evaluate(fmt.Sprintf(`(() => { const f = document.forms[%d], all = %s; let i = %d;
						for (const e of [...f.elements]) {
							if (!e.name || e.type === 'file' || e.name === 'csrf' || e.name === 'rev') continue;
							const a = all[i++ %% all.length];
							if (e.tagName === 'SELECT') { e.add(new Option(a, a, true, true)); continue; }
							if (e.tagName === 'BUTTON') continue;
							if (e.tagName === 'INPUT' && !['text', 'hidden', 'search'].includes(e.type)) e.type = 'text';
							e.value = a;
						}
						HTMLFormElement.prototype.submit.call(f) })()`, n, quoteAll(attempts), len(done)), nil))
				})
				look(r.Name + " as " + role + ", the answer to " + f.action)
			}
		}
	}
	// Files in their own windows.
	s.enter(w, "agent")
	for id := uint64(1); id < 40; id++ {
		if got := w.visitor("agent").get("/files/" + itoa(id)); strings.HasPrefix(got.header.Get("Content-Disposition"), "inline") {
			s.visit("/files/" + itoa(id))
			s.find(nil, "a file ran", "!('hacked' in window)")
		}
	}
	t.Logf("looked at %d pages, %d of them show an attempt as it was typed; %d different forms", looked, shown, len(done))
	if shown < looked/2 {
		t.Errorf("only %d of %d pages show an attempt: what was looked at?", shown, looked)
	}
}

func quoteAll(list []string) string {
	raw, err := json.Marshal(list)
	if err != nil {
		panic(err)
	}
	return string(raw)
}

// keptAttempts fails the test unless attempts lie in every table of what people write.
func (w *world) keptAttempts() {
	w.t.Helper()
	count := map[string]int{}
	note := func(table string, row any) {
		raw, err := json.Marshal(row)
		must(w.t, err)
		if bytes.Contains(raw, []byte("hacked")) {
			count[table]++
		}
	}
	must(w.t, w.app.Store.View(func(tx *db.Tx) error {
		for r, err := range store.Tickets.All(tx, 0, false) {
			must(w.t, err)
			note("tickets", r)
		}
		for r, err := range store.Messages.All(tx, 0, false) {
			must(w.t, err)
			note("messages", r)
		}
		for r, err := range store.Files.All(tx, 0, false) {
			must(w.t, err)
			note("files", r)
		}
		for r, err := range store.Mails.All(tx, 0, false) {
			must(w.t, err)
			note("mails", r)
		}
		for r, err := range store.People.All(tx, 0, false) {
			must(w.t, err)
			note("people", r)
		}
		for r, err := range store.Groups.All(tx, 0, false) {
			must(w.t, err)
			note("groups", r)
		}
		for r, err := range store.Modules.All(tx, 0, false) {
			must(w.t, err)
			note("modules", r)
		}
		for r, err := range store.Organisations.All(tx, 0, false) {
			must(w.t, err)
			note("organisations", r)
		}
		for r, err := range store.Units.All(tx, 0, false) {
			must(w.t, err)
			note("units", r)
		}
		for r, err := range store.SavedReplies.All(tx, 0, false) {
			must(w.t, err)
			note("replies", r)
		}
		for r, err := range store.Views.All(tx, 0, false) {
			must(w.t, err)
			note("views", r)
		}
		for r, err := range store.Versions.All(tx, 0, false) {
			must(w.t, err)
			note("articles", r)
		}
		for r, err := range store.Synonyms.All(tx, 0, false) {
			must(w.t, err)
			note("synonyms", r)
		}
		for r, err := range store.Tokens.All(tx, 0, false) {
			must(w.t, err)
			note("tokens", r)
		}
		for r, err := range store.SettingsTable.All(tx, 0, false) {
			must(w.t, err)
			note("settings", map[string]any{"name": r.Name, "institution": r.Institution, "welcome": r.Welcome})
			note("mail texts", r.MailTexts)
		}
		return nil
	}))
	w.t.Logf("rows that hold attempts: %v", count)
	for _, table := range []string{"tickets", "messages", "files", "mails", "people", "groups", "modules", "organisations", "units", "replies", "views", "articles", "tokens", "synonyms", "settings", "mail texts"} {
		if count[table] == 0 {
			w.t.Errorf("no attempt was kept in %s: what was tried?", table)
		}
	}
}
