package desk

import (
	"strings"
	"testing"
	"time"

	"sportello/app/credential"
	"sportello/app/desk/people"
	"sportello/app/desk/policy"
	"sportello/app/desk/post"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/fault"
)

// lookAtAsked does the work that waits for requested links.
func (o *office) lookAtAsked() {
	o.t.Helper()
	if err := o.People.SendAsked(); err != nil {
		o.t.Fatal(err)
	}
}

// TestWhoForgotTheirPasswordIsSentALinkAndNobodyElseLearnsOfIt: a request writes nothing and gets the same answer for
// every address; afterwards a letter goes to people who were given access, and to nobody else.
func TestWhoForgotTheirPasswordIsSentALinkAndNobodyElseLearnsOfIt(t *testing.T) {
	o := newMailOffice(t)
	add := func(name string, password bool, f people.Form) *store.Person {
		t.Helper()
		f.Name, f.Email = name, name+"@ateneo.example"
		p, _, err := o.People.Add(system, f)
		if err == nil && password {
			err = o.Keeper().SetPassword(db.By{Via: door.Command}, p.ID, "cavallo batteria graffetta")
		}
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	with := add("con", true, people.Form{})
	add("senza", false, people.Form{})
	add("spento", true, people.Form{Disabled: true})
	add("csa", true, people.Form{}) // one of the desk's own addresses
	invited, _, err := o.People.Add(o.as("amministratore"), people.Form{Name: "Invitata", Email: "invitata@ateneo.example"})
	if err != nil {
		t.Fatal(err)
	}
	o.told(invited.ID)
	o.later(4 * 24 * time.Hour) // the invitation has expired
	for email, want := range map[string]string{"con@ateneo.example": "asked>con@ateneo.example", "senza@ateneo.example": "", "spento@ateneo.example": "",
		"csa@ateneo.example": "", "nessuno@ateneo.example": ""} {
		last := o.st.Last()
		if err := o.People.AskPasswordLink(email, "192.0.2.7"); err != nil {
			t.Errorf("%s: %v", email, err)
		}
		if o.st.Last() != last {
			t.Errorf("asking for %s writes", email)
		}
		o.lookAtAsked()
		if _, mail := o.told(with.ID); mail != want {
			t.Errorf("%s: %q goes out, want %q", email, mail, want)
		}
	}
	if err := o.People.AskPasswordLink("invitata@ateneo.example", "192.0.2.7"); err != nil {
		t.Fatal(err)
	}
	o.lookAtAsked()
	if _, mail := o.told(invited.ID); mail != "asked>invitata@ateneo.example" {
		t.Fatalf("whose invitation ended gets %q", mail)
	}
	if p, err := o.Keeper().Link(o.sent[0].Link, credential.ForPassword); err != nil || p.ID != invited.ID {
		t.Errorf("the link is for %v, %v", p, err)
	}

	// A second request right away would end the link that is on its way.
	if err := o.People.AskPasswordLink(" CON@Ateneo.example", "192.0.2.7"); err != nil {
		t.Fatal(err)
	}
	o.lookAtAsked()
	if _, mail := o.told(with.ID); mail != "" {
		t.Errorf("another letter goes at once: %q", mail)
	}
	o.later(16 * time.Minute)
	if err := o.People.AskPasswordLink("con@ateneo.example", "192.0.2.7"); err != nil {
		t.Fatal(err)
	}
	o.lookAtAsked()
	if _, mail := o.told(with.ID); mail != "asked>con@ateneo.example" {
		t.Errorf("a quarter of an hour later %q goes", mail)
	}
	lines, _, err := o.Audit(o.as("amministratore"), 0, 200)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range lines {
		if l.Table == "links" && len(l.Fields) > 0 && strings.Contains(l.Fields[0].New, o.sent[0].Link) {
			t.Error("the log holds the link")
		}
	}
}

// TestAskingForALinkIsSlowedAsSigningInIs: requests are slowed down by e-mail address and by network, whoever has the
// address, and prevent nobody from signing in.
func TestAskingForALinkIsSlowedAsSigningInIs(t *testing.T) {
	o := newMailOffice(t)
	p, _, err := o.People.Add(system, people.Form{Name: "Con", Email: "con@ateneo.example"})
	if err != nil {
		t.Fatal(err)
	}
	if err := o.Keeper().SetPassword(db.By{Via: door.Command}, p.ID, "cavallo batteria graffetta"); err != nil {
		t.Fatal(err)
	}
	for _, email := range []string{"con@ateneo.example", "nessuno@ateneo.example"} {
		asked := 0
		for range 20 {
			if err := o.People.AskPasswordLink(email, "192.0.2.7"); err == nil {
				asked++
			} else {
				wants(t, err, fault.TooMany, "error.too-many", "")
			}
		}
		if asked != 5 {
			t.Errorf("%s: asked for %d times at once", email, asked)
		}
	}
	if _, _, err := o.Keeper().SignIn(t.Context(), "con@ateneo.example", "cavallo batteria graffetta", "", "192.0.2.7"); err != nil {
		t.Errorf("signing in: %v", err)
	}
	wants(t, o.People.AskPasswordLink("no address", "192.0.2.9"), fault.Invalid, "error.email", "email")
	asked := 0
	for n := range 300 {
		o.lookAtAsked()
		if o.People.AskPasswordLink(string(rune('a'+n%26))+strings.Repeat("x", n/26)+"@ateneo.example", "198.51.100.7") == nil {
			asked++
		}
	}
	if asked > 100 {
		t.Errorf("one network asks for %d addresses at once", asked)
	}

	o.Post.SetMail(post.Options{})
	wants(t, o.People.AskPasswordLink("con@ateneo.example", "203.0.113.1"), fault.Unavailable, "error.link-not-asked", "")
}

// TestInvitationsAndLinksAreMailedAndShownOnlyWhereNoMailGoesOut: for everyone who adds a person or has a link sent,
// with and without mail.
func TestInvitationsAndLinksAreMailedAndShownOnlyWhereNoMailGoesOut(t *testing.T) {
	for _, mails := range []bool{true, false} {
		o := newMailOffice(t)
		if !mails {
			o.Post.SetMail(post.Options{})
		}
		for _, who := range []string{"amministratore", "responsabile"} {
			form := people.Form{Name: "Nuova di " + who, Email: "nuova." + who + "@ateneo.example"}
			if who == "responsabile" {
				form.Groups = []store.Membership{{Group: o.group["csa"]}}
			}
			p, link, err := o.People.Add(o.as(who), form)
			if err != nil {
				t.Fatal(err)
			}
			if (link == "") != mails {
				t.Errorf("mail %v, %s: link shown %v", mails, who, link != "")
			}
			if _, mail := o.told(p.ID); strings.Contains(mail, "invited>"+form.Email) != mails {
				t.Errorf("mail %v, %s: %q goes out", mails, who, mail)
			}
			err = o.People.SendPasswordLink(o.as(who), p.ID)
			if mails && err != nil {
				t.Errorf("%s has a link sent: %v", who, err)
			}
			if !mails {
				wants(t, err, fault.Invalid, "error.link-not-sent", "")
			}
			if _, err := o.People.HandPasswordLink(o.as(who), p.ID, ""); (err == nil) != (!mails && who == "amministratore") {
				t.Errorf("mail %v: %s is shown a link without a reason: %v", mails, who, err)
			}
		}
		for _, who := range []string{"ada", "agente"} {
			if _, _, err := o.People.Add(o.as(who), people.Form{Name: "X", Email: "x@ateneo.example"}); fault.KindOf(err) != fault.Denied {
				t.Errorf("%s adds somebody: %v", who, err)
			}
		}
	}
	var nobody policy.Actor
	o := newMailOffice(t)
	if err := o.People.SendPasswordLink(nobody, o.people["ada"].ID); fault.KindOf(err) != fault.SignIn {
		t.Errorf("who is not signed in has a link sent: %v", err)
	}
}
