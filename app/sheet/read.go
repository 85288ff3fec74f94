package sheet

import (
	"bufio"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// Form says which columns a table may have, under which other names offices know them, and which it must have.
type Form struct {
	Columns []string
	Words   map[string]string
	Needed  []string
}

// Why a row is refused, and a table.
var (
	ErrRow    = errors.New("sheet: no row")
	ErrText   = errors.New("sheet: no text")
	ErrColumn = errors.New("the first line names no column")
)

// Row is a row of a table. Err says why it cannot be read: ErrRow or ErrText.
type Row struct {
	Line  int
	Err   error
	cells []string
	at    map[string]int
}

// Value returns the cell of the column, without what Cell put before it; empty where there is none.
func (r Row) Value(column string) string {
	if i, ok := r.at[column]; ok && i < len(r.cells) {
		return strings.TrimSpace(FromCell(strings.TrimSpace(r.cells[i])))
	}
	return ""
}

// Read gives each row of a table as spreadsheet programs write them: in any encoding of OfficeText, with cells separated
// by commas, semicolons, tabs or bars. The first line names the columns, in any order; a line "sep=" may precede it. passed
// is called with each column that the form does not know and the line that names it. Read returns ErrColumn when a column
// that it must have is missing, and what give returns.
func Read(ctx context.Context, src io.Reader, form Form, passed func(line int, name string), give func(Row) error) error {
	table, names, err := open(src)
	if err != nil {
		return err
	}
	first, _ := table.FieldPos(0)
	at := map[string]int{}
	for _, known := range []map[string]string{nil, form.Words} { // an exact name of a column takes precedence over a synonym
		for i, name := range names {
			name = strings.ToLower(strings.TrimSpace(name))
			if known != nil {
				name = known[name]
			}
			if _, taken := at[name]; !taken && slices.Contains(form.Columns, name) {
				at[name] = i
			}
		}
	}
	used := slices.Collect(maps.Values(at))
	for i, name := range names {
		if strings.TrimSpace(name) != "" && !slices.Contains(used, i) {
			passed(first, name)
		}
	}
	for _, name := range form.Needed {
		if _, ok := at[name]; !ok {
			return fmt.Errorf("%w %s", ErrColumn, name)
		}
	}
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		cells, err := table.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		row := Row{cells: cells, at: at}
		var syntax *csv.ParseError
		switch {
		case errors.As(err, &syntax):
			row.Line, row.Err, row.cells = syntax.StartLine, ErrRow, nil
		case err != nil:
			return fmt.Errorf("sheet: read table: %w", err)
		default:
			row.Line, _ = table.FieldPos(0)
			if slices.ContainsFunc(cells, func(cell string) bool { return !utf8.ValidString(cell) }) {
				row.Err = ErrText
			}
		}
		if err := give(row); err != nil {
			return err
		}
	}
}

// open reads the names of the columns, as written. A first line "sep=;" names what divides cells; otherwise it is the one
// that gives the line of names the most columns.
func open(src io.Reader) (table *csv.Reader, names []string, err error) {
	text, err := OfficeText(src)
	if err != nil {
		return nil, nil, err
	}
	r := bufio.NewReaderSize(text, sniffed)
	head, err := peekLine(r)
	if err != nil {
		return nil, nil, err
	}
	comma := rune(0)
	skipped := 0
	if said, ok := strings.CutPrefix(strings.ToLower(strings.Trim(strings.TrimRight(head, "\r\n"), `"`)), "sep="); ok && utf8.RuneCountInString(said) == 1 {
		comma, _ = utf8.DecodeRuneInString(said)
		if _, err := r.Discard(len(head)); err != nil {
			return nil, nil, err
		}
		skipped = 1
		if head, err = peekLine(r); err != nil {
			return nil, nil, err
		}
	}
	if comma == 0 {
		comma = divider(head)
	}
	if comma == '"' || comma == '\r' || comma == '\n' || comma == utf8.RuneError {
		return nil, nil, fmt.Errorf("the first line names %q as what divides cells", comma)
	}
	table = csv.NewReader(io.MultiReader(strings.NewReader(strings.Repeat("\n", skipped)), r)) // so that the reader's line numbers are those of the file
	table.FieldsPerRecord = -1
	table.Comma = comma
	if names, err = table.Read(); err != nil {
		return nil, nil, fmt.Errorf("sheet: read the names of the columns: %w", err)
	}
	return table, names, nil
}
