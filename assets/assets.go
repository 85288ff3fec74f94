// Package assets holds everything the desk shows that is not data: templates, style sheets, scripts, sentences. All of
// it is inside the binary.
//
//	layout/   portal, the frame around a page, and those that fill its holes otherwise: home, plain, workbench
//	page/     one template for each page, named as its noun
//	part/     pieces that several pages share, or that scripts fetch
//	css/ js/  what browsers load, under an address that carries the hash of their content
//	mail/     the frame around what the desk sends
//	locale/   the sentences, in files NOUN.it.toml and NOUN.en.toml
//	help/     the built-in help, a file for each topic and language
package assets

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// FS holds the files by the names above.
//
//go:embed css js layout page part mail locale help icon.svg
var FS embed.FS

// StyleSheets are the desk's own sheets in the order in which their layers are declared. They are served as one file.
var StyleSheets = []string{"tokens", "base", "layout", "parts", "portal", "workbench", "queue", "admin", "print"}

// bundle is the name under which all style sheets are served.
const bundle = "css/desk.css"

// Public is what browsers may load, made once from an embedded or, while developing, a real folder.
type Public struct {
	files map[string][]byte
	hash  string
}

// Load reads what browsers may load out of fsys. All files share one hash: scripts import each other by relative
// names, so the folder carries it.
func Load(fsys fs.FS) (*Public, error) {
	p := &Public{files: map[string][]byte{}}
	sum := sha256.New()
	var css []byte
	for _, name := range StyleSheets {
		b, err := fs.ReadFile(fsys, "css/"+name+".css")
		if err != nil {
			return nil, fmt.Errorf("assets: read style sheet: %w", err)
		}
		css = append(css, b...)
	}
	p.files[bundle] = SqueezeCSS(css)
	icon, err := fs.ReadFile(fsys, "icon.svg")
	if err != nil {
		return nil, fmt.Errorf("assets: read icon: %w", err)
	}
	p.files["icon.svg"] = icon
	err = fs.WalkDir(fsys, "js", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path.Ext(name) != ".js" {
			return err
		}
		b, err := fs.ReadFile(fsys, name)
		p.files[name] = SqueezeJS(b)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("assets: read scripts: %w", err)
	}
	for _, name := range p.Names() {
		fmt.Fprintf(sum, "%s %d\n", name, len(p.files[name]))
		sum.Write(p.files[name])
	}
	p.hash = hex.EncodeToString(sum.Sum(nil))[:12]
	return p, nil
}

// Names lists the files, sorted.
func (p *Public) Names() []string {
	names := make([]string, 0, len(p.files))
	for name := range p.files {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// URL returns the address of the file, which changes whenever any of them does.
func (p *Public) URL(name string) string { return "/assets/" + p.hash + "/" + name }

// File returns the bytes and the media type of the file behind an address, and whether there is one. A hash of an
// older release is answered with what is there now, but must then not be kept: current tells.
func (p *Public) File(hash, name string) (b []byte, mediaType string, current, ok bool) {
	b, ok = p.files[name]
	switch {
	case strings.HasSuffix(name, ".css"):
		mediaType = "text/css; charset=utf-8"
	case strings.HasSuffix(name, ".svg"):
		mediaType = "image/svg+xml"
	case strings.HasSuffix(name, ".js"):
		mediaType = "text/javascript; charset=utf-8"
	}
	return b, mediaType, hash == p.hash, ok
}
