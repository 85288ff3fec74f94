package listen

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// Certificate is a pair of PEM files that is read again when one of them changes. While a new pair cannot be read, the
// old one stays in use: a renewal writes two files, and between the two writes they do not match.
type Certificate struct {
	cert, key string
	log       *slog.Logger

	mu      sync.Mutex
	Looked  time.Time
	stamp   string
	current *tls.Certificate
}

// certLook is the shortest interval at which the files are checked.
const certLook = 5 * time.Second

// OpenCertificate reads a pair of PEM files. It returns an error when they cannot be read or do not match.
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

// Get returns the current pair, for tls.Config.GetCertificate.
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
