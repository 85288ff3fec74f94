package app_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The most lines that a package may have, its tests apart, and a file.
const (
	packageLines = 5000
	fileLines    = 600
)

// wider are packages that are one thing and yet longer. The rows and the machinery under them are to be two packages:
// until they are, the store may grow no further than this.
var wider = map[string]int{"../store": 5600}

// TestNoPackageAndNoFileGrowsBeyondWhatOneCanRead: what grows further is two things.
func TestNoPackageAndNoFileGrowsBeyondWhatOneCanRead(t *testing.T) {
	lines := map[string]int{}
	for _, root := range []string{"../app", "../assets", "../search", "../store"} {
		err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() || filepath.Ext(path) != ".go" {
				return err
			}
			b, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			n := bytes.Count(b, []byte("\n"))
			test := strings.HasSuffix(path, "_test.go")
			if !test {
				lines[filepath.Dir(path)] += n
			}
			if n > fileLines && !test {
				t.Errorf("%s has %d lines, more than %d", path, n, fileLines)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for dir, n := range lines {
		if most := max(packageLines, wider[dir]); n > most {
			t.Errorf("%s has %d lines, more than %d", dir, n, most)
		}
	}
	if len(lines) < 30 {
		t.Errorf("only %d packages were looked at", len(lines))
	}
}
