package web

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/gofiber/fiber/v2"
)

// SendSame answers with the bytes under a tag that is made of them: programs that have them already are told so, and get
// nothing.
func (r *Request) SendSame(mediaType string, b []byte) error {
	sum := sha256.Sum256(b)
	tag := `"` + hex.EncodeToString(sum[:16]) + `"`
	r.c.Set(fiber.HeaderETag, tag)
	if tagListed(r.said(fiber.HeaderIfNoneMatch), tag) {
		r.c.Status(fiber.StatusNotModified)
		return nil
	}
	r.c.Set(fiber.HeaderContentType, mediaType)
	return r.c.Send(b)
}
