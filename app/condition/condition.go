// Package condition reads, writes and judges conditions: what must be so for something to follow. Plans ask it about the
// facts of an organisation and the options it chose, rules about tickets.
//
// A condition is made of tests that stand side by side (all must hold), with OR between them (one must), a minus before
// what must not hold, and brackets:
//
//	staff>1000 budget:central,poles OR -(sites<=1)
//
//	condition = and , { "OR" , and } ;
//	and       = unary , { unary } ;
//	unary     = [ "-" ] , ( "(" , condition , ")" | test ) ;
//	test      = name , op , value , { "," , value } ;    (* one of the values *)
//	name      = [ "was." ] , letter , { letter | digit | "_" | "." | "-" } ;
//	op        = ":" | "=" | "!=" | "<=" | ">=" | "<" | ">" ;
//	value     = atom , [ ".." , atom ] ;
//	atom      = word | '"' , { char | '""' } , '"' ;
//
// The words and, or, not and in may be written for side by side, OR, the minus and the colon, and blanks around an
// operator. Judging takes time in the length of the condition, cannot fail, and knows three answers: what rests on a fact
// that nobody knows is itself unknown, unless the rest decides it.
package condition

import (
	"fmt"
	"slices"
	"strings"
)

// What a condition may hold, so that one that somebody sends costs little.
const (
	MaxLength = 4096 // bytes
	MaxDepth  = 8    // brackets in brackets
	MaxTests  = 64
	MaxValues = 200
)

// Kind says how the values of a field are read and compared.
type Kind uint8

const (
	Code    Kind = iota // one of a list
	Number              // with a point before decimals
	Day                 // 2026-12-31
	YesNo               // yes or no
	Text                // whole words of it, without regard to case and accents; a star at the end of a word stands for any end
	Version             // in the order of the caller, see Field.Key
)

// Field is what a name stands for.
type Field struct {
	Kind    Kind
	Codes   []string                 // of a Code: those there are; in their order when Ordered. Without any, each is taken
	Ordered bool                     // codes may be compared with < and >
	Key     func(text string) string // of a Version: keys compare as bytes
}

// Fields finds the field of a name; false when there is none.
type Fields func(name string) (Field, bool)

// Truth is the answer to a condition.
type Truth uint8

const (
	Unknown Truth = iota // a fact that nobody knows decides it
	False
	True
)

func (t Truth) not() Truth {
	switch t {
	case True:
		return False
	case False:
		return True
	}
	return Unknown
}

// Condition is a condition that was read. The zero Condition has no test and is true of everything.
type Condition struct {
	root  node
	names []string
}

// join says how the parts of a node belong together.
type join uint8

const (
	all join = iota // and the empty node, which holds
	anyOf
	none // not its one part
	leaf
)

type node struct {
	join  join
	parts []node
	test  *test
}

// op is how a test compares. "!=" is read as the minus of an equal.
type op uint8

const (
	equal op = iota
	below
	above
	atMost
	atLeast
)

var ops = [...]string{equal: ":", below: "<", above: ">", atMost: "<=", atLeast: ">="}

type test struct {
	name   string
	field  Field
	op     op
	values []value
}

// value is an atom, or a range with both its ends in it.
type value struct {
	from, to point
	ranged   bool
}

// point is an atom as it was written, and what it says by the kind of its field.
type point struct {
	text   string
	number float64 // of Number; the place in the list of an ordered Code
	key    string  // of Day and Version: compares as bytes
	words  []word  // of Text
}

// Empty reports whether the condition has no test.
func (c Condition) Empty() bool { return c.root.join == all && len(c.root.parts) == 0 }

// Names returns the names that the condition asks for, each once, in the order in which they first stand.
func (c Condition) Names() []string { return slices.Clone(c.names) }

// Values returns the values which the tests of the name compare with, as written; of a range both ends.
func (c Condition) Values(name string) []string {
	var out []string
	c.root.walk(func(t *test) {
		if t.name != name {
			return
		}
		for _, v := range t.values {
			out = append(out, v.from.text)
			if v.ranged {
				out = append(out, v.to.text)
			}
		}
	})
	return out
}

func (n node) walk(f func(*test)) {
	if n.join == leaf {
		f(n.test)
	}
	for _, p := range n.parts {
		p.walk(f)
	}
}

// String writes the condition in its one form; reading that again gives the same condition.
func (c Condition) String() string {
	var b strings.Builder
	c.root.write(&b, anyOf)
	return b.String()
}

func (n node) write(b *strings.Builder, outer join) {
	switch n.join {
	case leaf:
		n.test.write(b)
	case none:
		b.WriteByte('-')
		n.parts[0].write(b, none)
	case all, anyOf:
		between := " "
		if n.join == anyOf {
			between = " OR "
		}
		brackets := outer == none || n.join == anyOf && outer == all
		if brackets {
			b.WriteByte('(')
		}
		for i, p := range n.parts {
			if i > 0 {
				b.WriteString(between)
			}
			p.write(b, n.join)
		}
		if brackets {
			b.WriteByte(')')
		}
	}
}

func (t *test) write(b *strings.Builder) {
	b.WriteString(t.name)
	b.WriteString(ops[t.op])
	for i, v := range t.values {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(quoted(v.from.text))
		if v.ranged {
			b.WriteString("..")
			b.WriteString(quoted(v.to.text))
		}
	}
}

func quoted(text string) string {
	if text != "" && !strings.Contains(text, "..") && !strings.ContainsFunc(text, func(r rune) bool { return !inWord(r) }) {
		return text
	}
	return `"` + strings.ReplaceAll(text, `"`, `""`) + `"`
}

// Reason says why a text is no condition; it is the key of a sentence for people.
type Reason string

const (
	TooLong       Reason = "condition.too-long"
	TooDeep       Reason = "condition.too-deep"
	TooMany       Reason = "condition.too-many"
	NoName        Reason = "condition.no-name"        // a name is wanted where Found stands
	UnknownName   Reason = "condition.unknown-name"   // there is no field Found
	NoOperator    Reason = "condition.no-operator"    // after the name Found
	NoValue       Reason = "condition.no-value"       // after the operator Found
	UnknownValue  Reason = "condition.unknown-value"  // Found is none of the field's values
	NoOrder       Reason = "condition.no-order"       // the values of the field Found have no order
	Backwards     Reason = "condition.backwards"      // the range Found ends before it begins
	OpenBracket   Reason = "condition.open-bracket"   // a bracket is not closed
	ClosedBracket Reason = "condition.closed-bracket" // a bracket was not opened
	OpenQuote     Reason = "condition.open-quote"     // a quotation mark is not closed
	NotText       Reason = "condition.not-text"       // not UTF-8, or a control character
)

// Error is why a text is no condition, and where: At and To are offsets in bytes.
type Error struct {
	Reason Reason
	At, To int
	Found  string
}

func (e *Error) Error() string {
	return fmt.Sprintf("condition: %s at byte %d: %q", e.Reason, e.At, e.Found)
}
