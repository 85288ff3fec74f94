package quote

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sportello/app/markup"
	"sportello/app/markup/hostile"
)

func TestFolded(t *testing.T) {
	for name, c := range map[string]struct{ in, want string }{
		"a final quote is folded":              {"a\n\n> b", `<p>a</p><details class="quote"><summary>…</summary><blockquote><p>b</p></blockquote></details>`},
		"a quote alone stays open":             {"> b", `<details class="quote" open><summary>…</summary><blockquote><p>b</p></blockquote></details>`},
		"a short quote above its answer stays": {"> b\n\nc", "<blockquote><p>b</p></blockquote><p>c</p>"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := strings.ReplaceAll(strings.TrimSpace(string(Folded(c.in, "…"))), ">\n", ">"); got != c.want {
				t.Errorf("%s\nwant %s", got, c.want)
			}
		})
	}
	if got := string(Folded("a\n> b", "<Citato>")); !strings.Contains(got, "<summary>&lt;Citato&gt;</summary>") {
		t.Errorf("the words on the fold are not there: %s", got)
	}
}

func TestSplit(t *testing.T) {
	own := func(s string) Part { return Part{false, s} }
	quote := func(s string) Part { return Part{true, s} }
	for name, c := range map[string]struct {
		in   string
		want []Part
	}{
		"nothing is one empty part":             {"", []Part{{}}},
		"white space is one empty part":         {" \n\t\n", []Part{{}}},
		"text alone":                            {"a\nb", []Part{own("a\nb")}},
		"a final quote":                         {"a\n> b\n>c\n\n", []Part{own("a"), quote("> b\n>c")}},
		"a long quote above an answer":          {"> 1\n> 2\n> 3\n> 4\na", []Part{quote("> 1\n> 2\n> 3\n> 4"), own("a")}},
		"a short quote above an answer":         {"> 1\n> 2\n> 3\na", []Part{own("> 1\n> 2\n> 3\na")}},
		"Il giorno ... ha scritto":              {"a\n\nIl giorno lun 3 mar 2025 alle 10:12 Anna <a@b.it> ha scritto:\n\n> b\n\nc", []Part{own("a"), quote("Il giorno lun 3 mar 2025 alle 10:12 Anna <a@b.it> ha scritto:\n\n> b"), own("c")}},
		"over several lines":                    {"a\nIl giorno lun 3 mar 2025\nalle ore 10:12 Anna Bianchi\n<a@b.it> ha scritto:\n> b", []Part{own("a"), quote("Il giorno lun 3 mar 2025\nalle ore 10:12 Anna Bianchi\n<a@b.it> ha scritto:\n> b")}},
		"Il 03/03/2025 ... ha scritto":          {"a\nIl 03/03/2025 10:12, Anna ha scritto:\n> b", []Part{own("a"), quote("Il 03/03/2025 10:12, Anna ha scritto:\n> b")}},
		"On ... wrote":                          {"a\nOn Mon, 3 Mar 2025 at 10:12, Anna <a@b.it> wrote:\n> b", []Part{own("a"), quote("On Mon, 3 Mar 2025 at 10:12, Anna <a@b.it> wrote:\n> b")}},
		"a name and address alone":              {"a\nAnna Bianchi <a@b.it> ha scritto:\n> b", []Part{own("a"), quote("Anna Bianchi <a@b.it> ha scritto:\n> b")}},
		"without marks, to the end":             {"a\nOn Mon, 3 Mar 2025 at 10:12, Anna wrote:\n\nb\n\nc", []Part{own("a"), quote("On Mon, 3 Mar 2025 at 10:12, Anna wrote:\n\nb\n\nc")}},
		"somebody wrote, told in a sentence":    {"Il collega ha scritto:\n\nnon va", []Part{own("Il collega ha scritto:\n\nnon va")}},
		"original message":                      {"a\n-----Messaggio originale-----\nDa: b\nc", []Part{own("a"), quote("-----Messaggio originale-----\nDa: b\nc")}},
		"a forwarded message is the matter":     {"a\n---------- Forwarded message ---------\nc\n> d", []Part{own("a\n---------- Forwarded message ---------\nc\n> d")}},
		"heads of Outlook, with their rule":     {"a\n________________________________\nDa: Anna\nInviato: lunedì\nA: b\nOggetto: c\n\nd", []Part{own("a"), quote("________________________________\nDa: Anna\nInviato: lunedì\nA: b\nOggetto: c\n\nd")}},
		"heads in bold":                         {"a\n\n**From:** Anna\n**Sent:** Monday\n**To:** b\n\nd", []Part{own("a"), quote("**From:** Anna\n**Sent:** Monday\n**To:** b\n\nd")}},
		"a line that begins with Da":            {"a\nDa: Padova\nb", []Part{own("a\nDa: Padova\nb")}},
		"marks in fenced code are no quotes":    {"```\n> a\n-----Original Message-----\n```\nb", []Part{own("```\n> a\n-----Original Message-----\n```\nb")}},
		"an open fence reaches to the end":      {"~~~\n```\n> a", []Part{own("~~~\n```\n> a")}},
		"a fence is closed by its own kind":     {"~~~\n> a\n~~~\n> b", []Part{own("~~~\n> a\n~~~"), quote("> b")}},
		"a forward without a word":              {"Inizio messaggio inoltrato:\n\nDa: a", []Part{own("Inizio messaggio inoltrato:\n\nDa: a")}},
		"indentation of the first line is kept": {"    a\n> b", []Part{own("    a"), quote("> b")}},
	} {
		t.Run(name, func(t *testing.T) {
			if d := cmp.Diff(c.want, Split(c.in)); d != "" {
				t.Errorf("-want +got\n%s", d)
			}
		})
	}
}

func TestLargeMessageIsPlainAndComplete(t *testing.T) {
	lines := strings.Repeat("una riga di *testo* <b>\n", 10_000)
	for name, body := range map[string]string{
		"10,000 lines": lines + "> fine",
		"5 MB":         strings.Repeat(lines, 22) + "> fine",
		"one line":     strings.Repeat("x", 5<<20) + "\n> fine",
	} {
		t.Run(name, func(t *testing.T) {
			got := string(Folded(body, "…"))
			if len(body) > markup.MaxMessage && !strings.Contains(got, `<div class="plain">`) {
				t.Error("it is not shown as plain text")
			}
			if !strings.Contains(got, `<details class="quote">`) {
				t.Error("the quote is not folded")
			}
			if n, want := strings.Count(got, "testo"), strings.Count(body, "testo"); n != want {
				t.Errorf("%d lines of %d are there", n, want)
			}
			if err := hostile.Balanced(got); err != nil {
				t.Error(err)
			}
		})
	}
}

func FuzzFolded(f *testing.F) {
	for _, s := range hostile.Texts(200) {
		f.Add(s)
	}
	f.Add(hostile.Mail)
	f.Fuzz(func(t *testing.T, s string) {
		hostile.Check(t, "message", s, string(Folded(s, "…")))
		// Every word that was written is in one part, in order.
		var parts []string
		for _, p := range Split(s) {
			parts = append(parts, p.Text)
		}
		if got, want := strings.Fields(strings.Join(parts, "\n")), strings.Fields(markup.Clean(s)); !slices.Equal(got, want) {
			t.Errorf("parts have %q, the message %q", got, want)
		}
	})
}

// TestHostileMessagesAreFoldedSmallAndSafe: as whole messages are.
func TestHostileMessagesAreFoldedSmallAndSafe(t *testing.T) {
	for name, s := range hostile.Texts(64 << 10) {
		hostile.Check(t, name, s, string(Folded(s, "…")))
	}
}

// TestNoDateIsOverlooked: what is asked first, for it is quick, never keeps a line from what is asked then.
func TestNoDateIsOverlooked(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 1))
	pieces := []string{"1", "9", "19", "20", "2", "0", "7", "-", "/", ".", " ", "a", "è", "2026", "12/3/24", ":"}
	for range 200_000 {
		s := ""
		for range 1 + r.IntN(9) {
			s += pieces[r.IntN(len(pieces))]
		}
		if fullDate.MatchString(s) && !mayHaveDate(s) {
			t.Fatalf("%q has a date", s)
		}
	}
}
