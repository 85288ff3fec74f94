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

// A browser in which somebody has signed in is known. It holds a mark, signed by the desk, for each of the last people
// who did. Someone who tries passwords elsewhere slows down everybody except those browsers, each of which has its own
// count; so nobody can lock out the owner. A mark alone gives no access. It is bound to the person and to the time
// their password was set, and is invalid for anybody else and after a change of password.

const (
	// BrowserLife is how long a browser stays known after signing in.
	BrowserLife = 365 * 24 * time.Hour

	mostMarks = 4 // people known to one browser
	markName  = 16
	markMAC   = 16
	markBytes = 8 + markName + markMAC // time of creation, browser, signature
)

// mark returns a mark of the person for the named browser.
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

// marks splits a browser's cookie, and leaves out what exceeds the limit.
func marks(cookie string) []string {
	if len(cookie) > 4*mostMarks*markBytes {
		return nil
	}
	return strings.SplitN(cookie, ".", mostMarks+1)
}

// known returns the name of the browser if the cookie marks it as one in which the person has signed in, else "". It
// takes as long for nil and for people who cannot sign in.
func (k *Keeper) known(p *store.Person, cookie string, now time.Time) string {
	if cookie == "" {
		return ""
	}
	nobody := p == nil || p.Password == "" || !p.MayEnter(now)
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

// KnowBrowser returns the cookie that marks the browser as known to the person, in addition to the people in cookie,
// its current value.
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

// place returns the network that an address counts for: the address itself or, for IPv6, its /64, which one household
// or machine has to itself.
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
