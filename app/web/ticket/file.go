package ticket

import (
	"strconv"

	"sportello/app/web"
	"sportello/store"
)

// getFile answers with an attachment, or with the part of it that was asked for. The media type is the one its content
// was found to have when it came. The tag is made of the file's own number: nothing tells whether two files are alike.
func (a pages) getFile(r *web.Request) error {
	id, err := strconv.ParseUint(r.Param("n"), 10, 64)
	if err != nil {
		return store.Fail(store.NotFound, "error.not-found")
	}
	row, f, err := a.Desk.OpenFile(r.Actor(), id)
	if err != nil {
		return err
	}
	r.SetHeader("Cache-Control", "private, no-cache") // asked again each time: rights change
	return r.SendFile(row, f)
}
