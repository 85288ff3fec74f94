package command

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"sportello/app/desk/installation"
	"sportello/app/sheet"
	"sportello/store"
	"sportello/store/enum"
	"sportello/store/fault"
)

// tableForm says which columns a table may have, under which other names offices know them, and which it must have.
type tableForm struct {
	columns []string
	words   map[string]string
	needed  []string
}

// table gives each row of a table, as spreadsheet programs write them, with the line it stands on and its cells by the
// names of their columns. The first line names the columns, in any order. Unknown columns are reported on standard error
// and ignored. A line "sep=" may precede it. Rows that are no text, or no row, are refused.
func (in *importing) table(ctx context.Context, src io.Reader, form tableForm, give func(where string, value func(string) string) error) error {
	table, names, err := officeTable(src)
	if err != nil {
		return err
	}
	at, _ := table.FieldPos(0)
	column := map[string]int{}
	for _, known := range []map[string]string{nil, form.words} { // an exact name of a column takes precedence over a synonym
		for i, name := range names {
			name = strings.ToLower(strings.TrimSpace(name))
			if known != nil {
				name = known[name]
			}
			if _, taken := column[name]; !taken && slices.Contains(form.columns, name) {
				column[name] = i
			}
		}
	}
	used := slices.Collect(maps.Values(column))
	for i, name := range names {
		if strings.TrimSpace(name) != "" && !slices.Contains(used, i) {
			in.passOver(fmt.Sprint(at), name)
		}
	}
	for _, name := range form.needed {
		if _, ok := column[name]; !ok {
			return fmt.Errorf("the first line names no column %s", name)
		}
	}
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		row, err := table.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		var syntax *csv.ParseError
		if errors.As(err, &syntax) {
			if err := in.refuse(fmt.Sprint(syntax.StartLine), fault.New(fault.Invalid, "error.csv")); err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return fmt.Errorf("command: read table: %w", err)
		}
		line, _ := table.FieldPos(0)
		if slices.ContainsFunc(row, func(cell string) bool { return !utf8.ValidString(cell) }) {
			err = in.refuse(fmt.Sprint(line), fault.New(fault.Invalid, "error.not-text"))
		} else {
			err = give(fmt.Sprint(line), func(name string) string {
				if i, ok := column[name]; ok && i < len(row) {
					return strings.TrimSpace(sheet.FromCell(strings.TrimSpace(row[i])))
				}
				return ""
			})
		}
		if err != nil {
			return err
		}
	}
}

// installationForm is a table of installations. Its first column has the code of the organisation, or its name.
var installationForm = tableForm{
	columns: []string{"organisation", "unit", "module", "environment", "version", "since", "installs"},
	words: map[string]string{"ateneo": "organisation", "ente": "organisation", "organization": "organisation", "organizzazione": "organisation", "struttura": "unit",
		"ufficio": "unit", "modulo": "module", "applicazione": "module", "ambiente": "environment", "versione": "version", "dal": "since", "data": "since",
		"data installazione": "since", "installa": "installs", "installata da": "installs", "chi installa": "installs"},
	needed: []string{"organisation", "module", "version"},
}

// installationWords are other words for the environments and for who installs.
var installationWords = map[string]string{"prova": "test", "collaudo": "test", "preproduzione": "test", "produzione": "production", "esercizio": "production", "prod": "production",
	"ente": "organisation", "ateneo": "organisation", "sportello": "desk", "assistenza": "desk", "fornitore": "supplier"}

// installations imports a table of installations. Without an environment a row is about production.
func (in *importing) installations(ctx context.Context, src io.Reader) error {
	return in.table(ctx, src, installationForm, func(where string, value func(string) string) error {
		created, err := in.installation(value)
		if err != nil {
			return in.refuse(where, err)
		}
		in.count(created)
		return nil
	})
}

func (in *importing) installation(value func(string) string) (created bool, err error) {
	var wrong fault.Problems
	word := func(name string) string {
		s := strings.ToLower(value(name))
		if known := installationWords[s]; known != "" {
			return known
		}
		return s
	}
	e := installation.Entry{Module: value("module"), Unit: value("unit"), Version: value("version"), Environment: store.Production}
	if s := word("environment"); s != "" {
		if e.Environment, err = enum.Parse[store.Environment](s); err != nil {
			wrong.Add("environment", "error.code", "value", s)
		}
	}
	if s := word("installs"); s != "" {
		installs, err := enum.Parse[store.Installer](s)
		if err != nil {
			wrong.Add("installs", "error.code", "value", s)
		}
		e.Installs = &installs
	}
	if s := value("since"); s != "" {
		if e.Since, err = tableDate(s); err != nil {
			wrong.Add("since", "error.date")
		}
	}
	if err := wrong.Err(); err != nil {
		return false, err
	}
	return in.app.Desk.Installations.Import(importActor, value("organisation"), e)
}

// tableDate reads a day as spreadsheet programs in Italy and elsewhere write it.
func tableDate(s string) (time.Time, error) {
	for _, layout := range []string{time.DateOnly, "2/1/2006", "2/1/06", "2-1-2006", "2.1.2006"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, nil
		}
	}
	return time.Time{}, errors.New("no date")
}
