package app_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/netip"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"sportello/app/address"
	"sportello/app/config"
	"sportello/app/desk/people"
	"sportello/app/desk/policy"
	"sportello/app/desk/queue"
	"sportello/app/desk/ticket"
	"sportello/app/listen"
	"sportello/app/web"
	"sportello/app/web/admin"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/door"
	"sportello/store/fault"
)

func TestATokenIsMadeByWhoShowsAgainWhoTheyAre(t *testing.T) {
	d := newTestDesk(t)
	p := d.add("Ada Neri", people.Form{})
	b := d.signedIn(p)
	b.must(b.post("/me/tokens", url.Values{"token_name": {"report"}, "token_nouns": {"*"}}), 422, `id="token_password-e"`, `!<code id="token">`)
	b.must(b.post("/me/tokens", url.Values{"token_name": {"report"}, "token_nouns": {"*"}, "password_now": {"wrong"}}), 422, `!<code id="token">`)
	b.must(b.post("/me/tokens", url.Values{"token_name": {"report"}, "token_nouns": {"*"}, "token_life": {"99999"}, "password_now": {testPassword}}), 422, `!<code id="token">`)
	a := b.post("/me/tokens", url.Values{"token_name": {"report"}, "token_nouns": {"*"}, "token_life": {"90"}, "password_now": {testPassword}})
	b.must(a, 200, `<code id="token">`, `!id="token_password"`)
	// For some minutes it is not asked again, in this browser alone.
	b.must(b.post("/me/tokens", url.Values{"token_name": {"another"}, "token_nouns": {"*"}}), 200, `<code id="token">`)
	other := d.signedIn(p)
	other.must(other.post("/me/tokens", url.Values{"token_name": {"report"}, "token_nouns": {"*"}}), 422)

	token := regexp.MustCompile(`<code id="token">([^<]+)</code>`).FindStringSubmatch(a.body)[1]
	list, err := d.app.Desk.Keeper().TokensOf(p.ID)
	if err != nil || len(list) != 2 || list[0].Ends.Sub(list[0].Created).Round(time.Hour) != 90*24*time.Hour {
		t.Fatalf("%v, %v", list, err)
	}
	call := func() answer {
		r := d.browser()
		r.header.Set("Authorization", "Bearer "+token)
		return r.get("/api/v1/tickets")
	}
	b.must(call(), 200)
	if _, err := d.app.Desk.Keeper().AfterRestore(); err != nil {
		t.Fatal(err)
	}
	got := call()
	if got.status != 401 || !strings.HasPrefix(got.header.Get("Content-Type"), "application/problem+json") || !strings.Contains(got.body, "sospeso") && !strings.Contains(got.body, "asleep") {
		t.Errorf("a sleeping token gets %d %s", got.status, got.body)
	}
	b.must(b.get("/me"), http.StatusSeeOther) // sessions ended
}

func TestOnlyFailuresOfStrangersSlowStrangers(t *testing.T) {
	d := newTestDesk(t)
	p := d.add("Ada Neri", people.Form{})
	mine := d.signedIn(p)
	mine.must(mine.post("/sign-out", nil), http.StatusSeeOther)
	stranger := d.browser()
	for range 5 {
		stranger.must(stranger.post("/sign-in", url.Values{"email": {p.Email}, "password": {"wrong"}}), 422)
	}
	stranger.must(stranger.post("/sign-in", url.Values{"email": {p.Email}, "password": {testPassword}}), http.StatusTooManyRequests)
	mine.must(mine.post("/sign-in", url.Values{"email": {p.Email}, "password": {testPassword}}), http.StatusSeeOther)
	// A change of one's own password has its own count, and the browser stays known after it.
	mine.must(mine.post("/me/password", url.Values{"password_now": {testPassword}, "password": {"una frase nuova e lunga"}, "password_again": {"una frase nuova e lunga"}}), http.StatusSeeOther)
	mine.must(mine.post("/sign-out", nil), http.StatusSeeOther)
	for range 6 {
		stranger.post("/sign-in", url.Values{"email": {p.Email}, "password": {"wrong"}})
	}
	mine.must(mine.post("/sign-in", url.Values{"email": {p.Email}, "password": {"una frase nuova e lunga"}}), http.StatusSeeOther)
}

func TestTokensEndWithThePassword(t *testing.T) {
	d := newTestDesk(t)
	p := d.add("Ada Neri", people.Form{})
	token, _, err := d.app.Desk.Keeper().NewToken(db.By{}, p.ID, "report")
	if err != nil {
		t.Fatal(err)
	}
	b := d.signedIn(p)
	b.must(b.post("/me/password", url.Values{"password_now": {testPassword}, "password": {"una frase nuova e lunga"}, "password_again": {"una frase nuova e lunga"}}), http.StatusSeeOther)
	if _, _, err := d.app.Desk.Keeper().Token(t.Context(), token, netip.Addr{}); fault.KindOf(err) != fault.SignIn {
		t.Errorf("the token: %v", err)
	}
}

// confirmDesk is a desk with an administrator, whose clock is the machine's, put forward.
type confirmDesk struct {
	*testDesk
	ahead atomic.Int64
	admin *store.Person
	actor policy.Actor
	group *store.Group

	audited uint64 // the entry of the audit log before the act
}

func newConfirmDesk(t *testing.T) *confirmDesk {
	d := &confirmDesk{}
	d.testDesk = newTestDesk(t, withMail, func(c *config.Config) {
		c.Trial.Clock = func() time.Time { return time.Now().Add(time.Duration(d.ahead.Load())) }
	})
	d.admin = d.add("Carla Capo", people.Form{Administrator: true})
	d.actor = policy.Actor{Person: d.admin, Via: door.Page}
	var err error
	if d.group, err = d.app.Desk.People.GroupByCode("csa"); err != nil {
		t.Fatal(err)
	}
	return d
}

func (d *confirmDesk) pass(long time.Duration) { d.ahead.Add(int64(long)) }

// acts lists what the administrator has done since the change, but for showing who they are.
func (d *confirmDesk) acts(since uint64) (out []string) {
	d.t.Helper()
	err := d.app.Store.View(func(tx *db.Tx) error {
		out = nil
		for e, err := range store.AuditEntries.All(tx, d.audited+1, false) { // what leaves no change
			if err != nil {
				return err
			}
			if e.By == d.admin.ID && slices.Contains([]string{act.OpenAudit.String(), act.ExportAudit.String(), act.TakeOwn.String()}, e.What) {
				out = append(out, e.What)
			}
		}
		for c, err := range tx.Changes(since) {
			if err != nil {
				return err
			}
			if c.By == d.admin.ID && c.Via != door.Desk && !slices.Contains([]act.Act{act.Seen, act.Confirm, act.SignIn}, c.Act) {
				out = append(out, c.Act.String()+" "+c.Table)
			}
		}
		return nil
	})
	if err != nil {
		d.t.Fatal(err)
	}
	return out
}

// confirmedActs are forms that do each of the acts for which somebody shows again who they are, by the name of its route.
var confirmedActs = map[string]func(d *confirmDesk) (address string, form url.Values){
	"me.password": func(*confirmDesk) (string, url.Values) {
		return "/me/password", url.Values{"password": {testPassword + " due"}, "password_again": {testPassword + " due"}}
	},
	"me.token": func(*confirmDesk) (string, url.Values) {
		return "/me/tokens", url.Values{"token_name": {"report"}, "token_nouns": {"*"}}
	},
	"admin-people.add": func(d *confirmDesk) (string, url.Values) {
		return "/admin/people", url.Values{"name": {"Lia \"Testa\" <b>& figli</b>"}, "email": {"lia@example.it"}, "administrator": {"1"}}
	},
	"admin-people.change": func(d *confirmDesk) (string, url.Values) {
		p := d.add("Ada Cambia", people.Form{})
		return address.Person(p.ID), changed(admin.PersonValues(d.person(p.Email), d.app.Desk.Location()), "email", "altrove@example.it", "administrator", "1", admin.MemberField(d.group.ID), "supervisor")
	},
	"admin-people.link": func(d *confirmDesk) (string, url.Values) {
		return address.Person(d.add("Ada Link", people.Form{}).ID) + "/link", url.Values{"hand": {"1"}, "reason": {"ha telefonato"}}
	},
	"admin-people.disable": func(d *confirmDesk) (string, url.Values) {
		p := d.add("Ada Via", people.Form{})
		return address.Person(p.ID) + "/disable", admin.PersonValues(d.person(p.Email), d.app.Desk.Location())
	},
	"erasures.erase-person": func(d *confirmDesk) (string, url.Values) {
		return address.Person(d.add("Ada Sparisce", people.Form{}).ID) + "/erase", url.Values{"files": {"1"}}
	},
	"erasures.erase-ticket": func(d *confirmDesk) (string, url.Values) {
		t, err := d.app.Desk.Tickets.Open(policy.Actor{Person: d.add("Ada Chiede", people.Form{}), Via: door.Page}, ticket.Opening{Subject: "Da togliere", Body: "Tutta", Kind: store.Malfunction})
		if err != nil {
			d.t.Fatal(err)
		}
		return "/admin/tickets/" + itoa(t.ID) + "/erase", url.Values{}
	},
	"erasures.retention": func(d *confirmDesk) (string, url.Values) {
		s, err := d.app.Desk.Catalogue.Settings()
		if err != nil {
			d.t.Fatal(err)
		}
		return "/admin/erasures/retention", url.Values{"rev": {itoa(s.Rev)}, "years-0": {"7"}, "do-0": {"remove"}, "do": {"save"}}
	},
	"admin-people.enable": func(d *confirmDesk) (string, url.Values) {
		p := d.add("Ada Torna", people.Form{Disabled: true})
		return address.Person(p.ID) + "/enable", admin.PersonValues(d.person(p.Email), d.app.Desk.Location())
	},
	"admin-groups.change": func(d *confirmDesk) (string, url.Values) {
		return address.Admin("groups", d.group.ID), changed(admin.GroupValues(d.group), "signature-it", "\n\nprima riga\r\n\"seconda\" <riga>", "confidential", "1")
	},
	"admin-groups.member": func(d *confirmDesk) (string, url.Values) {
		return address.Admin("groups", d.group.ID) + "/members", url.Values{"member": {d.add("Ada Membro", people.Form{}).Email}, "rank": {"supervisor"}}
	},
	"admin-groups.remove-member": func(d *confirmDesk) (string, url.Values) {
		p := d.add("Ada Esce", people.Form{Groups: []store.Membership{{Group: d.group.ID}}})
		return address.Admin("groups", d.group.ID) + "/members/remove", url.Values{"person": {itoa(p.ID)}}
	},
	"admin-groups.remove": func(d *confirmDesk) (string, url.Values) {
		g, err := d.app.Desk.People.AddGroup(d.actor, people.GroupForm{Code: "via", Name: store.Words{IT: "Via", EN: "Away"}})
		if err != nil {
			d.t.Fatal(err)
		}
		return address.Admin("groups", g.ID) + "/remove", url.Values{"remove": {"1"}}
	},
	"mail-servers.add": func(d *confirmDesk) (string, url.Values) {
		return "/admin/mailboxes", url.Values{"address": {"prima@posta.example"}, "group": {d.group.Code}}
	},
	"mail-servers.change": func(d *confirmDesk) (string, url.Values) {
		return "/admin/mailboxes/" + itoa(d.enteredMailbox()), url.Values{"address": {"altra@posta.example"}, "group": {d.group.Code}}
	},
	"mail-servers.remove": func(d *confirmDesk) (string, url.Values) {
		return "/admin/mailboxes/" + itoa(d.enteredMailbox()) + "/remove", url.Values{}
	},
	"mail-texts.save": func(d *confirmDesk) (string, url.Values) {
		s, err := d.app.Desk.Catalogue.Settings()
		if err != nil {
			d.t.Fatal(err)
		}
		return "/admin/mail-texts/opened", url.Values{"rev": {itoa(s.Rev)}, "event": {"opened"}, "subject-it": {"Richiesta {number}"}, "subject-en": {""}, "text-it": {"Ciao {name}\n\nfine"}, "text-en": {""}}
	},
	"admin-sharing.change": func(d *confirmDesk) (string, url.Values) {
		o := d.organisation("Condivide")
		return address.Admin("organisations", o.ID) + "/sharing", url.Values{"with": {"nobody"}, "rev": {itoa(o.Rev)}, "seen": {fmt.Sprint(store.SharedNobody, []string(nil), o.Rev)}}
	},
	"relocation.begin": func(d *confirmDesk) (string, url.Values) {
		from, to := store.Hat{Organisation: d.organisation("Va").ID}, d.organisation("Accoglie").ID
		seen, err := d.app.Desk.Relocations.Preview(d.actor, from, to)
		if err != nil {
			d.t.Fatal(err)
		}
		return address.Admin("organisations", from.Organisation) + "/move", url.Values{"to": {itoa(to)}, "sum": {seen.Sum}}
	},
	"admin-people.hand-on": func(d *confirmDesk) (string, url.Values) {
		p, to := d.add("Ada Lascia", people.Form{Groups: []store.Membership{{Group: d.group.ID}}}), d.add("Ada Prende", people.Form{Groups: []store.Membership{{Group: d.group.ID}}})
		if _, err := d.app.Desk.Queues.AddReply(policy.Actor{Person: p, Via: door.Page}, queue.ReplyForm{Title: store.Words{IT: "Saluti", EN: "Regards"}, Body: store.Words{IT: "Ciao", EN: "Hello"}}); err != nil {
			d.t.Fatal(err)
		}
		return address.Person(p.ID) + "/handover", url.Values{"replies": {"person-" + itoa(to.ID)}}
	},
	"admin-service-accounts.add": func(d *confirmDesk) (string, url.Values) {
		return "/admin/service-accounts", url.Values{"name": {"Sonda"}, "email": {"sonda@example.it"}, "owner_1": {d.admin.Email}, "owner_2": {d.add("Ada Prima", people.Form{}).Email}}
	},
	"service-account.owners": func(d *confirmDesk) (string, url.Values) {
		p := d.service("cambia@example.it")
		return address.Service(p.ID) + "/owners", url.Values{"rev": {itoa(p.Rev)}, "owner_1": {d.admin.Email}, "owner_2": {d.add("Ada Seconda", people.Form{}).Email}}
	},
	"service-account.token": func(d *confirmDesk) (string, url.Values) {
		return address.Service(d.service("gettone@example.it").ID) + "/tokens", url.Values{"token_name": {"report"}, "token_nouns": {"*"}}
	},
	"admin-audit.open":   func(*confirmDesk) (string, url.Values) { return "/admin/audit", url.Values{} },
	"me.export":          func(*confirmDesk) (string, url.Values) { return "/me/data/export", url.Values{} },
	"admin-audit.export": func(*confirmDesk) (string, url.Values) { return "/admin/audit/export", url.Values{"kind": {"refusal"}} },
	"admin-tokens.wake": func(d *confirmDesk) (string, url.Values) {
		return "/admin/tokens/" + itoa(d.sleeping()) + "/wake", url.Values{}
	},
	"admin-tokens.wake-all": func(d *confirmDesk) (string, url.Values) {
		d.sleeping()
		return "/admin/tokens/wake", url.Values{}
	},
}

func (d *confirmDesk) lastAudit() (id uint64) {
	d.t.Helper()
	err := d.app.Store.View(func(tx *db.Tx) error { id = store.AuditEntries.Last(tx); return nil })
	if err != nil {
		d.t.Fatal(err)
	}
	return id
}

// sleeping makes a token that sleeps.
func (d *confirmDesk) sleeping() uint64 {
	d.t.Helper()
	_, token, err := d.app.Desk.Keeper().NewToken(db.By{}, d.admin.ID, "report")
	if err != nil {
		d.t.Fatal(err)
	}
	err = d.app.Store.Update(db.By{Via: door.Command}, func(tx *db.Tx) error {
		t, err := store.Tokens.Get(tx, token.ID)
		if err != nil {
			return err
		}
		t.Asleep = tx.Now()
		return store.Tokens.Put(tx, t)
	})
	if err != nil {
		d.t.Fatal(err)
	}
	return token.ID
}

// organisation adds an organisation.
func (d *confirmDesk) organisation(name string) *store.Organisation {
	d.t.Helper()
	o, err := d.app.Desk.People.AddOrganisation(d.actor, people.OrganisationForm{Name: name})
	if err != nil {
		d.t.Fatal(err)
	}
	return o
}

// service adds a service account that belongs to the administrator and somebody else.
func (d *confirmDesk) service(email string) *store.Person {
	d.t.Helper()
	other := d.add("Altra", people.Form{Email: "altra." + email})
	p, err := d.app.Desk.People.AddService(d.actor, people.ServiceForm{Name: "Sonda", Email: email, Owners: [2]string{d.admin.Email, other.Email}})
	if err != nil {
		d.t.Fatal(err)
	}
	return p
}

// repeated are the values that a page which asks for the password posts along, without those of the page itself.
func repeated(page, action string) (key string, v url.Values) {
	v = postable(page, action)
	key = v.Get(web.OnceField)
	for _, name := range []string{"", "csrf", web.OnceField, web.PasswordField} {
		v.Del(name)
	}
	return key, v
}

// asTyped is the form as a browser sends it again: with the line ends of a form.
func asTyped(v url.Values) url.Values {
	out := url.Values{}
	for name, all := range v {
		for _, s := range all {
			out.Add(name, strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\n", "\r\n"))
		}
	}
	return out
}

// TestWhoHasNotShownLatelyWhoTheyAreDoesNothingOfWeight walks every route that asks who is signed in to show again who
// they are, in a browser in which an administrator signed in a while ago.
func TestWhoHasNotShownLatelyWhoTheyAreDoesNothingOfWeight(t *testing.T) {
	t.Parallel()
	d := newConfirmDesk(t)
	for name := range confirmedActs {
		if !slices.ContainsFunc(d.app.Site.Routes, func(r web.Route) bool { return r.Name == name && r.Confirm != web.Unasked }) {
			t.Errorf("nobody is asked who they are for %s", name)
		}
	}
	for _, r := range d.app.Site.Routes {
		if r.Confirm == web.Unasked {
			continue
		}
		prepare := confirmedActs[r.Name]
		if prepare == nil {
			t.Errorf("no form does %s", r.Name)
			continue
		}
		b := d.signedIn(d.admin)
		d.pass(15 * time.Minute)
		address, form := prepare(d)
		form = changed(asTyped(form), web.OnceField, "chiave "+r.Name)
		before := d.app.Store.Last()
		d.audited = d.lastAudit()

		ask, wrong := http.StatusUnauthorized, http.StatusUnprocessableEntity
		if r.Confirm != web.Lately {
			ask = wrong // by the form of the act
		}
		again := func(got answer, status int) url.Values {
			t.Helper()
			if got.status != status || !strings.Contains(got.body, `name="password_now"`) || strings.Contains(got.body, "sbagliata") {
				t.Fatalf("%s is answered %d\n%s", r.Name, got.status, got.body)
			}
			if done := d.acts(before); len(done) > 0 {
				t.Fatalf("%s is done by who has not shown who they are: %v", r.Name, done)
			}
			if r.Confirm != web.Lately {
				return changed(form, web.OnceField, form.Get(web.OnceField))
			}
			key, values := repeated(got.body, address)
			want := maps.Clone(form)
			want.Del(web.OnceField)
			if values = asTyped(values); !reflect.DeepEqual(values, want) || key != form.Get(web.OnceField) {
				t.Errorf("%s: what was typed is lost: %q with %q, want %q", r.Name, values, key, want)
			}
			return changed(values, web.OnceField, key)
		}
		values := again(b.post(address, form), ask)
		values = again(b.post(address, changed(values, web.PasswordField, "sbagliata e lunga")), wrong)
		values = again(b.post(address, changed(values, web.PasswordField, "")), wrong)
		got := b.post(address, changed(values, web.PasswordField, testPassword))
		if done := d.acts(before); got.status >= 400 || len(done) == 0 {
			t.Errorf("%s is not done by who has shown who they are: %d %v\n%s", r.Name, got.status, done, got.body)
		}
		if r.Confirm != web.Lately {
			if r.Name == "me.password" {
				if err := d.app.Desk.Keeper().SetPassword(db.By{Via: door.Command}, d.admin.ID, testPassword); err != nil {
					t.Fatal(err)
				}
			}
			continue
		}
		last := len(d.acts(before))
		for _, same := range []url.Values{values, form} { // the key of the form acts once, with the password and without
			if got := b.post(address, same); got.status >= 400 {
				t.Errorf("%s a second time: %d\n%s", r.Name, got.status, got.body)
			}
		}
		if len(d.acts(before)) != last {
			t.Errorf("%s is done twice under one key: %v", r.Name, d.acts(before))
		}
	}
}

// TestSigningInLatelyIsEnough lets the time pass after which the administrator is asked again, who is not asked before.
func TestSigningInLatelyIsEnough(t *testing.T) {
	t.Parallel()
	d := newConfirmDesk(t)
	b := d.signedIn(d.admin)
	asked := func() bool {
		t.Helper()
		address, form := confirmedActs["admin-tokens.wake-all"](d)
		return b.post(address, form).status == http.StatusUnauthorized
	}
	if asked() {
		t.Error("who has just signed in is asked again")
	}
	if d.pass(14 * time.Minute); asked() {
		t.Error("who signed in 14 minutes ago is asked again")
	}
	if d.pass(time.Minute); !asked() {
		t.Error("who signed in 15 minutes ago is not asked")
	}
	address, form := confirmedActs["admin-tokens.wake-all"](d)
	b.must(b.post(address, changed(form, web.PasswordField, testPassword)), http.StatusSeeOther)
	if d.pass(14 * time.Minute); asked() {
		t.Error("who confirmed 14 minutes ago is asked again")
	}
	if d.pass(time.Minute); !asked() {
		t.Error("who confirmed 15 minutes ago is not asked")
	}
	if d.pass(-2 * time.Hour); !asked() {
		t.Error("a clock that was set back confirms")
	}
	d.pass(2 * time.Hour)
	other := d.signedIn(d.admin)
	d.pass(16 * time.Minute)
	b.must(b.post(address, changed(form, web.PasswordField, testPassword)), http.StatusSeeOther)
	if got := other.post(address, url.Values{}); got.status != http.StatusUnauthorized {
		t.Errorf("confirmed in one browser, another is answered %d", got.status)
	}
}

// TestAWrongPasswordToConfirmCountsAsFailed has somebody at a browser that was found open guess.
func TestAWrongPasswordToConfirmCountsAsFailed(t *testing.T) {
	t.Parallel()
	d := newConfirmDesk(t)
	b := d.signedIn(d.admin)
	d.pass(time.Hour)
	address, form := confirmedActs["admin-people.disable"](d)
	before := d.app.Store.Last()
	for range 5 {
		b.must(b.post(address, changed(form, web.PasswordField, "sbagliata e lunga")), http.StatusUnprocessableEntity)
	}
	got := b.post(address, changed(form, web.PasswordField, testPassword))
	b.must(got, http.StatusTooManyRequests, "Troppi tentativi")
	if got.header.Get("Retry-After") == "" {
		t.Error("nobody says when to come back")
	}
	if done := d.acts(before); len(done) > 0 {
		t.Errorf("done: %v", done)
	}
	d.signedIn(d.admin) // keeps nobody from signing in
}

// TestNobodyIsAskedForAPasswordWithoutNeed posts to every route that asks for no confirmation, as an administrator who signed in a
// while ago, and to those that do as people who may not go there at all.
func TestNobodyIsAskedForAPasswordWithoutNeed(t *testing.T) {
	t.Parallel()
	var ahead atomic.Int64
	w := newWorld(t, func(c *config.Config) {
		c.Trial.Clock = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	})
	visitors := map[string]*browser{}
	for _, role := range []string{"nobody", "requester", "agent", "coordinator", "editor", "administrator"} {
		visitors[role] = w.visitor(role)
	}
	ahead.Store(int64(20 * time.Minute))
	title := w.app.Words.Text("it", "confirm.title")
	for _, r := range w.app.Site.Routes {
		if r.Confirm != web.Unasked && (r.Method != http.MethodPost || len(r.Files) > 0 || listen.IsAPIPath(r.Path)) {
			t.Errorf("%s cannot be confirmed: a program has no password, a form with files is not repeated", r.Name)
		}
	}
	for _, r := range posts(w.app) {
		for role, b := range visitors {
			if r.Name == "sign-out.do" || strings.HasPrefix(r.Path, "/me") || r.Confirm == web.Unasked && role != "administrator" || r.Confirm != web.Unasked && r.Who.Admits(policy.Actor{Person: w.people[role]}) {
				continue
			}
			if got := b.post(w.address(r), url.Values{}); strings.Contains(got.body, title) {
				t.Errorf("%s asks the %s for the password: %d", r.Name, role, got.status)
			}
		}
	}
}
