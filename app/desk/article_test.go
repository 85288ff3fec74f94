package desk

import (
	"strings"
	"testing"

	"sportello/app/desk/article"
	"sportello/app/desk/catalogue"
	"sportello/app/desk/policy"
	"sportello/app/desk/queue"
	"sportello/store"
	"sportello/store/fault"
)

func (o *office) write(who string, f article.Form) *article.View {
	o.t.Helper()
	v, err := o.Articles.Save(o.as(who), f)
	if err != nil {
		o.t.Fatalf("%s: %v", who, err)
	}
	return v
}

func TestArticlesAreWrittenByThoseWhoMay(t *testing.T) {
	o := newOffice(t)
	f := article.Form{Title: "Leggere il cedolino", Body: "Apri il menu.", Language: "it", Audience: store.Public, Module: o.module["csa"]}
	for _, who := range []string{"ada", "collega", "referente", "estraneo"} {
		_, err := o.Articles.Save(o.as(who), f)
		wants(t, err, fault.Denied, "", "")
		_, _, err = o.Articles.Put(o.as(who), article.Record{Title: "X", Body: "Y", Language: "it"})
		wants(t, err, fault.Denied, "", "")
		_, err = o.Articles.List(o.as(who), article.Filter{Publication: store.Draft})
		wants(t, err, fault.Denied, "", "")
	}
	_, err := o.Articles.Save(policy.Actor{}, f)
	wants(t, err, fault.SignIn, "", "")

	// If the product requires a review, agents write drafts and others publish.
	if _, err := o.Catalogue.ChangeSettings(o.as("amministratore"), 0, catalogue.SettingsForm{Review: &[]uint64{o.module["csa"]}}); err != nil {
		t.Fatal(err)
	}
	v := o.write("agente", f)
	if v.Version.Publication != store.Draft || v.Slug != "leggere-il-cedolino" || v.MayPublish || !v.MayChange || !v.MayDelete {
		t.Errorf("%+v", v)
	}
	f.Slug, f.Rev, f.Publication = v.Slug, v.Version.Rev, store.Published
	_, err = o.Articles.Save(o.as("agente"), f)
	wants(t, err, fault.Denied, "error.publish-denied", "state")
	v = o.write("redattore", f)
	if v.Version.Published.IsZero() {
		t.Error("published without a date")
	}
	f.Rev, f.Publication = v.Version.Rev, store.Draft
	_, err = o.Articles.Save(o.as("agente"), f)
	wants(t, err, fault.Denied, "error.publish-denied", "state")
	// A draft in the other language may not give the published version another audience.
	en := f
	en.Language, en.Rev, en.Title, en.Audience = "en", 0, "Reading the payslip", store.Agents
	_, err = o.Articles.Save(o.as("agente"), en)
	wants(t, err, fault.Denied, "error.publish-denied", "state")
	en.Audience = store.Public
	o.write("agente", en)
	wants(t, o.Articles.Remove(o.as("redattore"), v.Slug, "it", 0), fault.Conflict, "error.article-published", "")
	wants(t, o.Articles.Remove(o.as("agente2"), v.Slug, "en", 0), fault.Denied, "", "")
	if err := o.Articles.Remove(o.as("agente"), v.Slug, "en", 0); err != nil {
		t.Error(err)
	}
}

func TestArticlesAreReadByTheirAudience(t *testing.T) {
	o := newOffice(t)
	slug := map[string]string{}
	for name, f := range map[string]article.Form{
		"public": {Audience: store.Public, Publication: store.Published}, "signed-in": {Audience: store.SignedIn, Publication: store.Published},
		"agents": {Audience: store.Agents, Publication: store.Published}, "draft": {Audience: store.Public, Publication: store.Draft},
	} {
		f.Title, f.Body, f.Language, f.Module = "Articolo "+name, "Testo.", "it", o.module["csa"]
		slug[name] = o.write("amministratore", f).Slug
	}
	for who, want := range map[string]string{"": "public", "ada": "public signed-in", "referente": "public signed-in", "agente": "public signed-in agents draft",
		"redattore": "public signed-in agents draft", "amministratore": "public signed-in agents draft"} {
		a := policy.Actor{}
		if who != "" {
			a = o.as(who)
		}
		listed := 0
		for name, s := range slug {
			_, err := o.Articles.Read(a, s, "en")
			may := strings.Contains(" "+want+" ", " "+name+" ")
			if may != (err == nil) || err != nil && fault.KindOf(err) != fault.NotFound {
				t.Errorf("%q reads %s: %v", who, name, err)
			}
			if may && name != "draft" {
				listed++
			}
		}
		page, err := o.Articles.List(a, article.Filter{})
		if err != nil || len(page.Items) != listed {
			t.Errorf("%q is listed %d articles, want %d, %v", who, len(page.Items), listed, err)
		}
		counts, err := o.Articles.Counts(a)
		if err != nil || counts[o.module["csa"]] != listed {
			t.Errorf("%q is told of %v, want %d, %v", who, counts, listed, err)
		}
		for what, list := range map[string]func() ([]article.Item, error){
			"recent": func() ([]article.Item, error) { return o.Articles.Recent(a, "it", 20) },
			"picked": func() ([]article.Item, error) { return o.Articles.Pick(a, "art", 20) },
		} {
			if got, err := list(); err != nil || len(got) != listed {
				t.Errorf("%q is offered %d %s, want %d, %v", who, len(got), what, listed, err)
			}
		}
	}
}

func TestAnArticleInTwoLanguagesIsOneArticle(t *testing.T) {
	o := newOffice(t)
	it := o.write("redattore", article.Form{Title: "Cedolino", Body: "Testo.", Language: "it", Audience: store.Public, Publication: store.Published})
	en := o.write("redattore", article.Form{Slug: it.Slug, Title: "Payslip", Body: "Text.", Language: "en", Audience: store.Public, Publication: store.Published})
	o.write("redattore", article.Form{Title: "Banca", Body: "Testo.", Language: "it", Audience: store.Public, Publication: store.Published})
	if en.Article.ID != it.Article.ID || len(en.Languages) != 2 {
		t.Errorf("%+v", en)
	}
	for lang, want := range map[string]string{"it": "Banca, Cedolino", "en": "Banca, Payslip"} {
		var got []string
		f := article.Filter{Language: lang, Limit: 1}
		for {
			page, err := o.Articles.List(policy.Actor{}, f)
			if err != nil {
				t.Fatal(err)
			}
			for _, i := range page.Items {
				got = append(got, i.Version.Title)
			}
			if f.After = page.Next; f.After == "" {
				break
			}
		}
		if strings.Join(got, ", ") != want {
			t.Errorf("%s: %v, want %s", lang, got, want)
		}
	}
	if c, err := o.Articles.Counts(policy.Actor{}); err != nil || c[0] != 2 {
		t.Errorf("%v, %v", c, err)
	}
	// Module and audience belong to the article: a change in one language changes both.
	o.write("redattore", article.Form{Slug: it.Slug, Title: "Payslip", Body: "Text.", Language: "en", Audience: store.Agents, Module: o.module["csa"], Publication: store.Published, Rev: en.Version.Rev})
	_, err := o.Articles.Read(policy.Actor{}, it.Slug, "it")
	wants(t, err, fault.NotFound, "", "")
	v, err := o.Articles.Read(o.as("agente"), it.Slug, "it")
	if err != nil || v.Version.Language != "it" || v.Version.Audience != store.Agents || v.Module == nil || v.Module.Code != "csa" {
		t.Errorf("%+v, %v", v, err)
	}
	_, err = o.Articles.Save(o.as("redattore"), article.Form{Slug: it.Slug, Title: "Cedolino", Body: "Altro.", Language: "it", Rev: it.Version.Rev})
	wants(t, err, fault.Conflict, "error.changed-meanwhile", "")
	_, err = o.Articles.Save(o.as("redattore"), article.Form{Slug: it.Slug, Title: "Cedolino", Body: "Altro.", Language: "it"})
	wants(t, err, fault.Conflict, "error.changed-meanwhile", "")
}

func TestArticleFormsTellAllThatIsWrong(t *testing.T) {
	o := newOffice(t)
	_, err := o.Articles.Save(o.as("redattore"), article.Form{Slug: "Non buono", Title: " ", Body: "\n\x00", Language: "fr", Module: 99})
	for _, field := range []string{"slug", "title", "body", "language", "module"} {
		wants(t, err, fault.Invalid, "", field)
	}
	_, err = o.Articles.Save(o.as("redattore"), article.Form{Title: strings.Repeat("è", 251), Body: strings.Repeat("a", store.Versions.Most("body")+1), Language: "it"})
	wants(t, err, fault.Invalid, "error.too-long", "title")
	wants(t, err, fault.Invalid, "error.too-large", "body")
}

func TestPicturesBelongToTheArticle(t *testing.T) {
	o := newOffice(t)
	f, err := o.Files.Keep(o.as("redattore"), "schermata.png", strings.NewReader("un'immagine"))
	if err != nil {
		t.Fatal(err)
	}
	form := article.Form{Title: "Con figura", Body: "Testo.", Language: "it", Audience: store.Public, Files: []uint64{f.ID}}
	_, err = o.Articles.Save(o.as("agente"), form)
	wants(t, err, fault.Invalid, "error.file-gone", "files")
	v := o.write("redattore", form)
	if len(v.Files) != 1 || v.Files[0].Article != v.Article.ID {
		t.Errorf("%+v", v.Files)
	}
	if _, _, err := o.Files.Open(policy.Actor{}, f.ID); fault.KindOf(err) != fault.NotFound {
		t.Errorf("a stranger opens the picture of a draft: %v", err)
	}
	if err := o.Articles.Remove(o.as("redattore"), v.Slug, "it", v.Version.Rev); err != nil {
		t.Error(err)
	}
}

func TestSlugsAreShortAndUnique(t *testing.T) {
	o := newOffice(t)
	long := strings.Repeat("parola ", 20)
	for _, c := range []struct{ title, want string }{
		{"Perché no?", "perche-no"}, {"Perché, no!", "perche-no-2"}, {"perche no", "perche-no-3"}, {"日本", "articolo"}, {"…", "articolo-2"},
		{long, strings.TrimRight(strings.Repeat("parola-", 12)[:80], "-")}, {long, strings.TrimRight(strings.Repeat("parola-", 12)[:78], "-") + "-2"},
	} {
		got := o.write("redattore", article.Form{Title: c.title, Body: "Testo.", Language: "it"}).Slug
		if got != c.want || len(got) > store.Articles.Most("slug") {
			t.Errorf("%q: %q, want %q", c.title, got, c.want)
		}
	}
}

func TestSavedRepliesStayInTheirGroup(t *testing.T) {
	o := newOffice(t)
	csa := queue.ReplyForm{Group: o.group["csa"], Title: store.Words{IT: "Chiedere la matricola", EN: "Ask for the number"}, Body: store.Words{IT: "Buongiorno"}}
	for _, who := range []string{"ada", "referente", "redattore", "altrove"} {
		_, err := o.Queues.AddReply(o.as(who), csa)
		wants(t, err, fault.Denied, "", "")
	}
	_, err := o.Queues.Replies(o.as("ada"))
	wants(t, err, fault.Denied, "", "")
	shared, err := o.Queues.AddReply(o.as("agente"), csa)
	if err != nil {
		t.Fatal(err)
	}
	own, err := o.Queues.AddReply(o.as("agente"), queue.ReplyForm{Title: store.Words{IT: "Saluti"}, Body: store.Words{IT: "A presto"}})
	if err != nil {
		t.Fatal(err)
	}
	for who, want := range map[string]int{"agente": 2, "agente2": 1, "responsabile": 1, "altrove": 0, "amministratore": 1} {
		got, err := o.Queues.Replies(o.as(who))
		if err != nil || len(got) != want {
			t.Errorf("%s sees %d replies, want %d, %v", who, len(got), want, err)
		}
	}
	_, err = o.Queues.ChangeReply(o.as("agente"), shared.ID, 0, csa)
	wants(t, err, fault.Denied, "", "")
	_, err = o.Queues.ChangeReply(o.as("altrove"), shared.ID, 0, csa)
	wants(t, err, fault.NotFound, "", "")
	_, err = o.Queues.ChangeReply(o.as("amministratore"), own.ID, 0, csa)
	wants(t, err, fault.NotFound, "", "")
	if _, err = o.Queues.ChangeReply(o.as("responsabile"), shared.ID, shared.Rev, csa); err != nil {
		t.Error(err)
	}
	_, err = o.Queues.AddReply(o.as("agente"), queue.ReplyForm{})
	wants(t, err, fault.Invalid, "error.required", "title-it")
	wants(t, err, fault.Invalid, "error.required", "body-it")
	if got, err := o.Queues.PickReplies(o.as("agente"), "matr", "it", 5); err != nil || len(got) != 1 || got[0].ID != shared.ID {
		t.Errorf("%v, %v", got, err)
	}
	if got, err := o.Queues.PickReplies(o.as("ada"), "", "it", 5); err != nil || len(got) != 0 {
		t.Errorf("a requester is offered %v, %v", got, err)
	}
	wants(t, o.Queues.RemoveReply(o.as("agente2"), own.ID), fault.NotFound, "", "")
	if err := o.Queues.RemoveReply(o.as("agente"), own.ID); err != nil {
		t.Error(err)
	}
}
