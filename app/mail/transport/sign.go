package transport

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"

	"github.com/emersion/go-msgauth/dkim"
)

// Signer signs letters with DKIM (RFC 6376, RFC 8463), relaxed/relaxed. It is safe for concurrent use.
type Signer struct {
	domain, selector string
	key              crypto.Signer
}

// signed are the signed header fields. Fields of which some reader would show a second one are listed twice, so that
// the signature also covers their absence: nobody can add one (RFC 6376 section 8.15).
var signed = []string{
	"From", "To", "Subject", "Date", "Message-ID", "In-Reply-To", "References", "Reply-To", "MIME-Version",
	"Content-Type", "Content-Transfer-Encoding", "Auto-Submitted",
	"From", "To", "Subject", "Date", "Message-ID", "Reply-To", "Content-Type",
}

// NewSigner returns a Signer for a domain and selector with a PEM private key: RSA of at least 1024 bits (PKCS#1 or
// PKCS#8) or Ed25519 (PKCS#8).
func NewSigner(domain, selector string, key []byte) (*Signer, error) {
	if domain == "" || selector == "" {
		return nil, errors.New("transport: DKIM needs a domain and a selector")
	}
	block, _ := pem.Decode(key)
	if block == nil {
		return nil, errors.New("transport: DKIM key is not PEM")
	}
	s := &Signer{domain: domain, selector: selector}
	if k, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		s.key = k
	} else if k, err := x509.ParsePKCS8PrivateKey(block.Bytes); err == nil {
		switch k := k.(type) {
		case *rsa.PrivateKey:
			s.key = k
		case ed25519.PrivateKey:
			s.key = k
		default:
			return nil, fmt.Errorf("transport: DKIM knows no keys of type %T", k)
		}
	} else {
		return nil, fmt.Errorf("transport: read DKIM key: %w", err)
	}
	if k, ok := s.key.(*rsa.PrivateKey); ok && k.N.BitLen() < 1024 {
		return nil, fmt.Errorf("transport: DKIM key of %d bits is too short", k.N.BitLen())
	}
	return s, nil
}

// Sign returns the message with a DKIM-Signature before it. Line ends become CRLF.
func (s *Signer) Sign(message []byte) ([]byte, error) {
	message = crlf(message)
	d, err := dkim.NewSigner(&dkim.SignOptions{
		Domain: s.domain, Selector: s.selector, Signer: s.key, Hash: crypto.SHA256, HeaderKeys: signed,
		HeaderCanonicalization: dkim.CanonicalizationRelaxed, BodyCanonicalization: dkim.CanonicalizationRelaxed,
	})
	if err != nil {
		return nil, fmt.Errorf("transport: sign letter: %w", err)
	}
	_, err = d.Write(message)
	if err := errors.Join(err, d.Close()); err != nil {
		return nil, fmt.Errorf("transport: sign letter: %w", err)
	}
	return bytes.Join([][]byte{[]byte(d.Signature()), message}, nil), nil
}

// Record returns the name and text of the DNS TXT record that publishes the key.
func (s *Signer) Record() (name, text string) {
	kind, public := "rsa", []byte(nil)
	switch k := s.key.Public().(type) {
	case ed25519.PublicKey:
		kind, public = "ed25519", k
	case *rsa.PublicKey:
		// RFC 6376 requires SubjectPublicKeyInfo, which every RSA key has.
		public, _ = x509.MarshalPKIXPublicKey(k)
	}
	return s.selector + "._domainkey." + strings.TrimSuffix(s.domain, "."), "v=DKIM1; k=" + kind + "; p=" + base64.StdEncoding.EncodeToString(public)
}
