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
		if n > packageLines {
			t.Errorf("%s has %d lines, more than %d", dir, n, packageLines)
		}
	}
	if len(lines) < 30 {
		t.Errorf("only %d packages were looked at", len(lines))
	}
}
