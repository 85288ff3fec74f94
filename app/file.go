package app

import (
	"strconv"

	"github.com/gofiber/fiber/v2"

	"sportello/store"
)

// getFile answers with an attachment, or with the part of it that was asked for. The media type is the one its content
// was found to have when it came. The tag is made of the file's own number: nothing tells whether two files are alike.
func (a *App) getFile(c *fiber.Ctx) error {
	id, err := strconv.ParseUint(c.Params("n"), 10, 64)
	if err != nil {
		return store.Fail(store.NotFound, "error.not-found")
	}
	row, f, err := a.desk.OpenFile(a.actor(c), id)
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderCacheControl, "private, no-cache") // asked again each time: rights change
	return sendFile(c, row, f)
}
