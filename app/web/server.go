package web

import (
	"cmp"
	"log/slog"
	"net/netip"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"sportello/app/listen"
)

// Server makes the HTTP face. Each setting closes a trap: strings that change after the handler returned
// (Immutable), bodies and headers without bound, slow peers, headers of proxies believed from anybody.
func (s *Site) Server() *fiber.App {
	f := fiber.New(fiber.Config{
		AppName:                      "sportello",
		Immutable:                    true,
		StrictRouting:                true,
		CaseSensitive:                true,
		UnescapePath:                 false,
		StreamRequestBody:            true,
		BodyLimit:                    1, // all else is a stream, which the routes read: see body.go
		DisablePreParseMultipartForm: true,
		ReadBufferSize:               16 << 10,
		ReadTimeout:                  cmp.Or(s.Config.HeadTime, headTime),
		WriteTimeout:                 60 * time.Second,
		IdleTimeout:                  120 * time.Second,
		EnableTrustedProxyCheck:      true,
		TrustedProxies:               s.Config.TrustedProxies,
		DisableStartupMessage:        true,
		Views:                        s.Engine,
		ErrorHandler: func(c *fiber.Ctx, err error) error { // what never reached the middleware: a body too large, a header too long
			listen.Lingers(c.Context().Conn(), true)
			if listen.AsksAPI(c.Context().Conn()) { // fasthttp forgets a request whose head or body it could not read
				c.Locals(apiKey, true)
			}
			s.Request(c).fail(err)
			s.secureHeaders(&c.Response().Header)
			return nil
		},
	})
	f.Server().HeaderReceived = func(h *fasthttp.RequestHeader) fasthttp.RequestConfig {
		if s.announcesTooMuch(h) {
			h.Set(fiber.HeaderExpect, "100-continue") // so that it is answered before anything of the body is waited for
		}
		return fasthttp.RequestConfig{ReadTimeout: s.bodyGrace()} // until the first byte of the body is there
	}
	f.Server().ExpectHandler = func(c *fasthttp.RequestCtx) int {
		if !s.announcesTooMuch(&c.Request.Header) {
			return fasthttp.StatusContinue
		}
		f.Server().Handler(c)
		return c.Response.StatusCode()
	}
	f.Use(func(c *fiber.Ctx) error { return s.Request(c).around() })
	s.register(f, s.Routes)
	f.Use(func(c *fiber.Ctx) error { return s.Request(c).nowhere() })
	inner := f.Handler()
	f.Server().Handler = func(c *fasthttp.RequestCtx) {
		if !clearHead(&c.Request.Header) {
			c.SetUserValue(unclearKey, true)
			c.SetConnectionClose() // what follows may be no request
		}
		done := listen.Works(c.Conn())
		inner(c)
		done()
		if len(c.Response.Header.Peek(fiber.HeaderContentSecurityPolicy)) == 0 { // fiber's own answer to a method that is none
			if path := string(c.Path()); listen.IsAPIPath(path) {
				s.failUnrouted(f, c)
			}
			s.secureHeaders(&c.Response.Header)
		}
	}
	return f
}

// What a client may take its time for. Who says the header of a request drop by drop holds nothing but a connection,
// and that not for long; a file on a slow line takes as long as it is, if it comes at the least speed.
const (
	headTime = 15 * time.Second
	bodyTime = 15 * time.Second // before the first byte of a body, and between two
)

// announcesTooMuch reports whether the head alone says that no route takes the body: it is larger than any takes, or
// than any takes from somebody who does not even try to say who they are.
func (s *Site) announcesTooMuch(h *fasthttp.RequestHeader) bool {
	n := int64(h.ContentLength())
	if n <= SmallBody {
		return false
	}
	if len(h.Cookie(s.CookieName("session"))) == 0 && len(h.Peek(fiber.HeaderAuthorization)) == 0 {
		return true
	}
	return n > s.largest
}

func (s *Site) bodyGrace() time.Duration { return cmp.Or(s.Config.BodyTime, bodyTime) }

// unclearKey marks a request whose head could be read in more than one way.
const unclearKey = "unclear"

// around is what happens before and after every request.
func (r *Request) around() (err error) {
	began := time.Now()
	r.site.Metrics.Running.Inc()
	defer r.site.Metrics.Running.Dec()
	func() {
		defer func() {
			if p := recover(); p != nil {
				err = Panicked(p)
			}
		}()
		if r.c.Context().UserValue(unclearKey) != nil {
			err = fiber.ErrBadRequest
			return
		}
		if int64(r.c.Context().Request.Header.ContentLength()) > r.site.largest {
			err = errBodyTooLarge
			return
		}
		if r.folded() {
			err = fiber.ErrUnsupportedMediaType
			return
		}
		if !r.sameOrigin() {
			err = errCrossOrigin
			return
		}
		err = r.c.Next()
	}()
	if err != nil {
		r.failSafely(err)
	}
	r.site.secureHeaders(&r.c.Response().Header)
	r.compress()
	if v := r.V; v != nil && v.cancel != nil {
		v.cancel()
	}
	took := time.Since(began)
	unread := r.c.Context().Request.Header.ContentLength() != 0
	if v := r.V; v != nil && v.Body != nil {
		took -= v.Body.spent
		unread = !v.Body.Ended()
		v.Body.letGo()
	}
	listen.Lingers(r.c.Context().Conn(), unread)
	r.note(took)
	return nil
}

// folded reports whether the body comes compressed. No browser sends one; fiber would unfold it to whatever size.
func (r *Request) folded() bool {
	switch strings.ToLower(r.c.Get(fiber.HeaderContentEncoding)) {
	case "", "identity":
		return false
	}
	return true
}

// failSafely is fail for errors of fail itself: a panic there must not end the process.
func (r *Request) failSafely(err error) {
	defer func() {
		if p := recover(); p != nil {
			r.site.Log.Error("error page panicked", "err", Panicked(p), "after", err)
			r.c.Response().ResetBody()
			r.c.Status(fiber.StatusInternalServerError)
			_ = r.c.SendString("Errore interno / Internal error")
		}
	}()
	r.fail(err)
}

// failUnrouted answers a request under the API that fiber answered by itself.
func (s *Site) failUnrouted(f *fiber.App, inner *fasthttp.RequestCtx) {
	c := f.AcquireCtx(inner)
	defer f.ReleaseCtx(c)
	c.Locals(apiKey, true)
	s.Request(c).failSafely(fiber.NewError(inner.Response.StatusCode()))
}

// nowhere answers what no route took: a slash too much leads to the page, an address of the API with another method is
// told which it takes, everything else is not there.
func (r *Request) nowhere() error {
	if r.isAPI() {
		var takes []string
		for _, to := range r.site.Routes {
			if strings.HasPrefix(to.Path, "/api/") && fiber.RoutePatternMatch(r.c.Path(), to.Path, fiber.Config{StrictRouting: true, CaseSensitive: true}) {
				takes = append(takes, to.Method)
			}
		}
		if len(takes) > 0 {
			r.c.Set(fiber.HeaderAllow, strings.Join(takes, ", "))
			return fiber.ErrMethodNotAllowed
		}
	}
	if path := r.c.Path(); r.c.Method() == fiber.MethodGet && len(path) > 1 && strings.HasSuffix(path, "/") {
		if trimmed := LocalPath("/" + strings.Trim(path, "/")); trimmed != "/" {
			return r.c.Redirect(trimmed, fiber.StatusMovedPermanently)
		}
	}
	return fiber.ErrNotFound
}

// note writes the request into the log and the figures.
func (r *Request) note(took time.Duration) {
	status := r.c.Response().StatusCode()
	path := r.routePath()
	r.site.Metrics.Request(path, r.c.Method(), status, took)
	level := slog.LevelInfo
	quiet := strings.HasPrefix(path, "/assets") || path == "/healthz" || path == "/readyz" || path == "/metrics" || strings.HasSuffix(path, "/presence")
	if quiet && status < 500 {
		level = slog.LevelDebug
	}
	if !r.site.Log.Enabled(r.c.Context(), level) {
		return
	}
	attrs := []slog.Attr{slog.String("method", r.c.Method()), slog.String("route", path), slog.Int("status", status),
		slog.Duration("took", took.Round(10*time.Microsecond)), slog.String("from", r.ClientIP().String())}
	if n, known := answerSize(r.c.Response()); known {
		attrs = append(attrs, slog.Int("bytes", n))
	}
	if v := r.V; v != nil {
		attrs = append(attrs, slog.Uint64("person", v.Actor.ID()))
		if n := r.c.Params("n"); n != "" && v.Route != nil && !v.Route.Secret {
			attrs = append(attrs, slog.String("n", n))
		}
	}
	r.site.Log.LogAttrs(r.c.Context(), level, "request", attrs...)
}

// answerSize is how many bytes the answer's body has, if that is known. A stream is not looked into: it would be read
// to its end before anything of it is sent.
func answerSize(r *fasthttp.Response) (n int, known bool) {
	if r.IsBodyStream() {
		n = r.Header.ContentLength()
		return n, n >= 0
	}
	return len(r.Body()), true
}

// Policy is what pages may load and do. Scripts make no HTML out of strings but through the one rule named here.
const Policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; font-src 'none'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types fragment"

// secureHeaders adds the headers that keep browsers from doing more than they should. A handler that set its own
// policy, as that of a file, keeps it.
func (s *Site) secureHeaders(h *fasthttp.ResponseHeader) {
	if len(h.Peek(fiber.HeaderContentSecurityPolicy)) == 0 {
		h.Set(fiber.HeaderContentSecurityPolicy, Policy)
	}
	h.Set(fiber.HeaderXContentTypeOptions, "nosniff")
	if len(h.Peek(fiber.HeaderReferrerPolicy)) == 0 {
		h.Set(fiber.HeaderReferrerPolicy, "same-origin")
	}
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set(fiber.HeaderPermissionsPolicy, "camera=(), geolocation=(), microphone=(), payment=(), usb=(), interest-cohort=()")
	if s.Secure {
		h.Set(fiber.HeaderStrictTransportSecurity, "max-age=31536000")
	}
	if len(h.Peek(fiber.HeaderCacheControl)) == 0 {
		h.Set(fiber.HeaderCacheControl, "no-store")
	}
}

// compress encodes the answer as the browser accepts it, if it is text that is worth the work; streams and files pass.
func (r *Request) compress() {
	answer := r.c.Response()
	if answer.IsBodyStream() || len(answer.Header.Peek(fiber.HeaderContentEncoding)) > 0 || len(answer.Body()) < 1024 {
		return
	}
	switch kind, _, _ := strings.Cut(string(answer.Header.ContentType()), ";"); kind {
	case "text/html", "application/json", "application/problem+json", "text/plain", "text/css":
	default:
		return
	}
	answer.Header.Add(fiber.HeaderVary, fiber.HeaderAcceptEncoding)
	switch BestEncoding(r.said(fiber.HeaderAcceptEncoding)) {
	case "br":
		answer.SetBodyRaw(fasthttp.AppendBrotliBytesLevel(nil, answer.Body(), 3))
		answer.Header.Set(fiber.HeaderContentEncoding, "br")
	case "gzip":
		answer.SetBodyRaw(fasthttp.AppendGzipBytesLevel(nil, answer.Body(), 4))
		answer.Header.Set(fiber.HeaderContentEncoding, "gzip")
	}
}

// BestEncoding returns br, gzip or nothing by what the browser accepts; a quality of 0 refuses.
func BestEncoding(accepted string) string {
	best := ""
	for _, part := range strings.Split(accepted, ",") {
		name, q, _ := strings.Cut(strings.TrimSpace(part), ";")
		if q = strings.ReplaceAll(q, " ", ""); q == "q=0" || q == "q=0.0" || q == "q=0.00" || q == "q=0.000" {
			continue
		}
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "br":
			best = "br"
		case "gzip":
			if best == "" {
				best = "gzip"
			}
		}
	}
	return best
}

// ClientIP returns the address the request comes from: the peer's, or, when the peer is a trusted proxy, the last
// address of X-Forwarded-For that no trusted proxy has. What stands further left anybody could have written.
func (r *Request) ClientIP() netip.Addr {
	return ClientAddress(r.peer(), r.said(fiber.HeaderXForwardedFor), r.site.Proxies)
}

func (r *Request) peer() netip.Addr {
	ap, err := netip.ParseAddrPort(r.c.Context().RemoteAddr().String())
	if err != nil {
		return netip.Addr{}
	}
	return ap.Addr().Unmap()
}

// ClientAddress returns the address that a request comes from: that of the peer, or what trusted proxies say of it.
func ClientAddress(peer netip.Addr, forwarded string, proxies []netip.Prefix) netip.Addr {
	if !Within(peer, proxies) {
		return peer
	}
	hops := strings.Split(forwarded, ",")
	last := peer
	for i := len(hops) - 1; i >= 0; i-- {
		hop := strings.TrimSpace(hops[i])
		if hop == "" {
			continue
		}
		if ap, err := netip.ParseAddrPort(hop); err == nil {
			hop = ap.Addr().String()
		}
		addr, err := netip.ParseAddr(strings.Trim(hop, "[]"))
		if err != nil {
			return last
		}
		last = addr.Unmap()
		if !Within(last, proxies) {
			return last
		}
	}
	return last
}

// Within reports whether the address lies in one of the networks.
func Within(addr netip.Addr, prefixes []netip.Prefix) bool {
	for _, p := range prefixes {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}

// IsLocal reports whether the request may see figures and details: it comes from a named address, and did not pass a
// proxy that is not named.
func (r *Request) IsLocal() bool {
	switch forwarded := r.hasLine(fiber.HeaderXForwardedFor); {
	case (forwarded || r.hasLine("Forwarded")) && !Within(r.peer(), r.site.Proxies):
		return false
	case !forwarded && r.hasLine("Forwarded"): // it came from elsewhere, and we do not read from where
		return false
	}
	return Within(r.ClientIP(), r.site.locals)
}
