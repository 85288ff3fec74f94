package transport_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"sportello/app/mail/peer"
	"sportello/app/mail/transport"
)

// arrived is a message that a Listener delivered.
type arrived struct {
	transport.Envelope
	data string
}

// listen serves until the test ends; answer returns deliver's result for a subject.
func listen(t *testing.T, l *transport.Listener, answer func(subject string) error) (ln net.Listener, got chan arrived, stop func()) {
	t.Helper()
	ln = peer.Listen(t)
	got = make(chan arrived, 1000)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		ended <- l.Serve(ctx, ln, func(_ context.Context, e transport.Envelope, r io.Reader) error {
			b, err := io.ReadAll(r)
			if err != nil {
				return err
			}
			if answer != nil {
				if err := answer(subject(b)); err != nil {
					return err
				}
			}
			got <- arrived{e, string(b)}
			return nil
		}, nil)
	}()
	var once sync.Once
	stop = func() {
		once.Do(func() {
			cancel()
			if err := <-ended; err != nil {
				t.Errorf("Serve returned %v", err)
			}
		})
	}
	t.Cleanup(stop)
	return ln, got, stop
}

// talk is an SMTP conversation by hand.
type talk struct {
	t *testing.T
	net.Conn
	r *bufio.Reader
}

func connect(t *testing.T, ln net.Listener) *talk {
	t.Helper()
	c, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return &talk{t, c, bufio.NewReader(c)}
}

// hears reads one reply, which must begin with want.
func (c *talk) hears(want string) string {
	c.t.Helper()
	var all strings.Builder
	for {
		line, err := c.r.ReadString('\n')
		if err != nil {
			c.t.Fatalf("want %q, heard %q, %v", want, all.String(), err)
		}
		all.WriteString(line)
		if len(line) < 4 || line[3] != '-' {
			if !strings.HasPrefix(line, want) {
				c.t.Fatalf("want %q, heard %q", want, line)
			}
			return all.String()
		}
	}
}

func (c *talk) says(text, want string) string {
	c.t.Helper()
	if _, err := io.WriteString(c.Conn, text); err != nil {
		c.t.Fatal(err)
	}
	return c.hears(want)
}

func (c *talk) upTo(what string) {
	c.t.Helper()
	c.hears("220")
	c.says("LHLO test\r\n", "250")
	c.says("MAIL FROM:<anna@uni.test>\r\n", "250")
	c.says("RCPT TO:<help@desk.test>\r\n", "250")
	if what == "DATA" {
		c.says("DATA\r\n", "354")
	}
}

func TestWhatAListenerAnswers(t *testing.T) {
	t.Parallel()
	l := &transport.Listener{
		LMTP: true, Domain: "desk.test", MaxMessage: 100_000,
		Known: func(r string) bool { return !strings.HasPrefix(r, "nobody@") },
	}
	ln, got, _ := listen(t, l, func(s string) error {
		switch s {
		case "full":
			return errors.New("disk full of secrets")
		case "refused":
			return fmt.Errorf("no: %w", &transport.Refusal{Code: 554, Enhanced: "5.7.1", Text: "not\r\nwanted è"})
		case "later":
			return &transport.Refusal{Code: 450}
		}
		return nil
	})
	long := strings.Repeat("x", 1000)
	tests := []struct {
		name, data, want string
		arrives          string // "" when nothing arrives, "=" when it arrives as sent
	}{
		{"a message is taken", strings.ReplaceAll(message("uno"), "\r\n.", "\r\n.."), "250", "="},
		{"a dot at the beginning of a line is one dot", "Subject: a\r\n\r\n..\r\n..b\r\n", "250", "Subject: a\r\n\r\n.\r\n.b\r\n"},
		{"what cannot be stored is to come again, without saying why", message("full"), "451 4.3.0 <help@desk.test> cannot store the message now\r\n", ""},
		{"a refusal is for good", message("refused"), "554 5.7.1 <help@desk.test> not wanted ?\r\n", ""},
		{"a refusal can be for now", message("later"), "450 4.0.0 <help@desk.test> refused\r\n", ""},
		{"a message above the limit is refused for good", "Subject: a\r\n\r\n" + strings.Repeat(long+"\r\n", 100), "552 5.3.4", ""},
		{"long lines and bytes beyond ASCII stay what they are", "Subject: a\r\n\r\n" + long + long + long + "\xe8\x00\xff\r\n", "250", "="},
		{"a lone line feed in the body is refused", "Subject: a\r\n\r\nriga\nriga\r\n", "550 5.5.2", ""},
		{"a lone line feed in the header is refused", "Subject: a\nX-Forged: yes\r\n\r\nriga\r\n", "550 5.5.2", ""},
		{"a message is not smuggled in after a lone line feed", "Subject: a\r\n\r\nriga\n.\r\nMAIL FROM:<x@y>\r\n", "550 5.5.2", ""},
		{"nor before one", "Subject: a\r\n\r\nriga\r\n.\nMAIL FROM:<x@y>\r\n", "550 5.5.2", ""},
		{"nor after a lone carriage return", "Subject: a\r\n\r\nriga\r.\r\nMAIL FROM:<x@y>\r\n", "250", "="},
		{"a lone carriage return makes no header line", "Subject: a\rX-Forged: yes\r\n\r\nriga\rriga\r\n", "250", "Subject: a X-Forged: yes\r\n\r\nriga\rriga\r\n"},
		{"two carriage returns are one line end, at the end too", "Subject: a\r\r\n\r\r\nriga\r\r\n", "250", "Subject: a\r\n\r\nriga\r\n"},
		{"an empty message is one", "", "250", "="},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := connect(t, ln)
			c.upTo("DATA")
			c.says(tt.data+".\r\n", tt.want)
			if tt.arrives == "=" {
				tt.arrives = strings.ReplaceAll(tt.data, "\r\n..", "\r\n.")
			}
			if tt.arrives != "" || tt.want == "250" {
				if a := <-got; a.data != tt.arrives || a.From != "anna@uni.test" || !slices.Equal(a.To, []string{"help@desk.test"}) || a.Source != transport.FromLMTP {
					t.Errorf("arrived %q from %q to %q", a.data, a.From, a.To)
				}
			}
			c.says("NOOP\r\n", "250") // the conversation goes on
			select {
			case a := <-got:
				t.Errorf("arrived %+v", a)
			default:
			}
		})
	}

	t.Run("recipients are answered each, unknown ones refused", func(t *testing.T) {
		c := connect(t, ln)
		c.upTo("")
		c.says("RCPT TO:<nobody@desk.test>\r\n", "550 5.1.1")
		c.says("RCPT TO:<help+token@desk.test>\r\n", "250")
		c.says("DATA\r\n", "354")
		c.says(message("uno")+".\r\n", "250 2.0.0 <help@desk.test>")
		c.hears("250 2.0.0 <help+token@desk.test>")
		a := <-got
		if !slices.Equal(a.To, []string{"help@desk.test", "help+token@desk.test"}) {
			t.Errorf("to %q", a.To)
		}
		if h := string(a.Header()); h != "Return-Path: <anna@uni.test>\r\nDelivered-To: help@desk.test\r\nDelivered-To: help+token@desk.test\r\n" {
			t.Errorf("header %q", h)
		}
	})

	t.Run("a bounce has no sender", func(t *testing.T) {
		c := connect(t, ln)
		c.hears("220 desk.test")
		if caps := c.says("LHLO test\r\n", "250"); !strings.Contains(caps, "8BITMIME") || !strings.Contains(caps, "SMTPUTF8") || !strings.Contains(caps, "PIPELINING") || strings.Contains(caps, "CHUNKING") {
			t.Errorf("offers %q", caps)
		}
		c.says("MAIL FROM:<>\r\nRCPT TO:<help@desk.test>\r\nDATA\r\n", "250")
		c.hears("250")
		c.hears("354")
		c.says("\r\n.\r\n", "250")
		if a := <-got; a.From != "" || string(a.Header()) != "Return-Path: <>\r\nDelivered-To: help@desk.test\r\n" {
			t.Errorf("from %q", a.From)
		}
	})

	t.Run("a message that breaks off does not arrive", func(t *testing.T) {
		c := connect(t, ln)
		c.upTo("DATA")
		if _, err := io.WriteString(c, message("mezzo")); err != nil {
			t.Fatal(err)
		}
		c.Close()
		next := connect(t, ln)
		next.upTo("DATA")
		next.says(message("intero")+".\r\n", "250")
		if a := <-got; !strings.Contains(a.data, "Subject: intero") {
			t.Errorf("arrived %q", a.data)
		}
	})
}

func TestWhoMayConnect(t *testing.T) {
	t.Parallel()
	t.Run("only whom the rules name", func(t *testing.T) {
		ln, _, _ := listen(t, &transport.Listener{From: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}}, nil)
		connect(t, ln).hears("554 5.7.1")
	})
	t.Run("so many from one address", func(t *testing.T) {
		ln, _, _ := listen(t, &transport.Listener{PerAddress: 2}, nil)
		one, two := connect(t, ln), connect(t, ln)
		one.hears("220")
		two.hears("220")
		connect(t, ln).hears("421 4.7.0")
		one.says("QUIT\r\n", "221")
		if _, err := one.r.ReadByte(); err != io.EOF {
			t.Fatal(err)
		}
		// The place is free once the server has closed the connection too, right afterwards.
		for end := time.Now().Add(patience); ; {
			c := connect(t, ln)
			line, err := c.r.ReadString('\n')
			if err != nil || time.Now().After(end) {
				t.Fatal(line, err)
			}
			if strings.HasPrefix(line, "220") {
				break
			}
		}
	})
	t.Run("so many at all", func(t *testing.T) {
		ln, _, _ := listen(t, &transport.Listener{MaxConns: 1}, nil)
		connect(t, ln).hears("220")
		connect(t, ln).hears("421 4.7.0")
	})
	t.Run("who keeps still is sent away", func(t *testing.T) {
		ln, _, _ := listen(t, &transport.Listener{Wait: 50 * time.Millisecond}, nil)
		c := connect(t, ln)
		c.hears("220")
		c.hears("421")
	})
	t.Run("who sends a message for ever is cut off", func(t *testing.T) {
		ln, got, _ := listen(t, &transport.Listener{LMTP: true, Longest: 100 * time.Millisecond}, nil)
		c := connect(t, ln)
		c.upTo("DATA")
		go func() {
			for {
				if _, err := io.WriteString(c, "x"); err != nil {
					return
				}
			}
		}()
		// With so much unread, the answer may be lost with the connection.
		if line, err := c.r.ReadString('\n'); err == nil && !strings.HasPrefix(line, "451 4.4.2") {
			t.Errorf("heard %q", line)
		}
		if len(got) != 0 {
			t.Error("it arrived")
		}
	})
}

func TestALetterUnderWayIsTakenBeforeTheListenerEnds(t *testing.T) {
	t.Parallel()
	under, goOn := make(chan bool), make(chan bool)
	ln, got, stop := listen(t, &transport.Listener{LMTP: true}, func(string) error {
		under <- true
		<-goOn
		return nil
	})
	c := connect(t, ln)
	c.upTo("DATA")
	if _, err := io.WriteString(c, message("ultimo")+".\r\n"); err != nil {
		t.Fatal(err)
	}
	<-under
	ended := make(chan bool)
	go func() {
		stop()
		close(ended)
	}()
	goOn <- true
	c.hears("250")
	<-ended
	if a := <-got; !strings.Contains(a.data, "ultimo") {
		t.Errorf("arrived %q", a.data)
	}
}

func TestSMTPWithSTARTTLS(t *testing.T) {
	t.Parallel()
	authority := peer.NewAuthority(t)
	cert := authority.Issue(t)
	ln, got, _ := listen(t, &transport.Listener{Cert: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return &cert, nil }}, nil)
	conn, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	c, err := smtp.NewClientStartTLS(conn, &tls.Config{ServerName: "localhost", RootCAs: authority.Roots})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.SendMail("è@uni.test", []string{"help@desk.test"}, strings.NewReader(message("cifrato"))); err != nil {
		t.Fatal(err)
	}
	if a := <-got; a.data != message("cifrato") || a.Source != transport.FromSMTP || a.From != "è@uni.test" {
		t.Errorf("arrived %+v", a)
	}

	t.Run("in chunks, where their bytes are safe", func(t *testing.T) {
		c := connect(t, ln)
		c.hears("220")
		c.says("EHLO test\r\n", "250")
		c.says("STARTTLS\r\n", "220")
		over := tls.Client(c.Conn, &tls.Config{ServerName: "localhost", RootCAs: authority.Roots})
		s := &talk{t, over, bufio.NewReader(over)}
		if caps := s.says("EHLO test\r\n", "250"); !strings.Contains(caps, "CHUNKING") {
			t.Errorf("offers %q", caps)
		}
		s.says("MAIL FROM:<anna@uni.test>\r\n", "250")
		s.says("RCPT TO:<help@desk.test>\r\n", "250")
		a, b := "Subject: pezzi\r\r\n\r", "\nciao\r\n.\r\n"
		s.says(fmt.Sprintf("BDAT %d\r\n%s", len(a), a), "250")
		s.says(fmt.Sprintf("BDAT %d LAST\r\n%s", len(b), b), "250")
		if got := <-got; got.data != "Subject: pezzi \r\n\r\nciao\r\n.\r\n" {
			t.Errorf("arrived %q", got.data)
		}
	})
}

func TestPostfixHandsMailOverOnceTheDeskCanStoreIt(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	failures := 2
	ln, got, _ := listen(t, &transport.Listener{LMTP: true, Domain: "desk.test"}, func(string) error {
		mu.Lock()
		defer mu.Unlock()
		if failures > 0 {
			failures--
			return errors.New("disk full")
		}
		return nil
	})
	p := peer.Postfix(t, peer.Routes{LMTP: map[string]int{"desk.test": peer.Port(ln)}})
	p.Submit(t, "anna@uni.test", "help@desk.test", message("uno"))
	a := <-got
	p.Empty(t)
	if a.From != "anna@uni.test" || !slices.Equal(a.To, []string{"help@desk.test"}) || subject([]byte(a.data)) != "uno" || !strings.HasSuffix(a.data, "\r\n\r\nBuongiorno,\r\n.una riga con il punto\r\nsaluti\r\n") {
		t.Errorf("arrived %+v", a)
	}
	if len(got) != 0 {
		t.Error("it arrived twice")
	}
}
