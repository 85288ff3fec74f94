package app_test

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"sportello/app/config"
	"sportello/app/credential"
	"sportello/app/desk/notice"
	"sportello/app/desk/people"
	"sportello/app/mail/transport"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/scope"
)

// sendingWorld is the world at a desk that sends mail.
func sendingWorld(t *testing.T) *world {
	return newWorld(t, func(c *config.Config) { withSending(c) })
}

// letterText sends what is due and returns the text of the letter to the address. The desk's own sender may have been there
// first: to it nobody answers, and what it put off is due again.
func (w *world) letterText(address string) (subject, text string) {
	w.t.Helper()
	_, err := w.app.Desk.Notices.Plan()
	must(w.t, err)
	for range 20 {
		must(w.t, w.app.Store.Update(db.By{Via: door.Command}, func(tx *db.Tx) error {
			for l, err := range store.LettersDue.Rows(tx, db.Span{}) {
				if err != nil {
					return err
				}
				if l.To == address {
					l.Next = tx.Now()
					return store.Letters.Put(tx, l)
				}
			}
			return nil
		}))
		_, err = w.app.Desk.Notices.SendLetters(context.Background(), func(_ context.Context, o *notice.Outgoing) notice.Sent {
			var l *transport.Letter
			if l, err = w.app.Mail.WriteLetter(o); err != nil {
				w.t.Error(err)
			} else if o.Letter.To == address {
				subject, text = l.Subject, l.Text
			}
			return notice.Sent{OK: true, Subject: "x"}
		})
		must(w.t, err)
		if text != "" {
			break
		}
	}
	return subject, text
}

func TestACoordinatorInvitesByPage(t *testing.T) {
	w := sendingWorld(t)
	code := w.code(w.things["organisation"])
	at := "/organisations/" + code + "/people"
	place := "o" + w.things["organisation"]
	w.password("coordinator")
	w.password("stranger")
	b := w.signedIn(w.people["coordinator"])
	b.must(b.get(at), 200, at+"/invitations")
	b.must(b.get(at+"/invitations"), 200, "Invita una persona", `<option value="`+place+`" selected>`)
	b.must(b.post(at+"/invitations", nil), 422)
	b.must(b.post(at+"/invitations", url.Values{"email": {"x"}, "name": {"<b>X</b>"}, "hat-1-place": {place}}), 422, "&lt;b&gt;X&lt;/b&gt;")
	b.must(b.post(at+"/invitations", url.Values{"email": {"nuova@altrove.example"}, "name": {"Nuova Persona"}, "hat-1-place": {place}, "hat-1-position": {"teaching"}}), 303)
	b.must(b.post(at+"/invitations", url.Values{"email": {w.people["stranger"].Email}, "name": {"Nome Scritto"}, "hat-1-place": {place}}), 303)
	b.must(b.get(at+"/invitations"), 200, "Nuova Persona", "Nome Scritto", "!Elsa Estranea", "invito in attesa di risposta", "Docente")
	b.must(b.get(at), 200, "2 inviti attendono risposta")
	b.must(b.post(at+"/invitations", url.Values{"email": {"nuova@altrove.example"}, "name": {"Altra"}, "hat-1-place": {place}}), 409, "attende già risposta")

	subject, text := w.letterText("nuova@altrove.example")
	if subject != "Rita Referente ti invita: Ateneo" || !strings.Contains(text, "/invited/") || !strings.Contains(text, "Accetta o rifiuta entro il ") {
		t.Fatalf("the letter: %q\n%s", subject, text)
	}
	_, after, _ := strings.Cut(text, "/invited/")
	link := "/invited/" + strings.Fields(after)[0]
	guest := w.browser()
	before := w.app.Store.Last()
	guest.must(guest.get(link), 200, "Ateneo, Docente", "Rita Referente", "nuova@altrove.example", `value="Nuova Persona"`)
	if w.didSince(before) {
		t.Error("looking at the page of the link changed something")
	}
	guest.must(guest.post(link, url.Values{"name": {"Nuova"}, "password": {"a"}, "password_again": {"b"}}), 422)
	guest.must(guest.post(link, url.Values{"name": {"Nuova Persona"}, "password": {goodPassword}, "password_again": {goodPassword}}), 303)
	guest.must(guest.get(link), 404, "non vale più")
	b.must(b.get(at), 200, "nuova@altrove.example")

	own := w.signedIn(w.people["stranger"])
	own.must(own.get("/invitations"), 200, "Ateneo", "Ti invita Rita Referente", "!Nome Scritto")
	list, err := w.app.Desk.People.Invited(w.as("stranger"))
	must(t, err)
	own.must(own.post("/invitations/"+itoa(list[0].ID)+"/decline", nil), 303)
	own.must(own.get("/invitations"), 200, "Nessun invito")
	b.must(b.get(at+"/invitations"), 200, "rifiutato")
}

const goodPassword = "quattro parole messe in fila"

// TestAnInvitationByProgramIsAnsweredAlike invites an address that the desk knows and one that it does not.
func TestAnInvitationByProgramIsAnsweredAlike(t *testing.T) {
	w := sendingWorld(t)
	p := w.scoped(w.people["coordinator"], credential.Grant{Scope: scope.Scope{Access: scope.Write, Nouns: []scope.Noun{scope.People}}})
	path := "/organisations/" + w.code(w.things["organisation"]) + "/people"
	w.add("Nota Altrove", people.Form{Email: "nota@altrove.example"})
	var answers []string
	for _, email := range []string{"nota@altrove.example", "nome@altrove.example"} {
		got, in := p.call("POST", path, box{"email": email, "name": "Nome Scritto", "unit": "Personale", "until": "2099-12-31"})
		if got.status != 202 || in["state"] != "waiting" {
			t.Fatal(got.status, got.body)
		}
		delete(in, "email")
		delete(in, "id")
		delete(in, "ends")
		answers = append(answers, fmt.Sprint(in))
	}
	if answers[0] != answers[1] {
		t.Errorf("known %s\nunknown %s", answers[0], answers[1])
	}
	got, _ := p.call("POST", path, box{"email": "x", "name": ""})
	w.browser().must(got, 422, `"email"`, `"name"`)
	got, _ = p.call("POST", path, box{"email": "a@b.example", "name": "A", "unit": "Mai vista"})
	w.browser().must(got, 422)
	elsewhere := w.scoped(w.people["agent"], credential.Grant{Scope: scope.Whole()})
	got, _ = elsewhere.call("POST", path, box{"email": "x"})
	w.browser().must(got, 403)
	stranger := w.scoped(w.people["stranger"], credential.Grant{Scope: scope.Whole()})
	there, _ := stranger.call("POST", path, box{"email": "x"})
	nowhere, _ := stranger.call("POST", "/organisations/mai/people", box{"email": "x"})
	if there.status != 404 || there.body != nowhere.body {
		t.Errorf("there %d %s\nnowhere %s", there.status, there.body, nowhere.body)
	}
}

// TestInvitationsAreListedAndTakenBackByProgram lists and takes back, first as those who may not.
func TestInvitationsAreListedAndTakenBackByProgram(t *testing.T) {
	w := sendingWorld(t)
	path := "/organisations/" + w.code(w.things["organisation"]) + "/people"
	p := w.scoped(w.people["coordinator"], credential.Grant{Scope: scope.Scope{Access: scope.Write, Nouns: []scope.Noun{scope.People}}})
	got, in := p.call("POST", path, box{"email": "nuova@altrove.example", "name": "Nuova Persona", "unit": "Personale"})
	if got.status != 202 {
		t.Fatal(got.status, got.body)
	}
	b, id := w.browser(), fmt.Sprint(in["id"])
	back := path + "/invitations/" + id + "/take-back"
	for _, role := range []string{"requester", "stranger", "agent", "supervisor", "editor"} {
		other := w.scoped(w.people[role], credential.Grant{Scope: scope.Whole()})
		for _, call := range [][3]string{{"GET", path + "/invitations", "/organisations/mai/people/invitations"}, {"POST", back, path + "/invitations/999999/take-back"}} {
			there, _ := other.call(call[0], call[1], nil)
			nowhere, _ := other.call(call[0], call[2], nil)
			if there.status != 404 || there.body != nowhere.body {
				t.Errorf("%s %s %s: %d %s, where nothing is %s", role, call[0], call[1], there.status, there.body, nowhere.body)
			}
		}
	}
	reads := w.scoped(w.people["coordinator"], credential.Grant{Scope: scope.Scope{Access: scope.Read, Nouns: []scope.Noun{scope.People}}})
	got, _ = reads.call("POST", back, nil)
	b.must(got, 403)
	got, _ = reads.call("GET", path+"/invitations", nil)
	b.must(got, 200, `"email":"nuova@altrove.example"`, `"state":"waiting"`, `"unit":"Personale"`, "!hash")
	other, err := w.app.Desk.People.AddOrganisation(w.as("administrator"), people.OrganisationForm{Name: "Ente mai invitato"})
	must(t, err)
	got, _ = w.scoped(w.people["administrator"], credential.Grant{Scope: scope.Whole()}).call("POST", "/organisations/"+other.Code+"/people/invitations/"+id+"/take-back", nil)
	b.must(got, 404) // it is not of that organisation
	got, _ = p.call("POST", back, nil)
	b.must(got, 200)
	got, _ = p.call("POST", back, nil)
	b.must(got, 404) // what was taken back is listed no longer
	got, _ = p.call("GET", path+"/invitations", nil)
	b.must(got, 200, `"invitations":[]`)
}
