package catalogue

import (
	"regexp"
	"slices"

	"sportello/app/desk/entry"
	"sportello/app/desk/policy"
	"sportello/app/markup"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/event"
	"sportello/store/fault"
)

// MailOff reports whether the event's mail is turned off.
func MailOff(set *store.Settings, event event.Event) bool {
	return event.MayBeOff() && slices.Contains(set.MailsOff, event.String())
}

// MailPlaceholders are the placeholders allowed in the texts of mail, written {name}.
var MailPlaceholders = []string{"greeting", "name", "number", "subject", "who", "group", "desk", "why", "version", "date", "link", "token", "person", "place", "device", "address", "time", "rights", "headline", "facts", "notes"}

var maxMailText = store.SettingsTable.Most("mail_texts.it")

var inBraces = regexp.MustCompile(`\{([^{}\n]*)\}`)

// MailText returns the administrator's subject and text for the event's mail. Where one is empty in a language, the
// built-in one is used.
func MailText(set *store.Settings, event event.Event) (subject, text store.Words) {
	return set.MailTexts[event.Subject()], set.MailTexts[event.Text()]
}

// SetMailText changes subject and text of the event's mail; an empty one restores the built-in one. off turns the mail
// off if it may be, and is ignored otherwise. Only administrators may call it. saw is the revision of the
// settings that the actor saw; 0 skips the check. It returns a NotFound error for an event without mail, and Invalid
// errors of subject-it, subject-en, text-it and text-en: "error.mail-placeholder", with the argument unknown, for
// anything in braces that is not a placeholder.
func (ct *Catalogue) SetMailText(a policy.Actor, saw uint64, event event.Event, subject, text store.Words, off bool) error {
	if err := policy.MayAdminister(a); err != nil {
		return err
	}
	if !event.ByMail() {
		return fault.New(fault.NotFound, "error.not-found")
	}
	var wrong fault.Problems
	subject = entry.CleanWords(&wrong, "subject", subject, entry.MaxSubject)
	text = entry.CleanTexts(&wrong, "text", text, maxMailText)
	for _, f := range []struct{ name, value string }{{"subject-it", subject.IT}, {"subject-en", subject.EN}, {"text-it", text.IT}, {"text-en", text.EN}} {
		if unknown := unknownPlaceholder(f.value); unknown != "" {
			wrong.Add(f.name, "error.mail-placeholder", "unknown", unknown)
		}
	}
	if err := wrong.Err(); err != nil {
		return err
	}
	return ct.st.Update(a.By(act.ChangeSettings), func(tx *db.Tx) error {
		set, err := store.StoredSettings(tx)
		if err != nil {
			return err
		}
		if err := entry.SameRev(saw, set.Rev); err != nil {
			return err
		}
		texts := map[string]store.Words{}
		for key, words := range set.MailTexts {
			texts[key] = words
		}
		for key, words := range map[string]store.Words{event.Subject(): subject, event.Text(): text} {
			if texts[key] = words; words == (store.Words{}) {
				delete(texts, key)
			}
		}
		if len(texts) == 0 {
			texts = nil
		}
		set.MailTexts = texts
		set.MailsOff = slices.DeleteFunc(slices.Clone(set.MailsOff), func(e string) bool { return e == event.String() })
		if off && event.MayBeOff() {
			set.MailsOff = append(set.MailsOff, event.String())
		}
		return store.SettingsTable.Put(tx, set)
	})
}

// unknownPlaceholder returns the first text in braces that is not a placeholder, shortened for a message.
func unknownPlaceholder(s string) string {
	for _, m := range inBraces.FindAllStringSubmatch(s, -1) {
		if !slices.Contains(MailPlaceholders, m[1]) {
			return markup.Excerpt(m[0], 40)
		}
	}
	return ""
}
