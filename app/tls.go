package app

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// certificate is a pair of PEM files, read again when one of them changes. A pair that cannot be read leaves the one
// before in use: whoever renews writes two files, and between them they do not fit.
type certificate struct {
	cert, key string
	log       *slog.Logger

	mu      sync.Mutex
	looked  time.Time
	stamp   string
	current *tls.Certificate
}

// certLook is how often the files are looked at, at most.
const certLook = 5 * time.Second

func openCertificate(cert, key string, log *slog.Logger) (*certificate, error) {
	c := &certificate{cert: cert, key: key, log: log}
	if err := c.read(); err != nil {
		return nil, err
	}
	return c, nil
}

func (c *certificate) read() error {
	stamp := fileStamp(c.cert) + fileStamp(c.key)
	pair, err := tls.LoadX509KeyPair(c.cert, c.key)
	if err != nil {
		return fmt.Errorf("tls_cert: %w", err)
	}
	c.current, c.stamp = &pair, stamp
	return nil
}

func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := time.Now(); now.Sub(c.looked) >= certLook {
		c.looked = now
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
