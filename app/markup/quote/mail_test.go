package quote

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"sportello/app/markup"
	"sportello/app/markup/hostile"
)

// answered is the header of a mail of Anna's that answers.
var answered = Header{Thread: Answer, Sender: "Anna Bianchi a@b.it"}

func TestFromMailText(t *testing.T) {
	for name, c := range map[string]struct{ in, own, rest string }{
		"text alone":                         {"Buongiorno,\nnon va.\n", "Buongiorno,\nnon va.", ""},
		"nothing":                            {" \n", "", ""},
		"a heading is none":                  {"# non va\n#12 va", "# non va\n#12 va", ""},
		"a number makes no list":             {"1. uno\n3) tre\n2024 è", "1. uno\n3) tre\n2024 è", ""},
		"a mark makes no list":               {"* uno\n- due\n+ tre", "* uno\n- due\n+ tre", ""},
		"signs are signs":                    {"a_b _c_ 2*3*4 `d` [e](f) <g> &amp; ~~h~~ | i", "a_b _c_ 2*3*4 `d` [e](f) <g> &amp; ~~h~~ | i", ""},
		"an address of a page stays":         {"vedi https://a.it/b_c_d?e=f&g=h qui", "vedi https://a.it/b_c_d?e=f&g=h qui", ""},
		"an indent is no code":               {"a\n\n      b\n\tc", "a\n\n      b\n\tc", ""},
		"what is quoted below is folded":     {"Sì\n\nIl giorno lun 3 mar 2025 alle 10:12 Anna <a@b.it> ha scritto:\n> # va?\n", "Sì", "Il giorno lun 3 mar 2025 alle 10:12 Anna <a@b.it> ha scritto:\n> # va?"},
		"an answer between quotes stays":     {"> va?\n\nSì\n", "> va?\n\nSì", ""},
		"Messaggio originale":                {"Sì\n-----Messaggio originale-----\nDa: Anna\nva?", "Sì", "-----Messaggio originale-----\nDa: Anna\nva?"},
		"Outlook's rule and head":            {"Sì\n________________________________\nDa: Anna\nInviato: lunedì\nA: b\nOggetto: c\n\nva?", "Sì", "________________________________\nDa: Anna\nInviato: lunedì\nA: b\nOggetto: c\n\nva?"},
		"a signature":                        {"Non va\n-- \nAnna Bianchi\nUfficio", "Non va", "-- \nAnna Bianchi\nUfficio"},
		"a signature and a quote":            {"Non va\n-- \nAnna\n\nOn Mon, 3 Mar 2025 at 10:12, B <b@c.it> wrote:\n> x", "Non va", "-- \nAnna\n\nOn Mon, 3 Mar 2025 at 10:12, B <b@c.it> wrote:\n> x"},
		"a signature alone stays":            {"-- \nAnna", "-- \nAnna", ""},
		"dashes with much below are a rule":  {"a\n--\n" + strings.Repeat("b\n", 40), "a\n--\n" + strings.TrimRight(strings.Repeat("b\n", 40), "\n"), ""},
		"Inviato da iPhone":                  {"Non va\n\nInviato da iPhone", "Non va", "Inviato da iPhone"},
		"Inviato dal mio":                    {"Non va\n\nInviato dal mio dispositivo Samsung", "Non va", "Inviato dal mio dispositivo Samsung"},
		"Ottieni Outlook":                    {"Non va\n\nOttieni Outlook per Android<https://aka.ms/x>", "Non va", "Ottieni Outlook per Android<https://aka.ms/x>"},
		"something sent is no signature":     {"Inviato da iPhone non va\n\nNon va", "Inviato da iPhone non va\n\nNon va", ""},
		"a disclaimer":                       {"Non va\n\nLe informazioni contenute nella presente sono riservate.", "Non va", "Le informazioni contenute nella presente sono riservate."},
		"a disclaimer with its rule":         {"Non va\n\n*****\nThis e-mail is confidential and intended for its addressee.", "Non va", "*****\nThis e-mail is confidential and intended for its addressee."},
		"a disclaimer alone is the message":  {"Avviso di riservatezza\nbla", "Avviso di riservatezza\nbla", ""},
		"a forward alone is the message":     {"---------- Forwarded message ---------\nDa: Anna <a@b.it>\n\nva?", "---------- Forwarded message ---------\nDa: Anna <a@b.it>\n\nva?", ""},
		"several levels of quotes are shown": {"a\n> b\n>> c\n> > d", "a", "> b\n>> c\n> > d"},
	} {
		t.Run(name, func(t *testing.T) {
			own, rest := Divide(c.in, "", answered)
			if own != (Passage{Text: c.own}) {
				t.Errorf("own is %q, want %q", own, c.own)
			}
			if rest != (Passage{Text: c.rest}) {
				t.Errorf("rest is %q, want %q", rest, c.rest)
			}
		})
	}
}

func TestFromMailHTML(t *testing.T) {
	for name, c := range map[string]struct{ in, own, rest string }{
		"a paragraph":                   {"<html><head><title>x</title><style>p{}</style></head><body><p>Ciao <b>Anna</b>,<br>non va.</p><p>B</p></body></html>", "Ciao Anna,\nnon va.\n\nB", ""},
		"lines of Gmail":                {`<div dir="ltr">uno<div>due</div><div><br></div><div>tre</div></div>`, "uno\ndue\n\ntre", ""},
		"signs are signs":               {"<p>1. uno<br># due<br>a_b *c* [d] &lt;e&gt; &amp;amp;</p>", "1. uno\n# due\na_b *c* [d] <e> &amp;", ""},
		"a list":                        {"<ul><li>a<ol start=3><li>b</li></ol></li><li>c</li></ul>", "- a\n  3. b\n- c", ""},
		"a link":                        {`<a href="https://a.it/b_(c)">qui</a>, <a href="https://a.it/b">https://a.it/b</a>, <a href="mailto:a@b.it">a@b.it</a>, <a href="javascript:x">y</a>`, "qui <https://a.it/b_(c)>, https://a.it/b, a@b.it, y", ""},
		"cells do not run together":     {"<table><tr><td>a</td><td></td><td>b</td></tr><tr><td>c</td><td>d</td></tr></table>", "a |  | b\nc | d", ""},
		"bold over lines":               {"<b>a<br>b</b> c", "a\nb c", ""},
		"bold next to letters":          {"<b>Da:</b>Anna x<b>(y)</b>z", "Da:Anna x(y)z", ""},
		"bold in a link in bold":        {`<b>a <a href="https://x.it">b</a> c</b> <a href="https://x.it"><b>d</b></a>`, "a b <https://x.it> c d <https://x.it>", ""},
		"preformatted":                  {"<pre>a\n      b\n# c</pre>", "a\n      b\n# c", ""},
		"a picture is its words":        {`a <img src="cid:x" alt="image001.png"><img src="http://t.it/x.gif" alt="Ateneo"> b`, "a Ateneo b", ""},
		"Gmail":                         {`<div dir="ltr">Sì</div><br><div class="gmail_quote"><div dir="ltr" class="gmail_attr">Il giorno lun 3 mar 2025 alle ore 10:12 Anna &lt;<a href="mailto:a@b.it">a@b.it</a>&gt; ha scritto:<br></div><blockquote class="gmail_quote" style="margin:0"><div>va?</div></blockquote></div>`, "Sì", "Il giorno lun 3 mar 2025 alle ore 10:12 Anna <a@b.it> ha scritto:\n\n> va?"},
		"Gmail, answers between quotes": {`<div class="gmail_quote"><div class="gmail_attr">Il 3 Anna ha scritto:</div><blockquote class="gmail_quote">a<br>b<br>c<br>d</blockquote><div>uno</div><blockquote class="gmail_quote">e</blockquote><div>due</div></div>`, "uno\n\n> e\n\ndue", "Il 3 Anna ha scritto:\n\n> a\n> b\n> c\n> d"},
		"Gmail, signature":              {`<div>Sì</div><div class="gmail_signature">Anna<br>Ufficio</div>`, "Sì", "Anna\nUfficio"},
		"Outlook on the web":            {`<div>Sì</div><div id="appendonsend"></div><hr><div id="divRplyFwdMsg"><b>Da:</b> Anna<br><b>Inviato:</b> ieri</div><div>va?</div>`, "Sì", "-----\n\nDa: Anna\nInviato: ieri\nva?"},
		"Outlook on a desk":             {`<div class=WordSection1><p class=MsoNormal>Sì<o:p></o:p></p><div style='border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm'><p class=MsoNormal><b>Da:</b> Anna<br><b>Inviato:</b> lunedì</p></div><p>va?</p></div>`, "Sì", "Da: Anna\nInviato: lunedì\n\nva?"},
		"Outlook quoted by Outlook":     {`<div>Sì</div><div class="x_gmail_quote">va?</div>`, "Sì", "va?"},
		"Outlook Express":               {`<p>Sì</p><div class="OutlookMessageHeader">Da: Anna</div><p>va?</p>`, "Sì", "Da: Anna\n\nva?"},
		"Yahoo":                         {`<div>Sì</div><div id="y" class="yahoo_quoted"><div>Il 3 Anna ha scritto:</div><div>va?</div></div>`, "Sì", "Il 3 Anna ha scritto:\nva?"},
		"Apple Mail":                    {`<div>Sì</div><div><br><blockquote type="cite"><div>Il giorno 3 mar 2025, alle ore 10:12, Anna &lt;a@b.it&gt; ha scritto:</div><br><div>va?</div></blockquote></div>`, "Sì", "> Il giorno 3 mar 2025, alle ore 10:12, Anna <a@b.it> ha scritto:\n>\n> va?"},
		"Apple Mail, words outside":     {`<div>Sì</div><br><div>Il giorno 3 mar 2025, alle ore 10:12, Anna ha scritto:</div><br><blockquote type="cite"><div>va?</div></blockquote>`, "Sì", "Il giorno 3 mar 2025, alle ore 10:12, Anna ha scritto:\n\n> va?"},
		"Thunderbird": {`<p>Sì</p><div class="moz-cite-prefix">Il 03/03/2025 10:12, Anna ha scritto:<br></div><blockquote type="cite" cite="mid:x">va?</blockquote><pre class="moz-signature" cols="72">-- 
Anna</pre>`, "Sì", "Il 03/03/2025 10:12, Anna ha scritto:\n\n> va?\n\n-- \nAnna"},
		"words of Outlook alone":       {`<p>Sì</p><p>-----Messaggio originale-----<br><b>Da:</b> Anna<br>va?</p>`, "Sì", "-----Messaggio originale-----\nDa: Anna\nva?"},
		"heads alone":                  {`<p>Sì</p><p><b>Da:</b> Anna<br><b>Inviato:</b> lunedì<br><b>A:</b> b<br><b>Oggetto:</b> c</p><p>va?</p>`, "Sì", "Da: Anna\nInviato: lunedì\nA: b\nOggetto: c\n\nva?"},
		"dashes above a signature":     {`<div>Sì</div><div>-- <br></div><div>Anna</div>`, "Sì", "--\nAnna"},
		"Inviato da iPhone":            {`<div>Sì<br><div><br>Inviato da iPhone</div></div>`, "Sì", "Inviato da iPhone"},
		"a forward alone":              {`<div dir="ltr"><br><div class="gmail_quote"><div class="gmail_attr">---------- Forwarded message ---------<br>Da: Anna</div>va?</div></div>`, "---------- Forwarded message ---------\nDa: Anna\nva?", ""},
		"a quote of one who writes so": {`<p>a</p><blockquote>b</blockquote><p>c</p>`, "a\n\n> b\n\nc", ""},
	} {
		t.Run(name, func(t *testing.T) {
			own, rest := Divide("", c.in, answered)
			if own.Text != c.own {
				t.Errorf("own is %q\nwant %q", own.Text, c.own)
			}
			if rest.Text != c.rest {
				t.Errorf("rest is %q\nwant %q", rest.Text, c.rest)
			}
		})
	}
	if own, _ := Divide("testo", "<p>&nbsp;</p><img src=x>", answered); own.Text != "testo" || own.HTML != "" {
		t.Errorf("HTML without words hides the text: %q", own)
	}
}

// words are what a reader sees, in any order and however it is put.
func words(s string) []string {
	list := regexp.MustCompile(`[\p{L}\p{N}]+`).FindAllString(s, -1)
	slices.Sort(list)
	return slices.Compact(list)
}

// shown is what the page shows of a passage, and must be fit for it.
func shown(t *testing.T, p Passage) string {
	t.Helper()
	out := string(markup.MessageText(p.Text))
	if p.HTML != "" {
		if err := hostile.Balanced(p.HTML); err != nil {
			t.Errorf("kept: %v: %q", err, p.HTML)
		}
		out = string(markup.MailHTML(p.HTML, markup.MailView{Picture: func(string) string { return "/files/1" }}))
	}
	hostile.Check(t, "message of a mail", p.Text+p.HTML, out)
	return out
}

func checkFromMail(t *testing.T, text, html string) {
	t.Helper()
	for of := Alone; of <= Forward; of++ {
		checkFromMailAs(t, text, html, Header{of, "Anna Bianchi"})
	}
}

func checkFromMailAs(t *testing.T, text, html string, h Header) {
	t.Helper()
	own, rest := Divide(text, html, h)
	if strings.TrimSpace(text) != "" && strings.TrimSpace(own.Text) == "" && words(text) != nil {
		t.Errorf("text %q leaves nothing", text)
	}
	seen := ""
	for _, p := range []Passage{own, rest} {
		seen += " " + markup.Text(shown(t, p)) + " " + p.Text
	}
	want := text
	if html != "" && markup.Text(markup.Clean(html)) != "" {
		want = markup.Text(strings.ReplaceAll(markup.Clean(html), "<img", "<x"))
	}
	have := map[string]bool{}
	for _, w := range words(seen) {
		have[w] = true
	}
	for _, w := range words(markup.Clean(want)) {
		if !have[w] && !strings.Contains(seen, w) {
			t.Errorf("the word %q of %q %q is lost: %q %q", w, text, html, own, rest)
			return
		}
	}
	if html == "" && strings.Join(words(own.Text+" "+rest.Text), " ") != strings.Join(words(markup.Clean(text)), " ") {
		t.Errorf("words of %q became %q %q", text, own, rest)
	}
}

func TestNothingOfHostileMailsIsLost(t *testing.T) {
	for name, s := range hostile.Texts(16 << 10) {
		t.Run(name, func(t *testing.T) {
			checkFromMail(t, s, "")
			own, rest := Divide("", s, answered)
			shown(t, own)
			shown(t, rest)
			hostile.Check(t, name, s, string(markup.MailHTML(s, markup.MailView{})))
		})
	}
	for name, s := range hostile.Texts(64 << 10) {
		own, rest := Divide("", s, answered)
		if n := len(own.Text) + len(rest.Text); n > 8*len(s) {
			t.Errorf("%s: %d bytes become %d of text", name, len(s), n)
		}
		if n := len(own.HTML) + len(rest.HTML); n > 8*len(s) {
			t.Errorf("%s: %d bytes become %d", name, len(s), n)
		}
	}
	// One that looks ahead at each of its elements would not end.
	Divide("", strings.Repeat(`<div class="gmail_quote">a`, markup.MaxHTML/26), answered)
}

func FuzzFromMail(f *testing.F) {
	f.Add(hostile.Mail, "")
	f.Add("a\n-- \nb", "<div>a<blockquote type=cite>b</blockquote><b>c</b></div>")
	f.Add("1. a\n\n\t# b\n> c\n>> d", `<table><td>a<td><ul><li><pre>b</pre></ul><a href="http://x.it/(y)"><i>c</i>d</a>`)
	f.Add("-----Messaggio originale-----\na", `<p>a</p><div id=divRplyFwdMsg>b</div>c<h1><b>d</b></h1>`)
	f.Add("", "0<<!>A0")
	for _, s := range hostile.Texts(200) {
		f.Add(s, s)
	}
	f.Fuzz(func(t *testing.T, text, html string) {
		checkFromMail(t, text, "")
		checkFromMail(t, "", html)
		hostile.Check(t, "what was pasted", html, string(markup.HTML(markup.MessageFmt, markup.FromPaste(html))))
		for _, o := range []markup.MailView{{}, {Remote: true}} {
			out := string(markup.MailHTML(html, o))
			if err := hostile.Balanced(out); err != nil {
				t.Error(err)
			}
			if !o.Remote && markup.HasRemote(out) {
				t.Errorf("something is loaded from elsewhere: %q", out)
			}
		}
	})
}

func BenchmarkFromMail(b *testing.B) {
	s := "<div>" + strings.Repeat("<p>Ciao <b>Anna</b>, la <i>stampa</i> del registro non va.<br>Grazie</p>", 60) + "</div><div class=gmail_quote><blockquote class=gmail_quote>" + strings.Repeat("<p>x</p>", 20) + "</blockquote></div>"
	b.SetBytes(int64(len(s)))
	for b.Loop() {
		Divide("", s, answered)
	}
}
