package command

import (
	"context"
	"errors"
	"fmt"
	"io"

	"sportello/app/desk/installation"
	"sportello/app/sheet"
	"sportello/store/fault"
)

// table gives each row of a table, as spreadsheet programs write them, with the line it stands on and its cells by the
// names of their columns. Unknown columns are reported on standard error and ignored. Rows that are no text, or no row, are
// refused.
func (in *importing) table(ctx context.Context, src io.Reader, form sheet.Form, give func(where string, value func(string) string) error) error {
	passed := func(line int, name string) { in.passOver(fmt.Sprint(line), name) }
	return sheet.Read(ctx, src, form, passed, func(row sheet.Row) error {
		where := fmt.Sprint(row.Line)
		switch {
		case errors.Is(row.Err, sheet.ErrText):
			return in.refuse(where, fault.New(fault.Invalid, "error.not-text"))
		case row.Err != nil:
			return in.refuse(where, fault.New(fault.Invalid, "error.csv"))
		}
		return give(where, row.Value)
	})
}

// installations imports a table of installations. Its column organisation has the code of the organisation, or its name.
func (in *importing) installations(ctx context.Context, src io.Reader) error {
	form := sheet.Form{Columns: installation.Columns, Words: installation.ColumnWords, Needed: []string{"organisation", "module", "version"}}
	return in.table(ctx, src, form, func(where string, value func(string) string) error {
		e, err := installation.Row(value)
		created := false
		if err == nil {
			created, err = in.app.Desk.Installations.Import(importActor, value("organisation"), e)
		}
		if err != nil {
			return in.refuse(where, err)
		}
		in.count(created)
		return nil
	})
}
