package store

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"testing"
)

// TestEveryTableIsInTheList: one that is declared and not listed has no place in the file.
func TestEveryTableIsInTheList(t *testing.T) {
	f, err := parser.ParseFile(token.NewFileSet(), "tables.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var declared, listed []string
	for _, d := range f.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.VAR {
			continue
		}
		for _, s := range g.Specs {
			v := s.(*ast.ValueSpec)
			switch is := v.Values[0].(type) {
			case *ast.CallExpr:
				if fn, ok := is.Fun.(*ast.SelectorExpr); ok && fn.Sel.Name == "Declare" {
					declared = append(declared, v.Names[0].Name)
				}
			case *ast.CompositeLit:
				if v.Names[0].Name == "tables" {
					for _, e := range is.Elts {
						if id, ok := e.(*ast.Ident); ok { // one of another package stands there with its name
							listed = append(listed, id.Name)
						}
					}
				}
			}
		}
	}
	if len(declared) < 20 || len(listed) < 20 {
		t.Fatalf("declared %v, listed %v", declared, listed)
	}
	for _, name := range declared {
		if !slices.Contains(listed, name) {
			t.Errorf("%s is declared and not in the list of tables", name)
		}
	}
}
