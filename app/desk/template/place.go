package template

import (
	"regexp"
	"strings"

	"sportello/store"
)

// Place is where something stands in the text of a template. Line and Column count from 1; 0: nobody knows.
type Place struct {
	Line, Column int
	Text         string // the line itself
}

var (
	tableLine = regexp.MustCompile(`^\s*\[\[([a-z_.]+)\]\]`)
	codeLine  = regexp.MustCompile(`^\s*code\s*=\s*["']([^"']*)["']`)
)

// block is a table of the text: from its heading to the next one.
type block struct {
	path        string
	first, last int // lines, from 0
}

// blocks reads the tables of the text by the codes that stand in them, as Finding.Path names them.
func blocks(lines []string) []block {
	out := []block{{}}
	var phase, inner string // paths of what the tables that follow lie in
	kind := ""
	for i, line := range lines {
		if m := tableLine.FindStringSubmatch(line); m != nil {
			out[len(out)-1].last = i
			kind = m[1]
			out = append(out, block{path: "\x00", first: i})
		}
		out[len(out)-1].last = i + 1
		m := codeLine.FindStringSubmatch(line)
		if m == nil || kind != "" && out[len(out)-1].path != "\x00" {
			continue
		}
		path := m[1]
		switch kind {
		case "":
			continue // of the template
		case "role", "norm", "fact":
			path = kind + "/" + path
			inner = path
		case "phase":
			phase = path
		case "fact.choice", "phase.decision.option", "phase.step.file":
			path = inner + "/" + path
		default:
			path = phase + "/" + path
			inner = path
		}
		out[len(out)-1].path = path
	}
	return out
}

// PlaceOf returns where in the text something stands that Check found: the line of the field that is wrong, else that of the
// heading of what has it.
func PlaceOf(source string, f Finding) Place {
	lines := strings.Split(source, "\n")
	field, at := "", 0
	for i := 0; i+1 < len(f.Args); i += 2 {
		switch f.Args[i] {
		case "field":
			field, _ = f.Args[i+1].(string)
		case "at":
			at, _ = f.Args[i+1].(int)
		}
	}
	for _, b := range blocks(lines) {
		if b.path != f.Path {
			continue
		}
		for i := b.first; i < min(b.last, len(lines)); i++ {
			name, rest, is := strings.Cut(lines[i], "=")
			if field == "" || !is || strings.TrimSpace(name) != field {
				continue
			}
			p := Place{Line: i + 1, Column: 1, Text: lines[i]}
			if q := strings.IndexAny(rest, `"'`); at > 0 && q >= 0 && field != "moved" {
				p.Column = len(name) + 1 + q + 1 + at
			}
			return p
		}
		if b.first < len(lines) {
			return Place{Line: b.first + 1, Column: 1, Text: lines[b.first]}
		}
	}
	return Place{}
}

// Skeleton returns the text of a template that says what one has, to be written over.
func Skeleton() string {
	both := func(it, en string) store.Words { return store.Words{IT: it, EN: en} }
	f := File{Code: "", Course: Course{Name: both("Nuovo modello", "New template"),
		Roles: []Role{{Code: "director", Name: both("Direttore generale", "Director general")}, {Code: "desk", Name: both("Sportello", "Desk"), Side: store.OfDesk}},
		Facts: []FactKind{{Code: "staff", Name: both("Personale in servizio", "People employed"), Kind: "number"}},
		Phases: []Phase{{Code: "choices", Name: both("Scelte", "Choices"),
			Decisions: []DecisionForm{{Code: "pace", Question: both("Tutto insieme o a ondate?", "All at once or in waves?"), Why: both("Da qui dipende quando si forma chi.", "It decides who is trained when."), Who: []string{"director"},
				Options: []Option{{Code: "once", Name: both("Tutto insieme", "All at once")},
					{Code: "waves", Name: both("A ondate", "In waves"), Recommended: "staff>1000", Because: both("Le persone da formare sono molte.", "Many people have to be trained.")}}}},
			Steps: []StepForm{{Code: "opening", Name: both("Apertura", "Opening"), Who: []string{"desk"}, Day: "golive", Waits: []string{"pace"}, DoneWhen: both("Il primo caso vero è registrato.", "The first real case is recorded.")}}}}}}
	raw, err := f.Bytes()
	if err != nil {
		return ""
	}
	return string(raw)
}
