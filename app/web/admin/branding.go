package admin

import (
	"errors"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"

	"sportello/app/desk/catalogue"
	"sportello/app/web"
	"sportello/app/web/show"
	"sportello/store"
	"sportello/store/fault"
)

// adminBrandingPage is the desk's name and appearance.
type adminBrandingPage struct {
	show.AdminPage
	Advice  colourAdvice
	Links   []footerRow
	Rows    int
	LogoMax string
}

// footerRow is one row of the form for the links at the foot of every page.
type footerRow struct {
	Number              int
	Field               string
	It, En, Destination string
}

// colourAdvice says whether text on the colour is legible, and otherwise which colour comes closest.
type colourAdvice struct {
	web.Page
	Hex, Text, Nearest string
	Fine               bool
}

const mostFooterRows = 20

func footerField(n int, part string) string { return "footer-" + strconv.Itoa(n) + part }

func (a pages) getBranding(r *web.Request) error { return a.brandingPage(r, nil, nil) }

func brandingValues(s *store.Settings) url.Values {
	v := url.Values{"name": {s.Name}, "institution": {s.Institution}, "short": {s.Short}, "colour": {s.Colour}, "rows": {strconv.Itoa(len(s.Footer))}, "rev": {strconv.FormatUint(s.Rev, 10)}}
	for i, l := range s.Footer {
		setWords(v, footerField(i+1, ""), l.Label)
		v.Set(footerField(i+1, "-address"), l.Address)
	}
	return v
}

var brandingFields = []show.AdminField{{Name: "name", Key: "admin-branding.name"}, {Name: "institution", Key: "admin-branding.institution"}, {Name: "short", Key: "admin-branding.short"}, {Name: "colour", Key: "admin-branding.colour"}}

func (a pages) brandingPage(r *web.Request, f *web.Form, err error) error {
	v := &adminBrandingPage{AdminPage: show.Admin(a.Site, r, "branding", "admin-branding.title"), LogoMax: strconv.Itoa(catalogue.MaxLogo>>10) + " kB"}
	v.Top()
	set, bad := a.savedSettings()
	if bad != nil {
		return bad
	}
	now := brandingValues(set)
	if f == nil && !v.Resume(r) {
		v.Fill(now)
	}
	if f != nil {
		if err := v.Again(f, err, now, brandingFields); err != nil {
			return err
		}
	}
	v.Advice = colourAdviceOf(&v.Page, v.Value("colour"))
	n := 0
	for i := range min(rowCount(v.Form), mostFooterRows) {
		row := v.footerRow(i+1, i+1)
		if row.It != "" || row.En != "" || row.Destination != "" {
			v.Links, n = append(v.Links, row), i+1
		}
	}
	for range show.SpareRows {
		n++
		v.Links = append(v.Links, footerRow{Number: n, Field: footerField(n, "")})
	}
	v.Rows = n
	return r.Render("page/admin-branding", v)
}

func (v *adminBrandingPage) footerRow(n, number int) footerRow {
	return footerRow{Number: number, Field: footerField(n, ""), It: v.Value(footerField(n, "-it")), En: v.Value(footerField(n, "-en")),
		Destination: v.Value(footerField(n, "-address"))}
}

func colourAdviceOf(p *web.Page, s string) colourAdvice {
	j, ok := catalogue.JudgeColour(strings.ToLower(strings.TrimSpace(s)))
	if !ok {
		return colourAdvice{Page: *p, Text: p.T("error.colour")}
	}
	ratio := strconv.FormatFloat(j.Contrast, 'f', 1, 64)
	if p.Lang != "en" {
		ratio = strings.Replace(ratio, ".", ",", 1)
	}
	advice := colourAdvice{Page: *p, Hex: j.Hex, Fine: j.Readable, Text: p.T("admin-branding.colour-fine", "ratio", ratio)}
	if !j.Readable {
		advice.Nearest, advice.Text = j.Nearest, p.T("admin-branding.colour-bad", "colour", j.Hex, "ratio", ratio, "nearest", j.Nearest)
	}
	return advice
}

// getColourAdvice answers with advice about a colour being chosen, as a fragment.
func (a pages) getColourAdvice(r *web.Request) error {
	p := r.Page("admin-branding.title")
	v := colourAdviceOf(&p, r.QueryForm().Raw("q"))
	return r.Fragment("part/admin-colour", &v)
}

// postBranding saves name, colour, logo and links. If another field has a problem, an uploaded logo is kept.
func (a pages) postBranding(r *web.Request) error {
	f := r.Form()
	if nearest := f.Raw("nearest"); nearest != "" {
		f.Values.Set("colour", nearest)
	}
	b := catalogue.Branding{Name: f.Text("name", store.Most("settings.name")), Institution: f.Text("institution", store.Most("settings.institution")), Short: f.Text("short", store.Most("settings.short")), Colour: f.Text("colour", store.Most("settings.colour")), NoLogo: f.Bool("no-logo")}
	var links []store.FooterLink
	for n := range min(rowCount(f), mostFooterRows) {
		n++
		links = append(links, store.FooterLink{Label: wordsIn(f, footerField(n, ""), 100), Address: f.Text(footerField(n, "-address"), 500)})
	}
	logo, err := a.sentLogo(r, f)
	if err != nil {
		return err
	}
	if logo != nil {
		defer logo.Close()
		b.Logo = logo
	}
	if err = f.Err(); err == nil {
		_, err = a.Desk.Catalogue.ChangeSettings(r.Actor(), f.ID("rev"), catalogue.SettingsForm{Branding: &b, Footer: &links})
	}
	if err == nil {
		return r.Done("flash.branding-saved", "/admin/branding")
	}
	if concerns(err, "logo") {
		f.Kept = nil // this picture can never be used
	}
	return a.brandingPage(r, f, moveProblems(err, footerRowOf))
}

// footerRowOf returns the row to which a field of the row belongs.
func footerRowOf(field string) string {
	if rest, ok := strings.CutPrefix(field, "footer-"); ok {
		n, _, _ := strings.Cut(rest, "-")
		return "footer-" + n
	}
	return field
}

func concerns(err error, field string) bool {
	var many fault.Problems
	var one *fault.Error
	if errors.As(err, &many) {
		return slices.ContainsFunc(many, func(e *fault.Error) bool { return e.Field == field })
	}
	return errors.As(err, &one) && one.Field == field
}

// sentLogo opens the picture sent with the form or with an earlier attempt, nil when there is none.
func (a pages) sentLogo(r *web.Request, f *web.Form) (*os.File, error) {
	ids := f.Files("logo")
	if len(ids) == 0 || f.Err() != nil {
		return nil, nil
	}
	_, file, err := a.Desk.Files.Open(r.Actor(), ids[len(ids)-1])
	return file, err
}
