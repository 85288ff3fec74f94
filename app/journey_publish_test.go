package app_test

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/chromedp/cdproto/network"

	"sportello/app/desk/installation"
	"sportello/store"
)

// TestAnUpdateGoesFromDraftToInstalledInBothLanguages: an agent writes an update, sends a file, sees whom it tells and publishes it;
// the coordinator goes from the letter to its page, fetches the file and says that it is installed; the agent reads it. axe looks
// at each page on the way, light and dark.
func TestAnUpdateGoesFromDraftToInstalledInBothLanguages(t *testing.T) {
	t.Parallel()
	source := axeSource(t)
	inLanguages(t, func(t *testing.T, lang string, scripts bool) { publishUpdate(t, source, lang, scripts) })
}

func publishUpdate(t *testing.T, source, lang string, scripts bool) {
	w := sendingWorld(t)
	say := func(key string, args ...any) string { return w.app.Words.Text(lang, key, args...) }
	as := func(role string) *walk {
		s := w.walkAs(t, role, scripts)
		s.run(network.SetExtraHTTPHeaders(network.Headers{"Accept-Language": lang}))
		return s
	}
	code := w.code(w.things["organisation"])
	must(t, w.app.Desk.Installations.Put(w.as("administrator"), code, installation.Entry{Module: "csa", Environment: store.Production, Version: "23.12"}))
	name := map[string]string{"it": "Conguaglio di fine anno", "en": "End of year settlement"}[lang]

	bruno := as("agent")
	bruno.visit("/releases")
	bruno.follow(say("releases.new"))
	bruno.fill(say("releases.title-it"), "Conguaglio di fine anno")
	bruno.fill(say("releases.title-en"), "End of year settlement")
	bruno.set(say("releases.module"), "csa")
	bruno.fill(say("installations.version"), "24.03")
	bruno.fill(say("releases.by-when-production"), "2099-12-18")
	bruno.in("#audience").tick(say("releases.whom-installed"))
	bruno.set(say("installations.environment"), "production")
	bruno.fill(say("releases.range-until"), "23.13")
	bruno.clean(source)
	bruno.follow(say("form.save"))
	bruno.sees(say("flash.release-saved"), name)
	file := filepath.Join(t.TempDir(), "csa-24.03.zip")
	must(t, os.WriteFile(file, []byte("Il programma."), 0o600))
	bruno.attach(say("releases.send-files"), file)
	bruno.follow(say("releases.send"))
	bruno.sees("csa-24.03.zip")
	bruno.clean(source)
	bruno.follow(say("releases.publish"))
	bruno.sees(w.people["coordinator"].Email)
	bruno.clean(source)
	bruno.in("main form").follow(say("releases.publish"))
	bruno.sees(say("flash.release-published"))
	for more := true; more; {
		var err error
		more, err = w.app.Desk.Releases.Step()
		must(t, err)
	}

	subject, text := w.letterText(w.people["coordinator"].Email)
	here := regexp.MustCompile(`/releases/\d+`).FindString(text)
	if here == "" || !regexp.MustCompile(`24\.03`).MatchString(subject) {
		t.Fatalf("the letter %q leads nowhere:\n%s", subject, text)
	}
	rita := as("coordinator")
	rita.visit(here)
	rita.sees(name, "csa-24.03.zip", "23.12")
	rita.clean(source)
	rita.in("article:first-of-type").follow(say("releases.say-installed"))
	rita.sees(say("flash.receipt-said"), say("releases.receipt-installed"))

	bruno.visit(here)
	bruno.sees(say("releases.receipt-installed"))
	running, err := w.app.Desk.Installations.List(w.as("agent"), code)
	must(t, err)
	if len(running.Installed) != 1 || running.Installed[0].Version != "24.03" {
		t.Errorf("what runs now: %+v", running.Installed)
	}
}
