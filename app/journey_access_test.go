package app_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"sportello/app/desk/catalogue"

	"github.com/chromedp/cdproto/network"
)

// TestCredentialsAreAskedForAndGivenInBothLanguages goes the whole road: a stranger asks on the sign-in page, confirms by the link of a
// letter, answers a question of the coordinator, is let in by the group, chooses a password and signs in. axe looks at each page on
// the way, light and dark.
func TestCredentialsAreAskedForAndGivenInBothLanguages(t *testing.T) {
	t.Parallel()
	source := axeSource(t)
	inLanguages(t, func(t *testing.T, lang string, scripts bool) { askForCredentials(t, source, lang, scripts) })
}

func askForCredentials(t *testing.T, source, lang string, scripts bool) {
	const email, name = "dina@nuova.example", "Dina D'Angelo"
	w := sendingWorld(t)
	say := func(key string, args ...any) string { return w.app.Words.Text(lang, key, args...) }
	speak := func(s *walk) *walk {
		s.run(network.SetExtraHTTPHeaders(network.Headers{"Accept-Language": lang}))
		return s
	}
	levels, err := w.app.Desk.Catalogue.Levels()
	must(t, err)
	module := levels[slices.IndexFunc(levels, func(l catalogue.Level) bool { return l.Code == "csa" })].Name.In(lang)
	guest := speak(w.walk(t, scripts))
	guest.visit("/sign-in")
	guest.follow(say("access.ask-here"))
	guest.clean(source)
	guest.fill(say("access.name"), name)
	guest.fill(say("access.email"), email)
	guest.fill(say("access.organisation"), "Ateneo")
	guest.tick(module)
	guest.fill(say("access.why"), "Seguo i cedolini.")
	guest.fill(say("access.voucher"), "Ugo Garante")
	guest.in("main form").follow(say("access.do"))
	guest.sees(say("flash.access-asked"))

	_, text := w.letterText(email)
	own := ownAccess.FindString(text)
	guest.visit(own)
	guest.sees(name, "Seguo i cedolini.")
	guest.clean(source)
	guest.follow(say("access.confirm"))
	guest.sees(say("access.own-waits"))

	ask := func(role string) *walk {
		s := speak(w.walkAs(t, role, scripts))
		s.visit("/access-requests")
		s.clean(source)
		s.follow(name)
		s.sees("Seguo i cedolini.", "Ugo Garante")
		s.clean(source)
		return s
	}
	coordinator := ask("coordinator")
	coordinator.fill(say("access.reason"), "In quale ufficio lavori?")
	coordinator.follow(say("access.ask-back"))
	coordinator.sees("In quale ufficio lavori?")
	if _, text = w.letterText(email); !strings.Contains(text, "In quale ufficio lavori?") {
		t.Errorf("the letter of the question:\n%s", text)
	}
	guest.visit(own)
	guest.sees("In quale ufficio lavori?")
	guest.fill(say("access.answer"), "All'ufficio stipendi.")
	guest.follow(say("access.answer-do"))
	guest.sees("All'ufficio stipendi.")
	guest.clean(source)

	agent := ask("agent")
	agent.sees("All'ufficio stipendi.")
	agent.follow(say("access.approve"))
	agent.sees(say("access.state-granted"))
	agent.clean(source)

	_, text = w.letterText(email)
	guest.visit(regexp.MustCompile(`/password/[\w-]+`).FindString(text))
	guest.clean(source)
	guest.fill(say("password.new"), goodPassword)
	guest.fill(say("password.again"), goodPassword)
	guest.follow(say("password.choose"))
	guest.visit("/sign-in")
	guest.fill(say("sign-in.email"), email)
	guest.fill(say("sign-in.password"), goodPassword)
	guest.in("main form").follow(say("sign-in.do"))
	guest.visit("/me")
	guest.sees(email)
}
