package show

import (
	"net/url"
	"slices"
	"strings"

	"sportello/app/address"
	"sportello/app/desk/catalogue"
	"sportello/app/web"
	"sportello/store"
)

// LevelOf returns the level with the id, nil when there is none.
func LevelOf(levels []catalogue.Level, id uint64) *catalogue.Level {
	i := slices.IndexFunc(levels, func(l catalogue.Level) bool { return l.ID == id })
	if i < 0 {
		return nil
	}
	return &levels[i]
}

// LevelPaths returns the name of each level with the levels above it, by id.
func LevelPaths(levels []catalogue.Level, lang string) map[uint64]string {
	out := make(map[uint64]string, len(levels))
	for _, l := range levels {
		out[l.ID] = l.Path.In(lang)
	}
	return out
}

// AwayBox says who serves a module that this desk does not serve, why, and how to get there. If no address is set, it
// says so and offers the general group.
type AwayBox struct {
	Title   string // ESSE3 ha uno sportello proprio.
	Short   string // the same below a heading that names the module
	Why     string
	Go      *web.Link
	Missing string // shown when no address is set
	General *web.Link
}

// Away explains the channel of a level that is served elsewhere.
func Away(s *web.Site, p *web.Page, l *catalogue.Level) (*AwayBox, error) {
	name := ShortName(l.Name.In(p.Lang))
	box := &AwayBox{Why: l.Reason.In(p.Lang)}
	if l.Channel == store.ByEmail {
		box.Title, box.Short = p.T("module.by-email", "name", name), p.T("module.by-email-short")
		if l.Address != "" {
			box.Go = &web.Link{Label: p.T("module.write-to", "address", l.Address), Address: "mailto:" + l.Address, Icon: "mail"}
		}
	} else {
		box.Title, box.Short = p.T("module.own-desk", "name", name), p.T("module.own-desk-short")
		if l.Address != "" {
			box.Go = &web.Link{Label: p.T("module.go-to", "name", name), Address: l.Address, Icon: "out"}
		}
	}
	if box.Why == "" {
		box.Why = p.T("module.why")
	}
	if box.Go != nil {
		return box, nil
	}
	general, err := s.Desk.People.GroupByCode(store.GeneralGroup)
	if err != nil {
		return nil, err
	}
	box.Missing = p.T("module.no-address", "group", general.Name.In(p.Lang))
	box.General = &web.Link{Label: p.T("module.ask-general", "group", general.Name.In(p.Lang)), Address: address.NewTicket(NoModule)}
	return box, nil
}

// LevelByCode returns the level with the code, nil when there is none.
func LevelByCode(levels []catalogue.Level, code string) *catalogue.Level {
	for i := range levels {
		if levels[i].Code == code {
			return &levels[i]
		}
	}
	return nil
}

// NoModule is the code of "I do not know": the general group takes the ticket.
const NoModule = "-"

// ContactLine says who issues credentials for an application, and how to reach them.
type ContactLine struct {
	Application string
	Who         string
	Links       []web.Link
	Note        string
}

// ContactLines returns, for each application, who issues credentials and how to reach them.
func ContactLines(s *web.Site, lang string) ([]ContactLine, error) {
	contacts, err := s.Desk.Catalogue.Contacts()
	if err != nil {
		return nil, err
	}
	var out []ContactLine
	for _, k := range contacts {
		if own := len(k.Areas); own == 0 || k.Group != nil {
			out = append(out, contactLineOf(s, lang, k))
		}
		for _, area := range k.Areas {
			out = append(out, contactLineOf(s, lang, area))
		}
	}
	return out, nil
}

// contactLineOf returns one application's contact, followed by those of its areas.
func contactLineOf(s *web.Site, lang string, k catalogue.Contact) ContactLine {
	line := ContactLine{Application: k.Product.Name.In(lang)}
	if k.Product.Depth > 0 {
		line.Application = k.Product.Path.In(lang)
	}
	switch {
	case k.Group != nil:
		line.Who = k.Group.Name.In(lang)
		if k.Group.Email != "" {
			line.Links = append(line.Links, web.Link{Label: k.Group.Email, Address: "mailto:" + k.Group.Email, Icon: "mail"})
		}
		if k.Group.Phone != "" {
			line.Links = append(line.Links, web.Link{Label: k.Group.Phone, Address: Dial(k.Group.Phone), Icon: "phone"})
		}
		line.Note = k.Group.Hours.In(lang)
	case k.Product.Channel == store.OtherDesk:
		line.Who = s.Words.Text(lang, "sign-in.own-desk")
		line.Links = []web.Link{{Label: HostOf(k.Product.Address), Address: k.Product.Address, Icon: "out"}}
	default:
		line.Who = s.Words.Text(lang, "sign-in.by-mail")
		line.Links = []web.Link{{Label: k.Product.Address, Address: "mailto:" + k.Product.Address, Icon: "mail"}}
	}
	return line
}

// ShortName returns the name of an application without its explanation: CSA for "CSA, carriere e stipendi del
// personale".
func ShortName(name string) string {
	short, _, _ := strings.Cut(name, ", ")
	return short
}

// Dial returns the tel: address of a phone number as people write it, empty when there is no number. It leaves out an
// extension or words after the number.
func Dial(written string) string {
	digits := ""
	for _, r := range written {
		if strings.ContainsRune("0123456789", r) || r == '+' && digits == "" {
			digits += string(r)
		} else if !strings.ContainsRune(" ./-()\u00a0", r) {
			break
		}
	}
	if len(digits) < 3 {
		return ""
	}
	return "tel:" + digits
}

// HostOf returns the host of an address, or the address itself when it has none.
func HostOf(address string) string {
	if u, err := url.Parse(address); err == nil && u.Host != "" {
		return u.Host
	}
	return address
}
