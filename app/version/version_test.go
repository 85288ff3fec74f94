package version

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// TestVersionsFollowEachOtherAsTheirSuppliersMean has what suppliers write, the older one first or both the same.
func TestVersionsFollowEachOtherAsTheirSuppliersMean(t *testing.T) {
	for _, pair := range []struct{ a, is, b string }{
		{"23.10.2", "<", "23.10.10"},
		{"23.9", "<", "23.10"},
		{"9.0", "<", "10.0"},
		{"0.9", "<", "0.10"},
		{"4.999", "<", "4.1000"},
		{"23.10.02.00", "<", "23.10.10.00"},
		{"23.10.01.00", "<", "23.10.02.00"},
		{"23.12.01", "<", "24.01.00"},
		{"23.10", "<", "23.10.00.01"},
		{"2.0", "<", "2.0.0.1"},
		{"1.0.18446744073709551615", "<", "1.0.18446744073709551616"},
		{"11.2.0.4.0", "<", "12.1.0.2.0"},
		{"12.1.0.2.0", "<", "12.1.0.2.190115"},
		{"12.1.0.2.0", "<", "12.2.0.1.0"},
		{"12.2.0.1.0", "<", "18.3.0.0.0"},
		{"19.3.0.0.0", "<", "19.21.0.0.231017"},
		{"11g", "<", "12c"},
		{"18c", "<", "19c"},
		{"12cR1", "<", "12cR2"},
		{"R12.1.3", "<", "R12.2.9"},
		{"10.2.0.4 PSU 3", "<", "10.2.0.4 PSU 12"},
		{"24.0-rc1", "<", "24.0"},
		{"24.0rc1", "<", "24.0"},
		{"24.0.rc1", "<", "24.0"},
		{"24.0~rc1", "<", "24.0"},
		{"24.0 RC", "<", "24.0 RC2"},
		{"24.0-rc1", "<", "24.0-rc2"},
		{"24.0-rc2", "<", "24.0-rc10"},
		{"24.0.0-rc9", "<", "24.0.0-rc10"},
		{"24.0.0-rc.9", "<", "24.0.0-rc.10"},
		{"24.01.00-rc1", "<", "24.01.00"},
		{"23.12.99", "<", "24.01.00-rc1"},
		{"24.0", "<", "24.1-rc1"},
		{"1.0-alpha", "<", "1.0-beta"},
		{"1.0-beta", "<", "1.0-rc1"},
		{"1.0a1", "<", "1.0b1"},
		{"1.0b2", "<", "1.0rc1"},
		{"1.0-M2", "<", "1.0-M10"},
		{"1.0-M10", "<", "1.0-RC1"},
		{"1.0-preview2", "<", "1.0-rc1"},
		{"1.0-SNAPSHOT", "<", "1.0"},
		{"24.0-pre", "<", "24.0"},
		{"1.0-CR2", "<", "1.0.Final"},
		{"1.0.dev1", "<", "1.0a1"},
		{"1.0.0-alpha", "<", "1.0.0-alpha.1"},
		{"1.0.0-beta.2", "<", "1.0.0-beta.11"},
		{"5.0.0-beta", "<", "5.0"},
		{"23.10", "<", "23.10-hf1"},
		{"24.1-hf9", "<", "24.1-hf10"},
		{"23.10-hf2", "<", "23.10.1"},
		{"23.10.2", "<", "23.10.2-p1"},
		{"1.0.0", "<", "1.0.0-p1"},
		{"1.0", "<", "1.0-sp1"},
		{"1.0 SP1", "<", "1.0 SP2"},
		{"1.0-sp2", "<", "1.0.1"},
		{"1.0-hf3", "<", "1.0-sp1"},
		{"24.1-hf1-rc1", "<", "24.1-hf1"},
		{"24.1", "<", "24.1-hf1-rc1"},
		{"23.10", "<", "23.10 bis"},
		{"23.10 bis", "<", "23.10 ter"},
		{"23.10 ter", "<", "23.11"},
		{"1.0", "<", "1.0.post1"},
		{"1.0-1", "<", "1.0-2"},
		{"1.0.2", "<", "1.0.2a"},
		{"1.0.2k", "<", "1.0.2u"},
		{"1.0.2u", "<", "1.0.3"},
		{"8u201", "<", "8u211"},
		{"1.8.0_99", "<", "1.8.0_202"},
		{"1.0", "<", "1.0-unipi"},
		{"1.0-unipi", "<", "1.0.1"},
		{"23.10.01.00 (hotfix 2)", "<", "23.10.01.00 (hotfix 3)"},
		{"7.17.0-LTS", "<", "7.17.1-LTS"},
		{"1.0.0+b1", "<", "1.0.0+b2"},
		{"1.0.0", "<", "1.0.0+b1"},
		{"1.0-1", "<", "1.0-1+deb12u1"},
		{"4.1.2", "<", "4.1.2+ (Build: 20230315)"},
		{"4.1.2+ (Build: 20230315)", "<", "4.1.2+ (Build: 20230322)"},
		{"4.1.2+", "<", "4.1.3"},
		{"1.0+", "<", "1.0-hf1"},
		{"2023.12", "<", "2024.1"},
		{"2024.9", "<", "2024.10"},
		{"2024-03-15", "<", "2024-11-02"},
		{"20240315", "<", "20241102"},
		{"24.04.4", "<", "24.10"},
		{"2024a", "<", "2024b"},
		{"2024b", "<", "2025a"},
		{"23.10", "=", "23.10.0"},
		{"23.10.00.00", "=", "23.10"},
		{"23.10.02", "=", "23.10.2"},
		{"1.010", "=", "1.10"},
		{"19.3.0.0.0", "=", "19.3"},
		{"24.0-RC1", "=", "24.0-rc1"},
		{"24.0.0-RC1", "=", "24.0.0-rc1"},
		{"24.0.0-rc.1", "=", "24.0-rc1"},
		{"24.0 RC 2", "=", "24.0-rc2"},
		{"1.0.Final", "=", "1.0"},
		{"23.10-hotfix1", "=", "23.10-hf1"},
		{"24.1-patch2", "=", "24.1-p2"},
		{"v23.10", "=", "23.10"},
		{"Versione 23.10", "=", "23.10"},
		{"23_10_02", "=", "23.10.02"},
	} {
		want := map[string]int{"<": -1, "=": 0}[pair.is]
		if got := Compare(pair.a, pair.b); got != want {
			t.Errorf("%q and %q: %d, want %d", pair.a, pair.b, got, want)
		}
		if got := Compare(pair.b, pair.a); got != -want {
			t.Errorf("%q and %q: %d, want %d", pair.b, pair.a, got, -want)
		}
	}
}

// hostile makes texts of what versions are made of and what they are not.
func hostile(r *rand.Rand) string {
	parts := []string{"0", "00", "1", "01", "2", "10", "23", "2024", "18446744073709551616", ".", "-", "_", "+", "~", " ", "v", "a", "b", "c", "rc", "hf", "bis", "sp",
		"service pack", "final", "ga", "release", "unipi", "è", "\x00", "\xff", "(", "u", "r", "m"}
	s := ""
	for range r.IntN(7) {
		s += parts[r.IntN(len(parts))]
	}
	return s
}

// TestTheOrderIsTotal: whatever is written, two versions stand in one order and three agree with each other, in the rule
// and in the order of a module that has a list and epochs.
func TestTheOrderIsTotal(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	orders := []Order{{}, {Listed: []string{"2", "1", "1.0-hf1", "rc"}, Epochs: []Range{{"2", "24"}, {"1-b", "1.5"}, {"", "0.1"}}}}
	for range 60_000 {
		o := orders[r.IntN(len(orders))]
		a, b, c := hostile(r), hostile(r), hostile(r)
		if o.Compare(a, b) != -o.Compare(b, a) || o.Compare(a, a) != 0 {
			t.Fatalf("%q and %q stand in no order", a, b)
		}
		if o.Compare(a, b) <= 0 && o.Compare(b, c) <= 0 && o.Compare(a, c) > 0 {
			t.Fatalf("%q, %q and %q go round", a, b, c)
		}
		if o.Compare(a, b) == 0 && o.Compare(a, c) != o.Compare(b, c) {
			t.Fatalf("%q and %q are the same, and stand differently to %q", a, b, c)
		}
	}
}

func TestAModulesOwnListWins(t *testing.T) {
	for _, c := range []struct{ listed, want []string }{
		{[]string{"Inverno", "Primavera", "Autunno"}, []string{"Inverno", "primavera", "Autunno"}},
		{[]string{"23.10", "23.9"}, []string{"22", "23.8", "23.10.0", "23.9", "23.9.1", "23.11"}}, // 23.9 was made again after 23.10
	} {
		for range 20 {
			got := slices.Clone(c.want)
			rand.Shuffle(len(got), func(i, j int) { got[i], got[j] = got[j], got[i] })
			slices.SortFunc(got, Order{Listed: c.listed}.Compare)
			if !slices.Equal(got, c.want) {
				t.Errorf("%q, want %q", got, c.want)
			}
		}
	}
}

func TestAnEpochBeginsANewScheme(t *testing.T) {
	o := Order{Epochs: []Range{{"24", "2000"}}, Listed: []string{"2024.9", "24.11"}}
	if Compare("2024.10", "24.11") <= 0 {
		t.Fatal("the rule knows of the change")
	}
	for _, pair := range [][2]string{{"2024.9", "2024.10"}, {"2024.10", "24.11"}, {"24.11", "24.12"}, {"2024.12", "25.1"}, {"23.10", "24.11"}, {"2025.1", "24"}} {
		if o.Compare(pair[0], pair[1]) >= 0 || o.Compare(pair[1], pair[0]) <= 0 {
			t.Errorf("%s does not come before %s", pair[0], pair[1])
		}
	}
}

func TestARangeHasItsBeginningAndNotItsEnd(t *testing.T) {
	for _, c := range []struct {
		version, from, until string
		want                 bool
	}{{"23.10", "23.10", "24.0", true}, {"23.10.00", "23.10", "24.0", true}, {"24.0", "23.10", "24.0", false}, {"24.0-rc1", "23.10", "24.0", true}, {"1", "", "", true}, {"23.9", "23.10", "", false}, {"99", "23.10", "", true}} {
		if got := (Order{}).Within(c.version, c.from, c.until); got != c.want {
			t.Errorf("%s within %s to %s: %v", c.version, c.from, c.until, got)
		}
	}
}

func FuzzKeyOf(f *testing.F) {
	f.Add("23.10.02.00", "24.0-rc1")
	f.Fuzz(func(t *testing.T, a, b string) {
		if Compare(a, b) != -Compare(b, a) || Compare(a, a) != 0 {
			t.Errorf("%q and %q stand in no order", a, b)
		}
	})
}
