package credential

import (
	"net/netip"
	"strings"
	"testing"
)

func TestNoAddressIsTakenThatIsNotNamed(t *testing.T) {
	for _, c := range []struct{ text, from, want string }{
		{"", "192.0.2.1", "yes"}, {"", "2001:db8::1", "yes"},
		{"192.0.2.10", "192.0.2.10", "yes"}, {"192.0.2.10", "192.0.2.11", "no"}, {"192.0.2.10", "::ffff:192.0.2.10", "yes"},
		{"192.0.2.77/24", "192.0.2.1", "yes"}, {"192.0.2.0/24", "192.0.3.1", "no"}, {"192.0.2.0/24", "2001:db8::1", "no"},
		{"2001:db8::/32", "2001:db8:1::5", "yes"}, {"2001:db8::/32", "2001:db9::1", "no"}, {"fe80::1%eth0", "fe80::1", "yes"},
		{"::ffff:10.0.0.0/104", "10.1.2.3", "yes"}, {"::ffff:10.0.0.0/104", "11.0.0.1", "no"}, {"0.0.0.0/0", "2001:db8::1", "no"},
		{"10.0.0.1, 192.0.2.0/24\n2001:db8::/64", "192.0.2.9", "yes"}, {"192.0.2.1", "", "no"},
		{"localhost", "", "error"}, {"192.0.2.0/33", "", "error"}, {"192.0.2", "", "error"}, {"*", "", "error"}, {"192.0.2.1-192.0.2.9", "", "error"},
		{strings.Repeat("192.0.2.1 ", 60), "192.0.2.1", "yes"},
	} {
		list, err := Addresses(c.text)
		from, _ := netip.ParseAddr(c.from)
		got := "no"
		switch {
		case err != nil:
			got = "error"
		case takenFrom(list, from):
			got = "yes"
		}
		if got != c.want {
			t.Errorf("%q from %q: %s, want %s", c.text, c.from, got, c.want)
		}
	}
	many := ""
	for i := range MostAddresses + 1 {
		many += netip.AddrFrom4([4]byte{192, 0, 2, byte(i)}).String() + " "
	}
	if _, err := Addresses(many); err == nil {
		t.Error("more addresses than a token may have")
	}
	if takenFrom([]string{"broken"}, netip.MustParseAddr("192.0.2.1")) {
		t.Error("a prefix that cannot be read takes an address")
	}
}
