package transport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
)

// session is a signed-in connection to the server of an inbox.
type session struct {
	in     *Inbox
	at     *endpoint
	raw    *patient
	client *imapclient.Client
	stop   func() bool
	exists chan struct{} // contains one value when the server has announced another message

	validity uint32
	next     uint32 // UIDNEXT when the folder was opened, 0 when unknown
}

// open connects, signs in and opens the folder.
func (in *Inbox) open(ctx context.Context, readOnly bool) (*session, error) {
	at := in.endpoint()
	raw, conn, stop, err := at.dial(ctx)
	if err != nil {
		return nil, err
	}
	s := &session{in: in, at: at, raw: raw, stop: stop, exists: make(chan struct{}, 1)}
	if err := s.begin(ctx, conn, readOnly); err != nil {
		if s.client == nil {
			stop()
			_ = conn.Close()
		} else {
			s.drop()
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, err
	}
	return s, nil
}

func (s *session) begin(ctx context.Context, conn net.Conn, readOnly bool) error {
	options := &imapclient.Options{
		TLSConfig: s.at.tlsConfig(),
		UnilateralDataHandler: &imapclient.UnilateralDataHandler{Mailbox: func(m *imapclient.UnilateralDataMailbox) {
			if m.NumMessages != nil {
				select {
				case s.exists <- struct{}{}:
				default:
				}
			}
		}},
	}
	if s.at.mode == TLSStart {
		c, err := imapclient.NewStartTLS(conn, options)
		if err != nil {
			var no *imap.Error
			if errors.As(err, &no) {
				return s.at.fail(NoEncryption, s.raw, err)
			}
			return s.at.fail(NotMail, s.raw, err)
		}
		s.client = c
	} else {
		s.client = imapclient.New(conn, options)
	}
	if err := s.client.WaitGreeting(); err != nil {
		return s.at.fail(NotMail, s.raw, err)
	}
	if err := s.signIn(ctx); err != nil {
		return err
	}
	data, err := s.client.Select(s.in.folder(), &imap.SelectOptions{ReadOnly: readOnly}).Wait()
	if err != nil {
		code := NoFolder
		var no *imap.Error
		if errors.As(err, &no) && no.Code != "" && no.Code != imap.ResponseCodeNonExistent && no.Code != imap.ResponseCodeTryCreate {
			code = Refused
		}
		return s.at.fail(code, s.raw, err)
	}
	s.validity, s.next = data.UIDValidity, uint32(data.UIDNext)
	return nil
}

func (s *session) signIn(ctx context.Context) error {
	if s.client.State() != imap.ConnStateNotAuthenticated {
		return nil // PREAUTH
	}
	caps := s.client.Caps()
	if caps == nil {
		return s.at.fail(NotMail, s.raw, errors.New("the server does not list its capabilities"))
	}
	c, err := obtain(ctx, s.in.User, s.in.Password, s.in.OAuth)
	if err != nil {
		return s.at.fail(SecretMissing, nil, err)
	}
	how := c.mechanism(s.at.host, s.at.port, func(name string) bool { return caps.Has(imap.Cap("AUTH=" + name)) })
	switch {
	case how != nil:
		err = s.client.Authenticate(how)
	case caps.Has(imap.CapLoginDisabled):
		return s.at.fail(NoEncryption, s.raw, errors.New("the server accepts no password on this connection"))
	default:
		err = s.client.Login(c.user, c.password).Wait()
	}
	if err == nil {
		return nil
	}
	if c.oauth != nil {
		c.oauth.forget(c.token)
	}
	var no *imap.Error
	var refused *tokenRefused
	if errors.As(err, &no) {
		switch no.Code {
		case imap.ResponseCodeUnavailable, imap.ResponseCodeInUse, imap.ResponseCodeLimit, imap.ResponseCodeServerBug:
			return s.at.fail(Refused, s.raw, err)
		}
	} else if !errors.As(err, &refused) {
		return s.at.fail(NotMail, s.raw, err)
	}
	return s.at.fail(SignInRefused, nil, err)
}

// drop closes the connection without signing out.
func (s *session) drop() {
	s.stop()
	// The connection may be broken already, so its error means nothing.
	_ = s.client.Close()
}

// end signs out and closes the connection.
func (s *session) end() {
	s.raw.patience(5 * time.Second)
	_ = s.client.Logout().Wait()
	s.drop()
}

func (s *session) fail(err error) error { return s.at.fail(Refused, s.raw, err) }

// maxFound limits the messages of one search result: a server that reports more is making numbers up.
const maxFound = 1 << 22

// search returns the UIDs from first to last (0: the highest) in ascending order, without messages marked deleted.
func (s *session) search(first, last uint32, unread bool) ([]uint32, error) {
	var set imap.UIDSet
	set.AddRange(imap.UID(first), imap.UID(last))
	what := &imap.SearchCriteria{UID: []imap.UIDSet{set}, NotFlag: []imap.Flag{imap.FlagDeleted}}
	if unread {
		what.NotFlag = append(what.NotFlag, imap.FlagSeen)
	}
	data, err := s.client.UIDSearch(what, nil).Wait()
	if err != nil {
		return nil, s.fail(err)
	}
	found, _ := data.All.(imap.UIDSet)
	var uids []uint32
	for _, r := range found {
		if r.Start == 0 || r.Stop < r.Start || uint64(r.Stop-r.Start) > maxFound-uint64(len(uids)) {
			return nil, s.at.fail(NotMail, s.raw, fmt.Errorf("search found %v", r))
		}
		for u := uint64(r.Start); u <= uint64(r.Stop); u++ {
			// "n:*" includes the highest message even when all are below n.
			if u >= uint64(first) && (last == 0 || u <= uint64(last)) {
				uids = append(uids, uint32(u)) // #nosec G115 -- between two UIDs
			}
		}
	}
	slices.Sort(uids)
	return slices.Compact(uids), nil
}

// fetched is the result for one message.
type fetched struct {
	uid uint32
	err error // nil: delivered; errGone: no longer there
	cut bool
}

var errGone = errors.New("transport: message is no longer in the folder")

// piece is how many bytes are delivered of a message above MaxMessage.
const piece = 1 << 20

// fetch delivers the messages of a few UIDs and calls each for every message it has handled, successfully or not. The
// error is that of the connection; under is then the message in progress.
func (s *session) fetch(ctx context.Context, uids []uint32, deliver Deliver, each func(fetched)) (under uint32, err error) {
	sizes, err := s.sizes(uids)
	if err != nil {
		return 0, err
	}
	// In the order of the folder, with as many messages per command as possible.
	var run []uint32
	flush := func() (uint32, error) {
		if len(run) == 0 {
			return 0, nil
		}
		defer func() { run = nil }()
		return s.bodies(ctx, run, sizes, nil, deliver, each)
	}
	for _, uid := range uids {
		size, there := sizes[uid]
		switch {
		case !there:
			each(fetched{uid: uid, err: errGone})
		case size <= s.in.maxMessage():
			run = append(run, uid)
		default:
			if under, err := flush(); err != nil {
				return under, err
			}
			if under, err := s.bodies(ctx, []uint32{uid}, sizes, &imap.SectionPartial{Size: piece}, deliver, each); err != nil {
				return under, err
			}
		}
	}
	return flush()
}

func (s *session) sizes(uids []uint32) (map[uint32]int64, error) {
	got, err := s.client.Fetch(uidSet(uids), &imap.FetchOptions{UID: true, RFC822Size: true}).Collect()
	if err != nil {
		return nil, s.fail(err)
	}
	sizes := make(map[uint32]int64, len(got))
	for _, m := range got {
		sizes[uint32(m.UID)] = m.RFC822Size
	}
	return sizes, nil
}

func (s *session) bodies(ctx context.Context, uids []uint32, sizes map[uint32]int64, part *imap.SectionPartial, deliver Deliver, each func(fetched)) (under uint32, err error) {
	rest := slices.Clone(uids)
	cmd := s.client.Fetch(uidSet(uids), &imap.FetchOptions{UID: true, BodySection: []*imap.FetchItemBodySection{{Peek: true, Partial: part}}})
	for m := cmd.Next(); m != nil; m = cmd.Next() {
		var uid uint32
		for item := m.Next(); item != nil; item = m.Next() {
			switch item := item.(type) {
			case imapclient.FetchItemDataUID:
				uid = uint32(item.UID)
			case imapclient.FetchItemDataBodySection:
				i := slices.Index(rest, uid)
				if i < 0 {
					continue
				}
				cut, broken, err := s.deliver(ctx, uid, sizes[uid], item.Literal, deliver)
				if broken != nil {
					// After a failed literal imapclient keeps reading in the background. Any further call, even closing
					// the command, would read from the same buffer at the same time.
					_ = s.raw.Close()
					return uid, s.fail(broken)
				}
				rest = slices.Delete(rest, i, i+1)
				each(fetched{uid: uid, err: err, cut: cut})
			}
		}
	}
	if err := cmd.Close(); err != nil {
		var no *imap.Error
		if !errors.As(err, &no) {
			if len(rest) > 0 {
				under = rest[0]
			}
			return under, s.fail(err)
		}
		if len(rest) > 1 {
			// The server refused because of one of them: request each on its own.
			for _, uid := range rest {
				if under, err := s.bodies(ctx, []uint32{uid}, sizes, part, deliver, each); err != nil {
					return under, err
				}
			}
			return 0, nil
		}
		for _, uid := range rest {
			each(fetched{uid: uid, err: s.fail(err)})
		}
		return 0, nil
	}
	for _, uid := range rest {
		// It was there a moment ago, when its size was requested, so it does not count as gone.
		each(fetched{uid: uid, err: s.at.fail(Refused, nil, errors.New("the server did not return the message"))})
	}
	return 0, nil
}

// deliver passes on one message and makes sure that it was complete. broken is why it could not be read to its end; the
// connection is then unusable.
func (s *session) deliver(ctx context.Context, uid uint32, size int64, lit imap.LiteralReader, deliver Deliver) (cut bool, broken, err error) {
	if lit == nil {
		return false, nil, s.at.fail(Refused, nil, errors.New("the server did not return the message"))
	}
	e := Envelope{Source: FromIMAP, Mailbox: s.in.Name, UID: uid, Validity: s.validity, Size: size}
	want := lit.Size()
	if size > s.in.maxMessage() {
		e.Cut = true
	} else if want > s.in.maxMessage() { // RFC822.SIZE was wrong
		e.Cut, e.Size, want = true, want, piece
	}
	r := &exactly{r: io.LimitReader(lit, want), left: want}
	err = deliver(ctx, e, r)
	if err == nil {
		_, _ = io.Copy(io.Discard, r) // r keeps the error
	}
	if r.err != nil {
		return e.Cut, r.err, nil
	}
	if err != nil {
		err = &Error{Code: DeliverFailed, Host: s.at.addr(), Err: err}
	}
	return e.Cut, nil, err
}

// exactly returns exactly left bytes, or an error: an early end is not the end of a message.
type exactly struct {
	r    io.Reader
	left int64
	err  error // the first error, except io.EOF at the right place
}

func (e *exactly) Read(b []byte) (int, error) {
	if e.err != nil {
		return 0, e.err
	}
	n, err := e.r.Read(b)
	e.left -= int64(n)
	if err == io.EOF && e.left > 0 {
		err = io.ErrUnexpectedEOF
	}
	if err != io.EOF {
		e.err = err
	}
	return n, err
}

// mark marks, moves or deletes delivered messages as Inbox.After says.
func (s *session) mark(uids []uint32) error {
	if len(uids) == 0 {
		return nil
	}
	set := uidSet(uids)
	switch s.in.After {
	case AfterMove:
		return s.move(set)
	case AfterDelete:
		return s.remove(set)
	}
	return s.flag(set, imap.FlagSeen)
}

func (s *session) flag(set imap.UIDSet, flags ...imap.Flag) error {
	if err := s.client.Store(set, &imap.StoreFlags{Op: imap.StoreFlagsAdd, Silent: true, Flags: flags}, nil).Close(); err != nil {
		return s.fail(err)
	}
	return nil
}

func (s *session) remove(set imap.UIDSet) error {
	if err := s.flag(set, imap.FlagSeen, imap.FlagDeleted); err != nil {
		return err
	}
	if !s.client.Caps().Has(imap.CapUIDPlus) {
		return nil
	}
	if err := s.client.UIDExpunge(set).Close(); err != nil {
		return s.fail(err)
	}
	return nil
}

// move moves the messages. For servers without MOVE, imapclient sends copy and expunge at once and loses the messages
// when the copy fails; so move sends them one after the other.
func (s *session) move(set imap.UIDSet) error {
	try := func() error {
		if s.client.Caps().Has(imap.CapMove) {
			_, err := s.client.Move(set, s.in.MoveTo).Wait()
			return err
		}
		_, err := s.client.Copy(set, s.in.MoveTo).Wait()
		return err
	}
	err := try()
	var no *imap.Error
	if errors.As(err, &no) && no.Type == imap.StatusResponseTypeNo {
		if made := s.client.Create(s.in.MoveTo, nil).Wait(); made == nil {
			err = try()
		}
	}
	if err != nil {
		return s.fail(err)
	}
	if s.client.Caps().Has(imap.CapMove) {
		return nil
	}
	return s.remove(set)
}

func uidSet(uids []uint32) imap.UIDSet {
	var set imap.UIDSet
	for _, u := range uids {
		set.AddNum(imap.UID(u))
	}
	return set
}
