package condition

import (
	"errors"
	"math/rand/v2"
	"reflect"
	"strconv"
	"strings"
	"testing"
)

// fields are those of the tests: what a plan asks of an organisation, and a text.
func fields(name string) (Field, bool) {
	f, ok := map[string]Field{
		"staff":     {Kind: Number},
		"share":     {Kind: Number},
		"budget":    {Kind: Code, Codes: []string{"total", "high", "detail"}},
		"severity":  {Kind: Code, Codes: []string{"low", "normal", "high", "blocking"}, Ordered: true},
		"modules":   {Kind: Code},
		"hospital":  {Kind: YesNo},
		"reform":    {Kind: Day},
		"text":      {Kind: Text},
		"was.group": {Kind: Code},
		"or":        {Kind: Number},
		"version":   {Kind: Version, Key: func(s string) string { return strings.ToLower(s) }},
	}[name]
	return f, ok
}

func TestWhatIsNoConditionSaysWhyAndWhere(t *testing.T) {
	for _, c := range []struct {
		text   string
		reason Reason
		at, to int
	}{
		{"staff", NoOperator, 0, 5},
		{"staff>", NoValue, 6, 6},
		{"staff> budget:total", UnknownValue, 7, 19},
		{"staf>5", UnknownName, 0, 4},
		{"staff>5 stuff:1", UnknownName, 8, 13},
		{"staff>many", UnknownValue, 6, 10},
		{"staff>1e3", UnknownValue, 6, 9},
		{"staff:0x10", UnknownValue, 6, 10},
		{"staff:NaN", UnknownValue, 6, 9},
		{"budget:none", UnknownValue, 7, 11},
		{"budget:total,", NoValue, 13, 13},
		{"budget:total,,high", NoValue, 13, 14},
		{"budget>total", NoOrder, 6, 7},
		{"budget:total..high", NoOrder, 7, 14},
		{"severity>low,high", NoOrder, 8, 17},
		{"staff:9..3", Backwards, 6, 10},
		{"staff<1..3", NoOrder, 5, 10},
		{"(staff>5", OpenBracket, 0, 1},
		{"staff>5)", ClosedBracket, 7, 8},
		{"()", NoName, 1, 2},
		{"OR staff>5", UnknownName, 0, 2},
		{"staff>5 OR", NoName, 10, 10},
		{"-", NoName, 1, 1},
		{"staff>5 and", NoName, 11, 11},
		{`text:"cedolino`, OpenQuote, 5, 14},
		{`text:""`, NoValue, 5, 7},
		{`text:"!?"`, UnknownValue, 5, 9},
		{"hospital:maybe", UnknownValue, 9, 14},
		{"reform>2026-02-30", UnknownValue, 7, 17},
		{"9staff>5", NoName, 0, 8},
		{"città:roma", UnknownName, 0, 4},
		{"staff>5\x00", NotText, 7, 8},
		{"staff>5 \xff", NotText, 8, 9},
		{strings.Repeat("(", 10) + "staff>5" + strings.Repeat(")", 10), TooDeep, 9, 10},
		{strings.Repeat("staff>5 ", 65), TooMany, 512, 517},
		{"staff:" + strings.Repeat("1,", 200) + "1", TooMany, 407, 407},
		{strings.Repeat(" ", 4097), TooLong, 4096, 4097},
	} {
		_, err := Parse(c.text, fields)
		var e *Error
		if !errors.As(err, &e) || e.Reason != c.reason || e.At != c.at || e.To != c.to {
			t.Errorf("%.40q: %+v, wanted %s at %d to %d", c.text, e, c.reason, c.at, c.to)
		}
	}
}

func TestOneMeaningIsWrittenOneWay(t *testing.T) {
	for text, want := range map[string]string{
		"":                                 "",
		" ":                                "",
		"staff > 1000 and budget = detail": "staff>1000 budget:detail",
		"staff>1000 AND NOT budget in total , high": "staff>1000 -budget:total,high",
		"budget!=total":                                   "-budget:total",
		"--budget!=total":                                 "-budget:total",
		"-budget!=total":                                  "budget:total",
		"staff>1 (staff<5 staff<6)":                       "staff>1 staff<5 staff<6",
		"staff>1 OR (staff<5 OR staff<6)":                 "staff>1 OR staff<5 OR staff<6",
		"(staff>1 OR staff<5) hospital:yes":               "(staff>1 OR staff<5) hospital:yes",
		"staff>1 OR staff<5 hospital:yes":                 "staff>1 OR staff<5 hospital:yes",
		"-(staff>1 staff<5)":                              "-(staff>1 staff<5)",
		"not (staff>1 or staff<5)":                        "-(staff>1 OR staff<5)",
		"((staff>1))":                                     "staff>1",
		`modules:"u-gov/contabilita","a b"`:               `modules:u-gov/contabilita,"a b"`,
		`text:"il ""cedolino"" (1,2)"`:                    `text:"il ""cedolino"" (1,2)"`,
		"reform:2026-01-01..2026-12-31":                   "reform:2026-01-01..2026-12-31",
		"or>5 or or<3":                                    "or>5 OR or<3",
		"was.group:csa\n\tstaff>=5":                       "was.group:csa staff>=5",
		`version:"23..10".."24"`:                          `version:"23..10"..24`,
		"(staff>1 OR staff<5) OR -(hospital:yes staff:3)": "staff>1 OR staff<5 OR -(hospital:yes staff:3)",
	} {
		c, err := Parse(text, fields)
		if err != nil || c.String() != want {
			t.Errorf("%q is written %q (%v), wanted %q", text, c, err, want)
		}
	}
}

func TestATestHoldsByTheKindOfItsField(t *testing.T) {
	facts := map[string]Fact{
		"staff": Known("1200"), "share": Known("12.5"), "budget": Known("high"), "severity": Known("high"), "modules": Known("csa", "titulus"),
		"hospital": Known("no"), "reform": Known("2027-01-01"), "text": Known("Il CEDOLINO di perché non c'è"), "was.group": Missing(), "version": Known("B"),
	}
	for text, want := range map[string]Truth{
		"staff>1000": True, "staff>1200": False, "staff>=1200": True, "staff<1200": False, "staff<=1200.0": True, "staff:1000..1200": True, "staff:1,2,1200": True,
		"staff:1..2,5..6": False, "share>12": True, "share:12.50": True, "staff>-5": True,
		"budget:high": True, "budget:total,detail": False, "budget!=total": True,
		"severity>normal": True, "severity>=blocking": False, "severity:normal..blocking": True,
		"modules:csa": True, "modules:esse3": False, "-modules:titulus": False,
		"hospital:yes": False, "reform>2026-12-31": True, "reform:2026-01-01..2026-12-31": False,
		"text:cedolino": True, "text:cedolini": False, "text:cedol*": True, `text:"cedolino di"`: True, `text:"di cedolino"`: False, "text:perche": True, `text:"PERCHÉ n*"`: True,
		"was.group:csa": False, "-was.group:csa": True, "version>a": True, "version:b": True,
		"or:1": Unknown, "-or:1": Unknown, "or:1 staff<5": False, "or:1 OR staff>5": True, "or:1 staff>5": Unknown, "or:1 OR staff<5": Unknown, "": True,
	} {
		c, err := Parse(text, fields)
		if err != nil {
			t.Error(err)
			continue
		}
		if got := c.Judge(func(name string) Fact { return facts[name] }); got != want {
			t.Errorf("%q is %d, wanted %d", text, got, want)
		}
	}
}

// random writes a condition of numbers over a and b, and returns what a plain model says of it for every value of the two.
func random(r *rand.Rand, depth int) (text string, holds func(a, b int) bool) {
	kind := r.IntN(4)
	if depth == 0 {
		kind = 0
	}
	switch kind {
	case 1, 2:
		left, l := random(r, depth-1)
		right, g := random(r, depth-1)
		if kind == 1 {
			return "(" + left + ") (" + right + ")", func(a, b int) bool { return l(a, b) && g(a, b) }
		}
		return "(" + left + " OR " + right + ")", func(a, b int) bool { return l(a, b) || g(a, b) }
	case 3:
		inner, f := random(r, depth-1)
		return "-(" + inner + ")", func(a, b int) bool { return !f(a, b) }
	}
	of := r.IntN(2)
	n := r.IntN(4)
	pick := func(a, b int) int { return []int{a, b}[of] }
	op := []string{":", "<", ">=", "!="}[r.IntN(4)]
	return []string{"staff", "share"}[of] + op + strconv.Itoa(n), func(a, b int) bool {
		switch v := pick(a, b); op {
		case ":":
			return v == n
		case "<":
			return v < n
		case ">=":
			return v >= n
		default:
			return v != n
		}
	}
}

// TestWhatIsKnownNowStaysTrue holds the three values to a model with two: with everything known both agree, and an answer
// with something unknown is given only when every value of it gives the same.
func TestWhatIsKnownNowStaysTrue(t *testing.T) {
	r := rand.New(rand.NewPCG(18, 3))
	decided := 0
	for range 3000 {
		text, holds := random(r, 4)
		c, err := Parse(text, fields)
		if err != nil {
			var e *Error
			if errors.As(err, &e) && (e.Reason == TooDeep || e.Reason == TooMany) {
				continue
			}
			t.Fatalf("%s: %v", text, err)
		}
		again, err := Parse(c.String(), fields)
		if err != nil || again.String() != c.String() || !alike(again.root, c.root) {
			t.Fatalf("%s is written %s, and that %s (%v)", text, c, again, err)
		}
		judge := func(a, b string) Truth {
			return c.Judge(func(name string) Fact {
				v := map[string]string{"staff": a, "share": b}[name]
				if v == "" {
					return Fact{}
				}
				return Known(v)
			})
		}
		truth := func(b bool) Truth { return map[bool]Truth{true: True, false: False}[b] }
		for a := range 5 {
			some := judge(strconv.Itoa(a), "")
			for b := range 5 {
				want := truth(holds(a, b))
				if got := judge(strconv.Itoa(a), strconv.Itoa(b)); got != want {
					t.Fatalf("%s of %d, %d is %d, wanted %d", text, a, b, got, want)
				}
				if some != Unknown && some != want {
					t.Fatalf("%s of %d and something unknown is %d, and with %d %d", text, a, some, b, want)
				}
			}
			if some != Unknown {
				decided++
			}
		}
	}
	if decided < 1000 {
		t.Errorf("only %d conditions were decided by what was known", decided)
	}
}

func alike(a, b node) bool {
	if a.join != b.join || len(a.parts) != len(b.parts) || (a.test == nil) != (b.test == nil) {
		return false
	}
	for i := range a.parts {
		if !alike(a.parts[i], b.parts[i]) {
			return false
		}
	}
	return a.test == nil || a.test.name == b.test.name && a.test.op == b.test.op && reflect.DeepEqual(a.test.values, b.test.values)
}

func TestAConditionSaysWhatItAsksFor(t *testing.T) {
	c, err := Parse("staff>5 (budget:total,high OR -staff:1..3)", fields)
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Names(); !reflect.DeepEqual(got, []string{"staff", "budget"}) {
		t.Error(got)
	}
	if got := c.Values("staff"); !reflect.DeepEqual(got, []string{"5", "1", "3"}) {
		t.Error(got)
	}
}

// FuzzParse holds that reading never panics, that what was read is written in a form that reads the same, and that an error
// stands inside the text.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"staff>5 OR -(budget:total,high severity>low)", `text:"a ""b"".."`, "staff:1..3,5", "not or>5 and was.group in x", "((((", "-----staff:1", "version:a..b", "staff:-0"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := Parse(text, fields)
		if err != nil {
			var e *Error
			if !errors.As(err, &e) || e.At < 0 || e.To < e.At || e.To > len(text) {
				t.Fatalf("%q: %#v", text, err)
			}
			return
		}
		again, err := Parse(c.String(), fields)
		if err != nil || !alike(again.root, c.root) || again.String() != c.String() {
			t.Fatalf("%q is written %q, and that %q (%v)", text, c, again, err)
		}
		c.Judge(func(string) Fact { return Fact{} })
	})
}
