package markup

import (
	"strings"
	"testing"

	"sportello/app/markup/hostile"
)

func TestHostileTextStaysSmallShallowAndSafe(t *testing.T) {
	const n = 64 << 10
	for name, s := range hostile.Texts(n) {
		t.Run(name, func(t *testing.T) {
			for _, format := range []string{Markdown, MessageFmt, RichText, PlainText} {
				hostile.Check(t, format, s, string(HTML(format, s)))
				Plain(format, s)
			}
		})
	}
}

func TestNestingIsBoundedButNothingIsLost(t *testing.T) {
	for name, s := range map[string]string{
		"quotes":   strings.Repeat(">", 10_000) + "fine",
		"lists":    strings.Repeat("- ", 10_000) + "fine",
		"brackets": strings.Repeat("[", 10_000) + "fine",
		"stars":    strings.Repeat("*", 10_000) + "fine",
	} {
		t.Run(name, func(t *testing.T) {
			got := string(HTML(MessageFmt, s))
			if !strings.Contains(got, "fine") {
				t.Error("the text is lost")
			}
			if n := strings.Count(got, "<blockquote") + strings.Count(got, "<ul") + strings.Count(got, "<em"); n > maxNesting {
				t.Errorf("%d levels", n)
			}
		})
	}
	// Twelve levels are kept, as a long exchange of mails has them.
	if n := strings.Count(string(HTML(Markdown, strings.Repeat("> ", maxNesting)+"a")), "<blockquote"); n != maxNesting {
		t.Errorf("%d levels of %d are kept", n, maxNesting)
	}
}

func BenchmarkMessage2KB(b *testing.B) {
	b.SetBytes(int64(len(hostile.Mail)))
	b.ReportAllocs()
	for b.Loop() {
		HTML(MessageFmt, hostile.Mail)
	}
}

func BenchmarkMessage256KB(b *testing.B) {
	s := strings.Repeat(hostile.Mail[:1500]+"\n\n", MaxMessage/1502)
	b.SetBytes(int64(len(s)))
	for b.Loop() {
		HTML(MessageFmt, s)
	}
}

func BenchmarkMessage5MB(b *testing.B) {
	s := strings.Repeat(hostile.Mail, 5<<20/len(hostile.Mail))
	b.SetBytes(int64(len(s)))
	for b.Loop() {
		HTML(MessageFmt, s)
	}
}

func BenchmarkMessageHostile(b *testing.B) {
	for name, s := range hostile.Texts(MaxMessage) {
		if len(s) > MaxMessage {
			s = s[:MaxMessage]
		}
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				HTML(MessageFmt, s)
			}
		})
	}
}

func BenchmarkPlain2KB(b *testing.B) {
	b.SetBytes(int64(len(hostile.Mail)))
	for b.Loop() {
		Plain(MessageFmt, hostile.Mail)
	}
}

func BenchmarkRichText64KB(b *testing.B) {
	s := strings.Repeat("<h2>Stampa</h2><p>Scegli <b>il mese</b> e <a href=\"/articles/a\">premi</a>.<ul><li>uno<li>due</ul>", 640)
	b.SetBytes(int64(len(s)))
	for b.Loop() {
		HTML(RichText, s)
	}
}
