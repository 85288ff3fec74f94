package condition

import (
	"slices"
	"strings"
)

// Fact is what is known of a name when a condition is judged. The zero Fact is one that nobody knows.
type Fact struct {
	state  Truth // Unknown: nobody knows; False: there is none; True: the values below
	points []string
}

// Known is a fact with its values as text, in the form in which a condition writes them: a code (or several, of a list), a
// number, a day, yes or no, text, a version. A value that its field does not understand equals nothing.
func Known(values ...string) Fact { return Fact{True, values} }

// Missing is the fact that there is no value: every test of it is false, and its minus true.
func Missing() Fact { return Fact{state: False} }

// Unknown reports whether nobody knows the fact.
func (f Fact) Unknown() bool { return f.state == Unknown }

// Judge says whether the condition holds. What rests on a fact that nobody knows is Unknown, unless the rest decides it
// either way. facts is asked for each name at most once for each of its tests.
func (c Condition) Judge(facts func(name string) Fact) Truth { return c.root.judge(facts) }

func (n node) judge(facts func(string) Fact) Truth {
	switch n.join {
	case leaf:
		return n.test.judge(facts(n.test.name))
	case none:
		return n.parts[0].judge(facts).not()
	}
	// All hold unless one does not; of any, the other way round.
	decided, otherwise := False, True
	if n.join == anyOf {
		decided, otherwise = True, False
	}
	for _, p := range n.parts {
		switch p.judge(facts) {
		case decided:
			return decided
		case Unknown:
			otherwise = Unknown
		}
	}
	return otherwise
}

func (t *test) judge(f Fact) Truth {
	if f.state != True {
		return f.state
	}
	for _, text := range f.points {
		p, ok := t.field.readFact(text)
		if ok && slices.ContainsFunc(t.values, func(v value) bool { return t.holds(p, v) }) {
			return True
		}
	}
	return False
}

// readFact reads the value of a fact; the code of a fact may be one that is no longer in the list.
func (f Field) readFact(text string) (point, bool) {
	switch {
	case f.Kind == Text:
		return point{text: text, words: words(text, false)}, true
	case f.Kind == Code && !f.Ordered:
		return point{text: text}, true
	}
	return f.read(text)
}

func (t *test) holds(p point, v value) bool {
	switch {
	case t.field.Kind == Text:
		return contains(p.words, v.from.words)
	case t.field.Kind == YesNo, t.field.Kind == Code && !t.field.Ordered:
		return p.text == v.from.text
	}
	low := t.field.compare(p, v.from)
	switch t.op {
	case below:
		return low < 0
	case atMost:
		return low <= 0
	case above:
		return low > 0
	case atLeast:
		return low >= 0
	}
	if v.ranged {
		return low >= 0 && t.field.compare(p, v.to) <= 0
	}
	return low == 0
}

// contains reports whether the words stand side by side in the text.
func contains(text, asked []word) bool {
	for i := 0; i+len(asked) <= len(text); i++ {
		if slices.EqualFunc(text[i:i+len(asked)], asked, func(have, want word) bool {
			return have.text == want.text || want.open && strings.HasPrefix(have.text, want.text)
		}) {
			return true
		}
	}
	return false
}
