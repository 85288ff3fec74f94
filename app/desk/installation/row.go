package installation

import (
	"errors"
	"strings"
	"time"

	"sportello/app/desk/policy"
	"sportello/store"
	"sportello/store/enum"
	"sportello/store/fault"
	"sportello/store/spelling"
)

// Columns are those of a table of installations. The organisation is named by its code or its name.
var Columns = []string{"organisation", "unit", "module", "environment", "version", "since", "installs"}

// ColumnWords are other names that offices use for the columns.
var ColumnWords = map[string]string{"ateneo": "organisation", "ente": "organisation", "organization": "organisation", "organizzazione": "organisation", "struttura": "unit",
	"ufficio": "unit", "modulo": "module", "applicazione": "module", "ambiente": "environment", "versione": "version", "dal": "since", "data": "since",
	"data installazione": "since", "installa": "installs", "installata da": "installs", "chi installa": "installs", "application": "module", "installed on": "since",
	"who installs": "installs"}

// cellWords are other words for the environments and for who installs.
var cellWords = map[string]string{"prova": "test", "collaudo": "test", "preproduzione": "test", "produzione": "production", "esercizio": "production", "prod": "production",
	"ente": "organisation", "ateneo": "organisation", "sportello": "desk", "assistenza": "desk", "fornitore": "supplier",
	"l'ente": "organisation", "l'assistenza": "desk", "il fornitore": "supplier", "the organisation": "organisation", "the desk": "desk", "the supplier": "supplier"}

// Row reads an entry from the cells of a row, by the names of Columns. Without an environment it is about production.
func Row(value func(column string) string) (Entry, error) {
	var wrong fault.Problems
	var err error
	word := func(name string) string {
		s := strings.ToLower(value(name))
		if known := cellWords[s]; known != "" {
			return known
		}
		return s
	}
	e := Entry{Module: value("module"), Unit: value("unit"), Version: value("version"), Environment: store.Production}
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
		if e.Since, err = day(s); err != nil {
			wrong.Add("since", "error.date")
		}
	}
	return e, wrong.Err()
}

// day reads a day as spreadsheet programs in Italy and elsewhere write it.
func day(s string) (time.Time, error) {
	for _, layout := range []string{time.DateOnly, "2/1/2006", "2/1/06", "2-1-2006", "2.1.2006"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, nil
		}
	}
	return time.Time{}, errors.New("no date")
}

// Take is Put for a row of a table that names its organisation: by code or by name, or not at all. A row of another
// organisation than that of the code is Invalid, whoever else could keep it.
func (is *Installations) Take(a policy.Actor, o *store.Organisation, value func(column string) string) error {
	if named := value("organisation"); named != "" && strings.ToLower(named) != o.Code && spelling.Fold(named) != spelling.Fold(o.Name) {
		return fault.Problems{fault.New(fault.Invalid, "error.organisation-other", "organisation", o.Name).At("organisation")}
	}
	e, err := Row(value)
	if err != nil {
		return err
	}
	return is.Put(a, o.Code, e)
}
