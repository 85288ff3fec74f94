package listen

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// Certificate is a pair of PEM files, read again when one of them changes. A pair that cannot be read leaves the one
// before in use: whoever renews writes two files, and between them they do not fit.
type Certificate struct {
	cert, key string
	log       *slog.Logger

	mu      sync.Mutex
	Looked  time.Time
	stamp   string
	current *tls.Certificate
}

// certLook is how often the files are looked at, at most.
const certLook = 5 * time.Second

// OpenCertificate reads a pair of PEM files, and again whenever one of them changes.
func OpenCertificate(cert, key string, log *slog.Logger) (*Certificate, error) {
	c := &Certificate{cert: cert, key: key, log: log}
	if err := c.read(); err != nil {
		return nil, err
	}
	return c, nil
}

func (c *Certificate) read() error {
	stamp := fileStamp(c.cert) + fileStamp(c.key)
	pair, err := tls.LoadX509KeyPair(c.cert, c.key)
	if err != nil {
		return fmt.Errorf("tls_cert: %w", err)
	}
	c.current, c.stamp = &pair, stamp
	return nil
}

// Get returns the pair as it is now, for tls.Config.GetCertificate.
func (c *Certificate) Get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := time.Now(); now.Sub(c.Looked) >= certLook {
		c.Looked = now
		if fileStamp(c.cert)+fileStamp(c.key) != c.stamp {
			if err := c.read(); err != nil {
				c.log.Error("certificate not renewed", "err", err)
			} else {
				c.log.Info("certificate renewed", "file", c.cert)
			}
		}
	}
	return c.current, nil
}

func fileStamp(name string) string {
	info, err := os.Stat(name)
	if err != nil {
		return "gone;"
	}
	return fmt.Sprintf("%d %d;", info.Size(), info.ModTime().UnixNano())
}
