package release

import (
	"net/http"
	"net/url"
	"strings"

	"sportello/app/address"
	"sportello/app/web"
	"sportello/app/web/show"
	"sportello/store"
	"sportello/store/fault"
)

// file is one file of an update.
type file struct {
	ID      uint64 // of one that counts; 0 for the others
	Name    string
	Address string // empty: it is no longer given
	Size    string
	Sum     string
	Instead string // of one that another took the place of: that one's name
}

func filesOf(p *web.Page, r *store.Release, files, superseded []*store.File) []file {
	one := func(f *store.File) file {
		out := file{Name: f.Name, Size: p.Size(f.Size), Sum: f.Sum}
		if r.State != store.ReleaseWithdrawn {
			out.Address = address.ReleaseFile(r.ID, f.Name)
		}
		return out
	}
	var out []file
	for _, f := range files {
		now := one(f)
		now.ID = f.ID
		out = append(out, now)
	}
	for _, f := range superseded {
		old := one(f)
		for _, by := range append(files, superseded...) {
			if by.Instead == f.ID {
				old.Instead = by.Name
			}
		}
		if old.Instead == old.Name {
			old.Address = "" // what is called so now is another
		}
		out = append(out, old)
	}
	return out
}

func (a pages) getFile(r *web.Request) error {
	n, err := r.Number()
	if err != nil {
		return err
	}
	name, err := url.PathUnescape(r.Param("name"))
	if err != nil {
		return fault.New(fault.NotFound, "error.not-found")
	}
	row, body, err := a.Desk.Releases.Open(r.Actor(), n, name)
	if err != nil {
		return err
	}
	if r.Method() == http.MethodGet {
		if err := a.Desk.Releases.Fetched(r.Actor(), row); err != nil {
			_ = body.Close()
			return err
		}
	}
	return r.SendFile(row, body)
}

// sums returns the files as sha256sum reads them: a name that would break its line is escaped, and its line begins with \.
func sums(files []*store.File) string {
	var b strings.Builder
	for _, f := range files {
		name := strings.NewReplacer(`\`, `\\`, "\n", `\n`, "\r", `\r`).Replace(f.Name)
		if name != f.Name {
			b.WriteByte('\\')
		}
		b.WriteString(f.Sum + "  " + name + "\n")
	}
	return b.String()
}

func (a pages) getSums(r *web.Request) error {
	n, err := r.Number()
	if err != nil {
		return err
	}
	one, err := a.Desk.Releases.Read(r.Actor(), n)
	if err != nil {
		return err
	}
	if len(one.Files) == 0 {
		return fault.New(fault.NotFound, "error.not-found")
	}
	return plain(r, "SHA256SUMS", sums(one.Files))
}

func (a pages) getNotes(r *web.Request) error {
	n, err := r.Number()
	if err != nil {
		return err
	}
	one, err := a.Desk.Releases.Read(r.Actor(), n)
	if err != nil {
		return err
	}
	levels, err := a.Desk.Catalogue.Levels()
	if err != nil {
		return err
	}
	p := r.Page("releases.title")
	return plain(r, "", plainText(&p, firstOf(&p, one.Release, one.Modules, levels), one.Release))
}

// plain answers with a text, as a file of the name where it has one.
func plain(r *web.Request, name, text string) error {
	if name != "" {
		r.SetHeader("Content-Disposition", web.DispositionOf("attachment", name))
	}
	r.SetHeader("Content-Type", "text/plain; charset=utf-8")
	r.SetHeader("Cache-Control", "no-store")
	r.SetHeader("X-Content-Type-Options", "nosniff")
	return r.SendString(text)
}

// fetch is one line of who fetched what.
type fetch struct {
	Name, Email, File, Last string
	Times                   string
}

func (a pages) fetches(r *web.Request, p *web.Page, n uint64) ([]fetch, error) {
	list, err := a.Desk.Releases.Downloads(r.Actor(), n)
	var out []fetch
	for _, d := range list {
		out = append(out, fetch{d.Person.Name, d.Person.Email, d.File.Name, p.When(d.Last), show.Joined("", p.Number(d.Times))})
	}
	return out, err
}
