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
	"sportello/store/db"
)

// Site serves the desk to browsers and programs: every page and every answer of the API uses it. A room has one and
// makes its routes with it.
type Site struct {
	Config  config.Config
	Log     *slog.Logger
	Store   *db.Store
	Index   *search.Index
	Desk    *desk.Desk
	Words   *words.Dictionary
	Watch   *watch.Watch
	Metrics *watch.Metrics

	Work     context.Context // ends when the time for running requests is over
	Live     context.Context // ends first: streams
	Stopping *atomic.Bool

	// What the rooms do for the kernel; set before the site opens.
	AskToSignIn func(*Request) error                // answers a person who must sign in
	Frame       func(*Request, *Page) error         // puts a page into the frame of whoever reads it
	TicketAgain func(*Request, uint64) (any, error) // the API's document of a ticket that an earlier identical call made

	Engine   *engine
	Public   *assets.Public
	packed   packed
	Routes   []Route
	Fiber    *fiber.App
	Proxies  []netip.Prefix
	locals   []netip.Prefix
	Origin   string // scheme and host of base_url
	Secure   bool   // people use https
	csrfKey  []byte
	room     room
	largest  int64    // bytes of the largest body that any route takes, those of kept aside
	kept     []*Route // routes that keep files of their own size
	underWay underWay
}

// Open prepares the engine, the routes and the server.
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
	if s.Engine, err = NewEngine(fsys, s.Words, s.Config.Trial.Reload != ""); err != nil {
		return err
	}
	s.Engine.twice = s.Config.Trial.Twice
	s.Metrics = watch.NewMetrics(s.Watch)
	s.Routes = routes
	for i := range s.Routes {
		if s.Routes[i].Keep != nil {
			s.kept = append(s.kept, &s.Routes[i])
			continue
		}
		s.largest = max(s.largest, s.Routes[i].most(s))
	}
	s.Fiber = s.Server()
	return nil
}

// Begin records the address on which the desk is served, for a desk without base_url, and returns the address to open
// in a browser.
func (s *Site) Begin(addr net.Addr) string {
	served := s.address(addr)
	if s.Origin == "" {
		s.Origin, s.Secure = served, strings.HasPrefix(served, "https:")
	}
	return served
}

// Trusts reports whether the address is a configured proxy, whose forwarding headers are believed.
func (s *Site) Trusts(addr netip.Addr) bool { return Within(addr, s.Proxies) }

// Serve answers the requests of the listener until Shutdown.
func (s *Site) Serve(ln net.Listener) error { return s.Fiber.Listener(ln) }

// Shutdown accepts no more requests and returns when the running ones are answered or the context ends.
func (s *Site) Shutdown(ctx context.Context) error { return s.Fiber.ShutdownWithContext(ctx) }

// address returns the address that people open for the listener's address; a wildcard address becomes localhost.
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

// BaseURL returns the address of the desk as people write it, without a trailing slash.
func (s *Site) BaseURL() string {
	if s.Config.BaseURL != "" {
		return strings.TrimRight(s.Config.BaseURL, "/")
	}
	return s.Origin
}
