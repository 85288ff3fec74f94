// Package sheet reads tables as offices save them, and writes them for spreadsheet programs: CSV as Excel reads it in
// Italy, and XLSX. Nothing that stands in a cell is read as a formula, whoever wrote it.
package sheet

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"encoding/xml"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf16"
)

// Types of what CSV and XLSX return.
const (
	CSVType  = "text/csv; charset=utf-8"
	XLSXType = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
)

// A cell that begins so is a formula to spreadsheet programs; in Italy they also split lines at semicolons.
var (
	formula  = regexp.MustCompile("(^|;)('*[=+\\-@\t\r\n＝＋－＠])")
	harmless = regexp.MustCompile("(^|;)'('*[=+\\-@\t\r\n＝＋－＠])")
)

// Cell keeps a spreadsheet program from reading a text as a formula: it puts an apostrophe before it. Every table of
// plain text that the desk writes takes its cells from here. FromCell removes the apostrophe.
func Cell(s string) string { return formula.ReplaceAllString(s, "$1'$2") }

// FromCell reads a cell that Cell wrote. Cells written by others are unchanged, except for such an apostrophe.
func FromCell(s string) string { return harmless.ReplaceAllString(s, "$1$2") }

// CSV returns the rows as Excel writes and reads them in Italy: semicolons, lines that end in CRLF, and UTF-8 that says
// so at its beginning.
func CSV(rows [][]string) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString("\ufeff")
	w := csv.NewWriter(&b)
	w.Comma, w.UseCRLF = ';', true
	for _, row := range rows {
		cells := make([]string, len(row))
		for i, s := range row {
			cells[i] = Cell(s)
		}
		if err := w.Write(cells); err != nil {
			return nil, fmt.Errorf("sheet: %w", err)
		}
	}
	w.Flush()
	if err := w.Error(); err != nil {
		return nil, fmt.Errorf("sheet: %w", err)
	}
	return b.Bytes(), nil
}

// mostInCell is how many characters Excel takes in a cell.
const mostInCell = 32767

// XLSX returns a workbook with one sheet of the rows. Each cell is a text, which no program calculates; the first row and
// the first column stay in sight.
func XLSX(name string, rows [][]string) ([]byte, error) {
	var sheet bytes.Buffer
	sheet.WriteString(xml.Header + `<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetViews><sheetView workbookViewId="0">` +
		`<pane xSplit="1" ySplit="1" topLeftCell="B2" activePane="bottomRight" state="frozen"/></sheetView></sheetViews><sheetData>`)
	var wrong error
	for n, row := range rows {
		fmt.Fprintf(&sheet, `<row r="%d">`, n+1)
		for i, s := range row {
			if s == "" {
				continue
			}
			fmt.Fprintf(&sheet, `<c r="%s%d" t="inlineStr"><is><t xml:space="preserve">`, column(i), n+1)
			wrong = errors.Join(wrong, xml.EscapeText(&sheet, []byte(cut(s, mostInCell))))
			sheet.WriteString(`</t></is></c>`)
		}
		sheet.WriteString(`</row>`)
	}
	sheet.WriteString(`</sheetData></worksheet>`)
	var title strings.Builder
	wrong = errors.Join(wrong, xml.EscapeText(&title, []byte(sheetName(name))))
	const relations = `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" ` +
		`Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/%s" Target="%s"/></Relationships>`
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, part := range []struct{ name, text string }{
		{"[Content_Types].xml", xml.Header + `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">` +
			`<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>` +
			`<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>` +
			`<Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>`},
		{"_rels/.rels", xml.Header + fmt.Sprintf(relations, "officeDocument", "xl/workbook.xml")},
		{"xl/workbook.xml", xml.Header + `<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" ` +
			`xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="` + title.String() + `" sheetId="1" r:id="rId1"/></sheets></workbook>`},
		{"xl/_rels/workbook.xml.rels", xml.Header + fmt.Sprintf(relations, "worksheet", "worksheets/sheet1.xml")},
		{"xl/worksheets/sheet1.xml", sheet.String()},
	} {
		w, err := z.Create(part.name)
		if err == nil {
			_, err = w.Write([]byte(part.text))
		}
		wrong = errors.Join(wrong, err)
	}
	if err := errors.Join(wrong, z.Close()); err != nil {
		return nil, fmt.Errorf("sheet: %w", err)
	}
	return b.Bytes(), nil
}

// column returns the letters of a column: A, Z, AA.
func column(i int) string {
	s := string(rune('A' + i%26))
	for i = i/26 - 1; i >= 0; i = i/26 - 1 {
		s = string(rune('A'+i%26)) + s
	}
	return s
}

// sheetName is a name as Excel takes it for a sheet.
func sheetName(s string) string {
	s = strings.Trim(strings.Map(func(r rune) rune {
		if strings.ContainsRune(`[]:*?/\`, r) || r < ' ' {
			return ' '
		}
		return r
	}, s), " '")
	if s = cut(s, 31); s == "" {
		return "1"
	}
	return s
}

// cut returns the first characters of a text, counted as Excel does, in units of UTF-16.
func cut(s string, most int) string {
	n := 0
	for i, r := range s {
		if n += utf16.RuneLen(r); n > most {
			return s[:i]
		}
	}
	return s
}
