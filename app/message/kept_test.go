package message

import (
	"fmt"
	"html/template"
	"math/rand/v2"
	"strings"
	"testing"

	"sportello/app/markup/quote"
)

func TestWhatIsKeptIsWhatIsRendered(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 1))
	var k rendered
	for range 3000 {
		n := r.IntN(200)
		w := written{strings.Repeat(fmt.Sprintf("riga **%d** <b>\n> citata %d\n", n, n), 1+n%70), []string{"Testo citato", "Quoted text"}[r.IntN(2)]}
		if got, want := k.html(w, quote.Folded), quote.Folded(w.text, w.quoted); got != want {
			t.Fatalf("kept %q, rendered %q", got, want)
		}
		sum := 0
		for w, html := range k.newer {
			sum += len(w.text) + len(html)
		}
		if sum != k.bytes || sum > maxKept+12*maxKeptText {
			t.Fatalf("%d bytes are kept, counted as %d", sum, k.bytes)
		}
	}
}

func TestALongTextIsNotKept(t *testing.T) {
	var k rendered
	n := 0
	for range 2 {
		k.html(written{strings.Repeat("a", maxKeptText+1), ""}, func(string, string) template.HTML { n++; return "" })
	}
	if n != 2 || len(k.newer) != 0 {
		t.Errorf("rendered %d times, %d kept", n, len(k.newer))
	}
}
