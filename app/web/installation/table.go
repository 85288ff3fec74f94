package installation

import (
	"bytes"
	"context"
	"errors"
	"strconv"

	"sportello/app/address"
	"sportello/app/desk/installation"
	"sportello/app/desk/policy"
	"sportello/app/sheet"
	"sportello/app/web"
	"sportello/store/fault"
)

// taken says what became of the rows of a file. What was refused is not written, and everything else is.
type taken struct {
	Words   string
	Refused []refusal
}

// refusal is one thing that is wrong with a row.
type refusal struct{ Line, Field, Why string }

// heads are the columns of the table as its reader calls them; import knows them again.
func heads(p *web.Page) map[string]string {
	return map[string]string{"organisation": p.T("installations.organisation"), "unit": p.T("installations.unit"), "module": p.T("installations.module"), "environment": p.T("installations.environment"),
		"version": p.T("installations.version"), "since": p.T("installations.installed-on"), "installs": p.T("installations.installs")}
}

// getTable answers with what the organisation has installed, as a table that postTable takes in again.
func (a pages) getTable(r *web.Request) error {
	list, err := a.Desk.Installations.List(r.Actor(), code(r))
	if err != nil {
		return err
	}
	p := r.Page("installations.crumb")
	names := heads(&p)
	head := make([]string, len(installation.Columns))
	for i, c := range installation.Columns {
		head[i] = names[c]
	}
	rows := [][]string{head}
	for _, i := range list.Installed {
		unit, since := "", ""
		if i.Unit != nil {
			unit = i.Unit.Name
		}
		if !i.Since.IsZero() {
			since = i.Since.Format("02/01/2006")
		}
		rows = append(rows, []string{list.Organisation.Code, unit, i.Module.Code, p.T("installations.in-" + i.Environment.String()), i.Version, since, p.T("installations.by-" + i.Installs.String())})
	}
	b, err := sheet.CSV(rows)
	if err != nil {
		return err
	}
	r.SetHeader("Content-Disposition", web.DispositionOf("attachment", list.Organisation.Code+"-"+p.T("installations.file")+".csv"))
	r.SetHeader("Content-Type", sheet.CSVType)
	r.SetHeader("Cache-Control", "no-store")
	r.SetHeader("X-Content-Type-Options", "nosniff")
	return r.Send(b)
}

// postTable takes a table in, row by row: what is wrong with one is shown with its line, and holds no other row up.
func (a pages) postTable(r *web.Request) error {
	list, err := a.Desk.Installations.List(r.Actor(), code(r))
	if err != nil {
		return err
	}
	if !list.MayKeep {
		return policy.Denied(r.Actor())
	}
	f := r.Form()
	sent := f.Uploads["file"]
	switch {
	case len(sent) == 0:
		f.Refuse("file", "installations.no-file")
	case sent[0].Err != nil:
		return sent[0].Err
	}
	if err := f.Err(); err != nil {
		return a.page(r, nil, err)
	}
	p := r.Page("installations.crumb")
	names := heads(&p)
	out := taken{}
	good, bad := 0, 0
	refuse := func(line int, err error) error {
		var many fault.Problems
		var one *fault.Error
		if !errors.As(err, &many) && errors.As(err, &one) {
			many = fault.Problems{one}
		}
		if len(many) == 0 {
			return err
		}
		bad++
		for _, e := range many {
			switch e.Kind {
			case fault.Invalid, fault.TooLarge:
			case fault.Denied:
				e = fault.New(fault.Denied, "error.installation-denied").At("module")
			default:
				return err
			}
			out.Refused = append(out.Refused, refusal{strconv.Itoa(line), names[e.Field], a.Words.Explain(r.Lang(), e)})
		}
		return nil
	}
	form := sheet.Form{Columns: installation.Columns, Words: installation.ColumnWords, Needed: []string{"module", "version"}}
	passed := func(line int, name string) {
		out.Refused = append(out.Refused, refusal{strconv.Itoa(line), name, p.T("command.passed-over")})
	}
	err = sheet.Read(context.Background(), bytes.NewReader(sent[0].Bytes), form, passed, func(row sheet.Row) error {
		var err error
		switch {
		case errors.Is(row.Err, sheet.ErrText):
			err = fault.New(fault.Invalid, "error.not-text")
		case row.Err != nil:
			err = fault.New(fault.Invalid, "error.csv")
		default:
			err = a.Desk.Installations.Take(r.Actor(), list.Organisation, row.Value)
		}
		if err != nil {
			return refuse(row.Line, err)
		}
		good++
		return nil
	})
	var known *fault.Error
	switch {
	case err == nil:
	case errors.As(err, &known) || len(sent[0].Bytes) > 0 && good+bad > 0:
		return err
	default: // no table, or none with the columns that it takes
		f.Refuse("file", "installations.no-table")
		return a.page(r, nil, f.Err())
	}
	if len(out.Refused) == 0 {
		return r.Done("flash.installations-taken", address.Installations(list.Organisation.Code), "n", good)
	}
	out.Words = p.T("installations.taken", "good", p.Number(good), "bad", p.Number(bad))
	return a.pageWith(r, &out)
}
