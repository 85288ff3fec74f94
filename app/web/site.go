// Package web is one request and its answer. It is the only importer of fiber and fasthttp: rooms below it answer with
// Request, Page and Form.
//
//	site.go      Site: what every room stands on, opened and served
//	routes.go    Route, for whom it is; server.go: what surrounds each request; errors.go: what errors become
//	request.go   Request; session.go: who asks, in which language; body.go, head.go: what they sent
//	page.go      Page; form.go, engine.go, settle.go: how pages are made
//	once.go      acts that happen once; confirm.go: acts that ask who one is
package web

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"

	"github.com/gofiber/fiber/v2"

	"sportello/app/config"
	"sportello/app/desk"
	"sportello/app/watch"
	"sportello/app/words"
	"sportello/assets"
	"sportello/search"
	"sportello/store"
)

// Site is the desk's face to browsers and programs: what every page and every answer of the API stands on. A room has
// one, and makes its routes of it.
type Site struct {
	Config  config.Config
	Log     *slog.Logger
	Store   *store.Store
	Index   *search.Index
	Desk    *desk.Desk
	Words   *words.Dictionary
	Watch   *watch.Watch
	Metrics *watch.Metrics

	Work     context.Context // ends when requests have had their time
	Live     context.Context // ends first: streams
	Stopping *atomic.Bool

	// What a room does for the kernel; set before the site opens.
	AskToSignIn func(*Request) error                // answers somebody who has to sign in
	TicketAgain func(*Request, uint64) (any, error) // the API's document of a ticket that was made by the same call before

	Engine   *engine
	Public   *assets.Public
	packed   packed
	Routes   []Route
	Fiber    *fiber.App
	Proxies  []netip.Prefix
	locals   []netip.Prefix
	Origin   string // scheme and host of base_url
	Secure   bool   // people come by https
	csrfKey  []byte
	audible  audible
	room     room
	largest  int64 // bytes that any route takes
	underWay underWay
}

// Open makes what stands between the desk and the browser.
func (s *Site) Open(fsys fs.FS, routes []Route) error {
	secret, err := s.Store.SecretKey()
	if err != nil {
		return err
	}
	m := hmac.New(sha256.New, secret)
	m.Write([]byte("csrf 1"))
	s.csrfKey = m.Sum(nil)
	m.Reset()
	m.Write([]byte("known browsers 1"))
	s.Desk.Keeper().KnowBrowsersBy(m.Sum(nil))
	for _, network := range s.Config.TrustedProxies {
		p, err := config.ParsePrefix(network)
		if err != nil {
			return fmt.Errorf("app: read trusted_proxies: %w", err)
		}
		s.Proxies = append(s.Proxies, p)
	}
	for _, network := range s.Config.LocalAddresses {
		p, err := config.ParsePrefix(network)
		if err != nil {
			return fmt.Errorf("app: read local_addresses: %w", err)
		}
		s.locals = append(s.locals, p)
	}
	if u, err := url.Parse(s.Config.BaseURL); err == nil && u.Host != "" {
		s.Origin = u.Scheme + "://" + u.Host
		s.Secure = u.Scheme == "https"
	}
	if s.Public, err = assets.Load(fsys); err != nil {
		return err
	}
	if s.Engine, err = NewEngine(fsys, s.Words, s.Config.Reload != ""); err != nil {
		return err
	}
	s.Metrics = watch.NewMetrics(s.Watch)
	s.Routes = routes
	for i := range s.Routes {
		s.largest = max(s.largest, s.Routes[i].most(s))
	}
	s.Fiber = s.Server()
	return nil
}

// Begin notes where the desk is served, for a desk whose base_url is not set, and returns what to open in a browser.
func (s *Site) Begin(addr net.Addr) string {
	served := s.address(addr)
	if s.Origin == "" {
		s.Origin, s.Secure = served, strings.HasPrefix(served, "https:")
	}
	return served
}

// Trusts reports whether what the address says of others is believed: it is a proxy of the configuration.
func (s *Site) Trusts(addr netip.Addr) bool { return Within(addr, s.Proxies) }

// Serve answers the requests of the listener until Shutdown.
func (s *Site) Serve(ln net.Listener) error { return s.Fiber.Listener(ln) }

// Shutdown takes no more requests and returns when those that run are answered, or the context ends.
func (s *Site) Shutdown(ctx context.Context) error { return s.Fiber.ShutdownWithContext(ctx) }

// address is what people open for the listener's address; an address that stands for all becomes the local host.
func (s *Site) address(addr net.Addr) string {
	scheme := "http"
	if s.Config.TLSCert != "" {
		scheme = "https"
	}
	host := addr.String()
	if tcp, ok := addr.(*net.TCPAddr); ok && tcp.IP.IsUnspecified() {
		host = net.JoinHostPort("localhost", fmt.Sprint(tcp.Port))
	}
	return scheme + "://" + host
}

// BaseURL is the address of the desk as people write it, without a slash at its end.
func (s *Site) BaseURL() string {
	if s.Config.BaseURL != "" {
		return strings.TrimRight(s.Config.BaseURL, "/")
	}
	return s.Origin
}
