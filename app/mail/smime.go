package mail

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/smallstep/pkcs7"
)

// opaque opens signed data that contains the message. A signed document (contratto.pdf.p7m) is a file like any other.
func (m *reading) opaque(e *entity, at place) {
	name := strings.ToLower(partName(e))
	kind := strings.ToLower(e.params["smime-type"])
	if kind == "" && strings.Count(name, ".") > 1 || at.later && name != "smime.p7m" {
		m.add(e, RoleFile, at)
		return
	}
	p7, err := parseCMS(m.content(e))
	if err != nil || len(p7.Signers) == 0 && len(p7.Content) == 0 {
		if m.msg.Encrypted == "" && (kind == "enveloped-data" || kind == "authenveloped-data" || err == nil || errors.Is(err, errNotSigned)) {
			m.msg.Encrypted = "smime"
		}
		m.add(e, RoleEncrypted, at)
		return
	}
	if m.msg.Signed == "" {
		m.msg.Signed = "smime"
	}
	m.add(e, RoleSignature, at)
	if m.wrapped >= maxWrapped {
		return
	}
	s := scanMessage(unixLines(p7.Content))
	inner := &reading{data: s.data, o: m.o, wrapped: m.wrapped + 1, msg: m.msg, kept: m.kept}
	if s.problem != "" && m.msg.Problem == "" {
		m.msg.Problem = s.problem
	}
	at.depth++
	inner.walk(s.root, at)
	m.segments, m.kept = append(m.segments, inner.segments...), inner.kept
}

var errNotSigned = errors.New("mail: not signed data")

// The limits of a CMS structure.
const (
	maxBERDepth   = 32
	maxBERObjects = 200_000
)

// parseCMS parses signed data. The library recurses as deeply as its input nests and rescans it for every object of
// indefinite length, so it gets only the output of der.
func parseCMS(b []byte) (p7 *pkcs7.PKCS7, err error) {
	b, err = der(b)
	if err != nil {
		return nil, err
	}
	if !bytes.Contains(b[:min(len(b), 64)], oidSignedData) {
		return nil, errNotSigned
	}
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("mail: read signed data: %v", r)
		}
	}()
	p7, err = pkcs7.Parse(b)
	if err != nil {
		return nil, fmt.Errorf("mail: read signed data: %w", err)
	}
	return p7, nil
}

// oidSignedData is 1.2.840.113549.1.7.2 as DER.
var oidSignedData = []byte{0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02}

// berNode is an object whose length is computed again.
type berNode struct {
	tag      []byte
	content  []byte // of a primitive
	children []*berNode
	length   int // of the content
}

// der converts BER to definite lengths. It returns an error for input that nests deeper or has more objects than any
// signature.
func der(b []byte) ([]byte, error) {
	r := berReader{b: b}
	n, _, err := r.object(0, len(b), 0)
	if err != nil {
		return nil, err
	}
	return n.write(make([]byte, 0, len(b)+64)), nil
}

type berReader struct {
	b       []byte
	objects int
}

var errBER = errors.New("mail: signed data is not BER")

func (r *berReader) object(pos, end, depth int) (*berNode, int, error) {
	r.objects++
	if depth > maxBERDepth || r.objects > maxBERObjects || pos+2 > end {
		return nil, 0, errBER
	}
	n := &berNode{}
	start, first := pos, r.b[pos]
	pos++
	if first&0x1f == 0x1f {
		for pos < end && r.b[pos]&0x80 != 0 {
			pos++
		}
		pos++
	}
	if pos >= end {
		return nil, 0, errBER
	}
	n.tag = r.b[start:pos]
	size, indefinite := int(r.b[pos]), r.b[pos] == 0x80
	pos++
	if size > 0x80 {
		count := size & 0x7f
		if count > 4 || pos+count > end {
			return nil, 0, errBER
		}
		size = 0
		for _, c := range r.b[pos : pos+count] {
			size = size<<8 | int(c)
		}
		pos += count
	}
	if indefinite {
		size = 0
	}
	if size > end-pos || indefinite && first&0x20 == 0 {
		return nil, 0, errBER
	}
	if first&0x20 == 0 {
		n.content, n.length = r.b[pos:pos+size], size
		return n, pos + size, nil
	}
	stop := pos + size
	if indefinite {
		stop = end
	}
	for pos < stop {
		if indefinite && pos+2 <= stop && r.b[pos] == 0 && r.b[pos+1] == 0 {
			return n, pos + 2, nil
		}
		child, next, err := r.object(pos, stop, depth+1)
		if err != nil {
			return nil, 0, err
		}
		n.children = append(n.children, child)
		n.length += child.size()
		pos = next
	}
	if indefinite {
		return nil, 0, errBER
	}
	return n, stop, nil
}

// size returns the encoded size of a node in bytes.
func (n *berNode) size() int { return len(n.tag) + len(berLength(n.length)) + n.length }

func berLength(n int) []byte {
	if n < 0x80 {
		return []byte{byte(n)} // #nosec G115 -- below 0x80
	}
	var b []byte
	for v := n; v > 0; v >>= 8 {
		b = append([]byte{byte(v)}, b...)
	}
	return append([]byte{0x80 | byte(len(b))}, b...) // #nosec G115 -- an int has at most 8 bytes
}

func (n *berNode) write(out []byte) []byte {
	out = append(append(out, n.tag...), berLength(n.length)...)
	if n.children == nil {
		return append(out, n.content...)
	}
	for _, c := range n.children {
		out = c.write(out)
	}
	return out
}

// maxSignature is far larger than any detached signature with its certificates, in bytes.
const maxSignature = 1 << 20

// verifyDetached checks a signature over content with CR LF line ends, made by a single signer. Its certificate must
// lead to one of the roots and have been valid at the signing time, which may not be after now. It returns the
// certificate.
func verifyDetached(signature, content []byte, roots *x509.CertPool, now time.Time) (*x509.Certificate, error) {
	if len(signature) > maxSignature {
		return nil, fmt.Errorf("mail: signature of %d bytes", len(signature))
	}
	p7, err := parseCMS(signature)
	if err != nil {
		return nil, err
	}
	cert := p7.GetOnlySigner()
	if cert == nil {
		return nil, errors.New("mail: not exactly one signer")
	}
	// Without signed attributes the signature is over the content itself,
	// and the attributes of one message could pass for the text of another.
	var digest []byte
	if err := p7.UnmarshalSignedAttribute(pkcs7.OIDAttributeMessageDigest, &digest); err != nil {
		return nil, fmt.Errorf("mail: signature without attributes: %w", err)
	}
	var contentType asn1.ObjectIdentifier
	if err := p7.UnmarshalSignedAttribute(pkcs7.OIDAttributeContentType, &contentType); err != nil || !contentType.Equal(pkcs7.OIDData) {
		return nil, errors.New("mail: the signed content is not data")
	}
	at := now
	var signed time.Time
	if err := p7.UnmarshalSignedAttribute(pkcs7.OIDAttributeSigningTime, &signed); err == nil {
		if signed.After(now.Add(24 * time.Hour)) {
			return nil, fmt.Errorf("mail: signed in the future: %s", signed.Format(time.RFC3339))
		}
		at = signed
	}
	if len(cert.ExtKeyUsage) > 0 || len(cert.UnknownExtKeyUsage) > 0 {
		mail := false
		for _, u := range cert.ExtKeyUsage {
			mail = mail || u == x509.ExtKeyUsageEmailProtection || u == x509.ExtKeyUsageAny
		}
		if !mail {
			return nil, errors.New("mail: the certificate is not for mail")
		}
	}
	p7.Content = content
	if err := p7.VerifyWithChainAtTime(roots, at); err != nil {
		return nil, fmt.Errorf("mail: verify signature: %w", err)
	}
	return cert, nil
}

// canonical returns b with CR LF at every line end, which is what gets signed (RFC 8551 3.1.1).
func canonical(b []byte) []byte {
	out := make([]byte, 0, len(b)+len(b)/32)
	for i, c := range b {
		if c == '\n' && (i == 0 || b[i-1] != '\r') {
			out = append(out, '\r')
		}
		out = append(out, c)
	}
	return out
}

// oidEmail is the attribute with the address in the subject of old certificates.
var oidEmail = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 1}

// certificateEmails returns the addresses of a certificate, normalised by cleanEmail.
func certificateEmails(c *x509.Certificate) []string {
	list := append([]string(nil), c.EmailAddresses...)
	for _, n := range c.Subject.Names {
		if s, ok := n.Value.(string); ok && n.Type.Equal(oidEmail) {
			list = append(list, s)
		}
	}
	for i := range list {
		list[i] = cleanEmail(list[i])
	}
	return list
}
