package extract

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// apart reads the bytes in a separate process.
func apart(t *testing.T, ctx context.Context, data []byte, name, mediaType string) (string, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	program, err := Program()
	if err != nil {
		t.Fatal(err)
	}
	return Apart(ctx, program, f, name, mediaType)
}

func TestApartReadsAFileOfAnyName(t *testing.T) {
	for _, name := range []string{"a.pdf", "-rf.pdf", "--help", "../a b\n.pdf", ""} {
		got, err := apart(t, t.Context(), onePDF("BT /F 9 Tf (ciao) Tj ET", winFont), name, "application/pdf")
		if err != nil || got != "ciao" {
			t.Errorf("%q: %q, %v", name, got, err)
		}
	}
}

func TestApartRefusesWhatIsHostile(t *testing.T) {
	mega := strings.Repeat("a ", 20<<20)
	deepXML := strings.Repeat("<p>", 1_000_000)
	deepMail := func(levels int) []byte {
		var b strings.Builder
		for i := range levels {
			fmt.Fprintf(&b, "Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n", i, i)
		}
		return []byte("Subject:\r\n" + b.String())
	}
	for _, c := range []struct {
		rule, name, mediaType string
		data                  []byte
		want                  Reason // "": no text and no error
	}{
		{"a zip bomb", "a.docx", typeDOCX, zipped("word/document.xml", "<p><t>"+strings.Repeat("\n", 30<<20)), TooMuch},
		{"a part of more than a part may be", "a.docx", typeDOCX, zipped("word/document.xml", "<p>"+strings.Repeat("<r a='1234567890'/>xyzzy ", 2<<20)), TooMuch},
		{"xml within xml a million deep", "a.docx", typeDOCX, zipped("word/document.xml", deepXML), TooMuch},
		{"mail within mail", "a.eml", "message/rfc822", deepMail(3000), TooMuch},
		{"rtf groups a million deep", "a.rtf", "text/rtf", []byte(`{\rtf1` + strings.Repeat("{", 1_000_000)), TooMuch},
		{"a pdf stream that unfolds without end", "a.pdf", "application/pdf", pdfOf(catalog, onePage, page, pdfStreamOf("/Filter /FlateDecode", deflated(strings.Repeat("\n", 60<<20))), winFont), TooMuch},
		{"pages that contain themselves", "a.pdf", "application/pdf", pdfOf(catalog, "<< /Type /Pages /Kids [2 0 R 3 0 R 2 0 R] >>", "<< /Kids [2 0 R 3 0 R] >>"), Damaged},
		{"a table of places that leads back to itself", "a.pdf", "application/pdf", []byte("%PDF-1.4\nxref\n0 1\ntrailer << /Root 1 0 R /Prev 9 >>\nstartxref\n9\n"), Damaged},
		{"an object that is itself", "a.pdf", "application/pdf", pdfOf("1 0 R", "2 0 R"), Damaged},
		{"a form that draws itself", "a.pdf", "application/pdf", onePDF(strings.Repeat("/X Do ", 50), winFont, pdfStreamOf("/Subtype /Form /Resources << /XObject << /X 6 0 R >> >>", strings.Repeat("/X Do ", 50))), TooMuch},
		{"a stream that says it is without end", "a.pdf", "application/pdf", pdfOf(catalog, onePage, page, "<< /Length 999999999999 >>\nstream\nBT"), ""},
		{"a stream of objects with too many", "a.pdf", "application/pdf", pdfOf(catalog, onePage, "<< /Type /ObjStm /N 99999999999 /First -5 >>\nstream\n1 2 3 4\nendstream"), ""},
		{"arrays a million deep", "a.pdf", "application/pdf", pdfOf(catalog, onePage, strings.Repeat("[", 1_000_000), strings.Repeat("<<", 1_000_000)), Damaged},
		{"a map of a whole range, many times", "a.pdf", "application/pdf", onePDF("BT /F 9 Tf (a) Tj ET", "<< /Subtype /Type0 /ToUnicode 6 0 R >>",
			pdfStreamOf("", strings.Repeat("1 beginbfrange <0000> <ffff> <0041> endbfrange ", 2000))), ""},
		{"a pdf of a plain text", "a.pdf", "application/pdf", []byte("%PDF-" + mega[:1<<20]), Damaged},
		{"memory without end", "hog.txt", "text/plain", []byte("x"), OutOfBounds},
		{"other files", "open.txt", "text/plain", []byte("x"), Unsupported},
	} {
		t.Run(c.rule, func(t *testing.T) {
			t.Parallel()
			text, err := apart(t, t.Context(), c.data, c.name, c.mediaType)
			if c.want == "" {
				if err != nil && ReasonOf(err) != Damaged || len(text) > 100 {
					t.Errorf("got %.60q, %v", text, err)
				}
				return
			}
			if err == nil || ReasonOf(err) != c.want || text != "" {
				t.Errorf("got %.60q, %v, want %s", text, err, c.want)
			}
		})
	}
}

func TestApartEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := apart(t, ctx, []byte("x"), "endless.txt", "text/plain"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

func TestApartSaysWhenNothingRuns(t *testing.T) {
	f, err := os.Open("extract.go")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := Apart(t.Context(), filepath.Join(t.TempDir(), "none"), f, "a.txt", "text/plain"); ReasonOf(err) != NotRun {
		t.Errorf("got %v", err)
	}
}
