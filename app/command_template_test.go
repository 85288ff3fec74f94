package app_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestTemplatesMakeTheRoundThroughFilesWithoutLoss exports the built-in templates, takes them in unchanged, changes one and
// takes it in as another version.
func TestTemplatesMakeTheRoundThroughFilesWithoutLoss(t *testing.T) {
	t.Setenv("LC_ALL", "en_GB.UTF-8")
	dir := t.TempDir()
	data, first, second := filepath.Join(dir, "data"), filepath.Join(dir, "first"), filepath.Join(dir, "second")
	run := func(want string, args ...string) string {
		t.Helper()
		status, out, errOut := commandLine(t, "", append(args, "--data", data)...)
		if status != 0 || lastLine(out) != want {
			t.Fatalf("%v: status %d\n%s\n%s", args, status, out, errOut)
		}
		return errOut
	}
	run("exported 5", "export", "templates", first)
	run("imported 0, updated 5, refused 0", "import", "templates", first)
	run("exported 5", "export", "templates", second)
	files, err := filepath.Glob(filepath.Join(first, "*.toml"))
	if err != nil || len(files) != 5 {
		t.Fatal(files, err)
	}
	for _, path := range files {
		one, err := os.ReadFile(path)
		must(t, err)
		two, err := os.ReadFile(filepath.Join(second, filepath.Base(path)))
		must(t, err)
		if string(one) != string(two) {
			t.Errorf("%s is not the same after the round", filepath.Base(path))
		}
	}
	path := filepath.Join(first, "general.toml")
	raw, err := os.ReadFile(path)
	must(t, err)
	changed := strings.Replace(string(raw), "takes = 1", "takes = 2", 1)
	if changed == string(raw) {
		changed = strings.Replace(string(raw), "takes = 2", "takes = 3", 1)
	}
	must(t, os.WriteFile(path, []byte(changed), 0o600))
	run("imported 0, updated 1, refused 0", "import", "templates", path)
	run("exported 5", "export", "templates", second)
	if two, err := os.ReadFile(filepath.Join(second, "general.toml")); err != nil || string(two) != changed {
		t.Errorf("the change is lost: %v", err)
	}
	must(t, os.WriteFile(path, []byte(strings.Replace(changed, "code = ", "cod = ", 1)), 0o600))
	if errOut := run("imported 0, updated 0, refused 1", "import", "templates", path); !strings.Contains(errOut, "line 1") {
		t.Error(errOut)
	}
}
