package query

import (
	"strings"
	"testing"
	"time"
)

func TestSnippet(t *testing.T) {
	long := strings.Repeat("parole che non c'entrano affatto con nulla. ", 30)
	for _, c := range []struct{ question, text, want string }{
		{"cedolino", "Il cedolino di maggio", "Il <mark>cedolino</mark> di maggio"},
		{"cedolini", "Il Cedolino\n\n  di   maggio", "Il <mark>Cedolino</mark> di maggio"},
		{"<b> script", `<script>alert("x")</script> & b`, `&lt;<mark>script</mark>&gt;alert(&#34;x&#34;)&lt;/<mark>script</mark>&gt; &amp; <mark>b</mark>`},
		{"ora-01722", "Errore ORA-01722 qui, ORA-01723 no", "Errore <mark>ORA-01722</mark> qui, ORA-01723 no"},
		{"anagrafica", "dell'anagrafica", "dell&#39;<mark>anagrafica</mark>"},
		{"proto*", "il protocollo", "il <mark>protocollo</mark>"},
		{"il cedolino", "il cedolino", "il <mark>cedolino</mark>"},
		{"-cedolino altro", "cedolino", "cedolino"},
		{"niente", "breve", "breve"},
		{"", "", ""},
	} {
		p := Parse(c.question, nil, time.UTC, time.Now(), false)
		if got := string(Snippet(c.text, p, "it", 80)); got != c.want {
			t.Errorf("%q in %q:\n got %s\nwant %s", c.question, c.text, got, c.want)
		}
	}
	p := Parse("cedolino stipendio", nil, time.UTC, time.Now(), false)
	got := string(Snippet("cedolino. "+long+" lo stipendio e il cedolino insieme. "+long, p, "it", 120))
	if !strings.Contains(got, "<mark>stipendio</mark> e il <mark>cedolino</mark>") || !strings.HasPrefix(got, "… ") || !strings.HasSuffix(got, " …") || len(got) > 250 {
		t.Errorf("long text: %s", got)
	}
}
