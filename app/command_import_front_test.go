package app_test

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sportello/app/address"
	"sportello/app/desk/policy"
	"sportello/store"
	"sportello/store/db"
)

// TestFrontMatterIsTakenOrNamed: what stands above a page is taken or named, one by one; what is no front matter is
// text.
func TestFrontMatterIsTakenOrNamed(t *testing.T) {
	for name, c := range map[string]struct {
		page, title string
		labels      []string
		body        string // is there
		gone        string // is not
		named       []string
	}{
		"YAML":                         {"---\ntitle: Il cedolino\nlabels: [stipendi, \"buste paga\"]\n---\nTesto.\n", "Il cedolino", []string{"stipendi", "buste paga"}, "Testo.", "labels", nil},
		"YAML of Windows, with a mark": {"\ufeff---\r\ntitle: Il cedolino\r\ntags:\r\n  - stipendi\r\n---\r\nTesto.\r\n", "Il cedolino", []string{"stipendi"}, "Testo.", "tags", nil},
		"TOML":                         {"+++\ntitle = 'Il cedolino'\ntags = ['stipendi']\nweight = 3\n+++\nTesto.\n", "Il cedolino", []string{"stipendi"}, "Testo.", "+++", []string{"weight"}},
		"words with commas":            {"---\ntitle: Il cedolino\nkeywords: stipendi, paghe ,\n---\nTesto.\n", "Il cedolino", []string{"stipendi", "paghe"}, "Testo.", "keywords", nil},
		"ended by dots":                {"---\ntitle: Il cedolino\n...\nTesto.\n", "Il cedolino", nil, "Testo.", "title", nil},
		"a title as well as a heading": {"---\ntitle: Il cedolino\n---\n# Il cedolino\n\nTesto.\n", "Il cedolino", nil, "Testo.", "# Il", nil},
		"another heading stays":        {"---\ntitle: Il cedolino\n---\n# Come si stampa\n\nTesto.\n", "Il cedolino", nil, "# Come si stampa", "title", nil},
		"no title":                     {"---\nlabels: x\n---\n# Il cedolino\n\nTesto.\n", "Il cedolino", []string{"x"}, "Testo.", "labels", nil},
		"names that nothing has":       {"---\ntitle: Il cedolino\nlayout: page\nauthor: {name: Ada}\ndate: 2024-01-02\n---\nTesto.\n", "Il cedolino", nil, "Testo.", "layout", []string{"author", "date", "layout"}},
		"a line across the page":       {"---\nTesto: così.\n", "", nil, "Testo: così.", "", nil},
		"no list of names":             {"---\nsolo parole\n---\nTesto.\n", "", nil, "solo parole", "", []string{"---"}},
		"that cannot be read":          {"---\ntitle: [aperta\n---\nTesto.\n", "", nil, "title: [aperta", "", []string{"---"}},
		"empty":                        {"---\n---\n# Il cedolino\n\nTesto.\n", "Il cedolino", nil, "Testo.", "---", nil},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			must(t, os.WriteFile(filepath.Join(dir, "pagina.md"), []byte(c.page), 0o600))
			data := filepath.Join(t.TempDir(), "data")
			status, out, errOut := commandLine(t, "", "import", "articles", dir, "--language", "it", "--data", data)
			if status != 0 || lastLine(out) != "imported 1, updated 0, refused 0" {
				t.Fatalf("status %d\n%s\n%s", status, out, errOut)
			}
			for _, n := range c.named {
				if !strings.Contains(errOut, fmt.Sprintf("pagina.md %q: ", n)) {
					t.Errorf("%s is not named: %s", n, errOut)
				}
			}
			if len(c.named) == 0 && strings.Contains(errOut, "pagina.md") {
				t.Errorf("something is named: %s", errOut)
			}
			st := openStore(t, data)
			must(t, st.View(func(tx *db.Tx) error {
				v, err := store.Versions.Get(tx, store.Versions.Last(tx))
				must(t, err)
				if c.title != "" && v.Title != c.title || !slices.Equal(v.Labels, c.labels) || !strings.Contains(v.Body, c.body) || c.gone != "" && strings.Contains(v.Body, c.gone) {
					t.Errorf("%q, labels %q: %q", v.Title, v.Labels, v.Body)
				}
				return nil
			}))
		})
	}
}

// TestAFolderBringsItsPicturesAndNamesWhatIsLost: pictures of a folder come along with their page, once however
// often it is imported; links lead to the articles that pages have become; what does not come along is named, and so
// is a place that a page does not have.
func TestAFolderBringsItsPicturesAndNamesWhatIsLost(t *testing.T) {
	d := newTestDesk(t)
	dir := t.TempDir()
	put := func(name string, content []byte) {
		must(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700))
		must(t, os.WriteFile(filepath.Join(dir, name), content, 0o600))
	}
	var pictures [2]bytes.Buffer
	for i := range pictures {
		must(t, png.Encode(&pictures[i], image.NewGray(image.Rect(0, 0, 4+i, 4))))
	}
	put("img/uno.png", pictures[0].Bytes())
	put("img/due con spazio.png", pictures[1].Bytes())
	put("img/finta.png", []byte("<script>alert(1)</script>"))
	put("note.md", []byte("# Le note\n\n![Figura uno](img/uno.png \"Titolo\") e ![](img/uno.png) e ![finta](img/finta.png) e ![fuori](../../etc/passwd) e ![rete](https://x.example/a.png)\n\n"+
		"[la guida](guida.html#secondo), [un altro punto](guida.html#manca), [qui](#parte), [niente](manca.md)\n\n## Parte\n\n```\n![codice](img/uno.png)\n```\n"))
	put("guida.html", []byte(`<html><body><h1>La guida</h1><p><img src="img/uno.png" alt="prima" onerror="alert(1)"> <img src="img/due%20con%20spazio.png" alt="seconda"> <img src="img/manca.png" alt="terza"></p><h2>Secondo</h2><p>Testo. <a href="note.md">note</a></p></body></html>`))
	run := func(want string) string {
		status, out, errOut := commandLine(t, "", "import", "articles", dir, "--language", "it", "--audience", "public", "--data", d.app.Config.DataFolder())
		if status != 0 || lastLine(out) != want {
			t.Fatalf("status %d\n%s\n%s", status, out, errOut)
		}
		return errOut
	}
	said := run("imported 2, updated 0, refused 0")
	for _, want := range []string{`note.md "img/finta.png"`, `note.md "../../etc/passwd"`, `note.md "https://x.example/a.png"`, `note.md "manca.md"`, `guida.html "img/manca.png"`, `note.md "guida#s-manca"`} {
		if !strings.Contains(said, want) {
			t.Errorf("%s is not named in\n%s", want, said)
		}
	}
	for _, not := range []string{"#s-secondo", "#s-parte", "uno.png", "spazio.png"} {
		if strings.Contains(said, not) {
			t.Errorf("%s is named in\n%s", not, said)
		}
	}
	look := func() (bodies [2]string) {
		files := 0
		for i, slug := range []string{"note", "guida"} {
			v, err := d.app.Desk.Articles.Read(policy.Actor{}, slug, "it")
			must(t, err)
			bodies[i] = v.Version.Body
			files += len(v.Files)
			b := d.browser()
			for _, f := range v.Files {
				got := b.get(address.File(f.ID))
				if got.status != 200 || !strings.HasPrefix(got.header.Get("Content-Type"), "image/png") {
					t.Errorf("%s: %d", f.Name, got.status)
				}
				if !strings.Contains(v.Version.Body, address.File(f.ID)) || !strings.Contains(b.get("/articles/"+slug).body, `src="`+address.File(f.ID)+`"`) {
					t.Errorf("%s does not show %s: %s", slug, f.Name, v.Version.Body)
				}
			}
		}
		if files != 3 {
			t.Errorf("%d pictures", files)
		}
		return bodies
	}
	first := look()
	for _, want := range []string{"[la guida](/articles/guida#s-secondo)", "[qui](/articles/note#s-parte)", "![codice](img/uno.png)", "finta", "niente,"} {
		if want != "niente," && !strings.Contains(first[0], want) {
			t.Errorf("%q is not in %s", want, first[0])
		}
	}
	for _, not := range []string{"picture-", "passwd", "x.example", "onerror", "manca.md"} {
		if strings.Contains(first[0]+first[1], not) {
			t.Errorf("%q is in %s", not, first)
		}
	}
	run("imported 0, updated 2, refused 0")
	if again := look(); again != first {
		t.Errorf("a second run made %q of %q", again, first)
	}
}
