package app_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestCommentsBeginWithTheNameTheyStandOn finds comments that were left behind when a name changed or moved. An article
// may go before the name. A comment on a group of declarations, and one on an implementation that only repeats what its
// interface says (String, MarshalText, ...), need name nothing.
func TestCommentsBeginWithTheNameTheyStandOn(t *testing.T) {
	files := 0
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (strings.HasPrefix(d.Name(), ".") && d.Name() != ".." || d.Name() == "testdata" || d.Name() == "build") {
			return fs.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(path, ".go") {
			return nil
		}
		files++
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, path, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, decl := range file.Decls {
			for _, c := range commented(decl) {
				if !c.holds() {
					first, _, _ := strings.Cut(c.text, "\n")
					t.Errorf("%s: the comment on %s begins otherwise: %s", fset.Position(c.at), strings.Join(c.names, ", "), first)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 300 {
		t.Errorf("only %d files were read", files)
	}
}

// comment is one on declarations of a file's top level.
type comment struct {
	text  string
	names []string // those it may begin with
	at    token.Pos
}

// commented returns the comments of the declaration: its own, and those of single lines of a group.
func commented(decl ast.Decl) (out []comment) {
	add := func(doc *ast.CommentGroup, names ...string) {
		if doc != nil && doc.Text() != "" {
			out = append(out, comment{doc.Text(), names, doc.Pos()})
		}
	}
	switch d := decl.(type) {
	case *ast.FuncDecl:
		add(d.Doc, d.Name.Name)
	case *ast.GenDecl:
		for _, s := range d.Specs {
			var names []string
			var doc *ast.CommentGroup
			switch s := s.(type) {
			case *ast.TypeSpec:
				names, doc = []string{s.Name.Name}, s.Doc
			case *ast.ValueSpec:
				for _, n := range s.Names {
					names = append(names, n.Name)
				}
				doc = s.Doc
			default:
				continue
			}
			if !d.Lparen.IsValid() {
				add(d.Doc, names...)
			} else if _, is := s.(*ast.TypeSpec); is {
				add(doc, names...)
			}
		}
	}
	return out
}

// holds reports whether the comment begins with one of its names.
func (c comment) holds() bool {
	words := strings.Fields(c.text)
	if len(words) > 1 && slices.Contains([]string{"A", "An", "The"}, words[0]) {
		words = words[1:]
	}
	first := strings.TrimSuffix(strings.TrimRight(words[0], ",:;."), "'s")
	return slices.Contains(c.names, first) || first == "Deprecated"
}
