package app_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// storeOfWeb are the methods of the store that pages and API may call, each with its reason. None of them is a
// transaction: what a page shows or changes goes through the desk, where rights are judged.
var storeOfWeb = map[string]string{
	"Last":        "a page names the change after which its stream of news begins",
	"Wait":        "a stream sleeps until something changes, whatever it is",
	"Fault":       "how the desk is: asked by those who watch it, when nothing else may answer",
	"SecretKey":   "what browsers carry is signed with it",
	"ID":          "what feeds call their entries begins with the desk's own identifier, which every letter says too",
	"OpenBlob":    "the logo is public and belongs to no ticket, article or person",
	"SecretFiles": "the name of a folder, which a page tells administrators and does not open",
}

// TestPagesAndAPITouchNoTransaction reads the source of app/web: no function there takes a transaction, and of the
// store it calls only what storeOfWeb names.
func TestPagesAndAPITouchNoTransaction(t *testing.T) {
	called := map[string]bool{}
	files := 0
	err := filepath.WalkDir("web", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		files++
		set := token.NewFileSet()
		f, err := parser.ParseFile(set, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(f, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if x, ok := sel.X.(*ast.Ident); ok && x.Name == "db" && sel.Sel.Name == "Tx" {
				t.Errorf("%s takes a transaction: give the desk a verb that returns what the page needs", set.Position(sel.Pos()))
			}
			if isStore(sel.X) {
				called[sel.Sel.Name] = true
				if storeOfWeb[sel.Sel.Name] == "" {
					t.Errorf("%s calls Store.%s: go through the desk, or say in storeOfWeb why not", set.Position(sel.Pos()), sel.Sel.Name)
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range slices.Sorted(maps.Keys(storeOfWeb)) {
		if !called[name] {
			t.Errorf("nobody calls Store.%s: take it out of storeOfWeb", name)
		}
	}
	if files < 50 {
		t.Errorf("only %d files were read", files)
	}
}

// isStore reports whether the expression is x.Store or x.Store().
func isStore(x ast.Expr) bool {
	if call, ok := x.(*ast.CallExpr); ok {
		x = call.Fun
	}
	sel, ok := x.(*ast.SelectorExpr)
	return ok && sel.Sel.Name == "Store"
}
