package transport_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"sportello/app/mail/peer"
	"sportello/app/mail/transport"
)

func sender(port int) *transport.Sender {
	return &transport.Sender{Host: peer.Host, Port: port, TLS: transport.TLSNone}
}

func sendError(t *testing.T, err error) *transport.SendError {
	t.Helper()
	var e *transport.SendError
	if !errors.As(err, &e) {
		t.Fatalf("%v is no SendError", err)
	}
	return e
}

func TestWhatTheServerSaysDecidesWhatBecomesOfAMessage(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name                         string
		answer                       *smtp.SMTPError
		permanent, recipient, server bool
		text                         string
	}{
		{"greylisting: later", &smtp.SMTPError{Code: 450, EnhancedCode: smtp.EnhancedCode{4, 2, 0}, Message: "Greylisted"}, false, false, false, "450 4.2.0 Greylisted"},
		{"no such user: never", &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "User\tunknown"}, true, true, false, "550 5.1.1 User unknown"},
		{"not to this domain: never, but the address may be right", &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 7, 1}, Message: "Relay access denied"}, true, false, false, "554 5.7.1 Relay access denied"},
		{"shutting down: later, and others too", &smtp.SMTPError{Code: 421, EnhancedCode: smtp.EnhancedCode{4, 3, 2}, Message: "bye"}, false, false, true, "421 4.3.2 bye"},
		{"sign-in wanted: our configuration", &smtp.SMTPError{Code: 530, EnhancedCode: smtp.EnhancedCode{5, 7, 0}, Message: "sign in"}, false, false, true, "530 5.7.0 sign in"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := peer.NewRelay(t, nil)
			r.Answer(tt.answer)
			s := sender(r.Port)
			defer s.Close()
			e := sendError(t, s.Send(t.Context(), "desk@desk.test", "anna@uni.test", []byte(message("uno"))))
			if e.Permanent != tt.permanent || e.Recipient != tt.recipient || e.Server != tt.server || e.Sent || e.Error() != "transport: send: "+tt.text {
				t.Errorf("%+v, %v", e, e)
			}
			if err := s.Send(t.Context(), "desk@desk.test", "anna@uni.test", []byte(message("due"))); err != nil {
				t.Errorf("the next message: %v", err)
			}
			if got := r.Taken(); len(got) != 1 || string(got[0].Data) != message("due") || got[0].To != "anna@uni.test" || got[0].From != "desk@desk.test" {
				t.Errorf("taken %+v", got)
			}
		})
	}
}

func TestAServerThatIsBusyForAWhileTakesTheMessageLater(t *testing.T) {
	t.Parallel()
	r := peer.NewRelay(t, nil)
	busy := &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: "come again"}
	r.Answer(busy, busy, busy)
	s := sender(r.Port)
	defer s.Close()
	tries := 1
	for ; ; tries++ {
		err := s.Send(t.Context(), "", "anna@uni.test", []byte(message("uno")))
		if err == nil {
			break
		}
		if e := sendError(t, err); e.Permanent || e.Server || tries > 3 {
			t.Fatalf("%+v", e)
		}
	}
	if tries != 4 || len(r.Taken()) != 1 || r.Sessions() != 1 {
		t.Errorf("%d tries, %d taken in %d sessions", tries, len(r.Taken()), r.Sessions())
	}
}

func TestAnAnswerThatIsLostLeavesItOpenWhetherTheMessageWasTaken(t *testing.T) {
	t.Parallel()
	r := peer.NewRelay(t, nil)
	r.LoseAnswers(1)
	s := sender(r.Port)
	defer s.Close()
	e := sendError(t, s.Send(t.Context(), "desk@desk.test", "anna@uni.test", []byte(message("uno"))))
	if !e.Sent || e.Permanent || e.Code != 0 {
		t.Errorf("%+v", e)
	}
	if n := len(r.Taken()); n != 1 {
		t.Errorf("taken %d times: it was sent again unasked", n)
	}
}

func TestAnOldConnectionThatTheServerClosedIsMadeAgain(t *testing.T) {
	t.Parallel()
	r := peer.NewRelay(t, nil)
	p := peer.NewProxy(t, r.Port)
	s := sender(p.Port)
	defer s.Close()
	for i := range 6 {
		if i == 3 {
			p.Drop()
		}
		if err := s.Send(t.Context(), "desk@desk.test", "anna@uni.test", []byte(message(fmt.Sprint(i)))); err != nil {
			t.Fatal(i, err)
		}
	}
	if len(r.Taken()) != 6 || p.Connections() != 2 {
		t.Errorf("%d taken over %d connections, want 6 over 2", len(r.Taken()), p.Connections())
	}
}

func TestAConnectionThatBreaksBeforeTheEndLeavesNoDoubt(t *testing.T) {
	t.Parallel()
	r := peer.NewRelay(t, nil)
	p := peer.NewProxy(t, r.Port)
	p.CutAfter(150) // somewhere in the greeting
	s := sender(p.Port)
	defer s.Close()
	e := sendError(t, s.Send(t.Context(), "desk@desk.test", "anna@uni.test", []byte(message("uno"))))
	if e.Sent || e.Permanent || !e.Server || transport.CodeOf(e) != transport.CannotConnect {
		t.Errorf("%+v", e)
	}
}

func TestTrySaysWhatKeepsTheSenderFromWorking(t *testing.T) {
	t.Parallel()
	authority := peer.NewAuthority(t)
	config := &tls.Config{Certificates: []tls.Certificate{authority.Issue(t)}}
	relay, plain := peer.NewRelay(t, config), peer.NewRelay(t, nil)
	nobody := peer.Listen(t)
	nobody.Close()
	o := func(token string) *transport.OAuth {
		p := newProvider(t)
		return &transport.OAuth{TokenURL: p.URL + "/" + token, ClientID: "desk", Secret: func() (string, error) { return "segreto", nil }}
	}
	tests := []struct {
		name   string
		change func(*transport.Sender)
		want   transport.Code
	}{
		{"all is well with STARTTLS and a password", func(*transport.Sender) {}, ""},
		{"all is well without sign-in on this machine", func(s *transport.Sender) { s.TLS, s.Port, s.User = transport.TLSNone, plain.Port, "" }, ""},
		{"whatever encryption there is, there is one", func(s *transport.Sender) { s.TLS, s.Roots, s.User = transport.TLSOptional, nil, "" }, ""},
		{"whatever encryption there is, there is none", func(s *transport.Sender) { s.TLS, s.Port, s.User = transport.TLSOptional, plain.Port, "" }, ""},
		{"nobody listens", func(s *transport.Sender) { s.Port = peer.Port(nobody) }, transport.CannotConnect},
		{"the server never answers", func(s *transport.Sender) { s.Port = peer.Silent(t) }, transport.TooSlow},
		{"the server never answers to TLS", func(s *transport.Sender) { s.Port, s.TLS = peer.Silent(t), transport.TLSDirect }, transport.TooSlow},
		{"the server falls silent after its greeting", func(s *transport.Sender) { s.Port = peer.Says(t, "220 hello\r\n") }, transport.TooSlow},
		{"an authority that we do not know", func(s *transport.Sender) { s.Roots = nil }, transport.BadCertificate},
		{"TLS where there is none", func(s *transport.Sender) { s.TLS = transport.TLSDirect }, transport.NoEncryption},
		{"STARTTLS where there is none", func(s *transport.Sender) { s.Port = plain.Port }, transport.NoEncryption},
		{"wrong password", func(s *transport.Sender) { s.Password = func() (string, error) { return "sbagliata", nil } }, transport.SignInRefused},
		{"a password that cannot be read", func(s *transport.Sender) {
			s.Password = func() (string, error) { return "", errors.New("no such file") }
		}, transport.SecretMissing},
		{"a token that the server refuses", func(s *transport.Sender) { s.OAuth = o("token") }, transport.SignInRefused},
		{"a token that nobody gives", func(s *transport.Sender) { s.OAuth = o("nothing") }, transport.SecretMissing},
		{"not a mail server", func(s *transport.Sender) { s.Port = peer.Says(t, "HTTP/1.1 400 Bad Request\r\n\r\n") }, transport.NotMail},
		{"a server that wants nobody", func(s *transport.Sender) { s.Port = peer.Says(t, "554 go away\r\n") }, transport.Refused},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := &transport.Sender{
				Host: peer.Host, Port: relay.Port, TLS: transport.TLSStart, User: "desk", Password: password, Roots: authority.Roots,
				Connect: patience, Timeout: patience,
			}
			if tt.want == transport.TooSlow {
				s.Connect, s.Timeout = 200*time.Millisecond, 200*time.Millisecond
			}
			tt.change(s)
			defer s.Close()
			err := s.Try(t.Context(), "")
			if transport.CodeOf(err) != tt.want || (err == nil) != (tt.want == "") {
				t.Errorf("%q: %v, want %q", transport.CodeOf(err), err, tt.want)
			}
			err = s.Send(t.Context(), "desk@desk.test", "anna@uni.test", []byte(message("uno")))
			if tt.want == "" {
				if err != nil {
					t.Error(err)
				}
			} else if e := sendError(t, err); !e.Server || e.Permanent || e.Sent || transport.CodeOf(e) != tt.want {
				t.Errorf("%+v", e)
			}
		})
	}
	t.Run("no password where anybody may read it", func(t *testing.T) {
		s := &transport.Sender{Host: peer.Host, Port: plain.Port, TLS: transport.TLSOptional, User: "desk", Password: password}
		if s.Try(t.Context(), "") == nil {
			t.Error("it signs in")
		}
	})
}

func TestAddressesOnTheWire(t *testing.T) {
	t.Parallel()
	r := peer.NewRelay(t, nil)
	s := sender(r.Port)
	defer s.Close()
	for _, bad := range []string{"", "anna", "@uni.test", "anna@", "anna@uni.test>\r\nRCPT TO:<bruno@uni.test", "anna bruno@uni.test", "<anna@uni.test>", "anna@uni!test", "anna@uni test", "an\u202ena@uni.test"} {
		e := sendError(t, s.Send(t.Context(), "desk@desk.test", bad, []byte(message("uno"))))
		if !e.Permanent || !e.Recipient {
			t.Errorf("%q: %+v", bad, e)
		}
	}
	if err := s.Send(t.Context(), "desk@desk.test", "anna@università.test", []byte(message("uno"))); err != nil {
		t.Error(err)
	}
	if e := sendError(t, s.Send(t.Context(), "desk@desk.test", "è@uni.test", []byte(message("uno")))); !e.Permanent || e.Enhanced != "5.6.7" {
		t.Errorf("%+v", e)
	}
	if err := s.Send(t.Context(), "desk@desk.test", "root@stampante_2.test", []byte(message("due"))); err != nil {
		t.Error(err)
	}
	got := r.Taken()
	if len(got) != 2 || got[0].To != "anna@xn--universit-y1a.test" || got[1].To != "root@stampante_2.test" {
		t.Errorf("taken %+v", got)
	}
}

func TestLineEndsAndDotsArriveAsTheyShould(t *testing.T) {
	t.Parallel()
	r := peer.NewRelay(t, nil)
	s := sender(r.Port)
	defer s.Close()
	for in, want := range map[string]string{
		"Subject: a\n\n.\n..\nb":                 "Subject: a\r\n\r\n.\r\n..\r\nb\r\n",
		"Subject: a\r\n\r\n.\r\n":                "Subject: a\r\n\r\n.\r\n",
		"Subject: a\r\n\r\nb\n.\r\nMAIL FROM:<>": "Subject: a\r\n\r\nb\r\n.\r\nMAIL FROM:<>\r\n",
		"Subject: a\r\r\n\r\nb\r.\rc":            "Subject: a\r\n\r\nb\r\n.\r\nc\r\n",
	} {
		if err := s.Send(t.Context(), "", "anna@uni.test", []byte(in)); err != nil {
			t.Fatal(err)
		}
		all := r.Taken()
		if got := string(all[len(all)-1].Data); got != want {
			t.Errorf("%q arrived as %q, want %q", in, got, want)
		}
	}
}

func TestSendingCanBeCalledOff(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	s := sender(peer.Says(t, "220 hello\r\n"))
	time.AfterFunc(time.Millisecond, cancel)
	if err := s.Send(ctx, "", "anna@uni.test", []byte(message("uno"))); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestALetterGoesThroughPostfixIntoTheInboxAndIsRead(t *testing.T) {
	t.Parallel()
	d := peer.Dovecot(t, "anna@uni.test")
	p := peer.Postfix(t, peer.Routes{LMTP: map[string]int{"uni.test": d.LMTP}})
	signer, verify := signing(t, "ed25519")
	l := letter()
	b, err := l.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	if b, err = signer.Sign(b); err != nil {
		t.Fatal(err)
	}
	s := &transport.Sender{Host: peer.Host, Port: p.Port, TLS: transport.TLSStart, Roots: p.Roots, HELO: "desk.test"}
	defer s.Close()
	if err := s.Send(t.Context(), "desk@desk.test", "anna@uni.test", b); err != nil {
		t.Fatal(err)
	}
	e := sendError(t, s.Send(t.Context(), "desk@desk.test", "anna@elsewhere.test", b))
	if e.Code != 554 || e.Enhanced != "5.7.1" || !e.Permanent || e.Recipient || e.Server {
		t.Errorf("%+v", e)
	}
	w := start(t, inbox(d, "anna@uni.test"), transport.Position{}, nil)
	w.quiet(1)
	w.stop()
	if err := verify(w.bodies[0]); err != nil {
		t.Error(err)
	}
	if !strings.HasSuffix(string(w.bodies[0]), string(b)) {
		t.Errorf("arrived\n%s", w.bodies[0])
	}
}
