package web

import (
	"sync"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"sportello/store/fault"
)

// packed keeps the compressed forms of one file that browsers load. Each form is made when it is first requested.
type packed struct {
	mu    sync.Mutex
	forms map[string][]byte
}

func (p *packed) form(encoding, name string, raw []byte) []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	key := encoding + " " + name
	if b, ok := p.forms[key]; ok {
		return b
	}
	var b []byte
	if encoding == "br" {
		b = fasthttp.AppendBrotliBytesLevel(nil, raw, 9)
	} else {
		b = fasthttp.AppendGzipBytesLevel(nil, raw, 9)
	}
	if p.forms == nil {
		p.forms = map[string][]byte{}
	}
	p.forms[key] = b
	return b
}

// GetAsset answers with a style sheet or script. The address contains the hash of the content, so browsers may cache it
// for ever. A request with an older hash gets the current content, which may not be cached.
func (s *Site) GetAsset(r *Request) error {
	name := r.c.Params("*")
	b, mediaType, current, ok := s.Public.File(r.c.Params("hash"), name)
	if !ok {
		return fault.New(fault.NotFound, "error.not-found")
	}
	if current && s.Config.Trial.Reload == "" {
		r.c.Set(fiber.HeaderCacheControl, "public, max-age=31536000, immutable")
	} else {
		r.c.Set(fiber.HeaderCacheControl, "no-cache")
	}
	r.c.Set(fiber.HeaderContentType, mediaType)
	r.c.Set(fiber.HeaderVary, fiber.HeaderAcceptEncoding)
	encoding := BestEncoding(r.said(fiber.HeaderAcceptEncoding))
	if encoding == "" {
		r.c.Response().SetBodyRaw(b)
		return nil
	}
	r.c.Set(fiber.HeaderContentEncoding, encoding)
	r.c.Response().SetBodyRaw(s.packed.form(encoding, name, b))
	return nil
}
