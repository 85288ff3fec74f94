package transport_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-msgauth/dkim"
	"sportello/app/mail/transport"
)

func letter() *transport.Letter {
	return &transport.Letter{
		From:      mail.Address{Name: "Sportello dell'università", Address: "desk+abc@desk.test"},
		ReplyTo:   &mail.Address{Address: "desk+abc@desk.test"},
		To:        mail.Address{Name: "Anna Rossi", Address: "anna@uni.test"},
		MessageID: "m1.t12@desk.test", InReplyTo: "orig@uni.test", References: []string{"orig@uni.test"},
		Subject: "[#12] Perché il cedolino è vuoto?", Text: "Buongiorno,\n\n" + strings.Repeat("una riga molto lunga è ", 100) + "\n.\nsaluti\n", HTML: "<p>Buongiorno</p>",
		Date: time.Date(2026, 11, 23, 10, 0, 0, 0, time.FixedZone("", 3600)), Language: "it",
		Automatic: true, Desk: "desk-1", Ticket: "12",
	}
}

func file(name, kind, content string) transport.Attachment {
	return transport.Attachment{Name: name, Type: kind, Open: func() (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader(content)), nil
	}}
}

// read parses what a letter wrote, and checks what must hold for every letter.
func read(t *testing.T, l *transport.Letter) (*mail.Message, []byte) {
	t.Helper()
	b, err := l.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	for i, line := range strings.Split(strings.TrimSuffix(string(b), "\r\n"), "\r\n") {
		if len(line) > 998 || strings.ContainsAny(line, "\r\n") {
			t.Errorf("line %d has %d bytes: %.80q", i, len(line), line)
		}
	}
	for _, c := range b {
		if c > 126 {
			t.Errorf("byte %x in %q", c, b)
			break
		}
	}
	m, err := mail.ReadMessage(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return m, b
}

func decoded(t *testing.T, s string) string {
	t.Helper()
	d, err := new(mime.WordDecoder).DecodeHeader(s)
	if err != nil {
		t.Error(err)
	}
	return d
}

// part is one leaf of a message.
type part struct {
	path, kind, name, id, body string
}

func parts(t *testing.T, path string, header mail.Header, r io.Reader) []part {
	t.Helper()
	kind, params, err := mime.ParseMediaType(header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(kind, "multipart/") {
		_, disposition, err := mime.ParseMediaType(header.Get("Content-Disposition"))
		if err != nil && header.Get("Content-Disposition") != "" {
			t.Error(err)
		}
		if strings.EqualFold(header.Get("Content-Transfer-Encoding"), "quoted-printable") {
			r = quotedprintable.NewReader(r)
		}
		b, err := io.ReadAll(r)
		if err != nil {
			t.Error(err)
		}
		return []part{{path, kind, disposition["filename"], header.Get("Content-Id"), string(b)}}
	}
	var all []part
	for mr := multipart.NewReader(r, params["boundary"]); ; {
		p, err := mr.NextRawPart()
		if err == io.EOF {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, parts(t, path+strings.TrimPrefix(kind, "multipart/")+"/", mail.Header(p.Header), p)...)
	}
}

func TestALetterIsAsOthersReadIt(t *testing.T) {
	t.Parallel()
	l := letter()
	picture := file("logo.png", "image/png", "png")
	picture.Inline = "logo@desk.test"
	l.Attachments = []transport.Attachment{file("Relazione è finale.pdf", "application/pdf", "pdf"), picture, file("posta.eml", "message/rfc822", "Subject: a\r\n\r\nb")}
	m, _ := read(t, l)
	for name, want := range map[string]string{
		"Message-Id": "<m1.t12@desk.test>", "In-Reply-To": "<orig@uni.test>", "References": "<orig@uni.test>",
		"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All", "X-Sportello-Desk": "desk-1", "X-Sportello-Ticket": "12",
		"Content-Language": "it", "Mime-Version": "1.0", "Reply-To": "<desk+abc@desk.test>", "To": `"Anna Rossi" <anna@uni.test>`,
		"Precedence": "", "User-Agent": "", "X-Mailer": "",
	} {
		if got := m.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if s := decoded(t, m.Header.Get("Subject")); s != l.Subject {
		t.Errorf("subject %q", s)
	}
	if a, err := mail.ParseAddress(m.Header.Get("From")); err != nil || *a != l.From {
		t.Errorf("from %v, %v", a, err)
	}
	if d, err := m.Header.Date(); err != nil || !d.Equal(l.Date) {
		t.Errorf("date %v, %v", d, err)
	}
	got := parts(t, "", m.Header, m.Body)
	var shape []string
	for _, p := range got {
		shape = append(shape, p.path+p.kind+" "+p.name+p.id)
	}
	want := []string{
		"mixed/related/alternative/text/plain ", "mixed/related/alternative/text/html ", "mixed/related/image/png logo.png<logo@desk.test>",
		"mixed/application/pdf Relazione è finale.pdf", "mixed/application/octet-stream posta.eml",
	}
	if !slices.Equal(shape, want) {
		t.Errorf("parts %q, want %q", shape, want)
	}
	if text := strings.ReplaceAll(got[0].body, "\r\n", "\n"); text != l.Text {
		t.Errorf("text %q", text)
	}
}

func TestNothingInAFieldAddsAHeaderOrAPart(t *testing.T) {
	t.Parallel()
	evil := "uno\r\nBcc: tutti@uni.test\r\n\r\nX\u2028Y\x00\x7f\u0085Z \u202e=?utf-8?q?=0d=0aBcc:_x?="
	l := letter()
	l.Subject, l.From.Name, l.To.Name, l.Desk, l.Ticket, l.Language = evil, evil, evil, evil, evil, evil
	l.References = []string{evil, "good@uni.test", "a b@c", "<a@b>", "no-at", "è@uni.test", "x@y\r\nBcc: z"}
	l.InReplyTo = evil
	l.HTML = ""
	bad := file("../../"+evil+".pdf\"; x=y", "text/html; charset=\"a\r\nBcc: b\"", "x")
	l.Attachments = []transport.Attachment{bad, file("", "", "x"), file(strings.Repeat("è", 300)+".pdf", "application/pdf\r\nX: y", "x")}
	m, b := read(t, l)
	if m.Header.Get("Bcc") != "" || bytes.Contains(b, []byte("\nBcc")) || bytes.Contains(b, []byte("\nX: ")) {
		t.Errorf("injected:\n%s", b)
	}
	if got := m.Header.Get("References"); got != "<good@uni.test>" {
		t.Errorf("references %q", got)
	}
	if m.Header.Get("In-Reply-To") != "" || m.Header.Get("Content-Language") != "" {
		t.Errorf("%q", m.Header)
	}
	if s := decoded(t, m.Header.Get("Subject")); s != "uno Bcc: tutti@uni.test X Y Z =?utf-8?q?=0d=0aBcc:_x?=" {
		t.Errorf("subject %q", s)
	}
	got := parts(t, "", m.Header, m.Body)
	if len(got) != 4 || strings.ContainsAny(got[1].name, "/\r\n") || got[2].name != "file" || !strings.HasSuffix(got[3].name, "èè.pdf") {
		for _, p := range got {
			t.Errorf("%s %s %q", p.path, p.kind, p.name)
		}
	}
}

func TestLongFieldsFitTheirLines(t *testing.T) {
	t.Parallel()
	l := letter()
	for i := range 100 {
		l.References = append(l.References, fmt.Sprintf("%d.%s@uni.test", i, strings.Repeat("x", 100)))
	}
	for _, s := range []string{strings.Repeat("x", 3000), strings.Repeat("parola ", 300), strings.Repeat("è", 3000), strings.Repeat("漢字", 500), ""} {
		l.Subject, l.From.Name = s, s
		m, _ := read(t, l)
		if got := decoded(t, m.Header.Get("Subject")); !strings.HasPrefix(strings.TrimSpace(s), strings.TrimSpace(got)) || len(s) > 0 && len(got) < 400 {
			t.Errorf("subject %q", got)
		}
		refs := strings.Fields(m.Header.Get("References"))
		if len(refs) != 21 || refs[0] != "<orig@uni.test>" || !strings.HasPrefix(refs[1], "<80.") || !strings.HasPrefix(refs[20], "<99.") {
			t.Errorf("%d references: %q", len(refs), refs)
		}
	}
}

func TestALetterThatCannotBeWrittenSaysSo(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*transport.Letter){
		"no sender":        func(l *transport.Letter) { l.From.Address = "" },
		"no recipient":     func(l *transport.Letter) { l.To.Address = "anna" },
		"two recipients":   func(l *transport.Letter) { l.To.Address = "a@uni.test, b@uni.test" },
		"no Message-ID":    func(l *transport.Letter) { l.MessageID = "" },
		"a bad Message-ID": func(l *transport.Letter) { l.MessageID = "a@b>\r\nBcc: x" },
		"no date":          func(l *transport.Letter) { l.Date = time.Time{} },
		"a file is missing": func(l *transport.Letter) {
			l.Attachments = []transport.Attachment{{Name: "a", Open: func() (io.ReadCloser, error) { return nil, errors.New("lost") }}}
		},
	} {
		l := letter()
		change(l)
		if _, err := l.Bytes(); err == nil {
			t.Errorf("%s: written", name)
		}
	}
}

// signing returns a signer with a new key, and a function that verifies a message against the published record.
func signing(t *testing.T, kind string) (*transport.Signer, func([]byte) error) {
	t.Helper()
	var key any
	var err error
	if kind == "rsa" {
		key, err = rsa.GenerateKey(rand.Reader, 2048)
	} else {
		_, key, err = ed25519.GenerateKey(rand.Reader)
	}
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	s, err := transport.NewSigner("desk.test", "s1", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	if err != nil {
		t.Fatal(err)
	}
	return s, func(b []byte) error {
		found, err := dkim.VerifyWithOptions(bytes.NewReader(b), &dkim.VerifyOptions{LookupTXT: func(name string) ([]string, error) {
			at, text := s.Record()
			if name != at {
				return nil, fmt.Errorf("no record %s", name)
			}
			return []string{text}, nil
		}})
		if err != nil {
			return err
		}
		if len(found) != 1 || found[0].Domain != "desk.test" {
			return fmt.Errorf("%d signatures", len(found))
		}
		return found[0].Err
	}
}

func TestASignatureHoldsUntilSomebodyChangesTheLetter(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"rsa", "ed25519"} {
		t.Run(kind, func(t *testing.T) {
			s, verify := signing(t, kind)
			l := letter()
			b, err := l.Bytes()
			if err != nil {
				t.Fatal(err)
			}
			b, err = s.Sign(b)
			if err != nil {
				t.Fatal(err)
			}
			if err := verify(b); err != nil {
				t.Fatal(err)
			}
			for _, change := range [][2]string{{"\r\nTo: ", "\r\nTo: x"}, {"\r\nDate: ", "\r\nDate: Sun, "}, {"auto-generated", "no"}, {"Buongiorno", "Buonasera"}, {"<orig@uni.test>", "<other@uni.test>"}, {"Subject: ", "Subject: altro\r\nSubject: "}, {"From: ", "From: <x@y.test>\r\nFrom: "}, {"Date: ", "Content-Type: text/html\r\nDate: "}} {
				changed := bytes.Replace(b, []byte(change[0]), []byte(change[1]), 1)
				if bytes.Equal(changed, b) || verify(changed) == nil {
					t.Errorf("%q for %q goes unseen", change[1], change[0])
				}
			}
		})
	}
	for name, key := range map[string]string{"no PEM": "x", "no key": "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"} {
		if _, err := transport.NewSigner("desk.test", "s1", []byte(key)); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}
