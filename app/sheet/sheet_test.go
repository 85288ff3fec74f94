package sheet_test

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"encoding/xml"
	"io"
	"reflect"
	"strings"
	"testing"
	"unicode/utf16"

	"sportello/app/sheet"
)

var hostile = [][]string{
	{"Ente", "24.01", "=1+1", "a;b"},
	{"Università \"Ca' Foscari\"", "+39", "@SUM(A1)", "riga\nriga"},
	{"", "-1", "\tx", "<c t=\"n\"><f>1+1</f></c> & ]]>"},
	{"😀 王", "x\x00y\x1b", "' = 1", "a;=1+1"},
}

// TestCSVIsWhatExcelReadsInItaly: it begins with the mark of UTF-8, splits at semicolons, ends lines in CRLF, and a
// formula is none any more.
func TestCSVIsWhatExcelReadsInItaly(t *testing.T) {
	b, err := sheet.CSV(hostile)
	if err != nil {
		t.Fatal(err)
	}
	text, ok := strings.CutPrefix(string(b), "\ufeff")
	if !ok || !strings.HasPrefix(text, "Ente;24.01;'=1+1;\"a;b\"\r\n") || strings.Count(text, "\r\n") != 5 { // one is in a cell
		t.Errorf("%q", text)
	}
	r := csv.NewReader(strings.NewReader(text))
	r.Comma = ';'
	rows, err := r.ReadAll()
	if err != nil || len(rows) != len(hostile) {
		t.Fatal(len(rows), err)
	}
	for n, row := range rows {
		for i, cell := range row {
			if got, want := sheet.FromCell(cell), strings.ReplaceAll(hostile[n][i], "\r\n", "\n"); got != want {
				t.Errorf("%d,%d: %q, want %q", n, i, got, want)
			}
			if strings.IndexAny(cell, "=+-@\t") == 0 {
				t.Errorf("%q begins a formula", cell)
			}
		}
	}
}

type cell struct {
	Ref     string    `xml:"r,attr"`
	Type    string    `xml:"t,attr"`
	Text    string    `xml:"is>t"`
	Formula *struct{} `xml:"f"`
}

// opened reads the one sheet of a workbook, and its name. Every part has to be XML.
func opened(t *testing.T, b []byte) (name string, rows [][]cell) {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	parts := map[string][]byte{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if parts[f.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
		for d := xml.NewDecoder(bytes.NewReader(parts[f.Name])); err == nil; {
			_, err = d.Token()
		}
		if err != nil && err.Error() != io.EOF.Error() {
			t.Fatalf("%s: %v", f.Name, err)
		}
	}
	for _, needed := range []string{"[Content_Types].xml", "_rels/.rels", "xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/worksheets/sheet1.xml"} {
		if parts[needed] == nil {
			t.Fatalf("%s is missing", needed)
		}
	}
	var book struct {
		Sheets []struct {
			Name string `xml:"name,attr"`
		} `xml:"sheets>sheet"`
	}
	var one struct {
		Rows []struct {
			Cells []cell `xml:"c"`
		} `xml:"sheetData>row"`
	}
	if err := xml.Unmarshal(parts["xl/workbook.xml"], &book); err != nil || len(book.Sheets) != 1 {
		t.Fatal(book, err)
	}
	if err := xml.Unmarshal(parts["xl/worksheets/sheet1.xml"], &one); err != nil {
		t.Fatal(err)
	}
	for _, r := range one.Rows {
		rows = append(rows, r.Cells)
	}
	return book.Sheets[0].Name, rows
}

// TestAWorkbookHoldsTextsAlone: each cell is a text in its place, whatever somebody wrote into it.
func TestAWorkbookHoldsTextsAlone(t *testing.T) {
	b, err := sheet.XLSX("CSA: carriere/stipendi [tutte] e molto altro ancora", hostile)
	if err != nil {
		t.Fatal(err)
	}
	name, rows := opened(t, b)
	if len(utf16.Encode([]rune(name))) > 31 || strings.ContainsAny(name, `[]:*?/\`) {
		t.Errorf("Excel takes no sheet called %q", name)
	}
	got := map[string]string{}
	for _, row := range rows {
		for _, c := range row {
			got[c.Ref] = c.Text
			if c.Type != "inlineStr" || c.Formula != nil {
				t.Errorf("%s is no text: %+v", c.Ref, c)
			}
		}
	}
	want := map[string]string{}
	for n, row := range hostile {
		for i, s := range row {
			if s != "" {
				want["ABCD"[i:i+1]+"1234"[n:n+1]] = strings.NewReplacer("\x00", "\ufffd", "\x1b", "\ufffd").Replace(s)
			}
		}
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("\n%q, want\n%q", got, want)
	}
}

func TestColumnsAndLongTextsOfAWorkbook(t *testing.T) {
	row := make([]string, 800)
	for i := range row {
		row[i] = "x"
	}
	row[0] = strings.Repeat("😀", 20_000)
	b, err := sheet.XLSX("  ", [][]string{row})
	if err != nil {
		t.Fatal(err)
	}
	name, rows := opened(t, b)
	for i, want := range map[int]string{0: "A1", 25: "Z1", 26: "AA1", 51: "AZ1", 52: "BA1", 701: "ZZ1", 702: "AAA1", 799: "ADT1"} {
		if rows[0][i].Ref != want {
			t.Errorf("column %d is %s, want %s", i, rows[0][i].Ref, want)
		}
	}
	if n := len(utf16.Encode([]rune(rows[0][0].Text))); n != 32766 || name == "" {
		t.Errorf("%d characters in a cell of the sheet %q", n, name)
	}
}
