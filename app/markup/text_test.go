package markup

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestClean(t *testing.T) {
	for name, c := range map[string]struct{ in, want string }{
		"text stays":                  {"è\tà\n 𝄞 ", "è\tà\n 𝄞 "},
		"line ends become LF":         {"a\r\nb\rc\r\r\nd\fe\vf", "a\nb\nc\n\nd\ne\nf"},
		"controls go":                 {"a\x00b\x07c\x1b[0m\x7f", "abc[0m"},
		"what is not UTF-8 is marked": {"a\xff\xfeb\xc3", "a\uFFFDb\uFFFD"},
		"a lone surrogate is marked":  {"a\xed\xa0\x80b", "a\uFFFDb"},
		"the mark of byte order goes": {"\uFEFF\x00\uFEFFa\uFEFFb", "a\uFEFFb"},
		"marks of direction stay":     {"a\u202Eb\u2066c", "a\u202Eb\u2066c"},
		"NUL cannot join bytes":       {"\xc3\x00\xa8", "\uFFFD\uFFFD"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Clean(c.in); got != c.want || Clean(got) != got {
				t.Errorf("Clean(%q) = %q, want %q", c.in, got, c.want)
			}
		})
	}
}

func TestLine(t *testing.T) {
	for name, c := range map[string]struct{ in, want string }{
		"white space is one space":     {" a\r\n\tb\u00a0 \u2028c\n", "a b c"},
		"marks of direction go":        {"fattura\u202Efdp.exe\u2066\u200F", "fatturafdp.exe"},
		"controls of both sets go":     {"a\x00\u0085b\u009fc", "a bc"},
		"what joins emoji stays":       {"👩\u200d💻", "👩\u200d💻"},
		"nothing is nothing":           {"\n\u200b\n", ""},
		"a removed mark hides a space": {"a \u200b b", "a b"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Line(c.in); got != c.want || Line(got) != got {
				t.Errorf("Line(%q) = %q, want %q", c.in, got, c.want)
			}
		})
	}
}

func TestExcerpt(t *testing.T) {
	for _, c := range []struct {
		in   string
		n    int
		want string
	}{
		{"uno due", 7, "uno due"},
		{"uno due tre", 8, "uno due…"},
		{"uno due tre", 7, "uno…"},
		{"uno, due", 6, "uno…"},
		{"unoduetre", 4, "uno…"},
		{"è à\nù", 5, "è à ù"},
		{"a", 0, ""},
		{"ab", 1, "…"},
		{strings.Repeat(" ", 5000) + "a", 3, "a"},
		{"a" + strings.Repeat(" ", 5000) + "b", 3, "a…"},
	} {
		got := Excerpt(c.in, c.n)
		if got != c.want {
			t.Errorf("Excerpt(%.20q, %d) = %q, want %q", c.in, c.n, got, c.want)
		}
		if utf8.RuneCountInString(got) > c.n {
			t.Errorf("Excerpt(%.20q, %d) is longer", c.in, c.n)
		}
	}
}

func TestFileName(t *testing.T) {
	for in, want := range map[string]string{
		"relazione finale.pdf":   "relazione finale.pdf",
		"../../etc/passwd":       "passwd",
		`C:\Documenti\a.doc`:     "a.doc",
		"":                       "file",
		"..":                     "file",
		"a/":                     "file",
		".bashrc":                "bashrc",
		"a\u202Egpj.exe":         "agpj.exe",
		"a\r\nSet-Cookie: b.txt": "a Set-Cookie_ b.txt",
		"CON":                    "_CON", "aux.tar.gz": "_aux.tar.gz", "lpt1 .txt": "_lpt1 .txt", "console.txt": "console.txt", "com10": "com10",
		`a<b>"c"?.txt. `:                      "a_b__c__.txt",
		strings.Repeat("è", 100) + ".pdf":     strings.Repeat("è", 73) + ".pdf",
		"a." + strings.Repeat("b", 200):       "a." + strings.Repeat("b", 148),
		strings.Repeat("a", 145) + "   b.pdf": strings.Repeat("a", 145) + ".pdf",
	} {
		got := FileName(in)
		if got != want || FileName(got) != got {
			t.Errorf("FileName(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestSlug(t *testing.T) {
	for in, want := range map[string]string{
		"Perché l'Ateneo?  Sì!":   "perche-l-ateneo-si",
		"U-GOV – Contabilità":     "u-gov-contabilita",
		"ﬁne ²":                   "fine-2",
		"Δ":                       "",
		strings.Repeat("ab ", 60): strings.TrimSuffix(strings.Repeat("ab-", 27), "-"),
	} {
		if got := Slug(in); got != want {
			t.Errorf("Slug(%q) = %q, want %q", in, got, want)
		}
	}
}
