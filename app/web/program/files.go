package program

import (
	"io"
	"mime"
	"strings"

	"sportello/app/web"
	"sportello/store"
	"sportello/store/fault"
)

// Files returns the files that a request brings, kept as they came. The body is multipart/form-data with parts named file,
// kept as the route says; or it is the file itself, with its name in ?name= or in Content-Disposition, which keep keeps. It
// returns Invalid "error.required" at "file" when there is none.
func Files(r *web.Request, keep func(r *web.Request, name string, body io.Reader) (*store.File, error)) ([]*store.File, error) {
	var kept []*store.File
	body := r.Visit().Body
	if strings.HasPrefix(strings.ToLower(r.Header("Content-Type")), "multipart/form-data") {
		p, err := r.ReadForm(r.Visit().Route)
		if err != nil {
			return nil, err
		}
		if p.Unreadable {
			return nil, fault.New(fault.Invalid, "error.form-unreadable")
		}
		for _, u := range p.Uploads["file"] {
			if u.Err != nil {
				return nil, u.Err
			}
			kept = append(kept, u.Row)
		}
	} else if name := fileName(r); !body.Ended() || name != "" {
		f, err := keep(r, name, body)
		if err := web.CmpErr(body, err); err != nil {
			return nil, err
		}
		kept = append(kept, f)
	}
	if len(kept) == 0 {
		return nil, fault.New(fault.Invalid, "error.required").At("file")
	}
	return kept, nil
}

// fileName returns what a body that is a file is called: by ?name=, else by its Content-Disposition.
func fileName(r *web.Request) string {
	name := r.QueryForm().Raw("name")
	if _, params, err := mime.ParseMediaType(r.Header("Content-Disposition")); err == nil && name == "" {
		name = params["filename"]
	}
	return name
}
