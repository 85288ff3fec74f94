package quote

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"sportello/app/markup"
)

// divided is a mail and what of it is its sender's: the words in shown, in
// order, and nothing of old.
type divided struct {
	kind   string
	name   string
	thread Thread
	text   string
	html   string
	own    string // what is shown
}

const said = "Il giorno lun 3 mar 2025 alle ore 10:12 Carlo Verdi <c.verdi@ateneo.example> ha scritto:\n"

// heads are the lines that begin a quotation, as programs in many languages
// write them.
var heads = []struct{ name, text string }{
	{"Gmail, Italian", "Il giorno lun 3 mar 2025 alle ore 10:12 Carlo Verdi <c.verdi@ateneo.example> ha scritto:"},
	{"Gmail, Italian, in the hand", "Il lun 3 mar 2025, 10:12 Carlo Verdi <c.verdi@ateneo.example> ha scritto:"},
	{"Gmail, wrapped", "Il giorno lun 3 mar 2025 alle ore 10:12 Carlo Verdi <c.verdi@ateneo.example>\nha scritto:"},
	{"Gmail, wrapped twice", "Il giorno lunedì 3 marzo 2025 alle ore 10:12 Carlo Verdi\n<c.verdi.dipartimento.di.fisica@ateneo.example> ha\nscritto:"},
	{"Apple, Italian", "Il giorno 3 mar 2025, alle ore 10:12, Carlo Verdi <c.verdi@ateneo.example> ha scritto:"},
	{"Thunderbird, Italian", "Il 03/03/2025 10:12, Carlo Verdi ha scritto:"},
	{"a name with small words", "Il giorno lun 3 mar 2025 alle ore 10:12 'Mario Rossi' via Assistenza per i docenti che insegnano <c.verdi@ateneo.example> ha scritto:"},
	{"Roundcube, Italian", "Il 2025-03-03 10:12 Carlo Verdi ha scritto:"},
	{"KMail, Italian", "In data lunedì 3 marzo 2025 10:12:33 CET, Carlo Verdi ha scritto:"},
	{"Yahoo, Italian", "Il lunedì 3 marzo 2025 alle ore 10:12:33 CET, Carlo Verdi <c.verdi@ateneo.example> ha scritto:"},
	{"a name and an address", "Carlo Verdi <c.verdi@ateneo.example> ha scritto:"},
	{"a name and an address, wrapped", "Carlo Verdi <c.verdi@ateneo.example> ha\nscritto:"},
	{"Horde, Italian", "Def. Quota Carlo Verdi <c.verdi@ateneo.example>:"},
	{"Horde, English", "Quoting Carlo Verdi <c.verdi@ateneo.example>:"},
	{"Horde, German", "Zitat von Carlo Verdi <c.verdi@ateneo.example>:"},
	{"Zoho", "---- On Mon, 03 Mar 2025 10:12:33 +0100 Carlo Verdi <c.verdi@ateneo.example> wrote ----"},
	{"Zoho, Italian", "---- Il lun, 03 mar 2025 10:12:33 +0100 Carlo Verdi <c.verdi@ateneo.example> ha scritto ----"},
	{"old Gmail", "2013/8/14 Carlo Verdi <c.verdi@ateneo.example>"},
	{"old Gmail, with a time", "2014-10-17 11:28 GMT+03:00 Carlo Verdi <c.verdi@ateneo.example>:"},
	{"Gmail, English", "On Mon, Mar 3, 2025 at 10:12 AM Carlo Verdi <c.verdi@ateneo.example> wrote:"},
	{"Gmail, English, wrapped", "On Mon, Mar 3, 2025 at 10:12 AM Carlo Verdi <c.verdi@ateneo.example>\nwrote:"},
	{"Thunderbird, English", "On 3/3/25 10:12, Carlo Verdi wrote:"},
	{"Yahoo, English", "On Monday, March 3, 2025 at 10:12:33 AM GMT+1, Carlo Verdi <c.verdi@ateneo.example> wrote:"},
	{"Gmail, French", "Le lun. 3 mars 2025 à 10:12, Carlo Verdi <c.verdi@ateneo.example> a écrit :"},
	{"Thunderbird, French", "Le 03/03/2025 à 10:12, Carlo Verdi a écrit :"},
	{"Gmail, German", "Am Mo., 3. März 2025 um 10:12 Uhr schrieb Carlo Verdi <c.verdi@ateneo.example>:"},
	{"Gmail, German, in the hand", "Carlo Verdi <c.verdi@ateneo.example> schrieb am Mo., 3. März 2025, 10:12:"},
	{"Thunderbird, German", "Am 03.03.25 um 10:12 schrieb Carlo Verdi:"},
	{"Gmail, Spanish", "El lun, 3 mar 2025 a las 10:12, Carlo Verdi (<c.verdi@ateneo.example>) escribió:"},
	{"Gmail, Portuguese", "Em seg., 3 de mar. de 2025 às 10:12, Carlo Verdi <c.verdi@ateneo.example> escreveu:"},
	{"Gmail, Dutch", "Op ma 3 mrt 2025 om 10:12 schreef Carlo Verdi <c.verdi@ateneo.example>:"},
	{"Thunderbird, Dutch", "Op 3-3-2025 om 10:12 schreef Carlo Verdi:"},
	{"Gmail, Polish", "pon., 3 mar 2025 o 10:12 Carlo Verdi <c.verdi@ateneo.example> napisał(a):"},
	{"Thunderbird, Polish", "W dniu 3.03.2025 o 10:12, Carlo Verdi pisze:"},
	{"Gmail, Russian", "пн, 3 мар. 2025 г. в 10:12, Carlo Verdi <c.verdi@ateneo.example>:"},
	{"Thunderbird, Russian", "03.03.2025 10:12, Карло Верди пишет:"},
	{"Gmail, Ukrainian", "пн, 3 бер. 2025 р. о 10:12 Carlo Verdi <c.verdi@ateneo.example> пише:"},
	{"Gmail, Swedish", "Den mån 3 mars 2025 kl 10:12 skrev Carlo Verdi <c.verdi@ateneo.example>:"},
	{"Gmail, Danish", "Den man. 3. mar. 2025 kl. 10.12 skrev Carlo Verdi <c.verdi@ateneo.example>:"},
	{"Gmail, Norwegian", "man. 3. mar. 2025 kl. 10:12 skrev Carlo Verdi <c.verdi@ateneo.example>:"},
	{"Gmail, Finnish", "ma 3. maalisk. 2025 klo 10.12 Carlo Verdi (c.verdi@ateneo.example) kirjoitti:"},
	{"Thunderbird, Finnish", "Carlo Verdi kirjoitti 3.3.2025 klo 10.12:"},
}

const (
	passedText = "Buongiorno, il badge non apre.\nMario Rossi\nInterno 4455"
	passedHTML = "<p>Buongiorno, il badge non apre.</p><p>Mario Rossi<br>Interno 4455</p>"
)

// forwards are the lines that stand above what is passed on.
var forwards = []struct{ name, text, html string }{
	{"Gmail", "---------- Forwarded message ---------\nDa: Mario Rossi <mario@esterno.example>\nDate: lun 3 mar 2025 alle ore 10:12\nSubject: Badge\nTo: <anna@ateneo.example>\n\n",
		`<br><div class="gmail_quote"><div dir="ltr" class="gmail_attr">---------- Forwarded message ---------<br>Da: <strong>Mario Rossi</strong> <span>&lt;<a href="mailto:mario@esterno.example">mario@esterno.example</a>&gt;</span><br>Date: lun 3 mar 2025<br></div><br>` + passedHTML + `</div>`},
	{"Thunderbird", "-------- Messaggio Inoltrato --------\nOggetto: Badge\nData: Mon, 3 Mar 2025 10:12:00 +0100\nMittente: Mario Rossi <mario@esterno.example>\nA: anna@ateneo.example\n\n",
		`<div class="moz-forward-container"><br><br>-------- Messaggio Inoltrato --------<table class="moz-email-headers-table"><tr><th>Oggetto: </th><td>Badge</td></tr><tr><th>Data: </th><td>Mon, 3 Mar 2025 10:12:00 +0100</td></tr><tr><th>Mittente: </th><td>Mario Rossi <a href="mailto:mario@esterno.example">&lt;mario@esterno.example&gt;</a></td></tr></table><br>` + passedHTML + `</div>`},
	{"Apple", "Inizio messaggio inoltrato:\n\nDa: Mario Rossi <mario@esterno.example>\nOggetto: Badge\nData: 3 marzo 2025 10:12:00 CET\nA: anna@ateneo.example\n\n",
		`<br><blockquote type="cite"><div>Inizio messaggio inoltrato:</div><br><div><b>Da: </b>Mario Rossi &lt;<a href="mailto:mario@esterno.example">mario@esterno.example</a>&gt;<br></div><div><b>Data: </b>3 marzo 2025<br></div><br>` + passedHTML + `</blockquote>`},
	{"Apple, English", "Begin forwarded message:\n\n> From: Mario Rossi <mario@esterno.example>\n> Subject: Badge\n> Date: March 3, 2025\n\n",
		`<div><blockquote type="cite"><div>Begin forwarded message:</div><div><b>From: </b>Mario Rossi &lt;mario@esterno.example&gt;</div>` + passedHTML + `</blockquote></div>`},
	{"Outlook", "Da: Mario Rossi <mario@esterno.example>\nInviato: lunedì 3 marzo 2025 10:12\nA: Anna <anna@ateneo.example>\nOggetto: Badge\n\n",
		`<div style='border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm'><p class=MsoNormal><b>Da:</b> Mario Rossi &lt;mario@esterno.example&gt;<br><b>Inviato:</b> lunedì 3 marzo 2025 10:12<br><b>A:</b> Anna<br><b>Oggetto:</b> Badge</p></div>` + passedHTML},
	{"Outlook on the web", "________________________________\nDa: Mario Rossi <mario@esterno.example>\nInviato: lunedì 3 marzo 2025 10:12\nA: Anna\nOggetto: Badge\n\n",
		`<div id="appendonsend"></div><hr><div id="divRplyFwdMsg" dir="ltr"><b>Da:</b> Mario Rossi &lt;mario@esterno.example&gt;<br><b>Inviato:</b> lunedì 3 marzo 2025 10:12<br><b>A:</b> Anna<br><b>Oggetto:</b> Badge</div>` + passedHTML},
	{"Outlook of old", "-----Messaggio originale-----\nDa: Mario Rossi [mailto:mario@esterno.example]\nInviato: lunedì 3 marzo 2025 10:12\nA: Anna\nOggetto: Badge\n\n",
		`<p>-----Messaggio originale-----<br>Da: Mario Rossi [mailto:mario@esterno.example]<br>Inviato: lunedì<br>A: Anna<br>Oggetto: Badge</p>` + passedHTML},
	{"Yahoo", "----- Messaggio inoltrato -----\nDa: Mario Rossi <mario@esterno.example>\nA: Anna\nInviato: lunedì 3 marzo 2025\nOggetto: Badge\n\n",
		`<div id="yiv" class="yahoo_quoted"><div>----- Messaggio inoltrato -----</div><div><b>Da:</b> Mario Rossi &lt;mario@esterno.example&gt;</div>` + passedHTML + `</div>`},
	{"Proton", "------- Forwarded Message -------\nFrom: Mario Rossi <mario@esterno.example>\nDate: On Monday, March 3rd, 2025 at 10:12\nSubject: Badge\nTo: anna@ateneo.example\n\n",
		`<div class="protonmail_quote">------- Forwarded Message -------<br>From: Mario Rossi &lt;mario@esterno.example&gt;<br>Date: On Monday<br><br>` + passedHTML + `</div>`},
	{"German", "-------- Weitergeleitete Nachricht --------\nBetreff: Badge\nDatum: Mon, 3 Mar 2025\nVon: Mario Rossi <mario@esterno.example>\nAn: anna\n\n", ""},
	{"French", "---------- Message transféré ---------\nDe : Mario Rossi <mario@esterno.example>\nDate : lun. 3 mars 2025\nObjet : Badge\n\n", ""},
	{"Notes", "----- Inoltrato da Anna/ATENEO il 03/03/2025 10:12 -----\n\nDa: Mario Rossi <mario@esterno.example>\nData: 03/03/2025 09:00\nOggetto: Badge\n\n", ""},
}

// cases are mails of each kind in text and, where it has one, in HTML.
func cases() []divided {
	var out []divided
	text := func(kind, name string, of Thread, in, own string) {
		out = append(out, divided{kind: kind, name: name, thread: of, text: in, own: own})
	}
	page := func(kind, name string, of Thread, in, own string) {
		out = append(out, divided{kind: kind, name: name, thread: of, html: in, own: own})
	}
	for _, h := range heads {
		text("heads", h.name, Alone, "Adesso funziona.\n\n"+h.text+"\n> vecchia riga\n> altra vecchia\n", "Adesso funziona.")
		text("heads", h.name+", above an answer below", Alone, h.text+"\n> vecchia riga\n> altra\n> terza\n> quarta\n\nAdesso funziona.\n", "Adesso funziona.")
		page("heads", h.name+", in HTML", Answer, "<div>Adesso funziona.</div><div>"+strings.ReplaceAll(strings.NewReplacer("<", "&lt;", ">", "&gt;").Replace(h.text), "\n", "<br>")+"</div><blockquote type=\"cite\">vecchia riga<br>altra</blockquote>", "Adesso funziona.")
	}
	for _, f := range forwards {
		of := []Thread{Forward, Alone}
		for _, th := range of {
			text("forwards", f.name, th, "Vi inoltro per competenza.\n\n"+f.text+passedText, "Vi inoltro per competenza.\n\n"+f.text+passedText)
			text("forwards", f.name+", alone", th, f.text+passedText, f.text+passedText)
			text("forwards", f.name+", below a signature", th, "Vi inoltro per competenza.\n-- \nAnna Bianchi\n\n"+f.text+passedText, "Vi inoltro per competenza.\n\n"+f.text+passedText)
			if f.html != "" {
				page("forwards", f.name+", in HTML", th, "<div>Vi inoltro per competenza.</div>"+f.html, "Vi inoltro per competenza. "+markup.Text(f.html))
				page("forwards", f.name+", in HTML, below a signature", th, `<div>Vi inoltro per competenza.</div><div class="gmail_signature">Anna Bianchi</div>`+f.html, "Vi inoltro per competenza. "+markup.Text(f.html))
			}
		}
	}
	// The same heads in an answer are what is answered, if they can be.
	for _, i := range []int{4, 5, 6} {
		text("answers", forwards[i].name, Answer, "Grazie, a posto.\n\n"+forwards[i].text+"vecchio", "Grazie, a posto.")
		page("answers", forwards[i].name+", in HTML", Answer, "<p>Grazie, a posto.</p>"+forwards[i].html, "Grazie, a posto.")
	}
	for _, i := range []int{0, 1, 2, 7, 8} {
		text("answers", "a forward in an answer: "+forwards[i].name, Answer, "Ecco quello che mi scrivono.\n\n"+forwards[i].text+passedText, "Ecco quello che mi scrivono.\n\n"+forwards[i].text+passedText)
	}
	for name, body := range map[string]string{
		"dashes between two points":                        "Primo punto: la rete cade.\n--\nSecondo punto: la stampante è ferma.",
		"dashes with a space":                              "Primo punto: la rete cade.\n-- \nSecondo punto: la stampante è ferma.",
		"dashes between short lines":                       "Aula A\n--\nAula B\nAula C",
		"dashes above a thing":                             "Elenco:\n--\nStampante HP",
		"dashes above a question":                          "La rete cade.\n--\nChi viene?",
		"dashes above running text":                        "Il badge è rotto.\n--\nInoltre non riesco a entrare\nnel portale della segreteria",
		"dashes above thanks":                              "Non va.\n--\nGrazie",
		"dashes in a log":                                  "Il log dice:\n--\nerror 404\n--\nerror 500",
		"dashes above a name of the sender, and more text": "Non va.\n--\nHo chiesto ad Anna e non sa.",
		"a rule of five":                                   "Primo.\n-----\nSecondo.",
		"a rule of underscores":                            "Primo.\n_____\nSecondo.",
		"a pasted prompt":                                  "Il comando dà questo:\n> select * from utenti;\n> ORA-00942: table or view does not exist",
		"a pasted prompt without a colon":                  "Ecco l'errore\n\n> select * from utenti;\n> ORA-00942: table or view does not exist",
		"a pasted prompt, and words":                       "Ecco l'errore\n> avvio\n> lettura\n> scrittura\n> fermo\n\nPotete guardare?",
		"pasted XML":                                       "Il file è questo\n<utente\n  nome=\"a\"\n>\n  <ruolo/>\n</utente>",
		"a menu path":                                      "Seguo\n> Impostazioni\n> Rete\n> Proxy",
		"signs that compare":                               "Soglie superate:\n> 3000 al giorno\n> 20 all'ora",
		"who says that somebody wrote":                     "Il collega ha scritto:\n\nnon va la stampante",
		"a system wrote":                                   "Il giorno 3 marzo 2025 alle 10:12 il sistema ha scritto:\n\nErrore 500 alla riga 12",
		"a system wrote, quoted by hand":                   "Il server alle 10:12 ha scritto:\n> errore disco\n> fermo",
		"a date that begins a sentence":                    "Il 3 marzo 2025 ho scritto:\nnon va, e ancora niente",
		"a line that begins with Da":                       "Da: Padova\nA: Rovigo\nQuando: domani",
		"a sentence that begins as a telephone":            "Salve\nInviato dal mio cellulare perché il PC non parte",
		"a document that contains":                         "Buongiorno\nQuesto documento contiene dati sbagliati, potete correggerlo?",
		"a request about privacy":                          "Buongiorno,\nAi sensi del GDPR chiedo la cancellazione dei miei dati.",
		"an informative that is missing":                   "Salve\nInformativa privacy del portale: manca la versione inglese.",
		"this message is an error":                         "Salve\nQuesto messaggio contiene un errore riservato agli amministratori\ne non riesco ad andare avanti",
	} {
		for _, of := range []Thread{Alone, Forward} {
			text("no end", name, of, body, body)
		}
		page("no end", name+", in HTML", Alone, "<div>"+strings.ReplaceAll(strings.NewReplacer("<", "&lt;", ">", "&gt;").Replace(body), "\n", "<br>")+"</div>", body)
	}
	for _, ps := range []string{"P.S. la stampante è la 12", "PS: manca anche il toner", "N.B. solo al mattino", "Post scriptum: grazie mille davvero", "Dimenticavo anche la porta", "Ah, e lo scanner è spento"} {
		text("below a signature", ps, Alone, "Non stampa.\n-- \nAnna Bianchi\nUfficio tecnico\n\n"+ps, "Non stampa.\n\n"+ps)
		text("below a signature", ps+", near", Alone, "Non stampa.\n-- \nAnna Bianchi\ntel. 049 8271234\n"+ps, "Non stampa.\n\n"+ps)
		text("below a signature", ps+", below a disclaimer", Answer, "Non stampa.\n\nAvviso di riservatezza: le informazioni contenute sono riservate ai destinatari.\n\n"+ps, "Non stampa.\n\n"+ps)
		page("below a signature", ps+", in HTML", Answer, "<div>Non stampa.</div><div>-- <br></div><div>Anna Bianchi</div><div><br></div><div>"+ps+"</div>", "Non stampa.\n"+ps)
		page("below a signature", ps+", below one of Gmail", Answer, `<div>Non stampa.</div><div class="gmail_signature">Anna Bianchi</div><div>`+ps+`</div>`, "Non stampa.\n"+ps)
		text("below a signature", ps+", above what is quoted", Answer, "Non stampa.\n-- \nAnna Bianchi\n\n"+ps+"\n\n"+said+"> vecchio", "Non stampa.\n\n"+ps)
	}
	text("below a signature", "words below what a telephone signs", Alone, "Non va\n\nInviato da iPhone\n\nDimenticavo: anche la 13", "Non va\n\nDimenticavo: anche la 13")
	text("signatures", "the mark", Alone, "Non stampa.\n-- \nAnna Bianchi\nUfficio tecnico\nTel. 049 827 1234\nanna@ateneo.example", "Non stampa.")
	text("signatures", "without the space", Alone, "Non stampa.\n--\nAnna Bianchi\nUfficio tecnico", "Non stampa.")
	text("signatures", "with an address of the web", Alone, "Non stampa.\n--\nSegreteria studenti\nwww.ateneo.example", "Non stampa.")
	text("signatures", "of two paragraphs", Alone, "Non stampa.\n-- \nAnna Bianchi\nUfficio tecnico\n\nAteneo di Prova\nVia Roma 12, 35100 Padova\ntel +39 049 8271234", "Non stampa.")
	text("signatures", "a telephone", Alone, "Non stampa.\n\nInviato da iPhone", "Non stampa.")
	text("signatures", "a disclaimer", Alone, "Non stampa.\n\nAvviso di riservatezza: le informazioni contenute in questo messaggio sono riservate ai destinatari.", "Non stampa.")
	text("within", "one answer", Answer, said+"> uno\n\nSì.\n\n> due\n\nNo.\n", "Sì. > due No.")
	text("within", "answers without blank lines", Answer, said+"> uno\nSì.\n> due\nNo.\n> tre", "Sì. > due No.")
	text("within", "an answer that shows an error", Answer, said+"> che errore?\n\nQuesto:\n> ORA-1\n> ORA-2\n> ORA-3\n> ORA-4\nGrazie", "Questo: ORA-1 ORA-2 ORA-3 ORA-4 Grazie")
	text("within", "answers in what is not marked", Answer, "Rispondo sotto.\n\n"+said+"\nvecchio\nSì, nuovo", "Rispondo sotto. "+said+"vecchio Sì, nuovo")
	page("within", "answers in red", Answer, `<div>Le mie risposte sono in rosso.</div><div id="divRplyFwdMsg"><b>Da:</b> Carlo<br><b>Inviato:</b> ieri</div><p>vecchio</p><p style="color:red">nuovo</p>`, "Le mie risposte sono in rosso. Da: Carlo Inviato: ieri vecchio nuovo")
	page("within", "answers between quotes", Answer, `<div>Salve</div><blockquote type="cite">uno<br>due<br>tre<br>quattro</blockquote><div>Sì.</div><blockquote type="cite">cinque</blockquote><div>No.</div>`, "Salve Sì. > cinque No.")
	page("within", "a quote of the sender's, in a mail that answers nothing", Alone, `<p>Il manuale dice</p><blockquote type="cite">Premere due volte</blockquote>`, "Il manuale dice Premere due volte")
	return out
}

// exact tells whether what is shown says these words, and no others.
func exact(shown, own string) bool {
	return strings.Join(inOrder(shown), " ") == strings.Join(inOrder(own), " ")
}

func inOrder(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(" \n\t>|<*_-.,?:;\u00a0", r) })
}

// missing returns the first word of own that is not shown in its order.
func missing(shown, own string) string {
	have := inOrder(shown)
	for _, w := range inOrder(own) {
		i := slices.Index(have, w)
		if i < 0 {
			return w
		}
		have = have[i+1:]
	}
	return ""
}

// TestNoNewWordIsHidden: no new word of any mail is hidden. Three of four are divided exactly.
func TestNoNewWordIsHidden(t *testing.T) {
	right, all := map[string]int{}, map[string]int{}
	for _, c := range cases() {
		own, rest := Divide(c.text, c.html, Header{Thread: c.thread, Sender: "Anna Bianchi"})
		all[c.kind]++
		if w := missing(own.Text, c.own); w != "" {
			t.Errorf("%s: %s (%d): %q is hidden: shown %q, folded %q", c.kind, c.name, c.thread, w, own.Text, rest.Text)
			continue
		}
		if exact(own.Text, c.own) {
			right[c.kind]++
		} else {
			t.Logf("%s: %s (%d): more is shown: %q, want %q", c.kind, c.name, c.thread, own.Text, c.own)
		}
	}
	for kind, n := range all {
		t.Logf("%s: %d of %d are exact", kind, right[kind], n)
		if right[kind]*4 < n*3 {
			t.Errorf("%s: only %d of %d are exact", kind, right[kind], n)
		}
	}
}

// TestNoNewWordIsHiddenBetweenQuotations: whatever new words stand between quotations, forwards, signatures and
// disclaimers, all of them are shown, in their order.
func TestNoNewWordIsHiddenBetweenQuotations(t *testing.T) {
	rnd := rand.New(rand.NewPCG(11, 4))
	pick := func(list ...string) string { return list[rnd.IntN(len(list))] }
	for range 1500 {
		var lines, fresh []string
		n := 0
		word := func() string {
			n++
			w := pick("stampa", "rete", "badge", "aula", "codice", "Portale", "ESSE", "modulo") + strconv.Itoa(n)
			fresh = append(fresh, w)
			return w
		}
		write := func() {
			for range 1 + rnd.IntN(3) {
				switch rnd.IntN(9) {
				case 0:
					lines = append(lines, pick("--", "-----", "***", "_____", "Il 3 marzo 2025 alle 10:12"), word()+" non va e "+word())
				case 1:
					lines = append(lines, pick("Ecco l'errore:", "On error:", "Il log alle 10:12:"), "> "+word(), "> "+word(), "")
				case 2:
					lines = append(lines, pick("Da: ", "A: ", "Data: ", "Oggetto: ")+word())
				case 3:
					lines = append(lines, pick("P.S. ", "PS: ", "N.B. ", "Inviato il modulo ", "Questo messaggio contiene ", "Ai sensi del GDPR chiedo ", "Il collega ha scritto ")+word()+".", "")
				case 4:
					lines = append(lines, pick("Grazie", "Il giorno", "Inviato da")+" "+word()+", come dicevo", "")
				default:
					lines = append(lines, word()+" "+pick("non va", "si è fermato", "doesn't work", "è come prima")+" "+word()+pick(".", "", "?", " perché"), pick("", "ancora ")+word())
				}
			}
		}
		write()
		passed := false
		for range rnd.IntN(5) {
			h := heads[rnd.IntN(len(heads))].text
			switch rnd.IntN(5) {
			case 0, 1:
				lines = append(lines, pick("", "\n"))
				lines = append(lines, strings.Split(h, "\n")...)
				lines = append(lines, pick("> vecchio", "\n> vecchio", ">\n> vecchio"))
				for range rnd.IntN(6) {
					lines = append(lines, pick("> vecchio ancora", ">> più vecchio", ">"))
				}
				lines = append(lines, "")
			case 2:
				lines = append(lines, "", pick("-- ", "--"), "Anna Bianchi", "tel. 049 8271234", "")
			case 3:
				lines = append(lines, "", pick("Inviato da iPhone", "Avviso di riservatezza: le informazioni contenute in questo messaggio sono riservate ai destinatari."), "")
			case 4:
				if !passed && rnd.IntN(2) == 0 {
					lines = append(lines, "", pick("---------- Forwarded message ---------", "-------- Messaggio Inoltrato --------", "Inizio messaggio inoltrato:"), "Da: Mario <m@x.example>", "Data: ieri", "Oggetto: badge", "")
					passed = true
				}
			}
			write()
		}
		of := Thread(rnd.IntN(3))
		text := strings.Join(lines, "\n")
		if rnd.IntN(3) == 0 && !passed { // what has no marks reaches to the end
			text += pick("\n\n"+said+"\nvecchio\n", "\n\n-----Messaggio originale-----\nDa: Carlo\nInviato: ieri\nA: Anna\n\nvecchio", "\n\n"+said+"> vecchio\n>> di più")
		}
		page := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(text)
		page = "<div>" + strings.ReplaceAll(page, "\n", pick("<br>", "</div><div>")) + "</div>"
		for name, own := range map[string]string{"text": ownText(text, "", of), "HTML": ownText("", page, of)} {
			if w := missing(own, strings.Join(fresh, " ")); w != "" {
				i := strings.Index(own, w)
				t.Fatalf("%s (%d): %q is hidden (%d) in\n%s\n--- shown:\n%s", name, of, w, i, text, own)
			}
		}
	}
}

func ownText(text, html string, of Thread) string {
	own, _ := Divide(text, html, Header{of, "Anna Bianchi"})
	return own.Text
}

// TestTheInnerSenderIsReadFromWhatIsShown: of each mail that is passed on, the address and name of its sender are
// read from what is shown; of others none.
func TestTheInnerSenderIsReadFromWhatIsShown(t *testing.T) {
	for _, f := range forwards {
		for name, html := range map[string]string{"text": "", "HTML": f.html} {
			if name == "HTML" && html == "" {
				continue
			}
			own, _ := Divide("Vi inoltro.\n\n"+f.text+passedText, html, Header{Thread: Forward, Sender: "Anna"})
			in, ok := Forwarded(own.Text)
			if !ok || in.Email != "mario@esterno.example" || in.Name != "Mario Rossi" {
				t.Errorf("%s, %s: %+v, %v of %q", f.name, name, in, ok, own.Text)
			}
		}
	}
	for _, s := range []string{"", "Da: Mario <m@x.example>", "Scrivete a mario@esterno.example", "---------- Forwarded message ---------\n\nmario@esterno.example", "---------- Forwarded message ---------\nDa: \nmario", said + "> Da: Mario <m@x.example>"} {
		if in, ok := Forwarded(s); ok {
			t.Errorf("%q: %+v", s, in)
		}
	}
}

// TestManyEndsAreReadInOnePass: what is looked for at each line is found in one pass, however many lines look like
// an end.
func TestManyEndsAreReadInOnePass(t *testing.T) {
	for _, line := range map[string]string{
		"attributions": "On 3/3/2025 at 10:12, Anna Bianchi wrote:\nx\n", "dates and addresses": "2013/8/14 Anna <a@b.example>\n", "heads": "Da: a@b.example\nInviato: 10:12\nx\n",
		"signs": "> a\nb\n", "dashes": "--\nAnna\n", "disclaimers": "Questo messaggio e gli allegati contengono informazioni, e altro ancora\n", "wrapped": "Il giorno 3 marzo 2025 Anna\n", "forwards": "x\n\n> Begin forwarded message:\n",
	} {
		text := strings.Repeat(line, (64<<10)/len(line))
		for of := Alone; of <= Forward; of++ {
			Divide(text, "", Header{of, "Anna"})
			Divide("", "<div>a</div>"+strings.Repeat(`<blockquote type="cite">x</blockquote><div>`+strings.TrimSpace(line)+`</div>`, (32<<10)/(50+len(line))), Header{of, "Anna"})
		}
		Forwarded(text)
	}
}
