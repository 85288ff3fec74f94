package mail

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"math/big"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/smallstep/pkcs7"
)

const provider = "posta-certificata@pec.provider.it"

// authority issues the certificates for the tests.
type authority struct {
	cert *x509.Certificate
	key  *rsa.PrivateKey
}

// signer is a provider with its certificate.
type signer struct {
	cert *x509.Certificate
	key  crypto.PrivateKey
}

var (
	pecNow   = time.Date(2025, 3, 3, 12, 0, 0, 0, time.UTC)
	keyOnce  sync.Once
	keysPool []*rsa.PrivateKey
)

// rsaKey returns one of three keys; making keys is slow.
func rsaKey(t testing.TB, i int) *rsa.PrivateKey {
	keyOnce.Do(func() {
		for range 3 {
			k, err := rsa.GenerateKey(rand.Reader, 2048)
			if err != nil {
				t.Fatal(err)
			}
			keysPool = append(keysPool, k)
		}
	})
	return keysPool[i]
}

func newAuthority(t testing.TB, key int) authority {
	k := rsaKey(t, key)
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(int64(key) + 1), Subject: pkix.Name{CommonName: "CA", Organization: []string{string(rune('A' + key))}},
		NotBefore: pecNow.AddDate(-10, 0, 0), NotAfter: pecNow.AddDate(100, 0, 0), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, k.Public(), k)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return authority{c, k}
}

func (a authority) pool() *x509.CertPool {
	p := x509.NewCertPool()
	p.AddCert(a.cert)
	return p
}

func (a authority) issue(t testing.TB, change func(*x509.Certificate)) signer {
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(99), Subject: pkix.Name{CommonName: "Provider S.p.A."}, EmailAddresses: []string{provider},
		NotBefore: pecNow.AddDate(-1, 0, 0), NotAfter: pecNow.AddDate(1, 0, 0), KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection},
	}
	if change != nil {
		change(tmpl)
	}
	var key crypto.Signer = rsaKey(t, 2)
	if tmpl.Subject.SerialNumber == "ecdsa" {
		k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		key = k
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, a.cert, key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return signer{c, key}
}

// signature signs content as mail programs do, at the given time.
func (s signer) signature(t testing.TB, content []byte, digest asn1.ObjectIdentifier, at time.Time, detached bool) []byte {
	sd, err := pkcs7.NewSignedData(content)
	if err != nil {
		t.Fatal(err)
	}
	sd.SetDigestAlgorithm(digest)
	conf := pkcs7.SignerInfoConfig{}
	if !at.IsZero() {
		// The library puts the current time first and reads the first time it finds, so signAt writes its own
		// attributes.
		return s.signAt(t, content, digest, at)
	}
	if err := sd.AddSigner(s.cert, s.key, conf); err != nil {
		t.Fatal(err)
	}
	if detached {
		sd.Detach()
	}
	out, err := sd.Finish()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

type attr struct {
	Type  asn1.ObjectIdentifier
	Value asn1.RawValue `asn1:"set"`
}

type issuerSerial struct {
	Issuer asn1.RawValue
	Serial *big.Int
}

// signAt makes a detached signature with the given signing time.
func (s signer) signAt(t testing.TB, content []byte, digest asn1.ObjectIdentifier, at time.Time) []byte {
	t.Helper()
	must := func(b []byte, err error) []byte {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	h := crypto.SHA256
	if digest.Equal(pkcs7.OIDDigestAlgorithmSHA1) {
		h = crypto.SHA1
	}
	sum := func(b []byte) []byte { w := h.New(); w.Write(b); return w.Sum(nil) }
	set := func(v any) asn1.RawValue {
		return asn1.RawValue{Class: 0, Tag: asn1.TagSet, IsCompound: true, Bytes: must(asn1.Marshal(v))}
	}
	attrs := []attr{
		{pkcs7.OIDAttributeContentType, set(pkcs7.OIDData)},
		{pkcs7.OIDAttributeSigningTime, set(at.UTC())},
		{pkcs7.OIDAttributeMessageDigest, set(sum(content))},
	}
	var body []byte
	for _, a := range attrs {
		body = append(body, must(asn1.Marshal(struct {
			Type  asn1.ObjectIdentifier
			Value asn1.RawValue
		}{a.Type, a.Value}))...)
	}
	asSet := must(asn1.Marshal(asn1.RawValue{Tag: asn1.TagSet, IsCompound: true, Bytes: body}))
	sig := must(s.key.(crypto.Signer).Sign(rand.Reader, sum(asSet), h))
	alg := func(oid asn1.ObjectIdentifier) pkix.AlgorithmIdentifier {
		return pkix.AlgorithmIdentifier{Algorithm: oid, Parameters: asn1.NullRawValue}
	}
	sigAlg := alg(pkcs7.OIDEncryptionAlgorithmRSA)
	if _, ok := s.key.(*ecdsa.PrivateKey); ok {
		sigAlg = pkix.AlgorithmIdentifier{Algorithm: pkcs7.OIDDigestAlgorithmECDSASHA256}
	}
	type signerInfo struct {
		Version int
		ID      issuerSerial
		Digest  pkix.AlgorithmIdentifier
		Attrs   asn1.RawValue
		SigAlg  pkix.AlgorithmIdentifier
		Sig     []byte
	}
	type data struct {
		Version int
		Digests []pkix.AlgorithmIdentifier `asn1:"set"`
		Content struct{ Type asn1.ObjectIdentifier }
		Certs   asn1.RawValue
		Signers []signerInfo `asn1:"set"`
	}
	d := data{Version: 1, Digests: []pkix.AlgorithmIdentifier{alg(digest)}}
	d.Content.Type = pkcs7.OIDData
	d.Certs = asn1.RawValue{Class: 2, Tag: 0, IsCompound: true, Bytes: s.cert.Raw}
	d.Signers = []signerInfo{{
		Version: 1, ID: issuerSerial{asn1.RawValue{FullBytes: s.cert.RawIssuer}, s.cert.SerialNumber}, Digest: alg(digest),
		Attrs: asn1.RawValue{Class: 2, Tag: 0, IsCompound: true, Bytes: body}, SigAlg: sigAlg, Sig: sig,
	}}
	return must(asn1.Marshal(struct {
		Type    asn1.ObjectIdentifier
		Content asn1.RawValue
	}{pkcs7.OIDSignedData, asn1.RawValue{Class: 2, Tag: 0, IsCompound: true, Bytes: must(asn1.Marshal(d))}}))
}

func certXML(kind, sender, about, more string) string {
	return `<?xml version="1.0" encoding="UTF-8"?>
<postacert tipo="` + kind + `" errore="nessuno"><intestazione><mittente>` + sender + `</mittente><destinatari tipo="certificato">aiuto@pec.example.it</destinatari><risposte>` + sender + `</risposte><oggetto>Stampa</oggetto></intestazione>` +
		`<dati><gestore-emittente>PROVIDER S.p.A.</gestore-emittente><data zona="+0100"><giorno>03/03/2025</giorno><ora>10:12:13</ora></data><identificativo>opec1@pec.provider.it</identificativo><msgid>&lt;` + about + `&gt;</msgid>` + more + `</dati></postacert>`
}

const innerMail = "From: Anna Bianchi <anna@pec.ateneo.it>\r\nTo: aiuto@pec.example.it\r\nSubject: Stampa\r\nMessage-ID: <inner@pec.ateneo.it>\r\nContent-Type: multipart/mixed; boundary=in\r\n\r\n--in\r\n\r\nNon va.\r\n--in\r\nContent-Type: application/pdf; name=a.pdf\r\n\r\nabc\r\n--in--\r\n"

// signedPart returns the signed part of an envelope.
func signedPart(parts ...string) string {
	out := "Content-Type: multipart/mixed; boundary=\"mix\"\r\n\r\n--mix\r\nContent-Type: text/plain\r\n\r\nMessaggio di posta certificata\r\n"
	for _, p := range parts {
		out += "--mix\r\n" + p + "\r\n"
	}
	return out + "--mix--\r\n"
}

func mailPart(raw string) string {
	return "Content-Type: message/rfc822; name=postacert.eml\r\nContent-Disposition: attachment; filename=postacert.eml\r\n\r\n" + raw
}

func dataPart(raw string) string {
	return "Content-Type: application/xml; name=daticert.xml\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.StdEncoding.EncodeToString([]byte(raw))
}

// envelope returns a message with a signed part and its signature.
func envelope(head, signed string, signature []byte) string {
	return "Return-Path: <" + provider + ">\r\nDelivered-To: aiuto@pec.example.it\r\n" + head +
		"Subject: POSTA CERTIFICATA: Stampa\r\nMessage-ID: <opec1@pec.provider.it>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/signed; protocol=\"application/x-pkcs7-signature\"; micalg=sha-256; boundary=\"sig\"\r\n\r\n" +
		"--sig\r\n" + signed + "\r\n--sig\r\nContent-Type: application/x-pkcs7-signature; name=smime.p7s\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.StdEncoding.EncodeToString(signature) + "\r\n--sig--\r\n"
}

const transportHead = "X-Trasporto: posta-certificata\r\nFrom: \"Per conto di: anna@pec.ateneo.it\" <" + provider + ">\r\nReply-To: anna@pec.ateneo.it\r\n"

func TestPECTransport(t *testing.T) {
	ca, other := newAuthority(t, 0), newAuthority(t, 1)
	good := ca.issue(t, nil)
	plain := signedPart(mailPart(innerMail), dataPart(certXML("posta-certificata", "anna@pec.ateneo.it", "inner@pec.ateneo.it", "")))
	make := func(s signer, at time.Time) string {
		return envelope(transportHead, plain, s.signAt(t, []byte(plain), pkcs7.OIDDigestAlgorithmSHA256, at))
	}
	signed := make(good, pecNow)
	for name, c := range map[string]struct {
		raw  string
		is   bool
		opts func(*Options)
	}{
		"an envelope":                           {raw: signed, is: true},
		"with the line ends of a mailbox file":  {raw: strings.ReplaceAll(signed, "\r\n", "\n"), is: true},
		"signed with SHA-1":                     {raw: envelope(transportHead, plain, good.signAt(t, []byte(plain), pkcs7.OIDDigestAlgorithmSHA1, pecNow)), is: true},
		"signed with ECDSA":                     {raw: make(ca.issue(t, func(c *x509.Certificate) { c.Subject.SerialNumber = "ecdsa" }), pecNow), is: true},
		"from the library, signed now":          {raw: envelope(transportHead, plain, ca.issue(t, func(c *x509.Certificate) { c.NotAfter = pecNow.AddDate(90, 0, 0) }).signature(t, []byte(plain), pkcs7.OIDDigestAlgorithmSHA256, time.Time{}, true)), is: true, opts: func(o *Options) { o.Now = time.Now().Add(time.Minute) }},
		"in an archive, the certificate is old": {raw: signed, is: true, opts: func(o *Options) { o.Now = pecNow.AddDate(30, 0, 0) }},
		"the address is in the subject": {raw: make(ca.issue(t, func(c *x509.Certificate) {
			c.EmailAddresses = nil
			c.Subject.ExtraNames = []pkix.AttributeTypeAndValue{{Type: oidEmail, Value: provider}}
		}), pecNow), is: true},
		"the certificate itself is installed": {raw: signed, is: true, opts: func(o *Options) {
			o.PECRoots = x509.NewCertPool()
			o.PECRoots.AddCert(good.cert)
		}},
		"no certificates are installed":      {raw: signed, opts: func(o *Options) { o.PECRoots = nil }},
		"others are installed":               {raw: signed, opts: func(o *Options) { o.PECRoots = other.pool() }},
		"another authority":                  {raw: make(other.issue(t, nil), pecNow)},
		"the content was changed":            {raw: strings.Replace(signed, "Non va.", "Non vA.", 1)},
		"the header of the part was changed": {raw: strings.Replace(signed, "Messaggio di posta", "Messaggio della posta", 1)},
		"a part was added":                   {raw: strings.Replace(signed, "--sig\r\nContent-Type: application/x-pkcs7", "--sig\r\n\r\nx\r\n--sig\r\nContent-Type: application/x-pkcs7", 1)},
		"From is not the signer's":           {raw: strings.Replace(signed, "<"+provider+">\r\nReply", "<anna@pec.ateneo.it>\r\nReply", 1)},
		"From names two":                     {raw: strings.Replace(signed, "<"+provider+">\r\nReply", "<"+provider+">, x@y.it\r\nReply", 1)},
		"there are two From":                 {raw: strings.Replace(signed, "Reply-To", "From: <x@y.it>\r\nReply-To", 1)},
		"the certificate was of another":     {raw: make(ca.issue(t, func(c *x509.Certificate) { c.EmailAddresses = []string{"posta@altro.it"} }), pecNow)},
		"it had expired when it signed":      {raw: make(good, pecNow.AddDate(2, 0, 0)), opts: func(o *Options) { o.Now = pecNow.AddDate(3, 0, 0) }},
		"it was not yet valid":               {raw: make(good, pecNow.AddDate(-2, 0, 0))},
		"it is signed in the future":         {raw: make(good, pecNow.AddDate(0, 6, 0))},
		"the certificate is for servers":     {raw: make(ca.issue(t, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} }), pecNow)},
		"nobody says it is PEC":              {raw: strings.Replace(signed, "X-Trasporto", "X-Altro", 1)},
		"the signature is missing":           {raw: envelope(transportHead, plain, nil)},
		"the signature is noise":             {raw: envelope(transportHead, plain, bytes.Repeat([]byte{0x30, 0x80}, 50_000))},
		"it is inside another signed part":   {raw: envelope(transportHead, signed, good.signAt(t, []byte("x"), pkcs7.OIDDigestAlgorithmSHA256, pecNow))},
		"the inner sender is not certified": func() struct {
			raw  string
			is   bool
			opts func(*Options)
		} {
			p := signedPart(mailPart(strings.Replace(innerMail, "anna@pec.ateneo.it>\r\nTo", "rettore@ateneo.it>\r\nTo", 1)), dataPart(certXML("posta-certificata", "anna@pec.ateneo.it", "i@x", "")))
			return struct {
				raw  string
				is   bool
				opts func(*Options)
			}{raw: envelope(transportHead, p, good.signAt(t, []byte(p), pkcs7.OIDDigestAlgorithmSHA256, pecNow))}
		}(),
		"there are two messages": func() struct {
			raw  string
			is   bool
			opts func(*Options)
		} {
			p := signedPart(mailPart(innerMail), mailPart(innerMail), dataPart(certXML("posta-certificata", "anna@pec.ateneo.it", "i@x", "")))
			return struct {
				raw  string
				is   bool
				opts func(*Options)
			}{raw: envelope(transportHead, p, good.signAt(t, []byte(p), pkcs7.OIDDigestAlgorithmSHA256, pecNow))}
		}(),
	} {
		t.Run(name, func(t *testing.T) {
			o := Options{PECRoots: ca.pool(), Now: pecNow}
			if c.opts != nil {
				c.opts(&o)
			}
			m := read(t, []byte(c.raw), o)
			if (m.PEC != nil) != c.is {
				t.Fatalf("PEC is %+v", m.PEC)
			}
			if !c.is {
				if m.From.Email == "anna@pec.ateneo.it" && !strings.HasPrefix(name, "From is") || m.From.Email == "rettore@ateneo.it" || m.Proven || m.Envelope != nil {
					t.Errorf("the inner sender counts: %+v", m.From)
				}
				return
			}
			if m.From != (Address{"Anna Bianchi", "anna@pec.ateneo.it"}) || m.Subject != "Stampa" || m.Text != "Non va." || m.MessageID != "inner@pec.ateneo.it" {
				t.Errorf("message %+v", m)
			}
			if got := shape(m.Parts); !strings.HasPrefix(got, "file|a.pdf|application/pdf|3\npec-data|daticert.xml|application/xml|") {
				t.Errorf("parts %s", got)
			}
			p := m.PEC
			if p.Kind != PECTransport || p.Provider != "PROVIDER S.p.A." || p.ID != "opec1@pec.provider.it" || p.About != "inner@pec.ateneo.it" || !p.Date.Equal(time.Date(2025, 3, 3, 9, 12, 13, 0, time.UTC)) || len(p.Data) == 0 {
				t.Errorf("data %+v", p)
			}
			if m.Envelope == nil || m.Envelope.MessageID != "opec1@pec.provider.it" || m.Envelope.From.Email != provider || m.Envelope.Parts != nil {
				t.Errorf("envelope %+v", m.Envelope)
			}
			if !m.Proven || m.Automatic != Personal || len(m.Delivered) != 1 {
				t.Errorf("proven %v, automatic %q, delivered %v", m.Proven, m.Automatic, m.Delivered)
			}
		})
	}
}

func TestPECReceipts(t *testing.T) {
	ca := newAuthority(t, 0)
	good := ca.issue(t, nil)
	for name, c := range map[string]struct {
		header, kind, more string
		want               Report
		errors             string
	}{
		"accepted":                {"accettazione", "accettazione", "", Report{Original: "a@desk", Recipients: []ReportLine{{Address: "aiuto@pec.example.it", Action: "relayed", Status: "2.0.0"}}}, ""},
		"delivered":               {"avvenuta-consegna", "avvenuta-consegna", "<consegna>luca@pec.it</consegna>", Report{Original: "a@desk", Recipients: []ReportLine{{Address: "luca@pec.it", Action: "delivered", Status: "2.0.0"}}}, ""},
		"not delivered":           {"errore-consegna", "errore-consegna", "<consegna>luca@pec.it</consegna><errore-esteso>5.1.1 - casella inesistente</errore-esteso>", Report{Original: "a@desk", Recipients: []ReportLine{{"luca@pec.it", "failed", "5.1.1", "5.1.1 - casella inesistente"}}, Hard: true}, "5.1.1 - casella inesistente"},
		"a full mailbox":          {"errore-consegna", "errore-consegna", "<consegna>luca@pec.it</consegna><errore-esteso>5.2.2 piena</errore-esteso>", Report{Original: "a@desk", Recipients: []ReportLine{{"luca@pec.it", "failed", "5.2.2", "5.2.2 piena"}}}, "5.2.2 piena"},
		"late":                    {"preavviso-errore-consegna", "preavviso-errore-consegna", "<consegna>luca@pec.it</consegna>", Report{Original: "a@desk", Recipients: []ReportLine{{Address: "luca@pec.it", Action: "delayed", Status: "4.0.0"}}}, ""},
		"a virus":                 {"rilevazione-virus", "rilevazione-virus", "<consegna>luca@pec.it</consegna>", Report{Original: "a@desk", Recipients: []ReportLine{{Address: "luca@pec.it", Action: "failed", Status: "5.7.0"}}}, ""},
		"what is signed decides":  {"avvenuta-consegna", "accettazione", "", Report{Original: "a@desk", Recipients: []ReportLine{{Address: "aiuto@pec.example.it", Action: "relayed", Status: "2.0.0"}}}, ""},
		"the header may not lead": {"accettazione\r\nX-Riferimento-Message-ID: <altro@desk>", "accettazione", "", Report{Original: "a@desk", Recipients: []ReportLine{{Address: "aiuto@pec.example.it", Action: "relayed", Status: "2.0.0"}}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			plain := signedPart(dataPart(certXML(c.kind, "desk@pec.example.it", "a@desk", c.more)))
			head := "X-Ricevuta: " + c.header + "\r\nFrom: " + provider + "\r\n"
			raw := envelope(head, plain, good.signAt(t, []byte(plain), pkcs7.OIDDigestAlgorithmSHA256, pecNow))
			m := read(t, []byte(raw), Options{PECRoots: ca.pool(), Now: pecNow})
			if m.PEC == nil || m.PEC.Kind != c.kind || m.PEC.About != "a@desk" || m.PEC.Errors != c.errors {
				t.Fatalf("PEC %+v", m.PEC)
			}
			if m.Automatic != Receipt || m.Report == nil || m.Report.Original != c.want.Original || m.Report.Hard != c.want.Hard || len(m.Report.Recipients) != 1 || m.Report.Recipients[0] != c.want.Recipients[0] {
				t.Errorf("%q report %+v", m.Automatic, m.Report)
			}
			if m.From.Email != provider || m.Text == "" || !strings.Contains(shape(m.Parts), "pec-data|daticert.xml") {
				t.Errorf("%+v", m)
			}
			// A modified copy reports nothing and still gets no answer.
			m = read(t, []byte(strings.Replace(raw, "Messaggio di", "Messaggio  di", 1)), Options{PECRoots: ca.pool(), Now: pecNow})
			if m.PEC != nil || m.Report != nil || m.Automatic != Receipt {
				t.Errorf("changed: PEC %+v, report %+v, %q", m.PEC, m.Report, m.Automatic)
			}
		})
	}
	plain := signedPart(mailPart(innerMail))
	raw := envelope("X-Trasporto: errore\r\nFrom: "+provider+"\r\n", plain, good.signAt(t, []byte(plain), pkcs7.OIDDigestAlgorithmSHA256, pecNow))
	m := read(t, []byte(raw), Options{PECRoots: ca.pool(), Now: pecNow})
	if m.PEC == nil || m.PEC.Kind != PECAnomaly || m.From.Email != provider || m.Proven || !strings.Contains(shape(m.Parts), "message|postacert.eml") {
		t.Errorf("an ordinary mail that was passed on: %+v, %s", m.PEC, shape(m.Parts))
	}
}

func TestOpaqueSignedMailIsOpened(t *testing.T) {
	s := newAuthority(t, 0).issue(t, nil)
	inner := "Content-Type: multipart/mixed; boundary=in\r\n\r\n--in\r\n\r\nNon va.\r\n--in\r\nContent-Type: application/pdf; name=a.pdf\r\n\r\nabc\r\n--in--\r\n"
	p7m := s.signature(t, []byte(inner), pkcs7.OIDDigestAlgorithmSHA256, time.Time{}, false)
	wrap := func(b []byte) string {
		return letter("Content-Type: application/pkcs7-mime; smime-type=signed-data; name=smime.p7m\nContent-Transfer-Encoding: base64", base64.StdEncoding.EncodeToString(b))
	}
	m := read(t, []byte(wrap(p7m)), Options{})
	if m.Text != "Non va." || m.Signed != "smime" || !strings.Contains(shape(m.Parts), "file|a.pdf|application/pdf|3") || !strings.Contains(shape(m.Parts), "signature|smime.p7m") {
		t.Errorf("%q %q %s", m.Text, m.Signed, shape(m.Parts))
	}
	// As OpenSSL streams it: indefinite lengths, content in pieces.
	m = read(t, []byte(wrap(indefinite(p7m, 0))), Options{})
	if m.Text != "Non va." {
		t.Errorf("indefinite lengths: %q", m.Text)
	}
	// Signed data nested in signed data is followed only so deep.
	b := p7m
	for range 6 {
		b = s.signature(t, []byte("Content-Type: application/pkcs7-mime; smime-type=signed-data; name=smime.p7m\r\nContent-Transfer-Encoding: base64\r\n\r\n"+base64.StdEncoding.EncodeToString(b)), pkcs7.OIDDigestAlgorithmSHA256, time.Time{}, false)
	}
	if m = read(t, []byte(wrap(b)), Options{}); len(m.Parts) != maxWrapped+1 {
		t.Errorf("%d layers were opened", len(m.Parts))
	}
}

// indefinite rewrites the outer constructed objects of DER with indefinite lengths.
func indefinite(b []byte, depth int) []byte {
	var v asn1.RawValue
	rest, err := asn1.Unmarshal(b, &v)
	if err != nil || !v.IsCompound || depth > 3 {
		return b
	}
	out := []byte{b[0], 0x80}
	for in := v.Bytes; len(in) > 0; {
		var c asn1.RawValue
		next, err := asn1.Unmarshal(in, &c)
		if err != nil {
			return b
		}
		out = append(out, indefinite(in[:len(in)-len(next)], depth+1)...)
		in = next
	}
	return append(append(out, 0, 0), rest...)
}

func TestStrangeSignaturesEnd(t *testing.T) {
	for name, b := range map[string][]byte{
		"nothing":          nil,
		"deep":             bytes.Repeat([]byte{0x30, 0x80}, 1<<20),
		"deep with ends":   bytes.Repeat([]byte{0x30, 0x80, 0, 0}, 1<<20),
		"deep, sized":      bytes.Repeat([]byte{0x30, 0x84, 0x00, 0xff, 0xff, 0xff}, 1<<18),
		"many objects":     append([]byte{0x30, 0x84, 0x00, 0x40, 0, 0}, bytes.Repeat([]byte{5, 0}, 1<<21)...),
		"a tag of nothing": {0x1f}, "long tag": bytes.Repeat([]byte{0xff}, 1000), "a length of nothing": {0x30, 0x84}, "too long": {0x30, 0x84, 0x7f, 0xff, 0xff, 0xff},
		"primitive without length": {0x04, 0x80, 1, 2, 0, 0},
	} {
		if _, err := parseCMS(b); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func FuzzCMS(f *testing.F) {
	s := newAuthority(f, 0).issue(f, nil)
	b := s.signature(f, []byte("abc"), pkcs7.OIDDigestAlgorithmSHA256, time.Time{}, false)
	f.Add(b)
	f.Add(indefinite(b, 0))
	f.Fuzz(func(t *testing.T, b []byte) {
		if p7, err := parseCMS(b); err == nil {
			p7.GetOnlySigner()
		}
		if _, err := verifyDetached(b, []byte("x"), x509.NewCertPool(), pecNow); err == nil {
			t.Error("a signature nobody trusts is verified")
		}
	})
}

// TestOpenSSLSignatures reads signatures made by OpenSSL, if it is installed.
func TestOpenSSLSignatures(t *testing.T) {
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip("openssl is not installed")
	}
	dir := t.TempDir()
	run := func(in string, args ...string) []byte {
		c := exec.Command(openssl, args...)
		c.Dir, c.Stdin = dir, strings.NewReader(in)
		out, err := c.Output()
		if err != nil {
			t.Skipf("openssl %s: %v", args[0], err)
		}
		return out
	}
	run("", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "cert.pem", "-days", "30", "-subj", "/CN=Provider/emailAddress="+provider)
	plain := signedPart(mailPart(innerMail), dataPart(certXML("posta-certificata", "anna@pec.ateneo.it", "i@x", "")))
	sig := run(plain, "cms", "-sign", "-binary", "-signer", "cert.pem", "-inkey", "key.pem", "-outform", "DER")
	roots := x509.NewCertPool()
	pem := run("", "x509", "-in", filepath.Join(dir, "cert.pem"))
	if !roots.AppendCertsFromPEM(pem) {
		t.Fatal("no certificate")
	}
	m := read(t, []byte(envelope(transportHead, plain, sig)), Options{PECRoots: roots, Now: time.Now()})
	if m.PEC == nil || m.From.Email != "anna@pec.ateneo.it" {
		t.Errorf("not opened: %+v", m.From)
	}
}
