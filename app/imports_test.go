package app

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// forbidden are the edges that the shape of the house rules out. from and to are packages, or beginnings that end
// with /; only names the packages that may do it all the same.
var forbidden = []struct {
	from, to string
	only     []string
	why      string
}{
	{"sportello/", "sportello/app", []string{"sportello"}, "nothing but main imports the process: what others need of it belongs into a package of its own"},
	{"sportello/store", "sportello/", nil, "the types and their durability stand on nothing of ours"},
	{"sportello/search", "sportello/app/desk", nil, "search answers questions of text; who may ask is the desk's to say"},
	{"sportello/app/desk", "net/http", nil, "the desk knows no HTTP: mail and command line use it too"},
	{"sportello/", "go.etcd.io/bbolt", []string{"sportello/store"}, "rows are reached through typed tables alone, so that no index is forgotten"},
	{"sportello/", "github.com/blevesearch/bleve/v2", []string{"sportello/search"}, "the index is a cache that only search may make, follow and throw away"},
	{"sportello/", "github.com/gofiber/", []string{"sportello/app/web"}, "one face to HTTP"},
	{"sportello/", "github.com/valyala/fasthttp", []string{"sportello/app/web"}, "one face to HTTP"},
	{"sportello/", "github.com/knadh/koanf/", []string{"sportello/app/config"}, "the configuration is read once; packages get their own part of it"},
	{"sportello/", "github.com/spf13/cobra", []string{"sportello/app"}, "the command line is a face of the process"},
	{"sportello/app/markup", "sportello/", nil, "a leaf: text in, text out"},
	{"sportello/app/extract", "sportello/", nil, "a leaf: bytes in, text out"},
	{"sportello/app/backup", "sportello/app/desk", nil, "a backup copies rows and files, whatever they mean"},
	{"sportello/", "filippo.io/age", []string{"sportello/app", "sportello/app/backup", "sportello/app/config"}, "only backups are encrypted"},
	{"sportello/app/worktime", "sportello/", nil, "a leaf: times in, times out"},
	{"sportello/app/mail", "sportello/", nil, "a leaf: a message in, what it says out"},
	{"sportello/app/mail/transport", "sportello/", nil, "a leaf: bytes in, bytes out"},
	{"sportello/app/credential", "sportello/app/", nil, "credentials stand on the store alone"},
	{"sportello/assets", "sportello/", nil, "files have no opinion"},
	{"sportello/", "C", nil, "the release is one static binary"},
}

type listedPackage struct {
	ImportPath string
	Imports    []string
	Standard   bool
}

func matches(name, pattern string) bool {
	return name == pattern || strings.HasSuffix(pattern, "/") && strings.HasPrefix(name, pattern)
}

func TestPackagesImportOnlyDownwards(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "-json=ImportPath,Imports,Standard", "sportello/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	ours := 0
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listedPackage
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if p.Standard || p.ImportPath != "sportello" && !strings.HasPrefix(p.ImportPath, "sportello/") {
			continue
		}
		ours++
		for _, to := range p.Imports {
			for _, rule := range forbidden {
				if matches(p.ImportPath+"/", rule.from) || matches(p.ImportPath, rule.from) {
					if matches(to, rule.to) && !slices.Contains(rule.only, p.ImportPath) && to != p.ImportPath {
						t.Errorf("%s imports %s: %s", p.ImportPath, to, rule.why)
					}
				}
			}
		}
	}
	if ours < 6 {
		t.Errorf("only %d packages of ours were looked at", ours)
	}
}
