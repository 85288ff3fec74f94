package app_test

import (
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"sportello/app/address"
	"sportello/app/credential"
	"sportello/app/desk/people"
	"sportello/app/web/admin"
	"sportello/app/web/show"
	"sportello/store"
	"sportello/store/db"
	"sportello/store/fault"
)

// TestASupervisorNeverHoldsALinkOfSomebodyWhoIsThere walks the attack: into the own group, the password link, out again.
func TestASupervisorNeverHoldsALinkOfSomebodyWhoIsThere(t *testing.T) {
	d := newAdministration(t)
	b := d.signedIn(d.supervisor)
	group := address.Admin("groups", d.csa.ID)
	neverSeen := d.add("Mai Entrata", people.Form{Email: "mai@example.it"})
	for _, p := range []*store.Person{d.asker, neverSeen} {
		got := b.post(group+"/members", url.Values{"member": {p.Email}})
		b.must(got, http.StatusSeeOther, "!/password/")
		b.must(b.get(address.Person(p.ID)), 200, "!/password/", `!name="hand"`)
		for _, form := range []url.Values{{}, {"hand": {"1"}}, {"reason": {"Me lo ha chiesto"}}} {
			if got := b.post(address.Person(p.ID)+"/link", form); got.status < 400 || passwordLink.MatchString(got.body) {
				t.Errorf("a supervisor asks for a link with %v: %d, %s", form, got.status, passwordLink.FindString(got.body))
			}
		}
		b.must(b.post(group+"/members/remove", url.Values{"person": {show.IDValue(p.ID)}}), http.StatusSeeOther)
		// Who was added and removed finds it under the bell.
		theirs := d.signedIn(p)
		if _, err := d.app.Desk.Notices.Plan(); err != nil {
			t.Fatal(err)
		}
		theirs.must(theirs.get("/notices"), 200, "Carla Serra ha cambiato quello che puoi fare")
	}
	// Adding somebody again who is there is no way to a link either.
	got := b.post("/admin/people", url.Values{"name": {"Ada"}, "email": {d.asker.Email}, admin.MemberField(d.csa.ID): {"agent"}})
	b.must(got, 422, "!/password/")

	// An administrator hands one over, and the person is told.
	a := d.signedIn(d.admin)
	a.must(a.post(address.Person(d.asker.ID)+"/link", url.Values{"reason": {"Ha perso la casella"}}), 200, "Il collegamento è pronto", "/password/")
	a.must(a.get("/admin/changes?kind=access"), 200, "Ha perso la casella")
	theirs := d.signedIn(d.asker)
	page := theirs.get("/notices")
	theirs.must(page, 200, "Franca Gatti ha preso un collegamento", "Ha perso la casella")
	_, id, _ := strings.Cut(page.body, `name="notice" value="`)
	id, _, _ = strings.Cut(id, `"`)
	if to := theirs.post("/notices/read", url.Values{"notice": {id}}).header.Get("Location"); to != "/me" {
		t.Errorf("the notice leads to %q", to)
	}
	a.must(a.post("/notices/read", url.Values{"notice": {id}}), 404)
}

func TestSleepingTokensAreWokenOnAPage(t *testing.T) {
	d := newAdministration(t)
	token, _, err := d.app.Desk.Keeper().NewToken(db.By{}, d.agent.ID, "stampe notturne")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.app.Desk.Keeper().AfterRestore(); err != nil {
		t.Fatal(err)
	}
	s := d.signedIn(d.supervisor)
	s.must(s.get("/admin/tokens"), 403)
	s.must(s.post("/admin/tokens/wake", nil), 403)
	s.must(s.post("/admin/tokens/1/wake", nil), 403)
	a := d.signedIn(d.admin)
	a.must(a.get("/admin/tokens"), 200, "stampe notturne", "Bruno Galli", "!"+token)
	a.must(a.post("/admin/tokens/99/wake", nil), 404)
	a.must(a.post("/admin/tokens/wake", nil), http.StatusSeeOther)
	a.must(a.get("/admin/tokens"), 200, "Nessun token sospeso")
	if _, _, err := d.app.Desk.Keeper().Token(t.Context(), token, netip.Addr{}); err != nil {
		t.Error(err)
	}
}

// TestARestoreBringsNoCredentialsBack goes by the command line: what was ended after the backup is not alive again.
func TestARestoreBringsNoCredentialsBack(t *testing.T) {
	from, kept, to := filepath.Join(t.TempDir(), "data"), t.TempDir(), filepath.Join(t.TempDir(), "data")
	run := func(in string, args ...string) string {
		t.Helper()
		status, out, errOut := commandLine(t, in, args...)
		if status != 0 {
			t.Fatalf("%v: %d, %s %s", args, status, out, errOut)
		}
		return strings.TrimSpace(out)
	}
	run(testPassword+"\n", "person", "add", "--data", from, "--email", "ada@example.it", "--name", "Ada Neri", "--role", "administrator", "--password-stdin")
	token := run("", "token", "create", "--data", from, "--person", "ada@example.it", "--expires", "90d")
	open := func(dir string, do func(*credential.Keeper)) {
		t.Helper()
		st, err := store.Open(dir, db.Options{NoSync: true})
		if err != nil {
			t.Fatal(err)
		}
		do(credential.New(st))
		if err := st.Close(); err != nil {
			t.Fatal(err)
		}
	}
	session := ""
	open(from, func(k *credential.Keeper) {
		var err error
		if session, _, err = k.SignIn(t.Context(), "ada@example.it", testPassword, "", ""); err != nil {
			t.Fatal(err)
		}
	})
	run("", "backup", kept, "--data", from)
	if out := run("", "restore", kept, "--data", to); !strings.Contains(out, "wakes them: 1") {
		t.Errorf("restore says %q", out)
	}
	open(to, func(k *credential.Keeper) {
		if _, _, err := k.Session(t.Context(), session); fault.KindOf(err) != fault.SignIn {
			t.Errorf("the session: %v", err)
		}
		_, _, err := k.Token(t.Context(), token, netip.Addr{})
		if e, ok := errors.AsType[*fault.Error](err); !ok || e.Key != "error.token-asleep" {
			t.Errorf("the token: %v", err)
		}
	})
}
