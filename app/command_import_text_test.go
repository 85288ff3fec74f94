package app_test

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"sportello/app/sheet"
)

// written are the ways in which an office's programs write the same text.
var written = map[string]func(string) []byte{
	"UTF-8":                   func(s string) []byte { return []byte(s) },
	"UTF-8 with a mark":       func(s string) []byte { return []byte("\ufeff" + s) },
	"Windows-1252":            encodedAs(charmap.Windows1252),
	"UTF-16LE with a mark":    encodedAs(unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)),
	"UTF-16BE with a mark":    encodedAs(unicode.UTF16(unicode.BigEndian, unicode.UseBOM)),
	"UTF-16LE without a mark": encodedAs(unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)),
	"UTF-16BE without a mark": encodedAs(unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)),
	"UTF-8 with CRLF":         func(s string) []byte { return []byte(strings.ReplaceAll(s, "\n", "\r\n")) },
	"Windows-1252 with CRLF":  func(s string) []byte { return encodedAs(charmap.Windows1252)(strings.ReplaceAll(s, "\n", "\r\n")) },
	"UTF-16 of a Windows editor": func(s string) []byte {
		return encodedAs(unicode.UTF16(unicode.LittleEndian, unicode.UseBOM))(strings.ReplaceAll(s, "\n", "\r\n"))
	},
}

func encodedAs(e encoding.Encoding) func(string) []byte {
	return func(s string) []byte {
		b, err := e.NewEncoder().Bytes([]byte(s))
		if err != nil {
			panic(err)
		}
		return b
	}
}

func TestATextIsReadWhateverProgramWroteIt(t *testing.T) {
	far := strings.Repeat("solo ASCII, riga dopo riga\n", 6000) // the first accent lies beyond the first block
	for _, text := range []string{"", "a", "ab", "è", "perché no", "Università – città “più” 10 €\n", "x\n" + far + "perché\n" + far, far + "à", strings.Repeat("è", 40000)} {
		for how, write := range written {
			if strings.HasPrefix(how, "UTF-16") && strings.HasSuffix(how, "without a mark") && (len(text) < 2 || text[0] >= 0x80) {
				continue // nothing tells that it is UTF-16
			}
			for kind, src := range map[string]func(io.Reader) io.Reader{"whole": func(r io.Reader) io.Reader { return r }, "by bytes": iotest.OneByteReader, "by halves": iotest.HalfReader} {
				if kind == "by bytes" && len(text) > 1000 {
					continue
				}
				r, err := sheet.OfficeText(src(bytes.NewReader(write(text))))
				if err != nil {
					t.Fatal(err)
				}
				got, err := io.ReadAll(r)
				if want := strings.ReplaceAll(text, "\r\n", "\n"); err != nil || strings.ReplaceAll(string(got), "\r\n", "\n") != want {
					t.Errorf("%s, %s: %v, %d bytes, want %d: %.80q", how, kind, err, len(got), len(want), got)
				}
			}
		}
	}
}

func TestOneBrokenLineOfATextIsNotAnotherEncoding(t *testing.T) {
	text := "perché\ncittà\nbroken \xe8\nqualità\n"
	r, err := sheet.OfficeText(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(r); err != nil || string(got) != text {
		t.Errorf("%v %q", err, got)
	}
}

func FuzzOfficeText(f *testing.F) {
	for _, write := range written {
		f.Add(write("perché\tno;€\n"))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := sheet.OfficeText(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		whole, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if r, err = sheet.OfficeText(iotest.OneByteReader(bytes.NewReader(b))); err != nil {
			t.Fatal(err)
		}
		if again, err := io.ReadAll(r); err != nil || !bytes.Equal(whole, again) {
			t.Fatalf("how the bytes come changes the text: %q, %q, %v", whole, again, err)
		}
	})
}

func TestEveryFormatIsTakenInEveryEncoding(t *testing.T) {
	const (
		tickets   = `{"subject":"Perché è così? Città €","body":"Università","requester_email":"ada@ateneo.example","requester_name":"Niccolò"}` + "\n"
		articles  = `{"title":"Perché è così","body":"Città €","format":"text","language":"it"}` + "\n"
		people    = "email;name\nada@ateneo.example;Niccolò D’Alò\n"
		catalogue = "[[module]]\ncode = \"nuovo\"\nname = { it = \"Attività più\" }\n"
	)
	for how, write := range written {
		for kind, text := range map[string]string{"tickets": tickets, "articles": articles, "people": people, "catalogue": catalogue} {
			data := filepath.Join(t.TempDir(), "data")
			path := filepath.Join(t.TempDir(), "source")
			if err := os.WriteFile(path, write(text), 0o600); err != nil {
				t.Fatal(err)
			}
			status, out, errOut := commandLine(t, "", "import", kind, path, "--data", data, "--strict")
			if status != 0 || lastLine(out) != "imported 1, updated 0, refused 0" {
				t.Errorf("%s, %s: status %d\n%s\n%s", kind, how, status, out, errOut)
				continue
			}
			_, out, _ = commandLine(t, "", "export", kind, "--data", data)
			for _, word := range []string{"Perché è così", "Niccolò", "Attività più"} {
				if strings.Contains(text, word) && !strings.Contains(out, word) {
					t.Errorf("%s, %s: %q went out as %.300s", kind, how, word, out)
				}
			}
		}
		folder := t.TempDir()
		if err := os.WriteFile(filepath.Join(folder, "a.md"), write("# Perché è così\n\nCittà più\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, "b.html"), write("<html><head><title>Manuale</title></head><body>"+strings.Repeat("<!-- ASCII alone -->", 100)+"<p>Qualità: Perché è così</p></body></html>"), 0o600); err != nil {
			t.Fatal(err)
		}
		data := filepath.Join(t.TempDir(), "data")
		status, out, errOut := commandLine(t, "", "import", "articles", folder, "--language", "it", "--data", data)
		if status != 0 || lastLine(out) != "imported 2, updated 0, refused 0" {
			t.Errorf("folder, %s: status %d\n%s\n%s", how, status, out, errOut)
		}
		if _, out, _ = commandLine(t, "", "export", "articles", "--data", data); strings.Count(out, "Perché è così") != 2 || !strings.Contains(out, "Qualità") {
			t.Errorf("folder, %s: %s", how, out)
		}
	}
}

func TestATableIsTakenWhateverDividesItsCells(t *testing.T) {
	for name, c := range map[string]struct{ text, want, said string }{
		"commas":                     {"email,name\na@x.example,\"Neri, Ada\"\n", "imported 1, updated 0, refused 0", ""},
		"semicolons":                 {"email;name\na@x.example;Neri, Ada\n", "imported 1, updated 0, refused 0", ""},
		"tabs":                       {"email\tname\na@x.example\tNeri, Ada; x\n", "imported 1, updated 0, refused 0", ""},
		"bars":                       {"email|name\na@x.example|Neri, Ada\n", "imported 1, updated 0, refused 0", ""},
		"sep=; as Excel writes it":   {"sep=;\r\nemail;name\r\na@x.example;Neri, Ada\r\n", "imported 1, updated 0, refused 0", ""},
		"sep=, against the look":     {"sep=,\nemail,name,a;b;c;d\na@x.example,Ada\n", "imported 1, updated 0, refused 0", `2 "a;b;c;d"`},
		"sep= a tab, with a mark":    {"\ufeffSEP=\t\nemail\tname\na@x.example\tAda\n", "imported 1, updated 0, refused 0", ""},
		"sep=; in quotation marks":   {"\"sep=;\"\nemail;name\na@x.example;Ada\n", "imported 1, updated 0, refused 0", ""},
		"commas within quoted names": {"\"email\";\"name\";\"a,b,c,d\"\na@x.example;Ada;\n", "imported 1, updated 0, refused 0", `1 "a,b,c,d"`},
		"a column nobody knows":      {"email;name;Matricola\na@x.example;Ada;12\n", "imported 1, updated 0, refused 0", `1 "Matricola"`},
		"a column twice":             {"email;name;Name\na@x.example;Ada;Ivo\n", "imported 1, updated 0, refused 0", `1 "Name"`},
		"names as offices give them": {"Indirizzo e-mail;Cognome e nome;Ruolo;Gruppo\na@x.example;Neri Ada;agent;csa\n", "imported 1, updated 0, refused 0", ""},
		"names written large":        {" EMAIL ; Name \na@x.example;Ada\n", "imported 1, updated 0, refused 0", ""},
		"an empty column at the end": {"email;name;;\na@x.example;Ada;;\n", "imported 1, updated 0, refused 0", ""},
		"one column alone":           {"email\na@x.example\n", "imported 0, updated 0, refused 1", "2: name: "},
		"a line number below sep=":   {"sep=;\nemail;name\nno address;Ada\n", "imported 0, updated 0, refused 1", "3: email: "},
		"a line number without":      {"email;name\nno address;Ada\n", "imported 0, updated 0, refused 1", "2: email: "},
	} {
		for _, how := range []string{"UTF-8", "Windows-1252", "UTF-16LE with a mark"} {
			if strings.HasPrefix(c.text, "\ufeff") && how != "UTF-8" {
				continue
			}
			path := filepath.Join(t.TempDir(), "people.csv")
			if err := os.WriteFile(path, written[how](c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			status, out, errOut := commandLine(t, "", "import", "people", path, "--data", filepath.Join(t.TempDir(), "data"))
			if status != 0 || lastLine(out) != c.want || !strings.Contains(errOut, c.said) || c.said == "" && errOut != "" {
				t.Errorf("%s, %s: status %d\n%s\n%s", name, how, status, out, errOut)
			}
		}
	}
}

func TestWhatARecordHasAndTheDeskDoesNotIsNamedOnce(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	line := `{"subject":"Una","body":"x","requester_email":"ada@ateneo.example","requester_name":"Ada","priority":3,"messages":[{"author_email":"ivo@ateneo.example","at":"2025-02-03T12:00:00Z","body":"y","channel":"phone"}]}` + "\n"
	status, out, errOut := commandLine(t, line+line, "import", "tickets", "-", "--strict", "--data", data)
	if status != 0 || lastLine(out) != "imported 2, updated 0, refused 0" {
		t.Errorf("status %d\n%s\n%s", status, out, errOut)
	}
	if strings.Count(errOut, "\n") != 2 || !strings.Contains(errOut, `1 "priority": `) || !strings.Contains(errOut, `1 "messages.channel": `) {
		t.Errorf("%q", errOut)
	}
	status, out, errOut = commandLine(t, `{"title":"A","body":"x","format":"text","language":"it","tags":["a"]}`, "import", "articles", "-", "--data", data)
	if status != 0 || lastLine(out) != "imported 1, updated 0, refused 0" || !strings.Contains(errOut, `1 "tags": `) {
		t.Errorf("status %d\n%s\n%s", status, out, errOut)
	}
}
