package web

import (
	"bytes"
	"math/rand/v2"
	"sync"
	"testing"

	brotli "github.com/molecule-man/go-brrr"
)

// page returns text as pages have it, so many bytes of it.
func page(r *rand.Rand, n int) []byte {
	var b bytes.Buffer
	words := []string{"<li class=row>", "richiesta", "cedolino", "</li>\n", "è", "stipendio", `<a href="/tickets/`, "1234", `">`, "</a>"}
	for b.Len() < n {
		b.WriteString(words[r.IntN(len(words))])
		b.WriteByte(byte(' ' + r.IntN(90))) // #nosec G115 -- below 127
	}
	return b.Bytes()[:n]
}

func TestWhatIsCompressedComesBackWhole(t *testing.T) {
	var all sync.WaitGroup
	for seed := range uint64(4) {
		all.Go(func() {
			r := rand.New(rand.NewPCG(seed, 1))
			for _, n := range []int{0, 1, leastPacked, 20_000, 85_000, 300_000, 1 << 21, 3000} {
				body := page(r, n)
				packed, err := packedAnswer(body)
				if err != nil {
					t.Errorf("%d bytes: %v", n, err)
					continue
				}
				if back, err := brotli.Decompress(packed); err != nil || !bytes.Equal(back, body) {
					t.Errorf("%d bytes do not come back: %v", n, err)
				}
			}
		})
	}
	all.Wait()
}

func BenchmarkPackedAnswer(b *testing.B) {
	body := page(rand.New(rand.NewPCG(1, 1)), 20_000)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := packedAnswer(body); err != nil {
			b.Fatal(err)
		}
	}
}
