package extract

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf16"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/unicode/norm"
)

// pdfFont gives the text of a string's codes and the width of their glyphs.
type pdfFont struct {
	double bool // codes of two bytes
	utf16  bool // the codes are text themselves
	silent bool // the text of its glyphs is unknown
	table  [256]string
	mapped map[uint16]string // ToUnicode, which takes precedence
	widths map[uint16]float64
	usual  float64 // width of codes that widths does not contain
}

const maxMapped = 1 << 16

var plainFont = func() *pdfFont {
	f := &pdfFont{usual: 0.5}
	for c := range f.table {
		f.table[c] = winAnsi(byte(c))
	}
	return f
}()

// code returns the next code of the string and its length in bytes.
func (p *pdfFont) code(s string) (uint16, int) {
	if p.double && len(s) > 1 {
		return uint16(s[0])<<8 | uint16(s[1]), 2
	}
	return uint16(s[0]), 1
}

func (p *pdfFont) text(code uint16) string {
	if s, ok := p.mapped[code]; ok {
		return s
	}
	switch {
	case p.silent:
		return ""
	case p.utf16:
		return string(utf16.Decode([]uint16{code}))
	case p.double || code > 255:
		return ""
	}
	return p.table[code]
}

// width returns the width of the glyph in units of the font's size.
func (p *pdfFont) width(code uint16) float64 {
	if w, ok := p.widths[code]; ok {
		return w
	}
	return p.usual
}

// font returns the font of a resource, a default one for anything else.
func (f *pdf) font(o any) *pdfFont {
	ref, isRef := o.(pdfRef)
	if isRef {
		if p, ok := f.fonts[ref]; ok {
			return p
		}
	}
	p := plainFont
	if d := f.dict(o); d != nil {
		p = f.newFont(d)
	}
	if isRef && len(f.fonts) < 2000 {
		f.fonts[ref] = p
	}
	return p
}

func (f *pdf) newFont(d pdfDict) *pdfFont {
	p := &pdfFont{widths: map[uint16]float64{}}
	if s, ok := f.get(d["ToUnicode"]).(*pdfStream); ok {
		if b, err := f.bytes(s); err == nil {
			p.mapped = readCMap(b)
		}
	}
	if f.name(d["Subtype"]) == "Type0" {
		f.composite(p, d)
		return p
	}
	unit := 0.001
	if m := f.array(d["FontMatrix"]); f.name(d["Subtype"]) == "Type3" && len(m) == 6 {
		unit = f.number(m[0], unit)
	}
	first := int(f.number(d["FirstChar"], 0))
	list := f.array(d["Widths"])
	for i, w := range list {
		if c := first + i; c >= 0 && c < 256 {
			p.widths[uint16(c)] = f.number(w, 0) * unit
		}
	}
	f.encode(p, d)
	base := strings.ToLower(string(f.name(d["BaseFont"])))
	p.silent = strings.Contains(base, "symbol") && d["Encoding"] == nil || strings.Contains(base, "dingbats")
	descriptor := f.dict(d["FontDescriptor"])
	p.usual = f.number(descriptor["MissingWidth"], 0) * unit
	if list == nil {
		p.guessWidths(base)
	}
	return p
}

// guessWidths sets approximate widths for the standard fonts, whose widths a file may omit.
func (p *pdfFont) guessWidths(base string) {
	p.usual = 0.55
	if strings.Contains(base, "courier") {
		p.usual = 0.6
		return
	}
	scale := 1.0
	if strings.Contains(base, "times") {
		scale, p.usual = 0.88, 0.48
	}
	for w, letters := range map[float64]string{0.26: " ijl.,:;'|!/tfI()[]-", 0.34: "r", 0.5: "cksvxyzJ", 0.68: "ABCDEFGHKNOPQRSTUVXYZ", 0.83: "mwMW"} {
		for _, c := range letters {
			p.widths[uint16(c)] = w * scale // #nosec G115 -- letters of ASCII
		}
	}
}

// composite reads a font of two-byte codes.
func (f *pdf) composite(p *pdfFont, d pdfDict) {
	p.double = true
	name := string(f.name(d["Encoding"]))
	p.utf16 = strings.HasPrefix(name, "Uni") && (strings.Contains(name, "UCS2") || strings.Contains(name, "UTF16"))
	kids := f.array(d["DescendantFonts"])
	if len(kids) == 0 {
		p.usual = 1
		return
	}
	kid := f.dict(kids[0])
	p.usual = f.number(kid["DW"], 1000) / 1000
	w := f.array(kid["W"])
	for i := 0; i+1 < len(w); {
		first := int(f.number(w[i], -1))
		if list := f.array(w[i+1]); list != nil {
			for k, v := range list {
				if c := first + k; c >= 0 && c < 1<<16 {
					p.widths[uint16(c)] = f.number(v, 0) / 1000
				}
			}
			i += 2
			continue
		}
		if i+2 >= len(w) {
			return
		}
		last, v := int(f.number(w[i+1], -1)), f.number(w[i+2], 0)/1000
		for c := max(0, first); c <= min(last, 1<<16-1) && len(p.widths) < maxMapped; c++ {
			p.widths[uint16(c)] = v // #nosec G115 -- the loop ends below 1<<16
		}
		i += 3
	}
}

// encode sets the text of one-byte codes: a named encoding, differences from it, or the font's own encoding.
func (f *pdf) encode(p *pdfFont, d pdfDict) {
	base := f.name(d["Encoding"])
	differences := []any(nil)
	if e := f.dict(d["Encoding"]); e != nil {
		base = f.name(e["BaseEncoding"])
		differences = f.array(e["Differences"])
	}
	for c := range p.table {
		switch base {
		case "MacRomanEncoding":
			p.table[c] = decodeByte(charmap.Macintosh, byte(c))
		case "WinAnsiEncoding":
			p.table[c] = winAnsi(byte(c))
		default:
			p.table[c] = standard(byte(c))
		}
	}
	if base == "" {
		if s, ok := f.get(f.dict(d["FontDescriptor"])["FontFile"]).(*pdfStream); ok {
			if b, err := f.bytes(s); err == nil {
				ownEncoding(p, b)
			}
		}
	}
	code := 0
	for _, o := range differences {
		switch o := f.get(o).(type) {
		case float64:
			code = int(o)
		case pdfName:
			if code >= 0 && code < 256 {
				p.table[code] = glyph(string(o))
			}
			code++
		}
	}
}

var putGlyph = regexp.MustCompile(`dup\s+(\d{1,3})\s*/([A-Za-z0-9._]+)\s+put`)

// ownEncoding reads the encoding in the unencrypted head of a Type 1 font.
func ownEncoding(p *pdfFont, b []byte) {
	if i := bytes.Index(b, []byte("eexec")); i >= 0 {
		b = b[:i]
	}
	found := putGlyph.FindAllSubmatch(b, 256)
	if len(found) == 0 {
		return
	}
	p.table = [256]string{}
	for _, m := range found {
		if c, err := strconv.Atoi(string(m[1])); err == nil && c < 256 {
			p.table[c] = glyph(string(m[2]))
		}
	}
}

func decodeByte(m *charmap.Charmap, c byte) string {
	if c < ' ' {
		return ""
	}
	r := m.DecodeByte(c)
	if r == '\ufffd' {
		return ""
	}
	return string(r)
}

func winAnsi(c byte) string { return decodeByte(charmap.Windows1252, c) }

// upperStandard is the non-ASCII part of Adobe's standard encoding.
var upperStandard = map[byte]rune{0xa1: '¡', 0xa2: '¢', 0xa3: '£', 0xa4: '/', 0xa5: '¥', 0xa6: 'ƒ', 0xa7: '§', 0xa9: '\'', 0xaa: '“', 0xab: '«', 0xac: '‹', 0xad: '›',
	0xb1: '–', 0xb4: '·', 0xb7: '•', 0xb8: '‚', 0xb9: '„', 0xba: '”', 0xbb: '»', 0xbc: '…', 0xbd: '‰', 0xbf: '¿', 0xd0: '—', 0xe1: 'Æ', 0xe3: 'ª', 0xe8: 'Ł', 0xe9: 'Ø', 0xea: 'Œ',
	0xeb: 'º', 0xf1: 'æ', 0xf5: 'ı', 0xf8: 'ł', 0xf9: 'ø', 0xfa: 'œ', 0xfb: 'ß'}

func standard(c byte) string {
	switch {
	case c == '\'':
		return "’"
	case c == '`':
		return "‘"
	case c == 0xae:
		return "fi"
	case c == 0xaf:
		return "fl"
	case c >= ' ' && c < 0x7f:
		return string(rune(c))
	}
	if r, ok := upperStandard[c]; ok {
		return string(r)
	}
	return ""
}

// glyphs maps glyph names that do not contain their letter to text.
var glyphs = func() map[string]string {
	out := map[string]string{"fi": "fi", "fl": "fl", "ff": "ff", "ffi": "ffi", "ffl": "ffl", "f_i": "fi", "f_l": "fl", "IJ": "IJ", "ij": "ij"}
	list := `exclam ! quotedbl " numbersign # dollar $ percent % ampersand & quotesingle ' quoteright ’ quoteleft ‘ parenleft ( parenright ) asterisk * plus + comma ,
hyphen - minus - period . slash / zero 0 one 1 two 2 three 3 four 4 five 5 six 6 seven 7 eight 8 nine 9 colon : semicolon ; less < equal = greater > question ? at @
bracketleft [ backslash \ bracketright ] asciicircum ^ underscore _ grave ` + "`" + ` braceleft { bar | braceright } asciitilde ~ exclamdown ¡ cent ¢ sterling £ currency ¤ yen ¥
brokenbar ¦ section § dieresis ¨ copyright © ordfeminine ª guillemotleft « guillemotright » guilsinglleft ‹ guilsinglright › logicalnot ¬ registered ® macron ¯ degree ° plusminus ±
acute ´ mu µ paragraph ¶ periodcentered · ordmasculine º onequarter ¼ onehalf ½ threequarters ¾ questiondown ¿ AE Æ ae æ OE Œ oe œ Oslash Ø oslash ø Lslash Ł lslash ł
germandbls ß Eth Ð eth ð Thorn Þ thorn þ dotlessi ı multiply × divide ÷ endash – emdash — bullet • ellipsis … quotedblleft “ quotedblright ” quotedblbase „ quotesinglbase ‚
dagger † daggerdbl ‡ perthousand ‰ trademark ™ Euro € florin ƒ fraction / arrowright → arrowleft ← arrowup ↑ arrowdown ↓ lessequal ≤ greaterequal ≥ notequal ≠ infinity ∞
alpha α beta β gamma γ delta δ epsilon ε zeta ζ eta η theta θ iota ι kappa κ lambda λ nu ν xi ξ pi π rho ρ sigma σ tau τ upsilon υ phi φ chi χ psi ψ omega ω
Gamma Γ Delta Δ Theta Θ Lambda Λ Xi Ξ Pi Π Sigma Σ Phi Φ Psi Ψ Omega Ω visiblespace ␣ hyphenminus - sfthyphen - checkmark ✓ summation ∑ radical √ approxequal ≈`
	fields := strings.Fields(list)
	for i := 0; i+1 < len(fields); i += 2 {
		out[fields[i]] = fields[i+1]
	}
	out["space"], out["nbspace"] = " ", " "
	return out
}()

var accents = map[string]string{"acute": "\u0301", "grave": "\u0300", "circumflex": "\u0302", "dieresis": "\u0308", "tilde": "\u0303", "ring": "\u030a", "caron": "\u030c",
	"cedilla": "\u0327", "macron": "\u0304", "breve": "\u0306", "ogonek": "\u0328", "dotaccent": "\u0307", "hungarumlaut": "\u030b"}

// glyph returns the text of a glyph's name, empty when it is unknown.
func glyph(name string) string {
	name, _, _ = strings.Cut(name, ".")
	if s, ok := glyphs[name]; ok {
		return s
	}
	if len(name) == 1 {
		return name
	}
	if s, ok := accents[name[min(1, len(name)):]]; ok && name != "" {
		return norm.NFC.String(name[:1] + s)
	}
	hex := ""
	switch {
	case strings.HasPrefix(name, "uni") && len(name) >= 7:
		hex = name[3:7]
	case strings.HasPrefix(name, "u") && len(name) >= 5 && len(name) <= 7:
		hex = name[1:]
	}
	if n, err := strconv.ParseUint(hex, 16, 21); hex != "" && err == nil {
		return string(rune(n))
	}
	if strings.Contains(name, "_") {
		out := ""
		for _, part := range strings.SplitN(name, "_", 6) {
			if !strings.Contains(part, "_") {
				out += glyph(part)
			}
		}
		return out
	}
	return ""
}

// readCMap reads a ToUnicode map.
func readCMap(b []byte) map[uint16]string {
	out := map[uint16]string{}
	l := &lexer{b: b}
	var args []any
	for len(out) < maxMapped {
		switch o := l.next().(type) {
		case pdfEnd:
			return out
		case pdfWord:
			switch o {
			case "endbfchar":
				for i := 0; i+1 < len(args); i += 2 {
					if c, ok := codeOf(args[i]); ok {
						out[c] = utf16Text(args[i+1])
					}
				}
			case "endbfrange":
				for i := 0; i+2 < len(args); i += 3 {
					cmapRange(out, args[i], args[i+1], args[i+2])
				}
			}
			args = args[:0]
		default:
			if len(args) < maxItems {
				args = append(args, o)
			}
		}
	}
	return out
}

func cmapRange(out map[uint16]string, low, high, to any) {
	a, ok := codeOf(low)
	b, ok2 := codeOf(high)
	if !ok || !ok2 || b < a {
		return
	}
	if list, ok := to.([]any); ok {
		for i, o := range list {
			if int(a)+i > int(b) {
				return
			}
			out[a+uint16(i)] = utf16Text(o)
		}
		return
	}
	first := []rune(utf16Text(to))
	if len(first) == 0 {
		return
	}
	for c := int(a); c <= int(b); c++ {
		s := append([]rune(nil), first...)
		s[len(s)-1] += rune(c - int(a)) // #nosec G115 -- the difference of two uint16
		out[uint16(c)] = string(s)      // #nosec G115 -- from one uint16 to another
	}
}

func codeOf(o any) (uint16, bool) {
	s, ok := o.(pdfString)
	switch {
	case !ok || len(s) == 0 || len(s) > 4:
		return 0, false
	case len(s) == 1:
		return uint16(s[0]), true
	}
	return uint16(s[len(s)-2])<<8 | uint16(s[len(s)-1]), true
}

func utf16Text(o any) string {
	s, ok := o.(pdfString)
	if !ok || len(s) > 64 {
		return ""
	}
	if len(s) == 1 {
		return string(rune(s[0]))
	}
	units := make([]uint16, 0, len(s)/2)
	for i := 0; i+1 < len(s); i += 2 {
		units = append(units, uint16(s[i])<<8|uint16(s[i+1]))
	}
	return string(utf16.Decode(units))
}
