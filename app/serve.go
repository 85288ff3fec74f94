package app

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"time"

	_ "time/tzdata"

	"sportello/app/listen"
	"sportello/app/watch"
	"sportello/app/web"
)

// Serving describes a server that answers requests.
type Serving struct {
	Address string // what to open in a browser
	SetUp   string // the set-up link, empty once there is an administrator
}

// Run serves until the context ends, then stops in the reverse order of the start: streams, requests, background
// work. It calls ready once, when requests are answered. The caller still has to close the App.
func (a *App) Run(ctx context.Context, ready func(Serving)) error {
	watch.LimitMemory(a.Config.MemoryLimitMB)
	ln, err := net.Listen("tcp", a.Config.Listen)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	serving := Serving{Address: a.Site.Begin(ln.Addr())}
	sparing := listen.New(ln, a.Config.TLSCert != "", a.Log)
	sparing.Most, sparing.MostOf = listen.Most(a.Config.MaxConnections), a.Config.MaxConnectionsPerAddress
	sparing.Trusted = func(addr netip.Addr) bool { return addr.IsLoopback() || a.Site.Trusts(addr) }
	var inner net.Listener = sparing
	if a.Config.TLSCert != "" {
		certs, err := listen.OpenCertificate(a.Config.TLSCert, a.Config.TLSKey, a.Log)
		if err != nil {
			return errors.Join(err, ln.Close())
		}
		inner = listen.TLS{Listener: tls.NewListener(inner, &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: certs.Get})}
	} else if tcp, ok := ln.Addr().(*net.TCPAddr); ok && !tcp.IP.IsLoopback() {
		a.Log.Warn("serving plain http beyond this machine: put a proxy with https in front, or set tls_cert and tls_key", "listen", a.Config.Listen)
	}
	has, err := a.Desk.People.HasAdministrator()
	if err != nil {
		return errors.Join(err, ln.Close())
	}
	if !has {
		serving.SetUp = a.Site.BaseURL() + "/set-up/" + a.Desk.Keeper().NewSetUp()
	}

	redirect, err := a.startRedirect()
	if err != nil {
		return errors.Join(err, ln.Close())
	}
	var beside io.Closer = io.NopCloser(nil)
	if a.Beside != nil {
		if beside, err = a.Beside(a); err != nil {
			return errors.Join(err, redirect.Close(), ln.Close())
		}
	}
	jobsCtx, endJobs := context.WithCancel(context.Background())
	defer endJobs()
	jobsDone := a.jobs().ServeBackground(jobsCtx)
	failed := make(chan error, 1)
	go func() { failed <- a.Site.Serve(inner) }()
	if ready != nil {
		ready(serving)
	}
	a.Log.Info("serving", "address", serving.Address, "listen", ln.Addr().String(), "data", a.Config.DataFolder())

	select {
	case <-ctx.Done():
	case err = <-failed:
		err = fmt.Errorf("app: serve: %w", err)
	}

	a.Log.Info("stopping")
	a.stopping.Store(true)
	a.endLive()
	stop, cancel := context.WithTimeout(context.Background(), stopTime)
	defer cancel()
	if e := a.Site.Shutdown(stop); e != nil {
		a.Log.Warn("requests were cut off", "err", e)
	}
	_ = redirect.Close()
	_ = beside.Close()
	a.endWork()
	endJobs()
	select {
	case <-jobsDone:
	case <-time.After(jobTime):
		a.Log.Warn("background work did not end in time")
	}
	return err
}

// startRedirect redirects plain http to the desk's own address, if the configuration asks for it.
func (a *App) startRedirect() (io.Closer, error) {
	if a.Config.HTTPRedirect == "" {
		return io.NopCloser(nil), nil
	}
	ln, err := net.Listen("tcp", a.Config.HTTPRedirect)
	if err != nil {
		return nil, fmt.Errorf("http_redirect: %w", err)
	}
	base := a.Site.BaseURL()
	s := &http.Server{ReadTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second, MaxHeaderBytes: 16 << 10,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			// The request may not contain a path: "x:@elsewhere" would become a host with ours as its user.
			http.Redirect(w, r, base+web.LocalPath(r.URL.RequestURI()), http.StatusMovedPermanently) // #nosec G710 -- the desk's own address and a path
		})}
	go func() {
		if err := s.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
			a.Log.Error("http_redirect", "err", err)
		}
	}()
	return s, nil
}

// How long stopping may take: running requests get stopTime, background work that ignores its context gets jobTime.
const (
	stopTime = 15 * time.Second
	jobTime  = 5 * time.Second
)
