package app_test

import (
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sportello/app/words"
	"sportello/assets"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/door"
	"sportello/store/event"
)

// lacking names what an act, an event or a door has not got, where has knows the sentences and icons the drawings.
func lacking(has func(lang, key string) bool, icons []string) (out []string) {
	say := func(of fmt.Stringer, kind, what string) { out = append(out, fmt.Sprintf("%s %q %s", kind, of, what)) }
	sentences := func(of fmt.Stringer, kind string, keys []string) {
		for _, lang := range words.Languages {
			for _, key := range keys {
				if !has(lang, key) {
					say(of, kind, "has no sentence "+key+" in "+lang)
				}
			}
		}
	}
	told := map[event.Event]bool{}
	for _, a := range act.All() {
		sentences(a, "act", a.Sentences())
		for _, t := range a.Tells() {
			told[t.Event] = true
			if t.Whom == 0 {
				say(a, "act", "tells "+t.Event.String()+" to nobody")
			}
			if t.Event.Weight() == 0 {
				say(a, "act", "tells "+t.Event.String()+", which has no weight")
			}
		}
		switch {
		case !a.ForAgents():
		case !a.OfTicket():
			say(a, "act", "does not say whom it concerns")
		case !slices.Contains(icons, a.Icon()):
			say(a, "act", fmt.Sprintf("has the icon %q, which nobody has drawn", a.Icon()))
		}
		if a.ForSide() && !a.Public() {
			say(a, "act", "is a line on the requester's side, and does not concern it")
		}
	}
	weights := map[int]event.Event{}
	for _, e := range event.All() {
		sentences(e, "event", e.Sentences())
		if !e.ByBell() && !e.ByMail() {
			say(e, "event", "reaches nobody, neither by bell nor by mail")
		}
		if told[e] && e.OfAccount() {
			say(e, "event", "is about an account and told of a ticket")
		}
		if other, ok := weights[e.Weight()]; ok && e.Weight() != 0 {
			say(e, "event", "weighs as much as "+other.String())
		}
		weights[e.Weight()] = e
	}
	for _, d := range door.All() {
		if d.InLog() != "" {
			sentences(d, "door", []string{d.InLog()})
		}
	}
	return out
}

// drawn lists the icons of part/icon.
func drawn(t *testing.T) (out []string) {
	t.Helper()
	raw, err := fs.ReadFile(assets.FS, "part/icon.html")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`eq \. "([a-z-]+)"`).FindAllStringSubmatch(string(raw), -1) {
		out = append(out, m[1])
	}
	return out
}

// TestNothingHappensWithoutItsSentenceIconAndAudience: an act, an event or a door is a row of one table, and whatever the
// row needs is there, in both languages.
func TestNothingHappensWithoutItsSentenceIconAndAudience(t *testing.T) {
	dictionary, err := words.Load(assets.FS, nil)
	if err != nil {
		t.Fatal(err)
	}
	icons := drawn(t)
	for _, m := range lacking(dictionary.Has, icons) {
		t.Error(m)
	}
	t.Run("what is missing is named", func(t *testing.T) {
		for _, key := range []string{"history.take", "side.event-take", "audit.act.make-token", "bell.event-view", "mail.opened.subject", "mail-texts.when-digest", "audit.via.api"} {
			for _, lang := range words.Languages {
				got := lacking(func(l, k string) bool { return (l != lang || k != key) && dictionary.Has(l, k) }, icons)
				if len(got) != 1 || !strings.Contains(got[0], key+" in "+lang) {
					t.Errorf("without %s in %s: %q", key, lang, got)
				}
			}
		}
		got := lacking(dictionary.Has, slices.DeleteFunc(slices.Clone(icons), func(s string) bool { return s == "hand" }))
		if len(got) != 1 || !strings.Contains(got[0], `act "take"`) {
			t.Errorf("without the icon of taking charge: %q", got)
		}
	})
	t.Run("no sentence is left of what does not happen", func(t *testing.T) {
		known := map[string]bool{}
		for _, a := range act.All() {
			for _, key := range a.Sentences() {
				known[key] = true
			}
		}
		besides := []string{"history.desk", "history.unassign", "history.set", "history.unset", "history.from", "side.event-unassign", "side.event-plan-version",
			"side.event-severity", "side.event-urgency", "side.event-why"} // parts of the others
		for _, c := range []store.Approach{store.Phone, store.InPerson} {
			besides = append(besides, act.Open.History()+"-"+c.String()) // how the requester came
		}
		files, err := fs.Glob(assets.FS, "locale/*.toml")
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range files {
			sentences, err := words.ReadSentences(assets.FS, name)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range sentences {
				if regexp.MustCompile(`^(history\.|side\.event-|audit\.act\.)`).MatchString(s.ID) && !known[s.ID] && !slices.Contains(besides, s.ID) {
					t.Errorf("%s: nothing says %s", name, s.ID)
				}
			}
		}
	})
}
