package app

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
	"os"
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
	cfg     config.Config
	log     *slog.Logger
	st      *store.Store
	ix      *search.Index
	desk    *desk.Desk
	words   *words.Dictionary
	watch   *watch.Watch
	metrics *watch.Metrics

	work     context.Context // ends when requests have had their time
	live     context.Context // ends first: streams
	stopping atomic.Bool

	// What a room does for the kernel; set before the site opens.
	askToSignIn func(*Request) error                // answers somebody who has to sign in
	ticketAgain func(*Request, uint64) (any, error) // the API's document of a ticket that was made by the same call before

	engine   *engine
	public   *assets.Public
	packed   packed
	table    []route
	fiber    *fiber.App
	proxies  []netip.Prefix
	locals   []netip.Prefix
	origin   string // scheme and host of base_url
	secure   bool   // people come by https
	csrfKey  []byte
	audible  audible
	room     room
	largest  int64 // bytes that any route takes
	underWay underWay
}

// open makes what stands between the desk and the browser.
func (s *Site) open(routes []route) error {
	secret, err := s.st.SecretKey()
	if err != nil {
		return err
	}
	m := hmac.New(sha256.New, secret)
	m.Write([]byte("csrf 1"))
	s.csrfKey = m.Sum(nil)
	m.Reset()
	m.Write([]byte("known browsers 1"))
	s.desk.Keeper().KnowBrowsersBy(m.Sum(nil))
	for _, network := range s.cfg.TrustedProxies {
		p, err := config.ParsePrefix(network)
		if err != nil {
			return fmt.Errorf("app: read trusted_proxies: %w", err)
		}
		s.proxies = append(s.proxies, p)
	}
	for _, network := range s.cfg.LocalAddresses {
		p, err := config.ParsePrefix(network)
		if err != nil {
			return fmt.Errorf("app: read local_addresses: %w", err)
		}
		s.locals = append(s.locals, p)
	}
	if u, err := url.Parse(s.cfg.BaseURL); err == nil && u.Host != "" {
		s.origin = u.Scheme + "://" + u.Host
		s.secure = u.Scheme == "https"
	}
	var fsys fs.FS = assets.FS
	if s.cfg.Reload != "" {
		fsys = os.DirFS(s.cfg.Reload)
	}
	if s.words, err = words.Load(fsys, s.log); err != nil {
		return err
	}
	if s.public, err = assets.Load(fsys); err != nil {
		return err
	}
	if s.engine, err = newEngine(fsys, s.words, s.cfg.Reload != ""); err != nil {
		return err
	}
	s.metrics = watch.NewMetrics(s.watch)
	s.table = routes
	for i := range s.table {
		s.largest = max(s.largest, s.table[i].most(s))
	}
	s.fiber = s.newServer()
	return nil
}

// address is what people open for the listener's address; an address that stands for all becomes the local host.
func (s *Site) address(addr net.Addr) string {
	scheme := "http"
	if s.cfg.TLSCert != "" {
		scheme = "https"
	}
	host := addr.String()
	if tcp, ok := addr.(*net.TCPAddr); ok && tcp.IP.IsUnspecified() {
		host = net.JoinHostPort("localhost", fmt.Sprint(tcp.Port))
	}
	return scheme + "://" + host
}

// baseURL is the address of the desk as people write it, without a slash at its end.
func (s *Site) baseURL() string {
	if s.cfg.BaseURL != "" {
		return strings.TrimRight(s.cfg.BaseURL, "/")
	}
	return s.origin
}
