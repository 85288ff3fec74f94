package app_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sportello/app/config"
	"sportello/app/listen"
)

// makeCertificate writes a self-signed pair for this machine with the serial number.
func makeCertificate(t *testing.T, dir string, serial int64) (cert, key string) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "desk"}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &k.PublicKey, k)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalECPrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for name, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "EC PRIVATE KEY", Bytes: raw}} {
		if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key
}

func serialOf(t *testing.T, c *listen.Certificate) int64 {
	t.Helper()
	pair, err := c.Get(nil)
	if err != nil {
		t.Fatal(err)
	}
	x, err := x509.ParseCertificate(pair.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	return x.SerialNumber.Int64()
}

func TestARenewedCertificateIsTakenAndABrokenOneIsNot(t *testing.T) {
	dir := t.TempDir()
	cert, key := makeCertificate(t, dir, 1)
	c, err := listen.OpenCertificate(cert, key, discard())
	if err != nil {
		t.Fatal(err)
	}
	if n := serialOf(t, c); n != 1 {
		t.Errorf("serial %d", n)
	}
	makeCertificate(t, dir, 22) // another length, whatever the clock of the file system
	c.Looked = time.Time{}
	if n := serialOf(t, c); n != 22 {
		t.Errorf("after the renewal: serial %d", n)
	}
	if err := os.WriteFile(cert, []byte("half a file"), 0o600); err != nil {
		t.Fatal(err)
	}
	c.Looked = time.Time{}
	if n := serialOf(t, c); n != 22 {
		t.Errorf("after a broken renewal: serial %d", n)
	}
	if _, err := listen.OpenCertificate(cert, key, discard()); err == nil {
		t.Error("a broken certificate does not stop the start")
	}
}

func TestHTTPSIsServedDirectlyAndPlainHTTPLeadsToIt(t *testing.T) {
	cert, key := makeCertificate(t, t.TempDir(), 1)
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	plain := free.Addr().String()
	free.Close()
	d := newTestDesk(t, func(c *config.Config) { c.TLSCert, c.TLSKey, c.HTTPRedirect = cert, key, plain })
	if !strings.HasPrefix(d.url, "https://") || !d.app.Site.Secure {
		t.Fatalf("serves at %s", d.url)
	}
	b := d.browser()
	b.client.Transport = &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	if a := b.get("/sign-in"); a.status != 200 || a.header.Get("Strict-Transport-Security") == "" {
		t.Errorf("%d %v", a.status, a.header)
	}
	resp, err := b.client.Get("http://" + plain + "/tickets/7?x=1")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if to := resp.Header.Get("Location"); resp.StatusCode != 301 || to != d.url+"/tickets/7?x=1" {
		t.Errorf("%d %s", resp.StatusCode, to)
	}
}
