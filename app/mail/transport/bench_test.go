package transport_test

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"

	"sportello/app/mail/peer"
	"sportello/app/mail/transport"
)

// body returns a message of about 4 kB.
func body(i int) string {
	return message(fmt.Sprint("numero ", i)) + strings.Repeat("una riga di testo come tante altre, lunga il giusto\r\n", 70)
}

// BenchmarkFetch reads messages of 4 kB from Dovecot over TLS.
func BenchmarkFetch(b *testing.B) {
	d := peer.Dovecot(b, "anna")
	const n = 2000
	d.Fill(b, "anna", n, body)
	in := inbox(d, "anna")
	b.SetBytes(int64(len(body(0))))
	b.ResetTimer()
	for i := 0; i < b.N; {
		err := in.Walk(b.Context(), func(_ context.Context, _ transport.Envelope, r io.Reader) error {
			i++
			_, err := io.Copy(io.Discard, r)
			return err
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
}

// BenchmarkWatch also does everything else that Watch does: marking, and saving a position (here: nowhere).
func BenchmarkWatch(b *testing.B) {
	d := peer.Dovecot(b, "anna")
	d.Fill(b, "anna", b.N, body)
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	b.SetBytes(int64(len(body(0))))
	b.ResetTimer()
	n := 0
	err := inbox(d, "anna").Watch(ctx, transport.Position{}, func(p transport.Position) error {
		if n >= b.N {
			cancel()
		}
		return nil
	}, func(_ context.Context, _ transport.Envelope, r io.Reader) error {
		n++
		_, err := io.Copy(io.Discard, r)
		return err
	}, func(transport.InboxState) {})
	if n < b.N {
		b.Fatal(n, err)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
}

// BenchmarkSend passes messages of 4 kB to Postfix in a row, one recipient each.
func BenchmarkSend(b *testing.B) {
	d := peer.Dovecot(b, "anna@uni.test")
	p := peer.Postfix(b, peer.Routes{LMTP: map[string]int{"uni.test": d.LMTP}})
	benchmarkSend(b, &transport.Sender{Host: peer.Host, Port: p.Port, TLS: transport.TLSStart, Roots: p.Roots})
}

// BenchmarkSendAndTake sends with our own sender to our own listener: the cost of the protocol.
func BenchmarkSendAndTake(b *testing.B) {
	ln := peer.Listen(b)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		ended <- (&transport.Listener{}).Serve(ctx, ln, func(_ context.Context, _ transport.Envelope, r io.Reader) error {
			_, err := io.Copy(io.Discard, r)
			return err
		}, nil)
	}()
	benchmarkSend(b, &transport.Sender{Host: peer.Host, Port: peer.Port(ln), TLS: transport.TLSNone})
	cancel()
	if err := <-ended; err != nil {
		b.Error(err)
	}
}

func benchmarkSend(b *testing.B, s *transport.Sender) {
	defer s.Close()
	text := []byte(body(1))
	b.SetBytes(int64(len(text)))
	b.ResetTimer()
	for range b.N {
		if err := s.Send(b.Context(), "desk@desk.test", "anna@uni.test", text); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
}

// BenchmarkLetter composes a notice.
func BenchmarkLetter(b *testing.B) {
	for range b.N {
		if _, err := letter().Bytes(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
}
