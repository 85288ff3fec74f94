package app_test

import (
	"strings"
	"testing"

	"github.com/chromedp/cdproto/network"

	"sportello/app/desk/ticket"
)

// TestAPlanIsLedInBothLanguages writes, checks, tries and publishes a template, begins a plan with it, walks through it, changes
// a decision with its consequences, asks a question that is answered through the ticket, closes the plan and reads its record.
// axe looks at each page on the way, light and dark. Each language goes once, one of them without scripts;
// SPORTELLO_JOURNEYS=all goes all four ways.
func TestAPlanIsLedInBothLanguages(t *testing.T) {
	t.Parallel()
	source := axeSource(t)
	inLanguages(t, func(t *testing.T, lang string, scripts bool) { leadPlan(t, source, lang, scripts) })
}

func leadPlan(t *testing.T, source, lang string, scripts bool) {
	w := newWorld(t)
	say := func(key string, args ...any) string { return w.app.Words.Text(lang, key, args...) }
	word := func(it, en string) string { return map[string]string{"it": it, "en": en}[lang] }
	as := func(role string) *walk {
		s := w.walkAs(t, role, scripts)
		s.run(network.SetExtraHTTPHeaders(network.Headers{"Accept-Language": lang}))
		return s
	}
	clean := func(s *walk) { s.clean(source) }

	// A template is written with a mistake, checked, put right, and tried.
	bruno := as("agent")
	bruno.visit("/templates")
	clean(bruno)
	bruno.follow(say("template.new"))
	bruno.fill(say("template.source"), strings.Replace(trialTemplate, "staff>300", "stuff>300", 1))
	bruno.follow(say("template.check"))
	bruno.sees("stuff")
	clean(bruno)
	bruno.fill(say("template.source"), trialTemplate)
	bruno.follow(say("template.save"))
	bruno.sees(say("flash.template-saved"))
	clean(bruno)
	bruno.follow(say("template.walk"))
	bruno.follow(say("template.size-large"))
	bruno.sees(word("I casi sono molti.", "There are many cases."))
	clean(bruno)
	bruno.follow(say("template.choose") + " " + word("Tre", "Three"))
	bruno.sees(say("template.all-taken"))

	// It is published by whoever may.
	sara := as("supervisor")
	sara.visit("/templates/prova/publish")
	clean(sara)
	sara.fill(say("template.reason"), "Prima")
	sara.in("main form").follow(say("template.publish"))
	sara.sees(say("flash.template-published"))
	sara.follow(say("template.versions"))
	clean(sara)
	bruno.visit("/templates/prova/norms/year")
	clean(bruno)

	// A plan is begun, and the organisation walks through it.
	bruno.visit("/plans/new")
	clean(bruno)
	bruno.choose(say("plan.template"), word("Avvio di prova", "Trial"))
	bruno.set(say("plan.organisation"), w.code(w.things["organisation"]))
	bruno.fill(say("plan.start"), "2026-03-02")
	bruno.fill(say("plan.go-live"), "2027-01-04")
	bruno.fill(say("plan.name"), "Avvio 2027")
	bruno.in("main form").follow(say("plan.begin"))
	bruno.sees(say("flash.plan-begun"))
	clean(bruno)
	bruno.follow(say("plan.arrange-page"))
	bruno.fill(say("plan.go-live"), "2027-02-01")
	bruno.follow(say("plan.look-moves"))
	bruno.sees(say("plan.not-saved"))
	clean(bruno)
	bruno.in("main form").follow(say("form.save"))
	bruno.sees(say("flash.plan-arranged"))

	ada := as("coordinator")
	ada.visit("/plans")
	clean(ada)
	ada.follow("Avvio 2027")
	clean(ada)
	ada.follow(word("Quanti mesi di parallelo?", "How many parallel months?"))
	clean(ada)
	ada.tick(word("Uno", "One"))
	ada.fill(say("plan.reason"), "Per cominciare.")
	ada.follow(say("plan.decide"))
	ada.sees(say("flash.plan-decided"))

	// A question is asked and answered through its ticket, and the decision changes with what it brings.
	ada.follow(word("Quanti mesi di parallelo?", "How many parallel months?"))
	ada.fill(say("plan.ask"), "Bastano davvero?")
	ada.follow(say("plan.ask-do"))
	ada.sees(say("flash.plan-asked"), say("plan.unanswered"))
	v, err := w.app.Desk.Plans.Beside(w.as("coordinator"), 1, "months")
	must(t, err)
	w.does("agent", v.ID, ticket.Step{Message: &ticket.Text{Body: "Con i vostri casi ne servono tre."}})
	ada.visit("/plans/1/decisions/months")
	ada.sees("Con i vostri casi ne servono tre.")
	clean(ada)
	ada.tick(word("Tre", "Three"))
	ada.tick(say("plan.answer-reason", "number", v.ID))
	ada.fill(say("plan.reason"), "")
	ada.follow(say("plan.decide"))
	ada.sees(say("flash.plan-decided"), word("Ripetere", "Repeat"))
	ada.follow(word("Ripetere", "Repeat"))
	clean(ada)

	// The plan runs and is closed; its record says why.
	for _, state := range []string{"running", "closed"} {
		bruno.visit("/plans/1")
		bruno.choose(say("plan.state"), say("plan.state-"+state))
		bruno.follow(say("plan.change-state"))
		bruno.sees(say("flash.plan-state"))
	}
	ada.visit("/plans/1/record")
	ada.sees("Con i vostri casi ne servono tre.", word("Tre", "Three"))
	clean(ada)
}
