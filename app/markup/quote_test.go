package markup

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestMessage(t *testing.T) {
	for name, c := range map[string]struct{ in, want string }{
		"line breaks count":                    {"a\nb\r\nc", "<p>a<br>b<br>c</p>"},
		"a ticket number is a link":            {"vedi #12, (#3) e #4", `<p>vedi <a href="/tickets/12">#12</a>, (<a href="/tickets/3">#3</a>) e <a href="/tickets/4">#4</a></p>`},
		"a ticket number begins a line":        {"#12 e\n#13", `<p><a href="/tickets/12">#12</a> e<br><a href="/tickets/13">#13</a></p>`},
		"not every number is a ticket":         {"a#1 #01 #2b #0 &#65; #123456789012", "<p>a#1 #01 #2b #0 A #123456789012</p>"},
		"no ticket numbers in code or links":   {"`#1` [#2](/a)\n\n    #3", "<p><code>#1</code> <a href=\"/a\">#2</a></p><pre><code>#3\n</code></pre>"},
		"a rule of hyphens makes no heading":   {"a\n---", "<p>a</p><hr>"},
		"a definition of a link is not lost":   {"[1]: http://a.it", `<p>[1]: <a href="http://a.it"` + ext + `>http://a.it</a></p>`},
		"headings begin at h3 and have no id":  {"# A\n## B", "<h3>A</h3><h4>B</h4>"},
		"HTML is shown as typed":               {"<b>a</b><!-- c -->", "<p>&lt;b&gt;a&lt;/b&gt;&lt;!-- c --&gt;</p>"},
		"a final quote is folded":              {"a\n\n> b", `<p>a</p><details class="quote"><summary>…</summary><blockquote><p>b</p></blockquote></details>`},
		"a quote alone stays open":             {"> b", `<details class="quote" open><summary>…</summary><blockquote><p>b</p></blockquote></details>`},
		"a short quote above its answer stays": {"> b\n\nc", "<blockquote><p>b</p></blockquote><p>c</p>"},
	} {
		t.Run(name, func(t *testing.T) {
			same(t, string(Message(c.in)), c.want)
		})
	}
	if got := string(MessageFolded("a\n> b", "<Citato>")); !strings.Contains(got, "<summary>&lt;Citato&gt;</summary>") {
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

func TestOwnIsTheTextWithoutQuotes(t *testing.T) {
	for in, want := range map[string]string{
		"a\n> b":                                "a",
		"> b":                                   "> b",
		"> 1\n> 2\nsì":                          "> 1\n> 2\nsì",
		"a\n\nOn 1 at 10:12 b wrote:\n> c\n\nd": "a\n\nd",
	} {
		if got := Own(in); got != want {
			t.Errorf("Own(%q) = %q, want %q", in, got, want)
		}
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
			got := string(Message(body))
			if len(body) > MaxMessage && !strings.Contains(got, `<div class="plain">`) {
				t.Error("it is not shown as plain text")
			}
			if !strings.Contains(got, `<details class="quote">`) {
				t.Error("the quote is not folded")
			}
			if n, want := strings.Count(got, "testo"), strings.Count(body, "testo"); n != want {
				t.Errorf("%d lines of %d are there", n, want)
			}
			if err := balanced(got); err != nil {
				t.Error(err)
			}
		})
	}
}
