package ticket

import (
	"fmt"
	"strings"

	"sportello/app/address"
	"sportello/app/desk/find"
	"sportello/app/web"
	"sportello/app/web/show"
	"sportello/store/fault"
)

// alikeBox is the fragment beside the subject: articles and tickets that resemble the words being typed.
type alikeBox struct {
	web.Page
	Alike alike
}

// alike is what was found. Nothing: it was looked for, and there is none.
type alike struct {
	Known   []show.KnownOffer // known problems of the module: they stand first
	Hint    string            // what will appear here
	Lines   []alikeLine
	Nothing bool
}

type alikeLine struct{ Title, Address, Meta string }

// alikeMost is how many similar articles and tickets are offered.
const alikeMost = 5

func (a pages) getLookAlike(r *web.Request) error {
	q := r.QueryForm()
	v := &alikeBox{Page: r.Page("new-ticket.alike")}
	var err error
	if v.Alike, err = a.alike(r, &v.Page, q.Raw("q"), q.Raw("module"), ""); err != nil {
		return err
	}
	return r.Fragment("part/look-alike", v)
}

// alike finds known problems of the module, articles that fit the subject, those of the module first, and own tickets that resemble it.
func (a pages) alike(r *web.Request, p *web.Page, subject, module, version string) (alike, error) {
	out, err := a.alikeOf(p, subject, "new-ticket.alike-hint", "new-ticket.alike-ticket", func() ([]find.Found, error) {
		return a.Desk.Find.LookAlike(r.Ctx(), r.Actor(), subject, module, alikeMost)
	})
	if err == nil {
		out.Known, err = a.alikeKnown(r, p, module, version, subject)
	}
	return out, err
}

// alikeOf shows what look finds for the subject; hint and called are the keys of what stands there before and of a ticket's name. It is an addition: without an
// index there is none, and the form works.
func (a pages) alikeOf(p *web.Page, subject, hint, called string, look func() ([]find.Found, error)) (out alike, err error) {
	out.Hint = p.T(hint)
	if len([]rune(strings.TrimSpace(subject))) < 3 || len(subject) > 1000 {
		return out, nil
	}
	found, err := look()
	if fault.KindOf(err) == fault.Unavailable {
		a.Log.Warn("find similar articles and tickets", "err", err)
		return out, nil
	}
	if err != nil {
		return out, err
	}
	out.Nothing = len(found) == 0
	for _, f := range found {
		line := alikeLine{Title: f.Title}
		name := ""
		if f.Module != nil {
			name = f.Module.Name.In(p.Lang)
		}
		if f.Ticket != nil {
			line.Title = fmt.Sprintf("#%d %s", f.Ticket.ID, f.Title)
			line.Address = address.Ticket(f.Ticket.ID)
			line.Meta = show.Joined(" · ", p.T(called), show.StateWords(p, f.Ticket))
		} else {
			line.Address = address.Article(f.Article.Slug)
			line.Meta = show.Joined(" · ", p.T("new-ticket.alike-article"), name)
		}
		out.Lines = append(out.Lines, line)
	}
	return out, nil
}
