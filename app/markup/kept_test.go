package markup

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
)

func TestWhatIsKeptIsWhatIsRendered(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 1))
	var k Rendered[body, Shown]
	for range 3000 {
		n := r.IntN(200)
		b := body{[]string{Markdown, MessageFmt, PlainText}[r.IntN(3)], strings.Repeat(fmt.Sprintf("# riga %d\n\n**a** <b>\n> citata %d\n\n", n, n), 1+n%70)}
		want := Shown{HTML(b.format, b.text), Headings(b.format, b.text)}
		got := k.Get(b, len(b.text), func() (Shown, int) { return want, len(want.HTML) })
		if !reflect.DeepEqual(got, want) || !reflect.DeepEqual(Show(b.format, b.text), want) {
			t.Fatalf("kept %v, rendered %v", got, want)
		}
		sum := 0
		for b, s := range k.newer {
			sum += len(b.text) + len(s.v.HTML)
		}
		if sum != k.bytes || sum > maxKept+12*maxKeptText {
			t.Fatalf("%d bytes are kept, counted as %d", sum, k.bytes)
		}
	}
}

func TestALongTextIsNotKept(t *testing.T) {
	var k Rendered[string, int]
	n := 0
	for range 2 {
		text := strings.Repeat("a", maxKeptText+1)
		k.Get(text, len(text), func() (int, int) { n++; return 0, 0 })
	}
	if n != 2 || len(k.newer) != 0 {
		t.Errorf("made %d times, %d kept", n, len(k.newer))
	}
}
