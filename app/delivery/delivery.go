// Package delivery transports mail: it watches mailboxes, listens for mail, processes the spool that a pipe fills, and
// writes and sends letters. The desk decides what a mail means.
package delivery

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"sportello/app/config"
	"sportello/app/desk"
	"sportello/app/desk/intake"
	"sportello/app/desk/post"
	"sportello/app/listen"
	"sportello/app/mail/transport"
	"sportello/app/words"
	"sportello/store/db"
	"sportello/store/fault"
)

// Delivery connects the desk to all mail servers: the folders it watches, the address it listens on, the server it
// sends through, and their states.
type Delivery struct {
	Config config.Config
	Log    *slog.Logger
	Store  *db.Store
	Desk   *desk.Desk
	Words  *words.Dictionary

	// Base returns the address of the desk as people write it, without a trailing slash.
	Base func() string

	options post.Options // the configured mail options, without servers

	// add starts a background job and returns a function that stops it. It is nil before Jobs.
	add func(name string, run func(context.Context) error) (stop func())

	entering sync.Mutex // held while entered mail servers are read
	trying   sync.Mutex // held while a mail server is tried
	spooling sync.Mutex // held while the spool is processed

	mu          sync.Mutex
	out         *outgoing // nil if the desk sends no mail
	outUnusable error     // why the entered server cannot be used
	boxes       []*box
	listening   string // the address of the mail listener, "" when it is not running
	listenErr   error
	took        int
	lastTook    time.Time
	sentAt      time.Time
	sendErr     error
	sendErrAt   time.Time
}

// Open passes the mail configuration to the desk and prepares what the jobs use.
func (d *Delivery) Open() error {
	key, err := d.Store.SecretKey()
	if err != nil {
		return err
	}
	pec, err := d.Config.Mail.PecRoots()
	if err != nil {
		return fmt.Errorf("app: read pec_certificates: %w", err)
	}
	d.options = post.Options{BaseURL: strings.TrimRight(d.Config.BaseURL, "/"), Servers: d.Config.Mail.TrustedServers, Roots: pec, Key: key, Desk: d.Store.ID(), MaxMessage: int64(d.Config.Mail.MaxMessageMB) << 20,
		DigestAt: d.Config.Mail.DigestHour, MostPerAddress: d.Config.Mail.MostPerAddress, MostPerDomain: d.Config.Mail.MostPerDomain, Forms: d.Config.Mail.Forms, Gather: d.Config.Trial.MailGather}
	if err := d.readFile(); err != nil {
		return err
	}
	d.Desk.Post.WhenServersChange(func() {
		if err := d.readEntered(); err != nil {
			d.Log.Error("mail servers that were entered are not taken over", "err", err)
		}
	})
	return d.readEntered()
}

// Jobs adds the background jobs of mail: incoming mail, with a job for each folder so that one failure delays no other,
// and outgoing mail. add returns a function that stops the job; it is kept for mail servers entered later.
func (d *Delivery) Jobs(add func(name string, run func(context.Context) error) (stop func())) {
	add("mail", d.Desk.Intake.Run)
	add("spool", d.runSpool)
	if d.Config.Mail.Listen != "" {
		add("mail listener", d.listenMail)
	}
	add("digest", d.Desk.Notices.RunDigest)
	d.entering.Lock()
	defer d.entering.Unlock()
	d.add = add
	out, boxes := d.now()
	d.run(nil, nil, boxes, out)
}

// takeMail stores a message on disk. The sender may delete its copy only after it returned nil.
func (d *Delivery) takeMail(_ context.Context, e transport.Envelope, r io.Reader) error {
	if h := e.Header(); len(h) > 0 {
		r = io.MultiReader(strings.NewReader(string(h)), r)
	}
	_, err := d.Desk.Intake.Take(intake.From{Source: e.Source, Mailbox: e.Mailbox, Return: e.From, To: e.To, Cut: e.Cut}, r)
	if fault.KindOf(err) == fault.TooLarge && err != nil {
		return &transport.Refusal{Code: 552, Enhanced: "5.3.4", Text: "message too large for this desk"}
	}
	if err == nil {
		d.mu.Lock()
		d.took++
		d.lastTook = d.Desk.Now()
		d.mu.Unlock()
	}
	return err
}

func (d *Delivery) watchInbox(ctx context.Context, in *inbox) error {
	raw, err := d.Desk.Intake.MailPosition(in.inner.Name)
	if err != nil {
		return err
	}
	var from transport.Position
	if raw != "" {
		if err := json.Unmarshal([]byte(raw), &from); err != nil {
			d.Log.Warn("the position in a mailbox cannot be read: its unread mail is read again", "mailbox", in.inner.Name, "err", err)
			from = transport.Position{}
		}
	}
	return in.inner.Watch(ctx, from, func(p transport.Position) error {
		b, err := json.Marshal(p)
		if err != nil {
			return err
		}
		return d.Desk.Intake.KeepMailPosition(in.inner.Name, string(b))
	}, d.takeMail, func(s transport.InboxState) {
		in.mu.Lock()
		was := in.state
		in.state = s
		in.mu.Unlock()
		if s.State == transport.InboxFailed && (was.State != s.State || fmt.Sprint(was.Err) != fmt.Sprint(s.Err)) {
			d.Log.Warn("mailbox failed", "mailbox", in.inner.Name, "err", s.Err, "next_try", s.NextTry)
		}
	})
}

// listenMail accepts mail from the university's mail server, for every recipient: mail that no mailbox claims belongs
// to the general group, and the mail server would return a refused mail to its sender.
func (d *Delivery) listenMail(ctx context.Context) error {
	network := "tcp"
	if strings.HasPrefix(d.Config.Mail.Listen, "/") {
		network = "unix"
		if err := os.Remove(d.Config.Mail.Listen); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("mail.listen: %w", err)
		}
	}
	ln, err := net.Listen(network, d.Config.Mail.Listen)
	d.mu.Lock()
	d.listenErr, d.listening = err, ""
	if err == nil {
		d.listening = ln.Addr().String()
	}
	d.mu.Unlock()
	if err != nil {
		return fmt.Errorf("mail.listen: %w", err)
	}
	defer func() { d.mu.Lock(); d.listening = ""; d.mu.Unlock() }()
	if network == "unix" {
		if err := os.Chmod(d.Config.Mail.Listen, 0o660); err != nil { // #nosec G302 -- the mail server, a member of the group, writes to the socket
			return errors.Join(fmt.Errorf("mail.listen: %w", err), ln.Close())
		}
	}
	l := &transport.Listener{LMTP: d.Config.Mail.Protocol == "lmtp", From: d.Config.Mail.Peers(), MaxMessage: int64(d.Config.Mail.MaxMessageMB) << 20}
	if u, err := url.Parse(d.Config.BaseURL); err == nil {
		l.Domain = u.Hostname()
	}
	if d.Config.TLSCert != "" {
		certs, err := listen.OpenCertificate(d.Config.TLSCert, d.Config.TLSKey, d.Log)
		if err != nil {
			return errors.Join(err, ln.Close())
		}
		l.Cert = func(h *tls.ClientHelloInfo) (*tls.Certificate, error) { return certs.Get(h) }
	}
	d.Log.Info("taking mail", "listen", ln.Addr().String(), "protocol", d.Config.Mail.Protocol)
	return l.Serve(ctx, ln, d.takeMail, d.Log)
}

// Mailbox is the state of one source of mail, for the administrator.
type Mailbox struct {
	Address, Group, Module string
	Row                    uint64 // number of the entered mail server, 0 for a mailbox of the configuration
	Source                 string // imap, or delivered
	State                  string // connecting, fetching, watching, failed, listening, waiting
	Err                    string
	Code                   string // kind of problem, see transport.Code
	LastOK, NextTry        time.Time
	Fetched                int
	Tryable                bool
}

// Mailboxes returns the state of each mailbox, those of the configuration first.
func (d *Delivery) Mailboxes() []Mailbox {
	var out []Mailbox
	_, boxes := d.now()
	for _, b := range boxes {
		s := Mailbox{Address: b.Address, Group: b.Group, Module: b.Module, Row: b.row, Source: "delivered", State: "waiting"}
		switch {
		case b.unusable != nil:
			s.Source, s.State, s.Err, s.Code = "imap", transport.InboxFailed, b.unusable.Error(), string(transport.SecretMissing)
		case b.inbox == nil:
			d.mu.Lock()
			if d.listening != "" {
				s.State = "listening"
			}
			if d.listenErr != nil {
				s.State, s.Err = "failed", d.listenErr.Error()
			}
			s.LastOK = d.lastTook
			d.mu.Unlock()
		default:
			b.inbox.mu.Lock()
			st := b.inbox.state
			b.inbox.mu.Unlock()
			s.Source, s.State, s.LastOK, s.NextTry, s.Fetched, s.Tryable = "imap", st.State, st.LastOK, st.NextTry, st.Fetched, true
			if s.State == "" {
				s.State = transport.InboxConnecting
			}
			if st.Err != nil {
				s.Err, s.Code = st.Err.Error(), string(transport.CodeOf(st.Err))
			}
		}
		out = append(out, s)
	}
	return out
}

// Listening returns the address of the mail listener, empty when it is not running.
func (d *Delivery) Listening() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.listening
}

// Outgoing returns when mail was last sent, and the error that prevents sending, nil when there is none.
func (d *Delivery) Outgoing() (sent time.Time, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.sentAt, d.sendErr
}

// Above these limits, mail that waits for a decision is reported by /readyz.
const (
	mostAwaiting    = 200
	longestAwaiting = 5 * 24 * time.Hour // longer than a long weekend
)

// trouble returns what /readyz reports about mail, one line for each source or server that does not work.
func (d *Delivery) trouble() []string {
	var out []string
	for _, s := range d.Mailboxes() {
		if s.State == transport.InboxFailed {
			out = append(out, s.Address+": "+s.Err)
		}
	}
	if n, since, err := d.Desk.Intake.MailAwaits(); err != nil {
		out = append(out, "mail that waits for approval: "+err.Error())
	} else if n > mostAwaiting || n > 0 && d.Desk.Now().Sub(since) > longestAwaiting {
		out = append(out, fmt.Sprintf("%d mails wait for approval, the oldest since %s", n, since.UTC().Format(time.DateOnly)))
	}
	if why, at, err := d.Desk.Intake.MailRefused(); err != nil {
		out = append(out, "letters that were refused: "+err.Error())
	} else if why != "" {
		out = append(out, fmt.Sprintf("other mail servers refuse ours, %s: %s", at.UTC().Format(time.DateOnly), why))
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.sendErr != nil {
		out = append(out, "smtp: "+d.sendErr.Error())
	}
	return out
}
