package disk

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"sync"
)

// secretMu is held while a file of a secret is read or made.
var secretMu sync.Mutex

// Secret returns the 32 secret bytes that the file holds in hexadecimal, making the file (mode 0600) when it is not there.
func Secret(path string) ([]byte, error) {
	secretMu.Lock()
	defer secretMu.Unlock()
	b, err := os.ReadFile(path) // #nosec G304 -- in the data folder
	if err == nil {
		if k, err := hex.DecodeString(strings.TrimSpace(string(b))); err == nil && len(k) == 32 {
			return k, nil
		}
		return nil, fmt.Errorf("store: %s does not hold 32 bytes in hexadecimal", path)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("store: read key: %w", err)
	}
	k := make([]byte, 32)
	rand.Read(k)
	if err := Write(path, []byte(hex.EncodeToString(k)+"\n"), 0o600); err != nil {
		return nil, fmt.Errorf("store: write key: %w", err)
	}
	return k, nil
}
