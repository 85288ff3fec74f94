package transport

// Signer signs letters with DKIM (RFC 6376, RFC 8463), relaxed/relaxed. Safe for concurrent use.
type Signer struct{}

// NewSigner returns a Signer for a domain and selector with a PEM private key: RSA of at least 1024 bits (PKCS#1 or
// PKCS#8) or Ed25519 (PKCS#8).
func NewSigner(domain, selector string, key []byte) (*Signer, error) { return nil, errNotYet }

// Sign returns the message with a DKIM-Signature before it.
func (s *Signer) Sign(message []byte) ([]byte, error) { return nil, errNotYet }

// Record returns the name and text of the DNS TXT record that publishes the key.
func (s *Signer) Record() (name, text string) { return "", "" }
