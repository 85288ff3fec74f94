package web

import (
	"io"
	"net/http"

	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/adaptor"
)

// Request is one request and its answer: who asks, what they ask for, and what is sent back. It is good for as long as
// its handler runs; what a stream needs of it is taken out before.
type Request struct {
	site *Site
	c    *fiber.Ctx
	V    *Visit // nil until somebody asks who it is
}

// requestKey is where a request of fiber keeps ours.
const requestKey = "request"

// Request returns the Request of fiber's context, the same each time.
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

// Path returns the path of the address as it came, without the query.
func (r *Request) Path() string { return r.c.Path() }

// Address returns path and query as they came.
func (r *Request) Address() string { return r.c.OriginalURL() }

// Param returns what stands in the address at the place of the name, as it came.
func (r *Request) Param(name string) string { return r.c.Params(name) }

// Query returns the first value of the name in the address, or nothing.
func (r *Request) Query(name string) string { return r.c.Query(name) }

// Header returns the value of a header that may come only once, or nothing.
func (r *Request) Header(name string) string { return r.c.Get(name) }

// Cookie returns the value of the browser's cookie, or nothing.
func (r *Request) Cookie(name string) string { return r.c.Cookies(name) }

// SetHeader sets a header of the answer.
func (r *Request) SetHeader(name, value string) { r.c.Set(name, value) }

// SetLocation says where the thing is that was made.
func (r *Request) SetLocation(address string) { r.c.Location(address) }

// Status sets the status of the answer, 200 if nobody does.
func (r *Request) Status(code int) *Request { r.c.Status(code); return r }

// Redirect leads the browser to the address.
func (r *Request) Redirect(address string, code int) error { return r.c.Redirect(address, code) }

// SeeOther leads the browser to the address after an act.
func (r *Request) SeeOther(address string) error { return r.c.Redirect(address, http.StatusSeeOther) }

// JSON answers with the value.
func (r *Request) JSON(v any) error { return r.c.JSON(v) }

// Send answers with the bytes, and SendString with the text.
func (r *Request) Send(b []byte) error { return r.c.Send(b) }

// SendString answers with the text.
func (r *Request) SendString(s string) error { return r.c.SendString(s) }

// SendStream answers with n bytes of the reader, which is closed when they are sent.
func (r *Request) SendStream(from io.Reader, n int) error { return r.c.SendStream(from, n) }

// SendStatus answers with the status alone.
func (r *Request) SendStatus(code int) error { return r.c.SendStatus(code) }

// AnswerBy has a handler of the standard library answer.
func (r *Request) AnswerBy(h http.Handler) error { return adaptor.HTTPHandler(h)(r.c) }
