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

// Server returns the HTTP server. Each setting closes a trap: strings that change after the handler returned
// (Immutable), bodies and headers without limit, slow peers, trusting proxy headers from any peer.
func (s *Site) Server() *fiber.App {
	f := fiber.New(fiber.Config{
		AppName:                      "sportello",
		Immutable:                    true,
		StrictRouting:                true,
		CaseSensitive:                true,
		UnescapePath:                 false,
		StreamRequestBody:            true,
		BodyLimit:                    1, // longer bodies are streams, which the routes read: see body.go
		DisablePreParseMultipartForm: true,
		ReadBufferSize:               16 << 10,
		ReadTimeout:                  cmp.Or(s.Config.Trial.HeadTime, headTime),
		WriteTimeout:                 60 * time.Second,
		IdleTimeout:                  120 * time.Second,
		EnableTrustedProxyCheck:      true,
		TrustedProxies:               s.Config.TrustedProxies,
		DisableStartupMessage:        true,
		Views:                        s.Engine,
		ErrorHandler: func(c *fiber.Ctx, err error) error { // errors before the middleware: a body too large, a header too long
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
			h.Set(fiber.HeaderExpect, "100-continue") // so that it is answered before the server waits for the body
		}
		return fasthttp.RequestConfig{ReadTimeout: s.bodyGrace()} // until the first byte of the body has arrived
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
			c.SetConnectionClose() // the bytes that follow may not be a request
		}
		done := listen.Works(c.Conn())
		inner(c)
		done()
		if len(c.Response.Header.Peek(fiber.HeaderContentSecurityPolicy)) == 0 { // fiber's own answer to an unknown method
			if path := string(c.Path()); listen.IsAPIPath(path) {
				s.failUnrouted(f, c)
			}
			s.secureHeaders(&c.Response.Header)
		}
	}
	return f
}

// Timeouts for clients. A client that sends its header drop by drop occupies only a connection, and not for long. A
// file on a slow line may take as long as it needs, if it keeps the lowest accepted speed.
const (
	headTime = 15 * time.Second
	bodyTime = 15 * time.Second // before the first byte of a body, and between two
)

// announcesTooMuch reports whether the head alone shows that no route takes the body: it exceeds the largest limit, or
// the limit for clients that present no credentials.
func (s *Site) announcesTooMuch(h *fasthttp.RequestHeader) bool {
	n := int64(h.ContentLength())
	if n <= SmallBody {
		return false
	}
	if len(h.Cookie(s.CookieName("session"))) == 0 && len(h.Peek(fiber.HeaderAuthorization)) == 0 {
		return true
	}
	path, _, _ := strings.Cut(string(h.RequestURI()), "?")
	return n > s.longest(path)
}

// longest returns the bytes of the largest body that the path takes: what any route takes, or what is kept there.
func (s *Site) longest(path string) int64 {
	for _, r := range s.kept {
		if fiber.RoutePatternMatch(path, r.Path) {
			return r.most(s)
		}
	}
	return s.largest
}

func (s *Site) bodyGrace() time.Duration { return cmp.Or(s.Config.Trial.BodyTime, bodyTime) }

// unclearKey marks a request whose head can be read in more than one way.
const unclearKey = "unclear"

// around runs before and after every request.
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
		if int64(r.c.Context().Request.Header.ContentLength()) > r.site.longest(r.c.Path()) {
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

// folded reports whether the body is compressed. No browser sends such a body, and fiber would unpack it without limit.
func (r *Request) folded() bool {
	switch strings.ToLower(r.c.Get(fiber.HeaderContentEncoding)) {
	case "", "identity":
		return false
	}
	return true
}

// failSafely calls fail and recovers its panics, which must not end the process.
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

// failUnrouted replaces an answer that fiber gave itself to a request under /api.
func (s *Site) failUnrouted(f *fiber.App, inner *fasthttp.RequestCtx) {
	c := f.AcquireCtx(inner)
	defer f.ReleaseCtx(c)
	c.Locals(apiKey, true)
	s.Request(c).failSafely(fiber.NewError(inner.Response.StatusCode()))
}

// nowhere answers a request that no route took: a surplus slash redirects to the page, a wrong method of the API gets
// the allowed ones, everything else is not found.
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

// note writes the request to the log and the metrics.
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

// answerSize returns the bytes of the response's body, if known. The size of a stream is not: finding it out would read
// the stream to its end before any of it is sent.
func answerSize(r *fasthttp.Response) (n int, known bool) {
	if r.IsBodyStream() {
		n = r.Header.ContentLength()
		return n, n >= 0
	}
	return len(r.Body()), true
}

// Policy says what pages may load and do. Scripts may create HTML from strings only through the one rule named here.
const Policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; font-src 'none'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types fragment"

// secureHeaders adds the headers that restrict what browsers do. It keeps a policy that the handler set, such as that
// of a file.
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

// ClientIP returns the address of the client: the peer's or, when the peer is a trusted proxy, the last address of
// X-Forwarded-For that is not a trusted proxy. Anyone could have written the addresses further left.
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

// ClientAddress returns the address of the client: the peer's, or the one that trusted proxies report.
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

// Within reports whether the address is in one of the networks.
func Within(addr netip.Addr, prefixes []netip.Prefix) bool {
	for _, p := range prefixes {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}

// IsLocal reports whether the request may see metrics and details: it comes from a configured address and did not pass
// an unknown proxy.
func (r *Request) IsLocal() bool {
	switch forwarded := r.hasLine(fiber.HeaderXForwardedFor); {
	case (forwarded || r.hasLine("Forwarded")) && !Within(r.peer(), r.site.Proxies):
		return false
	case !forwarded && r.hasLine("Forwarded"): // it passed a proxy whose header we do not read
		return false
	}
	return Within(r.ClientIP(), r.site.locals)
}
