package show

import (
	"sportello/app/address"
	"sportello/app/web"
)

// StopLine is a service that stands still, or is about to: it stands first on a page.
type StopLine struct {
	Name    string // the application
	Title   string
	Lang    string // of the title; empty when it is the reader's
	Address string
	Planned bool
	When    string
	News    string // the last there is to say
	NewsIn  string // the language of the news; empty when it is the reader's
	NewsAt  string
	Join    string // address where the reader says "me too"; empty for whoever may not
	Joined  bool
}

// StopLines returns what stands still now or within a day, as far as the reader may know: of the module, or of all with 0.
func StopLines(s *web.Site, r *web.Request, p *web.Page, module uint64) ([]StopLine, error) {
	list, err := s.Desk.Problems.Stops(r.Actor(), module)
	if err != nil {
		return nil, err
	}
	var out []StopLine
	for _, one := range list {
		l := StopLine{Name: ShortName(one.Module.Name.In(p.Lang)), When: p.T("stops.since", "from", p.When(one.From))}
		if one.From.After(p.Now) {
			l.When = p.T("stops.from", "from", p.When(one.From))
		}
		if !one.Until.IsZero() {
			l.When = Joined(" ", l.When, p.T("stops.until", "until", p.When(one.Until)))
		}
		if is := one.Problem; is != nil {
			l.Title, l.Lang = InLanguage(is.Title, p.Lang)
			l.Address = address.Problem(is.ID)
			if l.News, l.NewsIn = InLanguage(is.Outage.News, p.Lang); l.News != "" {
				l.NewsAt = p.T("stops.news-at", "when", p.When(is.Outage.NewsAt))
			}
			if l.Joined = is.Joined; is.MayJoin && !l.Joined {
				l.Join = address.Problem(is.ID) + "/affected"
			}
		} else {
			l.Planned = true
			l.Title, l.Lang = InLanguage(one.Release.Title, p.Lang)
			l.Address = address.Release(one.Release.ID)
			l.News, l.NewsIn = InLanguage(one.Release.Stop.Text, p.Lang)
		}
		out = append(out, l)
	}
	return out, nil
}
