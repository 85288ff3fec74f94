package web

import (
	"io"
	"net/http"

	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/adaptor"
)

// Request is one request and its answer. It is valid only while its handler runs; a stream must copy what it needs
// before.
type Request struct {
	site *Site
	c    *fiber.Ctx
	V    *Visit // nil until the sender is asked for
}

// requestKey is the key under which fiber's context holds our Request.
const requestKey = "request"

// Request returns the Request of fiber's context; each call returns the same one.
func (s *Site) Request(c *fiber.Ctx) *Request {
	if r, ok := c.Locals(requestKey).(*Request); ok {
		return r
	}
	r := &Request{site: s, c: c}
	c.Locals(requestKey, r)
	return r
}

// Method returns the method of the request.
func (r *Request) Method() string { return r.c.Method() }

// Path returns the path of the address unchanged, without the query.
func (r *Request) Path() string { return r.c.Path() }

// Address returns path and query unchanged.
func (r *Request) Address() string { return r.c.OriginalURL() }

// Param returns the named parameter of the route's path, unchanged.
func (r *Request) Param(name string) string { return r.c.Params(name) }

// Query returns the first value of the name in the query, or an empty string.
func (r *Request) Query(name string) string { return r.c.Query(name) }

// Header returns the value of a header that may occur only once, or an empty string.
func (r *Request) Header(name string) string { return r.c.Get(name) }

// Cookie returns the value of the named cookie, or an empty string.
func (r *Request) Cookie(name string) string { return r.c.Cookies(name) }

// SetHeader sets a header of the response.
func (r *Request) SetHeader(name, value string) { r.c.Set(name, value) }

// SetLocation sets the address of what was created.
func (r *Request) SetLocation(address string) { r.c.Location(address) }

// Status sets the status of the response; it is 200 otherwise.
func (r *Request) Status(code int) *Request { r.c.Status(code); return r }

// Redirect sends the browser to the address with the given status.
func (r *Request) Redirect(address string, code int) error { return r.c.Redirect(address, code) }

// SeeOther sends the browser to the address after an act.
func (r *Request) SeeOther(address string) error { return r.c.Redirect(address, http.StatusSeeOther) }

// JSON answers with the value as JSON.
func (r *Request) JSON(v any) error { return r.c.JSON(v) }

// Send answers with the bytes.
func (r *Request) Send(b []byte) error { return r.c.Send(b) }

// SendString answers with the text.
func (r *Request) SendString(s string) error { return r.c.SendString(s) }

// SendStream answers with n bytes of the reader and closes it afterwards.
func (r *Request) SendStream(from io.Reader, n int) error { return r.c.SendStream(from, n) }

// SendStatus answers with the status and no content.
func (r *Request) SendStatus(code int) error { return r.c.SendStatus(code) }

// AnswerBy answers with a handler of the standard library.
func (r *Request) AnswerBy(h http.Handler) error { return adaptor.HTTPHandler(h)(r.c) }
