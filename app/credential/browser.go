package credential

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"net/netip"
	"strings"
	"time"

	"sportello/store"
)

// A browser in which somebody has signed in is known: it holds a mark, signed by the desk, for each of the last people
// who did. Whoever tries passwords from elsewhere slows down everybody but those browsers, which have a count of their
// own each; so nobody can keep the owner out. A mark alone opens nothing. It is bound to the person and to when their
// password was set, and is invalid for anybody else and after a change of password.

const (
	// BrowserLife is how long a browser stays known after signing in.
	BrowserLife = 365 * 24 * time.Hour

	mostMarks = 4 // people known of one browser
	markName  = 16
	markMAC   = 16
	markBytes = 8 + markName + markMAC // when it was made, which browser, signature
)

// mark returns a mark of the person for the browser of that name.
func (k *Keeper) mark(p *store.Person, name [markName]byte, now time.Time) string {
	b := binary.BigEndian.AppendUint64(make([]byte, 0, markBytes), uint64(now.Unix())) // #nosec G115 -- kept as bits, read back alike
	b = append(b, name[:]...)
	return base64.RawURLEncoding.EncodeToString(append(b, k.signMark(p, b)...))
}

func (k *Keeper) signMark(p *store.Person, b []byte) []byte {
	m := hmac.New(sha256.New, k.deviceKey)
	m.Write([]byte("browser 1\x00"))
	m.Write(binary.BigEndian.AppendUint64(nil, p.ID))
	m.Write(binary.BigEndian.AppendUint64(nil, uint64(p.PasswordSet.UnixNano()))) // #nosec G115 -- kept as bits
	m.Write(b)
	return m.Sum(nil)[:markMAC]
}

// marks splits the cookie of a browser; what is too much is left out.
func marks(cookie string) []string {
	if len(cookie) > 4*mostMarks*markBytes {
		return nil
	}
	return strings.SplitN(cookie, ".", mostMarks+1)
}

// known returns the name of the browser if the cookie marks it as one in which the person has signed in, else "". It
// works as much for nobody, for nil and for who cannot sign in.
func (k *Keeper) known(p *store.Person, cookie string, now time.Time) string {
	if cookie == "" {
		return ""
	}
	nobody := p == nil || p.Password == "" || p.Disabled
	if p == nil {
		p = &store.Person{}
	}
	for _, s := range marks(cookie) {
		b, err := base64.RawURLEncoding.DecodeString(s)
		if err != nil || len(b) != markBytes || !hmac.Equal(b[markBytes-markMAC:], k.signMark(p, b[:markBytes-markMAC])) {
			continue
		}
		made := time.Unix(int64(binary.BigEndian.Uint64(b)), 0) // #nosec G115 -- signed by us
		if age := now.Sub(made); !nobody && age < BrowserLife && age > -BrowserLife {
			return base64.RawURLEncoding.EncodeToString(b[8 : 8+markName])
		}
	}
	return ""
}

// KnowBrowser returns the cookie that makes the browser known for the person from now on, beside the others for whom it
// is; cookie is the one it has.
func (k *Keeper) KnowBrowser(p *store.Person, cookie string) string {
	var name [markName]byte
	rand.Read(name[:])
	now := k.clock()
	all := []string{k.mark(p, name, now)}
	for _, s := range marks(cookie) {
		if len(all) < mostMarks && s != "" && k.known(p, s, now) == "" {
			all = append(all, s)
		}
	}
	return strings.Join(all, ".")
}

// IsKnown reports whether the cookie marks a browser in which the person has signed in.
func (k *Keeper) IsKnown(p *store.Person, cookie string) bool {
	return k.known(p, cookie, k.clock()) != ""
}

// place names the network that an address counts for: itself, and of IPv6 its /64, for that is what one household or
// machine has to itself.
func place(addr string) string {
	ip, err := netip.ParseAddr(addr)
	if err != nil {
		return cut(addr, 64)
	}
	ip = ip.Unmap().WithZone("")
	if ip.Is4() {
		return ip.String()
	}
	p, err := ip.Prefix(64)
	if err != nil {
		return ip.String()
	}
	return p.String()
}
