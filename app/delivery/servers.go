package delivery

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"

	"sportello/app/config"
	"sportello/app/desk/post"
	"sportello/app/mail/transport"
	"sportello/store"
	"sportello/store/fault"
	"sportello/store/spelling"
)

// Mail servers are set in the configuration or entered by administrators. The configuration has priority: an entered server
// is not used while the configuration has a server for outgoing mail, or a mailbox with the same address. Changes of entered
// servers take effect without a restart.

// outgoing is the current server for outgoing mail.
type outgoing struct {
	sender *transport.Sender
	signer *transport.Signer
	from   string
	attach int64  // limit for attached files in bytes
	row    uint64 // number and revision of the entered row, 0 for the configuration
	rev    uint64
	stop   func()
	ended  chan struct{} // closed when its job has ended
}

// inbox is a mailbox whose mail is fetched.
type inbox struct {
	inner *transport.Inbox
	row   uint64
	rev   uint64
	stop  func()
	ended chan struct{} // closed when its job has ended

	mu    sync.Mutex
	state transport.InboxState
}

// box is a mailbox, fetched or delivered.
type box struct {
	post.Mailbox
	row      uint64 // 0 for the configuration
	inbox    *inbox // nil for a mailbox that is not fetched
	unusable error  // why the entered mailbox cannot be used
}

// fileInbox returns the inbox of a configured mailbox, nil if it is not fetched.
func (d *Delivery) fileInbox(m config.Mailbox) (*inbox, error) {
	if m.Host == "" {
		return nil, nil
	}
	pool, err := config.Roots(m.CAFile)
	if err != nil {
		return nil, fmt.Errorf("app: read ca_file of %s: %w", m.Address, err)
	}
	return &inbox{ended: make(chan struct{}), inner: &transport.Inbox{Clock: d.Desk.Now, Name: spelling.Address(m.Address), Host: m.Host, Port: m.Port, TLS: m.TLS, Plain: m.AllowPlain, User: m.User,
		Password: config.Secret(m.Password, m.PasswordFile), OAuth: oauthOf(m.OAuthTokenURL, m.OAuthClientID, m.OAuthSecretFile, m.OAuthRefreshFile, m.OAuthScope),
		Folder: m.Folder, After: m.After, MoveTo: m.MoveTo, Roots: pool, MaxMessage: int64(d.Config.Mail.MaxMessageMB) << 20}}, nil
}

// fileOutgoing returns the configured server for outgoing mail, nil if there is none.
func (d *Delivery) fileOutgoing() (*outgoing, error) {
	s := d.Config.SMTP
	if s.Host == "" {
		return nil, nil
	}
	pool, err := config.Roots(s.CAFile)
	if err != nil {
		return nil, fmt.Errorf("app: read smtp.ca_file: %w", err)
	}
	out := &outgoing{from: s.From, attach: int64(s.AttachMB) << 20, ended: make(chan struct{}),
		sender: &transport.Sender{Host: s.Host, Port: s.Port, TLS: s.TLS, Plain: s.AllowPlain, User: s.User, Password: config.Secret(s.Password, s.PasswordFile),
			OAuth: oauthOf(s.OAuthTokenURL, s.OAuthClientID, s.OAuthSecretFile, s.OAuthRefreshFile, s.OAuthScope), HELO: d.helo(s.HELO), Roots: pool}}
	if s.DKIMDomain != "" {
		pem, err := os.ReadFile(s.DKIMKeyFile)
		if err != nil {
			return nil, fmt.Errorf("app: read smtp.dkim_key_file: %w", err)
		}
		if out.signer, err = transport.NewSigner(s.DKIMDomain, s.DKIMSelector, pem); err != nil {
			return nil, fmt.Errorf("app: read smtp.dkim_key_file: %w", err)
		}
	}
	return out, nil
}

// helo returns the name that the desk uses in HELO.
func (d *Delivery) helo(chosen string) string {
	if u, err := url.Parse(d.Config.BaseURL); err == nil && chosen == "" {
		return u.Hostname()
	}
	return chosen
}

func oauthOf(tokenURL, client, secretFile, refreshFile, scope string) *transport.OAuth {
	if tokenURL == "" {
		return nil
	}
	o := &transport.OAuth{TokenURL: tokenURL, ClientID: client}
	if secretFile != "" {
		o.Secret = config.Secret("", secretFile)
	}
	if refreshFile != "" {
		o.Refresh = config.Secret("", refreshFile)
	}
	if scope != "" {
		o.Scopes = strings.Fields(scope)
	}
	return o
}

// opening returns a function that opens the secret when it is needed, nil if there is none.
func (d *Delivery) opening(field string, s store.Secret) func() (string, error) {
	if !s.Is() {
		return nil
	}
	return func() (string, error) { return d.Desk.Post.OpenSecret(field, s) }
}

func (d *Delivery) enteredOAuth(m *store.MailServer) *transport.OAuth {
	o := oauthOf(m.OAuthURL, m.OAuthClient, "", "", m.OAuthScope)
	if o != nil {
		o.Secret, o.Refresh = d.opening("oauth-secret", m.OAuthSecret), d.opening("refresh-secret", m.OAuthRefresh)
	}
	return o
}

// enteredRoots returns the certificates of the system with the entered ones, or nil for those of the system alone.
func enteredRoots(authority string) (*x509.CertPool, error) {
	if authority == "" {
		return nil, nil
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool() // some machines have none
	}
	if !pool.AppendCertsFromPEM([]byte(authority)) {
		return nil, errors.New("delivery: no certificate (PEM) was entered")
	}
	return pool, nil
}

func (d *Delivery) enteredInbox(m *store.MailServer) (*inbox, error) {
	if m.Host == "" {
		return nil, nil
	}
	pool, err := enteredRoots(m.Authority)
	if err != nil {
		return nil, err
	}
	return &inbox{row: m.ID, rev: m.Rev, ended: make(chan struct{}), inner: &transport.Inbox{Clock: d.Desk.Now, Name: m.Address, Host: m.Host, Port: m.Port, TLS: m.TLS, Plain: m.Plain, User: m.User,
		Password: d.opening("password", m.Password), OAuth: d.enteredOAuth(m), Folder: m.Folder, After: m.After, MoveTo: m.MoveTo, Roots: pool,
		MaxMessage: int64(d.Config.Mail.MaxMessageMB) << 20}}, nil
}

func (d *Delivery) enteredOutgoing(m *store.MailServer) (*outgoing, error) {
	pool, err := enteredRoots(m.Authority)
	if err != nil {
		return nil, err
	}
	out := &outgoing{row: m.ID, rev: m.Rev, from: m.Address, attach: int64(m.AttachMB) << 20, ended: make(chan struct{}),
		sender: &transport.Sender{Host: m.Host, Port: m.Port, TLS: m.TLS, Plain: m.Plain, User: m.User, Password: d.opening("password", m.Password), OAuth: d.enteredOAuth(m),
			HELO: d.helo(m.HELO), Roots: pool}}
	if m.DKIMDomain != "" {
		key, err := d.Desk.Post.OpenSecret("dkim-secret", m.DKIMKey)
		if err != nil {
			return nil, err
		}
		if out.signer, err = transport.NewSigner(m.DKIMDomain, m.DKIMSelector, []byte(key)); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// readFile prepares the servers of the configuration.
func (d *Delivery) readFile() error {
	out, err := d.fileOutgoing()
	if err != nil {
		return err
	}
	d.out = out
	for _, m := range d.Config.Mailboxes {
		in, err := d.fileInbox(m)
		if err != nil {
			return err
		}
		d.boxes = append(d.boxes, &box{Mailbox: post.Mailbox{Address: spelling.Address(m.Address), Group: m.Group, Module: m.Module, Who: m.Who, Domains: m.Domains}, inbox: in})
	}
	return nil
}

// readEntered reads the entered mail servers and passes them to the desk. It stops the jobs of removed or changed servers
// and starts those of new ones.
func (d *Delivery) readEntered() error {
	d.entering.Lock()
	defer d.entering.Unlock()
	rows, err := d.Desk.Post.EnteredServers()
	if err != nil {
		return err
	}
	d.mu.Lock()
	was, wasOut := d.boxes, d.out
	var boxes []*box
	for _, b := range was {
		if b.row == 0 {
			boxes = append(boxes, b)
		}
	}
	out := wasOut
	if out != nil && out.row != 0 {
		out = nil
	}
	d.outUnusable = nil
	for _, m := range rows {
		switch {
		case m.Out && out != nil, !m.Out && slices.ContainsFunc(boxes, func(b *box) bool { return b.Address == m.Address }):
		case m.Out:
			if wasOut != nil && wasOut.row == m.ID && wasOut.rev == m.Rev {
				out = wasOut
			} else if out, d.outUnusable = d.enteredOutgoing(m); d.outUnusable != nil {
				d.Log.Warn("the outgoing server that was entered cannot be used", "err", d.outUnusable)
			}
		default:
			b := &box{row: m.ID, Mailbox: post.Mailbox{Address: m.Address, Group: m.Group, Module: m.Module, Who: m.Who, Domains: m.Domains}}
			if i := slices.IndexFunc(was, func(o *box) bool { return o.row == m.ID && o.inbox != nil && o.inbox.rev == m.Rev }); i >= 0 {
				b.inbox = was[i].inbox
			} else if b.inbox, b.unusable = d.enteredInbox(m); b.unusable != nil {
				d.Log.Warn("a mailbox that was entered cannot be used", "mailbox", m.Address, "err", b.unusable)
			}
			boxes = append(boxes, b)
		}
	}
	d.boxes, d.out = boxes, out
	if out != wasOut {
		d.sendErr = nil
	}
	d.mu.Unlock()
	o := d.options
	if out != nil {
		o.From = out.from
	}
	for _, b := range boxes {
		o.Mailboxes = append(o.Mailboxes, b.Mailbox)
	}
	d.Desk.Post.SetMail(o)
	d.run(was, wasOut, boxes, out)
	return nil
}

// run stops the jobs of removed servers and starts those of new ones. Before Jobs it does nothing.
func (d *Delivery) run(was []*box, wasOut *outgoing, boxes []*box, out *outgoing) {
	if d.add == nil {
		return
	}
	before := map[string]chan struct{}{}
	for _, b := range was {
		if b.inbox == nil || b.inbox.stop == nil || slices.ContainsFunc(boxes, func(n *box) bool { return n.inbox == b.inbox }) {
			continue
		}
		b.inbox.stop()
		before[b.Address] = b.inbox.ended
	}
	for _, b := range boxes {
		if b.inbox != nil && b.inbox.stop == nil {
			d.begin(b.inbox, before[b.Address])
		}
	}
	var sent chan struct{}
	if wasOut != nil && wasOut != out && wasOut.stop != nil {
		wasOut.stop()
		wasOut.sender.Close()
		sent = wasOut.ended
	}
	if out != nil && out.stop == nil {
		out.stop = d.add("letters", after(sent, out.ended, func(ctx context.Context) error { return d.Desk.Notices.RunLetters(ctx, d.sendLetter) }))
	}
}

func (d *Delivery) begin(in *inbox, before chan struct{}) {
	in.stop = d.add("mailbox "+in.inner.Name, after(before, in.ended, func(ctx context.Context) error { return d.watchInbox(ctx, in) }))
}

// after returns the job that starts work once the channel before is closed, and closes ended when its context ends.
func after(before, ended chan struct{}, work func(context.Context) error) func(context.Context) error {
	var once sync.Once
	return func(ctx context.Context) error {
		defer func() {
			if ctx.Err() != nil {
				once.Do(func() { close(ended) })
			}
		}()
		if before != nil {
			select {
			case <-before:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return work(ctx)
	}
}

// now returns the current server for outgoing mail, nil if there is none, and the current mailboxes.
func (d *Delivery) now() (out *outgoing, boxes []*box) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.out, d.boxes
}

// Server describes the current server for outgoing mail, for the administrator.
type Server struct {
	Host, From string
	Port       int
	File       bool // set in the configuration
	Unusable   error
}

// Server returns the description. Its Host is empty if the desk sends no mail.
func (d *Delivery) Server() Server {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.out == nil {
		return Server{Unusable: d.outUnusable}
	}
	return Server{Host: d.out.sender.Host, Port: d.out.sender.Port, From: d.out.from, File: d.out.row == 0}
}

// errTrying refuses a trial while another one is running, so that the desk is useless for scanning a network.
func errTrying() error { return fault.New(fault.TooMany, "error.too-many", "seconds", 20) }

// TryMailbox signs in to the mailbox and opens its folder without changing anything. It returns a NotFound error when no
// mailbox with that address is fetched.
func (d *Delivery) TryMailbox(ctx context.Context, address string) error {
	if !d.trying.TryLock() {
		return errTrying()
	}
	defer d.trying.Unlock()
	_, boxes := d.now()
	for _, b := range boxes {
		if b.inbox != nil && b.Address == spelling.Address(address) {
			return b.inbox.inner.Try(ctx)
		}
		if b.unusable != nil && b.Address == spelling.Address(address) {
			return &transport.Error{Code: transport.SecretMissing, Host: b.Address, Err: b.unusable}
		}
	}
	return fault.New(fault.NotFound, "error.not-found")
}

// TrySender connects to the outgoing server, signs in, and asks whether it accepts the desk's address as sender. It returns
// a NotFound error when there is none.
func (d *Delivery) TrySender(ctx context.Context) error {
	if !d.trying.TryLock() {
		return errTrying()
	}
	defer d.trying.Unlock()
	d.mu.Lock()
	out, bad := d.out, d.outUnusable
	d.mu.Unlock()
	switch {
	case bad != nil:
		return &transport.Error{Code: transport.SecretMissing, Host: "smtp", Err: bad}
	case out == nil:
		return fault.New(fault.NotFound, "error.not-found")
	}
	return out.sender.Try(ctx, out.from)
}

// sign signs the mail if there is a signing key.
func (o *outgoing) sign(raw []byte) ([]byte, error) {
	if o.signer == nil {
		return raw, nil
	}
	return o.signer.Sign(raw)
}
