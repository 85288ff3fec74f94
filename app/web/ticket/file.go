package ticket

import (
	"sportello/app/web"
)

// getFile answers with an attachment, or with the requested part of it. The media type is the one detected when the
// file was stored. The tag is the file's number, so that nothing reveals whether two files have the same content.
func (a pages) getFile(r *web.Request) error {
	id, err := r.Number()
	if err != nil {
		return err
	}
	row, f, err := a.Desk.Files.Open(r.Actor(), id)
	if err != nil {
		return err
	}
	r.SetHeader("Cache-Control", "private, no-cache") // the browser asks again each time, because rights change
	return r.SendFile(row, f)
}
