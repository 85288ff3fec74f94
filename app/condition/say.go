package condition

import "strings"

// Sentences are how a language says a condition: tests are said by Test, and what joins them by the rest.
type Sentences struct {
	And, Or, Not string // between two parts, and before one
	Test         func(name, operator string, values []Said) string
}

// Said is a value that a test compares with; of a range both ends.
type Said struct {
	From, To string
	Ranged   bool
}

// Say writes the condition as a sentence for people. Brackets stand where they are needed to read it rightly.
func (c Condition) Say(in Sentences) string {
	var b strings.Builder
	c.root.say(&b, in, anyOf)
	return b.String()
}

func (n node) say(b *strings.Builder, in Sentences, outer join) {
	switch n.join {
	case leaf:
		var values []Said
		for _, v := range n.test.values {
			values = append(values, Said{v.from.text, v.to.text, v.ranged})
		}
		b.WriteString(in.Test(n.test.name, ops[n.test.op], values))
	case none:
		b.WriteString(in.Not)
		b.WriteByte(' ')
		n.parts[0].say(b, in, none)
	case all, anyOf:
		between := in.And
		if n.join == anyOf {
			between = in.Or
		}
		brackets := len(n.parts) > 1 && (outer == none || n.join == anyOf && outer == all)
		if brackets {
			b.WriteByte('(')
		}
		for i, p := range n.parts {
			if i > 0 {
				b.WriteString(" " + between + " ")
			}
			p.say(b, in, n.join)
		}
		if brackets {
			b.WriteByte(')')
		}
	}
}
