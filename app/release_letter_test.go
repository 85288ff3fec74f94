package app_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"sportello/app/config"
	"sportello/app/desk/notice"
	"sportello/app/desk/policy"
	"sportello/app/mail/transport"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/fault"
)

// lettersOfReleases tells everybody and returns the letters about releases and known problems that had not gone yet, by address. The desk tries to
// send them as well meanwhile, to a server that is not there: what it has in hand is taken once it has given up.
func (d *releaseDesk) lettersOfReleases() map[string]*transport.Letter {
	d.t.Helper()
	d.told()
	d.followed()
	_, err := d.app.Desk.Notices.Plan()
	must(d.t, err)
	out := map[string]*transport.Letter{}
	for range 100 {
		var waits []uint64
		must(d.t, d.app.Store.View(func(tx *db.Tx) error {
			waits = nil
			for l, err := range store.Letters.All(tx, 0, false) {
				if err != nil {
					return err
				}
				if (l.Release != 0 || l.Problem != 0) && l.State == store.LetterQueued {
					waits = append(waits, l.ID)
				}
			}
			return nil
		}))
		if len(waits) == 0 {
			return out
		}
		for _, id := range waits {
			if err := d.app.Desk.Notices.DecideLetter(policy.Actor{System: true}, id, notice.LetterRetry); fault.KindOf(err) != fault.Conflict {
				must(d.t, err)
			}
		}
		_, err = d.app.Desk.Notices.SendLetters(context.Background(), func(_ context.Context, o *notice.Outgoing) notice.Sent {
			l, err := d.app.Mail.WriteLetter(o)
			must(d.t, err)
			out[l.To.Address] = l
			return notice.Sent{OK: true}
		})
		must(d.t, err)
	}
	d.t.Fatal("letters wait and never go")
	return nil
}

// TestALetterAsksOnlyWhatIsToBeDone: by when, of the environments that the reader has; nothing of a place that runs a newer version; and not to
// install what was withdrawn. The day stands in a subject that no program cuts.
func TestALetterAsksOnlyWhatIsToBeDone(t *testing.T) {
	t.Parallel()
	d := newReleaseDesk(t, func(c *config.Config) { withSending(c) }) // ateneo has 24.01, altro 25.01, both in production alone
	path := d.draft("24.05.00", box{"all": true})
	d.mustCall(d.agent, "PATCH", path, box{"kind": "urgent", "install_by": box{"test": "2099-12-10", "production": "2099-12-20"},
		"otherwise": "Il flusso viene rifiutato.", "stop": box{"from": "2099-12-19T17:00:00Z", "until": "2099-12-19T19:00:00Z", "text": "Il cedolino"}, "way_back": box{"kind": "none"}}, http.StatusOK)
	d.publish(path)
	letters := d.lettersOfReleases()
	for address, says := range map[string][]string{
		"rita@example.it":  {"Riguarda voi. Oggi avete: Ateneo, produzione 24.01.", "Da installare: in produzione entro domenica 20 dicembre.", "Se non si installa: Il flusso viene rifiutato.", "Fermo del servizio: sabato 19 dicembre", "non si torna", "non riuscito", "!in prova", "!non dovete fare nulla"},
		"elena@example.it": {"Riguarda voi. Oggi avete: Altro, produzione 25.01.", "non dovete fare nulla", "!Da installare", "!non riuscito"},
	} {
		subject, text := letters[address].Subject, letters[address].Text
		if subject != "CSA 24.05.00, urgente: in produzione entro domenica 20 dicembre" {
			t.Errorf("%s reads %q", address, subject)
		}
		for _, want := range says {
			if words, not := strings.CutPrefix(want, "!"); strings.Contains(text, words) == not {
				t.Errorf("the letter to %s (%s):\n%s", address, want, text)
			}
		}
	}
	d.mustCall(d.agent, "POST", path+"/withdraw", box{"reason": "Torna alla 24.01"}, http.StatusOK)
	got := d.lettersOfReleases()["rita@example.it"].Text
	if !strings.Contains(got, "Non installatelo: l'aggiornamento è stato ritirato. Torna alla 24.01") || !strings.Contains(got, "Ateneo, produzione 24.01") {
		t.Errorf("of what was withdrawn one reads\n%s", got)
	}
	for _, hurry := range []string{"urgente", "entro", "Se non si installa", "Da installare", "Fermo", "non si torna", "nuovo aggiornamento"} {
		if strings.Contains(got, hurry) {
			t.Errorf("of what was withdrawn one reads %q:\n%s", hurry, got)
		}
	}
}

// TestWhatIsWrittenWithMarkdownReadsAsWrittenInALetter: notes of an update and a message about a known problem, in both halves of
// the letter, with addresses that lead to the desk; nothing that a page would not show.
func TestWhatIsWrittenWithMarkdownReadsAsWrittenInALetter(t *testing.T) {
	t.Parallel()
	d := newReleaseDesk(t, func(c *config.Config) { withSending(c) })
	const text = "Adegua **le aliquote**: [leggi](/articles/aliquote).\n\n- una\n- due\n\n| mese | euro |\n|---|---|\n| marzo | 3 |\n\n<script>alert(1)</script> fine"
	path := d.draft("24.05.00", box{"all": true})
	d.mustCall(d.agent, "PATCH", path, box{"notes": text, "corrected": "Il *cedolino*", "after": " "}, http.StatusOK)
	d.publish(path)
	release := d.lettersOfReleases()["rita@example.it"]

	known := d.knownProblem(nil)
	d.mustCall(d.rita, "POST", known+"/affected", box{}, http.StatusOK)
	d.mustCall(d.agent, "POST", known+"/message", box{"it": text}, http.StatusOK)
	problem := d.lettersOfReleases()["rita@example.it"]

	for what, l := range map[string]*transport.Letter{"an update": release, "a known problem": problem} {
		if l == nil {
			t.Fatalf("no letter about %s", what)
		}
		for _, want := range []string{"<strong>le aliquote</strong>", `href="` + d.url + `/articles/aliquote"`, "<li>una</li>", "<td>marzo</td>", "!**", "!<script", "!|---|"} {
			if words, not := strings.CutPrefix(want, "!"); strings.Contains(l.HTML, words) == not {
				t.Errorf("%s (%s):\n%s", what, want, l.HTML)
			}
		}
		for _, want := range []string{"Adegua le aliquote", d.url + "/articles/aliquote", "- una\n- due", "marzo", "!**", "!|---|", "!\x00"} {
			if words, not := strings.CutPrefix(want, "!"); strings.Contains(l.Text, words) == not {
				t.Errorf("%s (%s):\n%s", what, want, l.Text)
			}
		}
	}
	if !strings.Contains(release.Text, "CHE COSA È CORRETTO\n\nIl cedolino") || !strings.Contains(release.HTML, "<h3>Che cosa è corretto</h3>") || strings.Contains(release.Text, "DOPO") {
		t.Errorf("the parts are not below their headings:\n%s\n%s", release.Text, release.HTML)
	}
}
