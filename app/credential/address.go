package credential

import (
	"net/netip"
	"slices"
	"strings"

	"sportello/store/fault"
)

// The limits of the addresses of one token: those it is taken from, and those it was used from.
const (
	MostAddresses = 50
	mostKnown     = 50
)

// Addresses reads the addresses from which a token is taken, as people write them: addresses and prefixes (CIDR) of IPv4
// and IPv6, apart by spaces, commas or lines. It returns each once, as a prefix. It returns Invalid "error.address-prefix"
// with the first that is none, and "error.too-many-addresses".
func Addresses(text string) ([]string, error) {
	var out []string
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ';' || r == ' ' || r == '\t' || r == '\n' || r == '\r' }) {
		p, err := prefixOf(word)
		if err != nil {
			return nil, fault.New(fault.Invalid, "error.address-prefix", "address", cut(word, 60))
		}
		if s := p.String(); !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	if len(out) > MostAddresses {
		return nil, fault.New(fault.Invalid, "error.too-many-addresses", "max", MostAddresses)
	}
	return out, nil
}

// prefixOf reads a prefix, or an address as the prefix of itself alone.
func prefixOf(word string) (netip.Prefix, error) {
	if !strings.Contains(word, "/") {
		a, err := netip.ParseAddr(word)
		if err != nil {
			return netip.Prefix{}, err
		}
		a = a.Unmap().WithZone("")
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(word)
	if err != nil {
		return p, err
	}
	if a := p.Addr(); a.Is4In6() && p.Bits() >= 96 { // ::ffff:10.0.0.0/104 is 10.0.0.0/8
		p = netip.PrefixFrom(a.Unmap(), p.Bits()-96)
	}
	return p.Masked(), nil
}

// takenFrom reports whether one of the prefixes holds the address; without prefixes all addresses are taken. A prefix that
// cannot be read holds none.
func takenFrom(prefixes []string, from netip.Addr) bool {
	from = from.Unmap().WithZone("")
	return len(prefixes) == 0 || slices.ContainsFunc(prefixes, func(s string) bool {
		p, err := netip.ParsePrefix(s)
		return err == nil && from.IsValid() && p.Contains(from)
	})
}

// network returns what counts as one address of a program: of IPv6 the whole network of a site, which changes the rest of
// its addresses by itself. It is empty for no address.
func network(from netip.Addr) string {
	from = from.Unmap().WithZone("")
	switch {
	case !from.IsValid():
		return ""
	case from.Is4():
		return from.String()
	}
	return netip.PrefixFrom(from, 64).Masked().String()
}
