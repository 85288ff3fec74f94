package desk

import (
	"strings"
	"testing"
	"unicode/utf8"

	"sportello/app/desk/notice"
	"sportello/app/desk/ticket"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/event"
	"sportello/store/fault"
	"sportello/store/key"
)

func TestOnlyANameIsGreeted(t *testing.T) {
	for name, want := range map[string]string{
		"Anna Rossi": "Anna Rossi", "  Anna   Rossi ": "Anna Rossi", `"Anna Rossi"`: "Anna Rossi", "'Anna Rossi'": "Anna Rossi", "«Anna Rossi»": "Anna Rossi", "ROSSI ANNA": "ROSSI ANNA", "anna rossi": "anna rossi",
		"Anna": "Anna", "Nicolò D'Angelo": "Nicolò D'Angelo", "Maria-Grazia De’ Medici": "Maria-Grazia De’ Medici", "J. R. R. Tolkien": "J. R. R. Tolkien", "prof. Anna Rossi": "prof. Anna Rossi",
		"Rossi, Anna": "Anna Rossi", "De Luca, Maria Pia": "Maria Pia De Luca", "Anna Rossi (Dip. Fisica)": "Anna Rossi", "Anna Rossi [UniBo]": "Anna Rossi", "Anna Rossi (via Documenti)": "Anna Rossi",
		"Ufficio Protocollo": "Ufficio Protocollo", "Łukasz Żółć": "Łukasz Żółć", "Анна Росси": "Анна Росси", "安娜 罗西": "安娜 罗西", "Zoë O'Neill": "Zoë O'Neill",

		"": "", "a": "", "anna.rossi@ateneo.example": "", "annar": "", "ANNAR": "", "mrossi2": "", "m.rossi": "", "Anna <anna@x.example>": "", "Anna Rossi, PhD": "", "Rossi Srl, Ufficio acquisti": "",
		"Scanner Ufficio 3": "", "Stampante Piano Due": "", "No Reply": "", "no-reply": "", "Mailer Daemon": "", "Non rispondere": "", "Notifiche Titulus": "", "Posta Certificata": "", "Per conto di anna": "", "Anna Rossi via Lista": "",
		"System Administrator": "", "Newsletter di Ateneo": "", "Backup Server": "", "+39 051 123456": "", "12345": "", "€": "", "😀": "", "Anna 😀 Rossi": "",
		// Texts that are not names.
		"http://male.example": "", "www.male.example": "", "male.example": "", "Vinci su male.example": "", "Anna http://male.example/x": "", "male。example": "", "Anna Rossi!": "", "Anna Rossi: premi qui": "", "Hai vinto 500": "",
		"<b>Anna</b>": "", "<script>x</script>": "", "Anna\r\nBcc: x": "", "Anna\nRossi": "Anna Rossi", "Anna\u202eRossi": "AnnaRossi", "An\u200bna Rossi": "Anna Rossi", "{subject}": "", "{greeting} Anna": "", "Anna {link}": "", "Anna [qui](x)": "",
		strings.Repeat("Anna ", 10): "", strings.Repeat("a", 61): "", "Hai vinto un premio molto grande corri subito": "",
	} {
		p := &store.Person{Name: name, Email: "annar@ateneo.example"}
		if got := notice.Greeted(p); got != want {
			t.Errorf("%q is greeted as %q, want %q", name, got, want)
		}
		if got := notice.ShownName(p); strings.Contains(got, "male") || strings.ContainsAny(got, "\r\n\u202e\u200b") {
			t.Errorf("%q is shown as %q", name, got)
		}
	}
	if got := notice.Greeted(&store.Person{Name: "Annar", Email: "annar@ateneo.example"}); got != "Annar" {
		t.Errorf("a first name that is the address, too, is greeted as %q", got)
	}
}

func FuzzGreeted(f *testing.F) {
	f.Add("Anna Rossi")
	f.Add("Rossi, Anna (x)")
	f.Fuzz(func(t *testing.T, name string) {
		got := notice.Greeted(&store.Person{Name: name, Email: "x@y.example"})
		if utf8.RuneCountInString(got) > 60 || strings.ContainsAny(got, "\r\n\t@:/\\<>&{}[]()0123456789\"") {
			t.Errorf("%q is greeted as %q", name, got)
		}
	})
}

// TestALetterIsInTheLanguageOfItsReader: their own choice, else the language of their words, else that of their browser
// or mail program, else the desk's; by mail and by page.
func TestALetterIsInTheLanguageOfItsReader(t *testing.T) {
	const italian, english, neither = "Buongiorno, il cedolino non si apre.", "Hello, my payslip does not open. Thanks", "ORA-01722 CED_VOCI"
	for _, c := range []struct{ own, words, said, want string }{
		{"it", english, "en", "it"}, {"en", italian, "it", "en"},
		{"", english, "it", "en"}, {"", italian, "en", "it"}, {"", english, "", "en"}, {"", italian, "", "it"},
		{"", neither, "en", "en"}, {"", neither, "it", "it"}, {"", neither, "", "it"}, {"", neither, "fr", "it"},
		{"", "Help please", "it", "en"}, {"", "Aiuto, grazie", "en", "it"}, {"", "Cannot log in", "", "en"}, {"", "Non riesco ad accedere", "en", "it"},
		{"", "I need access to CSA", "it", "en"}, {"", "Accesso a CSA per la collega", "en", "it"}, {"", "Salve", "en", "it"}, {"", "Dear all, see attached", "it", "en"},
		{"", "Buongiorno, esce questo errore:\n\nThe request could not be processed because of an error in the application.", "en", "it"},
		{"", "Hello, this is what it says:\n\nSi è verificato un errore. Contattare l'amministratore di sistema per ulteriori informazioni.", "it", "en"},
	} {
		o := newMailOffice(t)
		o.speaks("ada", c.own)
		header := ""
		if c.said != "" {
			header = "Content-Language: " + c.said + "\r\n"
		}
		row := o.mail(letter{from: "ada@ateneo.example", subject: "CED_VOCI", body: c.words, header: header, proven: true})
		if got := o.ticket(row.Ticket).Language; got != c.want {
			t.Errorf("by mail %+v is %q", c, got)
		}
		k, err := o.Tickets.Open(o.as("ada"), ticket.Opening{Subject: "CED_VOCI", Body: c.words, Browser: c.said})
		if err != nil {
			t.Fatal(err)
		}
		if k.Language != c.want {
			t.Errorf("by page %+v is %q", c, k.Language)
		}
	}
}

func TestAConfirmationSaysTheReadersOwnWordsAndNobodyElses(t *testing.T) {
	o := newMailOffice(t)
	opened := func(to string) *notice.OutgoingLine {
		t.Helper()
		l := o.post()[to]
		if l == nil || l.Lines[0].Event != event.Opened {
			return nil
		}
		return &l.Lines[0]
	}
	o.mail(letter{from: "ada@ateneo.example", subject: "Il cedolino", body: "Non si apre: https://csa.ateneo.example/x\n\nGrazie", proven: true})
	if l := opened("ada@ateneo.example"); l == nil || l.Opening != "Non si apre: https://csa.ateneo.example/x\n\nGrazie" || l.Subject != "Il cedolino" {
		t.Errorf("proven: %+v", l)
	}
	o.open("csa")
	if l := opened("ada@ateneo.example"); l == nil || l.Opening != "Da ieri esce l'errore 500." {
		t.Errorf("by page: %+v", l)
	}
	// On the page nothing is a note; that the first message became one must not be revealed either.
	k := o.open("csa")
	o.edit(k.ID, func(m *store.Message) { m.Internal = true })
	if l := opened("ada@ateneo.example"); l == nil || l.Opening != "" {
		t.Errorf("a note: %+v", l)
	}
	k = o.open("csa")
	o.edit(k.ID, func(m *store.Message) { m.Beside = store.BesideWaiting })
	if l := opened("ada@ateneo.example"); l == nil || l.Opening != "" {
		t.Errorf("words beside: %+v", l)
	}
}

// TestTheDeskSaysNothingForAForger sends unproved mails in another person's name. Whatever their name, subject and
// text, the letters to that person contain no link that can be followed, and little else.
func TestTheDeskSaysNothingForAForger(t *testing.T) {
	long := strings.Repeat("Compra subito queste bellissime pastiglie. ", 200)
	for _, c := range []struct{ name, subject, body string }{
		{"Vinci su male.example", "Hai vinto: http://male.example/x", "Premi https://male.example/premio e inserisci la password"},
		{"http://male.example", "male.example", "male.example"},
		{"Anna", "MALE.EXAMPLE/premio", "scrivi a premio@male.example o tel:+39051male"},
		{"Anna", "=?utf-8?q?male=E3=80=82example?=", "male\u3002example male\uff0eexample ma\u00adle.example male\u200b.example"},
		{"Anna", "x", "<a href=\"https://male.example\">premi</a>\n[premi](https://male.example)\n<https://male.example>"},
		{"Anna", strings.Repeat("male.example ", 15), strings.Repeat("male.example\n", 500)},
		{"Anna", "Gratis", long}, {strings.Repeat("Anna ", 60), "Gratis", strings.Repeat("pastiglie\n", 500)},
		{"Anna", "x", strings.Repeat("p", 10000)},
	} {
		for _, from := range []string{"ada@ateneo.example", "vittima@ateneo.example", "vittima@fuori.example"} {
			o := newMailOffice(t)
			row := o.mail(letter{from: `"` + c.name + `" <` + from + `>`, subject: c.subject, body: c.body})
			if row.Ticket == 0 {
				t.Fatalf("%q opens no ticket: %+v", c.name, row)
			}
			l := o.post()[from]
			if l == nil {
				t.Fatalf("%s gets nothing", from)
			}
			line := l.Lines[0]
			if from == "vittima@fuori.example" {
				if line.Event != event.Received || l.Ticket != nil || line.Opening != "" || line.Subject != "" || notice.Greeted(l.Person) != "" || line.Text != nil {
					t.Errorf("a stranger gets %+v", line)
				}
				continue
			}
			said := strings.Join([]string{notice.Greeted(l.Person), notice.ShownName(l.Person), line.Who, line.Subject, line.Opening}, "\n")
			if line.Event != event.Opened || strings.Contains(strings.ToLower(said), "male") || strings.Contains(said, "://") || strings.Contains(line.Opening, "@") {
				t.Errorf("%q, %q to %s says %q", c.name, c.subject, from, said)
			}
			if utf8.RuneCountInString(line.Opening) > 210 || strings.Count(line.Opening, "\n") >= 4 || utf8.RuneCountInString(line.Subject) > 100 {
				t.Errorf("%q says much: %q %q", c.name, line.Subject, line.Opening)
			}
			if line.Text != nil || len(line.Files) != 0 {
				t.Errorf("%q sends the whole mail", c.name)
			}
			// Later letters reveal no more: neither taking charge nor an answer brings back the forger's words.
			o.do("agente", row.Ticket, ticket.Step{Take: true})
			if l := o.post()[from]; l != nil && strings.Contains(strings.ToLower(l.Lines[0].Subject), "male") {
				t.Errorf("%q: later %q", c.name, l.Lines[0].Subject)
			}
			for _, agent := range o.sent {
				if agent.Agents && agent.Ticket != nil && agent.Lines[0].Subject != agent.Ticket.Subject {
					t.Errorf("an agent is told %q of %q", agent.Lines[0].Subject, agent.Ticket.Subject)
				}
			}
		}
	}
}

// TestNoMachineIsConfirmed: mail with any sign of a program gets no letter, whoever it claims to be from and however
// well that is proved.
func TestNoMachineIsConfirmed(t *testing.T) {
	for name, header := range map[string]string{
		"an answer by itself": "Auto-Submitted: auto-replied\r\n", "a program's mail": "Auto-Submitted: auto-generated\r\n", "a list": "List-Id: <x.ateneo.example>\r\n", "bulk": "Precedence: bulk\r\n",
		"a list of before": "Precedence: list\r\n", "no envelope sender": "Return-Path: <>\r\nAuto-Submitted: auto-generated\r\n", "another desk": "X-Sportello-Desk: other\r\nX-Sportello-Ticket: 12\r\n",
		"ourselves": "X-Sportello-Desk: this-desk\r\n", "a vacation": "X-Vacation: yes\r\n", "a loop": "X-Loop: x\r\n", "an advertisement": "List-Unsubscribe: <mailto:x@y.example>\r\n",
		"who wants none": "X-Auto-Response-Suppress: All\r\n", "a receipt": "X-Ricevuta: accettazione\r\n",
	} {
		for _, from := range []string{"ada@ateneo.example", "vittima@ateneo.example", "vittima@fuori.example"} {
			for _, proven := range []bool{true, false} {
				o := newMailOffice(t)
				o.mail(letter{from: from, subject: "Buongiorno", body: "Sono una persona.", header: header, proven: proven})
				if l := o.post()[from]; l != nil {
					t.Errorf("%s from %s, proven %t, gets %+v", name, from, proven, l.Lines[0])
				}
			}
		}
	}
}

// speaks sets the person's language.
func (o *office) speaks(who, language string) {
	o.t.Helper()
	if err := o.st.Update(db.By{Via: door.Command}, func(tx *db.Tx) error {
		p, err := store.People.Get(tx, o.people[who].ID)
		if err != nil {
			return err
		}
		p.Language = language
		o.people[who] = p
		return store.People.Put(tx, p)
	}); err != nil {
		o.t.Fatal(err)
	}
}

// edit changes the first message of the ticket.
func (o *office) edit(ticket uint64, change func(*store.Message)) {
	o.t.Helper()
	if err := o.st.Update(db.By{Via: door.Command}, func(tx *db.Tx) error {
		for m, err := range store.MessagesByTicket.Rows(tx, db.Span{Prefix: key.Of(ticket)}) {
			if err != nil {
				return err
			}
			change(m)
			return store.Messages.Put(tx, m)
		}
		return fault.ErrNotFound
	}); err != nil {
		o.t.Fatal(err)
	}
}
