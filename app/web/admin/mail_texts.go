package admin

import (
	"net/url"
	"strconv"
	"strings"

	"sportello/app/desk/catalogue"
	"sportello/app/web"
	"sportello/app/web/show"
	"sportello/app/words"
	"sportello/store"
	"sportello/store/event"
)

// mailTextsPage has the subject and text of each event's mail, in both languages.
type mailTextsPage struct {
	show.AdminPage
	Rev          string
	Texts        []mailTextView
	Placeholders []placeholderView
}

type mailTextView struct {
	Event  string
	Name   string
	When   string
	Own    bool // the desk has its own text for it
	Open   bool
	MayOff bool // it may be turned off
	Sent   bool
	Fields []mailTextField
}

type mailTextField struct {
	Name, Field string // in the form, and in the problems
	Label       string
	Lang        string
	Value       string
	BuiltIn     string
	Err         string
	Lines       bool // it may have several lines
}

type placeholderView struct{ Name, What string }

func (a pages) getMailTexts(r *web.Request) error { return a.mailTextsPage(r, event.Event{}, nil, nil) }

// mailTextsPage shows the page; event, f and err belong to the posted form.
func (a pages) mailTextsPage(r *web.Request, tells event.Event, f *web.Form, err error) error {
	v := &mailTextsPage{AdminPage: show.Admin(a.Site, r, "mail-texts", "mail-texts.title")}
	v.Top()
	v.Path = "/admin/mail-texts"
	set, problem := a.savedSettings()
	if problem != nil {
		return problem
	}
	v.Rev = strconv.FormatUint(set.Rev, 10)
	if f != nil {
		now := url.Values{"rev": {v.Rev}}
		subject, text := catalogue.MailText(set, tells)
		setWords(now, "subject", subject)
		setWords(now, "text", text)
		now["sent"] = show.Boxed(!catalogue.MailOff(set, tells))
		if err := v.Again(f, err, now, []show.AdminField{{Name: "subject-it", Key: "mail-texts.subject-it"}, {Name: "subject-en", Key: "mail-texts.subject-en"},
			{Name: "text-it", Key: "mail-texts.text-it"}, {Name: "text-en", Key: "mail-texts.text-en"}}); err != nil {
			return err
		}
		// Field names on the page include their event; the summary must link to them.
		for i := range v.Wrongs {
			v.Wrongs[i].Field = tells.String() + "-" + v.Wrongs[i].Field
		}
	} else if v.Resume(r) && v.Form.Has("event") {
		f = v.Form
		tells, _ = event.OfMail(f.Raw("event"))
	}
	for _, e := range event.Mailed() {
		view := mailTextView{Event: e.String(), Name: v.T(e.Name()), When: v.T(e.When()), Open: e == tells, MayOff: e.MayBeOff(), Sent: !catalogue.MailOff(set, e)}
		if f != nil && view.Open {
			view.Sent = f.Bool("sent")
		}
		subject, text := catalogue.MailText(set, e)
		view.Own = subject != (store.Words{}) || text != (store.Words{})
		for _, part := range []struct {
			name  string
			words store.Words
		}{{"subject", subject}, {"text", text}} {
			for _, lang := range words.Languages {
				field := mailTextField{Name: part.name + "-" + lang, Field: e.String() + "-" + part.name + "-" + lang, Label: v.T("mail-texts." + part.name + "-" + lang), Lang: lang,
					Value: map[string]string{"it": part.words.IT, "en": part.words.EN}[lang], Lines: part.name == "text"}
				if key := "mail." + e.String() + "." + part.name; a.Words.Has(lang, key) {
					field.BuiltIn = a.Words.Text(lang, key)
				}
				if f != nil && view.Open {
					field.Value, field.Err = v.Value(field.Name), v.Err(field.Name)
				}
				view.Fields = append(view.Fields, field)
			}
		}
		v.Texts = append(v.Texts, view)
	}
	for _, name := range catalogue.MailPlaceholders {
		v.Placeholders = append(v.Placeholders, placeholderView{"{" + name + "}", v.T("mail-texts.placeholder-" + name)})
	}
	return r.Render("page/mail-texts", v)
}

func (a pages) postMailText(r *web.Request) error {
	event, _ := event.OfMail(strings.Clone(r.Param("event")))
	f := r.Form()
	subject, text := wordsIn(f, "subject", store.Most("tickets.subject")), textsIn(f, "text")
	if !f.Has("rev") {
		f.Refuse("subject-it", "error.required") // restoring the built-in text is a separate choice of the form
	}
	err := f.Err()
	if err == nil {
		err = a.Desk.Catalogue.SetMailText(r.Actor(), f.ID("rev"), event, subject, text, !f.Bool("sent"))
	}
	if err != nil {
		return a.mailTextsPage(r, event, f, err)
	}
	return r.Done("flash.mail-text-saved", "/admin/mail-texts#"+event.String(), "name", a.Words.Text(r.Lang(), event.Name()))
}
