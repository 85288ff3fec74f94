package catalogue

import (
	"regexp"
	"slices"

	"sportello/app/desk/entry"
	"sportello/app/desk/policy"
	"sportello/app/desk/post"
	"sportello/app/markup"
	"sportello/store"
)

// MailEvents are the events of which the desk tells by mail: in the order in which a ticket lives through them, then
// those of an account. Each has a subject and a text.
var MailEvents = append([]string{"opened", post.EventReceived, post.EventCut, "message", "taken", "moved", "waiting", "planned", "resolved", "closing", "priority",
	"new", "group", "assigned", "note", "beside", "mention", "bounce", "unconfirmed", "digest"}, post.AccountEvents...)

// optionalMails are the events whose mail an administrator may switch off.
var optionalMails = []string{"browser"}

// MayBeOff reports whether the event's mail may be switched off.
func MayBeOff(event string) bool { return slices.Contains(optionalMails, event) }

// MailOff reports whether the event's mail is switched off.
func MailOff(set *store.Settings, event string) bool {
	return MayBeOff(event) && slices.Contains(set.MailsOff, event)
}

// MailPlaceholders are what the texts of mail may leave to be filled in, written {name}.
var MailPlaceholders = []string{"greeting", "name", "number", "subject", "who", "group", "desk", "why", "version", "date", "link", "token", "device", "address", "time", "rights"}

var maxMailText = store.SettingsTable.Most("mail_texts.it")

var inBraces = regexp.MustCompile(`\{([^{}\n]*)\}`)

// MailText returns what the administrator made of the subject and the text of the event's mail. What is empty in a
// language is the built-in one there.
func MailText(set *store.Settings, event string) (subject, text store.Words) {
	return set.MailTexts[event+".subject"], set.MailTexts[event+".text"]
}

// SetMailText changes subject and text of the event's mail; what is empty becomes the built-in one again. off switches
// the mail off, where MayBeOff; of other events it is nothing.
// Administrators only. saw is the revision of the settings that the actor saw; 0 asks nothing. NotFound for an event
// of which no mail tells. Invalid beside subject-it, subject-en, text-it and text-en, "error.mail-placeholder" with the
// argument unknown for anything in braces that is no placeholder.
func (ct *Catalogue) SetMailText(a policy.Actor, saw uint64, event string, subject, text store.Words, off bool) error {
	if err := policy.MayAdminister(a); err != nil {
		return err
	}
	if !slices.Contains(MailEvents, event) {
		return store.Fail(store.NotFound, "error.not-found")
	}
	var wrong store.Problems
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
	return ct.st.Update(a.By("change-settings"), func(tx *store.Tx) error {
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
		for key, words := range map[string]store.Words{event + ".subject": subject, event + ".text": text} {
			if texts[key] = words; words == (store.Words{}) {
				delete(texts, key)
			}
		}
		if len(texts) == 0 {
			texts = nil
		}
		set.MailTexts = texts
		set.MailsOff = slices.DeleteFunc(slices.Clone(set.MailsOff), func(e string) bool { return e == event })
		if off && MayBeOff(event) {
			set.MailsOff = append(set.MailsOff, event)
		}
		return store.SettingsTable.Put(tx, set)
	})
}

// unknownPlaceholder returns the first thing in braces that would not be filled in, shortened for a message.
func unknownPlaceholder(s string) string {
	for _, m := range inBraces.FindAllStringSubmatch(s, -1) {
		if !slices.Contains(MailPlaceholders, m[1]) {
			return markup.Excerpt(m[0], 40)
		}
	}
	return ""
}
