package app_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
)

// wordsOfName are the words of a name in camel case, in small letters.
func wordsOfName(name string) []string {
	var out []string
	r := []rune(name)
	from := 0
	for i := 1; i <= len(r); i++ {
		if i == len(r) || unicode.IsUpper(r[i]) && (!unicode.IsUpper(r[i-1]) || i+1 < len(r) && unicode.IsLower(r[i+1])) {
			out = append(out, strings.ToLower(string(r[from:i])))
			from = i
		}
	}
	return out
}

// TestNoNameSaysTheNounOfItsPackageAgain: ticket.Opening, not ticket.Opening. The noun alone may be a name: it is what
// the package is about.
func TestNoNameSaysTheNounOfItsPackageAgain(t *testing.T) {
	singular := map[string]string{"people": "person"}
	seen := 0
	judge := func(pos token.Position, pkg, name string) {
		if !ast.IsExported(name) {
			return
		}
		seen++
		words := wordsOfName(name)
		if len(words) < 2 {
			return
		}
		for _, w := range words {
			if w == pkg || w == pkg+"s" || w == singular[pkg] {
				t.Errorf("%s: %s.%s says %s twice", pos, pkg, name, w)
			}
		}
	}
	files := token.NewFileSet()
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "node_modules" || strings.HasPrefix(d.Name(), ".") && path != "..") {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, decl := range file.Decls {
			switch decl := decl.(type) {
			case *ast.FuncDecl:
				judge(files.Position(decl.Pos()), file.Name.Name, decl.Name.Name)
			case *ast.GenDecl:
				for _, spec := range decl.Specs {
					switch spec := spec.(type) {
					case *ast.TypeSpec:
						judge(files.Position(spec.Pos()), file.Name.Name, spec.Name.Name)
					case *ast.ValueSpec:
						for _, n := range spec.Names {
							judge(files.Position(n.Pos()), file.Name.Name, n.Name)
						}
					}
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if seen < 1000 {
		t.Errorf("only %d names were looked at", seen)
	}
}
