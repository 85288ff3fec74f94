package assets_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"sportello/assets"
)

// pairs are the colours that stand on each other. 4.5 is WCAG's contrast for text, 3 that for the edges of controls
// and the ring of the focus.
var pairs = []struct {
	over, ground string
	least        float64
}{
	{"ink", "ground", 4.5}, {"ink", "surface", 4.5}, {"ink", "sunken", 4.5}, {"ink", "raised", 4.5},
	{"ink", "brand-tint", 4.5}, {"ink", "calm-tint", 4.5}, {"ink", "wait-tint", 4.5}, {"ink", "alarm-tint", 4.5},
	{"ink", "inner-tint", 4.5}, {"ink", "marked", 4.5}, {"brand", "marked", 4.5}, {"brand-strong", "marked", 4.5}, {"soft", "marked", 4.5},
	{"soft", "ground", 4.5}, {"soft", "surface", 4.5}, {"soft", "sunken", 4.5}, {"soft", "raised", 4.5}, {"soft", "brand-tint", 4.5},
	{"soft", "inner-tint", 4.5},
	{"brand", "ground", 4.5}, {"brand", "surface", 4.5}, {"brand", "raised", 4.5}, {"brand", "inner-tint", 4.5}, {"brand", "wait-tint", 4.5},
	{"brand", "calm-tint", 4.5},
	{"brand-strong", "ground", 4.5}, {"brand-strong", "surface", 4.5}, {"brand-strong", "raised", 4.5}, {"brand-strong", "brand-tint", 4.5},
	{"on-brand", "brand", 4.5}, {"on-brand", "brand-strong", 4.5}, {"on-bar", "bar", 4.5},
	{"calm", "calm-tint", 4.5}, {"calm", "surface", 4.5}, {"calm", "brand-tint", 4.5},
	{"wait", "wait-tint", 4.5}, {"wait", "surface", 4.5}, {"wait", "ground", 4.5}, {"wait", "brand-tint", 4.5},
	{"alarm", "alarm-tint", 4.5}, {"alarm", "surface", 4.5}, {"alarm", "ground", 4.5}, {"alarm", "brand-tint", 4.5},
	{"inner", "inner-tint", 4.5}, {"inner", "surface", 4.5}, {"inner", "brand-tint", 4.5},
	{"on-alarm", "alarm", 4.5}, {"on-inner", "inner", 4.5},

	{"edge", "ground", 3}, {"edge", "surface", 3}, {"edge", "brand-tint", 3}, {"edge", "raised", 3}, {"edge", "inner-tint", 3},
	{"focus", "ground", 3}, {"focus", "surface", 3}, {"focus", "sunken", 3}, {"focus", "raised", 3}, {"focus", "brand-tint", 3},
	{"focus", "inner-tint", 3}, {"bar-focus", "bar", 3},
}

func TestEveryColourCanBeReadOnItsGround(t *testing.T) {
	tokens := readTokens(t)
	for scheme, dark := range map[string]bool{"light": false, "dark": true} {
		for _, p := range pairs {
			c := contrast(colour(t, tokens, "var(--"+p.over+")", dark), colour(t, tokens, "var(--"+p.ground+")", dark))
			if c < p.least {
				t.Errorf("%s: --%s on --%s has %.2f:1, needs %.1f:1", scheme, p.over, p.ground, c, p.least)
			}
		}
	}
}

// TestWhatIsMixedFromADesksColourCanBeReadAsWell: a desk may choose any colour that has 4.5:1 on white (and, in
// dark, on the dark surface): what is mixed from it must then be readable too.
func TestWhatIsMixedFromADesksColourCanBeReadAsWell(t *testing.T) {
	for _, brand := range []string{
		"light-dark(#767676, #7f8d9e)", "light-dark(#c8102e, #ff8f8f)", "light-dark(#00703c, #5fc48e)",
		"light-dark(#6b2c91, #cda5e6)", "light-dark(#000000, #ffffff)", "light-dark(#9a5b00, #e8a33d)",
	} {
		tokens := readTokens(t)
		tokens["brand"] = brand
		for scheme, dark := range map[string]bool{"light": false, "dark": true} {
			for _, p := range []struct{ over, ground string }{
				{"on-brand", "brand"}, {"on-brand", "brand-strong"}, {"brand-strong", "brand-tint"}, {"brand-strong", "surface"},
				{"on-bar", "bar"}, {"ink", "brand-tint"}, {"soft", "brand-tint"},
			} {
				c := contrast(colour(t, tokens, "var(--"+p.over+")", dark), colour(t, tokens, "var(--"+p.ground+")", dark))
				if c < 4.5 {
					t.Errorf("brand %s, %s: --%s on --%s has %.2f:1", brand, scheme, p.over, p.ground, c)
				}
			}
		}
	}
}

func TestTheStyleSheetsKeepTheirPromises(t *testing.T) {
	var joined bytes.Buffer
	for _, path := range list(t, "css/*.css") {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		joined.Write(b)
		if i := bytes.Index(b, []byte("url(")); i >= 0 {
			t.Errorf("%s: url( at byte %d: the sheets load nothing", path, i)
		}
		if strings.Count(string(b), "{") != strings.Count(string(b), "}") {
			t.Errorf("%s: braces do not match", path)
		}
		for _, m := range regexp.MustCompile(`#[0-9a-f]{3,8}\b`).FindAllString(string(b), -1) {
			if filepath.Base(path) == "parts.css" && strings.HasPrefix(m, "#0a0f16") {
				continue
			}
			if base := filepath.Base(path); base != "tokens.css" && base != "print.css" && m != "#ffffff1f" && m != "#ffffff2b" {
				t.Errorf("%s: colour %s: colours are named in tokens.css", path, m)
			}
		}
		for _, m := range regexp.MustCompile(`[\s{;]((?:margin|padding|border)-(?:left|right|top|bottom)|left|right|top|bottom|width|height)\s*:`).FindAllStringSubmatch(string(b), -1) {
			t.Errorf("%s: %s: the sheets use logical properties", path, m[1])
		}
	}
	if n := gzipped(t, assets.SqueezeCSS(joined.Bytes())); n > 10700 {
		t.Errorf("the style sheets weigh %d bytes compressed, at most 10700", n)
	}
}

func TestSqueezingASheetKeepsItsMeaning(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"a comment goes", "/* a { b */\n.x { top: 0; }\n", ".x{top:0;}"},
		{"a string stays", `.x::after { content: " {  ↑ "; }`, `.x::after{content:" {  ↑ ";}`},
		{"a space between selectors stays", ".a .b :hover, .c > d { e: f; }", ".a .b :hover,.c > d{e:f;}"},
		{"a space between values stays", "@media (min-width: 1rem) {\n  a { b: calc(1px + 2px) c; }\n}", "@media (min-width:1rem){a{b:calc(1px + 2px) c;}}"},
	} {
		if got := string(assets.SqueezeCSS([]byte(c.in))); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestSqueezingAScriptKeepsItsMeaning(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"comments that have a line go", "// a\nlet b;\n  // c\nd();\n", "let b;\nd();\n"},
		{"indentation and empty lines go", "if (a) {\n  b();\n\n}\n", "if (a) {\nb();\n}\n"},
		{"what follows code stays", "let a = 'http://b'; // c\n", "let a = 'http://b'; // c\n"},
	} {
		if got := string(assets.SqueezeJS([]byte(c.in))); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestTheScriptsKeepTheirPromises(t *testing.T) {
	var joined bytes.Buffer
	for _, path := range list(t, "js/*.js") {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		joined.Write(b)
		for i, line := range strings.Split(string(b), "\n") {
			if strings.Count(line, "`")%2 != 0 || strings.HasPrefix(strings.TrimSpace(line), "/*") {
				t.Errorf("%s:%d: a text over several lines, or a comment that is none of lines: squeezing does not know them", path, i+1)
			}
		}
		for _, bad := range []string{"innerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", ".style."} {
			if bytes.Contains(b, []byte(bad)) {
				t.Errorf("%s: %s is not used here", path, bad)
			}
		}
		for _, m := range regexp.MustCompile(`from '([^']+)'`).FindAllSubmatch(b, -1) {
			if _, err := os.Stat(filepath.Join("js", string(m[1]))); err != nil {
				t.Errorf("%s imports %s, which is not there", path, m[1])
			}
		}
	}
	if n := gzipped(t, assets.SqueezeJS(joined.Bytes())); n > 9000 {
		t.Errorf("the scripts weigh %d bytes compressed, at most 9000", n)
	}
}

func list(t *testing.T, pattern string) []string {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) == 0 {
		t.Fatalf("%s: no files (%v)", pattern, err)
	}
	return paths
}

func gzipped(t *testing.T, b []byte) int {
	t.Helper()
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Len()
}

// readTokens returns the custom properties of tokens.css by name, as written.
func readTokens(t *testing.T) map[string]string {
	t.Helper()
	b, err := os.ReadFile("css/tokens.css")
	if err != nil {
		t.Fatal(err)
	}
	text := regexp.MustCompile(`(?s)/\*.*?\*/`).ReplaceAllString(string(b), "")
	tokens := map[string]string{}
	for _, m := range regexp.MustCompile(`--([\w-]+):\s*([^;]+);`).FindAllStringSubmatch(text, -1) {
		if _, twice := tokens[m[1]]; twice {
			t.Errorf("--%s is declared twice", m[1])
		}
		tokens[m[1]] = strings.TrimSpace(m[2])
	}
	return tokens
}

type rgb [3]float64

// colour works out a value made of #rrggbb, var(), light-dark() and color-mix(in srgb, a p%, b): all that tokens.css
// uses for colours.
func colour(t *testing.T, tokens map[string]string, value string, dark bool) rgb {
	t.Helper()
	c, err := work(tokens, value, dark)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func work(tokens map[string]string, value string, dark bool) (rgb, error) {
	value = strings.TrimSpace(value)
	if strings.HasPrefix(value, "#") && len(value) == 7 {
		n, err := strconv.ParseUint(value[1:], 16, 32)
		return rgb{float64(n >> 16), float64(n >> 8 & 255), float64(n & 255)}, err
	}
	name, rest, ok := strings.Cut(value, "(")
	if !ok || !strings.HasSuffix(rest, ")") {
		return rgb{}, fmt.Errorf("not a colour: %q", value)
	}
	args := split(rest[:len(rest)-1])
	switch {
	case name == "var":
		v, ok := tokens[strings.TrimPrefix(args[0], "--")]
		if !ok {
			return rgb{}, fmt.Errorf("%s is not declared", args[0])
		}
		return work(tokens, v, dark)
	case name == "light-dark" && len(args) == 2:
		if dark {
			return work(tokens, args[1], dark)
		}
		return work(tokens, args[0], dark)
	case name == "color-mix" && len(args) == 3 && args[0] == "in srgb":
		i := strings.LastIndex(args[1], " ")
		share, err := strconv.ParseFloat(strings.TrimSuffix(args[1][i+1:], "%"), 64)
		if err != nil {
			return rgb{}, fmt.Errorf("share of %q: %w", value, err)
		}
		a, err := work(tokens, args[1][:i], dark)
		if err != nil {
			return rgb{}, err
		}
		b, err := work(tokens, args[2], dark)
		if err != nil {
			return rgb{}, err
		}
		for k := range a {
			a[k] = a[k]*share/100 + b[k]*(1-share/100)
		}
		return a, nil
	}
	return rgb{}, fmt.Errorf("not a colour: %q", value)
}

// split cuts at the commas that stand in no parentheses.
func split(s string) []string {
	var out []string
	depth, from := 0, 0
	for i, r := range s {
		switch r {
		case '(':
			depth++
		case ')':
			depth--
		case ',':
			if depth == 0 {
				out = append(out, strings.TrimSpace(s[from:i]))
				from = i + 1
			}
		}
	}
	return append(out, strings.TrimSpace(s[from:]))
}

// contrast is WCAG 2.1's ratio of two colours, 1 to 21.
func contrast(a, b rgb) float64 {
	la, lb := luminance(a), luminance(b)
	if la < lb {
		la, lb = lb, la
	}
	return (la + 0.05) / (lb + 0.05)
}

func luminance(c rgb) float64 {
	var l float64
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		v := c[i] / 255
		if v <= 0.04045 {
			v /= 12.92
		} else {
			v = math.Pow((v+0.055)/1.055, 2.4)
		}
		l += weight * v
	}
	return l
}
