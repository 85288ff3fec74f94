package ticket

import (
	"sportello/app/web"
)

// getFile answers with an attachment, or with the part of it that was asked for. The media type is the one its content
// was found to have when it came. The tag is made of the file's own number: nothing tells whether two files are alike.
func (a pages) getFile(r *web.Request) error {
	id, err := r.Number()
	if err != nil {
		return err
	}
	row, f, err := a.Desk.Files.Open(r.Actor(), id)
	if err != nil {
		return err
	}
	r.SetHeader("Cache-Control", "private, no-cache") // asked again each time: rights change
	return r.SendFile(row, f)
}
