package template

import (
	"errors"
	"net/url"
	"strings"

	"sportello/app/address"
	"sportello/app/desk/template"
	"sportello/app/web"
	"sportello/app/web/show"
	"sportello/store/fault"
)

// editPage is the text of a template, with what is wrong beside it.
type editPage struct {
	web.Page
	Action, Cancel string
	Rev            uint64
	New            bool
	Groups         []show.Choice // of a new one
	Wrong          []wrong
	Checked        bool // nothing was written: it was only looked at
}

// wrong is something that keeps a template from being published, and where in its text it stands.
type wrong struct {
	Where, Text string
	Line        string // of the text, with a sign below the place; empty: none in particular
}

// findings says what is wrong in the reader's language.
func (a pages) findings(p *web.Page, source string, list []template.Finding) []wrong {
	var out []wrong
	for _, f := range list {
		x := wrong{Text: p.T(f.Key, append([]any{"path", f.Path}, f.Args...)...)}
		if strings.HasPrefix(f.Key, "template.condition") {
			for i := 0; i+1 < len(f.Args); i += 2 {
				if reason, ok := f.Args[i+1].(string); ok && f.Args[i] == "reason" {
					x.Text = show.Joined(" ", x.Text, p.T(reason))
				}
			}
		}
		x.at(p, template.PlaceOf(source, f))
		out = append(out, x)
	}
	return out
}

// mostLine is how much of a line is shown.
const mostLine = 160

func (x *wrong) at(p *web.Page, place template.Place) {
	if place.Line == 0 {
		return
	}
	x.Where = p.T("template.line", "n", p.Number(place.Line))
	if x.Line = place.Text; len(x.Line) > mostLine {
		x.Line = strings.ToValidUTF8(x.Line[:mostLine], "")
	}
	if place.Column > 1 && place.Column <= len(x.Line)+1 {
		x.Where = p.T("template.line-column", "n", p.Number(place.Line), "column", p.Number(place.Column))
		x.Line += "\n" + strings.Map(func(c rune) rune {
			if c == '\t' {
				return c
			}
			return ' '
		}, x.Line[:place.Column-1]) + "^"
	}
}

// unreadable returns where a text is no template, nil when it can be read.
func (a pages) unreadable(p *web.Page, source string) *wrong {
	_, err := template.Parse([]byte(source))
	var e *template.ParseError
	if !errors.As(err, &e) {
		return nil
	}
	x := &wrong{Text: p.T("template.unreadable", "text", e.Text)}
	lines := strings.Split(source, "\n")
	if e.Line > 0 && e.Line <= len(lines) {
		x.at(p, template.Place{Line: e.Line, Column: e.Column, Text: lines[e.Line-1]})
	}
	return x
}

func (a pages) getNew(r *web.Request) error {
	source := template.Skeleton()
	if from := r.Query("from"); from != "" {
		one, err := a.Desk.Templates.Read(r.Actor(), from)
		if err != nil {
			return err
		}
		copied := *one.File
		copied.Code = ""
		raw, err := copied.Bytes()
		if err != nil {
			return err
		}
		source = string(raw)
	}
	return a.editPage(r, nil, source, nil, nil)
}

func (a pages) getEdit(r *web.Request) error {
	one, err := a.read(r, mayWrite)
	if err != nil {
		return err
	}
	return a.editPage(r, one, one.Source, nil, nil)
}

func (a pages) editPage(r *web.Request, one *template.View, source string, f *web.Form, bad error) error {
	v := &editPage{New: one == nil, Action: address.Templates + "/new", Cancel: address.Templates}
	if one == nil {
		v.Page = a.begin(r, nil, "template.new")
	} else {
		here := address.Template(one.Template.Code)
		v.Page, v.Action, v.Cancel, v.Rev = a.begin(r, one, "template.edit"), here+"/edit", here, one.Rev
	}
	p := &v.Page
	switch {
	case f != nil:
		if err := v.Refill(f, bad); err != nil {
			return err
		}
		source = f.Raw("source")
		v.Checked = f.Raw("act") == "check"
	case v.Resume(r):
		source = v.Value("source")
	default:
		v.Fill(url.Values{"source": {source}})
	}
	if f != nil || one != nil {
		if x := a.unreadable(p, source); x != nil {
			v.Wrong = []wrong{*x}
		} else if file, err := template.Parse([]byte(source)); err == nil {
			v.Wrong = a.findings(p, source, template.Check(&file.Course))
		}
	}
	if v.New {
		groups, err := a.Desk.People.Groups(r.Actor())
		if err != nil {
			return err
		}
		for _, g := range groups {
			if who := r.Actor().Person; who.Administrator || who.InGroup(g.ID) {
				v.Groups = append(v.Groups, show.Choice{Value: g.Code, Label: g.Name.In(p.Lang), Chosen: v.Chosen("group", g.Code)})
			}
		}
	}
	if err := show.House(a.Site, r, p, address.Plans); err != nil {
		return err
	}
	return r.Render("page/template-edit", v)
}

func (a pages) postNew(r *web.Request) error { return a.save(r, nil) }

func (a pages) postEdit(r *web.Request) error {
	one, err := a.read(r, mayWrite)
	if err != nil {
		return err
	}
	return a.save(r, one)
}

func (a pages) save(r *web.Request, one *template.View) error {
	f := r.Form()
	f.Need("source")
	err := f.Err()
	if err == nil && f.Raw("act") == "check" {
		return a.editPage(r, one, "", f, nil) // nothing is written
	}
	code := ""
	if one != nil {
		code = one.Template.Code
	}
	form := template.Form{Source: []byte(strings.ReplaceAll(f.Raw("source"), "\r\n", "\n")), Rev: f.ID("rev")}
	if one == nil {
		form.Group = f.Raw("group")
	}
	if err == nil {
		err = f.Err()
	}
	var saved *template.View
	if err == nil {
		saved, err = a.Desk.Templates.Save(r.Actor(), code, form)
	}
	if err != nil {
		if one == nil && (fault.KindOf(err) == fault.Denied || fault.KindOf(err) == fault.NotFound) { // of another group than one's own
			f.Refuse("group", "error.template-group")
			err = f.Err()
		}
		return a.editPage(r, one, "", f, besideText(err))
	}
	return r.Done("flash.template-saved", address.Template(saved.Template.Code))
}

// besideText puts what is wrong with parts of the text beside it: it has no field of its own.
func besideText(err error) error {
	var many fault.Problems
	if errors.As(err, &many) {
		var out fault.Problems
		for _, e := range many {
			if e.Field != "group" && e.Field != "reason" {
				e = e.At("source")
			}
			out = append(out, e)
		}
		return out
	}
	return at(err, "source")
}

// at puts a conflict that belongs to no field beside one.
func at(err error, field string) error {
	var one *fault.Error
	if errors.As(err, &one) && one.Kind == fault.Conflict && one.Field == "" {
		return one.At(field)
	}
	return err
}

// publishPage asks whether the draft becomes a version.
type publishPage struct {
	web.Page
	Action, Cancel, Edit string
	Rev                  uint64
	Next                 string
	Wrong                []wrong
	Diff                 []show.DiffLine
}

func (a pages) getPublish(r *web.Request) error {
	one, err := a.read(r, func(v *template.View) bool { return v.MayPublish })
	if err != nil {
		return err
	}
	return a.publishPage(r, one, nil, nil)
}

func (a pages) publishPage(r *web.Request, one *template.View, f *web.Form, bad error) error {
	here := address.Template(one.Template.Code)
	v := &publishPage{Page: a.begin(r, one, "template.publish"), Action: here + "/publish", Cancel: here, Edit: here + "/edit", Rev: one.Rev}
	p := &v.Page
	v.Next = p.T("template.version", "n", p.Number(one.Template.Number+1))
	if f != nil {
		if err := v.Refill(f, bad); err != nil {
			return err
		}
	} else {
		v.Resume(r)
	}
	v.Wrong = a.findings(p, one.Source, template.Check(&one.File.Course))
	versions, err := a.Desk.Templates.Versions(r.Actor(), one.Template.Code)
	if err != nil {
		return err
	}
	if len(versions) > 0 {
		v.Diff = show.Difference(a.Words, p.Lang, one.Source, versions[len(versions)-1].Source)
	}
	if err := show.House(a.Site, r, p, address.Plans); err != nil {
		return err
	}
	return r.Render("page/template-publish", v)
}

func (a pages) postPublish(r *web.Request) error {
	one, err := a.read(r, func(v *template.View) bool { return v.MayPublish })
	if err != nil {
		return err
	}
	f := r.Form()
	reason, rev := f.Body("reason"), f.ID("rev")
	if err = f.Err(); err == nil {
		_, err = a.Desk.Templates.Publish(r.Actor(), one.Template.Code, rev, reason)
	}
	if err != nil {
		now, bad := a.read(r, nil)
		if bad != nil {
			return bad
		}
		return a.publishPage(r, now, f, at(err, "reason"))
	}
	return r.Done("flash.template-published", address.Template(one.Template.Code))
}
