package mail

import (
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
)

func TestDecodeHeader(t *testing.T) {
	for name, c := range map[string]struct{ in, want string }{
		"plain":                                 {"Ciao", "Ciao"},
		"quoted":                                {"=?utf-8?Q?Perch=C3=A9_no?=", "Perché no"},
		"base64":                                {"=?UTF-8?B?UGVyY2jDqQ==?=", "Perché"},
		"without padding":                       {"=?UTF-8?B?UGVyY2jDqQ?=", "Perché"},
		"cut inside a character":                {"=?utf-8?Q?Perch=C3?= =?utf-8?Q?=A9?=", "Perché"},
		"cut inside a character, base64":        {"=?utf-8?B?UGVyY2jD?=\r\n =?utf-8?B?qQ==?=", "Perché"},
		"space between words goes":              {"=?utf-8?Q?a?= =?utf-8?Q?b?= c", "ab c"},
		"space before text stays":               {"=?utf-8?Q?a?= b =?utf-8?Q?c?=", "a b c"},
		"two character sets":                    {"=?iso-8859-1?Q?=E8?= =?utf-8?Q?=C3=A8?=", "èè"},
		"spaces inside":                         {"=?utf-8?Q?Perch=C3=A9 no?=", "Perché no"},
		"an underscore is a space":              {"=?utf-8?Q?a_b=5Fc?=", "a b_c"},
		"a language":                            {"=?utf-8*it?Q?=C3=A8?=", "è"},
		"without end":                           {"=?utf-8?Q?Perch=C3=A9", "Perché"},
		"inside a word":                         {"a=?utf-8?Q?=C3=A8?=b", "aèb"},
		"windows-1252 that says iso-8859-1":     {"=?iso-8859-1?Q?l=92ateneo_=80?=", "l’ateneo €"},
		"UTF-8 that says iso-8859-1":            {"=?iso-8859-1?Q?Perch=C3=A9?=", "Perché"},
		"koi8-r":                                {"=?koi8-r?B?8NLJ18XU?=", "Привет"},
		"gb2312":                                {"=?gb2312?B?xOO6ww==?=", "你好"},
		"iso-2022-jp":                           {"=?iso-2022-jp?B?GyRCJDMkcyRLJEEkTxsoQg==?=", "こんにちは"},
		"utf-7":                                 {"=?utf-7?Q?Perch+AOk-_no?=", "Perché no"},
		"cp850":                                 {"=?cp850?Q?=8A?=", "è"},
		"unknown-8bit":                          {"=?unknown-8bit?Q?=E8?=", "è"},
		"an unknown set":                        {"=?x-nobody?Q?=C3=A8?=", "è"},
		"raw UTF-8":                             {"Perché", "Perché"},
		"raw windows-1252":                      {"Perch\xe9 \x80", "Perché €"},
		"raw beside a word":                     {"\xe9 =?utf-8?Q?=C3=A8?=", "é è"},
		"what is no word stays":                 {"=? a =?b?c?d =?x?y?z?=", "=? a =?b?c?d =?x?y?z?="},
		"an empty word":                         {"a =?utf-8?Q??= b", "a b"},
		"line ends that words hide are spaces":  {"=?utf-8?Q?a=0D=0ABcc:_b@c.it?=", "a Bcc: b@c.it"},
		"other controls go":                     {"=?utf-8?Q?a=00=07=1Bb=7F?=c\x00d", "abcd"},
		"marks that turn the text go":           {"a\u202egpj.exe\u200b", "agpj.exe"},
		"folding is one space":                  {"a\r\n\t b", "a b"},
		"base64 that is joined":                 {"=?utf-8?B?YQ==Yg==?=", "ab"},
		"equals signs that are not hexadecimal": {"=?utf-8?Q?a=b=?=", "a=b="},
	} {
		t.Run(name, func(t *testing.T) {
			if got := DecodeHeader(c.in); got != c.want {
				t.Errorf("%q becomes %q, want %q", c.in, got, c.want)
			}
		})
	}
}

func TestParseAddresses(t *testing.T) {
	one := func(name, email string) []Address { return []Address{{name, email}} }
	for name, c := range map[string]struct {
		in   string
		want []Address
	}{
		"nothing":                         {"", nil},
		"an address":                      {"Anna@B.it", one("", "anna@b.it")},
		"in brackets":                     {"<a@b.it>", one("", "a@b.it")},
		"with a name":                     {"Anna Bianchi <a@b.it>", one("Anna Bianchi", "a@b.it")},
		"with a quoted name":              {`"Bianchi, Anna" <a@b.it>`, one("Bianchi, Anna", "a@b.it")},
		"with quotes in quotes":           {`"\"Anna\" B" <a@b.it>`, one(`"Anna" B`, "a@b.it")},
		"with an encoded name":            {"=?utf-8?Q?Niccol=C3=B2?= <a@b.it>", one("Niccolò", "a@b.it")},
		"with an encoded, quoted name":    {`"=?utf-8?Q?Niccol=C3=B2?=" <a@b.it>`, one("Niccolò", "a@b.it")},
		"with a raw name":                 {"Niccol\xf2 <a@b.it>", one("Niccolò", "a@b.it")},
		"with a comma nobody quoted":      {"Bianchi, Anna <a@b.it>, c@d.it", []Address{{"Bianchi, Anna", "a@b.it"}, {"", "c@d.it"}}},
		"with a comment":                  {"a@b.it (Anna Bianchi)", one("Anna Bianchi", "a@b.it")},
		"with nested comments":            {"(x (y)) a@b.it", one("x (y)", "a@b.it")},
		"several":                         {"a@b.it, Anna <c@d.it>,, e@f.it ,", []Address{{"", "a@b.it"}, {"Anna", "c@d.it"}, {"", "e@f.it"}}},
		"with semicolons":                 {"a@b.it; c@d.it;", []Address{{"", "a@b.it"}, {"", "c@d.it"}}},
		"a group":                         {"Ufficio: a@b.it, Anna <c@d.it>;, e@f.it", []Address{{"", "a@b.it"}, {"Anna", "c@d.it"}, {"", "e@f.it"}}},
		"an empty group":                  {"undisclosed-recipients:;", nil},
		"a name that is its address":      {`"a@b.it" <A@b.it>`, one("", "a@b.it")},
		"apostrophes around a name":       {"'Anna' <a@b.it>", one("Anna", "a@b.it")},
		"a name before a bare address":    {"Anna Bianchi a@b.it", one("Anna Bianchi", "a@b.it")},
		"mailto":                          {"<mailto:a@b.it>", one("", "a@b.it")},
		"two pairs of brackets":           {"Anna <<a@b.it>>", one("Anna", "a@b.it")},
		"a bracket that does not end":     {"Anna <a@b.it", one("Anna", "a@b.it")},
		"a quote that does not end":       {`"Anna <a@b.it>`, one("Anna", "a@b.it")},
		"a route":                         {"<@x.it,@y.it:a@b.it>", one("", "a@b.it")},
		"an address in quotes":            {`"a"@b.it`, one("", "a@b.it")},
		"spaces in a local part are none": {`"a b"@c.it`, nil},
		"no address":                      {"Anna, <>, <b>, @c.it, d@", nil},
		"two signs":                       {"a@b@c.it", nil},
		"not composed":                    {"u\u0300@b.it", one("", "ù@b.it")},
		"a line end that a word hides":    {"=?utf-8?Q?A=0D=0ATo:_x@y.it?= <a@b.it>", one("A To: x@y.it", "a@b.it")},
		"a line end in an address":        {"<a@b.it\r\nBcc: x@y.it>", nil},
		"an underscore in the domain":     {"Stampante <root@stampante_2.local>, a@_x.it", []Address{{"Stampante", "root@stampante_2.local"}, {"", "a@_x.it"}}},
		"a comment in brackets":           {"Anna <a@b.it (ufficio)>", one("Anna", "a@b.it")},
		"a comment in brackets, no name":  {"<a@b.it (Anna Bianchi)>", one("Anna Bianchi", "a@b.it")},
		"a comment before the address":    {"Anna <(ufficio) a@b.it>, c@d.it", []Address{{"Anna", "a@b.it"}, {"", "c@d.it"}}},
		"comments around the sign":        {"Anna <a (x) @ (y (z)) b.it>", one("Anna", "a@b.it")},
		"a bracket in a comment":          {"Anna <a@b.it (c > d)>, e@f.it", []Address{{"Anna", "a@b.it"}, {"", "e@f.it"}}},
		"an address in a comment":         {"Anna <a@b.it (ladro@x.it)>", one("Anna", "a@b.it")},
		"a comment that does not end":     {"Anna <a@b.it (x>, c@d.it", []Address{{"", "c@d.it"}}},
		"a comment alone in brackets":     {"Anna <(nessuno)>", nil},
		"blanks around the sign":          {"Anna < a @ b.it >", one("Anna", "a@b.it")},
		"a comment in a local part":       {"a(x)@b.it", one("x", "a@b.it")},
		"a dot at the end":                {"a@b.it.", one("", "a@b.it")},
		"an address that hides in a name": {`"capo@ateneo.it" <ladro@x.it>`, one("capo@ateneo.it", "ladro@x.it")},
	} {
		t.Run(name, func(t *testing.T) {
			if d := cmp.Diff(c.want, ParseAddresses(c.in)); d != "" {
				t.Errorf("-want +got\n%s", d)
			}
		})
	}
}

func TestMessageIDs(t *testing.T) {
	for name, c := range map[string]struct {
		in   string
		want []string
	}{
		"nothing":                    {"", nil},
		"one":                        {"<a@b>", []string{"a@b"}},
		"several":                    {"<a@b> <c@d>\r\n\t<e@f>", []string{"a@b", "c@d", "e@f"}},
		"run together":               {"<a@b><c@d>", []string{"a@b", "c@d"}},
		"with commas":                {"<a@b>, <c@d>", []string{"a@b", "c@d"}},
		"each once":                  {"<a@b> <c@d> <a@b>", []string{"a@b", "c@d"}},
		"without brackets":           {"a@b c@d", []string{"a@b", "c@d"}},
		"one bracket":                {"<a@b", []string{"a@b"}},
		"the other bracket":          {"a@b>", []string{"a@b"}},
		"without a sign in brackets": {"<abc.def>", []string{"abc.def"}},
		"words around":               {`Your message of "Mon" <a@b> (Anna)`, []string{"a@b"}},
		"a fold inside":              {"<a\r\n @b>", []string{"a@b"}},
		"controls go":                {"<a\x00@b>", []string{"a@b"}},
	} {
		t.Run(name, func(t *testing.T) {
			if d := cmp.Diff(c.want, MessageIDs(c.in)); d != "" {
				t.Errorf("-want +got\n%s", d)
			}
		})
	}
	var many strings.Builder
	for i := range 5000 {
		many.WriteString("<" + strings.Repeat("x", i%7) + string(rune('a'+i%26)) + strings.Repeat("y", i/26) + "@b> ")
	}
	ids := MessageIDs(many.String())
	if len(ids) != maxReferences || ids[0] != "a@b" || !strings.HasSuffix(ids[len(ids)-1], "yy@b") {
		t.Errorf("%d ids are kept, from %q", len(ids), ids[0])
	}
}

func TestNumber(t *testing.T) {
	for in, want := range map[string]uint64{
		"[#12] Stampa": 12, "Re: [#12] Stampa": 12, "Re: R: [SPORTELLO #12] Stampa": 12, "Fwd: Re: [#12]": 12, "I: Rif: AW: [Sportello #12] x": 12, "RE[2]: [#12] x": 12,
		"[#12] vedi [#3]": 12, "Re:\r\n [#12] Stampa": 12,
		"Domanda #1 sul cedolino": 0, "Re: [Cineca #1] x": 0, "Stampa (#12)": 0, "(#12) x": 0, "Stampa #12": 0, "#12": 0, "#12: Stampa": 0, "vedi #3 e [#12]": 0,
		"Stampa [#12]": 0, "[Sportello d'ateneo #12]": 0, "[Sportello# 12]": 0, "[# 12]": 0, "[lista] [#12] x": 0, "[ #12]": 0,
		"Stampa 12": 0, "[12]": 0, "n#12": 0, "[#0]": 0, "[#012]": 0, "": 0, "[#]": 0, "[#12345678901234567890]": 0, "[Altro [#12]": 0,
	} {
		got, ok := Number(in, "Sportello")
		if got != want || ok != (want > 0) {
			t.Errorf("%q has number %d, %v, want %d", in, got, ok, want)
		}
	}
}

func TestBaseSubject(t *testing.T) {
	for in, want := range map[string]string{
		"Stampa": "Stampa", "Re: Stampa": "Stampa", "RE: R: Stampa": "Stampa", "R: I: Stampa": "Stampa", "Fwd: Re: FW: Stampa": "Stampa", "Rif: Stampa": "Stampa",
		"AW: SV: TR: Stampa": "Stampa", "Re[2]: Stampa": "Stampa", "Re(3): Stampa": "Stampa", "Re : Stampa": "Stampa", "Re:Re:Stampa": "Stampa", "Inoltro: Stampa": "Stampa",
		"Re: [#12] Re: Stampa": "Stampa", "[Sportello #12] Stampa": "Stampa", "[lista] Re: Stampa": "Stampa", "[lista] Stampa": "[lista] Stampa", "Stampa (fwd)": "Stampa",
		"Re: [Cineca #1] Stampa": "[Cineca #1] Stampa", "Re: [Cineca #1] Re: Stampa": "[Cineca #1] Re: Stampa", "[Sportello #12] [Cineca #1] Stampa": "[Cineca #1] Stampa",
		"Re: [sportello #12] R: Stampa": "Stampa", "(#12) Stampa": "(#12) Stampa", "[#12]": "", "  Stampa\t x ": "Stampa x", "Re:": "", "": "", "Reti: quali": "Reti: quali", "Rete: x": "Rete: x", "Ricerca: a": "Ricerca: a", "Antw: Stampa": "Stampa", "Re：Stampa": "Stampa",
	} {
		if got := BaseSubject(in, "Sportello"); got != want {
			t.Errorf("%q has base %q, want %q", in, got, want)
		}
	}
}

func TestOutOfOfficeSubject(t *testing.T) {
	for in, want := range map[string]bool{
		"Risposta automatica: Stampa": true, "Automatic reply: Re: x": true, "Out of Office: x": true, "Out of office": true, "Fuori sede: x": true, "Fuori ufficio": true,
		"Auto: x": true, "Autoreply": true, "Abwesenheitsnotiz: x": true, "Réponse automatique : x": true, "OOO - x": true, "Re: Out of Office": true,
		"Risposta automatica che non parte": false, "Fuori sede non vedo la stampa": false, "Autorizzazione: x": false, "Assenza dall'ufficio": true, "Problema con le assenze": false, "": false,
	} {
		if got := OutOfOfficeSubject(in); got != want {
			t.Errorf("%q: %v", in, got)
		}
	}
}

func TestMediaType(t *testing.T) {
	for name, c := range map[string]struct {
		in, kind string
		params   map[string]string
	}{
		"plain":                         {"text/plain", "text/plain", nil},
		"with a parameter":              {"Text/HTML; charset=UTF-8", "text/html", map[string]string{"charset": "UTF-8"}},
		"quoted":                        {`text/plain; charset="utf-8"; name="a b.txt"`, "text/plain", map[string]string{"charset": "utf-8", "name": "a b.txt"}},
		"a semicolon in quotes":         {`a/b; name="x;y=z"`, "a/b", map[string]string{"name": "x;y=z"}},
		"spaces that nobody quoted":     {`a/b; name=un file.pdf; x=y`, "a/b", map[string]string{"name": "un file.pdf", "x": "y"}},
		"quotes in quotes":              {`a/b; name=""x.rtf".rtf"`, "a/b", map[string]string{"name": `"x.rtf".rtf`}},
		"a quote that does not end":     {`a/b; name="x.pdf; charset=utf-8`, "a/b", map[string]string{"name": "x.pdf", "charset": "utf-8"}},
		"a semicolon is missing":        {`text/plain charset=utf-8`, "text/plain", map[string]string{"charset": "utf-8"}},
		"another one is missing":        {`text/plain; charset=utf-8 name=x`, "text/plain", map[string]string{"charset": "utf-8", "name": "x"}},
		"no type":                       {`charset=utf-8`, "", map[string]string{"charset": "utf-8"}},
		"no sense":                      {`(a) b`, "", nil},
		"the type alone":                {"text", "text/plain", nil},
		"twice":                         {"a/b; x=1; x=2", "a/b", map[string]string{"x": "1"}},
		"an encoded word":               {`a/b; name="=?utf-8?Q?perch=C3=A9.pdf?="`, "a/b", map[string]string{"name": "perché.pdf"}},
		"raw bytes":                     {"a/b; name=\"perch\xe9.pdf\"", "a/b", map[string]string{"name": "perché.pdf"}},
		"a character set":               {`a/b; name*=utf-8'it'perch%C3%A9.pdf`, "a/b", map[string]string{"name": "perché.pdf"}},
		"another character set":         {`a/b; name*=iso-8859-1''perch%E9.pdf`, "a/b", map[string]string{"name": "perché.pdf"}},
		"continuations":                 {`a/b; name*0="uno"; name*1=" due"; name*2=.pdf`, "a/b", map[string]string{"name": "uno due.pdf"}},
		"continuations in any order":    {`a/b; name*1*=%A9; name*0*=utf-8''perch%C3; name*2=".pdf"`, "a/b", map[string]string{"name": "perché.pdf"}},
		"the starred one is meant":      {`a/b; name=perche.pdf; name*=utf-8''perch%C3%A9.pdf`, "a/b", map[string]string{"name": "perché.pdf"}},
		"a percent sign that is one":    {`a/b; name*=utf-8''100%.pdf`, "a/b", map[string]string{"name": "100%.pdf"}},
		"a backslash of a path":         {`a/b; name="C:\dir\x.pdf"`, "a/b", map[string]string{"name": `C:\dir\x.pdf`}},
		"line ends that a name hides":   {`a/b; name*=utf-8''a%0D%0Ab.pdf`, "a/b", map[string]string{"name": "a b.pdf"}},
		"a boundary is taken literally": {`multipart/mixed; boundary="=?utf-8?Q?x?="`, "multipart/mixed", map[string]string{"boundary": "=?utf-8?Q?x?="}},
	} {
		t.Run(name, func(t *testing.T) {
			kind, params := mediaType(c.in)
			if kind != c.kind {
				t.Errorf("type %q, want %q", kind, c.kind)
			}
			if d := cmp.Diff(c.params, params); d != "" && len(c.params)+len(params) > 0 {
				t.Errorf("-want +got\n%s", d)
			}
		})
	}
}

func FuzzHeader(f *testing.F) {
	for _, s := range []string{"=?utf-8?Q?a=C3=A9_b?= =?iso-8859-1?B?6A==?=", "=?x?q?", "Re: [#12] x", `a/b; n*0*=utf-8''%C3; n*1="x"; m=y`, "<a@b> c@d (e", "Mon, 2 Jan 2006 15:04:05 +0200"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		oneLineOnly(t, DecodeHeader(s))
		BaseSubject(s, "Sportello")
		Number(s, "Sportello")
		OutOfOfficeSubject(s)
		for _, id := range MessageIDs(s) {
			oneLineOnly(t, id)
			if strings.ContainsAny(id, "<> ") {
				t.Errorf("id %q", id)
			}
		}
		kind, params := mediaType(s)
		oneLineOnly(t, kind)
		for k, v := range params {
			if k != "boundary" {
				oneLineOnly(t, v)
			}
		}
		proven(header{{"From", "a@b.it"}, {"Authentication-Results", s}}, Address{Email: "a@b.it"}, []string{"x"})
		oneLineOnly(t, fileName(s))
		if strings.ContainsAny(fileName(s), `/\`) {
			t.Errorf("name %q", fileName(s))
		}
	})
}

func FuzzAddresses(f *testing.F) {
	for _, s := range []string{`"A, B" <a@b.it>, c@d.it (E)`, "G: a@b.it;", "<<a@b>", `"a"@b, =?utf-8?Q?=22?= <c@d>`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, a := range ParseAddresses(s) {
			oneLineOnly(t, a.Name)
			oneLineOnly(t, a.Email)
			local, domain, _ := strings.Cut(a.Email, "@")
			if local == "" || domain == "" || strings.ContainsAny(a.Email, " <>,;:\"()[]") || strings.Count(a.Email, "@") != 1 {
				t.Errorf("address %q", a.Email)
			}
			if again := ParseAddresses("<" + a.Email + ">"); !slices.Equal(again, []Address{{"", a.Email}}) {
				t.Errorf("%q is read again as %+v", a.Email, again)
			}
		}
	})
}

func oneLineOnly(t *testing.T, s string) {
	t.Helper()
	for _, r := range s {
		if unicode.IsControl(r) {
			t.Fatalf("%q holds a control", s)
		}
	}
}
