package markup

import (
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"sportello/app/markup/hostile"
)

var formats = []string{Markdown, MessageFmt, RichText, PlainText}

func FuzzHTML(f *testing.F) {
	for _, s := range hostile.Texts(200) {
		f.Add(s)
	}
	for _, s := range []string{
		hostile.Mail,
		"[a](javascript:b) <javascript:c> ![d](data:e) [f](&#106;avascript:g)\n\n[h]: vbscript:i\n[h]",
		`<a href="java	script:a">b</a><img src=x onerror=c><math><style><img src=d></style></math><svg><p>e<style>f`,
		`<table><p>a<td style=b><form action=c><noscript><p title="</noscript><img src=d onerror=e>">`,
		"a ![`b](/files/1 \"c\") | d\n-|-\n`e\\|f`|<g@h.it>",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, format := range formats {
			out := string(HTML(format, s))
			hostile.Check(t, format, s, out)
			for _, h := range Headings(format, s) {
				if h.Level < 2 || h.Level > 6 || !strings.HasPrefix(h.ID, "s-") || strings.ContainsAny(h.ID, " \"'<>&") {
					t.Errorf("%s: heading %+v", format, h)
				}
			}
			if p := Plain(format, s); !utf8.ValidString(p) || p != strings.TrimSpace(p) {
				t.Errorf("%s: plain text %q", format, p)
			}
			if Clean(out) != out {
				t.Errorf("%s: controls in %q", format, out)
			}
			if format == RichText {
				if again := string(HTML(RichText, out)); again != out {
					t.Errorf("cleaned once: %q\ntwice: %q", out, again)
				}
			}
		}
	})
}

func FuzzText(f *testing.F) {
	f.Add("a\r\n\x00\xff\u202Eb. /c.pdf", 5)
	f.Add(strings.Repeat("è ", 200)+".x", 80)
	f.Fuzz(func(t *testing.T, s string, n int) {
		for name, fn := range map[string]func(string) string{"Clean": Clean, "Line": Line, "FileName": FileName, "Slug": Slug} {
			once := fn(s)
			if twice := fn(once); twice != once {
				t.Errorf("%s: once %q, twice %q", name, once, twice)
			}
			if !utf8.ValidString(once) || strings.ContainsRune(once, 0) {
				t.Errorf("%s: %q", name, once)
			}
			if name != "Clean" && strings.ContainsAny(once, "\r\n\t\u202E\u2028") {
				t.Errorf("%s: %q is more than a line", name, once)
			}
		}
		if name := FileName(s); name == "" || len(name) > maxFileName || strings.ContainsAny(name, `/\`) || name[0] == '.' {
			t.Errorf("file name %q", name)
		}
		n &= 0xfff
		if got := Excerpt(s, n); utf8.RuneCountInString(got) > n || !utf8.ValidString(got) {
			t.Errorf("Excerpt(%q, %d) = %q", s, n, got)
		}
	})
}

func FuzzExtract(f *testing.F) {
	f.Add([]byte("<html lang=it><title>a</title><main><h1>a</h1><img alt=b><script>c</script></main>"), "main, #a .b[c=d]")
	f.Add([]byte("<meta charset=utf-16><svg><title>a</title></svg><table><nav>"), "")
	f.Fuzz(func(t *testing.T, page []byte, selector string) {
		p, err := Extract(page, selector, nil)
		if err != nil {
			return
		}
		if !utf8.ValidString(p.HTML) || p.Title != Line(p.Title) {
			t.Errorf("%+v", p)
		}
		hostile.Check(t, "page", p.HTML, string(HTML(RichText, p.HTML)))
	})
}

// pieces are what fuzzing by bytes rarely puts together.
var pieces = strings.Split("<p>|</p>|<div>|</div>|<b>|</b>|<i>|</i>|<a href=/x>|<a href=javascript:y>|<a href=http://z.it>|</a>|<h1>|</h1>|<h3>|</h3>|"+
	"<ul>|<ol start=3>|<li>|</li>|</ul>|</ol>|<dl>|<dt>|<dd>|</dl>|<table>|<tr>|<td>|<th>|</td>|</tr>|</table>|<caption>|<thead>|<tbody>|</tbody>|"+
	"<pre>|</pre>|<code>|</code>|<img src=/files/1 alt=u>|<img src=http://v.it/w alt='<'>|<img src=data:x onerror=y>|<br>|<hr>|<details>|<summary>|</details>|"+
	"<script>|</script>|<style>|</style>|<svg>|<math>|</svg>|<title>|</title>|<noscript>|<template>|<textarea>|<select>|<plaintext>|<!--|-->|<![CDATA[|]]>|"+
	"style=a:b|onclick=c|class=d|\"|'|<|>|&lt;|&#60;|&amp;|parola| |\n|\n\n|\n> |\n- |\n  - |\n1. |\n# |\n```\n|`|``|*|**|_|~~|[|](/e)|](http://f.it)|](javascript:g)|![|"+
	"](/files/2)|](http://h.it/i.png)|[j]: javascript:k|[j]|<http://l.it>|<m@n.it>|www.o.it|p@q.it|#12|\\|---|===|    |\t|A\x7cB\n-\x7c-\n", "|")

// TestRandomPiecesStaySafe: MARKUP_PIECES asks for more texts than an ordinary run tries.
func TestRandomPiecesStaySafe(t *testing.T) {
	n := 4000
	if s := os.Getenv("MARKUP_PIECES"); s != "" {
		n, _ = strconv.Atoi(s)
	}
	rnd := rand.New(rand.NewPCG(1, uint64(n)))
	for range n {
		var b strings.Builder
		for range 1 + rnd.IntN(40) {
			b.WriteString(pieces[rnd.IntN(len(pieces))])
		}
		s := b.String()
		for _, format := range formats {
			out := string(HTML(format, s))
			hostile.Check(t, format, s, out)
			if again := string(HTML(RichText, out)); format == RichText && again != out {
				t.Errorf("%q cleaned once: %q\ntwice: %q", s, out, again)
			}
		}
		hostile.Check(t, "message", s, string(HTML(MessageFmt, s)))
		if t.Failed() {
			t.Fatalf("the text was %q", s)
		}
	}
}
