package app

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

// newServer makes the HTTP face. Each setting closes a trap: strings that change after the handler returned
// (Immutable), bodies and headers without bound, slow peers, headers of proxies believed from anybody.
func (a *App) newServer() *fiber.App {
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
		ReadTimeout:                  cmp.Or(a.cfg.HeadTime, headTime),
		WriteTimeout:                 60 * time.Second,
		IdleTimeout:                  120 * time.Second,
		EnableTrustedProxyCheck:      true,
		TrustedProxies:               a.cfg.TrustedProxies,
		DisableStartupMessage:        true,
		Views:                        a.engine,
		ErrorHandler: func(c *fiber.Ctx, err error) error { // what never reached the middleware: a body too large, a header too long
			listen.Lingers(c.Context().Conn(), true)
			if listen.AsksAPI(c.Context().Conn()) { // fasthttp forgets a request whose head or body it could not read
				c.Locals(apiKey, true)
			}
			a.fail(c, err)
			a.secureHeaders(&c.Response().Header)
			return nil
		},
	})
	f.Server().HeaderReceived = func(h *fasthttp.RequestHeader) fasthttp.RequestConfig {
		if a.announcesTooMuch(h) {
			h.Set(fiber.HeaderExpect, "100-continue") // so that it is answered before anything of the body is waited for
		}
		return fasthttp.RequestConfig{ReadTimeout: a.bodyGrace()} // until the first byte of the body is there
	}
	f.Server().ExpectHandler = func(c *fasthttp.RequestCtx) int {
		if !a.announcesTooMuch(&c.Request.Header) {
			return fasthttp.StatusContinue
		}
		f.Server().Handler(c)
		return c.Response.StatusCode()
	}
	f.Use(a.around)
	a.register(f, a.table)
	f.Use(a.nowhere)
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
				a.failUnrouted(f, c)
			}
			a.secureHeaders(&c.Response.Header)
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
func (a *App) announcesTooMuch(h *fasthttp.RequestHeader) bool {
	n := int64(h.ContentLength())
	if n <= smallBody {
		return false
	}
	if len(h.Cookie(a.cookieName("session"))) == 0 && len(h.Peek(fiber.HeaderAuthorization)) == 0 {
		return true
	}
	return n > a.largest
}

func (a *App) bodyGrace() time.Duration { return cmp.Or(a.cfg.BodyTime, bodyTime) }

// unclearKey marks a request whose head could be read in more than one way.
const unclearKey = "unclear"

// around is what happens before and after every request.
func (a *App) around(c *fiber.Ctx) (err error) {
	began := time.Now()
	a.metrics.running.Inc()
	defer a.metrics.running.Dec()
	func() {
		defer func() {
			if p := recover(); p != nil {
				err = panicked(p)
			}
		}()
		if c.Context().UserValue(unclearKey) != nil {
			err = fiber.ErrBadRequest
			return
		}
		if int64(c.Context().Request.Header.ContentLength()) > a.largest {
			err = errBodyTooLarge
			return
		}
		if folded(c) {
			err = fiber.ErrUnsupportedMediaType
			return
		}
		if !a.sameOrigin(c) {
			err = errCrossOrigin
			return
		}
		err = c.Next()
	}()
	if err != nil {
		a.failSafely(c, err)
	}
	a.secureHeaders(&c.Response().Header)
	compress(c)
	if v, ok := c.Locals(visitKey).(*visit); ok && v.cancel != nil {
		v.cancel()
	}
	took := time.Since(began)
	unread := c.Context().Request.Header.ContentLength() != 0
	if v, ok := c.Locals(visitKey).(*visit); ok && v.body != nil {
		took -= v.body.spent
		unread = !v.body.ended()
		v.body.letGo()
	}
	listen.Lingers(c.Context().Conn(), unread)
	a.note(c, took)
	return nil
}

// folded reports whether the body comes compressed. No browser sends one; fiber would unfold it to whatever size.
func folded(c *fiber.Ctx) bool {
	switch strings.ToLower(c.Get(fiber.HeaderContentEncoding)) {
	case "", "identity":
		return false
	}
	return true
}

// failSafely is fail for errors of fail itself: a panic there must not end the process.
func (a *App) failSafely(c *fiber.Ctx, err error) {
	defer func() {
		if p := recover(); p != nil {
			a.log.Error("error page panicked", "err", panicked(p), "after", err)
			c.Response().ResetBody()
			c.Status(fiber.StatusInternalServerError)
			_ = c.SendString("Errore interno / Internal error")
		}
	}()
	a.fail(c, err)
}

// failUnrouted answers a request under the API that fiber answered by itself.
func (a *App) failUnrouted(f *fiber.App, inner *fasthttp.RequestCtx) {
	c := f.AcquireCtx(inner)
	defer f.ReleaseCtx(c)
	c.Locals(apiKey, true)
	a.failSafely(c, fiber.NewError(inner.Response.StatusCode()))
}

// nowhere answers what no route took: a slash too much leads to the page, an address of the API with another method is
// told which it takes, everything else is not there.
func (a *App) nowhere(c *fiber.Ctx) error {
	if isAPI(c) {
		var takes []string
		for _, r := range a.table {
			if strings.HasPrefix(r.Path, "/api/") && fiber.RoutePatternMatch(c.Path(), r.Path, fiber.Config{StrictRouting: true, CaseSensitive: true}) {
				takes = append(takes, r.Method)
			}
		}
		if len(takes) > 0 {
			c.Set(fiber.HeaderAllow, strings.Join(takes, ", "))
			return fiber.ErrMethodNotAllowed
		}
	}
	if path := c.Path(); c.Method() == fiber.MethodGet && len(path) > 1 && strings.HasSuffix(path, "/") {
		if trimmed := localPath("/" + strings.Trim(path, "/")); trimmed != "/" {
			return c.Redirect(trimmed, fiber.StatusMovedPermanently)
		}
	}
	return fiber.ErrNotFound
}

// note writes the request into the log and the figures.
func (a *App) note(c *fiber.Ctx, took time.Duration) {
	status := c.Response().StatusCode()
	path := routePath(c)
	a.metrics.request(path, c.Method(), status, took)
	level := slog.LevelInfo
	quiet := strings.HasPrefix(path, "/assets") || path == "/healthz" || path == "/readyz" || path == "/metrics" || strings.HasSuffix(path, "/presence")
	if quiet && status < 500 {
		level = slog.LevelDebug
	}
	if !a.log.Enabled(c.Context(), level) {
		return
	}
	attrs := []slog.Attr{slog.String("method", c.Method()), slog.String("route", path), slog.Int("status", status),
		slog.Duration("took", took.Round(10*time.Microsecond)), slog.String("from", a.clientIP(c).String())}
	if n, known := answerSize(c.Response()); known {
		attrs = append(attrs, slog.Int("bytes", n))
	}
	if v, ok := c.Locals(visitKey).(*visit); ok {
		attrs = append(attrs, slog.Uint64("person", v.actor.ID()))
		if n := c.Params("n"); n != "" && v.route != nil && !v.route.Secret {
			attrs = append(attrs, slog.String("n", n))
		}
	}
	a.log.LogAttrs(c.Context(), level, "request", attrs...)
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

// policy is what pages may load and do. Scripts make no HTML out of strings but through the one rule named here.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; font-src 'none'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types fragment"

// secureHeaders adds the headers that keep browsers from doing more than they should. A handler that set its own
// policy, as that of a file, keeps it.
func (a *App) secureHeaders(h *fasthttp.ResponseHeader) {
	if len(h.Peek(fiber.HeaderContentSecurityPolicy)) == 0 {
		h.Set(fiber.HeaderContentSecurityPolicy, policy)
	}
	h.Set(fiber.HeaderXContentTypeOptions, "nosniff")
	if len(h.Peek(fiber.HeaderReferrerPolicy)) == 0 {
		h.Set(fiber.HeaderReferrerPolicy, "same-origin")
	}
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set(fiber.HeaderPermissionsPolicy, "camera=(), geolocation=(), microphone=(), payment=(), usb=(), interest-cohort=()")
	if a.secure {
		h.Set(fiber.HeaderStrictTransportSecurity, "max-age=31536000")
	}
	if len(h.Peek(fiber.HeaderCacheControl)) == 0 {
		h.Set(fiber.HeaderCacheControl, "no-store")
	}
}

// compressible answers are text that is worth the work; streams and files pass.
func compress(c *fiber.Ctx) {
	r := c.Response()
	if r.IsBodyStream() || len(r.Header.Peek(fiber.HeaderContentEncoding)) > 0 || len(r.Body()) < 1024 {
		return
	}
	switch kind, _, _ := strings.Cut(string(r.Header.ContentType()), ";"); kind {
	case "text/html", "application/json", "application/problem+json", "text/plain", "text/css":
	default:
		return
	}
	r.Header.Add(fiber.HeaderVary, fiber.HeaderAcceptEncoding)
	switch bestEncoding(said(c, fiber.HeaderAcceptEncoding)) {
	case "br":
		r.SetBodyRaw(fasthttp.AppendBrotliBytesLevel(nil, r.Body(), 3))
		r.Header.Set(fiber.HeaderContentEncoding, "br")
	case "gzip":
		r.SetBodyRaw(fasthttp.AppendGzipBytesLevel(nil, r.Body(), 4))
		r.Header.Set(fiber.HeaderContentEncoding, "gzip")
	}
}

// bestEncoding returns br, gzip or nothing by what the browser accepts; a quality of 0 refuses.
func bestEncoding(accepted string) string {
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

// clientIP returns the address the request comes from: the peer's, or, when the peer is a trusted proxy, the last
// address of X-Forwarded-For that no trusted proxy has. What stands further left anybody could have written.
func (a *App) clientIP(c *fiber.Ctx) netip.Addr {
	return clientAddress(peer(c), said(c, fiber.HeaderXForwardedFor), a.proxies)
}

func peer(c *fiber.Ctx) netip.Addr {
	ap, err := netip.ParseAddrPort(c.Context().RemoteAddr().String())
	if err != nil {
		return netip.Addr{}
	}
	return ap.Addr().Unmap()
}

func clientAddress(peer netip.Addr, forwarded string, proxies []netip.Prefix) netip.Addr {
	if !within(peer, proxies) {
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
		if !within(last, proxies) {
			return last
		}
	}
	return last
}

func within(addr netip.Addr, prefixes []netip.Prefix) bool {
	for _, p := range prefixes {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}

// isLocal reports whether the request may see figures and details: it comes from a named address, and did not pass a
// proxy that is not named.
func (a *App) isLocal(c *fiber.Ctx) bool {
	switch forwarded := hasLine(c, fiber.HeaderXForwardedFor); {
	case (forwarded || hasLine(c, "Forwarded")) && !within(peer(c), a.proxies):
		return false
	case !forwarded && hasLine(c, "Forwarded"): // it came from elsewhere, and we do not read from where
		return false
	}
	return within(a.clientIP(c), a.locals)
}
