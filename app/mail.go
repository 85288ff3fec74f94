package app

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"sportello/app/config"
	"sportello/app/desk"
	"sportello/app/listen"
	"sportello/app/mail/transport"
	"sportello/store"
)

// mailWork is the desk's side of every mail server: the folders it watches, the address it listens on, the server it
// sends through, and how each of them is.
type mailWork struct {
	sender  *transport.Sender
	signer  *transport.Signer
	inboxes []*inbox

	mu        sync.Mutex
	listening string // where mail is taken, "" while it is not
	listenErr error
	took      int
	lastTook  time.Time
	sentAt    time.Time
	sendErr   error
	sendErrAt time.Time
}

// inbox is a mailbox of the configuration that is fetched.
type inbox struct {
	cfg   config.Mailbox
	inner *transport.Inbox

	mu    sync.Mutex
	state transport.InboxState
}

// openMail tells the desk what the configuration says of mail, and makes ready what the jobs will use.
func (a *App) openMail() error {
	key, err := a.Store.SecretKey()
	if err != nil {
		return err
	}
	pec, err := a.Config.Mail.PecRoots()
	if err != nil {
		return fmt.Errorf("app: read pec_certificates: %w", err)
	}
	o := desk.MailOptions{Servers: a.Config.Mail.TrustedServers, Roots: pec, Key: key, Desk: a.Store.ID(), MaxMessage: int64(a.Config.Mail.MaxMessageMB) << 20,
		DigestAt: a.Config.Mail.DigestHour, MostPerAddress: a.Config.Mail.MostPerAddress, MostPerDomain: a.Config.Mail.MostPerDomain, Forms: a.Config.Mail.Forms, Gather: a.Config.MailGather}
	if a.Config.SMTP.Host != "" {
		o.From = a.Config.SMTP.From
	}
	for _, m := range a.Config.Mailboxes {
		o.Mailboxes = append(o.Mailboxes, desk.Mailbox{Address: m.Address, Group: m.Group, Module: m.Module, Who: m.Who, Domains: m.Domains})
	}
	a.Desk.SetMail(o)
	a.post = &mailWork{}
	if s := a.Config.SMTP; s.Host != "" {
		pool, err := config.Roots(s.CAFile)
		if err != nil {
			return fmt.Errorf("app: read smtp.ca_file: %w", err)
		}
		helo := s.HELO
		if u, err := url.Parse(a.Config.BaseURL); err == nil && helo == "" {
			helo = u.Hostname()
		}
		a.post.sender = &transport.Sender{Host: s.Host, Port: s.Port, TLS: s.TLS, Plain: s.AllowPlain, User: s.User, Password: config.Secret(s.Password, s.PasswordFile),
			OAuth: oauthOf(s.OAuthTokenURL, s.OAuthClientID, s.OAuthSecretFile, s.OAuthRefreshFile, s.OAuthScope), HELO: helo, Roots: pool}
		if s.DKIMDomain != "" {
			pem, err := os.ReadFile(s.DKIMKeyFile)
			if err != nil {
				return fmt.Errorf("app: read smtp.dkim_key_file: %w", err)
			}
			if a.post.signer, err = transport.NewSigner(s.DKIMDomain, s.DKIMSelector, pem); err != nil {
				return fmt.Errorf("app: read smtp.dkim_key_file: %w", err)
			}
		}
	}
	for _, m := range a.Config.Mailboxes {
		if m.Host == "" {
			continue
		}
		pool, err := config.Roots(m.CAFile)
		if err != nil {
			return fmt.Errorf("app: read ca_file of %s: %w", m.Address, err)
		}
		a.post.inboxes = append(a.post.inboxes, &inbox{cfg: m, inner: &transport.Inbox{Clock: a.Desk.Now, Name: store.Address(m.Address), Host: m.Host, Port: m.Port, TLS: m.TLS, Plain: m.AllowPlain, User: m.User,
			Password: config.Secret(m.Password, m.PasswordFile), OAuth: oauthOf(m.OAuthTokenURL, m.OAuthClientID, m.OAuthSecretFile, m.OAuthRefreshFile, m.OAuthScope),
			Folder: m.Folder, After: m.After, MoveTo: m.MoveTo, Roots: pool, MaxMessage: int64(a.Config.Mail.MaxMessageMB) << 20}})
	}
	return nil
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

// mailJobs are the background work of mail: what comes, each folder by itself so that one that fails holds up no other,
// and what goes.
func (a *App) mailJobs(add func(name string, run func(context.Context) error)) {
	add("mail", a.Desk.RunMail)
	add("spool", a.runSpool)
	for _, in := range a.post.inboxes {
		add("mailbox "+in.cfg.Address, func(ctx context.Context) error { return a.watchInbox(ctx, in) })
	}
	if a.Config.Mail.Listen != "" {
		add("mail listener", a.listenMail)
	}
	if a.post.sender != nil {
		add("letters", func(ctx context.Context) error { return a.Desk.RunLetters(ctx, a.sendLetter) })
		add("digest", a.Desk.RunDigest)
	}
}

// takeMail keeps a message on disk. Only after it returned nil may whoever brought it let go of it.
func (a *App) takeMail(_ context.Context, e transport.Envelope, r io.Reader) error {
	if h := e.Header(); len(h) > 0 {
		r = io.MultiReader(strings.NewReader(string(h)), r)
	}
	_, err := a.Desk.TakeMail(desk.MailFrom{Source: e.Source, Mailbox: e.Mailbox, Return: e.From, To: e.To, Cut: e.Cut}, r)
	if store.KindOf(err) == store.TooLarge && err != nil {
		return &transport.Refusal{Code: 552, Enhanced: "5.3.4", Text: "message too large for this desk"}
	}
	if err == nil {
		a.post.mu.Lock()
		a.post.took++
		a.post.lastTook = a.Desk.Now()
		a.post.mu.Unlock()
	}
	return err
}

func (a *App) watchInbox(ctx context.Context, in *inbox) error {
	raw, err := a.Desk.MailPosition(in.inner.Name)
	if err != nil {
		return err
	}
	var from transport.Position
	if raw != "" {
		if err := json.Unmarshal([]byte(raw), &from); err != nil {
			a.Log.Warn("the position in a mailbox cannot be read: its unread mail is read again", "mailbox", in.inner.Name, "err", err)
			from = transport.Position{}
		}
	}
	return in.inner.Watch(ctx, from, func(p transport.Position) error {
		b, err := json.Marshal(p)
		if err != nil {
			return err
		}
		return a.Desk.KeepMailPosition(in.inner.Name, string(b))
	}, a.takeMail, func(s transport.InboxState) {
		in.mu.Lock()
		was := in.state
		in.state = s
		in.mu.Unlock()
		if s.State == transport.InboxFailed && (was.State != s.State || fmt.Sprint(was.Err) != fmt.Sprint(s.Err)) {
			a.Log.Warn("mailbox failed", "mailbox", in.inner.Name, "err", s.Err, "next_try", s.NextTry)
		}
	})
}

// listenMail takes mail from the university's mail server: for every recipient, because what no mailbox claims belongs
// to the general group, and a mail server that is refused here would send it back.
func (a *App) listenMail(ctx context.Context) error {
	network := "tcp"
	if strings.HasPrefix(a.Config.Mail.Listen, "/") {
		network = "unix"
		if err := os.Remove(a.Config.Mail.Listen); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("mail.listen: %w", err)
		}
	}
	ln, err := net.Listen(network, a.Config.Mail.Listen)
	a.post.mu.Lock()
	a.post.listenErr, a.post.listening = err, ""
	if err == nil {
		a.post.listening = ln.Addr().String()
	}
	a.post.mu.Unlock()
	if err != nil {
		return fmt.Errorf("mail.listen: %w", err)
	}
	defer func() { a.post.mu.Lock(); a.post.listening = ""; a.post.mu.Unlock() }()
	if network == "unix" {
		if err := os.Chmod(a.Config.Mail.Listen, 0o660); err != nil { // #nosec G302 -- the mail server, in the group, writes to the socket
			return errors.Join(fmt.Errorf("mail.listen: %w", err), ln.Close())
		}
	}
	l := &transport.Listener{LMTP: a.Config.Mail.Protocol == "lmtp", From: a.Config.Mail.Peers(), MaxMessage: int64(a.Config.Mail.MaxMessageMB) << 20}
	if u, err := url.Parse(a.Config.BaseURL); err == nil {
		l.Domain = u.Hostname()
	}
	if a.Config.TLSCert != "" {
		certs, err := listen.OpenCertificate(a.Config.TLSCert, a.Config.TLSKey, a.Log)
		if err != nil {
			return errors.Join(err, ln.Close())
		}
		l.Cert = func(h *tls.ClientHelloInfo) (*tls.Certificate, error) { return certs.Get(h) }
	}
	a.Log.Info("taking mail", "listen", ln.Addr().String(), "protocol", a.Config.Mail.Protocol)
	return l.Serve(ctx, ln, a.takeMail, a.Log)
}

// mailboxState is how one way of mail is, for the administrator.
type mailboxState struct {
	Address, Group, Module string
	Source                 string // imap, or delivered
	State                  string // connecting, fetching, watching, failed, listening, waiting
	Err                    string
	Code                   string // what sort of trouble it is, see transport.Code
	LastOK, NextTry        time.Time
	Fetched                int
	Tryable                bool
}

// mailboxStates are the mailboxes of the configuration in its order.
func (a *App) mailboxStates() []mailboxState {
	var out []mailboxState
	for _, m := range a.Config.Mailboxes {
		s := mailboxState{Address: store.Address(m.Address), Group: m.Group, Module: m.Module, Source: "delivered", State: "waiting"}
		i := slices.IndexFunc(a.post.inboxes, func(in *inbox) bool { return in.inner.Name == s.Address })
		if i < 0 {
			a.post.mu.Lock()
			if a.post.listening != "" {
				s.State = "listening"
			}
			if a.post.listenErr != nil {
				s.State, s.Err = "failed", a.post.listenErr.Error()
			}
			s.LastOK = a.post.lastTook
			a.post.mu.Unlock()
			out = append(out, s)
			continue
		}
		in := a.post.inboxes[i]
		in.mu.Lock()
		st := in.state
		in.mu.Unlock()
		s.Source, s.State, s.LastOK, s.NextTry, s.Fetched, s.Tryable = "imap", st.State, st.LastOK, st.NextTry, st.Fetched, true
		if s.State == "" {
			s.State = transport.InboxConnecting
		}
		if st.Err != nil {
			s.Err, s.Code = st.Err.Error(), string(transport.CodeOf(st.Err))
		}
		out = append(out, s)
	}
	return out
}

// tryMailbox signs in to the mailbox and opens its folder, changing nothing. NotFound when it is none that is fetched.
func (a *App) tryMailbox(ctx context.Context, address string) error {
	for _, in := range a.post.inboxes {
		if in.inner.Name == store.Address(address) {
			return in.inner.Try(ctx)
		}
	}
	return store.Fail(store.NotFound, "error.not-found")
}

// trySender connects to the outgoing server and signs in. NotFound when there is none.
func (a *App) trySender(ctx context.Context) error {
	if a.post.sender == nil {
		return store.Fail(store.NotFound, "error.not-found")
	}
	return a.post.sender.Try(ctx)
}

// mailTrouble is what /readyz says of mail, one line for each way that does not work.
// Mail that waits for somebody's judgement is a matter for /readyz when it is more, or waits longer.
const (
	mostAwaiting    = 200
	longestAwaiting = 5 * 24 * time.Hour // a long weekend is none
)

func (a *App) mailTrouble() []string {
	var out []string
	for _, s := range a.mailboxStates() {
		if s.State == transport.InboxFailed {
			out = append(out, s.Address+": "+s.Err)
		}
	}
	if n, since, err := a.Desk.MailAwaits(); err != nil {
		out = append(out, "mail that waits for approval: "+err.Error())
	} else if n > mostAwaiting || n > 0 && a.Desk.Now().Sub(since) > longestAwaiting {
		out = append(out, fmt.Sprintf("%d mails wait for approval, the oldest since %s", n, since.UTC().Format(time.DateOnly)))
	}
	if why, at, err := a.Desk.MailRefused(); err != nil {
		out = append(out, "letters that were refused: "+err.Error())
	} else if why != "" {
		out = append(out, fmt.Sprintf("other mail servers refuse ours, %s: %s", at.UTC().Format(time.DateOnly), why))
	}
	a.post.mu.Lock()
	defer a.post.mu.Unlock()
	if a.post.sendErr != nil {
		out = append(out, "smtp: "+a.post.sendErr.Error())
	}
	return out
}
