package app_test

import (
	"bytes"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/chromedp/chromedp"
	"golang.org/x/net/html"

	"sportello/app/address"
	"sportello/app/desk/notice"
	"sportello/app/desk/ticket"
	"sportello/app/mail"
	"sportello/app/markup"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/event"
)

// typedCases are texts of which some way to read marks would change a character.
var typedCases = map[string]string{
	"a path of a server":       `\\server01\stipendi\*.xls e \\nas\dati\_vecchi\[2025]`,
	"what begins like a head":  "# commento\n## altro\n#1 e #12\n#!/bin/sh\nTitolo\n======\nSotto\n------",
	"what begins like a list":  "3. articolo tre\n1) uno\n- meno\n+ più\n* stella\n  - rientrato\n2026. Un anno",
	"underscores and stars":    "__init__ _x_ a*b*c **due** ***tre*** 2*3*4 snake_case_ _",
	"tags and entities":        "<tag> <b>x</b> &amp; &lt; &#65; &nbsp; <script>alert(1)</script> <!-- c --> </div>",
	"quotes typed by hand":     "> citato\n>> due\n > tre\nrisposta\n> in fondo",
	"indents and runs":         "voce    importo   note\n    quattro spazi\n\ttab\n        otto\n\n\n\ntre righe vuote  \nfine  ",
	"links of another tongue":  "[x](y) [x][y] ![i](j) <https://a.it> [[wiki]] [a]: https://b.it",
	"a table of bars":          "| a | b |\n|---|---|\n| 1 |  |\n||3|",
	"ticks, tildes, rules":     "`codice` ``` ~~tolto~~\n```sh\nrm -rf *\n```\n---\n***\n___\n~~~",
	"backslashes and escapes":  `\* \_ \\ \n \t C:\new\temp\ a\` + "\nriga\\",
	"addresses":                "www.ateneo.it/a_b_c?x=1&y=2, https://a.it/(b). e ada.neri@ateneo.it; <bruno@x.it>",
	"a signature and a header": "-- \nAnna\nDa: Bruno\nInviato: ieri\nA: Anna\nOggetto: x",
	"formulas":                 "=SOMMA(A1:A3)*2 $x^2$ \\(a\\) ${b} {{c}} %d %s 10^3 H~2~O ==x== :smile: @ada #ferie",
	"the first line is blank":  "\n  poi\n",
	"signs of all kinds":       "‘virgolette’ — … € ½ 😀 \u202etesto\u202c é e\u0301 ﬁ \u00a0x\u00a0\u00a0y",
}

// seen returns the text that a reader sees of a message: line ends where its elements end a line, and every space, for
// the element keeps them.
func seen(t testing.TB, page, id string) string {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	var text func(*html.Node)
	text = func(n *html.Node) {
		switch {
		case n.Type == html.TextNode:
			out.WriteString(n.Data)
		case n.Data == "br":
			out.WriteByte('\n')
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			text(c)
		}
	}
	for n := range root.Descendants() {
		if id != "" && nodeAttr(n, "id") != id {
			continue
		}
		for p := range n.Descendants() {
			if nodeAttr(p, "class") == "plain" || nodeAttr(p, "style") == "white-space:pre-wrap" {
				text(p)
				return out.String()
			}
		}
	}
	t.Fatalf("no text in %s of %s", id, page)
	return ""
}

// letterOf writes the letter that would tell the person of the message.
func (w *world) letterOf(person *store.Person, number uint64, m *store.Message) *mail.Message {
	w.t.Helper()
	row := w.row(number)
	l, err := w.app.Mail.WriteLetter(&notice.Outgoing{Letter: &store.Letter{To: person.Email, MessageID: "x@desk.example"}, Person: person, Ticket: row, From: "csa@desk.example",
		Lines: []notice.OutgoingLine{{Telling: store.Telling{Event: event.Message, Message: m.ID, At: m.At}, Who: "Ada Neri", Text: m, Ticket: number}}})
	must(w.t, err)
	raw, err := l.Bytes()
	must(w.t, err)
	out, err := mail.Read(bytes.NewReader(raw), int64(len(raw)), mail.Options{})
	must(w.t, err)
	return out
}

// last returns the newest message of the ticket.
func (w *world) last(number uint64) *store.Message {
	w.t.Helper()
	list := w.view("supervisor", number).Messages
	return list[len(list)-1]
}

// showsAsTyped looks at the newest message of the ticket wherever it is shown.
func (w *world) showsAsTyped(t *testing.T, number uint64, want string) {
	t.Helper()
	m := w.last(number)
	id := fmt.Sprint("m", m.ID)
	for _, role := range []string{"requester", "agent"} {
		if got := seen(t, w.visitor(role).get(address.Ticket(number)).body, id); got != want {
			t.Errorf("the %s's page shows %q, typed was %q", role, got, want)
		}
		_, doc := w.caller(w.people[role]).call("GET", fmt.Sprintf("/tickets/%d", number), nil)
		list := doc["messages"].([]any)
		row := list[len(list)-1].(box)
		if row["body"] != want || row["format"] != "text" {
			t.Errorf("the API says %q in %v, typed was %q", row["body"], row["format"], want)
		}
		if got := seen(t, fmt.Sprint("<div>", row["html"], "</div>"), ""); got != want {
			t.Errorf("the API shows %q, typed was %q", got, want)
		}
	}
	l := w.letterOf(w.people["agent"], number, m)
	if !strings.Contains(l.Text, strings.Trim(want, "\n")) {
		t.Errorf("the letter says %q, typed was %q", l.Text, want)
	}
	if got := seen(t, l.HTML, ""); got != want {
		t.Errorf("the letter shows %q, typed was %q", got, want)
	}
}

func TestWhatARequesterTypesIsShownAsTyped(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	requester := w.visitor("requester")
	api := w.caller(w.people["requester"])
	for name, typed := range typedCases {
		t.Run(name, func(t *testing.T) {
			n := w.opened(requester.post("/tickets/new", asked("body", strings.ReplaceAll(typed, "\n", "\r\n"))))
			w.showsAsTyped(t, n, typed)
			requester.must(requester.post(address.Ticket(n)+"/message", url.Values{"body": {typed + "\nx"}}), 303)
			w.showsAsTyped(t, n, typed+"\nx")
			got, doc := api.call("POST", "/tickets", box{"subject": "Prova", "body": typed, "module": "csa"})
			if got.status != 201 {
				t.Fatal(got.body)
			}
			n = uint64(doc["number"].(float64))
			w.showsAsTyped(t, n, typed)
			if got, _ = api.call("PATCH", fmt.Sprintf("/tickets/%d", n), box{"message": typed + "y"}); got.status != 200 {
				t.Fatal(got.body)
			}
			w.showsAsTyped(t, n, typed+"y")
			row := w.comes(letter{from: "Ada Neri <requester@example.it>", proven: true, subject: name, text: strings.ReplaceAll(typed, "\n", "\r\n")})
			m := w.last(row.Ticket)
			if m.Rest == "" {
				w.showsAsTyped(t, row.Ticket, strings.Trim(typed, "\n"))
			} else if got, want := m.Body+"\n"+m.Rest, strings.Trim(typed, "\n"); got != want || seen(t, requester.get(address.Ticket(row.Ticket)).body, fmt.Sprint("m", m.ID)) != m.Body {
				t.Errorf("the mail became %q, typed was %q", got, want)
			}
		})
	}
}

func TestFormatIsJudgedByWhoSpeaks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := w.opened(w.visitor("requester").post("/tickets/new", asked()))
	w.do("requester", n, ticket.Step{Add: []string{"elsewhere@example.it"}})
	at := fmt.Sprintf("/tickets/%d", n)
	own := w.asks("agent", "Una mia richiesta")
	imported := func(rec string) uint64 {
		got, doc := w.caller(w.people["administrator"]).call("POST", "/tickets", rec)
		if got.status != 201 {
			t.Fatal(got.body)
		}
		return uint64(doc["number"].(float64))
	}
	for _, c := range []struct {
		name, role string
		number     uint64
		message    box
		want       store.Format
	}{
		{"a requester writes text", "requester", n, box{"body": "*a*"}, store.Text},
		{"a participant writes text", "participant", w.opened(w.visitor("participant").post("/tickets/new", asked())), box{"body": "*a*"}, store.Text},
		{"a coordinator writes text", "coordinator", n, box{"body": "*a*"}, store.Text},
		{"an agent in their own ticket writes text", "agent", own.ID, box{"body": "*a*"}, store.Text},
		{"an agent answers in Markdown", "agent", n, box{"body": "*a*"}, store.Markdown},
		{"a note is Markdown", "agent", n, box{"body": "*a*", "internal": true}, store.Markdown},
		{"an agent's program says text", "agent", n, box{"body": "*a*", "format": "text"}, store.Text},
		{"a requester's program says Markdown", "requester", n, box{"body": "*a*", "format": "markdown"}, store.Markdown},
	} {
		if got, _ := w.caller(w.people[c.role]).call("POST", fmt.Sprintf("/tickets/%d/messages", c.number), c.message); got.status != 201 {
			t.Fatalf("%s: %s", c.name, got.body)
		}
		if m := w.last(c.number); m.Format != c.want {
			t.Errorf("%s: %s", c.name, m.Format)
		}
	}
	if got, _ := w.caller(w.people["requester"]).call("POST", at+"/messages", box{"body": "a", "format": "rtf"}); got.status != 422 || !strings.Contains(got.body, `"format"`) {
		t.Errorf("an unknown format: %d %s", got.status, got.body)
	}
	k := imported(`{"subject":"Vecchia","body":"# a","requester_email":"requester@example.it","messages":[{"author_email":"agent@example.it","body":"*b*"},{"author_email":"requester@example.it","body":"*c*"},{"author_email":"agent@example.it","body":"*d*","internal":true}]}`)
	var formats []string
	for _, m := range w.view("administrator", k).Messages {
		formats = append(formats, m.Body+" "+m.Format.String())
	}
	if got := strings.Join(formats, ", "); got != "# a text, *b* markdown, *c* text, *d* markdown" {
		t.Errorf("imported: %s", got)
	}
	// A row of before formats is Markdown, and an export says so.
	err := w.app.Store.Update(db.By{Via: door.Command}, func(tx *db.Tx) error {
		m := w.view("requester", n).Messages[0]
		m.Body, m.Format = "**prima**", store.FormatNone
		return store.Messages.Put(tx, m)
	})
	must(t, err)
	w.visitor("requester").must(w.visitor("requester").get(at), 200, "<strong>prima</strong>")
	// What the agent sees before sending is what the ticket will show.
	b := w.visitor("agent")
	for _, c := range []struct {
		number     uint64
		mode, want string
	}{{n, "reply", "<em>a</em>"}, {own.ID, "reply", "*a*"}, {own.ID, "note", "<em>a</em>"}} {
		b.must(b.post(fmt.Sprintf("/preview?ticket=%d", c.number), url.Values{"text": {"*a*"}, "mode": {c.mode}}), 200, c.want)
	}
	s := w.visitor("stranger")
	s.must(s.post(fmt.Sprintf("/preview?ticket=%d", n), url.Values{"text": {"*a*"}}), 404)
}

// typeable reports whether neither a form nor the API refuses the text for other reasons.
func typeable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsRune(s, 0) && strings.TrimSpace(s) != "" && len(s) < 4096
}

// FuzzWhatIsTyped gives any text to every door of a requester. What is shown is that text after markup.Clean: CR LF and
// CR are line ends, form feed and vertical tab too, other controls go, a byte order mark at the beginning goes. Of a
// plain mail, blank lines at the ends go, and what it quotes or signs with is folded below, none of its lines lost.
func FuzzWhatIsTyped(f *testing.F) {
	for _, s := range typedCases {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		if !typeable(typed) || strings.TrimSpace(markup.Clean(typed)) == "" {
			return
		}
		w := newWorld(t)
		n := w.asks("requester", "Prova").ID
		want := markup.Clean(typed)
		b := w.visitor("requester")
		b.must(b.post(address.Ticket(n)+"/message", url.Values{"body": {typed}}), 303)
		w.showsAsTyped(t, n, want)
		got, _ := w.caller(w.people["requester"]).call("POST", fmt.Sprintf("/tickets/%d/messages", n), box{"body": typed})
		if got.status != 201 {
			t.Fatal(got.body)
		}
		w.showsAsTyped(t, n, want)
	})
}

// TestWhatAMailOfHTMLSaysIsKept: a mail of HTML is shown by the page, given by the API and sent on by letters with
// what its marks say.
func TestWhatAMailOfHTMLSaysIsKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	table := "<table><tr><th>Cap</th><th>Dare</th><th>Avere</th></tr><tr><td>12</td><td></td><td><s>1500</s></td></tr></table>"
	mail := `<div style="color:red" id="mittente"><p>Gentili, <script>x</script>10<sup>3</sup> e <input type="checkbox" checked> fatto</p>` + table +
		`<pre>a    b</pre><img src="cid:foto" alt="foto.png"><img src="https://spia.example/x.gif"></div>`
	row := w.comes(letter{from: "Ada Neri <requester@example.it>", proven: true, subject: "Tabella", id: "tabella@x", html: mail, picture: picture()})
	n := row.Ticket
	m := w.last(n)
	if m.Format != store.HTML || m.Body != "Gentili, 10^3 e ☑ fatto\n\nCap | Dare | Avere\n12 |  | ~~1500~~\n\na    b" {
		t.Errorf("the text is %s %q", m.Format, m.Body)
	}
	files := w.view("requester", n).Files[m.ID]
	if len(files) != 1 {
		t.Fatalf("files: %v", files)
	}
	img := fmt.Sprintf(`<img src="/files/%d"`, files[0].ID)
	for _, role := range []string{"requester", "agent"} {
		b := w.visitor(role)
		b.must(b.get(address.Ticket(n)), 200, table, "10<sup>3</sup>", "<pre>a    b</pre>", "☑ fatto", img, "!spia.example", `!id="mittente"`, "!color:red")
		_, doc := w.caller(w.people[role]).call("GET", fmt.Sprintf("/tickets/%d", n), nil)
		first := doc["messages"].([]any)[0].(box)
		if first["format"] != "html" || first["body"] != m.Body || !strings.Contains(fmt.Sprint(first["html"]), table) || !strings.Contains(fmt.Sprint(first["html"]), img) {
			t.Errorf("the API says %v", first)
		}
		if got := b.get(fmt.Sprintf("/files/%d", files[0].ID)); got.status != 200 {
			t.Errorf("the %s's picture: %d", role, got.status)
		}
	}
	if got := w.visitor("stranger").get(fmt.Sprintf("/files/%d", files[0].ID)); got.status != 404 {
		t.Errorf("a stranger's picture: %d", got.status)
	}
	l, err := w.app.Mail.WriteLetter(&notice.Outgoing{Letter: &store.Letter{To: "x@example.it", MessageID: "x@desk.example"}, Person: w.people["agent"], Ticket: w.row(n), From: "csa@desk.example",
		Lines: []notice.OutgoingLine{{Telling: store.Telling{Event: event.Message, Message: m.ID, At: m.At}, Who: "Ada Neri", Text: m, Files: files, Ticket: n}}})
	must(t, err)
	if !strings.Contains(l.Text, m.Body) || !strings.Contains(l.HTML, "<td></td><td><s>1500</s></td>") || !strings.Contains(l.HTML, fmt.Sprintf(`<img src="cid:file-%d"`, files[0].ID)) {
		t.Errorf("the letter says %s\n%s", l.Text, l.HTML)
	}
	if len(l.Attachments) != 1 || l.Attachments[0].Inline != fmt.Sprintf("file-%d", files[0].ID) {
		t.Errorf("attached: %+v", l.Attachments)
	}
	// A picture that only stands in the quoted part is not attached again; one that is new is.
	again := func(html string, pic []byte) int {
		row := w.comes(letter{from: "Ada Neri <requester@example.it>", proven: true, subject: "Re: Tabella", answers: "tabella@x", html: html, picture: pic})
		if row.Ticket != n {
			t.Fatalf("%+v", row)
		}
		return len(w.view("requester", n).Files[row.Message])
	}
	quoted := `<p>Sì</p><blockquote type="cite"><p>vedi</p><img src="cid:foto"></blockquote>`
	if got := again(quoted, picture()); got != 0 {
		t.Errorf("quoted again: %d files", got)
	}
	if got := again(quoted, append(picture(), 0)); got != 1 {
		t.Errorf("quoted for the first time: %d files", got)
	}
	if got := again(`<p>Sì <img src="cid:foto"></p>`, picture()); got != 1 {
		t.Errorf("sent again: %d files", got)
	}
}

func TestWhatAnAgentPastesIsMarkdownAndWhatARequesterPastesIsText(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := w.asks("requester", "Prova").ID
	own := w.asks("agent", "Una mia richiesta").ID
	paste := url.Values{"html": {"<table><tr><td>a</td><td></td></tr><tr><td>1</td><td>2</td></tr></table>"}, "text": {"a\t\n1\t2"}}
	b := w.visitor("agent")
	b.must(b.get(address.Ticket(n)), 200, fmt.Sprintf(`data-paste="/preview?ticket=%d&amp;as=markdown"`, n))
	for _, c := range []struct {
		address, mode, want string
	}{
		{"/preview?as=markdown", "", `"\n| a |  |\n| --- | --- |\n| 1 | 2 |"`},
		{fmt.Sprintf("/preview?as=markdown&ticket=%d", n), "reply", `"\n| a |  |\n| --- | --- |\n| 1 | 2 |"`},
		{fmt.Sprintf("/preview?as=markdown&ticket=%d", own), "reply", `"a\t\n1\t2"`},
		{fmt.Sprintf("/preview?as=markdown&ticket=%d", own), "note", `"\n| a |  |\n| --- | --- |\n| 1 | 2 |"`},
	} {
		paste.Set("mode", c.mode)
		if got := b.post(c.address, paste); got.status != 200 || strings.TrimSpace(got.body) != c.want {
			t.Errorf("%s %s: %d %s", c.address, c.mode, got.status, got.body)
		}
	}
	s := w.visitor("stranger")
	s.must(s.post(fmt.Sprintf("/preview?as=markdown&ticket=%d", n), paste), 404)
	// A requester's fields are plain: what is pasted there is the text with its tabs.
	r := w.visitor("requester")
	r.must(r.get(address.Ticket(n)), 200, "!data-paste")
	r.must(r.get("/tickets/new"), 200, "!data-paste")
}

func TestATablePastedInABrowserKeepsItsCells(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := w.asks("requester", "Prova").ID
	b := chrome(t)
	b.enter(w, "agent")
	b.open(address.Ticket(n))
	var got string
	b.run(chromedp.Evaluate(`(() => { const e = document.querySelector('#body'), data = new DataTransfer();
		data.setData('text/html', '<table><tr><td>a</td><td></td></tr><tr><td>1</td><td><b>2</b></td></tr></table>'); data.setData('text/plain', 'a\t\n1\t2');
		e.value = 'Ecco: '; e.focus(); e.setSelectionRange(6, 6);
		e.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true })) })()`, nil),
		chromedp.Poll(`document.querySelector('#body').value.length > 6 && document.querySelector('#body').value`, &got))
	if got != "Ecco: \n| a |  |\n| --- | --- |\n| 1 | **2** |" {
		t.Errorf("the field holds %q", got)
	}
}

func TestAProgramSendsHTML(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	api := w.caller(w.people["requester"])
	got, doc := api.call("POST", "/tickets", box{"subject": "Prova", "format": "html", "body": `<p onclick=x>a<sup>2</sup></p><img src="/files/1"><table><tr><td>1</td><td></td></tr></table>`})
	if got.status != 201 {
		t.Fatal(got.body)
	}
	n := uint64(doc["number"].(float64))
	if m := w.last(n); m.Format != store.HTML || m.Body != "a^2\n\n1 |" || m.HTML != "<p>a<sup>2</sup></p> <table><tr><td>1</td><td></td></tr></table>" {
		t.Errorf("%s %q %q", m.Format, m.Body, m.HTML)
	}
	for _, empty := range []string{"<p></p>", "<script>x</script>", " "} {
		if got, _ := api.call("POST", fmt.Sprintf("/tickets/%d/messages", n), box{"body": empty, "format": "html"}); got.status != 422 {
			t.Errorf("%q: %d", empty, got.status)
		}
	}
}
