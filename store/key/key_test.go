package key

import (
	"bytes"
	"cmp"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

func TestKeysSortAsTheirPartsDo(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 1))
	letters := []byte{0, 1, 2, 'a', 'b', 0xfe, 0xff}
	text := func() string {
		b := make([]byte, r.IntN(5))
		for i := range b {
			b[i] = letters[r.IntN(len(letters))]
		}
		return string(b)
	}
	number := func() uint64 {
		return []uint64{0, 1, 255, 256, 1 << 32, math.MaxInt64, math.MaxUint64, r.Uint64()}[r.IntN(8)]
	}
	moment := func() time.Time {
		return []time.Time{{}, time.Unix(0, 0), time.Unix(0, 1), time.Unix(0, -1), time.Unix(-1e9, 5),
			time.Date(1990, 1, 1, 0, 0, 0, 0, time.FixedZone("", 3600)), time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC),
			time.Unix(r.Int64N(4e9), r.Int64N(1e9))}[r.IntN(8)]
	}
	sign := func(less, more bool) int {
		switch {
		case less:
			return -1
		case more:
			return 1
		}
		return 0
	}
	for range 200000 {
		s1, s2, n1, n2, t1, t2 := text(), text(), number(), number(), moment(), moment()
		e1, e2, b1, b2 := word(r.IntN(7)), word(r.IntN(7)), r.IntN(2) == 0, r.IntN(2) == 0
		want := cmp.Or(strings.Compare(s1, s2), cmp.Compare(n1, n2), t1.Compare(t2), cmp.Compare(e1, e2), sign(!b1 && b2, b1 && !b2), strings.Compare(s2, s1))
		a, b := Of(s1, n1, t1, e1, b1, s2), Of(s2, n2, t2, e2, b2, s1)
		if got := bytes.Compare(a, b); got != want {
			t.Fatalf("%q %d %v %d %v against %q %d %v %d %v: keys %d, parts %d", s1, n1, t1, e1, b1, s2, n2, t2, e2, b2, got, want)
		}
		if got, want := bytes.HasPrefix(b, Of(s1)), s1 == s2; got != want {
			t.Fatalf("key of %q begins with that of %q: %v", s2, s1, got)
		}
		if got, want := bytes.HasPrefix(Of(s2), Beginning(s1)), strings.HasPrefix(s2, s1); got != want {
			t.Fatalf("key of %q begins as %q does: %v", s2, s1, got)
		}
	}
}

func FuzzKey(f *testing.F) {
	f.Add("", "", uint64(0), uint64(0), int64(0), int64(0))
	f.Add("a", "a\x00", uint64(1), uint64(256), int64(-1), int64(1))
	f.Add("a\x00\xff", "a\x00\x01", uint64(math.MaxUint64), uint64(0), int64(math.MinInt64+1), int64(math.MaxInt64))
	f.Fuzz(func(t *testing.T, s1, s2 string, n1, n2 uint64, m1, m2 int64) {
		if len(s1) > maxKeyString || len(s2) > maxKeyString {
			if len(Of(s1, s2)) > 4*maxKeyString+4 {
				t.Fatal("key without bound")
			}
			return
		}
		t1, t2 := time.Unix(0, m1), time.Unix(0, m2)
		if t1.Year() < 1678 || t1.Year() > 2261 || t2.Year() < 1678 || t2.Year() > 2261 {
			return
		}
		want := cmp.Or(strings.Compare(s1, s2), cmp.Compare(n1, n2), cmp.Compare(m1, m2))
		if got := bytes.Compare(Of(s1, n1, t1), Of(s2, n2, t2)); got != want {
			t.Fatalf("keys %d, parts %d", got, want)
		}
	})
}

func TestTimesBeyondTheKeysRangeStayAtItsEnds(t *testing.T) {
	order := []time.Time{time.Date(-5000, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(1678, 1, 2, 0, 0, 0, 0, time.UTC), time.Unix(0, 0),
		time.Date(2261, 12, 31, 0, 0, 0, 0, time.UTC), time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)}
	for i := range order[1:] {
		if bytes.Compare(Of(order[i]), Of(order[i+1])) >= 0 {
			t.Errorf("%v does not sort before %v", order[i], order[i+1])
		}
	}
	if !bytes.Equal(Of(time.Time{}), Of(order[0])) {
		t.Error("the zero time is not the smallest key")
	}
}

func TestAfterIsTheFirstKeyBeyondAPrefix(t *testing.T) {
	for _, tc := range []struct{ prefix, want []byte }{
		{[]byte{1, 2}, []byte{1, 3}}, {[]byte{1, 0xff}, []byte{2}}, {[]byte{0xff, 0xff}, nil}, {nil, nil},
	} {
		if got := After(tc.prefix); !bytes.Equal(got, tc.want) || (got == nil) != (tc.want == nil) {
			t.Errorf("after %x: %x, want %x", tc.prefix, got, tc.want)
		}
	}
}

func TestAKeyPartOfAnUnknownTypePanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	Of(3)
}

// word stands for an enumeration.
type word uint8

func (w word) Byte() byte { return byte(w) }
