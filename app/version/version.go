// Package version puts the versions of applications in order as their suppliers mean them: 23.9 before 23.10, 24.0-rc1
// before 24.0, 24.0 before 24.0-hf1. No rule in use elsewhere orders what suppliers write (Debian, RPM, SemVer, PEP 440 and
// Maven each put some of it the other way round), so this one is our own.
package version

import (
	"bytes"
	"slices"
	"strings"
)

// Key is where a version stands: keys compare as bytes, and equal keys are the same version differently written. Every
// text has one.
type Key string

// What may stand at each place of a key, in order: a word that comes before the version itself, the end, a word that
// comes after, any other word, a number.
const (
	before byte = 1 + iota
	end
	after
	word
	number
)

// early are the words that come before a version, late those that come after it, each in their order.
var (
	early = places([]string{"dev", "snapshot", "nightly"}, []string{"alpha", "a"}, []string{"beta", "b"}, []string{"m", "milestone"},
		[]string{"pre", "preview"}, []string{"rc", "cr", "c"})
	late = places([]string{"+"}, []string{"hotfix", "hf", "fix", "patch", "p", "pl"}, []string{"bis"}, []string{"ter"}, []string{"quater"},
		[]string{"r", "rev", "post"}, []string{"u", "update", "cu"}, []string{"sp"})
)

func places(list ...[]string) map[string]byte {
	out := map[string]byte{}
	for i, words := range list {
		for _, w := range words {
			out[w] = byte(i) // #nosec G115 -- a handful
		}
	}
	return out
}

// piece is a run of digits or letters, or a plus sign.
type piece struct {
	text   string
	digits bool
	letter bool // a single letter glued to the number before it, no digit behind: 19c, 1.0.2k
}

// KeyOf returns the key of a version as somebody wrote it.
func KeyOf(text string) Key {
	list := pieces(text)
	list = slices.DeleteFunc(list, func(p piece) bool {
		switch p.text {
		case "ga", "final", "finale", "release", "stable": // says that this is the version itself
			return true
		}
		return false
	})
	var out bytes.Buffer
	for i, p := range list {
		if p.digits {
			if p.text == "" && nothingBut(list[i:]) {
				continue
			}
			out.WriteByte(number)
			out.WriteByte(byte(len(p.text) >> 8)) // #nosec G115 -- a longer version is cut
			out.WriteByte(byte(len(p.text)))      // #nosec G115
			out.WriteString(p.text)
			continue
		}
		at, isEarly := early[p.text]
		place, isLate := late[p.text]
		switch {
		case p.letter || !isEarly && !isLate:
			out.WriteByte(word)
			out.WriteString(p.text)
			out.WriteByte(0)
		case isEarly:
			out.WriteByte(before)
			out.WriteByte(at)
		default:
			out.WriteByte(after)
			out.WriteByte(place)
		}
	}
	out.WriteByte(end)
	return Key(out.String())
}

// nothingBut reports whether zeros alone stand until a word or the end: they say nothing.
func nothingBut(list []piece) bool {
	for _, p := range list {
		if !p.digits {
			return true
		}
		if p.text != "" {
			return false
		}
	}
	return true
}

// longest is how much of a text is looked at, in bytes: far more than any version has.
const longest = 1000

// pieces takes a version apart. Numbers lose their leading zeros, so that none is too long to be compared.
func pieces(text string) []piece {
	text = strings.ToLower(strings.TrimSpace(text[:min(len(text), longest)]))
	for _, prefix := range []string{"versione", "version", "release", "ver.", "ver", "v.", "v"} {
		if rest, is := strings.CutPrefix(text, prefix); is && strings.TrimLeft(rest, " .") != "" && digit(strings.TrimLeft(rest, " .")[0]) {
			text = rest
			break
		}
	}
	var out []piece
	for i := 0; i < len(text); {
		j := i
		switch {
		case digit(text[i]):
			for j < len(text) && digit(text[j]) {
				j++
			}
			out = append(out, piece{text: strings.TrimLeft(text[i:j], "0"), digits: true})
		case letter(text[i]):
			for j < len(text) && letter(text[j]) {
				j++
			}
			glued := i > 0 && digit(text[i-1]) && j == i+1 && (j == len(text) || !digit(text[j]))
			p := piece{text: text[i:j], letter: glued}
			if n := len(out); p.text == "pack" && n > 0 && out[n-1].text == "service" {
				out = out[:n-1]
				p.text = "sp"
			}
			out = append(out, p)
		case text[i] == '+':
			j = i + 1
			out = append(out, piece{text: "+"})
		default:
			j = i + 1
		}
		i = j
	}
	return out
}

func digit(b byte) bool  { return b >= '0' && b <= '9' }
func letter(b byte) bool { return b >= 'a' && b <= 'z' }

// Compare returns -1, 0 or +1 as the version a stands before, beside or after b.
func Compare(a, b string) int { return strings.Compare(string(KeyOf(a)), string(KeyOf(b))) }

// Order is how the versions of one module follow each other where the rule cannot know. The zero value is the rule alone.
type Order struct {
	Listed []string // the module's own list, oldest first; it wins over the rule
	Epochs []Range  // later ways of numbering, oldest first: a supplier who goes from 2024.10 to 24.11 begins one, from 24 until 2000
}

// Range is a range of versions by the rule. From is included, Until is not; an empty end is open.
type Range struct{ From, Until string }

// holds reports whether the version with the key stands in the range.
func (r Range) holds(k Key) bool {
	return (r.From == "" || k >= KeyOf(r.From)) && (r.Until == "" || k < KeyOf(r.Until))
}

// position is where a version stands in an order: epoch, then the last of the list that does not stand after it, then
// whether it is that one itself, then the rule.
type position struct {
	epoch, listed int
	between       bool
	key           Key
}

func (o Order) position(text string) position {
	p := position{key: KeyOf(text)}
	for i, r := range o.Epochs {
		if r.holds(p.key) {
			p.epoch = i + 1
		}
	}
	p.listed, p.between = -1, true
	for i, v := range o.Listed {
		switch k := KeyOf(v); {
		case k == p.key:
			p.listed, p.between, p.key = i, false, ""
			return p
		case k < p.key:
			p.listed = i
		}
	}
	return p
}

// Compare returns -1, 0 or +1 as the version a stands before, beside or after b in this order. It is a total order.
func (o Order) Compare(a, b string) int {
	x, y := o.position(a), o.position(b)
	switch {
	case x.epoch != y.epoch:
		return sign(x.epoch - y.epoch)
	case x.listed != y.listed:
		return sign(x.listed - y.listed)
	case x.between != y.between:
		if y.between {
			return -1
		}
		return 1
	}
	return strings.Compare(string(x.key), string(y.key))
}

// Within reports whether the version stands in the range: from is included, until is not, and an empty end is open.
func (o Order) Within(version, from, until string) bool {
	return (from == "" || o.Compare(version, from) >= 0) && (until == "" || o.Compare(version, until) < 0)
}

func sign(n int) int {
	switch {
	case n < 0:
		return -1
	case n > 0:
		return 1
	}
	return 0
}
