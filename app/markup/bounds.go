package markup

import (
	"bytes"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
)

// goldmark follows the specification, in which some inputs cost the square of
// their length or nest as deeply as they are long. The parsers below wrap its
// own and stop following when no person would have written what comes: the
// rest of it is then text.
const (
	maxNesting    = 12   // quotes and lists inside each other
	maxDelimiters = 256  // runs of * _ ~ that may open or close, in a block
	maxRun        = 4    // characters in one such run
	maxBrackets   = 400  // [ in a block
	maxLoneTicks  = 32   // runs of ` without their partner in a block
	maxCells      = 2000 // cells of all tables in a document, and one more for every two bytes
	maxPipes      = 500  // \| in all tables in a document
	maxLines      = 2000 // lines of a paragraph that defines links
)

// budget counts for the block that is being read; it begins again with each.
type budget struct {
	block ast.Node
	spent int
}

func budgetFor(pc parser.Context, key parser.ContextKey, block ast.Node) *budget {
	b, _ := pc.Get(key).(*budget)
	if b == nil {
		b = &budget{}
		pc.Set(key, b)
	}
	if b.block != block {
		b.block, b.spent = block, 0
	}
	return b
}

// shallow refuses to open a quote or a list inside too many others.
type shallow struct{ parser.BlockParser }

func (s *shallow) Open(parent ast.Node, reader text.Reader, pc parser.Context) (ast.Node, parser.State) {
	// Inside a list the parser only has to say no and to forget a mark that
	// the item before has set; it must be asked.
	if parent.Kind() != ast.KindList {
		depth := 0
		for n := parent; n != nil; n = n.Parent() {
			if k := n.Kind(); k == ast.KindBlockquote || k == ast.KindList {
				depth++
			}
		}
		if depth >= maxNesting {
			return nil, parser.NoChildren
		}
	}
	return s.BlockParser.Open(parent, reader, pc)
}

var delimiterKey = parser.NewContextKey()

// delimiters bounds emphasis and strikethrough.
type delimiters struct{ parser.InlineParser }

func (d *delimiters) Parse(parent ast.Node, block text.Reader, pc parser.Context) ast.Node {
	line, seg := block.PeekLine()
	run := 1
	for run < len(line) && line[run] == line[0] {
		run++
	}
	b := budgetFor(pc, delimiterKey, parent)
	if run > maxRun || b.spent >= maxDelimiters {
		block.Advance(run)
		return ast.NewTextSegment(seg.WithStop(seg.Start + run))
	}
	n := d.InlineParser.Parse(parent, block, pc)
	if m, ok := n.(*parser.Delimiter); ok && (m.CanOpen || m.CanClose) {
		b.spent++
	}
	return n
}

var bracketKey = parser.NewContextKey()

type linkInlineParser interface {
	parser.InlineParser
	parser.CloseBlocker
}

// links bounds links and pictures; each [ may read its block to the end.
type links struct{ linkInlineParser }

func (l *links) Parse(parent ast.Node, block text.Reader, pc parser.Context) ast.Node {
	line, _ := block.PeekLine()
	if line[0] != ']' {
		if line[0] == '!' && (len(line) < 2 || line[1] != '[') {
			return nil
		}
		b := budgetFor(pc, bracketKey, parent)
		if b.spent >= maxBrackets {
			return nil
		}
		b.spent++
	}
	return l.linkInlineParser.Parse(parent, block, pc)
}

var tickKey = parser.NewContextKey()

// codeSpans bounds the search for a closing run of backticks.
type codeSpans struct{ parser.InlineParser }

func (c *codeSpans) Parse(parent ast.Node, block text.Reader, pc parser.Context) ast.Node {
	b := budgetFor(pc, tickKey, parent)
	if b.spent >= maxLoneTicks {
		line, seg := block.PeekLine()
		run := 1
		for run < len(line) && line[run] == '`' {
			run++
		}
		block.Advance(run)
		return ast.NewTextSegment(seg.WithStop(seg.Start + run))
	}
	n := c.InlineParser.Parse(parent, block, pc)
	if _, lone := n.(*ast.Text); lone {
		b.spent++
	}
	return n
}

var cellKey, pipeKey = parser.NewContextKey(), parser.NewContextKey()

// smallTable bounds tables: a wide head makes every short row as wide.
type smallTable struct{ parser.ParagraphTransformer }

func (t smallTable) Transform(node *ast.Paragraph, reader text.Reader, pc parser.Context) {
	lines, src := node.Lines(), reader.Source()
	if lines.Len() < 2 {
		return
	}
	columns, pipes := 0, 0
	for i := range lines.Len() {
		seg := lines.At(i)
		line := seg.Value(src)
		if columns == 0 && tableRule(line) {
			columns = bytes.Count(line, []byte{'|'}) + 1
		}
		pipes += bytes.Count(line, []byte(`\|`))
	}
	if columns == 0 {
		return
	}
	cells, _ := pc.Get(cellKey).(int)
	cells += columns * lines.Len()
	before, _ := pc.Get(pipeKey).(int)
	pipes += before
	if cells > maxCells+len(src)/2 || pipes > maxPipes {
		return
	}
	pc.Set(cellKey, cells)
	pc.Set(pipeKey, pipes)
	t.ParagraphTransformer.Transform(node, reader, pc)
}

// tableRule tells the line under the head of a table: hyphens, colons, pipes.
func tableRule(line []byte) bool {
	hyphen := false
	for _, c := range line {
		switch c {
		case '-':
			hyphen = true
		case '|', ':', ' ', '\t', '\n', '\r':
		default:
			return false
		}
	}
	return hyphen
}

// fewReferences leaves very long paragraphs alone: each definition found in
// one copies the lines that are left.
type fewReferences struct{ parser.ParagraphTransformer }

func (f fewReferences) Transform(node *ast.Paragraph, reader text.Reader, pc parser.Context) {
	if node.Lines().Len() <= maxLines {
		f.ParagraphTransformer.Transform(node, reader, pc)
	}
}
