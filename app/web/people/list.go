package people

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"

	"sportello/app/address"
	"sportello/app/desk"
	"sportello/app/desk/people"
	"sportello/app/sheet"
	"sportello/app/web"
	"sportello/app/web/show"
	"sportello/store"
	"sportello/store/fault"
)

// listPage brings the list of an organisation in line with a table: it shows what the table would do, and does it.
type listPage struct {
	web.Page
	Path, Table string
	Shown       bool
	Whole       bool
	Facts       []string
	Parts       []listPart // who comes, changes and leaves
	Refused     []refusal
	Does        bool
	Entries     string // the table as it was read, for the button
	Sum         string
	Conflict    string // why what was shown is not what would be done
}

type listPart struct {
	ID, Title string
	Lines     []listLine
	More      string
}

type listLine struct{ Name, Email, Was, Is string }

type refusal struct{ Line, Field, Why string }

// mostShown limits how many people of each kind the page names; the sum of the preview is of all.
const mostShown = 300

// listHeads are the columns of the table as its reader calls them; a table with them is read again.
func listHeads(p *web.Page) map[string]string {
	return map[string]string{"email": p.T("people.email"), "name": p.T("people.name"), "organisation": p.T("installations.organisation"), "unit": p.T("installations.unit"), "position": p.T("hats.position"),
		"modules": p.T("list.modules"), "from": p.T("list.from"), "until": p.T("list.until")}
}

// forKeepers hides from whoever does not keep the list that there is a page for it.
func forKeepers(err error) error {
	if fault.KindOf(err) == fault.Denied {
		return fault.New(fault.NotFound, "error.not-found")
	}
	return err
}

func (a pages) getList(r *web.Request) error {
	v, _, err := a.listPage(r)
	if err != nil {
		return forKeepers(err)
	}
	v.Resume(r)
	return r.Render("page/list", v)
}

func (a pages) listPage(r *web.Request) (*listPage, store.Organisation, error) {
	o, err := a.organisationOf(r)
	if err != nil {
		return nil, o, err
	}
	if err := a.Desk.People.MayInvite(r.Actor(), o.ID); err != nil {
		return nil, o, err
	}
	v := &listPage{Page: r.Page("list.title", "organisation", o.Name), Path: address.List(o.Code), Table: address.List(o.Code) + ".csv"}
	v.Nav = "tickets"
	v.Crumb(v.T("own.title"), "/tickets?of=organisation")
	v.Crumb(v.T("people.title", "organisation", o.Name), address.Members(o.Code))
	v.Crumb(v.T("list.crumb"), "")
	return v, o, show.House(a.Site, r, &v.Page, v.Path)
}

// getListTable answers with the list as a table that postList reads.
func (a pages) getListTable(r *web.Request) error {
	v, o, err := a.listPage(r)
	if err != nil {
		return forKeepers(err)
	}
	plan, err := a.Desk.People.PlanList(r.Actor(), o.ID, nil, true) // everybody of the list is missing from an empty one
	if err != nil {
		return err
	}
	names := listHeads(&v.Page)
	var rows [][]string
	head := []string{}
	for _, c := range people.ListColumns {
		head = append(head, names[c])
	}
	rows = append(rows, head)
	err = a.Desk.Names(func(n desk.Names) {
		rows = rows[:1]
		for _, i := range plan.Gone {
			h := i.Was
			unit, from, until := "", "", ""
			if u := n.Unit(h.Unit); u != nil {
				unit = u.Name
			}
			if !h.From.IsZero() {
				from = h.From.In(a.Desk.Location()).Format("02/01/2006")
			}
			if !h.Until.IsZero() {
				until = h.Until.Add(-1).In(a.Desk.Location()).Format("02/01/2006")
			}
			rows = append(rows, []string{i.Email, i.Name, o.Code, unit, h.Position, strings.Join(codes(n, h.Modules), ", "), from, until})
		}
	})
	if err != nil {
		return err
	}
	b, err := sheet.CSV(rows)
	if err != nil {
		return err
	}
	r.SetHeader("Content-Disposition", web.DispositionOf("attachment", o.Code+"-"+v.T("list.file")+".csv"))
	r.SetHeader("Content-Type", sheet.CSVType)
	r.SetHeader("Cache-Control", "no-store")
	r.SetHeader("X-Content-Type-Options", "nosniff")
	return r.Send(b)
}

func codes(n desk.Names, modules []uint64) []string {
	var out []string
	for _, id := range modules {
		if m := n.Module(id); m != nil {
			out = append(out, m.Code)
		}
	}
	return out
}

// postList shows what a table would do to the list. It changes nothing.
func (a pages) postList(r *web.Request) error {
	v, o, err := a.listPage(r)
	if err != nil {
		return err
	}
	f := r.Form()
	whole := f.Bool("whole")
	sent := f.Uploads["file"]
	switch {
	case len(sent) == 0:
		f.Refuse("file", "installations.no-file")
	case sent[0].Err != nil:
		return sent[0].Err
	}
	var entries []people.ListEntry
	if err = f.Err(); err == nil {
		entries, err = a.readList(r, v, &o, sent[0].Bytes)
	}
	if err == nil {
		var plan *people.ListPlan
		if plan, err = a.Desk.People.PlanList(r.Actor(), o.ID, entries, whole); err == nil {
			if err = a.showPlan(r, v, plan, entries, whole); err != nil {
				return err
			}
		}
	}
	if err := v.Refill(f, err); err != nil {
		return err
	}
	return r.Render("page/list", v)
}

// readList reads the lines of a table. What is no line is shown with its number.
func (a pages) readList(r *web.Request, v *listPage, o *store.Organisation, table []byte) ([]people.ListEntry, error) {
	names := listHeads(&v.Page)
	var out []people.ListEntry
	refuse := func(line int, field string, key string, args ...any) {
		v.Refused = append(v.Refused, refusal{strconv.Itoa(line), field, v.T(key, args...)})
	}
	form := sheet.Form{Columns: people.ListColumns, Words: people.ListWords, Needed: []string{"email"}}
	passed := func(line int, name string) { refuse(line, name, "command.passed-over") }
	err := sheet.Read(r.Ctx(), bytes.NewReader(table), form, passed, func(row sheet.Row) error {
		switch {
		case errors.Is(row.Err, sheet.ErrText):
			refuse(row.Line, "", "error.not-text")
		case row.Err != nil:
			refuse(row.Line, "", "error.csv")
		default:
			e, err := people.ListRow(o, row.Line, row.Value)
			var wrong *fault.Error
			if errors.As(err, &wrong) {
				v.Refused = append(v.Refused, refusal{strconv.Itoa(row.Line), names[wrong.Field], a.Words.Explain(r.Lang(), wrong)})
				return nil
			}
			out = append(out, e)
		}
		return nil
	})
	var known *fault.Error
	if err != nil && !errors.As(err, &known) {
		if r.Ctx().Err() != nil {
			return nil, err
		}
		v.Refused = nil
		return nil, fault.New(fault.Invalid, "list.no-table").At("file")
	}
	return out, err
}

// showPlan adds what would be done to the page.
func (a pages) showPlan(r *web.Request, v *listPage, plan *people.ListPlan, entries []people.ListEntry, whole bool) error {
	b, err := json.Marshal(entries)
	if err != nil {
		return err
	}
	v.Shown, v.Whole, v.Does, v.Entries, v.Sum = true, whole, plan.Does(), string(b), plan.Sum
	names := listHeads(&v.Page)
	for _, e := range plan.Refused {
		v.Refused = append(v.Refused, refusal{strconv.Itoa(e.Line), names[e.Err.Field], a.Words.Explain(r.Lang(), e.Err)})
	}
	slices.SortStableFunc(v.Refused, func(x, y refusal) int { return len(x.Line) - len(y.Line) })
	v.Facts = nil
	for key, n := range map[string]int{"list.same": plan.Same, "list.asked": plan.Asked, "list.missing": plan.Missing} {
		if n > 0 {
			v.Facts = append(v.Facts, v.Plural(key, n))
		}
	}
	slices.Sort(v.Facts)
	return a.Desk.Names(func(n desk.Names) {
		v.Parts = nil
		for _, part := range []struct {
			id, title string
			items     []people.ListItem
		}{{"new", "list.new", plan.New}, {"changed", "list.changed", plan.Changed}, {"gone", "list.gone", plan.Gone}} {
			if len(part.items) == 0 {
				continue
			}
			out := listPart{ID: part.id, Title: v.Plural(part.title, len(part.items))}
			for _, i := range part.items[:min(len(part.items), mostShown)] {
				l := listLine{Name: i.Name, Email: i.Email}
				if l.Name == l.Email {
					l.Name = ""
				}
				l.Was, l.Is = a.hatSaid(r, v, n, i.Was), a.hatSaid(r, v, n, i.Is)
				out.Lines = append(out.Lines, l)
			}
			if more := len(part.items) - mostShown; more > 0 {
				out.More = v.Plural("list.more", more)
			}
			v.Parts = append(v.Parts, out)
		}
	})
}

// hatSaid says where somebody belongs, as what, with what and until when; nothing for no affiliation.
func (a pages) hatSaid(r *web.Request, v *listPage, n desk.Names, h store.Affiliation) string {
	if h.Organisation == 0 {
		return ""
	}
	out := show.HatWords(&v.Page, n.Place(h.Organisation, h.Unit), r.Settings().Positions, h)
	if with := codes(n, h.Modules); len(with) > 0 {
		out += " (" + strings.Join(with, ", ") + ")"
	}
	return out
}

// postApplyList does what was shown.
func (a pages) postApplyList(r *web.Request) error {
	v, o, err := a.listPage(r)
	if err != nil {
		return err
	}
	f := r.Form()
	var entries []people.ListEntry
	if json.Unmarshal([]byte(f.Body("entries")), &entries) != nil {
		f.Refuse("file", "list.no-table")
	}
	whole := f.Bool("whole")
	if err := f.Err(); err != nil {
		if err := v.Refill(f, err); err != nil {
			return err
		}
		return r.Render("page/list", v)
	}
	done, plan, err := a.Desk.People.ApplyList(r.Actor(), o.ID, entries, whole, f.Raw("sum"))
	if err == nil {
		return r.Done("flash.list-done", address.Members(o.Code), "invited", done.Invited, "changed", done.Changed, "gone", done.Gone)
	}
	var why *fault.Error
	if !errors.As(err, &why) || why.Kind != fault.Conflict || plan == nil {
		return err
	}
	if err := a.showPlan(r, v, plan, entries, whole); err != nil {
		return err
	}
	v.Conflict, v.Status = a.Words.Explain(r.Lang(), why), web.StatusOf[fault.Conflict]
	return r.Render("page/list", v)
}

// postLeave ends what the chosen people have in the organisation.
func (a pages) postLeave(r *web.Request) error {
	o, err := a.organisationOf(r)
	if err != nil {
		return err
	}
	if err := a.Desk.People.MayInvite(r.Actor(), o.ID); err != nil {
		return err
	}
	f := r.Form()
	who := f.IDs("person")
	if err := f.Err(); err != nil {
		return err
	}
	n, err := a.Desk.People.LeaveList(r.Actor(), o.ID, who)
	if err != nil {
		return err
	}
	if n == 0 {
		return r.Done("flash.list-nobody", address.Members(o.Code))
	}
	return r.Done("flash.list-left", address.Members(o.Code), "n", n)
}
