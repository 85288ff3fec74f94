package desk

import (
	"strings"
	"testing"
)

// TestWhatIsPassedOnIsShownAndWhatIsAnsweredIsFolded: the mark of the subject, then the ids of answered mail, say
// whether a mail forwards the text below its sender's words or answers it.
func TestWhatIsPassedOnIsShownAndWhatIsAnsweredIsFolded(t *testing.T) {
	const below = "\r\n\r\nDa: Mario Rossi <mario@esterno.example>\r\nInviato: lunedì 3 marzo 2025 10:12\r\nA: Ada\r\nOggetto: Badge\r\n\r\nIl badge non apre."
	for _, c := range []struct {
		subject, header string
		shown           bool
	}{
		{"I: Badge", "", true}, {"Fwd: Badge", "", true}, {"FW: Badge", "", true}, {"Inoltra: Badge", "", true}, {"I: R: Badge", "", true}, {"WG: Badge", "", true},
		{"[lista] Fwd: Badge", "", true}, {"Badge (fwd)", "", true}, {"Fwd: Badge", "References: <a@b.example>\r\nIn-Reply-To: <a@b.example>\r\n", true}, {"Badge", "", true},
		{"R: Badge", "", false}, {"Re: Badge", "", false}, {"R: I: Badge", "", false}, {"AW: Badge", "", false}, {"Badge", "In-Reply-To: <a@b.example>\r\n", false}, {"[lista] Re: Badge", "", false},
	} {
		o := newMailOffice(t)
		m := o.mail(letter{from: "ada@ateneo.example", subject: c.subject, body: "Per competenza." + below, header: c.header})
		v, err := o.Tickets.Read(o.as("agente"), m.Ticket)
		if err != nil {
			t.Fatal(err)
		}
		msg := v.Messages[len(v.Messages)-1]
		if got := strings.Contains(msg.Body, "non apre"); got != c.shown || !got && !strings.Contains(msg.Rest, "non apre") {
			t.Errorf("%s %s: shown %v: %q, folded %q", c.subject, c.header, got, msg.Body, msg.Rest)
		}
	}
}
