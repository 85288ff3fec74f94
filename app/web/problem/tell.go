package problem

import (
	"html/template"
	"net/url"

	"sportello/app/address"
	"sportello/app/desk/problem"
	"sportello/app/markup"
	"sportello/app/web"
	"sportello/app/web/show"
	"sportello/store"
)

// tellPage is one of three forms about a known problem: a message to whoever met it, with a preview; that a service stands still
// because of it; that it is another one.
type tellPage struct {
	web.Page
	What, Cancel string
	Action       string
	Rev          uint64
	About        string   // the title of the problem
	Reach        []string // whom a message reaches
	Previews     []preview
	Out          bool // the service stands still
	Same         []show.ProblemLine
}

// preview is a message as its readers of one language will see it.
type preview struct {
	Label string
	Lang  string
	HTML  template.HTML
}

// telling shows the form of the name for the problem.
func (a pages) telling(r *web.Request, one *problem.View, what, title string, f *web.Form, wrong error) error {
	here := address.Problem(one.ID)
	v := &tellPage{Page: r.Page(title), What: what, Cancel: here, Action: here + "/" + what, Rev: one.Rev, Out: one.Outage.Runs(a.Desk.Now())}
	v.Nav = "problems"
	v.About, _ = show.InLanguage(one.Title, v.Lang)
	v.Crumb(v.T("problems.title"), address.Problems)
	v.Crumb(v.T("problems.number", "number", show.IDValue(one.ID)), here)
	v.Crumb(v.Title, "")
	switch {
	case f != nil:
		if err := v.Refill(f, wrong); err != nil {
			return err
		}
	case v.Resume(r):
	case what == "outage" && v.Out:
		o := one.Outage
		values := url.Values{"news-it": {o.News.IT}, "news-en": {o.News.EN}}
		web.SetMoment(values, "from", o.From, a.Desk.Location())
		web.SetMoment(values, "until", o.Expected, a.Desk.Location())
		v.Fill(values)
	}
	var err error
	switch what {
	case "message":
		err = a.reach(r, v, one)
	case "merge":
		err = a.same(r, v, one)
	}
	if err == nil {
		err = show.House(a.Site, r, &v.Page, address.Problems)
	}
	if err != nil {
		return err
	}
	return r.Render("page/problem-tell", v)
}

// reach says whom a message reaches, and how it looks.
func (a pages) reach(r *web.Request, v *tellPage, one *problem.View) error {
	reach, err := a.Desk.Problems.Reach(r.Actor(), one.ID)
	if err != nil {
		return err
	}
	v.Reach = []string{v.Plural("problems.persons", reach.Persons), v.Plural("problems.cases", reach.Tickets)}
	for _, lang := range []string{"it", "en"} {
		if n := reach.Languages[lang]; n > 0 {
			v.Reach = append(v.Reach, v.Plural("problems.reads", n, "language", v.T("articles.language-"+lang)))
		}
	}
	if reach.Settled > 0 {
		v.Reach = append(v.Reach, v.Plural("problems.settled", reach.Settled))
	}
	words := store.Words{IT: v.Value("it"), EN: v.Value("en")}
	if v.Value("act") != "preview" || words == (store.Words{}) {
		return nil
	}
	for _, lang := range []string{"it", "en"} {
		text, other := show.InLanguage(words, lang)
		if other == "" {
			other = lang
		}
		v.Previews = append(v.Previews, preview{v.T("problems.preview-of", "language", v.T("articles.language-"+lang)), other, markup.Part(text)})
	}
	return nil
}

// same are the other problems of the module, for merging.
func (a pages) same(r *web.Request, v *tellPage, one *problem.View) error {
	levels, err := a.Desk.Catalogue.Levels()
	if err != nil {
		return err
	}
	list, err := a.Desk.Problems.List(r.Actor(), problem.Filter{Module: one.Problem.Module, Limit: perPage})
	if err != nil {
		return err
	}
	for _, other := range list.Problems {
		if other.ID != one.ID && other.MayWrite {
			v.Same = append(v.Same, show.ProblemLineOf(&v.Page, other, levels))
		}
	}
	return nil
}

func (a pages) getMessage(r *web.Request) error {
	one, err := a.read(r, mayWrite)
	if err != nil {
		return err
	}
	return a.telling(r, one, "message", "problems.message", nil, nil)
}

// postMessage writes to whoever met the problem, or shows how that would look.
func (a pages) postMessage(r *web.Request) error {
	one, err := a.read(r, mayWrite)
	if err != nil {
		return err
	}
	f := r.Form()
	text := store.Words{IT: f.Body("it"), EN: f.Body("en")}
	if err = f.Err(); err == nil && f.Raw("act") == "preview" {
		return a.telling(r, one, "message", "problems.message", f, nil)
	}
	if err == nil {
		_, err = a.Desk.Problems.Message(r.Actor(), one.ID, text)
	}
	if err != nil {
		return a.telling(r, one, "message", "problems.message", f, err)
	}
	return r.Done("flash.problem-told", address.Problem(one.ID))
}

// postMessageBack takes a message to all back from those who have not got it.
func (a pages) postMessageBack(r *web.Request) error {
	one, err := a.read(r, mayWrite)
	if err != nil {
		return err
	}
	message, err := r.NumberOf("message")
	if err == nil {
		_, err = a.Desk.Problems.TakeBack(r.Actor(), one.ID, message)
	}
	if err != nil {
		return err
	}
	return r.Done("flash.problem-message-back", address.Problem(one.ID)+"#messages")
}

func (a pages) getOutage(r *web.Request) error {
	one, err := a.read(r, mayWrite)
	if err != nil {
		return err
	}
	return a.telling(r, one, "outage", "problems.outage", nil, nil)
}

// postOutage says that the service stands still, what is new, or that it works again.
func (a pages) postOutage(r *web.Request) error {
	one, err := a.read(r, mayWrite)
	if err != nil {
		return err
	}
	f := r.Form()
	from, until, news := f.Moment("from"), f.Moment("until"), store.Words{IT: f.Body("news-it"), EN: f.Body("news-en")}
	halt, flash := problem.Halt{From: &from, Until: &until, News: &news}, "flash.problem-out"
	if f.Raw("act") == "end" {
		halt, flash = problem.Halt{Ended: true, News: &news}, "flash.problem-back"
	}
	if err = f.Err(); err == nil {
		_, err = a.Desk.Problems.Halt(r.Actor(), one.ID, halt)
	}
	if err != nil {
		return a.telling(r, one, "outage", "problems.outage", f, err)
	}
	return r.Done(flash, address.Problem(one.ID))
}

func (a pages) getMerge(r *web.Request) error {
	one, err := a.read(r, mayWrite)
	if err != nil {
		return err
	}
	return a.telling(r, one, "merge", "problems.merge", nil, nil)
}

func (a pages) postMerge(r *web.Request) error {
	one, err := a.read(r, mayWrite)
	if err != nil {
		return err
	}
	f := r.Form()
	into := f.ID("into")
	if into == 0 && len(f.Problems) == 0 {
		f.Refuse("into", "error.choice")
	}
	if err = f.Err(); err == nil {
		_, err = a.Desk.Problems.Merge(r.Actor(), one.ID, into)
	}
	if err = besideField(err, f, "into", "error.problem-other-group"); err != nil {
		return a.telling(r, one, "merge", "problems.merge", f, err)
	}
	return r.Done("flash.problem-merged", address.Problem(into))
}

func (a pages) postUnmerge(r *web.Request) error {
	one, err := a.read(r, func(v *problem.View) bool { return v.MayWrite && v.MergedInto != 0 })
	if err == nil {
		_, err = a.Desk.Problems.Unmerge(r.Actor(), one.ID)
	}
	if err != nil {
		return err
	}
	return r.Done("flash.problem-unmerged", address.Problem(one.ID))
}
