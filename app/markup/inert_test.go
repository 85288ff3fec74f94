package markup

import (
	"html"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestNothingThatCouldBeFollowedIsLeft(t *testing.T) {
	for _, in := range []string{
		"http://male.example/x", "HTTPS://MALE.EXAMPLE", "hxxps://male.example", "www.male.example", "male.example", "male.example/premio?x=1", "(male.example)", "«male.example»",
		"premio@male.example", "mailto:premio@male.example", "tel:+390512345", "javascript:alert(1)", "//male.example", "male。example", "male．example", "пример.рф", "münchen.de",
		"male.xn--p1ai", "http://192.0.2.1/x", "192.0.2.1", "ma\u00adle.example", "male\u200d.example", "male.\u2060example", "href=http://male.example>", "[premi](https://male.example)",
		"clicca:male.example", "male.example.", "male.example,", "x.male.example:8080", "male..example", "https:male.example", "male%2Eexample", "male&#46;example", "A.male.example",
		"sig.ra.male.example", "sig.ra@male.example", "sig.ra/male.example",
	} {
		for _, text := range []string{in, "prima " + in + " dopo", "prima\n" + in + "\ndopo", "prima\u00a0" + in + "\tdopo"} {
			got := Inert(text)
			want := strings.Replace(text, in, leftOut, 1)
			if got != Clean(want) {
				t.Errorf("%q is %q", text, got)
			}
			if Inert(got) != got {
				t.Errorf("%q is not the same the second time: %q", got, Inert(got))
			}
		}
	}
}

func TestWordsStayAsTheyAre(t *testing.T) {
	for _, in := range []string{
		"Buongiorno, la sig.ra Rossi e la prof.ssa Bianchi, gent.mo dott. Verdi: alle 10.30 del 3.4.2026, U-GOV 12.1, euro 1.500,00. Grazie.",
		"È così… davvero? Sì; no! a/b, 50%, C.d.A., s.r.l., n.ro 3", "riga\n\n  rientrata\tcon tab", "", "…",
	} {
		if got := Inert(in); got != in {
			t.Errorf("%q is %q", in, got)
		}
	}
}

func TestTheOpeningOfATextIsItsBeginning(t *testing.T) {
	for in, want := range map[string]string{
		"uno due tre": "uno due tre", "uno\n\n\n\ndue": "uno\n\ndue", "\n\n  uno  \n": "uno", "": "", "a\nb\nc\nd\ne": "a\nb\nc\nd […]",
		"le parole sono troppe per stare qui": "le parole sono troppe […]",
	} {
		if got := Opening(in, 4, 24); got != want {
			t.Errorf("%q begins %q, want %q", in, got, want)
		}
	}
	if got := Opening(strings.Repeat("x", 100000), 4, 24); utf8.RuneCountInString(got) > 24+4 || !strings.HasSuffix(got, leftOut) {
		t.Errorf("a long word begins %q", got)
	}
	if got := Opening(strings.Repeat("\n", 100000)+"x", 4, 24); got != "" {
		t.Errorf("far away is %q", got)
	}
}

// FuzzInert asks that nothing that our own pages would make a link of is left, and that it ends.
func FuzzInert(f *testing.F) {
	for _, s := range []string{"a http://b.example c", "www.x.it", "a@b.example", "sig.ra", "x\u200b.it", "\xff.it"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := Inert(s)
		if strings.Contains(string(MessageText(got)), `href="http`) || strings.Contains(string(MessageText(got)), `href="mailto`) {
			t.Errorf("%q leaves %q, which is %s", s, got, MessageText(html.UnescapeString(got)))
		}
		if Inert(got) != got {
			t.Errorf("%q is not the same the second time", got)
		}
		if o := Opening(s, 12, 200); utf8.RuneCountInString(o) > 200+4+12 || strings.Count(o, "\n") > 11 {
			t.Errorf("%q opens too long", o)
		}
	})
}
