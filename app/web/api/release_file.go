package api

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"sportello/app/desk/release"
	"sportello/app/web"
	"sportello/app/web/program"
	"sportello/store"
	"sportello/store/fault"
)

// apiReleaseFile is a file of a release.
type apiReleaseFile struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
	Type   string `json:"type"`
	URL    string `json:"url"`
}

type apiReleaseFiles struct {
	Number uint64           `json:"number"` // of the release
	Files  []apiReleaseFile `json:"files"`
}

func releaseFiles(release uint64, files []*store.File) []apiReleaseFile {
	out := []apiReleaseFile{}
	for _, f := range files {
		out = append(out, apiReleaseFile{Name: f.Name, Size: f.Size, SHA256: f.Sum, Type: f.Type, URL: releaseAddress(release) + "/files/" + url.PathEscape(f.Name)})
	}
	return out
}

// keepReleaseFile keeps a part of a form as a file of the release of the address, as its bytes come.
func (a pages) keepReleaseFile(r *web.Request, name string, body io.Reader) (*store.File, error) {
	v, err := a.release(r, mayWrite)
	if err != nil {
		return nil, err
	}
	var instead uint64
	if other := r.QueryForm().Raw("instead"); other != "" {
		for _, f := range v.Files {
			if f.Name == other {
				instead = f.ID
			}
		}
		if instead == 0 {
			return nil, fault.New(fault.Invalid, "error.file-gone").At("instead")
		}
	}
	return a.Desk.Releases.Attach(r.Actor(), v.Release.ID, name, instead, body)
}

// apiAttachRelease keeps files of a release. The body is multipart/form-data with parts named file, each of which is kept
// when it has come; or it is the file itself, with ?name=. The bytes go to the disk as they come.
func (a pages) apiAttachRelease(r *web.Request) error {
	v, err := a.release(r, mayWrite)
	if err != nil {
		return err
	}
	kept, err := program.Files(r, a.keepReleaseFile)
	if err != nil {
		return err
	}
	out := apiReleaseFiles{Number: v.Release.ID, Files: releaseFiles(v.Release.ID, kept)}
	r.Status(http.StatusCreated)
	r.SetLocation(out.Files[0].URL)
	return r.JSON(out)
}

// apiReleaseFile gives a file of a release, or the part of it that was asked for, and writes down who fetched it.
func (a pages) apiReleaseFile(r *web.Request) error {
	number, err := r.NumberOf("number")
	if err != nil {
		return err
	}
	name, err := codeOf(r, "name")
	if err != nil {
		return err
	}
	f, body, err := a.Desk.Releases.Open(r.Actor(), number, name)
	if err != nil {
		return err
	}
	if r.Method() == http.MethodGet {
		if err := a.Desk.Releases.Fetched(r.Actor(), f); err != nil {
			_ = body.Close()
			return err
		}
	}
	return r.SendFile(f, body)
}

// apiReleaseSums gives the sums of the files of a release as sha256sum writes and checks them.
func (a pages) apiReleaseSums(r *web.Request) error {
	v, err := a.release(r, nil)
	if err != nil {
		return err
	}
	if v.Release.State == store.ReleaseWithdrawn {
		return fault.New(fault.Conflict, "error.release-withdrawn")
	}
	var out strings.Builder
	for _, f := range v.Files {
		mark, name := "", f.Name
		if strings.ContainsAny(name, "\\\n\r") {
			mark, name = `\`, strings.NewReplacer(`\`, `\\`, "\n", `\n`, "\r", `\r`).Replace(name)
		}
		fmt.Fprintf(&out, "%s%s  %s\n", mark, f.Sum, name)
	}
	r.SetHeader("Content-Type", "text/plain; charset=utf-8")
	r.SetHeader("Content-Disposition", web.DispositionOf("attachment", "SHA256SUMS"))
	return r.SendString(out.String())
}

// apiDetachRelease takes a file away from a draft.
func (a pages) apiDetachRelease(r *web.Request) error {
	v, err := a.release(r, func(v *release.View) bool { return v.MayWrite })
	if err != nil {
		return err
	}
	name, err := codeOf(r, "name")
	if err != nil {
		return err
	}
	for _, f := range v.Files {
		if f.Name != name {
			continue
		}
		if err := a.Desk.Releases.Detach(r.Actor(), v.Release.ID, f.ID); err != nil {
			return err
		}
		return r.SendStatus(http.StatusNoContent)
	}
	return fault.New(fault.NotFound, "error.not-found")
}
