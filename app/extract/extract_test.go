package extract

import (
	"archive/zip"
	"bytes"
	"compress/zlib"
	"fmt"
	"strings"
	"testing"
)

const (
	typeDOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
	typeXLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	typePPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
	typeODT  = "application/vnd.oasis.opendocument.text"
	typeODS  = "application/vnd.oasis.opendocument.spreadsheet"
)

// zipped returns a zip with the parts: name, text, name, text.
func zipped(parts ...string) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i+1 < len(parts); i += 2 {
		w, err := z.Create(parts[i])
		if err != nil {
			panic(err)
		}
		if _, err := w.Write([]byte(parts[i+1])); err != nil {
			panic(err)
		}
	}
	if err := z.Close(); err != nil {
		panic(err)
	}
	return b.Bytes()
}

func deflated(s string) string {
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	_, _ = z.Write([]byte(s))
	_ = z.Close()
	return b.String()
}

func pdfStreamOf(dict, data string) string {
	return fmt.Sprintf("<< %s /Length %d >>\nstream\n%s\nendstream", dict, len(data), data)
}

// pdfOf returns a PDF with the objects numbered from 1; the first is the catalog. It has no cross-reference table,
// which is not read.
func pdfOf(objects ...string) []byte {
	var b bytes.Buffer
	b.WriteString("%PDF-1.5\n")
	for i, o := range objects {
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	b.WriteString("trailer << /Root 1 0 R >>\n%%EOF\n")
	return b.Bytes()
}

const (
	catalog = "<< /Type /Catalog /Pages 2 0 R >>"
	onePage = "<< /Type /Pages /Kids [3 0 R] /Count 1 >>"
	page    = "<< /Type /Page /Parent 2 0 R /Contents 4 0 R /Resources << /Font << /F 5 0 R >> /XObject << /X 6 0 R >> >> >>"
	winFont = "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"
)

func onePDF(content, font string, more ...string) []byte {
	return pdfOf(append([]string{catalog, onePage, page, pdfStreamOf("", content), font}, more...)...)
}

func textOf(t *testing.T, data []byte, name, mediaType string) string {
	t.Helper()
	s, err := Text(bytes.NewReader(data), int64(len(data)), name, mediaType)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestTextIsTakenOutOfEachFormat(t *testing.T) {
	cmap := "1 begincodespacerange <0000> <ffff> endcodespacerange 1 beginbfchar <0003> <0065> endbfchar 1 beginbfrange <0010> <0012> <0061> endbfrange 1 beginbfrange <0020> <0021> [<006600660069> <00e8>] endbfrange"
	for _, c := range []struct {
		rule, name, mediaType string
		data                  []byte
		want                  string
	}{
		{"word has paragraphs, headers and notes", "a.docx", typeDOCX, zipped(
			"word/document.xml", `<?xml version="1.0"?><w:document xmlns:w="w"><w:body><w:p><w:r><w:t>Verbale di</w:t></w:r><w:r><w:t xml:space="preserve"> ateneo</w:t></w:r></w:p><w:p><w:r><w:delText>via</w:delText><w:t>perch&#233; &amp; come</w:t></w:r></w:p></w:body></w:document>`,
			"word/header1.xml", `<w:hdr xmlns:w="w"><w:p><w:r><w:t>Testata</w:t></w:r></w:p></w:hdr>`), "Verbale di ateneo\nperché & come\nTestata"},
		{"sheets have shared and own texts, and numbers", "a.xlsx", typeXLSX, zipped(
			"xl/workbook.xml", `<workbook><sheets><sheet name="Bilancio"/></sheets></workbook>`,
			"xl/sharedStrings.xml", `<sst><si><t>Capitolo</t></si><si><r><t>Spe</t></r><r><t>sa</t></r></si></sst>`,
			"xl/worksheets/sheet1.xml", `<worksheet><sheetData><row><c t="s"><v>0</v></c><c t="s"><v>1</v></c></row><row><c><v>12.5</v></c><c t="inlineStr"><is><t>euro</t></is></c><c t="s"><v>99</v></c></row></sheetData></worksheet>`),
			"Bilancio\nCapitolo Spesa\n12.5 euro 99"},
		{"slides come in the order of their numbers", "a.pptx", typePPTX, zipped("ppt/presentation.xml", "<p/>",
			"ppt/slides/slide10.xml", `<p:sld xmlns:a="a" xmlns:p="p"><a:p><a:r><a:t>decima</a:t></a:r></a:p></p:sld>`,
			"ppt/slides/slide2.xml", `<p:sld xmlns:a="a" xmlns:p="p"><a:p><a:r><a:t>seconda</a:t></a:r></a:p></p:sld>`), "seconda\ndecima"},
		{"opendocument has spans, blanks and no deleted text", "a.odt", typeODT, zipped("mimetype", typeODT,
			"content.xml", `<o:c xmlns:o="o" xmlns:text="t"><text:tracked-changes><text:p>tolto</text:p></text:tracked-changes><text:h>Titolo</text:h><text:p>una<text:s/>riga <text:span>intera</text:span></text:p></o:c>`), "Titolo\nuna riga intera"},
		{"a row of an opendocument sheet is a line", "a.ods", typeODS, zipped("content.xml",
			`<o:c xmlns:o="o" xmlns:table="b" xmlns:text="t"><table:table-row><table:table-cell><text:p>a</text:p></table:table-cell><table:table-cell><text:p>b</text:p></table:table-cell></table:table-row></o:c>`), "a b"},
		{"an office file sent as a zip is told by its name", "a.docx", "application/zip", zipped("word/document.xml", `<d><p><t>parola</t></p></d>`), "parola"},
		{"rtf has code pages, unicode and hidden groups", "a.rtf", "text/rtf", []byte(`{\rtf1\ansi\ansicpg1252{\fonttbl{\f0 Arial;}}{\*\generator x;}Citt\'e0 di \u8364?uro\par{\b grassetto} perch\u233\'e9}`), "Città di €uro\ngrassetto perché"},
		{"html without scripts, with its own letters", "a.html", "text/html; charset=iso-8859-1", []byte("<html><head><title>Guida</title><style>p{}</style></head><body><p>Universit\xe0<br>uno&nbsp;due<script>var x</script></body>"), "Guida\nUniversità\nuno due"},
		{"mail has headers, one form of the text and names of files", "a.eml", "text/plain; charset=utf-8", []byte("Subject: =?utf-8?q?Citt=C3=A0?=\r\nFrom: a@example.org\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: multipart/alternative; boundary=y\r\n\r\n--y\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nperch=E9 no\r\n--y\r\nContent-Type: text/html\r\n\r\n<p>doppio</p>\r\n--y--\r\n--x\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename=bilancio.pdf\r\n\r\nzzz\r\n--x--\r\n"), "Città\na@example.org\nperché no\nbilancio.pdf"},
		{"plain text that is not utf-8 is windows'", "a.txt", "text/plain", []byte("citt\xe0\x00\x01  e \x93altro\x94\r\n\r\n\r\nfine"), "città e “altro”\nfine"},
		{"plain text of sixteen bits by its mark", "a.txt", "text/plain; charset=utf-16le", []byte("\xff\xfec\x00i\x00a\x00o\x00"), "ciao"},
		{"pdf of standard fonts", "a.pdf", "application/pdf", onePDF("BT /F 12 Tf 50 700 Td (Citt\\340 di ) Tj (Castello) Tj 0 -14 Td [(se) -20 (condo) -600 (rigo)] TJ ET", winFont), "Città di Castello\nsecondo rigo"},
		{"pdf words parted at the end of a line are joined", "a.pdf", "application/pdf", onePDF("BT /F 12 Tf 14 TL 50 700 Td (configu-) Tj T* (razione) Tj ET", winFont), "configurazione"},
		{"pdf differences by the names of glyphs", "a.pdf", "application/pdf", onePDF("BT /F 12 Tf (\\001\\002a\\003) Tj ET", "<< /Type /Font /Subtype /Type1 /Encoding << /Differences [1 /Egrave /ffi /uni20AC] >> >>"), "Èffia€"},
		{"pdf maps to unicode of two-byte codes", "a.pdf", "application/pdf", onePDF("BT /F 12 Tf <0003001000110012> Tj <00200021> Tj ET",
			"<< /Type /Font /Subtype /Type0 /Encoding /Identity-H /ToUnicode 6 0 R /DescendantFonts [<< /DW 500 /W [16 [400 400] 18 20 300] >>] >>", pdfStreamOf("", cmap)), "eabcffiè"},
		{"pdf objects in packed streams, with a predicted table", "a.pdf", "application/pdf", []byte("%PDF-1.5\n" +
			"9 0 obj\n" + pdfStreamOf("/Type /ObjStm /N 4 /First 21 /Filter /FlateDecode", deflated(fmt.Sprintf("%-21s", "1 0 2 34 3 76 5 194")+fmt.Sprintf("%-34s%-42s%-118s%s", catalog, onePage, page, winFont))) + "\nendobj\n" +
			"4 0 obj\n" + pdfStreamOf("/Filter [/ASCIIHexDecode /FlateDecode]", fmt.Sprintf("%x>", deflated("BT /F 9 Tf (impacchettato) Tj ET"))) + "\nendobj\n" +
			"10 0 obj\n" + pdfStreamOf("/Type /XRef /Root 1 0 R /W [1 2 1]", "") + "\nendobj\nstartxref\n0\n%%EOF"), "impacchettato"},
		{"pdf what was changed later wins", "a.pdf", "application/pdf", append(onePDF("BT /F 9 Tf (prima) Tj ET", winFont), []byte("4 0 obj\n"+pdfStreamOf("", "BT /F 9 Tf (dopo) Tj ET")+"\nendobj\n")...), "dopo"},
		{"pdf forms are part of the page", "a.pdf", "application/pdf", onePDF("/X Do", winFont, pdfStreamOf("/Subtype /Form /Resources << /Font << /F 5 0 R >> >>", "BT /F 9 Tf (modulo) Tj ET")), "modulo"},
	} {
		t.Run(c.rule, func(t *testing.T) {
			if got := textOf(t, c.data, c.name, c.mediaType); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestFilesThatCannotBeReadSayWhy(t *testing.T) {
	for _, c := range []struct {
		rule, name, mediaType string
		data                  []byte
		want                  Reason
	}{
		{"an encrypted pdf", "a.pdf", "application/pdf", append(onePDF("", winFont), []byte("trailer << /Root 1 0 R /Encrypt 8 0 R >>")...), Encrypted},
		{"an office file with a password", "a.docx", typeDOCX, append(bytes.Clone(oleMagic), 1, 2, 3), Encrypted},
		{"an opendocument file with a password", "a.odt", typeODT, zipped("META-INF/manifest.xml", `<m><encryption-data/></m>`, "content.xml", "\x00\x01"), Encrypted},
		{"a zip that is no document", "a.docx", typeDOCX, zipped("a.txt", "ciao"), Unsupported},
		{"a picture", "a.png", "image/png", []byte("x"), Unsupported},
		{"no pdf", "a.pdf", "application/pdf", []byte("ciao"), Damaged},
		{"no zip", "a.docx", typeDOCX, []byte("PK\x03\x04"), Damaged},
		{"no rtf", "a.rtf", "text/rtf", []byte("ciao"), Damaged},
	} {
		t.Run(c.rule, func(t *testing.T) {
			text, err := Text(bytes.NewReader(c.data), int64(len(c.data)), c.name, c.mediaType)
			if err == nil || ReasonOf(err) != c.want || text != "" {
				t.Errorf("got %q, %v, want %s", text, err, c.want)
			}
		})
	}
}

func TestTextIsCutAtItsLimit(t *testing.T) {
	s := textOf(t, []byte(strings.Repeat("però ", MaxText)), "a.txt", "text/plain")
	if len(s) > MaxText || len(s) < MaxText-10 || !strings.HasPrefix(s, "però però") {
		t.Errorf("%d bytes", len(s))
	}
}

func TestFileThatBreaksOffGivesWhatStandsBefore(t *testing.T) {
	whole := onePDF("BT /F 9 Tf (prima parte) Tj ET", winFont)
	for cut := range len(whole) {
		_, _ = Text(bytes.NewReader(whole[:cut]), int64(cut), "a.pdf", "application/pdf") // never panics
	}
	cut := bytes.Index(whole, []byte("trailer"))
	if got := textOf(t, whole[:cut], "a.pdf", "application/pdf"); got != "prima parte" {
		t.Errorf("got %q", got)
	}
}

func FuzzText(f *testing.F) {
	f.Add(onePDF("BT /F 9 Tf (a) Tj ET", winFont), uint8(0))
	f.Add(zipped("word/document.xml", "<p><t>a</t></p>"), uint8(1))
	f.Add([]byte(`{\rtf1 a\u233?b\'e0}`), uint8(2))
	f.Add([]byte("Subject: a\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\na\r\n"), uint8(3))
	types := []string{"application/pdf", typeDOCX, "text/rtf", "message/rfc822", "text/html"}
	f.Fuzz(func(t *testing.T, data []byte, kind uint8) {
		s, err := Text(bytes.NewReader(data), int64(len(data)), "x", types[int(kind)%len(types)])
		if len(s) > MaxText || err != nil && s != "" {
			t.Errorf("%d bytes, %v", len(s), err)
		}
	})
}
