package desk

import (
	"strings"
	"testing"

	"sportello/app/desk/people"
	"sportello/app/desk/policy"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
)

// by is how somebody does an act to their own account on a page.
func (o *office) by(name string, did act.Act) db.By {
	return db.By{Person: o.people[name].ID, Via: door.Page, Act: did}
}

// toldOf are the acts that touch somebody's rights or keys: how each is done to Ada, and which letter she gets of it.
var toldOf = map[act.Act]struct {
	do   func(o *mailOffice) error
	want string
}{
	act.ChangePerson: {func(o *mailOffice) error {
		f := people.FormOf(o.people["ada"])
		f.Editor = true
		_, err := o.People.Change(o.as("amministratore"), o.people["ada"].ID, 0, f)
		return err
	}, "rights"},
	act.ChangeHats: {func(o *mailOffice) error {
		_, err := o.People.LeaveList(o.as("referente"), o.organis["Ateneo"], []uint64{o.people["ada"].ID})
		return err
	}, "rights"},
	act.AddMember: {func(o *mailOffice) error {
		return o.People.PutMember(o.as("responsabile"), o.group["csa"], o.people["ada"].ID, false)
	}, "rights"},
	act.RemoveMember: {func(o *mailOffice) error {
		if err := o.People.PutMember(o.as("responsabile"), o.group["csa"], o.people["ada"].ID, false); err != nil {
			return err
		}
		o.told(o.people["ada"].ID)
		return o.People.RemoveMember(o.as("responsabile"), o.group["csa"], o.people["ada"].ID)
	}, "rights"},
	act.Import: {func(o *mailOffice) error {
		_, _, err := o.People.Put(policy.Actor{System: true, Via: door.Import}, people.Record{Email: "ada@ateneo.example", Roles: []string{"agent"}})
		return err
	}, "rights"},
	act.SetPassword: {func(o *mailOffice) error {
		return o.Keeper().SetPassword(o.by("ada", act.SetPassword), o.people["ada"].ID, "cinque tartarughe verdi")
	}, "password"},
	act.UseLink: {func(o *mailOffice) error {
		if err := o.People.SendPasswordLink(o.as("amministratore"), o.people["ada"].ID); err != nil {
			return err
		}
		o.told(o.people["ada"].ID)
		_, err := o.Keeper().ChoosePassword(o.sent[0].Link, "sei tartarughe verdi")
		return err
	}, "password"},
	act.SendLink: {func(o *mailOffice) error {
		return o.People.SendPasswordLink(o.as("amministratore"), o.people["ada"].ID)
	}, "link"},
	act.HandLink: {func(o *mailOffice) error {
		_, err := o.People.HandPasswordLink(o.as("amministratore"), o.people["ada"].ID, "Al telefono")
		return err
	}, "handed"},
	act.MakeToken: {func(o *mailOffice) error {
		_, _, err := o.Keeper().NewToken(o.by("ada", act.MakeToken), o.people["ada"].ID, "x")
		return err
	}, "token"},
	act.Invite: {func(o *mailOffice) error {
		_, err := o.invite("referente", "ada@ateneo.example", "Ada", store.Affiliation{Position: "teaching"})
		return err
	}, "affiliation-offered"},
}

// toldElsewhere are the acts that touch rights or keys and whose telling other tests hold, with the event.
var toldElsewhere = map[act.Act]string{
	act.AddPerson:      "invited",
	act.WakeToken:      "woken",
	act.WakeTokens:     "woken",
	act.RemindToken:    "ending",
	act.TellKept:       "kept",
	act.TokenElsewhere: "service-used, to its owners",
	act.AddService:     "service, to its owners",
	act.ChangeService:  "service, to its owners",
	act.EndService:     "service, to its owners",
	act.HandOver:       "handed-on and returned, to whoever has the work now",
	act.WarnHat:        "affiliation, 30 and 7 days before",
	act.EndHat:         "affiliation, 30 and 7 days before",
	act.AskList:        "list-due, to the coordinators",
	act.FadeHats:       "list-fading, to the coordinators; affiliation, 30 and 7 days before",
	act.GrantAccess:    "access-opened, access-granted",
	act.RefuseAccess:   "access-refused",
	act.AskAccess:      "access-confirm, to the address alone",
	act.SignIn:         "browser, of one that is not known",
	act.AskLink:        "asked",
}

// untold are the acts on people and keys that nobody is told of, and why.
var untold = map[act.Act]string{
	act.SetUp:              "whoever sets the desk up chooses the password there",
	act.Restore:            "tokens sleep: whoever wakes them tells",
	act.ChangeOwn:          "one's own name, language and notices; another address is told",
	act.RevokeToken:        "a key less",
	act.MakeFeed:           "by the person, on the page that shows it; it opens what is published to them",
	act.EndFeed:            "a key less",
	act.ConfirmList:        "everything stays as it is",
	act.KeepHats:           "what was told does not happen",
	act.AcceptInvitation:   "by the person, who was asked",
	act.DeclineInvitation:  "nothing changes",
	act.TakeInvitationBack: "nothing changes",
	act.ConfirmAccess:      "by the person; the coordinators are told",
	act.WithdrawAccess:     "by the person",
	act.AgreeAccess:        "one of two who must; the second one tells",
	act.AskBackAccess:      "the question is the letter",
	act.AssignAccess:       "where a request leads to, before it is decided",
	act.MailFailed:         "nothing reaches them",
	act.ReachAgain:         "a right is neither given nor taken",
	act.WithdrawLinks:      "a key less",
	act.SignOut:            "a key less",
	act.EndSession:         "a key less",
	act.EndSessions:        "a key less",
	act.Seen:               "a session goes on",
	act.Confirm:            "of a session: its person is there",
	act.ErasePerson:        "nobody is left to tell",
	act.TakeOwn:            "by the person, or for them by an administrator: nothing changes, and the audit log says who",
}

// onPeople are the beginnings of the codes of acts by which a new one that touches people or keys would be called.
var onPeople = []string{"person", "link", "password", "token", "feed", "affiliation", "invit", "access", "service", "member", "session", "sign-", "own", "hand-", "key", "right", "role", "confirm", "see-as", "list"}

// TestNobodysRightsOrKeysChangeUntold goes through the table of acts: each that by its name touches people or keys is in exactly
// one of the lists, and those of the first list are done and the letter is read.
func TestNobodysRightsOrKeysChangeUntold(t *testing.T) {
	for _, a := range act.All() {
		in := 0
		if _, ok := toldOf[a]; ok {
			in++
		}
		for _, list := range []map[act.Act]string{toldElsewhere, untold} {
			if list[a] != "" {
				in++
			}
		}
		touches := false
		for _, s := range onPeople {
			touches = touches || strings.Contains(a.String(), s)
		}
		switch code := a.String(); {
		case in > 1:
			t.Errorf("%s is in two lists", code)
		case in == 0 && touches && !a.OfTicket() && !othersOf[code]:
			t.Errorf("%s: say here who is told of it, or why nobody is", code)
		}
	}
	for a, c := range toldOf {
		t.Run(a.String(), func(t *testing.T) {
			o := newMailOffice(t)
			o.withPassword("ada")
			if err := c.do(o); err != nil {
				t.Fatal(err)
			}
			var letters []string
			_, mail := o.told(o.people["ada"].ID)
			for _, l := range strings.Fields(mail) {
				if event, to, _ := strings.Cut(l, ">"); to == "ada@ateneo.example" {
					letters = append(letters, event)
				}
			}
			if len(letters) != 1 || letters[0] != c.want {
				t.Errorf("told %q, want one letter %q", mail, c.want)
			}
		})
	}
}

// othersOf are acts whose code sounds so and that touch no person.
var othersOf = map[string]bool{"new-link": true}

// withPassword gives the person a password that was chosen before.
func (o *mailOffice) withPassword(name string) {
	o.t.Helper()
	if err := o.st.Update(db.By{Via: door.Command, Act: act.Seed}, func(tx *db.Tx) error {
		p, err := store.People.Get(tx, o.people[name].ID)
		if err != nil {
			return err
		}
		p.Password, p.PasswordSet = "$argon2id$", o.st.Now()
		return store.People.Put(tx, p)
	}); err != nil {
		o.t.Fatal(err)
	}
	o.told(o.people[name].ID)
	p, err := o.People.Read(system, o.people[name].ID)
	if err != nil {
		o.t.Fatal(err)
	}
	o.people[name] = p
}
