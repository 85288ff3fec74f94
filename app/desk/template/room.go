// Package template keeps the templates that plans are made from: reads and writes them as files, checks them, and publishes
// them in versions.
//
//	read.go   a template as a text file, without loss in either direction
//	check.go  what is wrong with one before it is published
//	part.go   one decision or step of one, written by itself
//	day.go    expressions of days and what conditions may ask for
//	builtin   the templates that a desk begins with
package template

import (
	"sportello/app/condition"
)

// FactKinds are the kinds of facts.
var FactKinds = []string{"number", "choice", "list", "yes-no", "day", "text"}

func fieldOf(f *FactKind) condition.Field {
	var out condition.Field
	switch f.Kind {
	case "number":
		out.Kind = condition.Number
	case "choice", "list":
		out.Kind = condition.Code
		for _, c := range f.Choices {
			out.Codes = append(out.Codes, c.Code)
		}
	case "yes-no":
		out.Kind = condition.YesNo
	case "day":
		out.Kind = condition.Day
	default:
		out.Kind = condition.Text
	}
	return out
}
